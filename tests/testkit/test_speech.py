"""Tests of how bytes become readable frames."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol import (
    UNTYPED,
    Binary,
    Chunks,
    CloseFrame,
    Cobs,
    Codec,
    FrameDecoder,
    Framing,
    HelloFrame,
    Json,
    LengthPrefixed,
    Lines,
    Mcws,
    Plain,
    RequestFrame,
    Varint,
    encode_frame,
)
from mcws_testkit._meaning import Sender
from mcws_testkit._speech import Speaks, Speech

from .thermo import ANSWER, ASK, READING, THERMO


def heard(speech: Speech, *chunks: bytes, sender: Sender = "client") -> list[tuple[str, ...]]:
    """Return what one end of a new connection says in these chunks."""
    conversation = speech.conversation()
    return [conversation.hear(sender, chunk) for chunk in chunks]


class Grumpy(Chunks):
    """A framing with a decoder that fails."""

    class Decoder:
        """Takes one chunk, then fails."""

        fault = None
        buffered = 0
        skipped = 0

        def feed(self, data: bytes) -> list[bytes]:
            """Return ``data`` unless it complains."""
            if data == b"bad":
                raise ZeroDivisionError
            return [data]

        def eof(self) -> None:
            """Do nothing."""

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return the decoder."""
        return self.Decoder()


class Broken(Chunks):
    """A framing without a decoder."""

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Fail."""
        raise ZeroDivisionError


class Secret:
    """A message that cannot be shown."""

    def __repr__(self) -> str:
        """Fail."""
        raise ZeroDivisionError


class Secretive:
    """A codec whose messages cannot be shown."""

    def encode(self, message: Secret, /) -> bytes:
        """Return nothing."""
        return b""

    def decode(self, payload: object, /) -> Secret:
        """Return what cannot be shown."""
        return Secret()


def test_mcws_in_words() -> None:
    """The wire mcws/1 is told frame by frame."""
    data = encode_frame(HelloFrame(frame_bytes_max=1024, id="k1"))
    data += encode_frame(RequestFrame(7, "text")) + encode_frame(CloseFrame())
    assert heard(Speech(Mcws()), data) == [("HELLO id=k1", "REQUEST 7 'text'", "CLOSE 1000")]


def test_contract_in_words() -> None:
    """A contract is told in its messages, whatever end says them."""
    conversation = Speech(THERMO).conversation()
    assert conversation.hear("client", READING + ASK) == (
        "MESSAGE Reading(celsius=21.5)",
        "REQUEST 7 GetConfig(section='main')",
    )
    assert conversation.hear("server", ANSWER) == ("REPLY 7 Config(interval=30)",)


def test_split_frame_is_told_when_it_is_complete() -> None:
    """Of a frame that is split each chunk tells its share, and the last one all."""
    framing = LengthPrefixed()
    assert heard(Speech(framing), b"\0\0", b"\0\2a", b"b\0", b"\0") == [
        ("+2 B of a frame",),
        ("+3 B of a frame",),
        ("'ab'", "+1 B of a frame"),
        ("+1 B of a frame",),
    ]


def test_directions_have_framings_of_their_own() -> None:
    """A plain wire may frame up and down differently."""
    speech = Speech(Plain(Chunks(), up=Lines(), down=Varint()))
    assert heard(speech, b"a\n") == [("'a'",)]
    assert heard(speech, b"\x01a", sender="server") == [("'a'",)]
    assert heard(Speech(Plain(Lines())), b"a\n", sender="server") == [("'a'",)]


def test_codec_with_a_framing() -> None:
    """A codec decodes what a framing cuts."""
    assert heard(Speech(Lines(), codec=Json()), b'{"a":1}\n') == [("{'a': 1}",)]


def test_codec_of_a_plain_wire() -> None:
    """A plain wire has a codec unless one is given."""
    assert heard(Speech(Plain(Lines()), codec=Json()), b"[1]\n") == [("[1]",)]
    assert heard(Speech(Plain(Lines())), b"[1]\n") == [("'[1]'",)]


def test_bytes_without_speech() -> None:
    """Where nothing is known, text is text and all else is counted."""
    assert heard(Speech(), b"GET /\r\n", b"\0\xff") == [(r"'GET /\r\n'",), ("2 B 00ff",)]


def test_nothing_said_is_nothing_heard() -> None:
    """No bytes say nothing."""
    assert heard(Speech(Lines()), b"") == [()]


def test_tls_is_told_by_its_records() -> None:
    """Whatever is spoken inside of TLS, outside only its records can be told."""
    chunks = (b"\x16", b"\x03\x01\0\x02", b"ab\x17\x03\x03\0\x01c")
    told = [("+1 B of a frame",), ("+4 B of a frame",), ("TLS handshake 7 B", "TLS data 6 B")]
    assert heard(Speech(Lines()), *chunks) == told


def test_first_bytes_that_are_no_tls_after_all() -> None:
    """Bytes that might have been TLS are given to the framing when they are not."""
    assert heard(Speech(Lines()), b"\x16", b"abc\n") == [("+1 B of a frame",), (r"'\x16abc'",)]


def test_fault_of_the_stream() -> None:
    """Behind a fault nobody knows where frames begin, so bytes are told."""
    assert heard(Speech(LengthPrefixed()), b"\xff\xff\xff\xff", b"text", b"\0") == [
        ("4 B ffffffff",),
        ("'text' (FrameTooLong)",),
        ("1 B 00",),
    ]


def test_decoder_that_fails() -> None:
    """A mistake in a decoder of the user's own does not hide what was on the wire."""
    assert heard(Speech(Grumpy()), b"ok", b"bad", b"more") == [
        ("'ok'",),
        ("'bad' (ZeroDivisionError)",),
        ("'more'",),
    ]


def test_framing_without_a_decoder() -> None:
    """A framing that makes no decoder leaves the bytes."""
    assert heard(Speech(Broken()), b"a\n") == [(r"'a\n'",)]


def test_message_that_cannot_be_shown() -> None:
    """A message that cannot be shown is shown as its payload."""
    assert heard(Speech(Lines(), codec=Secretive()), b"a\n") == [("'a'",)]


@pytest.mark.parametrize("speaks", [5, "lines", Lines, [Lines()]])
def test_speaks_is_checked(speaks: Any) -> None:
    """What is no framing, wire or contract is refused by name."""
    with pytest.raises(TypeError, match="speaks must be a framing, a wire or a contract"):
        Speech(speaks)


def test_codec_that_the_wire_cannot_carry() -> None:
    """A contract in a codec that its wire cannot carry is refused at once."""
    with pytest.raises(TypeError):
        Speech(THERMO, codec=Binary())


KINDS: list[tuple[Speaks | None, Codec[Any] | None]] = [
    (None, None),
    (Lines(), Json()),
    (Cobs(), None),
    (Mcws(), None),
    (Plain(Varint()), None),
    (THERMO, None),
    (UNTYPED, None),
    (Grumpy(), None),
]


@given(st.sampled_from(KINDS), st.lists(st.tuples(st.booleans(), st.binary()), max_size=8))
def test_speech_of_any_bytes(
    kind: tuple[Speaks | None, Codec[Any] | None], chunks: list[tuple[bool, bytes]]
) -> None:
    """Whatever the bytes, each chunk that has some is told in printable lines."""
    conversation = Speech(kind[0], codec=kind[1]).conversation()
    for is_up, data in chunks:
        told = conversation.hear("client" if is_up else "server", data)
        assert bool(told) == bool(data)
        assert all(" " <= char <= "~" for text in told for char in text)


FRAMINGS: list[Framing] = [Lines(), Varint(), Cobs(), LengthPrefixed(2)]


@given(
    st.sampled_from(FRAMINGS),
    st.lists(st.text("abc", min_size=1, max_size=9), max_size=6),
    st.lists(st.integers(0, 60)),
)
def test_frames_survive_any_cuts(framing: Framing, texts: list[str], cuts: list[int]) -> None:
    """However a stream is cut, the same frames are told in the same order."""
    data = b"".join(framing.encode(text.encode()) for text in texts)
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    chunks = [data[a:b] for a, b in pairwise(places)]
    told = [text for found in heard(Speech(framing), *chunks) for text in found]
    assert [text for text in told if not text.startswith("+")] == [repr(text) for text in texts]
