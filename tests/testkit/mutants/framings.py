"""Framings with one bug each, beside those without.

They are written as strangers write them: nothing here inherits from mcws.
"""

from __future__ import annotations

import struct
from typing import ClassVar, Literal

from mcws_protocol import (
    CorruptFrame,
    FrameDecoder,
    FrameTooLong,
    IncompleteFrame,
    LocalProtocolError,
    RemoteProtocolError,
)

HEADER_BYTES = 4
LONGEST = (1 << 32) - 1


# A length of four bytes


class CountedDecoder:
    """Decodes what ``Counted`` encodes."""

    byte_order: ClassVar[Literal["big", "little"]] = "big"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.fault: RemoteProtocolError | None = None
        self.skipped = 0
        self.waiting = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes received of the frame that is not complete yet."""
        return len(self.waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        self.hold(data)
        found: list[bytes] = []
        at = 0
        while len(self.waiting) - at >= HEADER_BYTES:
            size = self.size_at(at)
            if self.is_too_long(size, len(self.waiting) - at):
                self.fail(FrameTooLong(size, self.limit))
                return found
            if len(self.waiting) - at < HEADER_BYTES + size:
                break
            found += self.taken(at + HEADER_BYTES, size)
            at += HEADER_BYTES + size
        self.let_go(at)
        return found

    def eof(self) -> None:
        """Say that the stream has ended."""
        if self.waiting:
            self.fail(IncompleteFrame(len(self.waiting)))
        if self.fault is not None:
            raise self.fault

    # What mutants replace

    def hold(self, data: bytes) -> None:
        """Keep what arrived."""
        self.waiting += data

    def let_go(self, size: int) -> None:
        """Drop what was decoded."""
        del self.waiting[:size]

    def size_at(self, at: int) -> int:
        """Return what the header says."""
        return int.from_bytes(self.waiting[at : at + HEADER_BYTES], self.byte_order)

    def is_too_long(self, size: int, received: int) -> bool:
        """Return whether a frame is refused."""
        return size > self.limit

    def taken(self, at: int, size: int) -> list[bytes]:
        """Return the payload of a whole frame."""
        return [bytes(self.waiting[at : at + size])]

    def fail(self, fault: RemoteProtocolError) -> None:
        """Keep a fault."""
        self.fault = fault
        self.waiting.clear()


class Counted:
    """Frames behind their length: four bytes, the highest first."""

    keeps_boundaries = True
    on_corruption: Literal["fault", "skip"] = "fault"
    decodes: ClassVar[type[CountedDecoder]] = CountedDecoder

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of ``payload``."""
        self.check(payload)
        return len(payload).to_bytes(HEADER_BYTES, "big") + payload

    def check(self, payload: bytes) -> None:
        """Refuse what is longer than four bytes can say."""
        if len(payload) > LONGEST:
            raise LocalProtocolError("too long")

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for one stream."""
        return self.decodes(frame_bytes_max)


class ChunkTakenForFrame(Counted):
    """Takes what one call brings for one whole frame."""

    class decodes(CountedDecoder):  # noqa: N801
        """Decodes each chunk by itself."""

        def feed(self, data: bytes) -> list[bytes]:
            """Return the rest of the chunk behind its header."""
            if self.fault is not None:
                raise self.fault
            if len(data) - HEADER_BYTES > self.limit:
                self.fail(FrameTooLong(len(data), self.limit))
                return []
            return [data[HEADER_BYTES:]] if len(data) >= HEADER_BYTES else []


class HeaderSplitOverChunksLost(Counted):
    """Forgets a header of which only a part arrived."""

    class decodes(CountedDecoder):  # noqa: N801
        """Keeps nothing that is shorter than a header."""

        def hold(self, data: bytes) -> None:
            """Keep what is at least a header."""
            if len(self.waiting) + len(data) >= HEADER_BYTES:
                super().hold(data)


class TailDroppedAtEof(Counted):
    """Says nothing of a frame that the end of the stream cut off."""

    class decodes(CountedDecoder):  # noqa: N801
        """Ends in silence."""

        def eof(self) -> None:
            """Forget what waits."""
            self.waiting.clear()
            if self.fault is not None:
                raise self.fault


class GoodFrameLostBesideBad(Counted):
    """Raises as soon as a frame is bad, and loses those that the same call completed."""

    class decodes(CountedDecoder):  # noqa: N801
        """Raises at once."""

        def fail(self, fault: RemoteProtocolError) -> None:
            """Raise."""
            super().fail(fault)
            raise fault


class GoodFramesDroppedBesideBad(Counted):
    """Returns nothing from a call that meets a bad frame."""

    class decodes(CountedDecoder):  # noqa: N801
        """Returns all or nothing."""

        def feed(self, data: bytes) -> list[bytes]:
            """Return the payloads unless there is a fault."""
            found = super().feed(data)
            return [] if self.fault is not None else found


class LimitOffByOne(Counted):
    """Lets a frame pass that is one byte longer than the limit."""

    class decodes(CountedDecoder):  # noqa: N801
        """Compares wrongly."""

        def is_too_long(self, size: int, received: int) -> bool:
            """Return whether a frame is more than one byte too long."""
            return size > self.limit + 1


class LimitRefusesItself(Counted):
    """Refuses a frame of exactly the limit."""

    class decodes(CountedDecoder):  # noqa: N801
        """Compares wrongly."""

        def is_too_long(self, size: int, received: int) -> bool:
            """Return whether a frame reaches the limit."""
            return size >= self.limit > 0


class LimitCheckedWithWholeBody(Counted):
    """Looks at the limit when the whole frame is there."""

    class decodes(CountedDecoder):  # noqa: N801
        """Waits."""

        def is_too_long(self, size: int, received: int) -> bool:
            """Return whether a frame that is complete is too long."""
            return size > self.limit and received >= HEADER_BYTES + size


class QuadraticBuffer(Counted):
    """Copies all that waits with each piece."""

    class decodes(CountedDecoder):  # noqa: N801
        """Makes a new buffer each time."""

        def hold(self, data: bytes) -> None:
            """Join anew."""
            self.waiting = bytearray(bytes(self.waiting) + data)


class QuadraticTail(Counted):
    """Copies the rest of the chunk behind each frame in it."""

    class decodes(CountedDecoder):  # noqa: N801
        """Cuts its buffer at each frame."""

        def taken(self, at: int, size: int) -> list[bytes]:
            """Return the payload, and make the buffer anew."""
            rest = bytes(self.waiting)[at + size :]
            payload = bytes(self.waiting[at : at + size])
            self.waiting = bytearray(self.waiting[:at]) + bytes(size) + rest
            return [payload]


class BufferKeptAfterFrame(Counted):
    """Keeps every payload that it has given."""

    class decodes(CountedDecoder):  # noqa: N801
        """Collects."""

        def __init__(self, limit: int) -> None:
            super().__init__(limit)
            self.given: list[bytes] = []

        def taken(self, at: int, size: int) -> list[bytes]:
            """Return the payload and keep a copy."""
            self.given.append(bytes(self.waiting[at : at + size]))
            return super().taken(at, size)


class BufferAllocatedFromHeader(Counted):
    """Believes the header and makes room for the whole frame at once."""

    class decodes(CountedDecoder):  # noqa: N801
        """Makes room."""

        room = bytearray()

        def is_too_long(self, size: int, received: int) -> bool:
            """Return whether a frame is refused; if not, make room."""
            if size > self.limit:
                return True
            self.room = bytearray(size)
            return False


class FaultNotRaisedAgain(Counted):
    """Raises a fault once and then goes on."""

    class decodes(CountedDecoder):  # noqa: N801
        """Forgets its fault."""

        def feed(self, data: bytes) -> list[bytes]:
            """Raise a fault, or decode."""
            if self.fault is not None:
                fault, self.fault = self.fault, None
                raise fault
            return super().feed(data)


class WrongException(Counted):
    """Lets the error of ``struct`` out for what it cannot read."""

    class decodes(CountedDecoder):  # noqa: N801
        """Unpacks too little."""

        def eof(self) -> None:
            """Read the header of what waits."""
            if 0 < len(self.waiting) < HEADER_BYTES:
                struct.unpack(">I", self.waiting)
            super().eof()


class EmptyPayloadSwallowed(Counted):
    """Gives no payload for a frame without one."""

    class decodes(CountedDecoder):  # noqa: N801
        """Takes nothing for nothing."""

        def taken(self, at: int, size: int) -> list[bytes]:
            """Return the payload if there is any."""
            return [payload for payload in super().taken(at, size) if payload]


class BufferedLies(Counted):
    """Says that it holds nothing while a header waits."""

    class decodes(CountedDecoder):  # noqa: N801
        """Counts payload only."""

        @property
        def buffered(self) -> int:
            """Bytes behind the header."""
            return max(0, len(self.waiting) - HEADER_BYTES)


class StateShared(Counted):
    """Has one buffer for all connections."""

    class decodes(CountedDecoder):  # noqa: N801
        """Shares its buffer."""

        common = bytearray()

        def __init__(self, limit: int) -> None:
            super().__init__(limit)
            # A test of other laws begins anew; two connections at once do not.
            self.waiting = self.common


class WrongEndianness(Counted):
    """Writes the highest byte first and reads the lowest first."""

    class decodes(CountedDecoder):  # noqa: N801
        """Reads the other way round."""

        byte_order = "little"


class SignedLength(Counted):
    """Reads a length from 2**31 on as a negative one."""

    class decodes(CountedDecoder):  # noqa: N801
        """Has signs."""

        def size_at(self, at: int) -> int:
            """Return what the header says, with a sign."""
            size: int = struct.unpack_from(">i", self.waiting, at)[0]
            return size


class EndlessLoop(Counted):
    """Takes a negative length for a step back, and never comes to the end."""

    class decodes(CountedDecoder):  # noqa: N801
        """Does not advance."""

        def size_at(self, at: int) -> int:
            """Return what the header says, with a sign."""
            size: int = struct.unpack_from(">i", self.waiting, at)[0]
            return max(size, -HEADER_BYTES)


class CheckDisagreesWithEncode(Counted):
    """Has a check that refuses what is encoded."""

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of any payload."""
        return len(payload).to_bytes(HEADER_BYTES, "big") + payload

    def check(self, payload: bytes) -> None:
        """Refuse more than 255 bytes."""
        if len(payload) > 255:
            raise LocalProtocolError("too long")


class EncodeRaisesOverflow(Counted):
    """Has one byte for the length and no error of its own for more."""

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of up to 255 bytes."""
        return len(payload).to_bytes(1, "big").rjust(HEADER_BYTES, b"\0") + payload


class PayloadIsView(Counted):
    """Gives a view of its buffer for a payload."""

    class decodes(CountedDecoder):  # noqa: N801
        """Copies nothing."""

        def taken(self, at: int, size: int) -> list[bytes]:
            """Return a part of the buffer."""
            return [self.waiting[at : at + size]]  # type: ignore[list-item]  # the bug


# A delimiter of two bytes


class MarkedDecoder:
    """Decodes what ``Marked`` encodes."""

    mark: ClassVar[bytes] = b"\r\n"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.fault: RemoteProtocolError | None = None
        self.skipped = 0
        self.waiting = bytearray()
        self.searched = 0

    @property
    def buffered(self) -> int:
        """Bytes received of the frame that is not complete yet."""
        return len(self.waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        self.waiting += data
        found: list[bytes] = []
        start = 0
        while (at := self.find(start)) >= 0:
            if at - start > self.limit:
                return self.failed(found)
            found.append(bytes(self.waiting[start:at]))
            self.searched = start = at + len(self.mark)
        del self.waiting[:start]
        # A mark may have begun at the end.
        self.searched = max(0, len(self.waiting) - len(self.mark) + 1)
        begun = self.waiting.endswith(self.mark[:1])
        return self.failed(found) if len(self.waiting) - begun > self.limit else found

    def eof(self) -> None:
        """Say that the stream has ended."""
        if self.waiting:
            self.fault = IncompleteFrame(len(self.waiting))
            self.waiting.clear()
        if self.fault is not None:
            raise self.fault

    def failed(self, found: list[bytes]) -> list[bytes]:
        """Keep a fault."""
        self.fault = FrameTooLong(None, self.limit)
        self.waiting.clear()
        return found

    # What mutants replace

    def find(self, start: int) -> int:
        """Return where the next mark is."""
        return self.waiting.find(self.mark, max(start, self.searched))


class Marked:
    """Frames that end with a carriage return and a line feed."""

    keeps_boundaries = True
    on_corruption: Literal["fault", "skip"] = "fault"
    decodes: ClassVar[type[MarkedDecoder]] = MarkedDecoder

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of ``payload``."""
        self.check(payload)
        return payload + b"\r\n"

    def check(self, payload: bytes) -> None:
        """Refuse what contains the mark."""
        if b"\r\n" in payload:
            raise LocalProtocolError("has the mark inside")

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for one stream."""
        return self.decodes(frame_bytes_max)


class DelimiterSplitMissed(Marked):
    """Misses a delimiter whose bytes come in two chunks."""

    class decodes(MarkedDecoder):  # noqa: N801
        """Searches in what is new."""

        def feed(self, data: bytes) -> list[bytes]:
            """Search behind all that waited."""
            self.searched = len(self.waiting)
            return super().feed(data)


class QuadraticSearch(Marked):
    """Looks for the delimiter in all that waits, with each piece."""

    class decodes(MarkedDecoder):  # noqa: N801
        """Searches from the beginning."""

        def find(self, start: int) -> int:
            """Return where the next mark is, from the very first byte."""
            if not start:
                return self.waiting.find(self.mark)
            return super().find(start)


class DelimiterNotRefused(Marked):
    """Encodes payloads that contain the delimiter."""

    def check(self, payload: bytes) -> None:
        """Refuse nothing."""


# A frame between two marks, with a sum, that is skipped if it is corrupt


class SummedDecoder:
    """Decodes what ``Summed`` encodes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.fault: RemoteProtocolError | None = None
        self.skipped = 0
        self.waiting = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes received of the frame that is not complete yet."""
        return len(self.waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        found: list[bytes] = []
        *ended, tail = data.split(b"\n")
        for part in ended:
            if self.is_too_long(part):
                return found
            self.waiting += part
            found += self.unpacked(bytes(self.waiting))
            self.waiting.clear()
        if not self.is_too_long(tail):
            self.waiting += tail
        return found

    def is_too_long(self, part: bytes) -> bool:
        """Return whether a line is longer than any frame, and keep the fault."""
        if len(self.waiting) + len(part) > 2 * self.limit + 2:
            self.fault = FrameTooLong(None, self.limit)
            self.waiting.clear()
        return self.fault is not None

    def eof(self) -> None:
        """Say that the stream has ended."""
        if self.waiting:
            self.fault = IncompleteFrame(len(self.waiting))
            self.waiting.clear()
        if self.fault is not None:
            raise self.fault

    # What mutants replace

    def unpacked(self, line: bytes) -> list[bytes]:
        """Return the payload of a line, nothing if it is corrupt."""
        try:
            raw = bytes.fromhex(line.decode("ascii"))
        except ValueError:
            raw = b""
        # Capitals and spaces are not what `encode` writes.
        if not raw or raw.hex().encode() != line or sum(raw[:-1]) % 256 != raw[-1]:
            self.dropped(line)
            return []
        return [raw[:-1]]

    def dropped(self, line: bytes) -> None:
        """Count what is dropped."""
        self.skipped += len(line)


class Summed:
    """Lines in hexadecimal digits of which the last two are a sum; others are skipped."""

    keeps_boundaries = True
    on_corruption: Literal["fault", "skip"] = "skip"
    decodes: ClassVar[type[SummedDecoder]] = SummedDecoder

    def encode(self, payload: bytes) -> bytes:
        """Return the line of ``payload``."""
        return (payload + bytes([sum(payload) % 256])).hex().encode() + b"\n"

    def check(self, payload: bytes) -> None:
        """Refuse nothing."""

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for one stream."""
        return self.decodes(frame_bytes_max)


class ResyncLosesGoodFrame(Summed):
    """Skips the line behind a corrupt one too."""

    class decodes(SummedDecoder):  # noqa: N801
        """Skips two lines."""

        is_lost = False

        def unpacked(self, line: bytes) -> list[bytes]:
            """Return the payload of a line unless the one before it was corrupt."""
            was_lost, self.is_lost = self.is_lost, False
            if was_lost:
                self.skipped += len(line)
                return []
            return super().unpacked(line)

        def dropped(self, line: bytes) -> None:
            """Remember."""
            super().dropped(line)
            self.is_lost = True


class CorruptionEndsSkipping(Summed):
    """Promises to skip what is corrupt and ends with a fault."""

    class decodes(SummedDecoder):  # noqa: N801
        """Fails."""

        def dropped(self, line: bytes) -> None:
            """Fail."""
            self.fault = CorruptFrame("wrong sum")


class SkippedCountedTwice(Summed):
    """Counts what it skips twice."""

    class decodes(SummedDecoder):  # noqa: N801
        """Counts wrongly."""

        def dropped(self, line: bytes) -> None:
            """Count too much."""
            self.skipped += 2 * len(line)


class ReadErrorEscapes(Summed):
    """Lets the error of a text that is no number out."""

    class decodes(SummedDecoder):  # noqa: N801
        """Catches nothing."""

        def unpacked(self, line: bytes) -> list[bytes]:
            """Return the payload of a line."""
            return [bytes.fromhex(line.decode("ascii"))[:-1]]


class SumNotChecked(Summed):
    """Takes a line for a frame whatever its sum is."""

    class decodes(SummedDecoder):  # noqa: N801
        """Does not add up."""

        def unpacked(self, line: bytes) -> list[bytes]:
            """Return the payload of a line, nothing if it is no number."""
            try:
                return [bytes.fromhex(line.decode("ascii"))[:-1]]
            except ValueError:
                self.dropped(line)
                return []


REFERENCES = (Counted, Marked, Summed)
MUTANTS = tuple(mutant for reference in REFERENCES for mutant in reference.__subclasses__())
