"""Roster: the connected clients of a server, as the application asks for them."""

from __future__ import annotations

from typing import Any, Generic, Literal, overload

from typing_extensions import TypeVar

from ._connected import ClientContract, ConnectedClient
from ._registry import Clients, Registry
from ._selection import ConnectedClients, select

C = TypeVar("C", bound=ClientContract, default=ConnectedClient)


class Roster(Generic[C]):
    """The clients that are connected now, in the order in which they came."""

    def __init__(self) -> None:
        # Filled and emptied by the lobby, and only read here.
        self._registry = Registry()

    @property
    def clients(self) -> Clients[C]:
        """A live, read-only view of the connected clients, in the order in which they came."""
        return Clients(self._registry)

    def client(self, id: str) -> C | None:
        """Return the connected client with that id; None if there is none."""
        found = self._registry.get(id)
        return None if found is None else found.dispatcher.client

    # One form for each way to ask, so that a type checker knows which parts of the result are None.

    @overload
    def get_connected_clients(
        self, *, length: Literal[False] = False
    ) -> ConnectedClients[None, tuple[C, ...], None]:
        """All clients."""

    @overload
    def get_connected_clients(self, *, length: Literal[True]) -> ConnectedClients[None, None, int]:
        """Their number."""

    @overload
    def get_connected_clients(
        self, *, index: int, length: Literal[False] = False
    ) -> ConnectedClients[C | None, None, None]:
        """One client."""

    @overload
    def get_connected_clients(
        self, *, index: int, length: Literal[True]
    ) -> ConnectedClients[C | None, None, int]:
        """One client, and the number of all."""

    @overload
    def get_connected_clients(
        self, *, start_index: int, last_index: int = ..., length: Literal[False] = False
    ) -> ConnectedClients[None, tuple[C, ...], None]:
        """The clients from one place on, or between two."""

    @overload
    def get_connected_clients(
        self, *, last_index: int, length: Literal[False] = False
    ) -> ConnectedClients[None, tuple[C, ...], None]:
        """The clients before one place."""

    @overload
    def get_connected_clients(
        self,
        *,
        index: int | None = None,
        start_index: int | None = None,
        last_index: int | None = None,
        length: bool = False,
    ) -> ConnectedClients[C | None, tuple[C, ...] | None, int | None]:
        """Any combination."""

    def get_connected_clients(
        self,
        *,
        index: int | None = None,
        start_index: int | None = None,
        last_index: int | None = None,
        length: bool = False,
    ) -> ConnectedClients[Any, Any, Any]:
        """Return those connected clients that are asked for, in the order in which they came.

        ``index`` asks for one client, None past the end; ``start_index`` and ``last_index`` for a
        slice, its end exclusive; ``length`` for the number of all. Without any, all clients come.

        Raises:
            TypeError: an index is not an integer, or ``length`` is not a bool.
            ValueError: an index is negative, or ``start_index`` is behind ``last_index``.
        """
        everybody = [one.dispatcher.client for one in self._registry.connections()]
        return select(everybody, index, start_index, last_index, length)
