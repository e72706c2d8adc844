"""Waiting: the awaitables that plain calls such as ``send`` and ``close`` return.

They cost nothing until they are awaited, and nothing happens if they never are: no warning, no
task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Final, cast

from .._native import mypyc_attr

Waiter = asyncio.Future[None]


class Ready:
    """An awaitable that does not wait."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return EMPTY

    def __repr__(self) -> str:
        return "<nothing to wait for>"


EMPTY: Final = cast("Generator[Any, Any, None]", iter(()))  # `await` needs no more than iteration
READY: Final = Ready()
"""What ``send`` returns while there is room: one object for all, so that it costs nothing."""


class Room:
    """Waits until an outbox is below its high water.

    One waiter is woken at a time: it will send, and then the next one sees what that left. A
    waiter that is cancelled after it was woken hands over to the next one. The loss of the
    connection raises in all of them.
    """

    __slots__ = ("_has_room", "_loop", "_refusal", "_waiters", "_woken")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        has_room: Callable[[], bool],
        refusal: Callable[[], Exception | None],
    ) -> None:
        self._loop = loop
        self._has_room = has_room
        self._refusal = refusal
        self._waiters: deque[Waiter] = deque()
        # Who was let go and has not had its chance to send yet.
        self._woken: Waiter | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiters)

    def __await__(self) -> Generator[Any, None, None]:
        refusal = self._refusal()
        if refusal is not None:
            raise refusal
        # Room or not, nobody overtakes those who still wait.
        if not self._waiters and self._has_room():
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            yield from waiter
        except BaseException:
            # Cancelled, perhaps after it was woken: then the next one gets the chance.
            self._leave(waiter)
            raise
        # The next one is asked only after this one had its chance to send.
        self._loop.call_soon(self._hand_over)

    def wake(self) -> None:
        """Let the first waiter go on, if there is room and nobody is on the way already."""
        while self._woken is None and self._waiters and self._has_room():
            waiter = self._waiters.popleft()
            # A cancelled one is done before its task has come round to leave.
            if not waiter.done():
                self._woken = waiter
                waiter.set_result(None)

    def fail(self, error: Callable[[], Exception]) -> None:
        """Raise what ``error`` returns, an exception for each, in everybody who waits."""
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error())

    def _hand_over(self) -> None:
        self._woken = None
        self.wake()

    def _leave(self, waiter: Waiter) -> None:
        if waiter is self._woken:
            self._hand_over()
        elif waiter in self._waiters:
            self._waiters.remove(waiter)


@mypyc_attr(allow_interpreted_subclasses=True)
class Gate:
    """Waits until something has happened, once and for all: the end of a connection, say.

    Attributes:
        is_open: whether it has happened.
    """

    __slots__ = ("_waiters", "is_open")

    def __init__(self) -> None:
        self.is_open: bool = False
        self._waiters: list[Waiter] = []

    def __await__(self) -> Generator[Any, None, None]:
        if self.is_open:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            yield from waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def open(self) -> None:
        """Let everybody go on who waits or will wait."""
        self.is_open = True
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
