"""Tests of the loops, of ``Chunks`` and ``Fixed``, and of what all decoders share."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mcws_protocol._errors import (
    FrameTooLong,
    IncompleteFrame,
    LocalProtocolError,
    RemoteProtocolError,
)
from mcws_protocol._framing import FRAME_BYTES_MAX, Chunks, Fixed, Framing, frames, iter_frames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "framing.json").read_text())
FRAMINGS: dict[str, type[Chunks | Fixed]] = {"Chunks": Chunks, "Fixed": Fixed}


@pytest.mark.parametrize(
    "vector",
    [one for one in VECTORS["vectors"] if one["framing"] in FRAMINGS],
    ids=lambda vector: vector["name"],
)
def test_vector_holds_in_both_directions(vector: dict[str, Any]) -> None:
    """The documented bytes are written for the payloads and give them back."""
    framing: Framing = FRAMINGS[vector["framing"]](**vector["args"])
    payloads = [bytes.fromhex(payload) for payload in vector["payloads"]]
    wire = bytes.fromhex(vector["wire"])
    assert framing.decoder(frame_bytes_max=1024).feed(wire) == payloads
    assert b"".join(map(framing.encode, payloads)) == wire


def recording_recv(*chunks: bytes) -> tuple[list[int], Any]:
    """Return what was asked for, and a ``recv`` that gives these chunks and then the end."""
    asked: list[int] = []
    waiting = list(chunks)

    def recv(size: int) -> bytes:
        asked.append(size)
        return waiting.pop(0) if waiting else b""

    return asked, recv


def reader_of(*chunks: bytes) -> asyncio.StreamReader:
    """Return a stream that contains these bytes and then ends."""
    reader = asyncio.StreamReader()
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    return reader


async def collected(payloads: AsyncIterator[bytes], into: list[bytes]) -> None:
    """Collect what an iterator yields, up to its error."""
    async for payload in payloads:
        into.append(payload)


def test_chunks_gives_each_chunk() -> None:
    """Every chunk is a payload as it arrived, and no chunk is none."""
    decoder = Chunks().decoder(frame_bytes_max=10)
    assert [decoder.feed(b"ab"), decoder.feed(b""), decoder.feed(b"c")] == [[b"ab"], [], [b"c"]]
    decoder.eof()
    assert (decoder.fault, decoder.buffered, decoder.skipped) == (None, 0, 0)


def test_chunks_says_that_it_keeps_no_boundaries() -> None:
    """Chunks is the one framing here whose payloads may be split and joined."""
    assert (Chunks().keeps_boundaries, Fixed(1).keeps_boundaries) == (False, True)
    assert (Chunks().on_corruption, Fixed(1).on_corruption) == ("fault", "fault")


def test_chunks_refuses_an_empty_payload() -> None:
    """Nothing cannot be sent as a chunk."""
    with pytest.raises(LocalProtocolError, match="empty"):
        Chunks().check(b"")
    with pytest.raises(LocalProtocolError, match="empty"):
        Chunks().encode(b"")


@pytest.mark.parametrize("framing", [Chunks(), Fixed(4)])
@pytest.mark.parametrize("limit", [3, 4, 5])
def test_limit_counts_the_whole_frame(framing: Framing, limit: int) -> None:
    """Four bytes are too long for a limit of three, and for no higher one."""
    decoder = framing.decoder(frame_bytes_max=limit)
    found = decoder.feed(b"abcd")
    assert found == ([b"abcd"] if limit >= 4 else [])
    assert (decoder.fault is None) == (limit >= 4)


@pytest.mark.parametrize("framing", [Chunks(), Fixed(4)])
def test_fault_is_kept_and_raised_by_every_later_call(framing: Framing) -> None:
    """A fault is there at once, with its numbers, and raised from the next call on."""
    decoder = framing.decoder(frame_bytes_max=3)
    assert decoder.feed(b"abcd") == []
    assert isinstance(decoder.fault, FrameTooLong)
    assert (decoder.fault.size, decoder.fault.limit) == (4, 3)
    for _ in range(2):
        with pytest.raises(FrameTooLong):
            decoder.feed(b"a")
        with pytest.raises(FrameTooLong):
            decoder.eof()


def test_fixed_below_the_limit_faults_with_the_first_byte_only() -> None:
    """Frames that are all too long are refused when one begins, not before."""
    decoder = Fixed(4).decoder(frame_bytes_max=3)
    assert decoder.feed(b"") == []
    assert decoder.fault is None
    assert decoder.feed(b"a") == []
    assert isinstance(decoder.fault, FrameTooLong)


@pytest.mark.parametrize("payload", [b"", b"abc", b"abcde"])
def test_fixed_refuses_other_lengths(payload: bytes) -> None:
    """A payload of any other length is refused by check and by encode."""
    with pytest.raises(LocalProtocolError, match=f"{len(payload)} bytes in frames of 4 bytes"):
        Fixed(4).check(payload)
    with pytest.raises(LocalProtocolError):
        Fixed(4).encode(payload)


def test_fixed_joins_what_was_cut() -> None:
    """Frames come out whole, and what waits is counted."""
    decoder = Fixed(4).decoder(frame_bytes_max=4)
    steps = [(decoder.feed(data), decoder.buffered) for data in (b"ab", b"", b"c", b"defgh", b"i")]
    assert steps == [([], 2), ([], 2), ([], 3), ([b"abcd", b"efgh"], 0), ([], 1)]


def test_fixed_ending_inside_a_frame_is_incomplete() -> None:
    """The end of the stream inside a frame tells how much of it had come."""
    decoder = Fixed(4).decoder(frame_bytes_max=4)
    assert decoder.feed(b"abcdef") == [b"abcd"]
    with pytest.raises(IncompleteFrame) as caught:
        decoder.eof()
    assert caught.value.buffered == 2
    assert (decoder.fault, decoder.buffered) == (caught.value, 0)


def test_fixed_refuses_wrong_arguments() -> None:
    """A wrong length is named, with its value."""
    with pytest.raises(ValueError, match="frame_bytes must be at least 1, not 0"):
        Fixed(0)
    with pytest.raises(TypeError, match="frame_bytes must be an int, not '4'"):
        Fixed("4")  # type: ignore[arg-type]  # the wrong argument is the test
    with pytest.raises(TypeError, match="frame_bytes must be an int, not True"):
        Fixed(True)


def test_decoder_refuses_a_wrong_limit() -> None:
    """A wrong limit is named, with its value."""
    with pytest.raises(ValueError, match="frame_bytes_max must be at least 0, not -1"):
        Chunks().decoder(frame_bytes_max=-1)
    with pytest.raises(TypeError, match="frame_bytes_max must be an int, not None"):
        Chunks().decoder(frame_bytes_max=None)  # type: ignore[arg-type]  # the wrong argument is the test


def test_framings_are_values() -> None:
    """Equal framings are equal and hash alike, and cannot be changed."""
    assert {Fixed(4), Fixed(4), Chunks(), Chunks()} == {Fixed(4), Chunks()}
    with pytest.raises(AttributeError):
        Fixed(4).frame_bytes = 5  # type: ignore[misc]  # that it is refused is the test


@pytest.mark.parametrize("piece", [1, 7, 1023, 1024, 5000])
def test_held_bytes_cost_about_their_size(piece: int) -> None:
    """A frame that waits costs its bytes and a twentieth, however small the pieces were."""
    size, data = 1 << 17, bytes(range(251)) * 20
    decoder = Fixed(size).decoder(frame_bytes_max=size)
    tracemalloc.start()
    try:
        for start in range(0, size - piece, piece):
            decoder.feed(data[start % 15 : start % 15 + piece])
        cost = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert decoder.buffered <= cost <= decoder.buffered * 21 // 20 + 4096


def test_held_bytes_keep_their_order() -> None:
    """Small and large pieces, mixed, are joined in the order of their arrival."""
    pieces = [bytes([number]) * size for number, size in enumerate((1, 9, 2000, 3, 4, 5000, 1, 1))]
    whole = b"".join(pieces)
    decoder = Fixed(len(whole)).decoder(frame_bytes_max=len(whole))
    assert [payload for piece in pieces for payload in decoder.feed(piece)] == [whole]


def test_iter_frames_yields_until_the_end() -> None:
    """The blocking loop gives every payload and stops when the stream ends."""
    asked, recv = recording_recv(b"abc", b"def")
    assert list(iter_frames(recv, Fixed(2))) == [b"ab", b"cd", b"ef"]
    assert asked == [65536] * 3


def test_iter_frames_raises_behind_the_good_frames() -> None:
    """The blocking loop raises without reading on, after what came before."""
    asked, recv = recording_recv(b"ab", b"abcdefgh", b"never read")
    payloads = iter_frames(recv, Chunks(), frame_bytes_max=4)
    assert next(payloads) == b"ab"
    with pytest.raises(FrameTooLong):
        next(payloads)
    assert len(asked) == 2


def test_iter_frames_raises_at_an_end_inside_a_frame() -> None:
    """The blocking loop tells that a frame was cut off."""
    _, recv = recording_recv(b"abc")
    payloads = iter_frames(recv, Fixed(2))
    assert next(payloads) == b"ab"
    with pytest.raises(IncompleteFrame):
        next(payloads)


@pytest.mark.parametrize(("limit", "size"), [(0, 1), (1, 1), (100, 100), (FRAME_BYTES_MAX, 65536)])
def test_loop_reads_no_chunk_above_the_limit(limit: int, size: int) -> None:
    """Where a chunk is a message, no more is asked for than a message may have."""
    asked, recv = recording_recv()
    assert list(iter_frames(recv, Chunks(), frame_bytes_max=limit)) == []
    assert asked == [size]


async def test_frames_yields_until_the_end() -> None:
    """The asyncio loop gives every payload and stops when the stream ends."""
    assert [payload async for payload in frames(reader_of(b"abc", b"d"), Fixed(2))] == [
        b"ab",
        b"cd",
    ]


async def test_frames_raises_at_an_end_inside_a_frame() -> None:
    """The asyncio loop gives what was complete and tells that a frame was cut off."""
    found: list[bytes] = []
    with pytest.raises(IncompleteFrame):
        await collected(frames(reader_of(b"abc"), Fixed(2)), found)
    assert found == [b"ab"]


async def test_frames_raises_the_fault_of_the_decoder() -> None:
    """The asyncio loop raises what the decoder found, and reads no further."""
    reader = reader_of(b"abcd")
    with pytest.raises(RemoteProtocolError):
        await collected(frames(reader, Fixed(4), frame_bytes_max=3), [])
