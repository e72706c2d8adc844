"""Plug: one end of a cable, with the calls and errors of a TCP connection on Linux.

Bytes that were sent are under way until the cable lets them through, then they have arrived, then
they are read. The end of the stream and the reset follow the bytes that were sent before them.

Source: ``tcp_recvmsg``, ``tcp_sendmsg``, ``tcp_close``, ``tcp_reset``, ``inet_shutdown`` in Linux.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable


class Plug:
    """One end of a cable; every call returns at once.

    Attributes:
        capacity: the bytes that are taken until the peer has read some of them.
        written: what was sent here, one piece for each call.
        stalls: whether nothing gets through to here.
        cuts: the sizes of the next reads.
        every: the largest size of a read behind those; None for no limit.
        changed: called when something may be possible now that was not before.
        is_over: whether both directions have ended, or the connection is lost.
    """

    def __init__(self, capacity: int) -> None:
        self.peer = self
        self.written: list[bytes] = []
        self.stalls = False
        self.cuts: deque[int] = deque()
        self.every: int | None = None
        self.changed: Callable[[], object] = bool
        self.is_over: bool = False
        self.capacity = capacity
        self._arrived = bytearray()
        # What is under way to the peer, in this order: bytes, the end of the stream, a reset.
        self._flight = bytearray()
        self._ends = False
        self._resets = False
        self._has_end = False
        self._is_deaf = False
        self._is_mute = False
        self._is_closed = False
        self._error: OSError | None = None

    # What programs ask for

    @property
    def is_readable(self) -> bool:
        """Whether ``receive`` has something to say: bytes, the end or an error."""
        ended = self._has_end or self._is_deaf or self.is_over
        return bool(self._arrived) or ended or self._error is not None

    @property
    def is_writable(self) -> bool:
        """Whether ``send`` takes a byte, or has an error to say."""
        return self._room() > 0 or self._is_mute or self.is_over or self._error is not None

    def receive(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end of the stream.

        Raises:
            BlockingIOError: nothing has arrived.
            ConnectionResetError: the connection was lost.
        """
        if self._arrived:
            return self._take(size)
        if not self._has_end:
            self._raise_error()
        if self.is_readable:
            return b""
        raise again()

    def send(self, data: memoryview) -> int:
        """Send what there is room for of ``data``; return how many bytes that is.

        Raises:
            BlockingIOError: there is no room.
            BrokenPipeError: this direction has ended.
            ConnectionResetError: the connection was lost.
        """
        self._raise_error()
        if self._is_mute:
            raise failure(errno.EPIPE)
        piece = bytes(data[: max(self._room(), 0)])
        if data and not piece:
            raise again()
        if piece:
            self.written.append(piece)
            self._flight += piece
            self.pass_on()
        return len(piece)

    def end(self) -> None:
        """End this direction behind all that was sent.

        Raises:
            OSError: (ENOTCONN) the connection is over.
        """
        if self.is_over:
            raise failure(errno.ENOTCONN)
        if not self._is_mute:
            self._is_mute = self._ends = True
            self.pass_on()

    def deafen(self) -> None:
        """Have ``receive`` say that the stream has ended, once all that arrived is read.

        Raises:
            OSError: (ENOTCONN) the connection is over.
        """
        if self.is_over:
            raise failure(errno.ENOTCONN)
        self._is_deaf = True
        self.changed()

    def close(self, *, abruptly: bool = False) -> None:
        """Take no part any more; the peer hears of an end, or of a reset where bytes are lost."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.is_over:
            return
        # The peer shall not take for read what nobody read.
        if self._arrived or abruptly:
            self._resets = self.is_over = True
        elif not self._is_mute:
            self._is_mute = self._ends = True
        self.pass_on()

    # What the cable does

    def pass_on(self) -> None:
        """Let arrive at the peer what is under way to it, unless nothing gets through."""
        peer = self.peer
        if peer.stalls:
            return
        data, self._flight = bytes(self._flight), bytearray()
        if data:
            peer._arrive(data)
        if self._ends:
            self._ends = False
            peer._has_end = True
            # Each end knows of the other's: there is nothing left of the connection.
            if self._has_end:
                peer.is_over = self.is_over = True
        if self._resets:
            self._resets = False
            peer.lose()
        # The peer may have something to read, and this end room to write.
        peer.changed()
        self.changed()

    def lose(self) -> None:
        """Lose the connection, as by a reset that has come from the peer."""
        if self.is_over:
            return
        # Linux says so to an end whose peer has said its last word.
        number = errno.EPIPE if self._has_end else errno.ECONNRESET
        self._error = failure(number)
        self.is_over = self._is_mute = True
        self._flight.clear()
        self._ends = False
        self.changed()

    def forget(self) -> None:
        """Lose what is under way from here."""
        self._flight.clear()
        self._ends = self._resets = False

    # Details

    def _arrive(self, data: bytes) -> None:
        # Linux takes no bytes for a program that has said that it wants neither direction.
        is_refused = self._is_deaf and self._is_mute
        if not (self._is_closed or self.is_over or is_refused):
            self._arrived += data
            return
        if not self._is_closed:
            self.lose()
        self.is_over = True
        self.peer.lose()

    def _take(self, size: int) -> bytes:
        if self.cuts:
            size = min(size, self.cuts[0])
        elif self.every is not None:
            size = min(size, self.every)
        data = bytes(self._arrived[:size])
        del self._arrived[:size]
        if self.cuts:
            # Not "this one is done": a cut is a place in the stream, however the program reads.
            self.cuts[0] -= len(data)
            if not self.cuts[0]:
                self.cuts.popleft()
        self.peer.changed()
        return data

    def _room(self) -> int:
        return self.capacity - len(self._flight) - len(self.peer._arrived)

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


def failure(number: int) -> OSError:
    """Return the error of that number, in the words of the system."""
    return OSError(number, os.strerror(number))


def again() -> BlockingIOError:
    """Return the error of a call that would have to wait."""
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
