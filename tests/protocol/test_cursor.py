"""Cursor: reads fields in order and never past the end of a body."""

from __future__ import annotations

from struct import Struct

import pytest

from mcws_protocol._cursor import Cursor
from mcws_protocol._errors import RemoteProtocolError

U16 = Struct(">H")


def test_cursor_reads_fields_in_order() -> None:
    """Each read goes on where the one before ended."""
    cursor = Cursor(b"\x01\x02\x00\x03\x00\x04tail", "FRAME")
    assert cursor.number(U16) == 0x0102
    assert cursor.unpack(Struct(">HH")) == (3, 4)
    assert cursor.left == 4
    assert cursor.take(1) == b"t"
    assert cursor.rest() == b"ail"
    cursor.end()


def test_cursor_empty_has_an_empty_rest() -> None:
    """Nothing is left of nothing."""
    cursor = Cursor(b"", "FRAME")
    assert (cursor.left, cursor.take(0), cursor.rest()) == (0, b"", b"")
    cursor.end()


@pytest.mark.parametrize(("size", "missing"), [(4, 1), (5, 2), (65_535, 65_532)])
def test_cursor_take_past_the_end_raises(size: int, missing: int) -> None:
    """A field that is not whole is the peer's fault, and nothing is read of it."""
    cursor = Cursor(b"abc", "FRAME")
    with pytest.raises(RemoteProtocolError, match=f"FRAME is {missing} bytes too short") as caught:
        cursor.take(size)
    assert caught.value.code == 1002
    assert cursor.left == 3


def test_cursor_number_past_the_end_raises() -> None:
    """Half a number is ``RemoteProtocolError``, never ``struct.error``."""
    with pytest.raises(RemoteProtocolError, match="FRAME is 1 bytes too short"):
        Cursor(b"\x00", "FRAME").number(U16)


@pytest.mark.parametrize("width", [1, 2])
def test_cursor_counted_reads_a_number_and_so_many_bytes(width: int) -> None:
    """Both lengths that the wire has in front of names and extensions; 0 is one too."""
    body = (3).to_bytes(width, "big") + b"abc" + bytes(width) + b"tail"
    cursor = Cursor(body, "FRAME")
    assert (cursor.counted(width), cursor.counted(width), cursor.rest()) == (b"abc", b"", b"tail")


@pytest.mark.parametrize(
    ("body", "missing"), [(b"", 2), (b"\x01", 1), (b"\x00\x01", 1), (b"\x01\x02abc", 255)]
)
def test_cursor_counted_past_the_end_raises(body: bytes, missing: int) -> None:
    """Whether the number is not whole, or what it counts: it says what is missing of that."""
    with pytest.raises(RemoteProtocolError, match=f"FRAME is {missing} bytes too short"):
        Cursor(body, "FRAME").counted(2)


def test_cursor_end_before_the_end_raises() -> None:
    """Bytes behind the last field are refused."""
    cursor = Cursor(b"abc", "FRAME")
    cursor.take(1)
    with pytest.raises(RemoteProtocolError, match="FRAME is 2 bytes too long") as caught:
        cursor.end()
    assert caught.value.code == 1002


def test_cursor_text_is_utf8() -> None:
    """Text is decoded, control characters included."""
    assert Cursor(b"", "FRAME").text("grüß\n".encode()) == "grüß\n"


@pytest.mark.parametrize("raw", [b"\xff", b"a\xe2\x82", b"\xed\xa0\x80", b"\xc0\x80"])
@pytest.mark.parametrize("read", [Cursor.text, Cursor.label])
def test_cursor_text_that_is_not_utf8_raises(read: object, raw: bytes) -> None:
    """Text that does not decode has the code 1007, and its bytes are not shown."""
    assert callable(read)
    with pytest.raises(RemoteProtocolError, match=r"^text in FRAME is not UTF-8$") as caught:
        read(Cursor(b"", "FRAME"), raw)
    assert caught.value.code == 1007
    assert caught.value.__context__ is None


@pytest.mark.parametrize("text", ["", "kiosk 7", "däv", "\xa0", "名前", "~"])
def test_cursor_label_without_control_characters_is_text(text: str) -> None:
    """Names may be in any language."""
    assert Cursor(b"", "FRAME").label(text.encode()) == text


@pytest.mark.parametrize("letter", ["\0", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x9f"])
def test_cursor_label_with_a_control_character_raises(letter: str) -> None:
    """Names go into logs and file names, so they hold no control characters."""
    with pytest.raises(RemoteProtocolError, match="control characters in a name in FRAME"):
        Cursor(b"", "FRAME").label(f"a{letter}b".encode())
