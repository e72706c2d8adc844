"""Arguments of the wrong kind are refused at the call."""

from __future__ import annotations

import pytest

from mcws_protocol import Json, MsgPack, Text
from mcws_protocol._arguments import expect, expect_codec


def test_argument_of_its_kind_is_accepted() -> None:
    """Nothing happens where everything is right, subclasses included."""
    expect("port", True, int)


@pytest.mark.parametrize(("example", "hint"), [("", ""), ("8080", ", such as 8080")])
def test_argument_of_another_kind_is_refused(example: str, hint: str) -> None:
    """The error names argument and value, and how a right one looks."""
    with pytest.raises(TypeError) as caught:
        expect("port", "80", int, example)
    assert str(caught.value) == f"port must be a int{hint}, not '80'"


@pytest.mark.parametrize("codec", [Json(), MsgPack(int), Text()], ids=repr)
def test_codec_is_accepted(codec: object) -> None:
    """Whatever encodes and decodes is one."""
    expect_codec(codec)


class Half:
    """What encodes only."""

    def encode(self, message: object, /) -> bytes:
        """Return nothing."""
        return b""


@pytest.mark.parametrize(
    ("codec", "named"),
    [(Json, r"<class '.*\.Json'>"), ("json", "'json'"), (Half(), "<.*Half object at .*>")],
    ids=["class", "name", "half"],
)
def test_what_is_no_codec_is_refused(codec: object, named: str) -> None:
    """The class of a codec, its name, and what lacks a method are named in the error."""
    with pytest.raises(TypeError, match=rf"^codec must be a codec, such as Json\(\), not {named}$"):
        expect_codec(codec)
