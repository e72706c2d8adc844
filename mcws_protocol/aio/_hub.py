"""Hub: what the connections of one server or client share on one loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, Protocol

from .._limits import Limits
from ._flusher import Flusher
from ._handlers import Handlers
from ._workers import Worker, Workers

BLOCKED_S: Final = 0.25
"""Seconds by which a sweep may be late before this end counts as having been blocked."""


HANDLING: Final[ContextVar[object]] = ContextVar("HANDLING", default=None)
"""The connection whose handler runs; waiting for the end of all others must not wait for it."""


class Swept(Protocol):
    """What the sweep looks at."""

    def sweep(self, now: float) -> None:
        """Act on what is due."""
        ...

    def excuse(self, now: float) -> None:
        """Do not hold the silence up to ``now`` against the peer."""
        ...


class Hub:
    """Handlers, limits, workers, flushing and the one timer that serves all connections.

    A hub is made on a running loop and belongs to it.
    """

    __slots__ = (
        "_due_at",
        "_timer",
        "context",
        "flusher",
        "handlers",
        "is_server",
        "limits",
        "log",
        "loop",
        "swept",
        "workers",
    )

    def __init__(
        self, handlers: Handlers, limits: Limits, log: logging.Logger, *, is_server: bool
    ) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.handlers: Handlers = handlers
        self.limits: Limits = limits
        self.log: logging.Logger = log
        self.is_server: bool = is_server
        self.context: Context = copy_context()
        self.flusher: Flusher = Flusher(self.loop)
        self.workers: Workers = Workers(self.loop)
        self.swept: set[Swept] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    def watch(self, connection: Swept) -> None:
        """Look at ``connection`` once per sweep from now on."""
        self.swept.add(connection)
        if self._timer is None:
            self._schedule(self.loop.time())

    def unwatch(self, connection: Swept) -> None:
        """Look at ``connection`` no more; without any, there is no timer."""
        self.swept.discard(connection)
        if not self.swept and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def context_for(self, connection: object) -> Context:
        """Return a context for the handlers of ``connection``."""
        context = self.context.copy()
        context.run(HANDLING.set, connection)
        return context

    def run(self, work: Coroutine[Any, Any, None], context: Context) -> Worker:
        """Run ``work`` in a worker, in ``context``."""
        return self.workers.run(work, context)

    def _schedule(self, now: float) -> None:
        self._due_at = now + self.limits.sweep_s
        self._timer = self.loop.call_at(self._due_at, self._sweep)

    def _sweep(self) -> None:
        now = self.loop.time()
        was_blocked = now - self._due_at > BLOCKED_S
        self._schedule(now)
        for connection in tuple(self.swept):
            try:
                if was_blocked:
                    connection.excuse(now)
                connection.sweep(now)
            except Exception:
                # The deadlines of the others hold all the same.
                self.log.exception("sweep of %r failed", connection)
