"""Length prefixes: framings in which a header says how long its frame is.

::

    LengthPrefixed(2)   │ 00 05 │ h e l l o │
    Varint()            │ 05 │ h e l l o │        │ AC 02 │ 300 bytes │
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from mcws_protocol._errors import (
    CorruptFrame,
    FrameTooLong,
    LocalProtocolError,
    MessageTooLong,
)
from mcws_protocol._framing import PIECE_BYTES, FramingDefaults, HoldingDecoder, check_integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcws_protocol._errors import RemoteProtocolError
    from mcws_protocol._framing import FrameDecoder

# Which byte of a number comes first: the highest (`"big"`) or the lowest.
ByteOrder = Literal["big", "little"]

# Bytes of the widest length field; so that any length is below 2**64.
FIELD_BYTES_MAX: Final = 8

# Bytes of the longest varint: seven bits each, for 64 bits.
VARINT_BYTES_MAX: Final = 10

# The widths that `struct` reads without a slice.
_FORMATS: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True)
class LengthPrefixed(FramingDefaults):
    """Frames with a length field of fixed width, described as in Netty and tokio-util.

    ::

        │ offset bytes │ length field │ rest                       │
        └──────── header ─────────────┘
        └──────────────── header + value + adjustment ─────────────┘
        └── strip bytes ──┘ payload ───────────────────────────────┘

    The field is unsigned. It counts what follows it unless ``adjustment`` says otherwise:
    ``adjustment=-(offset + length_bytes)`` is for a field that counts the whole frame. The payload
    is the frame without its first ``strip`` bytes, so it begins with a part of the header if
    ``strip`` is below ``offset + length_bytes``. The limit counts the payload.

    Where stripped bytes could not be written again the framing only decodes: ``strip`` above 0
    with an ``offset``, or above the length field. Otherwise it carries a payload if the field that
    belongs to its length exists and equals the bytes of the field that the payload contains.

    A frame that would end inside its header or its stripped bytes is ``CorruptFrame``.

    Attributes:
        length_bytes: bytes of the length field, 1 to 8.
        byte_order: ``"big"`` or ``"little"``.
        offset: bytes before the length field, 0 or more.
        adjustment: bytes to add to the value of the field, to get what follows the field. Some
            value of the field must make a frame.
        strip: bytes to take off the front, 0 or more; by default the header.

    Raises:
        TypeError: a number is not an ``int``.
        ValueError: an argument is outside of its bounds.

    Source: the documentation of Netty's ``LengthFieldBasedFrameDecoder``, with the same meanings.
    In tokio-util the adjusted value counts from the end of what is stripped: its
    ``length_adjustment`` plus ``num_skip`` minus header is ``adjustment``.
    """

    length_bytes: int = 4
    _: KW_ONLY
    byte_order: ByteOrder = "big"
    offset: int = 0
    adjustment: int = 0
    # Compared as `_strip`: the default and its value written out are the same framing.
    strip: int | None = field(default=None, compare=False)
    _strip: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_integer("length_bytes", self.length_bytes, 1, FIELD_BYTES_MAX)
        if self.byte_order not in ("big", "little"):
            raise ValueError(f"byte_order must be 'big' or 'little', not {self.byte_order!r}")
        check_integer("offset", self.offset, 0)
        header = self.offset + self.length_bytes
        strip = header if self.strip is None else self.strip
        check_integer("strip", strip, 0)
        # Below it, even the largest value makes a frame that ends inside what is stripped.
        least = max(strip - header, 0) - ((1 << 8 * self.length_bytes) - 1)
        check_integer("adjustment", self.adjustment, least)
        object.__setattr__(self, "_strip", strip)

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of ``payload``: behind its length field, or as much of it as is missing.

        Raises:
            MessageTooLong: the field cannot express the length of ``payload``.
            LocalProtocolError: the framing only decodes, or ``payload`` is too short or begins
                with another header than its own.
        """
        return self._field(payload)[: self._strip] + payload

    def check(self, payload: bytes) -> None:
        """Refuse what ``encode`` refuses.

        Raises:
            MessageTooLong: the field cannot express the length of ``payload``.
            LocalProtocolError: the framing only decodes, or ``payload`` is too short or begins
                with another header than its own.
        """
        self._field(payload)

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for payloads of 0 to ``frame_bytes_max`` bytes."""
        return _LengthPrefixedDecoder(self, self._strip, frame_bytes_max)

    def _field(self, payload: bytes) -> bytes:
        """Return the length field of the frame that carries ``payload``."""
        strip, width = self._strip, self.length_bytes
        if strip and (self.offset or strip > width):
            raise LocalProtocolError(
                f"this framing only decodes: the {strip} bytes that it strips are lost"
            )
        header = self.offset + width
        value = strip + len(payload) - header - self.adjustment
        if value < 0 or strip + len(payload) < header:
            least = max(header - strip, header - strip + self.adjustment)
            raise LocalProtocolError(
                f"payload of {len(payload)} bytes is below the least of {least} bytes"
            )
        try:
            encoded = value.to_bytes(width, self.byte_order)
        except OverflowError:
            # What is told as the limit is the longest payload that the field can express.
            excess = value - (1 << 8 * width) + 1
            raise MessageTooLong(len(payload), len(payload) - excess) from None
        # Only a header that is not stripped is part of the payload.
        if strip < width and payload[self.offset : header - strip] != encoded[strip:]:
            raise LocalProtocolError(f"payload does not contain its own length field of {value}")
        return encoded


@dataclass(frozen=True, slots=True)
class Varint(FramingDefaults):
    """Frames behind their length as a varint, as in the delimited streams of Protocol Buffers.

    ::

        │ 1vvvvvvv │ 1vvvvvvv │ 0vvvvvvv │ payload │      lowest seven bits first

    Carries every payload. The limit counts the payload and is compared as soon as the last byte of
    the varint has arrived. A varint that is longer than its value needs, that has more than ten
    bytes or exceeds 64 bits is ``CorruptFrame``.

    Source: Protocol Buffers, "Encoding", section "Base 128 Varints".
    """

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload`` behind its length; it cannot fail."""
        rest = len(payload)
        if rest < 0x80:
            return _VARINTS[rest] + payload
        prefix = bytearray()
        while rest >= 0x80:
            prefix.append(rest & 0x7F | 0x80)
            rest >>= 7
        prefix.append(rest)
        return bytes(prefix) + payload

    def check(self, payload: bytes) -> None:
        """Do nothing: every payload can be carried."""

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for payloads of 0 to ``frame_bytes_max`` bytes."""
        return _VarintDecoder(frame_bytes_max)


_VARINTS: Final = [bytes([value]) for value in range(0x80)]


class _PrefixedDecoder(HoldingDecoder, ABC):
    """What both decoders share: a frame that waits, first for its header and then for its end.

    ``_total`` is 0 while the header or what is stripped is not complete, then the bytes of the
    whole frame. Until then the raw bytes wait for ``_wanted`` of them; from then on only payload
    waits, so that nothing is taken off a long frame after it was joined.
    """

    __slots__ = ("_header", "_strip", "_total", "_wanted")

    def __init__(self, header: int, strip: int, frame_bytes_max: int) -> None:
        super().__init__(frame_bytes_max)
        self._header = header
        self._strip = strip
        self._total = 0
        self._wanted = header

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        size = len(data)
        received = self.buffered + size
        # Before the fault is looked at, which is safe: a fault sets `_total` to 0.
        if received < self._total:
            # A piece of a long frame: all that is done for it is on these lines.
            self.buffered = received
            if size >= PIECE_BYTES:
                self._parts.append(data)
            else:
                self._hold(data)
            return []
        if self.fault is not None:
            raise self.fault
        found: list[bytes] = []
        position = 0
        if self._total:
            # `_take` gives the payload itself, since its header was taken off when it was kept.
            position = self._total - self.buffered
            self._total = 0
            found.append(self._take(data[:position]))
        elif self.buffered:
            if received < self._wanted:
                self.buffered = received
                self._hold(data)
                return found
            # Only a header or what is stripped waits; a varint is tried again with each piece.
            data = self._take(data)
        if position < len(data):
            self._scan(data, position, found)
        return found

    def _fail(self, fault: RemoteProtocolError) -> None:
        """Keep ``fault`` for the next call and let go of the frame that waits."""
        super()._fail(fault)
        self._total = 0

    def _keep(self, data: bytes, position: int, total: int) -> None:
        """Keep the beginning of a frame, which has ``total`` bytes if its header is complete."""
        self.buffered = len(data) - position
        self._wanted = self._header
        if total and self.buffered < self._strip:
            self._wanted = self._strip
        elif total:
            self._total = total
            position += self._strip
        self._hold(data[position:])

    @abstractmethod
    def _scan(self, data: bytes, position: int, found: list[bytes]) -> None:
        """Add the payloads in ``data`` from ``position`` on and keep the rest."""
        ...


class _LengthPrefixedDecoder(_PrefixedDecoder):
    """Reads length fields of a fixed width."""

    __slots__ = ("_base", "_offset", "_read")

    def __init__(self, framing: LengthPrefixed, strip: int, frame_bytes_max: int) -> None:
        super().__init__(framing.offset + framing.length_bytes, strip, frame_bytes_max)
        self._offset = framing.offset
        self._base = self._header + framing.adjustment
        self._read = _READERS[framing.length_bytes, framing.byte_order]

    def _scan(self, data: bytes, position: int, found: list[bytes]) -> None:
        """Add the payloads in ``data`` from ``position`` on and keep the rest."""
        read, offset, base, strip = self._read, self._offset, self._base, self._strip
        least, most = max(self._header, strip), self._limit + strip
        end, total = len(data), 0
        last = end - self._header
        while position <= last:
            total = read(data, position + offset)[0] + base
            # From the header alone: nothing of the body is looked at, or waited for (FAULTS 1, 2).
            if not least <= total <= most:
                self._refuse(total, least)
                return
            stop = position + total
            if stop > end:
                break
            found.append(data[position + strip : stop])
            position = stop
            # Behind the loop it is 0 unless the header of the last frame is complete.
            total = 0
        if position < end:
            self._keep(data, position, total)

    def _refuse(self, total: int, least: int) -> None:
        """Fail for a frame of ``total`` bytes."""
        if total >= least:
            self._fail(FrameTooLong(total - self._strip, self._limit))
            return
        value = total - self._base
        self._fail(
            CorruptFrame(f"length field of {value} makes {total} bytes, expected {least} or more")
        )


class _VarintDecoder(_PrefixedDecoder):
    """Reads varints."""

    __slots__ = ()

    def __init__(self, frame_bytes_max: int) -> None:
        super().__init__(1, 0, frame_bytes_max)

    def _scan(self, data: bytes, position: int, found: list[bytes]) -> None:
        """Add the payloads in ``data`` from ``position`` on and keep the rest."""
        limit, end = self._limit, len(data)
        while position < end:
            size, start = data[position], position + 1
            if size >= 0x80:
                try:
                    size, start = _read_varint(data, position)
                except CorruptFrame as fault:
                    self._fail(fault)
                    return
            if size > limit:
                self._fail(FrameTooLong(size, limit))
                return
            stop = start + size
            if stop > end or start == position:
                # As long as the varint is, which differs from frame to frame.
                self._strip = start - position
                self._keep(data, position, stop - position)
                return
            found.append(data[start:stop])
            position = stop


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the varint at ``position`` and where it ends.

    Returns 0 and ``position`` while its last byte is missing.

    Raises:
        CorruptFrame: it has more bytes than its value needs, or more than 64 bits.
    """
    value = 0
    for index, byte in enumerate(data[position : position + VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            # Never the first byte: of a varint that ends at once nobody asks here.
            if byte == 0:
                raise CorruptFrame(f"varint of {index + 1} bytes is longer than its value needs")
            # Ten bytes have room for 70 bits.
            if value >> 64:
                raise CorruptFrame("varint exceeds 64 bits")
            return value, position + index + 1
    if len(data) - position >= VARINT_BYTES_MAX:
        raise CorruptFrame(f"varint does not end within {VARINT_BYTES_MAX} bytes")
    return 0, position


def _reader(width: int, byte_order: ByteOrder) -> Callable[[bytes, int], tuple[int]]:
    """Return what reads a length field: the value as a tuple of one, as ``struct`` gives it."""
    if width in _FORMATS:
        prefix = ">" if byte_order == "big" else "<"
        return struct.Struct(prefix + _FORMATS[width]).unpack_from

    def read(data: bytes, at: int) -> tuple[int]:
        # 3, 5, 6 and 7 bytes: `struct` has no format for them.
        return (int.from_bytes(data[at : at + width], byte_order),)

    return read


_READERS: Final = {
    (width, byte_order): _reader(width, byte_order)
    for width in range(1, FIELD_BYTES_MAX + 1)
    for byte_order in ("big", "little")
}
