"""PlugSocket: a plug as a socket that does not block, and the selector that watches it."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from ._plug import Plug
from ._socket_transport import Poller

ALL: Final = sys.maxsize
"""Bytes of a report: all that has arrived. It is the cable that cuts, whoever reads."""
READ_BYTES_MAX: Final = 256 << 10
"""Bytes of one read for a protocol without a buffer of its own, as in asyncio."""


class PlugSocket:
    """One end of a cable for a transport of asyncio, which is told in turns of its loop.

    Both events of one turn come in the order of asyncio's: what can be read, then that there is
    room.
    """

    # Set by ``poll``; without it nothing is watched, so nothing is reported.
    _poller: Poller

    def __init__(self, plug: Plug, loop: asyncio.AbstractEventLoop) -> None:
        self._plug = plug
        self._loop = loop
        self._has_reader = False
        self._has_writer = False
        self._is_scheduled = False
        plug.changed = self._look

    # What a selector does

    def poll(self, poller: Poller) -> None:
        """Let ``poller`` be told."""
        self._poller = poller

    def watch_reads(self) -> None:
        """Report that there is something to read, now and whenever there is."""
        self._has_reader = True
        self._look()

    def unwatch_reads(self) -> None:
        """Report no longer that there is something to read."""
        self._has_reader = False

    def watch_writes(self) -> None:
        """Report the next time that there is room, or that there is no use in waiting for it."""
        self._has_writer = True
        # The line may have been lost meanwhile, and nobody reads what would tell of it.
        self._look()

    def unwatch_writes(self) -> None:
        """Report no longer that there is room."""
        self._has_writer = False

    # What transports call

    def send(self, data: bytes | bytearray) -> int:
        """Send as much of ``data`` as there is room for; return how much.

        Raises:
            OSError: the connection is lost.
        """
        try:
            # Released at once, also for an error: a buffer that is viewed cannot shrink.
            with memoryview(data) as view:
                return self._plug.send(view)
        except BlockingIOError:
            return 0

    def receive(self, size: int) -> bytes:
        """Take up to ``size`` bytes that have come, but not all at once; none at the end.

        Raises:
            OSError: the connection is lost.
        """
        return self._plug.receive(READ_BYTES_MAX if size == ALL else size)

    def shut_down(self) -> None:
        """End this direction behind all that was sent.

        Raises:
            OSError: the connection is lost.
        """
        self._plug.end()

    def close(self) -> None:
        """Take no part any more; the peer hears of an end, or of a reset where bytes are lost."""
        self._plug.close()

    # Details

    @property
    def _can_read(self) -> bool:
        """Whether a reader waits, and not in vain."""
        return self._has_reader and self._plug.is_readable

    @property
    def _can_write(self) -> bool:
        """Whether a writer waits, and not in vain."""
        return self._has_writer and self._plug.is_writable

    def _look(self) -> None:
        """Have a turn of the loop report, if there is something to."""
        if not self._is_scheduled and (self._can_read or self._can_write):
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Report what there is, and look whether any is left."""
        self._is_scheduled = False
        if self._can_read:
            self._poller._read_ready(ALL)
        if self._can_write:
            self._poller._write_ready()
        self._look()
