"""ConnectedClients: the clients that ``get_connected_clients`` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeVar

from mcws_protocol import expect

# One for each part, so that a type checker knows which of them is None.
OneT_co = TypeVar("OneT_co", covariant=True)
SomeT_co = TypeVar("SomeT_co", covariant=True)
LengthT_co = TypeVar("LengthT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class ConnectedClients(Generic[OneT_co, SomeT_co, LengthT_co]):
    """A result with only those parts set that were asked for; the others are None.

    Attributes:
        client: the one at ``index``; None also where nobody is.
        clients: those from ``start_index`` up to, and without, ``last_index``; all of them if
            nothing was asked for.
        length: how many clients are connected, whatever else was asked for.
    """

    client: OneT_co
    clients: SomeT_co
    length: LengthT_co


def select(
    everybody: list[Any],
    index: int | None,
    start_index: int | None,
    last_index: int | None,
    length: bool,
) -> ConnectedClients[Any, Any, Any]:
    """Return what was asked for, of the clients in the order in which they came.

    Raises:
        TypeError: an index is not an integer, or ``length`` is not a bool.
        ValueError: an index is negative, or ``start_index`` is behind ``last_index``.
    """
    check_selection(index, start_index, last_index, length)
    wants_some = start_index is not None or last_index is not None
    wants_all = not wants_some and index is None and not length
    some = tuple(everybody[start_index:last_index]) if wants_some or wants_all else None
    # Clients come and go between two calls, so an index past the end is no error.
    one = everybody[index] if index is not None and index < len(everybody) else None
    return ConnectedClients(one, some, len(everybody) if length else None)


def check_selection(
    index: int | None, start_index: int | None, last_index: int | None, length: bool
) -> None:
    """Refuse what ``select`` cannot look up; raises as that does."""
    check_index("index", index)
    check_index("start_index", start_index)
    check_index("last_index", last_index)
    expect("length", length, bool)
    if start_index is not None and last_index is not None and start_index > last_index:
        problem = f"start_index {start_index} is behind last_index {last_index}"
        raise ValueError(problem)


def check_index(name: str, value: object) -> None:
    """Refuse what is no index.

    Raises:
        TypeError: it is not an integer.
        ValueError: it is negative.
    """
    if value is None:
        return
    # True is an int too, and would mean the second client.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if value < 0:
        raise ValueError(f"{name} must be 0 or more, not {value}")
