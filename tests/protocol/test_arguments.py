"""Arguments of the wrong kind are refused at the call."""

from __future__ import annotations

import pytest

from mcws_protocol._arguments import expect


def test_argument_of_its_kind_is_accepted() -> None:
    """Nothing happens where everything is right, subclasses included."""
    expect("port", True, int)


@pytest.mark.parametrize(("example", "hint"), [("", ""), ("8080", ", such as 8080")])
def test_argument_of_another_kind_is_refused(example: str, hint: str) -> None:
    """The error names argument and value, and how a right one looks."""
    with pytest.raises(TypeError) as caught:
        expect("port", "80", int, example)
    assert str(caught.value) == f"port must be a int{hint}, not '80'"
