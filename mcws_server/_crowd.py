"""Crowd: all connections of one server, and the wait for the last of them to go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mcws_protocol.aio import HANDLING

from ._registry import AnyConnection


class Crowd:
    """Every connection from its transport to its last hook.

    A handler may wait for the crowd to go. It must not wait for its own connection, which ends only
    behind that handler; nor for those whose handlers wait in the same way.

    Attributes:
        on_gone: told whenever a connection is gone.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_gone: Callable[[], None]) -> None:
        self.on_gone: Callable[[], None] = on_gone
        self._loop = loop
        # As keys, so that they are told of the end in the order in which they came.
        self._present: dict[AnyConnection, None] = {}
        # One for each wait, so that a cancelled wait takes away only its own.
        self._watchers: list[asyncio.Future[None]] = []
        # The connections whose handlers wait for the end of all others.
        self._askers: list[object] = []

    def __len__(self) -> int:
        return len(self._present)

    def add(self, connection: AnyConnection) -> None:
        """Take in a connection that got its transport."""
        self._present[connection] = None

    def discard(self, connection: AnyConnection) -> None:
        """Let a connection go whose last hook has ended."""
        self._present.pop(connection, None)
        # All look again, since who counts as another depends on who asks.
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self.on_gone()

    def members(self) -> list[AnyConnection]:
        """Return all connections as they are now."""
        return list(self._present)

    def others(self) -> list[AnyConnection]:
        """Return all connections, for a handler but its own and those whose handlers ask too."""
        asker = HANDLING.get()
        if asker not in self._present:
            return self.members()
        return [one for one in self._present if one is not asker and one not in self._askers]

    def has_others(self) -> bool:
        """Whether anybody else is there; asked at every departure, so it copies nothing."""
        return bool(self.others() if HANDLING.get() in self._present else self._present)

    async def wait_empty(self) -> None:
        """Wait until the others are gone."""
        asker = HANDLING.get()
        self._askers.append(asker)
        try:
            while self.has_others():
                watcher = self._loop.create_future()
                self._watchers.append(watcher)
                try:
                    await watcher
                finally:
                    self._watchers.remove(watcher)
        finally:
            self._askers.remove(asker)

    async def is_empty_within(self, seconds: float) -> bool:
        """Wait until the others are gone, so many seconds at most; return whether they are."""
        if self.has_others():
            # The task has a copy of this context, so it knows the same asker.
            waiting = asyncio.ensure_future(self.wait_empty())
            try:
                await asyncio.wait({waiting}, timeout=seconds)
            finally:
                # Left alone, it would go on counting as an asker.
                waiting.cancel()
        return not self.has_others()
