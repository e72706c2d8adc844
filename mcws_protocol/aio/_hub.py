"""Hub: what the connections of one server or client share on one loop."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Final, Protocol

from .._limits import Limits
from ._errand import Errand, Work
from ._flusher import Flusher
from ._handlers import Handlers
from ._workers import Workers

BLOCKED_S: Final = 0.25
"""Seconds by which a sweep may be late before this end counts as having been blocked."""


HANDLING: Final[ContextVar[object]] = ContextVar("HANDLING", default=None)
"""The connection whose handler runs; waiting for the end of all others must not wait for it."""


class Swept(Protocol):
    """What the sweep looks at."""

    def sweep(self, now: float) -> None:
        """Act on what is due."""
        ...

    def excuse(self, seconds: float) -> None:
        """Do not hold a silence of so many seconds against the peer."""
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
        "held_from_bytes",
        "is_server",
        "limits",
        "log",
        "loop",
        "messages_per_turn",
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
        # Looked at in each read, so not from the limits.
        self.messages_per_turn: int = limits.messages_per_turn
        # Only a server holds handlers back for a full outbox: two ends that both did could stop.
        self.held_from_bytes: int = limits.outbox_high_bytes if is_server else sys.maxsize
        # Handlers start in the context in which the server or client was started.
        self.context: Context = copy_context()
        self.flusher: Flusher = Flusher(self.loop)
        self.workers: Workers = Workers(self.loop)
        # As keys, so that they are swept in the order in which they came.
        self.swept: dict[Swept, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    def watch(self, connection: Swept) -> None:
        """Look at ``connection`` once per sweep from now on."""
        self.swept[connection] = None
        if self._timer is None:
            self._schedule(self.loop.time())

    def unwatch(self, connection: Swept) -> None:
        """Look at ``connection`` no more; without any, there is no timer."""
        self.swept.pop(connection, None)
        # A timer that nobody needs would wake an idle process every second.
        if not self.swept and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def context_for(self, connection: object) -> Context:
        """Return a context for the handlers of ``connection``."""
        # A copy, so that what a handler sets stays with its connection.
        context = self.context.copy()
        context.run(HANDLING.set, connection)
        return context

    def run(
        self, work: Work, context: Context, on_step: Callable[[bool], object] | None = None
    ) -> Errand:
        """Run ``work`` in a worker, in ``context``; ``on_step`` hears when it began."""
        return self.workers.run(work, context, on_step)

    def _schedule(self, now: float) -> None:
        self._due_at = now + self.limits.sweep_s
        self._timer = self.loop.call_at(self._due_at, self._sweep)

    def _sweep(self) -> None:
        now = self.loop.time()
        # A loop that did not run heard nobody, whoever spoke (FAULTS 10). Only that time is
        # excused: a loop that is late now and then shall still find a dead peer.
        blocked_s = now - self._due_at
        self._schedule(now)
        # A copy: who ends in a sweep is watched no more. The next sweep is scheduled by now, so the
        # last one to go cancels it.
        for connection in tuple(self.swept):
            try:
                if blocked_s > BLOCKED_S:
                    connection.excuse(blocked_s)
                connection.sweep(now)
            except Exception:
                # The deadlines of the others hold all the same.
                self.log.exception("sweep of %r failed", connection)
