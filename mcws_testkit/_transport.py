"""SimTransport: what a program has of one end of a simulated connection."""

from __future__ import annotations

import asyncio
from asyncio import sslproto
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import Any, Final

from ._kernel import KernelSocket
from ._process import current_process

HIGH: Final = 64 << 10
"""Bytes in the buffer above which the protocol is told to pause, as in asyncio."""


class SimTransport(asyncio.Transport):
    """One end of a connection, as ``asyncio.selector_events`` makes it of a socket.

    It follows the original also where that surprises: what is written after ``close`` is still
    sent while older data waits, ``abort`` ends the stream instead of resetting it, and after
    ``pause_reading`` and ``resume_reading`` the end of a stream is told a second time.

    Attributes:
        kernel: the socket below.
        is_lost: whether ``connection_lost`` was called, or never will be.
        on_lost: called once it is lost.
    """

    # What ``loop.start_tls`` asks a transport of asyncio.
    _start_tls_compatible = True

    def __init__(self, kernel: KernelSocket, extra: dict[str, Any]) -> None:
        super().__init__(extra)
        self.kernel = kernel
        self.is_lost: bool = False
        self.on_lost: Callable[[], None] = lambda: None
        self._line = kernel.line
        self._protocol: Any = None
        self._is_buffered = False
        self._buffer = bytearray()
        self._high, self._low = HIGH, HIGH // 4
        # Named as in asyncio, whose rules are about them.
        self._conn_lost = False
        self._closing = False
        self._eof = False
        self._is_paused = False
        self._is_writing_paused = False

    def start(self, protocol: Any, then: Callable[[], None] = lambda: None) -> None:
        """Tell ``protocol`` soon that its connection is made, then read, then call ``then``."""
        self.set_protocol(protocol)
        self.kernel.poll(self)
        # Three callbacks, as in asyncio: if the first one raises, the others still run.
        for step in (lambda: protocol.connection_made(self), self._watch_reads, then):
            self._line.agenda.soon(step, context=self.kernel.context.copy())

    # What programs call: reading

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give all that comes to another protocol."""
        self._protocol = protocol
        self._is_buffered = isinstance(protocol, asyncio.BufferedProtocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who gets all that comes; None once the connection is lost, as in asyncio."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def is_reading(self) -> bool:
        """Whether what comes is handed over."""
        return not self._closing and not self._is_paused

    def pause_reading(self) -> None:
        """Hand nothing over."""
        if self.is_reading():
            self._is_paused = True
            self.kernel.unwatch_reads()
            self._line.tell("pause", self.kernel.end)

    def resume_reading(self) -> None:
        """Hand over again; the end of the stream too, even if it was told before."""
        if self._closing or not self._is_paused:
            return
        self._is_paused = False
        self._line.tell("resume", self.kernel.end)
        self._watch_reads()

    # What programs call: writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send ``data`` on its way, or keep what the window has no room for.

        Raises:
            RuntimeError: the stream was ended before.
            TypeError: it is not bytes-like.
        """
        # Callers without a type checker get the same answer as from asyncio.
        given: object = data
        if not isinstance(given, bytes | bytearray | memoryview):
            kind = type(given).__name__
            raise TypeError(f"data argument must be a bytes-like object, not {kind!r}")
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._conn_lost:
            return
        self._check_not_flushed()
        # A copy at once: what asyncio keeps is not to be changed by the caller either.
        waiting = bytes(data)
        self._line.tell("write", self.kernel.end, waiting)
        if not self._buffer:
            try:
                sent = self.kernel.send(waiting)
            except OSError as error:
                self._fail(error)
                return
            if sent == len(waiting):
                return
            waiting = waiting[sent:]
            self.kernel.watch_writes()
        self._buffer += waiting
        self._maybe_pause_protocol()

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
        self._line.tell("write_eof", self.kernel.end)
        if not self._buffer:
            self.kernel.shut_down()

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
        self._maybe_pause_protocol()

    # What programs call: the end

    def is_closing(self) -> bool:
        """Whether the end was asked for, or has come."""
        return self._closing

    def close(self) -> None:
        """End both directions behind all that was written."""
        if self._closing:
            return
        self._closing = True
        self.kernel.unwatch_reads()
        self._line.tell("close", self.kernel.end)
        if not self._buffer:
            self._conn_lost = True
            self._soon_lost(None)

    def abort(self) -> None:
        """End both directions at once; the other end sees the end of the stream."""
        if not self.is_lost:
            self._line.tell("abort", self.kernel.end)
        self._force_close(None)

    # What happens to its process and its host

    def kill(self) -> None:
        """Let the kernel end the connection of a process that is gone."""
        self._end_silently()
        self.kernel.close()

    def reject(self) -> None:
        """Let the kernel reset a connection that no program took."""
        self._end_silently()
        self.kernel.reject()

    def vanish(self) -> None:
        """Lose power: nobody is told."""
        self._end_silently()
        self.kernel.vanish()

    def _end_silently(self) -> None:
        """Do nothing any more, and tell nobody."""
        self._conn_lost = self._closing = self.is_lost = True
        self._buffer.clear()
        if isinstance(self._protocol, sslproto.SSLProtocol):
            # Or it warns of an unclosed transport once it is garbage. In the context of its own
            # process, so that the program hears nothing of it.
            self.kernel.context.copy().run(self._protocol.connection_lost, None)
        self.on_lost()

    # What a selector calls

    def read_ready(self, size: int) -> None:
        """Hand over what has come: up to ``size`` bytes, the end of the stream, or an error."""
        protocol, place = self._protocol, None
        if self._is_buffered:
            place = self._guarded("get_buffer", self._get_buffer)
            if place is None:
                return
            size = min(size, len(place))
        try:
            data = self.kernel.receive(size)
        except OSError as error:
            self._fail(error)
            return
        if not data:
            self._read_eof()
            return
        self._line.tell("receive", self.kernel.end, data)
        if place is None:
            self._guarded("data_received", lambda: protocol.data_received(data))
        else:
            place[: len(data)] = data
            self._guarded("buffer_updated", lambda: protocol.buffer_updated(len(data)))

    def write_ready(self) -> None:
        """Send what waits, now that there is room for it."""
        try:
            sent = self.kernel.send(self._buffer)
        except OSError as error:
            self._fail(error)
            return
        del self._buffer[:sent]
        # It may write more, or end the connection.
        self._maybe_resume_protocol()
        if self._buffer:
            return
        self.kernel.unwatch_writes()
        if self._closing:
            self._lose(None)
        elif self._eof:
            self.kernel.shut_down()

    def _watch_reads(self) -> None:
        """Read from now on, unless that is not wanted."""
        if self.is_reading():
            self.kernel.watch_reads()

    def _get_buffer(self) -> memoryview:
        """Ask the protocol where to put what has come."""
        place = memoryview(self._protocol.get_buffer(-1)).cast("B")
        if not len(place):
            raise RuntimeError("get_buffer() returned an empty buffer")
        return place

    def _read_eof(self) -> None:
        """Tell the protocol that the stream has ended."""
        self._line.tell("eof", self.kernel.end)
        protocol = self._protocol
        answer = self._guarded("eof_received", lambda: [protocol.eof_received()])
        if answer is None:
            return
        if answer[0]:
            self.kernel.unwatch_reads()
        else:
            self.close()

    # Details: flow control

    def _maybe_pause_protocol(self) -> None:
        """Tell the protocol to pause if too much waits."""
        if not self._is_writing_paused and len(self._buffer) > self._high:
            self._is_writing_paused = True
            self._call("pause_writing")

    def _maybe_resume_protocol(self) -> None:
        """Tell the protocol to resume if little waits."""
        if self._is_writing_paused and len(self._buffer) <= self._low:
            self._is_writing_paused = False
            self._call("resume_writing")

    def _call(self, name: str) -> None:
        """Call the protocol for the sake of flow control; its errors go to the loop."""
        try:
            getattr(self._protocol, name)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._report(error, f"protocol.{name}() failed")

    # Details: the end

    def _guarded(self, name: str, call: Callable[[], Any]) -> Any:
        """Call the protocol; for an error of it end the connection and return None."""
        try:
            return call()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, f"Fatal error: protocol.{name}() call failed.")
            return None

    def _fail(self, error: BaseException, message: str = "") -> None:
        """End the connection for an error; one that is no error of I/O is told to the loop."""
        if not isinstance(error, OSError):
            self._report(error, message)
        self._force_close(error)

    def _report(self, error: BaseException, message: str) -> None:
        """Tell the loop about an error of the protocol."""
        asyncio.get_running_loop().call_exception_handler(
            {
                "message": message,
                "exception": error,
                "transport": self,
                "protocol": self._protocol,
            }
        )

    def _force_close(self, error: BaseException | None) -> None:
        """End both directions at once."""
        if self._conn_lost:
            return
        self._buffer.clear()
        self._closing = self._conn_lost = True
        self._check_not_flushed()
        self.kernel.unwatch_reads()
        self.kernel.unwatch_writes()
        self._soon_lost(error)

    def _check_not_flushed(self) -> None:
        """Fail as asyncio does on a transport that has sent what it had to after ``close``.

        Raises:
            AttributeError: it has, and is lost since.
        """
        if self.is_lost:
            raise AttributeError(f"{self!r} has no socket and no loop any more, as in asyncio")

    def _soon_lost(self, error: BaseException | None) -> None:
        """Tell the protocol in the next turn that the connection is lost."""
        context: Context = copy_context()
        own = self.kernel.context
        if context.get(current_process) is not own.get(current_process):
            # Somebody else ends it, and may be dead by then.
            context = own.copy()
        self._line.agenda.soon(self._lose, error, context=context)

    def _lose(self, error: BaseException | None) -> None:
        """Tell the protocol that the connection is lost, and close the socket."""
        if self.is_lost:
            return
        self.is_lost = True
        name = "" if error is None else type(error).__name__
        self._line.tell("lost", self.kernel.end, detail=name)
        try:
            self._protocol.connection_lost(error)
        finally:
            self._protocol = None
            self.kernel.close()
            self.on_lost()

    def __repr__(self) -> str:
        state = "lost" if self.is_lost else "closing" if self._closing else "open"
        return f"<SimTransport {self.kernel.end} of connection {self._line.number} {state}>"
