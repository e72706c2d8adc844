"""Tests of the framings that take their delimiter out of payloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mcws_protocol._errors import FrameTooLong, IncompleteFrame, LocalProtocolError
from mcws_protocol._stuffing import Cobs, Slip

if TYPE_CHECKING:
    from mcws_protocol._framing import Framing

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "framing.json").read_text())
FRAMINGS: dict[str, Framing] = {"Cobs": Cobs(), "Slip": Slip()}


def decoded(framing: Framing, wire: bytes, step: int, limit: int = 1024) -> tuple[list[bytes], int]:
    """Return the payloads in ``wire``, fed in pieces of ``step`` bytes, and what was skipped."""
    decoder = framing.decoder(frame_bytes_max=limit)
    found: list[bytes] = []
    for at in range(0, len(wire), step):
        found += decoder.feed(wire[at : at + step])
        assert decoder.buffered <= len(wire)
    decoder.eof()
    return found, decoder.skipped


@pytest.mark.parametrize(
    "vector",
    [one for one in VECTORS["vectors"] if one["framing"] in FRAMINGS],
    ids=lambda vector: vector["name"],
)
@pytest.mark.parametrize("step", [1, 2, 1000])
def test_vector_holds_in_both_directions(vector: dict[str, Any], step: int) -> None:
    """The documented bytes give the payloads, and are written for them where it says so."""
    framing = FRAMINGS[vector["framing"]]
    payloads = [bytes.fromhex(payload) for payload in vector["payloads"]]
    wire = bytes.fromhex(vector["wire"])
    assert decoded(framing, wire, step) == (payloads, 0)
    assert (b"".join(map(framing.encode, payloads)) == wire) == vector["encodes"]


@pytest.mark.parametrize("size", [253, 254, 255, 507, 508, 509])
@pytest.mark.parametrize("end", [b"", b"\x00", b"\x00\x00", b"\x00x"])
@pytest.mark.parametrize("step", [1, 255, 1000])
def test_cobs_carries_payloads_around_full_blocks(size: int, end: bytes, step: int) -> None:
    """Blocks of 254 bytes and what follows them come back, at one byte more per 254."""
    payload = b"x" * size + end
    Cobs().check(payload)
    wire = Cobs().encode(payload)
    assert wire.index(0) == len(wire) - 1
    assert len(wire) <= len(payload) + len(payload) // 254 + 2
    assert decoded(Cobs(), wire, step) == ([payload], 0)


def test_slip_refuses_an_empty_payload() -> None:
    """Nothing between two ENDs is no frame."""
    with pytest.raises(LocalProtocolError, match="empty"):
        Slip().check(b"")
    with pytest.raises(LocalProtocolError, match="empty"):
        Slip().encode(b"")


@pytest.mark.parametrize("step", [1, 2, 100])
def test_slip_ignores_what_is_empty(step: int) -> None:
    """Any number of ENDs between two frames is ignored and not counted."""
    assert decoded(Slip(), b"\xc0\xc0\xc0a\xc0\xc0\xc0b\xc0\xc0", step) == ([b"a", b"b"], 0)


@pytest.mark.parametrize("step", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("framing", "noise", "end"),
    [
        (Cobs(), b"\x05ab", b"\x00"),
        (Cobs(), b"\xff", b"\x00"),
        (Cobs(), b"\x02a\x03b", b"\x00"),
        (Slip(), b"\xdba", b"\xc0"),
        (Slip(), b"a\xdb", b"\xc0"),
        (Slip(), b"\xdb\xdb", b"\xc0"),
        (Slip(), b"\xdb\xdb\xdc", b"\xc0"),
        (Slip(), b"\xdb\xdc\xdba\xdb\xdd", b"\xc0"),
    ],
)
def test_corrupt_frame_is_skipped_and_counted(
    framing: Framing, noise: bytes, end: bytes, step: int
) -> None:
    """A corrupt frame is dropped without a fault and the frames beside it are found."""
    good = framing.encode(b"good")
    wire = good + noise + end + good + noise + end + good
    assert decoded(framing, wire, step) == ([b"good"] * 3, 2 * len(noise))


@pytest.mark.parametrize("step", [1, 100])
def test_slip_finds_a_frame_right_behind_noise(step: int) -> None:
    """The END at the beginning of a frame ends the noise before it."""
    assert decoded(Slip(), b"a\xdb\xdb" + Slip().encode(b"good"), step) == ([b"good"], 3)


@pytest.mark.parametrize("framing", [Cobs(), Slip()])
@pytest.mark.parametrize("payload", [b"abcd", b"\xc0\xdb\xc0\xdb", b"\x00\x00\x00\x00"])
@pytest.mark.parametrize("limit", [3, 4, 5])
@pytest.mark.parametrize("step", [1, 100])
def test_limit_counts_the_payload_alone(
    framing: Framing, payload: bytes, limit: int, step: int
) -> None:
    """Four bytes are too long for a limit of three, whatever stuffing adds."""
    wire = framing.encode(b"x") + framing.encode(payload)
    decoder = framing.decoder(frame_bytes_max=limit)
    found: list[bytes] = []
    for at in range(0, len(wire), step):
        if decoder.fault is None:
            found += decoder.feed(wire[at : at + step])
    assert found == ([b"x", payload] if limit >= 4 else [b"x"])
    assert (decoder.fault is None) == (limit >= 4)


@pytest.mark.parametrize(
    ("framing", "harmless", "harmful"),
    [
        (Cobs(), b"\xffab", b"c"),
        (Cobs(), b"\x02a\x01", b"\x01"),
        (Slip(), b"\xc0a\xdb\xdc", b"c"),
        (Slip(), b"\xc0ab\xdb", b"\xdd"),
    ],
)
def test_frame_too_long_is_known_without_its_delimiter(
    framing: Framing, harmless: bytes, harmful: bytes
) -> None:
    """A fault comes with the byte that makes the payload longer than two bytes."""
    decoder = framing.decoder(frame_bytes_max=2)
    for at in range(len(harmless)):
        assert decoder.feed(harmless[at : at + 1]) == []
        assert decoder.fault is None
    assert decoder.feed(harmful) == []
    assert isinstance(decoder.fault, FrameTooLong)
    assert (decoder.fault.size, decoder.fault.limit) == (None, 2)
    with pytest.raises(FrameTooLong):
        decoder.feed(b"")
    with pytest.raises(FrameTooLong):
        decoder.eof()


@pytest.mark.parametrize("framing", [Cobs(), Slip()])
def test_end_inside_a_frame_is_incomplete(framing: Framing) -> None:
    """The end of the stream without a delimiter tells how many bytes waited."""
    decoder = framing.decoder(frame_bytes_max=9)
    assert decoder.feed(framing.encode(b"ab") + b"\x05cd") == [b"ab"]
    with pytest.raises(IncompleteFrame) as caught:
        decoder.eof()
    assert caught.value.buffered == 3


def test_framings_are_values() -> None:
    """Equal framings are equal and hash alike, and say that they resynchronise."""
    assert {Cobs(), Cobs(), Slip(), Slip()} == {Cobs(), Slip()}
    assert (Cobs().on_corruption, Slip().on_corruption) == ("skip", "skip")
    assert Cobs().keeps_boundaries
