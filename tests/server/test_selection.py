"""What ``get_connected_clients`` returns for whatever is asked."""

from __future__ import annotations

from typing import Any

import pytest

from mcws_server import ConnectedClients
from mcws_server._selection import select

EVERYBODY = ["a", "b", "c"]


def ask(**asked: Any) -> tuple[Any, Any, Any]:
    """Return client, clients and length for what is asked, of three clients."""
    defaults: dict[str, Any] = {
        "index": None,
        "start_index": None,
        "last_index": None,
        "length": False,
    }
    found = select(EVERYBODY, **(defaults | asked))
    return found.client, found.clients, found.length


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (None, ("a", "b", "c"), None)),
        ({"length": True}, (None, None, 3)),
        ({"index": 0}, ("a", None, None)),
        ({"index": 2}, ("c", None, None)),
        ({"index": 3}, (None, None, None)),
        ({"index": 1, "length": True}, ("b", None, 3)),
        ({"start_index": 1}, (None, ("b", "c"), None)),
        ({"start_index": 9}, (None, (), None)),
        ({"last_index": 2}, (None, ("a", "b"), None)),
        ({"last_index": 0}, (None, (), None)),
        ({"last_index": 9}, (None, ("a", "b", "c"), None)),
        ({"start_index": 1, "last_index": 2}, (None, ("b",), None)),
        ({"start_index": 1, "last_index": 1}, (None, (), None)),
        ({"start_index": 1, "length": True}, (None, ("b", "c"), 3)),
        ({"index": 0, "start_index": 2}, ("a", ("c",), None)),
        ({"index": 0, "last_index": 1, "length": True}, ("a", ("a",), 3)),
    ],
)
def test_select_returns_what_was_asked_for(
    asked: dict[str, Any], expected: tuple[Any, Any, Any]
) -> None:
    """Only the parts that were asked for are set; without any, all clients."""
    assert ask(**asked) == expected


@pytest.mark.parametrize("name", ["index", "start_index", "last_index"])
@pytest.mark.parametrize("value", [True, False, 1.0, "1", [1]])
def test_select_index_is_no_integer(name: str, value: object) -> None:
    """What is no integer is refused by name, and a bool is none."""
    with pytest.raises(TypeError, match=f"^{name} must be an int, not "):
        ask(**{name: value})


@pytest.mark.parametrize("name", ["index", "start_index", "last_index"])
def test_select_index_is_negative(name: str) -> None:
    """Negative bounds are refused: they do not count from the end."""
    with pytest.raises(ValueError, match=f"^{name} must be 0 or more, not -1$"):
        ask(**{name: -1})


def test_select_bounds_are_reversed() -> None:
    """A start behind the end is an error, not an empty result."""
    with pytest.raises(ValueError, match=r"^start_index 2 is behind last_index 1$"):
        ask(start_index=2, last_index=1)


@pytest.mark.parametrize("value", [1, 0, None, "yes"])
def test_select_length_is_no_bool(value: object) -> None:
    """``length`` is a switch, not a number."""
    with pytest.raises(TypeError, match=r"^length must be a bool, not "):
        ask(length=value)


def test_connected_clients_cannot_be_changed() -> None:
    """A result is a value: equal to its like, and frozen."""
    result = ConnectedClients(None, ("a",), 1)
    assert result == ConnectedClients(None, ("a",), 1)
    with pytest.raises(AttributeError):
        result.length = 2  # type: ignore[misc]  # the point of the test
