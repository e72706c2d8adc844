"""FrameReader: cuts a stream into frames, however it arrives, and holds no more than arrived."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from mcws_protocol._errors import FrameTooLong, IncompleteFrame, RemoteProtocolError
from mcws_protocol._events import CloseFrame, MessageFrame, Numbering, PingFrame, Received
from mcws_protocol._frames import HEADER, MESSAGE, TEXT, encode_frame
from mcws_protocol._reader import PARTS_FROM, FrameReader, LongFrame

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mcws1.json").read_text(encoding="utf-8")
)
LIMIT: Final = 1_048_640
PING: Final = encode_frame(PingFrame(b"ping"))


def message(payload: bytes, flags: int = 0) -> bytes:
    """Return a MESSAGE."""
    return HEADER.pack(len(payload) + 2, MESSAGE, flags) + payload


def in_pieces(data: bytes, size: int) -> list[bytes]:
    """Return ``data`` in pieces of ``size`` bytes."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(pieces: list[bytes], limit: int = LIMIT) -> tuple[list[Received], FrameReader]:
    """Return all that a new reader finds, and the reader."""
    reader = FrameReader(limit)
    return [found for piece in pieces for found in reader.feed(piece)], reader


def test_plain_messages_are_their_payload() -> None:
    """A MESSAGE without options is ``bytes``, with TEXT ``str``, and nothing else was seen."""
    found, reader = read([message(b"a") + message("ü".encode(), TEXT) + message(b"")])
    assert found == [b"a", "ü", b""]
    assert not reader.others
    assert reader.fault is None
    assert reader.buffered == 0


def test_other_frames_are_events_and_are_announced() -> None:
    """Whatever is no plain message is a frame, in the order of the stream."""
    found, reader = read([message(b"a") + PING + message(b"b")])
    assert found == [b"a", PingFrame(b"ping"), b"b"]
    assert reader.others
    reader.feed(message(b"c"))
    assert not reader.others


def test_message_with_options_is_a_frame() -> None:
    """Numbering and context make a MESSAGE more than its payload."""
    numbered, traced = MessageFrame(b"a", Numbering(1)), MessageFrame(b"b", context=b"c")
    found, reader = read([encode_frame(numbered) + encode_frame(traced)])
    assert found == [numbered, traced]
    assert reader.others


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 64, 4096, 1 << 20])
def test_stream_in_pieces_gives_the_same_frames(size: int) -> None:
    """All vectors as one stream come out the same, however it is cut."""
    stream = b"".join(bytes.fromhex(vector["hex"]) for vector in VECTORS["frames"])
    whole, _ = read([stream])
    found, reader = read(in_pieces(stream, size))
    assert len(found) == len(VECTORS["frames"])
    assert found == whole
    assert reader.buffered == 0


@pytest.mark.parametrize("size", [PARTS_FROM - 3, PARTS_FROM - 2, PARTS_FROM - 1, 100_000])
@pytest.mark.parametrize("piece", [1, 511, 512, 5000])
def test_large_frame_in_pieces_is_joined_once_whole(size: int, piece: int) -> None:
    """Frames on both sides of the border to parts arrive whole, with what stands behind."""
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    found, reader = read(in_pieces(message(payload) + PING + message(b"x")[:5], piece))
    assert found == [payload, PingFrame(b"ping")]
    assert reader.buffered == 5


def test_large_frame_in_uneven_pieces_is_joined_in_order() -> None:
    """Small pieces between large ones stay where they were."""
    payload = bytes(index % 251 for index in range(20_000))
    stream = message(payload)
    cuts = [0, 6, 7, 1000, 1001, 1002, 9000, 9100, 9200, 19_999, len(stream)]
    found, _ = read([stream[start:end] for start, end in pairwise(cuts)])
    assert found == [payload]


@pytest.mark.parametrize("vector", VECTORS["skipped"], ids=lambda vector: str(vector["name"]))
def test_optional_frame_is_skipped(vector: dict[str, Any]) -> None:
    """A frame of an unknown optional type leaves no trace."""
    found, reader = read([bytes.fromhex(vector["hex"]) + message(b"a")])
    assert found == [b"a"]
    assert not reader.others


def test_optional_frame_in_the_opening_is_refused() -> None:
    """While nothing may be skipped, an unknown type is a fault."""
    reader = FrameReader(LIMIT)
    reader.skips = False
    assert reader.feed(HEADER.pack(2, 0x80, 0)) == []
    assert str(reader.fault) == "unknown frame type 0x80 in the opening"


@pytest.mark.parametrize("limit", [256, 1_048_640])
def test_frame_at_the_limit_is_accepted(limit: int) -> None:
    """``len`` may be the limit itself (FAULTS 1)."""
    for size in (limit - 1, limit):
        payload = bytes(size - 2)
        assert read([message(payload)], limit)[0] == [payload]


@pytest.mark.parametrize("limit", [256, 1_048_640])
@pytest.mark.parametrize("piece", [1, 4])
def test_frame_above_the_limit_is_refused_from_its_length(limit: int, piece: int) -> None:
    """Four bytes are enough to refuse, and nothing of the frame is kept (FAULTS 1)."""
    found, reader = read(in_pieces((limit + 1).to_bytes(4, "big"), piece), limit)
    assert found == []
    assert isinstance(reader.fault, FrameTooLong)
    assert (reader.fault.size, reader.fault.limit) == (limit + 1, limit)
    assert reader.buffered == 0


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("rest", [b"", b"\x10", b"\x10\x00more"])
def test_length_below_two_is_refused(length: int, rest: bytes) -> None:
    """A frame has a type and flags at least."""
    found, reader = read([length.to_bytes(4, "big") + rest])
    assert found == []
    assert str(reader.fault) == f"frame of length {length}, at least 2 is needed"


def test_three_bytes_of_a_length_are_not_judged() -> None:
    """A length is looked at when it is whole."""
    found, reader = read([b"\xff\xff\xff"], 256)
    assert (found, reader.fault, reader.buffered) == ([], None, 3)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (message(b"\xff", TEXT), 1007),
        (HEADER.pack(2, 0x7F, 0), 1002),
        (HEADER.pack(3, 0x31, 0) + b"x", 1002),
        (b"\0\0\0\0", 1002),
        (b"\xff\xff\xff\xff", 1009),
    ],
)
@pytest.mark.parametrize("piece", [1, 1000])
def test_good_frames_before_a_fault_are_returned(bad: bytes, code: int, piece: int) -> None:
    """A fault takes away neither the frames before it nor its own code."""
    found, reader = read(in_pieces(message(b"a") + PING + bad + message(b"b"), piece))
    assert found == [b"a", PingFrame(b"ping")]
    assert isinstance(reader.fault, RemoteProtocolError)
    assert reader.fault.code == code


def test_nothing_is_read_after_a_fault() -> None:
    """A stream that went wrong has no frames any more."""
    _, reader = read([b"\0\0\0\0"])
    assert reader.feed(message(b"a")) == []
    assert reader.fault is not None


@pytest.mark.parametrize("arrived", [4, 6, 100, 5000])
def test_claimed_4_gib_hold_only_what_arrived(arrived: int) -> None:
    """A length is a promise, for which no memory is set aside (FAULTS 2)."""
    data = b"\xff\xff\xff\xff" + bytes(arrived - 4)
    found, reader = read([data], 2**32 - 1)
    assert found == []
    assert reader.buffered == arrived
    assert held_bytes(reader) < arrived + 1024


@pytest.mark.parametrize("piece", [1, 2, 100, 511, 512])
def test_frame_that_trickles_in_costs_little_more_than_its_bytes(piece: int) -> None:
    """Many small pieces are not many objects (FAULTS 2, 5)."""
    arrived = 60_000
    _, reader = read(in_pieces(message(bytes(100_000))[:arrived], piece))
    assert reader.buffered == arrived
    assert held_bytes(reader) < arrived * 1.2


def held_bytes(reader: FrameReader) -> int:
    """Return the bytes of memory that a reader holds for its stream."""
    long: LongFrame | None = getattr(reader, "_long")  # noqa: B009 - what it costs is private
    tail: bytes = getattr(reader, "_tail")  # noqa: B009 - what it costs is private
    parts: list[bytes] | None = getattr(long, "_parts", None)
    return sum(map(sys.getsizeof, [tail, long, parts, *(parts or [])]))


@pytest.mark.parametrize("piece", [1, 1000, 100_000])
def test_end_inside_a_frame_is_an_incomplete_frame(piece: int) -> None:
    """The end of the stream tells how much of the last frame had come."""
    _, reader = read(in_pieces(message(bytes(9000))[:-1], piece))
    with pytest.raises(IncompleteFrame) as caught:
        reader.eof()
    assert caught.value.buffered == 9005


def test_end_between_frames_is_no_fault() -> None:
    """A stream may end where a frame does."""
    found, reader = read([encode_frame(CloseFrame())])
    reader.eof()
    assert found == [CloseFrame()]
