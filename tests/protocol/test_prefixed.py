"""Tests of the framings whose frames begin with their length."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from mcws_protocol._errors import (
    CorruptFrame,
    FrameTooLong,
    IncompleteFrame,
    LocalProtocolError,
    MessageTooLong,
)
from mcws_protocol._prefixed import LengthPrefixed, Varint

if TYPE_CHECKING:
    from mcws_protocol._framing import Framing

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "framing.json").read_text())
FRAMINGS: dict[str, type[LengthPrefixed | Varint]] = {
    "LengthPrefixed": LengthPrefixed,
    "Varint": Varint,
}


def vectors(*, encodes: bool) -> list[Any]:
    """Return the vectors of these framings that are written, or that are only read."""
    chosen = [one for one in VECTORS["vectors"] if one["framing"] in FRAMINGS]
    return [pytest.param(one, id=one["name"]) for one in chosen if one["encodes"] == encodes]


@pytest.mark.parametrize("vector", vectors(encodes=True) + vectors(encodes=False))
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_vector_is_read(vector: dict[str, Any], step: int) -> None:
    """The documented bytes give the payloads, however they are cut."""
    decoder = FRAMINGS[vector["framing"]](**vector["args"]).decoder(frame_bytes_max=512)
    wire = bytes.fromhex(vector["wire"])
    pieces = [wire[at : at + step] for at in range(0, len(wire), step)]
    found = [payload.hex() for piece in pieces for payload in decoder.feed(piece)]
    assert found == vector["payloads"]
    decoder.eof()


@pytest.mark.parametrize("vector", vectors(encodes=True))
def test_vector_is_written(vector: dict[str, Any]) -> None:
    """The payloads give the documented bytes."""
    framing = FRAMINGS[vector["framing"]](**vector["args"])
    payloads = [bytes.fromhex(payload) for payload in vector["payloads"]]
    assert b"".join(map(framing.encode, payloads)).hex() == vector["wire"]


@pytest.mark.parametrize("vector", vectors(encodes=False))
def test_vector_with_lost_bytes_is_only_read(vector: dict[str, Any]) -> None:
    """Options that strip more than the length field make the framing decode-only."""
    framing = FRAMINGS[vector["framing"]](**vector["args"])
    payload = bytes.fromhex(vector["payloads"][0])
    with pytest.raises(LocalProtocolError, match="only decodes"):
        framing.encode(payload)
    with pytest.raises(LocalProtocolError, match="only decodes"):
        framing.check(payload)


@pytest.mark.parametrize("width", range(1, 9))
@pytest.mark.parametrize("byte_order", ["big", "little"])
@pytest.mark.parametrize("step", [1, 100])
def test_every_width_reads_what_it_writes(
    width: int, byte_order: Literal["big", "little"], step: int
) -> None:
    """Widths of one to eight bytes work in both byte orders."""
    framing = LengthPrefixed(width, byte_order=byte_order)
    wire = framing.encode(b"hello") + framing.encode(b"") + framing.encode(b"x")
    assert wire[:width] == (5).to_bytes(width, byte_order)
    decoder = framing.decoder(frame_bytes_max=5)
    pieces = [wire[at : at + step] for at in range(0, len(wire), step)]
    assert [payload for piece in pieces for payload in decoder.feed(piece)] == [b"hello", b"", b"x"]


@pytest.mark.parametrize(("size", "fits"), [(254, True), (255, True), (256, False)])
def test_payload_that_the_field_cannot_express_is_too_long(size: int, fits: bool) -> None:
    """One byte expresses lengths up to 255."""
    framing = LengthPrefixed(1)
    if fits:
        assert framing.encode(b"x" * size)[0] == size
        return
    with pytest.raises(MessageTooLong) as caught:
        framing.encode(b"x" * size)
    assert (caught.value.size, caught.value.limit) == (256, 255)


@pytest.mark.parametrize(("adjustment", "longest"), [(-1, 254), (0, 255), (2, 257)])
def test_longest_payload_moves_with_the_adjustment(adjustment: int, longest: int) -> None:
    """What the field counts in addition is missing for the payload, and the other way round."""
    framing = LengthPrefixed(1, adjustment=adjustment)
    framing.check(b"x" * longest)
    with pytest.raises(MessageTooLong) as caught:
        framing.check(b"x" * (longest + 3))
    assert (caught.value.size, caught.value.limit) == (longest + 3, longest)


@pytest.mark.parametrize(("size", "fits"), [(1, False), (2, True), (3, True)])
def test_payload_below_the_adjustment_is_refused(size: int, fits: bool) -> None:
    """With an adjustment of two the shortest payload has two bytes."""
    framing = LengthPrefixed(2, adjustment=2)
    if fits:
        assert framing.encode(b"x" * size) == bytes([0, size - 2]) + b"x" * size
        return
    with pytest.raises(LocalProtocolError, match="of 1 bytes is below the least of 2 bytes"):
        framing.encode(b"x" * size)


@pytest.mark.parametrize("payload", [b"", b"\xca", b"\xca\x00\x00"])
def test_payload_shorter_than_the_header_it_contains_is_refused(payload: bytes) -> None:
    """Where nothing is stripped a payload has at least the bytes of the header."""
    with pytest.raises(LocalProtocolError, match="below the least of 4 bytes"):
        LengthPrefixed(2, offset=2, adjustment=-4, strip=0).check(payload)


@pytest.mark.parametrize(
    ("framing", "good", "bad"),
    [
        (LengthPrefixed(2, strip=0), b"\x00\x01a", b"\x00\x02a"),
        (LengthPrefixed(2, offset=1, strip=0), b"?\x00\x01a", b"?\x01\x00a"),
        (LengthPrefixed(2, strip=1), b"\x01a", b"\x02a"),
    ],
)
def test_payload_must_contain_its_own_length(framing: Framing, good: bytes, bad: bytes) -> None:
    """A field that is not stripped must say the length of the payload that contains it."""
    wire = framing.encode(good)
    assert framing.decoder(frame_bytes_max=9).feed(wire) == [good]
    with pytest.raises(LocalProtocolError, match="own length field of 1"):
        framing.encode(bad)


@pytest.mark.parametrize(
    ("framing", "wire", "text"),
    [
        (LengthPrefixed(2, adjustment=-2), b"\x00\x01", "of 1 makes 1 bytes, expected 2 or more"),
        (LengthPrefixed(1, offset=2, adjustment=-3), b"??\x02", "expected 3 or more"),
        (LengthPrefixed(1, strip=4), b"\x02", "of 2 makes 3 bytes, expected 4 or more"),
        (LengthPrefixed(8, adjustment=-9), bytes(8), "of 0 makes -1 bytes, expected 8 or more"),
    ],
)
def test_frame_that_ends_inside_its_header_is_corrupt(
    framing: Framing, wire: bytes, text: str
) -> None:
    """A length that leaves no room for the header or the stripped bytes is a fault."""
    decoder = framing.decoder(frame_bytes_max=9)
    assert decoder.feed(wire) == []
    assert isinstance(decoder.fault, CorruptFrame)
    with pytest.raises(CorruptFrame, match=text):
        decoder.feed(b"")


@pytest.mark.parametrize(
    "framing", [LengthPrefixed(), LengthPrefixed(3), LengthPrefixed(1, adjustment=-1), Varint()]
)
@pytest.mark.parametrize("limit", [4, 5, 6])
def test_limit_counts_the_payload_and_is_known_with_the_header(
    framing: Framing, limit: int
) -> None:
    """Five bytes are too long for a limit of four; the last byte of the length tells."""
    decoder = framing.decoder(frame_bytes_max=limit)
    header = framing.encode(b"hello")[:-5]
    assert decoder.feed(framing.encode(b"x") + header) == [b"x"]
    if limit >= 5:
        assert decoder.feed(b"hello") == [b"hello"]
        return
    assert isinstance(decoder.fault, FrameTooLong)
    assert (decoder.fault.size, decoder.fault.limit, decoder.buffered) == (5, 4, 0)
    with pytest.raises(FrameTooLong):
        decoder.eof()


def test_limit_does_not_count_stripped_bytes() -> None:
    """With three bytes of header and one of payload stripped, four of eight are counted."""
    framing = LengthPrefixed(1, offset=2, strip=4)
    assert framing.decoder(frame_bytes_max=4).feed(b"??\x05_abcd") == [b"abcd"]
    decoder = framing.decoder(frame_bytes_max=3)
    assert decoder.feed(b"??\x05_abcd") == []
    assert isinstance(decoder.fault, FrameTooLong)


@pytest.mark.parametrize("cut", range(10))
def test_buffered_counts_the_whole_frame_that_waits(cut: int) -> None:
    """The header counts too, so ``buffered`` is 0 between frames only."""
    decoder = LengthPrefixed(1, offset=2, strip=5).decoder(frame_bytes_max=9)
    wire = b"??\x06__abcd"
    first = decoder.feed(wire[:cut])
    assert decoder.buffered == cut % 9
    assert first + decoder.feed(wire[cut:]) == [b"abcd"]


@pytest.mark.parametrize("framing", [LengthPrefixed(), Varint()])
def test_end_inside_a_frame_is_incomplete(framing: Framing) -> None:
    """The end inside a header or inside a payload tells how much of the frame had come."""
    wire = framing.encode(b"x" * 200)
    for size in (1, len(wire) - 200, len(wire) - 1):
        decoder = framing.decoder(frame_bytes_max=200)
        assert decoder.feed(wire[:size]) == []
        with pytest.raises(IncompleteFrame) as caught:
            decoder.eof()
        assert caught.value.buffered == size


@pytest.mark.parametrize("framing", [LengthPrefixed(), Varint()])
def test_bytes_behind_the_end_are_refused(framing: Framing) -> None:
    """After the end inside a frame, the fault is raised by every further call."""
    decoder = framing.decoder(frame_bytes_max=200)
    assert decoder.feed(framing.encode(b"x" * 200)[:100]) == []
    for _ in range(2):
        with pytest.raises(IncompleteFrame):
            decoder.eof()
        with pytest.raises(IncompleteFrame):
            decoder.feed(b"x")


@pytest.mark.parametrize(
    ("framing", "header", "stripped"),
    [
        (LengthPrefixed(), b"\x00\x00\x14\x00", 0),
        (LengthPrefixed(2, strip=2002), b"\x14\x00", 2000),
        (Varint(), b"\x80\x28", 0),
    ],
)
def test_long_frame_is_joined_from_pieces_of_any_size(
    framing: Framing, header: bytes, stripped: int
) -> None:
    """Small and large pieces of a long frame come out as one, in their order."""
    rest = bytes(range(256)) * 20
    wire = header + rest + header[:1]
    decoder = framing.decoder(frame_bytes_max=5120)
    borders = [0, 1, 3, 9, 1500, 1501, 1999, 2001, 2003, 4000, 4001, 4001, 4010, 5121, len(wire)]
    pieces = [wire[a:b] for a, b in pairwise(borders)]
    assert [one for piece in pieces for one in decoder.feed(piece)] == [rest[stripped:]]
    assert decoder.buffered == 1


def test_lying_length_costs_nothing() -> None:
    """A header that claims 4 GiB makes the decoder keep what came, and no more."""
    tracemalloc.start()
    try:
        decoder = LengthPrefixed(8).decoder(frame_bytes_max=1 << 33)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        assert decoder.feed((1 << 32).to_bytes(8, "big")) == []
        assert decoder.feed(b"abc") == []
        cost = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert decoder.buffered == 11
    assert cost <= 11 + 4096


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"\x80\x00", "varint of 2 bytes is longer than its value needs"),
        (b"\xff\x80\x00", "varint of 3 bytes is longer"),
        (b"\x80" * 10, "varint does not end within 10 bytes"),
        (b"\xff" * 9 + b"\x02", "varint exceeds 64 bits"),
    ],
)
@pytest.mark.parametrize("step", [1, 100])
def test_wrong_varint_is_corrupt(wire: bytes, text: str, step: int) -> None:
    """A varint that is overlong, endless or above 64 bits is a fault behind the good frames."""
    decoder = Varint().decoder(frame_bytes_max=1 << 64)
    assert decoder.feed(b"\x01a") == [b"a"]
    for at in range(0, len(wire), step):
        assert decoder.fault is None
        assert decoder.feed(wire[at : at + step]) == []
    with pytest.raises(CorruptFrame, match=text):
        decoder.eof()


def test_largest_varint_is_a_length() -> None:
    """Ten bytes express 2**64 - 1, which is a matter of the limit only."""
    decoder = Varint().decoder(frame_bytes_max=100)
    assert decoder.feed(b"\xff" * 9 + b"\x01") == []
    assert isinstance(decoder.fault, FrameTooLong)
    assert decoder.fault.size == (1 << 64) - 1


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 16383, 16384, 1 << 21])
def test_varint_carries_every_length(size: int) -> None:
    """Lengths around each step of seven bits are read as they were written."""
    payload = bytes(size)
    Varint().check(payload)
    wire = Varint().encode(payload)
    assert len(wire) - size == max(1, -(-size.bit_length() // 7))
    assert Varint().decoder(frame_bytes_max=size).feed(wire) == [payload]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"length_bytes": 0}, "length_bytes must be 1 to 8, not 0"),
        ({"length_bytes": 9}, "length_bytes must be 1 to 8, not 9"),
        ({"byte_order": "middle"}, "byte_order must be 'big' or 'little', not 'middle'"),
        ({"offset": -1}, "offset must be at least 0, not -1"),
        ({"strip": -1}, "strip must be at least 0, not -1"),
        ({"length_bytes": 1, "adjustment": -256}, "adjustment must be at least -255, not -256"),
        ({"length_bytes": 1, "strip": 9, "adjustment": -248}, "at least -247, not -248"),
    ],
)
def test_length_prefixed_refuses_wrong_values(arguments: dict[str, Any], text: str) -> None:
    """A value outside of its bounds is named."""
    with pytest.raises(ValueError, match=text):
        LengthPrefixed(**arguments)


@pytest.mark.parametrize("name", ["length_bytes", "offset", "adjustment", "strip"])
@pytest.mark.parametrize("value", [True, 1.0, "1"])
def test_length_prefixed_refuses_wrong_types(name: str, value: Any) -> None:
    """What is not an integer is named, with its value."""
    with pytest.raises(TypeError, match=f"{name} must be an int, not {value!r}"):
        LengthPrefixed(**{name: value})


def test_smallest_adjustment_still_makes_a_frame() -> None:
    """At the bound the largest value of the field is the one frame there is."""
    framing = LengthPrefixed(1, adjustment=-255)
    assert framing.encode(b"") == b"\xff"
    assert framing.decoder(frame_bytes_max=0).feed(b"\xff\xff") == [b"", b""]


def test_framings_are_values() -> None:
    """Equal framings are equal and hash alike, also with the default written out."""
    assert {LengthPrefixed(2), LengthPrefixed(2, strip=2), Varint()} == {
        Varint(),
        LengthPrefixed(2),
    }
    assert LengthPrefixed(2) != LengthPrefixed(2, strip=0)
    assert (Varint().keeps_boundaries, LengthPrefixed().on_corruption) == (True, "fault")
