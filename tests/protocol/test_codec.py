"""Codecs without a contract: what they send, what arrives, and what they refuse."""

from __future__ import annotations

from typing import cast

import pytest

from mcws_protocol._codec import Binary, Codec, Raw, Text, Untouched, utf8
from mcws_protocol._errors import DecodeError, EncodeError

NOT_RAW: list[object] = [None, 1, 1.5, bytearray(b"x"), memoryview(b"x"), ["x"], {"x": 1}]


class LoudText(str):
    """A ``str`` of the application's own class."""

    __slots__ = ()


class LoudBytes(bytes):
    """``bytes`` of the application's own class."""

    __slots__ = ()


@pytest.mark.parametrize("message", ["text", "", b"bytes", b"\xff"])
def test_untouched_changes_nothing(message: Raw) -> None:
    """Without a contract ``bytes`` stay bytes and ``str`` stays text, both ways."""
    codec = Untouched()
    assert codec.encode(message) == message
    assert codec.decode(message) == message


@pytest.mark.parametrize(
    ("message", "payload"),
    [("grüß", "grüß"), (b"", ""), ("grüß".encode(), "grüß"), (LoudText("loud"), "loud")],
)
def test_text_encode_gives_text(message: Raw, payload: str) -> None:
    """``Text`` sends ``str`` as it is and UTF-8 in ``bytes`` as what it means."""
    encoded = Text().encode(message)
    assert isinstance(encoded, str)
    assert encoded == payload


@pytest.mark.parametrize("payload", ["grüß", "grüß".encode()])
def test_text_decode_gives_text(payload: Raw) -> None:
    """``Text`` hands over ``str``, whether the peer marked it as text or not."""
    assert Text().decode(payload) == "grüß"


def test_text_encode_bytes_that_are_not_utf8_raises() -> None:
    """What cannot be text is refused before anything is sent, naming the byte."""
    with pytest.raises(EncodeError, match="not UTF-8 at byte 2"):
        Text().encode(b"ab\xff")


def test_text_decode_bytes_that_are_not_utf8_raises_without_content() -> None:
    """A payload that is no text is ``DecodeError`` 1007 that does not show it."""
    with pytest.raises(DecodeError) as caught:
        Text().decode(b"secret\xff")
    assert str(caught.value) == "payload is not UTF-8 text at byte 6"
    assert (caught.value.code, caught.value.path) == (1007, "byte 6")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("message", "payload"),
    [(b"\xff", b"\xff"), ("grüß", "grüß".encode()), (LoudBytes(b"loud"), b"loud")],
)
def test_binary_encode_gives_bytes(message: Raw, payload: bytes) -> None:
    """``Binary`` sends ``bytes`` as they are and ``str`` as its UTF-8."""
    encoded = Binary().encode(message)
    assert isinstance(encoded, bytes)
    assert encoded == payload


@pytest.mark.parametrize("payload", ["grüß", "grüß".encode()])
def test_binary_decode_gives_bytes(payload: Raw) -> None:
    """``Binary`` hands over ``bytes``, whether the peer marked them as text or not."""
    assert Binary().decode(payload) == "grüß".encode()


def test_binary_decode_text_with_a_lone_surrogate_raises_without_content() -> None:
    """Text that has no UTF-8 is a ``DecodeError`` that tells where, and nothing else of it."""
    with pytest.raises(DecodeError, match="without lone surrogates") as caught:
        Binary().decode("secret\ud800")
    assert caught.value.path == "character 6"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("message", NOT_RAW, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("codec", [Untouched(), Text(), Binary()], ids=repr)
def test_codec_encode_another_type_raises(codec: Codec[Raw], message: object) -> None:
    """What is neither ``bytes`` nor ``str`` is an ``EncodeError`` that names its type."""
    with pytest.raises(EncodeError, match=f"expected bytes or str, got {type(message).__name__}"):
        codec.encode(cast("Raw", message))


@pytest.mark.parametrize("encode", [utf8, Binary().encode])
def test_lone_surrogate_cannot_be_sent_as_bytes(encode: object) -> None:
    """Half of a pair has no UTF-8: ``EncodeError``, which is a ``TypeError`` too."""
    assert callable(encode)
    with pytest.raises(TypeError, match="lone surrogate at 1") as caught:
        encode("a\udc80")
    assert isinstance(caught.value, EncodeError)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("codec", "text"), [(Untouched(), "Untouched()"), (Text(), "Text()"), (Binary(), "Binary()")]
)
def test_codec_shows_how_it_was_made(codec: Codec[Raw], text: str) -> None:
    """The ``repr`` of a codec is the call that makes it."""
    assert repr(codec) == text
