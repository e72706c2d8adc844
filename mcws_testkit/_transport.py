"""SimTransport: one end of a simulated connection, with the habits of asyncio's own transports."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any, Final

from ._lane import Lane, Line
from ._names import HOME
from ._process import current_process
from ._trace import End

HIGH: Final = 64 << 10
"""Bytes in the buffer above which the protocol is told to pause, as in asyncio."""


class SimTransport(asyncio.Transport):
    """One end of a connection: a buffer of the program, and what is on its way to it.

    It follows ``asyncio.selector_events`` and Linux, also where these surprise: a connection that
    is closed with unread data is reset, only who reads or writes notices a reset, and after
    ``pause_reading`` and ``resume_reading`` the end of a stream is told a second time.

    Attributes:
        line: what it shares with the other end.
        lane: what is on its way to this end.
        end: which end it is.
        is_lost: whether ``connection_lost`` was called.
        has_vanished: whether its host lost power and is not back.
        on_lost: called once it is lost.
    """

    def __init__(
        self, line: Line, end: End, extra: dict[str, Any], context: Context | None
    ) -> None:
        super().__init__(extra)
        self.line = line
        self.end: End = end
        self.context = context
        self.lane = Lane(line, end, self._read, context)
        self.lane.is_wanted = self._is_wanted
        self.lane.reset = self._reset_both
        self.is_lost = False
        self.has_vanished = False
        self.on_lost: Callable[[], None] = lambda: None
        self._other: SimTransport = self
        self._protocol: Any = None
        self._buffer = bytearray()
        self._high, self._low = HIGH, HIGH // 4
        # Named as in asyncio, whose rules are about them.
        self._conn_lost = False
        self._closing = False
        self._eof = False
        self._has_reader = False
        self._is_paused = False
        self._is_writing_paused = False
        self._has_sent_fin = False
        self._has_socket = True

    def join(self, other: SimTransport) -> None:
        """Make ``other`` the end that this one talks with."""
        self._other = other

    def start(self, protocol: Any, then: Callable[[], None] = lambda: None) -> None:
        """Tell ``protocol`` soon that its connection is made, read from then on, call ``then``."""
        self._protocol = protocol

        def made() -> None:
            """Begin, as asyncio does in three callbacks of one turn."""
            protocol.connection_made(self)
            if not self._closing and not self._is_paused:
                self._has_reader = True
                self.lane.kick()
            then()

        self.line.agenda.soon(made, context=self.context)

    # What programs call: reading

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give all that comes to another protocol."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who gets all that comes."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def is_reading(self) -> bool:
        """Whether what comes is handed over."""
        return not self._closing and not self._is_paused

    def pause_reading(self) -> None:
        """Hand nothing over."""
        if self.is_reading():
            self._is_paused = True
            self._has_reader = False
            self.line.tell("pause", self.end)

    def resume_reading(self) -> None:
        """Hand over again; the end of the stream too, even if it was told before."""
        if self._closing or not self._is_paused:
            return
        self._is_paused = False
        self._has_reader = True
        self.line.tell("resume", self.end)
        self.lane.kick()

    # What programs call: writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send ``data`` on its way, or keep what the window has no room for."""
        # Callers without a type checker get the same answer as from asyncio.
        given: object = data
        if not isinstance(given, bytes | bytearray | memoryview):
            kind = type(given).__name__
            raise TypeError(f"data argument must be a bytes-like object, not {kind!r}")
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._conn_lost:
            return
        self.line.tell("write", self.end, bytes(data))
        if not self._buffer and not self._send_fails():
            sent = self._send(data)
            data = data[sent:]
        if data and not self._conn_lost:
            self._buffer += data
            self._watch_water()
            if self.lane.error is not None:
                # What was sent just now was answered by a reset: such a socket is writable, and
                # nobody reads at the other end who would say so.
                self.line.agenda.io(self._writable, self.context)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Send parts on their way as one."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """End this direction behind all that was written.

        Raises:
            OSError: the connection was reset, as ``shutdown`` of a socket says it.
        """
        if self._closing or self._eof:
            return
        self._eof = True
        self.line.tell("write_eof", self.end)
        if not self._buffer:
            self._shut_down()

    def can_write_eof(self) -> bool:
        """Return that one direction can end alone."""
        return True

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the window had no room for."""
        return len(self._buffer)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the marks at which writing resumes and pauses."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks at which writing pauses and resumes.

        Raises:
            ValueError: they are negative, or the low one is above the high one.
        """
        if high is None:
            high = HIGH if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low
        self._watch_water()

    # What programs call: the end

    def is_closing(self) -> bool:
        """Whether the end was asked for, or has come."""
        return self._closing

    def close(self) -> None:
        """End both directions behind all that was written."""
        if self._closing:
            return
        self._closing = True
        self._has_reader = False
        self.line.tell("close", self.end)
        if not self._buffer:
            self._conn_lost = True
            self._soon_lost(None)

    def abort(self) -> None:
        """End both directions at once; the other end sees the end of the stream."""
        self.line.tell("abort", self.end)
        self._force_close(None)

    # What happens to its process and its host

    @property
    def host(self) -> str:
        """The name of the host that this end is on."""
        process = None if self.context is None else self.context.get(current_process)
        return HOME if process is None else process.host

    def kill(self, *, is_reset: bool = False) -> None:
        """Let the kernel end the connection of a process that is gone, or never took it."""
        self._end_silently()
        if is_reset:
            self._has_socket = False
            self._refuse()
        else:
            self._close_socket()

    def vanish(self) -> None:
        """Lose power: nobody is told, and what comes gets no answer."""
        self._end_silently()
        self._has_socket = False
        self.has_vanished = True
        self.lane.is_stalled = True

    def come_back(self) -> None:
        """Let the host that lost power answer again: it knows nothing of this connection."""
        self.has_vanished = self.lane.is_stalled = False
        if self.lane.data or self.lane.has_fin:
            self.lane.clear()
            self._refuse()

    def _end_silently(self) -> None:
        """Do nothing any more, and tell nobody."""
        self._conn_lost = self._closing = self.is_lost = True
        self._has_reader = False
        self._buffer.clear()
        self.on_lost()

    # Details: sending

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        """Put as much as there is room for on its way; return how much."""
        lane = self._other.lane
        size = min(max(lane.room, 0), len(data))
        if size:
            lane.data += data[:size]
            self._other._arrived()
        return size

    def _send_fails(self) -> bool:
        """Whether the connection was reset, which is noticed now."""
        error = self.lane.error
        if error is not None:
            self._fail(error)
        return error is not None

    def _arrived(self) -> None:
        """Look at what was sent to this end."""
        if not self._has_socket and not self.lane.is_stalled:
            self.lane.clear()
            self._refuse()
        else:
            self.lane.kick()

    def _writable(self) -> None:
        """Send what waits, now that the other end has read."""
        if self._conn_lost or not self._buffer or self._send_fails():
            return
        del self._buffer[: self._send(self._buffer)]
        self._watch_water()
        if not self._buffer and self._closing:
            self._lose(None)
        elif not self._buffer and self._eof:
            self._shut_down()

    def _shut_down(self) -> None:
        """Send the end of the stream behind what is under way."""
        if self.lane.error is not None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        self._send_fin()

    def _send_fin(self) -> None:
        """Let the other end see the end of the stream."""
        if not self._has_sent_fin:
            self._has_sent_fin = True
            self._other.lane.has_fin = True
            self._other.lane.kick()

    def _watch_water(self) -> None:
        """Tell the protocol to pause or to resume."""
        size = len(self._buffer)
        if not self._is_writing_paused and size > self._high:
            self._is_writing_paused = True
            self._call("pause_writing")
        elif self._is_writing_paused and size <= self._low:
            self._is_writing_paused = False
            self._call("resume_writing")

    # Details: reading

    def _is_wanted(self) -> bool:
        """Whether somebody reads."""
        return self._has_reader

    def _read(self, size: int) -> None:
        """Hand over ``size`` bytes, or what is behind the last one."""
        lane = self.lane
        if size:
            self._hand_over(size)
            if self._other._buffer:
                # Not at once: the writer is told by its own selector.
                self.line.agenda.io(self._other._writable, self._other.context)
            lane.kick()
        elif lane.has_fin:
            self._read_eof()
        elif lane.error is not None:
            self._fail(lane.error)

    def _hand_over(self, size: int) -> None:
        """Give bytes to the protocol."""
        protocol, lane = self._protocol, self.lane
        try:
            if isinstance(protocol, asyncio.BufferedProtocol):
                place = memoryview(protocol.get_buffer(-1)).cast("B")
                size = min(size, len(place))
                if not size:
                    raise RuntimeError("get_buffer() returned an empty buffer")
                place[:size] = lane.data[:size]
                data = bytes(lane.data[:size])
            else:
                data = bytes(lane.data[:size])
            del lane.data[:size]
            self.line.tell("receive", self.end, data)
            if isinstance(protocol, asyncio.BufferedProtocol):
                protocol.buffer_updated(size)
            else:
                protocol.data_received(data)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, "Fatal error: protocol.data_received() call failed.")

    def _read_eof(self) -> None:
        """Tell the protocol that the stream has ended."""
        self.line.tell("eof", self.end)
        self._has_reader = False
        try:
            keeps_open = self._protocol.eof_received()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, "Fatal error: protocol.eof_received() call failed.")
            return
        if not keeps_open:
            self.close()

    # Details: the end

    def _reset_both(self) -> None:
        """Reset the connection at both ends and lose what is under way."""
        for one in (self._other, self):
            one.lane.clear()
            one._on_reset()

    def _on_reset(self) -> None:
        """Know that the other end refuses all; the program notices when it reads or writes."""
        if self.lane.error is not None or not self._has_socket:
            return
        # As Linux has it: who has seen the end of the stream gets another error.
        number = errno.EPIPE if self.lane.has_fin else errno.ECONNRESET
        self.lane.error = OSError(number, os.strerror(number))
        if self._buffer:
            self.line.agenda.io(self._writable, self.context)
        self.lane.kick()

    def _refuse(self) -> None:
        """Answer what nobody will read by a reset."""
        self._has_sent_fin = True
        self.line.tell("reset", self._other.end, detail="data was not read")
        self._other._on_reset()

    def _fail(self, error: BaseException, message: str = "") -> None:
        """End the connection for an error; one that is no error of I/O is told to the loop."""
        if not isinstance(error, OSError):
            loop = asyncio.get_running_loop()
            loop.call_exception_handler(
                {
                    "message": message,
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
        self._force_close(error)

    def _force_close(self, error: BaseException | None) -> None:
        """End both directions at once."""
        if self._conn_lost:
            return
        self._buffer.clear()
        self._closing = self._conn_lost = True
        self._has_reader = False
        self._soon_lost(error)

    def _soon_lost(self, error: BaseException | None) -> None:
        """Tell the protocol in the next turn that the connection is lost."""
        self.line.agenda.soon(self._lose, error, context=self.context)

    def _lose(self, error: BaseException | None) -> None:
        """Tell the protocol that the connection is lost, and close the socket."""
        if self.is_lost:
            return
        self.is_lost = self._conn_lost = True
        name = "" if error is None else type(error).__name__
        self.line.tell("lost", self.end, detail=name)
        try:
            self._protocol.connection_lost(error)
        finally:
            self._close_socket()
            self.on_lost()

    def _close_socket(self) -> None:
        """Do what the kernel does for a socket that is closed: end the stream, or reset it."""
        self._has_socket = False
        if self.lane.data:
            self.lane.clear()
            self._refuse()
        elif self.lane.error is None:
            self._send_fin()

    def _call(self, name: str) -> None:
        """Call the protocol for the sake of flow control; its errors go to the loop."""
        try:
            getattr(self._protocol, name)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            asyncio.get_running_loop().call_exception_handler(
                {
                    "message": f"protocol.{name}() failed",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )

    def __repr__(self) -> str:
        state = "lost" if self.is_lost else "closing" if self._closing else "open"
        return f"<SimTransport {self.end} of connection {self.line.number} {state}>"
