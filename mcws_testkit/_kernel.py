"""KernelSocket: one end of a connection as the kernel of its host has it."""

from __future__ import annotations

import errno
import os
from contextvars import Context

from ._lane import Lane, Line
from ._names import HOME
from ._process import current_process
from ._socket_transport import Poller
from ._trace import End


class KernelSocket:
    """One end of a connection, with the habits of Linux.

    Its calls are those of a socket that does not block, and its events those of a selector: they
    come as long as somebody watches and there is something to report. A socket that is closed with
    unread data answers by a reset, and so does one that data reaches after it was closed; the
    program at the other end notices a reset when it reads or writes. Data that came before a reset
    can still be read, and whoever has seen the end of the stream before it reads that again.

    Args:
        line: what both ends share.
        end: which end this is.
        context: of the program that it belongs to.

    Attributes:
        lane: what is on its way to this end.
        is_open: whether the program has not closed it.
        is_gone: whether its host lost power and is not back.
    """

    # Set by ``poll``; without it nothing is watched, so nothing is reported.
    _poller: Poller

    def __init__(self, line: Line, end: End, context: Context) -> None:
        self.line = line
        self.end: End = end
        self.context = context
        # One for all events, so that what a callback sets there is seen by the next one.
        self._events = context.copy()
        self.lane: Lane = Lane(line, end, self, self._events)
        self.is_open: bool = True
        self.is_gone: bool = False
        self._other: KernelSocket = self
        self._has_reader = False
        self._has_writer = False
        self._is_polled = False
        self._is_forgotten = False
        self._has_sent_fin = False

    def join(self, other: KernelSocket) -> None:
        """Make ``other`` the end that this one talks with."""
        self._other = other

    @property
    def host(self) -> str:
        """The name of the host that this end is on."""
        process = self.context.get(current_process)
        return HOME if process is None else process.host

    # What a selector does

    def poll(self, poller: Poller) -> None:
        """Let ``poller`` be told."""
        self._poller = poller

    def watch_reads(self) -> None:
        """Report that there is something to read, now and whenever there is."""
        self._has_reader = True
        self.lane.kick()

    def unwatch_reads(self) -> None:
        """Report no longer that there is something to read."""
        self._has_reader = False

    def watch_writes(self) -> None:
        """Report that there is room, or that there is no use in waiting for it."""
        self._has_writer = True
        if self.lane.error is not None or self._other.lane.room > 0:
            self._poll_writes()

    def unwatch_writes(self) -> None:
        """Report no longer that there is room."""
        self._has_writer = False

    def _poll_writes(self) -> None:
        """Report in the next turn that there is room, or an error."""
        if self._has_writer and not self._is_polled:
            self._is_polled = True
            self.line.agenda.io(self._write_ready, self._events)

    def _write_ready(self) -> None:
        """Report that there is room, or an error."""
        self._is_polled = False
        # As selectors report: a socket that is ready for both is read first.
        self.lane.arrive()
        if self._has_writer:
            self._poller._write_ready()

    # What programs call

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Put as much of ``data`` on its way as there is room for; return how much.

        Raises:
            OSError: the connection was reset.
        """
        if self.lane.error is not None:
            raise self.lane.error
        lane = self._other.lane
        size = min(max(lane.room, 0), len(data))
        if size:
            lane.data += memoryview(data)[:size]
            self._other.arrive()
        return size

    def receive(self, size: int) -> bytes:
        """Take up to ``size`` bytes that have come; none at the end of the stream.

        Raises:
            OSError: the connection was reset, and all that came before is read.
        """
        lane = self.lane
        if lane.data:
            data = bytes(lane.data[:size])
            del lane.data[:size]
            # Not at once: the writer is told by its own selector.
            self._other._poll_writes()
            lane.kick()
            return data
        if lane.error is not None and not lane.has_fin:
            raise lane.error
        return b""

    def shut_down(self) -> None:
        """Send the end of the stream behind what is under way.

        Raises:
            OSError: the connection was reset.
        """
        if self.lane.error is not None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        self._send_fin()

    def close(self) -> None:
        """End the stream, or reset the connection if data was not read."""
        self._stop()
        if self.lane.data and not self.lane.is_blocked:
            self.lane.clear()
            self._refuse()
        elif self.lane.error is None:
            self._send_fin()

    def reject(self) -> None:
        """Reset a connection that no program took."""
        self._stop()
        self.lane.clear()
        self._refuse()

    # What happens to its host

    def vanish(self) -> None:
        """Lose power: nobody is told, and what comes gets no answer."""
        self._stop()
        self.is_gone = True
        lane = self.lane
        if not lane.is_blocked:
            # It came, and was acknowledged: nobody sends it again.
            lane.clear()
            lane.has_fin = False
        lane.is_stalled = True

    def come_back(self) -> None:
        """Answer again, on a host that knows nothing of this connection."""
        self.is_gone = self.lane.is_stalled = False
        self._is_forgotten = True
        self.arrive()

    # What the network does

    @property
    def wants_data(self) -> bool:
        """Whether somebody reads."""
        return self._has_reader

    def deliver(self, size: int) -> None:
        """Report that up to ``size`` bytes can be read, or what follows the last one."""
        self._poller._read_ready(size)

    def arrive(self) -> None:
        """Look at what has come, unless nothing gets through."""
        lane = self.lane
        if lane.is_blocked:
            return
        if lane.has_reset:
            lane.has_reset = False
            self._take_reset()
        if self.is_open:
            lane.kick()
        elif lane.data or (lane.has_fin and self._is_forgotten):
            lane.clear()
            lane.has_fin = False
            self._refuse()

    def reset_both(self) -> None:
        """Reset the connection at both ends and lose what is under way."""
        for one in (self._other, self):
            one.lane.clear()
            one._take_reset()

    # Details

    def _stop(self) -> None:
        """Report nothing any more."""
        self.is_open = self._has_reader = self._has_writer = False

    def _send_fin(self) -> None:
        """Let the other end see the end of the stream."""
        if not self._has_sent_fin:
            self._has_sent_fin = True
            self._other.lane.has_fin = True
            self._other.arrive()

    def _refuse(self) -> None:
        """Answer what nobody will read by a reset."""
        self._has_sent_fin = True
        self.line.tell(self._other.end, "reset", detail="data was not read")
        self._other.lane.has_reset = True
        self._other.arrive()

    def _take_reset(self) -> None:
        """Know that the other end refuses all; the program notices when it reads or writes."""
        lane = self.lane
        if lane.error is not None or not self.is_open:
            return
        if lane.room <= 0:
            # The end of the stream waited behind a full window: it never came.
            lane.has_fin = False
        # As Linux has it: who has seen the end of the stream gets another error.
        number = errno.EPIPE if lane.has_fin else errno.ECONNRESET
        lane.error = OSError(number, os.strerror(number))
        lane.kick()
        # Behind the reader, as selectors report: what came before can still be read.
        self._poll_writes()
