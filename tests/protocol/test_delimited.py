"""Tests of the framings that end frames with a delimiter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcws_protocol._delimited import Delimited, Lines
from mcws_protocol._errors import FrameTooLong, IncompleteFrame, LocalProtocolError
from mcws_protocol._framing import Framing

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "framing.json").read_text())


def framing_of(vector: dict[str, Any]) -> Framing:
    """Return the framing that a vector names."""
    if vector["framing"] == "Lines":
        return Lines()
    return Delimited(bytes.fromhex(vector["args"]["delimiter"]))


@pytest.mark.parametrize(
    "vector",
    [one for one in VECTORS["vectors"] if one["framing"] in ("Delimited", "Lines")],
    ids=lambda vector: vector["name"],
)
@pytest.mark.parametrize("step", [1, 2, 1000])
def test_vector_holds_in_both_directions(vector: dict[str, Any], step: int) -> None:
    """The documented bytes give the payloads, and are written for them where it says so."""
    framing = framing_of(vector)
    payloads = [bytes.fromhex(payload) for payload in vector["payloads"]]
    wire = bytes.fromhex(vector["wire"])
    decoder = framing.decoder(frame_bytes_max=64)
    pieces = [wire[at : at + step] for at in range(0, len(wire), step)]
    assert [payload for piece in pieces for payload in decoder.feed(piece)] == payloads
    decoder.eof()
    if vector["encodes"]:
        assert b"".join(map(framing.encode, payloads)) == wire


@pytest.mark.parametrize("payload", [b"a--", b"--", b"a--b", b"a-", b"-"])
def test_delimited_refuses_payloads_that_end_early(payload: bytes) -> None:
    """A payload that contains the delimiter, or makes one with it, is refused."""
    with pytest.raises(LocalProtocolError, match="b'--' would end the frame after"):
        Delimited(b"--").check(payload)
    with pytest.raises(LocalProtocolError):
        Delimited(b"--").encode(payload)


@pytest.mark.parametrize("payload", [b"", b"-a", b"a-b", b"a\n"])
def test_delimited_carries_parts_of_its_delimiter(payload: bytes) -> None:
    """A part of the delimiter is no harm where the delimiter cannot complete it."""
    Delimited(b"--").check(payload)
    wire = Delimited(b"--").encode(payload)
    assert Delimited(b"--").decoder(frame_bytes_max=3).feed(wire) == [payload]


@pytest.mark.parametrize("cut", range(8))
def test_delimited_finds_a_delimiter_across_a_cut(cut: int) -> None:
    """A delimiter that begins in one piece and ends in another is found."""
    decoder = Delimited(b"\r\n\r\n").decoder(frame_bytes_max=9)
    wire = b"\r\na\r\n\r\nb"
    assert decoder.feed(wire[:cut]) + decoder.feed(wire[cut:]) == [b"\r\na"]
    assert decoder.buffered == 1


def test_delimited_takes_the_leftmost_of_overlapping_delimiters() -> None:
    """Where delimiters overlap the first one counts, also across cuts."""
    decoder = Delimited(b"aa").decoder(frame_bytes_max=9)
    found = [decoder.feed(data) for data in (b"x", b"a", b"a", b"a", b"aya")]
    assert found == [[], [], [b"x"], [], [b""]]
    assert decoder.buffered == 2


def test_delimited_forgets_a_frame_that_has_ended() -> None:
    """The end of one frame and the beginning of the next make no delimiter."""
    decoder = Delimited(b"abc").decoder(frame_bytes_max=9)
    assert [decoder.feed(data) for data in (b"xa", b"bc", b"b", b"c")] == [[], [b"x"], [], []]
    assert decoder.buffered == 2


def test_delimited_refuses_wrong_delimiters() -> None:
    """A wrong delimiter is named, with its value."""
    with pytest.raises(TypeError, match="delimiter must be bytes, not ';'"):
        Delimited(";")  # type: ignore[arg-type]  # the wrong argument is the test
    with pytest.raises(ValueError, match="delimiter must have 1 to 256 bytes, not b''"):
        Delimited(b"")
    with pytest.raises(ValueError, match="delimiter must have 1 to 256 bytes"):
        Delimited(b"x" * 257)
    assert Delimited(b"x" * 256).encode(b"") == b"x" * 256


@pytest.mark.parametrize("payload", [b"\n", b"a\nb", b"a\r", b"\r"])
def test_lines_refuses_ends_of_line(payload: bytes) -> None:
    """What would come out as other lines is refused."""
    with pytest.raises(LocalProtocolError, match=r"payload (contains a line|ends with a carriage)"):
        Lines().check(payload)
    with pytest.raises(LocalProtocolError):
        Lines().encode(payload)


@pytest.mark.parametrize("cut", range(8))
def test_lines_takes_one_carriage_return_off(cut: int) -> None:
    """One carriage return before a line feed is ignored, wherever the stream is cut."""
    decoder = Lines().decoder(frame_bytes_max=3)
    wire = b"a\r\r\nb\r\n"
    assert decoder.feed(wire[:cut]) + decoder.feed(wire[cut:]) == [b"a\r", b"b"]


@pytest.mark.parametrize("framing", [Lines(), Delimited(b"\n"), Delimited(b"||")])
def test_end_inside_a_frame_is_incomplete(framing: Framing) -> None:
    """A last frame without its delimiter is not given."""
    decoder = framing.decoder(frame_bytes_max=9)
    assert decoder.feed(framing.encode(b"ab") + b"cde") == [b"ab"]
    with pytest.raises(IncompleteFrame) as caught:
        decoder.eof()
    assert caught.value.buffered == 3


@pytest.mark.parametrize("framing", [Lines(), Delimited(b"\n"), Delimited(b"--")])
@pytest.mark.parametrize("limit", [3, 4, 5])
@pytest.mark.parametrize("step", [1, 100])
def test_limit_counts_the_payload_alone(framing: Framing, limit: int, step: int) -> None:
    """Four bytes are too long for a limit of three, and for no higher one; cuts do not matter."""
    decoder = framing.decoder(frame_bytes_max=limit)
    found: list[bytes] = []
    wire = framing.encode(b"abcd")
    for at in range(0, len(wire), step):
        if decoder.fault is None:
            found += decoder.feed(wire[at : at + step])
    assert found == ([b"abcd"] if limit >= 4 else [])
    assert (decoder.fault is None) == (limit >= 4)


def test_limit_of_lines_does_not_count_the_carriage_return() -> None:
    """A line as long as the limit may end with CR LF, in one piece or cut."""
    decoder = Lines().decoder(frame_bytes_max=2)
    assert decoder.feed(b"ab\r\nab\r") == [b"ab"]
    assert decoder.feed(b"\n") == [b"ab"]


def test_frame_too_long_comes_behind_the_good_frames() -> None:
    """Frames before a long one are returned, the fault is raised by the next call."""
    decoder = Lines().decoder(frame_bytes_max=2)
    assert decoder.feed(b"a\nbb\nccc\nd\n") == [b"a", b"bb"]
    assert isinstance(decoder.fault, FrameTooLong)
    assert (decoder.fault.size, decoder.fault.limit, decoder.buffered) == (None, 2, 0)
    with pytest.raises(FrameTooLong):
        decoder.feed(b"")
    with pytest.raises(FrameTooLong):
        decoder.eof()


@pytest.mark.parametrize(
    ("framing", "harmless", "harmful"),
    [
        (Delimited(b"\n"), b"ab", b"c"),
        (Lines(), b"ab\r", b"\r"),
        (Lines(), b"ab", b"c"),
        (Delimited(b"xyz"), b"abxy", b"x"),
        (Delimited(b"xyz"), b"ab", b"c"),
        (Delimited(b"xxy"), b"abxx", b"x"),
    ],
)
def test_frame_too_long_is_known_without_its_delimiter(
    framing: Framing, harmless: bytes, harmful: bytes
) -> None:
    """A fault comes with the first byte that leaves no ending within the limit of two."""
    decoder = framing.decoder(frame_bytes_max=2)
    for at in range(len(harmless)):
        assert decoder.feed(harmless[at : at + 1]) == []
        assert decoder.fault is None
    assert decoder.feed(harmful) == []
    assert isinstance(decoder.fault, FrameTooLong)


def test_framings_are_values() -> None:
    """Equal framings are equal and hash alike, and say what they promise."""
    assert {Delimited(b";"), Delimited(b";"), Lines(), Lines()} == {Delimited(b";"), Lines()}
    assert Lines().keeps_boundaries
    assert Delimited(b";").on_corruption == "fault"
