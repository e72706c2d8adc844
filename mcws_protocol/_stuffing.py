"""Byte stuffing: framings whose delimiter cannot occur inside a frame, whatever the payload.

After noise they find the next frame at the next delimiter, so they fit serial lines.

::

    Cobs()        │ code │ code - 1 bytes │ code │ code - 1 bytes │ ... │ 00 │
    Slip()   │ C0 │ payload with C0 as DB DC and DB as DB DD           │ C0 │

Neither has a checksum: noise that looks like a frame is given as a payload.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcws_protocol._errors import FrameTooLong, LocalProtocolError
from mcws_protocol._framing import FramingDefaults, HoldingDecoder, OnCorruption

if TYPE_CHECKING:
    from mcws_protocol._framing import FrameDecoder

# The byte between two frames, which COBS takes out of payloads.
COBS_END: Final = b"\x00"

# Bytes of the longest block: its code is 255, and no zero follows it.
COBS_BLOCK_BYTES: Final = 254

# The code of a block by the number of its bytes.
COBS_CODES: Final = [bytes([size + 1]) for size in range(COBS_BLOCK_BYTES + 1)]

# END, ESC, and what ESC makes of each of the two, as RFC 1055 has them.
SLIP_END: Final = b"\xc0"
SLIP_ESC: Final = b"\xdb"
SLIP_ESCAPED_END: Final = b"\xdb\xdc"
SLIP_ESCAPED_ESC: Final = b"\xdb\xdd"


class SkippingDefaults(FramingDefaults):
    """What both framings say of themselves."""

    __slots__ = ()

    on_corruption: OnCorruption = "skip"


@dataclass(frozen=True, slots=True)
class Cobs(SkippingDefaults):
    """Consistent overhead byte stuffing between zero bytes: one byte more per 254.

    ::

        payload   11 22 00 33
        frame     03 11 22 02 33 00      each code tells how far the next zero is

    Carries every payload, also the empty one (``01 00``). Zeros between frames are ignored. A
    frame that ends inside a block is dropped and counted in ``skipped`` without its zero. The
    limit counts the payload; a run of bytes without a zero that exceeds it is ``FrameTooLong``,
    noise or not.

    Source: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on
    Networking 7 (2), 1999. A code of 255 at the end of a frame need not be followed by ``01``;
    both forms are read, the short one is sent.
    """

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload`` in blocks, and a zero; it cannot fail."""
        parts: list[bytes] = []
        full = 0
        blocks = payload.split(COBS_END)
        for block in blocks:
            full = len(block) - len(block) % COBS_BLOCK_BYTES
            for at in range(0, full, COBS_BLOCK_BYTES):
                parts += (COBS_CODES[COBS_BLOCK_BYTES], block[at : at + COBS_BLOCK_BYTES])
            parts += (COBS_CODES[len(block) - full], block[full:])
        if full and full == len(blocks[-1]):
            # The last block is full and says by itself that no zero follows.
            del parts[-2:]
        parts.append(COBS_END)
        return b"".join(parts)

    def check(self, payload: bytes) -> None:
        """Do nothing: every payload can be carried."""

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for payloads of 0 to ``frame_bytes_max`` bytes."""
        return _CobsDecoder(COBS_END, frame_bytes_max)


@dataclass(frozen=True, slots=True)
class Slip(SkippingDefaults):
    """Frames as on serial IP lines, with an END at both ends.

    ::

        payload   01 C0 02 DB
        frame     C0 01 DB DC 02 DB DD C0

    The first END ends whatever noise came before, as the RFC recommends. Nothing between two ENDs
    is no frame, so the empty payload cannot be carried. A frame in which an ESC (DB) is followed
    by anything but DC or DD is dropped and counted in ``skipped`` without its END. The limit
    counts the payload; a run of bytes without an END that exceeds it is ``FrameTooLong``, noise or
    not.

    Source: RFC 1055.
    """

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload``, escaped, between two ENDs.

        Raises:
            LocalProtocolError: ``payload`` is empty.
        """
        self.check(payload)
        # ESC first: the other way round, the ESC of an escaped END would be escaped again.
        escaped = payload.replace(SLIP_ESC, SLIP_ESCAPED_ESC).replace(SLIP_END, SLIP_ESCAPED_END)
        return b"%b%b%b" % (SLIP_END, escaped, SLIP_END)

    def check(self, payload: bytes) -> None:
        """Refuse what ``encode`` refuses.

        Raises:
            LocalProtocolError: ``payload`` is empty.
        """
        if not payload:
            raise LocalProtocolError("an empty payload looks like the gap between two frames")

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for payloads of 1 to ``frame_bytes_max`` bytes."""
        return _SlipDecoder(SLIP_END, frame_bytes_max)


class _StuffedDecoder(HoldingDecoder, ABC):
    """What both decoders share: cut at the delimiter, drop what is corrupt.

    Bytes are decoded as they arrive; what waits is payload, ``_size`` bytes of it, while
    ``buffered`` counts what was received.
    """

    __slots__ = ("_end", "_size")

    def __init__(self, end: bytes, frame_bytes_max: int) -> None:
        super().__init__(frame_bytes_max)
        self._end = end
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        found: list[bytes] = []
        *ended, tail = data.split(self._end)
        for raw in ended:
            if raw and not self._absorb(raw):
                return found
            if self.buffered:
                # Bytes received and not `_size`: the empty payload of COBS has none of its own.
                self._finish(found)
        if tail:
            self._absorb(tail)
        return found

    def _absorb(self, raw: bytes) -> bool:
        """Add bytes to the frame that waits; return False if that made it too long."""
        payload = self._unstuffed(raw)
        self.buffered += len(raw)
        self._size += len(payload)
        if self._size > self._limit:
            # The size is not told: cut elsewhere, the same bytes would have shown another.
            self._fail(FrameTooLong(None, self._limit))
            return False
        if payload:
            self._hold(payload)
        return True

    def _finish(self, found: list[bytes]) -> None:
        """End the frame that waits: add its payload, or count it as dropped."""
        # Read before `_take`, which sets it to 0.
        received = self.buffered
        payload = self._take(b"")
        self._size = 0
        if self._ended_well():
            found.append(payload)
        else:
            self.skipped += received

    @abstractmethod
    def _unstuffed(self, raw: bytes) -> bytes:
        """Return the payload in ``raw``, which goes on where the last call stopped."""
        ...

    @abstractmethod
    def _ended_well(self) -> bool:
        """Return whether the frame may end here, and be ready for the next one."""
        ...


class _CobsDecoder(_StuffedDecoder):
    """Follows the codes: ``_left`` bytes of a block to come, ``_zero`` if a zero is due then."""

    __slots__ = ("_left", "_zero")

    def __init__(self, end: bytes, frame_bytes_max: int) -> None:
        super().__init__(end, frame_bytes_max)
        self._left = 0
        self._zero = False

    def _unstuffed(self, raw: bytes) -> bytes:
        """Return the payload in ``raw``; what it does not contain yet is in ``_left``."""
        at, zero, end = self._left, self._zero, len(raw)
        parts = [raw[:at]]
        while at < end:
            code = raw[at]
            # Due only if another block follows: behind the last one of a frame there is no zero.
            if zero:
                parts.append(COBS_END)
            parts.append(raw[at + 1 : at + code])
            # At least one further, since no code is 0: `feed` cut the frame out between zeros.
            at += code
            zero = code <= COBS_BLOCK_BYTES
        self._left, self._zero = at - end, zero
        return b"".join(parts)

    def _ended_well(self) -> bool:
        """Return whether the last block was complete."""
        complete = self._left == 0
        self._left, self._zero = 0, False
        return complete


class _SlipDecoder(_StuffedDecoder):
    """Takes escapes off: ``_escape`` if an ESC waits for its second byte."""

    __slots__ = ("_broken", "_escape")

    def __init__(self, end: bytes, frame_bytes_max: int) -> None:
        super().__init__(end, frame_bytes_max)
        self._broken = False
        self._escape = False

    def _unstuffed(self, raw: bytes) -> bytes:
        """Return the payload in ``raw``, or as many other bytes if it is corrupt."""
        if self._escape:
            raw = SLIP_ESC + raw
            self._escape = False
        if SLIP_ESC not in raw:
            return raw
        # Its second byte is in the next piece.
        if raw.endswith(SLIP_ESC):
            self._escape = True
            raw = raw[:-1]
        # ESC is never the second byte of a pair, so as many pairs as ESCs means one for each.
        escapes = raw.count(SLIP_ESCAPED_END) + raw.count(SLIP_ESCAPED_ESC)
        if escapes != raw.count(SLIP_ESC):
            self._broken = True
            # As long as the payload would be, so that the limit does not depend on the cuts.
            return raw.replace(SLIP_ESC, b"")
        # END first: the other way round, an unescaped ESC could begin a new escape.
        return raw.replace(SLIP_ESCAPED_END, SLIP_END).replace(SLIP_ESCAPED_ESC, SLIP_ESC)

    def _ended_well(self) -> bool:
        """Return whether every ESC had its second byte."""
        whole = not (self._broken or self._escape)
        self._broken = self._escape = False
        return whole
