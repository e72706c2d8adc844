"""Tests of what was sent and said, as one clean line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_testkit._escaped import TEXT_MAX, line, message, raw


@given(st.text(), st.integers(3, 100))
def test_line_of_any_text(text: str, limit: int) -> None:
    """Whatever the text, the line is printable ASCII of at most the limit."""
    shown = line(text, limit)
    assert len(shown) <= limit
    assert all(" " <= char <= "~" for char in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", r"a\nb"), ("\x1b[2J", r"\x1b[2J"), ("é\u202e", r"\xe9\u202e"), ("it's", "it's")],
)
def test_line_escapes(text: str, shown: str) -> None:
    """What is not printable ASCII comes out as Python writes it, without quotes."""
    assert line(text) == shown


@pytest.mark.parametrize("size", [TEXT_MAX - 1, TEXT_MAX, TEXT_MAX + 1, 10**6])
def test_line_is_cut(size: int) -> None:
    """A text that is too long ends with three dots; one that fits is whole."""
    shown = line("x" * size)
    assert len(shown) == min(size, TEXT_MAX)
    assert shown.endswith("...") == (size > TEXT_MAX)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "''"),
        (b"hello\r\n", r"'hello\r\n'"),
        (b"\x1b[31mred", r"'\x1b[31mred'"),
        (b"\x00\x01", "2 B 0001"),
        (b"\xff", "1 B ff"),
        (bytes(8), "8 B 0000000000000000"),
        (bytes(9), "9 B 0000000000000000..."),
    ],
)
def test_raw_is_text_or_a_count(data: bytes, shown: str) -> None:
    """Bytes are shown as text where most of them are, else as their count and the first eight."""
    assert raw(data) == shown


@given(st.binary())
def test_raw_of_any_bytes(data: bytes) -> None:
    """Whatever the bytes, they come out as printable ASCII."""
    assert all(" " <= char <= "~" for char in raw(data))


@pytest.mark.parametrize(
    ("value", "shown"), [("a", "'a'"), (b"a", "'a'"), ({"a": 1}, "{'a': 1}"), (None, "None")]
)
def test_message_as_its_reader_knows_it(value: object, shown: str) -> None:
    """Text has quotes, whether it was decoded or not; all else is as Python writes it."""
    assert message(value) == shown
