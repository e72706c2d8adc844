"""FrameReader: cuts the byte stream of mcws/1 into frames, whatever their order means.

Source: WIRE 1.
"""

from __future__ import annotations

from struct import Struct
from types import FunctionType
from typing import Final

from ._errors import FrameTooLong, IncompleteFrame, RemoteProtocolError
from ._events import Received, RequestFrame
from ._frames import HEADER_BYTES, LENGTH_BYTES, MESSAGE, REQUEST, TEXT, decode_frame

# Type and flags as the one number that `_peek` reads: one comparison tells the common frames.
PLAIN_MESSAGE: Final = MESSAGE << 8
TEXT_MESSAGE: Final = MESSAGE << 8 | TEXT
PLAIN_REQUEST: Final = REQUEST << 8
# The least `len` of a REQUEST: type, flags and its two fixed fields.
REQUEST_BYTES: Final = 10
# Bytes from which an incomplete frame is kept in parts, so that no byte is copied twice.
PARTS_FROM: Final = 4096
# Bytes of two neighbouring parts below which they are joined at once: a part costs 40 bytes more
# than it holds, and a frame that trickles in must not cost many times what arrived.
JOINED_BELOW: Final = 512

peek: Final = Struct(">IH").unpack_from
peek_request: Final = Struct(">II").unpack_from
_peek_length: Final = Struct(">I").unpack_from


def peek_compiled(data: bytes, at: int) -> tuple[int, int]:
    """Return what ``peek`` does: faster when compiled, and three times slower when not."""
    length = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
    return length, data[at + 4] << 8 | data[at + 5]


# What is compiled is no function of Python's own.
IS_COMPILED: Final = not isinstance(peek_compiled, FunctionType)


class LongFrame:
    """The beginning of a frame whose end is far, in parts.

    Attributes:
        size: bytes that are here.
    """

    __slots__ = ("_missing", "_parts", "size")

    def __init__(self, rest: bytes, whole: int) -> None:
        self._parts = [rest]
        self.size = len(rest)
        self._missing = whole - len(rest)

    def add(self, data: bytes) -> bytes:
        """Take more; return all there is once that is the whole frame, nothing before."""
        if len(data) < JOINED_BELOW and len(self._parts[-1]) < JOINED_BELOW:
            self._parts[-1] += data
        else:
            self._parts.append(data)
        self.size += len(data)
        self._missing -= len(data)
        # Nothing is looked at before all is there, so a trickle costs linear time.
        return b"" if self._missing > 0 else b"".join(self._parts)


class FrameReader:
    """The bytes of one stream that are no whole frame yet.

    Attributes:
        limit: the largest ``len`` that is accepted, in bytes.
        fault: what was wrong behind the frames that were returned last; nothing is read after it.
        others: whether the last call found anything but plain messages.
        skips: whether frames of unknown optional types are skipped; before the opening is over,
            a server refuses them.
    """

    __slots__ = ("_long", "_tail", "fault", "limit", "others", "skips")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.fault: RemoteProtocolError | None = None
        self.others = False
        self.skips = True
        self._tail = b""
        # Made for a frame that needs it: most are whole when they are looked at.
        self._long: LongFrame | None = None

    @property
    def buffered(self) -> int:
        """Bytes held of a frame that is not whole."""
        return len(self._tail) if self._long is None else self._long.size

    def feed(self, data: bytes) -> list[Received]:
        """Return every frame completed by ``data``: plain messages as their payload."""
        found: list[Received] = []
        self.others = False
        if self.fault is not None:
            return found
        if self._tail or self._long is not None:
            data = self._joined(data)
        try:
            at = self._scan(data, found)
        # The frames before it stay in `found`; the fault is told behind them.
        except UnicodeDecodeError:
            self.fault = RemoteProtocolError("text in MESSAGE is not UTF-8", 1007)
        except RemoteProtocolError as error:
            self.fault = error
        else:
            if at < len(data):
                self._hold(data[at:])
        return found

    def eof(self) -> None:
        """Note that the stream is over.

        Raises:
            IncompleteFrame: it ended inside a frame.
        """
        if self.buffered:
            raise IncompleteFrame(self.buffered)

    def _scan(self, data: bytes, found: list[Received]) -> int:
        """Append the whole frames of ``data`` to ``found``; return where the rest begins."""
        at = 0
        size = len(data)
        limit = self.limit
        is_compiled = IS_COMPILED
        # Declared, since `struct` tells no types, and compiled numbers of a known one are fast.
        length: int
        head: int
        correlation_id: int
        timeout_ms: int
        while size - at >= HEADER_BYTES:
            length, head = peek_compiled(data, at) if is_compiled else peek(data, at)
            # `_hold` says what is wrong with it; the good frames before it are safe in `found`.
            if not 2 <= length <= limit:
                break
            end = at + LENGTH_BYTES + length
            if end > size:
                break
            if head == PLAIN_MESSAGE:
                found.append(data[at + HEADER_BYTES : end])
            elif head == TEXT_MESSAGE:
                found.append(str(data[at + HEADER_BYTES : end], "utf-8"))
            elif head == PLAIN_REQUEST and length >= REQUEST_BYTES:
                correlation_id, timeout_ms = peek_request(data, at + HEADER_BYTES)
                payload = data[at + LENGTH_BYTES + REQUEST_BYTES : end]
                found.append(RequestFrame(correlation_id, payload, timeout_ms))
                self.others = True
            else:
                self._decode(head, data[at + HEADER_BYTES : end], found)
            at = end
        return at

    def _joined(self, data: bytes) -> bytes:
        """Return ``data`` behind what is held; nothing while a long frame is not whole."""
        if self._long is None:
            # Shorter than 4 KiB, so a copy for each piece is cheap.
            tail, self._tail = self._tail, b""
            return tail + data
        whole = self._long.add(data)
        if whole:
            self._long = None
        return whole

    def _decode(self, head: int, body: bytes, found: list[Received]) -> None:
        frame = decode_frame(head >> 8, head & 0xFF, body)
        if frame is not None:
            self.others = True
            found.append(frame)
        elif not self.skips:
            raise RemoteProtocolError(f"unknown frame type 0x{head >> 8:02x} in the opening")

    def _hold(self, rest: bytes) -> None:
        """Keep the beginning of a frame, unless its length already says that it is refused."""
        # As soon as these four are known; nothing of a body that is refused is kept (WIRE 1).
        if len(rest) >= LENGTH_BYTES:
            (length,) = _peek_length(rest)
            if length > self.limit:
                self.fault = FrameTooLong(length, self.limit)
                return
            if length < 2:
                self.fault = RemoteProtocolError(f"frame of length {length}, at least 2 is needed")
                return
            if length >= PARTS_FROM:
                self._long = LongFrame(rest, LENGTH_BYTES + length)
                return
        self._tail = rest
