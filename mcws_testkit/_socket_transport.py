"""SocketTransport: asyncio's rules of a transport, for any socket that does not block.

It does what the socket transport of asyncio does, call by call, also where that surprises: what is
written after ``close`` is still sent while older data waits, ``abort`` ends the stream and resets
nothing, and after ``pause_reading`` and ``resume_reading`` the end of a stream is told again.

Source: ``asyncio.selector_events._SelectorSocketTransport``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, Literal, Protocol, TypeAlias

from ._buffers import writable
from ._write_limits import USUAL, write_limits

BYTES_LIKE: Final = (bytes, bytearray, memoryview)
"""What can be written."""

Bytes: TypeAlias = "bytes | bytearray | memoryview[Any]"
Happening: TypeAlias = Literal[
    "write", "receive", "write_eof", "eof", "pause", "resume", "close", "abort"
]
"""What a program did with its end, or had from it."""


class Poller(Protocol):
    """Who is told what a selector would report; private, as to programs it is a transport."""

    def _read_ready(self, size: int) -> None:
        """Read up to ``size`` bytes, or what follows the last one."""
        ...

    def _write_ready(self) -> None:
        """Send what waits."""
        ...


class Socket(Protocol):
    """A socket that does not block, together with the selector that watches it.

    Something is reported as long as somebody watches: what is left unread is reported again.
    """

    def poll(self, poller: Poller) -> None:
        """Let ``poller`` be told."""
        ...

    def watch_reads(self) -> None:
        """Report that there is something to read."""
        ...

    def unwatch_reads(self) -> None:
        """Report no longer that there is something to read."""
        ...

    def watch_writes(self) -> None:
        """Report that there is room, or that there is no use in waiting for it."""
        ...

    def unwatch_writes(self) -> None:
        """Report no longer that there is room."""
        ...

    def send(self, data: bytes | bytearray) -> int:
        """Send as much of ``data`` as there is room for; return how much.

        Raises:
            OSError: the connection is lost.
        """
        ...

    def receive(self, size: int) -> bytes:
        """Take up to ``size`` bytes that have come; none at the end of the stream.

        Raises:
            OSError: the connection is lost.
        """
        ...

    def shut_down(self) -> None:
        """End the stream behind all that was sent.

        Raises:
            OSError: the connection is lost.
        """
        ...

    def close(self) -> None:
        """Take no part any more."""
        ...


class Note(Protocol):
    """Who hears of what happens, before it has consequences."""

    def __call__(self, what: Happening, data: bytes = b"", /) -> object:
        """Hear of it, with the bytes that it is about."""
        ...


def ignore(_what: Happening, _data: bytes = b"", /) -> None:
    """Hear of nothing."""


class SocketTransport(asyncio.Transport):
    """One end of a connection, on the loop that runs; it begins when its heirs say so."""

    # Asked for by `loop.start_tls`.
    _start_tls_compatible: Final = True

    def __init__(self, socket: Socket, extra: dict[str, Any], note: Note = ignore) -> None:
        super().__init__(extra)
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._socket = socket
        self._protocol: Any = None
        self._is_buffered = False
        self._buffer = bytearray()
        self._low, self._high = USUAL
        # Named as in asyncio, whose rules are about them.
        self._conn_lost = False
        self._closing = False
        self._eof = False
        self._is_paused = False
        self._is_writing_paused = False
        socket.poll(self)

    # What programs call: reading

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give all that comes to another protocol."""
        self._protocol = protocol
        self._is_buffered = isinstance(protocol, asyncio.BufferedProtocol)

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
            self._socket.unwatch_reads()
            self._note("pause")

    def resume_reading(self) -> None:
        """Hand over again; the end of the stream too, even if it was told before."""
        if self._closing or not self._is_paused:
            return
        self._is_paused = False
        self._note("resume")
        self._watch_reads()

    # What programs call: writing

    def write(self, data: Bytes) -> None:
        """Send ``data`` on its way, and keep what there is no room for.

        Raises:
            RuntimeError: the stream was ended before.
            TypeError: it is not bytes-like.
        """
        # Callers without a type checker get the same answer as from asyncio.
        given: object = data
        if not isinstance(given, BYTES_LIKE):
            kind = type(given).__name__
            raise TypeError(f"data argument must be a bytes-like object, not {kind!r}")
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._conn_lost:
            return
        self._check_usable()
        # A copy at once: what asyncio keeps is not to be changed by the caller either.
        waiting = bytes(data)
        self._note("write", waiting)
        if not self._buffer:
            try:
                sent = self._socket.send(waiting)
            except OSError as error:
                self._fail(error)
                return
            if sent == len(waiting):
                return
            waiting = waiting[sent:]
            self._socket.watch_writes()
        self._buffer += waiting
        self._pause_if_full()

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        """Send parts on their way as one."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return that one direction can end alone."""
        return True

    def write_eof(self) -> None:
        """End this direction behind all that was written.

        Raises:
            OSError: the connection was reset, as ``shutdown`` of a socket says it.
        """
        if self._closing or self._eof:
            return
        self._eof = True
        self._note("write_eof")
        if not self._buffer:
            self._socket.shut_down()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that there was no room for."""
        return len(self._buffer)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the marks at which writing resumes and pauses."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks at which writing pauses and resumes.

        Raises:
            ValueError: they are negative, or the low one is above the high one.
        """
        self._low, self._high = write_limits(high, low)
        self._pause_if_full()

    # What programs call: the end

    def is_closing(self) -> bool:
        """Whether the end was asked for, or has come."""
        return self._closing

    def close(self) -> None:
        """End both directions behind all that was written; hand nothing over any more."""
        if self._closing:
            return
        self._closing = True
        self._socket.unwatch_reads()
        self._note("close")
        if not self._buffer:
            self._conn_lost = True
            self._socket.unwatch_writes()
            self._soon_lost(None)

    def abort(self) -> None:
        """End both directions at once; what waits is dropped, and the peer sees the end."""
        self._force_close(None)

    # What heirs may do in their own way

    def _check_usable(self) -> None:
        """Fail where asyncio does on a transport that is lost; here nothing fails."""

    def _soon_lost(self, error: BaseException | None) -> None:
        """Call ``_lose`` in a later turn."""
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: BaseException | None) -> None:
        """Tell the protocol that the connection is lost, and close the socket."""
        try:
            self._protocol.connection_lost(error)
        finally:
            self._socket.close()

    # What the socket reports

    def _watch_reads(self) -> None:
        """Read from now on, unless that is not wanted."""
        if self.is_reading():
            self._socket.watch_reads()

    def _read_ready(self, size: int) -> None:
        """Hand over what has come: up to ``size`` bytes, the end of the stream, or an error."""
        place = None
        if self._is_buffered:
            place = self._get_buffer()
            if place is None:
                return
            size = min(size, len(place))
        try:
            data = self._socket.receive(size)
        except OSError as error:
            self._fail(error)
            return
        if not data:
            self._read_eof()
            return
        self._note("receive", data)
        if place is None:
            self._call("data_received", data)
        else:
            place[: len(data)] = data
            self._call("buffer_updated", len(data))

    def _get_buffer(self) -> memoryview | None:
        """Ask the protocol where to put what has come; None ends the connection."""
        try:
            place = self._protocol.get_buffer(-1)
            if not len(place):
                raise RuntimeError("get_buffer() returned an empty buffer")
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, "Fatal error: protocol.get_buffer() call failed.")
            return None
        try:
            # asyncio leaves it to the socket to find this out.
            return writable("recv_into", place)
        except TypeError as error:
            self._fail(error, "Fatal read error on socket transport")
            return None

    def _read_eof(self) -> None:
        """Tell the protocol that the stream has ended."""
        self._note("eof")
        if self._call("eof_received"):
            # The protocol goes on writing; reading is over.
            self._socket.unwatch_reads()
        else:
            self.close()

    def _write_ready(self) -> None:
        """Send what waits, now that there is room for it."""
        try:
            sent = self._socket.send(self._buffer)
        except OSError as error:
            self._fail(error)
            return
        del self._buffer[:sent]
        if self._is_writing_paused and len(self._buffer) <= self._low:
            self._is_writing_paused = False
            # It may write more, or end the connection.
            self._advise("resume_writing")
        if self._buffer:
            return
        self._socket.unwatch_writes()
        if self._closing:
            self._lose(None)
        elif self._eof:
            self._socket.shut_down()

    # What the protocol is told

    def _pause_if_full(self) -> None:
        """Tell the protocol to pause if too much waits."""
        if not self._is_writing_paused and len(self._buffer) > self._high:
            self._is_writing_paused = True
            self._advise("pause_writing")

    def _advise(self, name: str) -> None:
        """Call the protocol for the sake of flow control; its errors go to the loop."""
        try:
            getattr(self._protocol, name)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._report(error, f"protocol.{name}() failed")

    def _call(self, name: str, *arguments: object) -> Any:
        """Call the protocol; for an error of it end the connection and return None."""
        try:
            return getattr(self._protocol, name)(*arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, f"Fatal error: protocol.{name}() call failed.")
            return None

    # Details: the end

    def _fail(self, error: BaseException, message: str = "") -> None:
        """End the connection for an error; one that is no error of I/O is told to the loop."""
        if not isinstance(error, OSError):
            self._report(error, message)
        self._force_close(error)

    def _report(self, error: BaseException, message: str) -> None:
        """Tell the loop about an error of the protocol."""
        told: dict[str, Any] = {"message": message, "exception": error}
        told |= {"transport": self, "protocol": self._protocol}
        self._loop.call_exception_handler(told)

    def _force_close(self, error: BaseException | None) -> None:
        """End both directions at once; asyncio's TLS calls it too."""
        if self._conn_lost:
            return
        self._buffer.clear()
        self._closing = self._conn_lost = True
        self._check_usable()
        self._socket.unwatch_reads()
        self._socket.unwatch_writes()
        self._soon_lost(error)
