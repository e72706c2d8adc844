"""CableTransport: asyncio's transport of one end of a cable.

It does what the socket transport of asyncio does, call by call, with the plug in the place of the
socket: bytes, ends and errors reach a protocol in the order and with the types that they have on a
real connection.

Source: ``asyncio.selector_events._SelectorSocketTransport``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from ._cable import Cable

READ_BYTES_MAX: Final = 256 << 10
"""Bytes of one read, as in asyncio."""
HIGH_WATER: Final = 64 << 10
"""Bytes above which a protocol is told to pause writing, as in asyncio."""

AnyCable: TypeAlias = Cable[Any]
Bytes: TypeAlias = "bytes | bytearray | memoryview[Any]"


class CableTransport(asyncio.Transport):
    """One end of a cable, for an asyncio protocol, on the loop that runs.

    ``get_extra_info`` knows ``peername``, ``sockname`` and ``cable``.
    """

    # Asked for by `loop.start_tls`.
    _start_tls_compatible: Final = True

    def __init__(self, cable: AnyCable, name: str, protocol: asyncio.BaseProtocol) -> None:
        host, peer = ("192.0.2.1", 50001), ("192.0.2.2", 50002)
        # Addresses that are reserved for examples: nobody is there.
        here, there = (host, peer) if name == cable.names[0] else (peer, host)
        super().__init__({"cable": cable, "sockname": here, "peername": there})
        self._loop = asyncio.get_running_loop()
        self._name = name
        self._plug = cable.plug(name)
        self._plug.changed = self._look
        self._buffer = bytearray()
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        # Whether what arrives is looked at, and whether room to write is.
        self._reads = False
        self._writes = False
        self._is_scheduled = False
        self._is_paused = False
        self._is_writing_paused = False
        self._ends = False
        self._is_closing = False
        self._is_lost = False
        self.set_protocol(protocol)

    def start(self) -> None:
        """Tell the protocol of its transport, and begin to read."""
        self._protocol.connection_made(self)
        if self.is_reading():
            self._reads = True
            self._look()

    # The protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol from now on."""
        self._protocol: Any = protocol
        is_buffered = isinstance(protocol, asyncio.BufferedProtocol)
        self._read: Callable[[], None] = self._read_into if is_buffered else self._read_bytes

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    # Reading

    def is_reading(self) -> bool:
        """Whether what arrives is handed over."""
        return not (self._is_closing or self._is_paused)

    def pause_reading(self) -> None:
        """Hand nothing over."""
        if self.is_reading():
            self._is_paused = True
            self._reads = False

    def resume_reading(self) -> None:
        """Hand over again; an end of the stream that was told is told again, as by asyncio."""
        if not self._is_closing and self._is_paused:
            self._is_paused = False
            self._reads = True
            self._look()

    # Writing

    def write(self, data: Bytes) -> None:
        """Send ``data``, and keep what there is no room for.

        Raises:
            TypeError: it is not bytes.
            RuntimeError: this direction was ended.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be bytes-like, not {type(data).__name__}")
        if self._ends:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._is_lost:
            return
        rest = memoryview(data).cast("B")
        if not self._buffer:
            try:
                rest = rest[self._plug.send(rest) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self._fail(error, "Fatal write error on socket transport")
                return
            if not rest:
                return
            self._writes = True
        self._buffer += rest
        self._watch_high()

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        """Send parts."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """One direction can end alone."""
        return True

    def write_eof(self) -> None:
        """End this direction behind all that was written."""
        if not (self._is_closing or self._ends):
            self._ends = True
            if not self._buffer:
                self._plug.end()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the line has not taken yet."""
        return len(self._buffer)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the marks at which writing resumes and pauses."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks at which writing pauses and resumes.

        Raises:
            ValueError: not ``high >= low >= 0``.
        """
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low
        self._watch_high()

    # Ending

    def is_closing(self) -> bool:
        """Whether the end was asked for, or has come."""
        return self._is_closing

    def close(self) -> None:
        """End both directions behind all that was written; hand nothing over any more."""
        if self._is_closing:
            return
        self._is_closing = True
        self._reads = False
        if not self._buffer:
            self._is_lost = True
            self._writes = False
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """End both directions at once; what waits to be sent is dropped."""
        self._force_close(None)

    def __repr__(self) -> str:
        state = "closing" if self._is_closing else "open"
        return f"<CableTransport {self._name} {state}>"

    # Details: what the line has

    def _look(self) -> None:
        """Have a turn of the loop look after the plug, if it has something to say."""
        ready = (self._reads and self._plug.is_readable) or (
            self._writes and self._plug.is_writable
        )
        if ready and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        if self._reads and self._plug.is_readable:
            self._read()
        if self._writes and self._plug.is_writable:
            self._write_more()
        self._look()

    def _read_bytes(self) -> None:
        data = self._receive(READ_BYTES_MAX)
        if data:
            self._call("data_received", data)
        elif data is not None:
            self._end_reading()

    def _read_into(self) -> None:
        buffer = self._call("get_buffer", -1)
        if buffer is None:
            return
        if not len(buffer):
            problem = RuntimeError("get_buffer() returned an empty buffer")
            self._fail(problem, "Fatal error: protocol.get_buffer() call failed.")
            return
        data = self._receive(len(buffer))
        if data:
            memoryview(buffer)[: len(data)] = data
            self._call("buffer_updated", len(data))
        elif data is not None:
            self._end_reading()

    def _receive(self, size: int) -> bytes | None:
        """Return what has arrived, nothing at the end of the stream, None for an error."""
        try:
            return self._plug.receive(size)
        except OSError as error:
            self._fail(error, "Fatal read error on socket transport")
            return None

    def _end_reading(self) -> None:
        if self._call("eof_received"):
            # The protocol goes on writing; reading is over.
            self._reads = False
        else:
            self.close()

    def _write_more(self) -> None:
        try:
            with memoryview(self._buffer) as data:
                sent = self._plug.send(data)
        except OSError as error:
            self._writes = False
            self._buffer.clear()
            self._fail(error, "Fatal write error on socket transport")
            return
        del self._buffer[:sent]
        if self._is_writing_paused and len(self._buffer) <= self._low:
            self._is_writing_paused = False
            self._tell("resume_writing")
        if not self._buffer:
            self._writes = False
            if self._is_closing:
                self._lose(None)
            elif self._ends:
                self._plug.end()

    # Details: what the protocol hears

    def _watch_high(self) -> None:
        if len(self._buffer) > self._high and not self._is_writing_paused:
            self._is_writing_paused = True
            self._tell("pause_writing")

    def _call(self, name: str, *arguments: object) -> Any:
        """Call the protocol; what it raises ends the connection."""
        try:
            return getattr(self._protocol, name)(*arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, f"Fatal error: protocol.{name}() call failed.")
            return None

    def _tell(self, name: str) -> None:
        """Call the protocol; what it raises is only reported."""
        try:
            getattr(self._protocol, name)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._report(error, f"protocol.{name}() failed")

    def _fail(self, error: BaseException, message: str) -> None:
        # What a network does is no mistake of the program.
        if not isinstance(error, OSError):
            self._report(error, message)
        self._force_close(error)

    def _report(self, error: BaseException, message: str) -> None:
        self._loop.call_exception_handler(
            {
                "message": message,
                "exception": error,
                "transport": self,
                "protocol": self._protocol,
            }
        )

    def _force_close(self, error: BaseException | None) -> None:
        """End both directions at once; asyncio's TLS calls it too."""
        if self._is_lost:
            return
        self._buffer.clear()
        self._writes = self._reads = False
        self._is_closing = self._is_lost = True
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: BaseException | None) -> None:
        self._is_lost = True
        try:
            self._protocol.connection_lost(error)
        finally:
            self._plug.close()
