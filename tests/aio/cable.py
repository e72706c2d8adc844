"""An in-memory line between two asyncio protocols, with the faults of a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


class End(asyncio.Transport):
    """One end of a cable: what is written here arrives at the other end, in later turns.

    Attributes:
        written: every chunk that was written here.
        is_stalled: whether nothing gets through from here.
        chunk: the largest number of bytes that arrive at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol
        self.other: End = self
        self.written: list[bytes] = []
        self.is_stalled = False
        self.chunk = 1 << 18
        self.half_closes = True
        self._loop = loop
        self._buffer = bytearray()
        self._high, self._low = 64 << 10, 16 << 10
        self._is_paused = False
        self._is_writing_paused = False
        self._ends = False
        self._has_ended = False
        self._is_closing = False
        self._is_lost = False

    # What asyncio's users call

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return an address, and nothing else."""
        return ("cable", 1) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send ``data`` on its way."""
        assert not self._ends, "written after write_eof"
        if self._is_closing:
            return
        self.written.append(bytes(data))
        self._buffer += data
        self._watch_water()
        self._soon()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Send parts on their way."""
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        """Return what is still on its way."""
        return len(self._buffer)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks at which writing pauses and resumes."""
        self._high = 64 << 10 if high is None else high
        self._low = self._high // 4 if low is None else low
        self._watch_water()

    def can_write_eof(self) -> bool:
        """Whether one direction can end alone."""
        return self.half_closes

    def write_eof(self) -> None:
        """End this direction behind all that was written."""
        self._ends = True
        self._soon()

    def is_closing(self) -> bool:
        """Whether the end was asked for."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Whether what arrives is handed over."""
        return not self._is_paused

    def pause_reading(self) -> None:
        """Hand nothing over."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Hand over again."""
        self._is_paused = False
        self.other._soon()

    def close(self) -> None:
        """End both directions behind all that was written."""
        if not self._is_closing:
            self._is_closing = True
            self._ends = True
            self._soon()

    def abort(self) -> None:
        """End both directions at once."""
        self._is_closing = True
        self._ends = True
        self._buffer.clear()
        self._soon()

    # What tests do to a cable

    def reset(self) -> None:
        """Lose the connection, as by a reset, at this end."""
        self._lose(ConnectionResetError("reset by peer"))

    def stall(self) -> None:
        """Let nothing through from here, and nobody know."""
        self.is_stalled = True

    def flow(self) -> None:
        """Let everything through again."""
        self.is_stalled = False
        self._soon()

    # Details

    def _soon(self) -> None:
        self._loop.call_soon(self._move)

    def _move(self) -> None:
        other = self.other
        blocked = self.is_stalled or other._is_paused
        if self._buffer and not blocked and not other._is_lost:
            data = bytes(self._buffer[: self.chunk])
            del self._buffer[: self.chunk]
            if not other._is_closing:
                other.protocol.data_received(data)
            self._watch_water()
            self._soon()
        elif not self._buffer or other._is_lost:
            self._finish()

    def _finish(self) -> None:
        other = self.other
        self._buffer.clear()
        if self._ends and not self._has_ended and not self.is_stalled:
            self._has_ended = True
            if not other._is_closing and not other._is_lost:
                other.protocol.eof_received()
        if self._is_closing:
            self._lose(None)

    def _watch_water(self) -> None:
        if self._is_lost:
            return
        if not self._is_writing_paused and len(self._buffer) > self._high:
            self._is_writing_paused = True
            self.protocol.pause_writing()
        elif self._is_writing_paused and len(self._buffer) <= self._low:
            self._is_writing_paused = False
            self.protocol.resume_writing()

    def _lose(self, error: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._is_closing = True
            self._loop.call_soon(self.protocol.connection_lost, error)


def connect(one: Any, other: Any) -> tuple[End, End]:
    """Join two protocols by a cable and return its ends; both see ``connection_made``."""
    loop = asyncio.get_running_loop()
    left, right = End(loop, one), End(loop, other)
    left.other, right.other = right, left
    right.protocol.connection_made(right)
    left.protocol.connection_made(left)
    return left, right
