"""Registry: the clients of one server by id, in the order in which they came."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import Any, Generic, TypeAlias

from typing_extensions import TypeVar

from mcws_protocol.aio import Connection

C_co = TypeVar("C_co", covariant=True)
# Of any contract: a registry looks at ids and clients, never at messages.
AnyConnection: TypeAlias = Connection[Any, Any]
# Told of a client that is connected no more.
Watcher: TypeAlias = Callable[[Any], object]


class Registry:
    """Connections whose client the application knows, by id and by client.

    Lookup and removal take the same time whatever the number of clients.
    """

    __slots__ = ("_by_client", "_by_id", "_watchers")

    def __init__(self) -> None:
        self._by_id: dict[str, AnyConnection] = {}
        # By the client's identity, since its class may define equality; in order of arrival.
        self._by_client: dict[int, AnyConnection] = {}
        # Of those connections only that somebody watches.
        self._watchers: dict[AnyConnection, list[Watcher]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, connection: AnyConnection) -> None:
        """Add ``connection``, whose client is made, under its id, which is free."""
        self._by_id[connection.id] = connection
        self._by_client[id(connection.dispatcher.client)] = connection

    def remove(self, connection: AnyConnection) -> None:
        """Remove ``connection``, and never another one that has its id by now."""
        if self._by_id.get(connection.id) is connection:
            del self._by_id[connection.id]
            del self._by_client[id(connection.dispatcher.client)]
            for watcher in self._watchers.pop(connection, ()):
                watcher(connection.dispatcher.client)

    def rename(self, connection: AnyConnection, id: str) -> None:
        """Give ``connection`` an id that is free; it keeps its place among the others."""
        if self._by_id.get(connection.id) is connection:
            del self._by_id[connection.id]
            # The other table is not touched, and that one holds the order of arrival.
            self._by_id[id] = connection
        # Also for one that is not entered: a client object may choose its id while it is made.
        connection.id = id

    def get(self, id: str) -> AnyConnection | None:
        """Return the connection with that id."""
        return self._by_id.get(id)

    def of(self, client: object) -> AnyConnection | None:
        """Return the connection whose client that is."""
        return self._by_client.get(id(client))

    def find(self, client: object) -> AnyConnection | None:
        """Return the connection of a client that the application names; None if it is gone.

        Raises:
            TypeError: that is no client of this server.
        """
        connection = self.of(client)
        if connection is None and not hasattr(client, "write"):
            raise TypeError(f"clients must be clients of this server, not {client!r}")
        return connection

    def watch(self, connection: AnyConnection, watcher: Watcher) -> None:
        """Call ``watcher(client)`` when ``connection``, which is here, has been removed."""
        self._watchers.setdefault(connection, []).append(watcher)

    def unwatch(self, connection: AnyConnection, watcher: Watcher) -> None:
        """Take back ``watch``; nothing happens if ``connection`` has been removed."""
        watchers = self._watchers.get(connection, [])
        if watcher in watchers:
            watchers.remove(watcher)
        if not watchers:
            self._watchers.pop(connection, None)

    def connections(self) -> list[AnyConnection]:
        """Return all connections as they are now, in the order in which they came."""
        # A copy, since clients come and go while the application looks at them.
        return list(self._by_client.values())

    def new_id(self) -> str:
        """Return an id of 16 hex digits that nobody has."""
        # Chance hardly repeats 64 bits, but a client may have chosen such an id for itself.
        while (id := os.urandom(8).hex()) in self._by_id:
            pass
        return id


class Clients(Collection[C_co], Generic[C_co]):
    """A live, read-only view of the connected clients.

    Iterating goes over those that are connected when it begins, so clients may come and go
    meanwhile.
    """

    __slots__ = ("_registry",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __len__(self) -> int:
        return len(self._registry)

    def __iter__(self) -> Iterator[C_co]:
        return iter([connection.dispatcher.client for connection in self._registry.connections()])

    def __contains__(self, client: object) -> bool:
        return self._registry.of(client) is not None

    def __repr__(self) -> str:
        return f"<{len(self)} clients>"
