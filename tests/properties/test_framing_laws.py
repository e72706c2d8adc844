"""The laws of framings, for all framings of this package; and what the public suite leaves open."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex, overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol._delimited import Delimited, Lines
from mcws_protocol._errors import FrameTooLong, LocalProtocolError
from mcws_protocol._framing import Chunks, Fixed, Framing, HoldingDecoder
from mcws_protocol._prefixed import LengthPrefixed, Varint
from mcws_protocol._stuffing import Cobs, Slip
from mcws_testkit import FramingSuite
from mcws_testkit.strategies import chunkings

if TYPE_CHECKING:
    from types import FrameType


def whole_frames(offset: int, width: int) -> st.SearchStrategy[bytes]:
    """Return payloads that contain their own big-endian length field."""
    heads = st.binary(min_size=offset, max_size=offset)
    return st.tuples(heads, st.binary(max_size=300)).map(
        lambda both: both[0] + len(both[1]).to_bytes(width, "big") + both[1]
    )


class Strict(FramingSuite):
    """What we ask of ourselves besides: even the words of a fault do not depend on the cuts."""

    same_words = True


class TestChunks(Strict):
    """The laws for ``Chunks()``."""

    framing = Chunks()


class TestFixed(Strict):
    """The laws for ``Fixed(5)``."""

    framing = Fixed(5)


class TestLines(Strict):
    """The laws for ``Lines()``."""

    framing = Lines()


class TestDelimitedByOne(Strict):
    """The laws for a delimiter of one byte."""

    framing = Delimited(b"\x00")


class TestDelimitedByTwo(Strict):
    """The laws for a delimiter of two bytes."""

    framing = Delimited(b"--")


class TestDelimitedByThree(Strict):
    """The laws for a delimiter that overlaps itself."""

    framing = Delimited(b"a\xdba")


class TestLengthPrefixed(Strict):
    """The laws for ``LengthPrefixed()``."""

    framing = LengthPrefixed()


class TestLengthPrefixedLittle(Strict):
    """The laws for lengths with the lowest byte first."""

    framing = LengthPrefixed(2, byte_order="little")


class TestLengthPrefixedWhole(Strict):
    """The laws for lengths that count their header."""

    framing = LengthPrefixed(3, adjustment=-3)


class TestLengthPrefixedWide(Strict):
    """The laws for the widest lengths."""

    framing = LengthPrefixed(8)


class TestLengthPrefixedAdjusted(Strict):
    """The laws for lengths that count too little."""

    framing = LengthPrefixed(2, adjustment=2)


class TestVarint(Strict):
    """The laws for ``Varint()``."""

    framing = Varint()


class TestCobs(Strict):
    """The laws for ``Cobs()``."""

    framing = Cobs()


class TestSlip(Strict):
    """The laws for ``Slip()``."""

    framing = Slip()


class TestLengthPrefixedUnstripped(Strict):
    """The laws for frames that are handed over with their header."""

    framing = LengthPrefixed(2, offset=3, strip=0)
    payloads = whole_frames(3, 2)

    def known_at(self, payload: bytes, frame: bytes, limit: int) -> int:
        """Return that the header says it, which is a part of the payload here."""
        return 5


class TestLengthPrefixedSkipping(Strict):
    """The laws for a framing whose other end writes what this one strips."""

    framing = LengthPrefixed(1, offset=1, adjustment=-1, strip=4)
    only_decodes = True
    payloads = st.binary(max_size=250)

    def encode(self, payload: bytes) -> bytes:
        """Return a frame with an unused byte, the length, and two bytes that are stripped."""
        if len(payload) > 250:
            raise LocalProtocolError("one byte cannot say the length")
        return bytes([7, len(payload) + 3, 1, 2]) + payload

    def known_at(self, payload: bytes, frame: bytes, limit: int) -> int:
        """Return that the header says it."""
        return 2


class TestLengthPrefixedOdd(Strict):
    """The laws of any bytes for a framing that only decodes."""

    framing = LengthPrefixed(5, byte_order="little", offset=2)
    only_decodes = True


# What only we promise


def header(wire: bytes, limit: int) -> int:
    """Return that a frame is known to be too long when its header is complete."""
    return len(wire) - limit - 20


def behind(wire: bytes, limit: int) -> int:
    """Return that a frame is known to be too long with the first byte behind the limit."""
    return limit + 1


def stuffed(wire: bytes, limit: int) -> int:
    """Return the same with an END, or with a code before each block of 254 bytes."""
    return limit + 2 + (limit // 254 if wire[-1:] == b"\x00" else 0)


KNOWN: dict[Framing, Callable[[bytes, int], int]] = {
    Chunks(): behind,
    Lines(): behind,
    Delimited(b"\x00"): behind,
    Delimited(b"--"): behind,
    Delimited(b"a\xdba"): behind,
    LengthPrefixed(): header,
    LengthPrefixed(2, byte_order="little"): header,
    LengthPrefixed(3, adjustment=-3): header,
    LengthPrefixed(8): header,
    LengthPrefixed(2, adjustment=2): header,
    Varint(): header,
    Cobs(): stuffed,
    Slip(): stuffed,
}
"""Of framings with frames of any length, how many bytes of ``x`` show that a frame is too long."""


@pytest.mark.parametrize("framing", KNOWN, ids=repr)
@given(limit=st.integers(2, 400))
def test_frame_too_long_is_known_as_soon_as_possible(framing: Framing, limit: int) -> None:
    """The fault is there with the byte that makes the length known, and not before."""
    wire = framing.encode(b"x" * (limit + 20))
    known_at = KNOWN[framing](wire, limit)
    early = framing.decoder(frame_bytes_max=limit)
    early.feed(wire[: known_at - 1])
    assert early.fault is None
    late = framing.decoder(frame_bytes_max=limit)
    assert late.feed(wire[:known_at]) == []
    assert isinstance(late.fault, FrameTooLong)


@pytest.mark.parametrize(("framing", "end"), [(Cobs(), b"\x00"), (Slip(), b"\xc0")])
@given(data=st.data())
def test_frame_behind_ended_noise_is_found(
    framing: Framing, end: bytes, data: st.DataObject
) -> None:
    """After noise that a delimiter ends, no frame is lost."""
    noise = data.draw(st.binary(max_size=300)) + end
    good = data.draw(st.binary(min_size=1, max_size=300))
    decoder = framing.decoder(frame_bytes_max=2000)
    found: list[bytes] = []
    for piece in data.draw(chunkings(noise + framing.encode(good))):
        found += decoder.feed(piece)
    assert found[-1] == good
    assert decoder.fault is None


ONE_FRAME = [
    LengthPrefixed(),
    LengthPrefixed(3),
    Varint(),
    Lines(),
    Delimited(b"\n"),
    Delimited(b"xx--"),
    Cobs(),
    Slip(),
]
"""Framings with a frame of any length; beside them ``Fixed`` makes its own."""


class Counted(bytes):
    """Bytes that count how many bytes are copied out of them or searched in them."""

    work: ClassVar[Counter[str]] = Counter()

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Counted: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | Counted:
        taken = super().__getitem__(key)
        return taken if isinstance(taken, int) else self._counted("copied", taken)

    def __add__(self, other: Any) -> Counted:
        return self._counted("copied", super().__add__(other))

    def __radd__(self, other: Any) -> Counted:
        self.work["copied"] += len(self)
        if isinstance(other, bytearray):
            # Its own ``+=`` copies the new bytes only, and not those that it has.
            return NotImplemented
        return self._counted("copied", other + bytes(self))

    def find(self, *arguments: Any) -> int:
        """Search, and count all bytes from the start of the search."""
        self.work["searched"] += max(0, len(self) - (arguments[1] if arguments[1:] else 0))
        return super().find(*arguments)

    def split(self, sep: Any = None, maxsplit: SupportsIndex = -1) -> list[bytes]:
        """Split, and count all bytes."""
        self.work["searched"] += len(self)
        return [self._counted("copied", part) for part in super().split(sep, maxsplit)]

    @classmethod
    def _counted(cls, kind: str, data: bytes) -> Counted:
        cls.work[kind] += len(data)
        return cls(data)


def work_for(framing: Framing, size: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return the calls and the bytes of work for one frame of ``size`` bytes in 1-byte pieces."""
    wire = framing.encode(b"x" * size)
    decoder = framing.decoder(frame_bytes_max=size)
    feed = decoder.feed
    Counted.work = work = Counter[str]()
    take = HoldingDecoder._take

    def counting_take(self: HoldingDecoder, data: bytes) -> bytes:
        work["copied"] += self.buffered + len(data)
        return Counted(take(self, data))

    def count_call(frame: FrameType, event: str, arg: object) -> None:
        work["calls"] += 1

    monkeypatch.setattr(HoldingDecoder, "_take", counting_take)
    pieces = [Counted(wire[at : at + 1]) for at in range(len(wire))]
    assert isinstance(decoder, HoldingDecoder)
    found: list[bytes] = []
    held: list[tuple[bytes | bytearray, int]] = []
    for piece in pieces:
        sys.setprofile(count_call)
        found += feed(piece)
        sys.setprofile(None)
        parts = [(part, len(part)) for part in decoder._parts]
        work["copied"] += moved(held, parts)
        held = parts
    monkeypatch.undo()
    assert found == [b"x" * size]
    return work


def moved(
    before: list[tuple[bytes | bytearray, int]], after: list[tuple[bytes | bytearray, int]]
) -> int:
    """Return the bytes of the parts that are new, and those that parts grew by."""
    known = {id(part): size for part, size in before}
    return sum(size - known.get(id(part), 0) for part, size in after)


@pytest.mark.parametrize("framing", [*ONE_FRAME, None], ids=repr)
def test_time_is_linear_for_one_frame_in_single_bytes(
    framing: Framing | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the bytes cost twice the calls, bytes copied and bytes searched, and few of each."""
    some, twice = (work_for(framing or Fixed(n), n, monkeypatch) for n in (20_000, 40_000))
    for kind in ("calls", "copied", "searched"):
        assert twice[kind] <= 2.1 * some[kind] + 1000
        assert twice[kind] <= 100 * 40_000


@pytest.mark.parametrize("framing", [LengthPrefixed(8), Varint()], ids=repr)
@given(size=st.integers(1 << 20, 1 << 40), arrived=st.binary(max_size=2000))
def test_memory_is_bounded_by_what_arrived(framing: Framing, size: int, arrived: bytes) -> None:
    """A header that claims gigabytes costs what came behind it, and 4 KiB at most."""
    wire = size.to_bytes(8, "big") if isinstance(framing, LengthPrefixed) else varint(size)
    tracemalloc.start()
    try:
        decoder = framing.decoder(frame_bytes_max=1 << 41)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        assert decoder.feed(wire + arrived) == []
        cost = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # ``wire + arrived`` itself is what was received; what is kept is a copy of it.
    assert cost <= 2 * len(wire + arrived) + 4096
    assert decoder.buffered == len(wire + arrived)


def varint(value: int) -> bytes:
    """Return ``value`` as a varint."""
    digits = [value >> 7 * at & 0x7F for at in range(-(-value.bit_length() // 7))]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])
