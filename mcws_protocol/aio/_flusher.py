"""Flusher: writes what was sent outside of a chunk, once per turn of the loop."""

from __future__ import annotations

import asyncio
from threading import get_ident
from typing import Protocol


class Flushable(Protocol):
    """What has something to write."""

    def flush(self) -> None:
        """Write it."""
        ...


class Flusher:
    """Flushes, once per turn of the loop, the outboxes that were written to outside of a chunk."""

    __slots__ = ("_dirty", "_is_scheduled", "loop", "thread")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        # A hub is made while its loop runs, so this is the thread of the loop.
        self.thread: int = get_ident()
        self._dirty: list[Flushable] = []
        self._is_scheduled = False

    def mark(self, outbox: Flushable) -> None:
        """Have ``outbox`` flushed in this turn of the loop."""
        self._dirty.append(outbox)
        if not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon(self._flush)

    def flush(self, outbox: Flushable) -> None:
        """Flush ``outbox`` now; what a stranger's framing or transport raises stops nobody."""
        try:
            outbox.flush()
        except Exception as error:
            problem = {"message": "an outbox could not be flushed", "exception": error}
            self.loop.call_exception_handler(problem)

    def check_thread(self) -> None:
        """Refuse a call from a thread that does not run the loop.

        Raises:
            RuntimeError: with the way to do it.
        """
        if get_ident() != self.thread:
            raise wrong_thread()

    def _flush(self) -> None:
        self._is_scheduled = False
        # What is marked from here on has its flush in the next turn.
        dirty, self._dirty = self._dirty, []
        for outbox in dirty:
            self.flush(outbox)


def wrong_thread() -> RuntimeError:
    """Return the error for a call from a thread that does not run the loop."""
    return RuntimeError(
        "called from another thread than the loop's; use loop.call_soon_threadsafe(f, ...), or "
        "asyncio.run_coroutine_threadsafe(f(...), loop) to wait for the result"
    )
