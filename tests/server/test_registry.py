"""The clients of one server by id and by client, in the order in which they came."""

from __future__ import annotations

import os
from typing import Any

import pytest

from mcws_server._registry import Clients, Registry


class Entry:
    """What the registry knows of a connection: an id and a client."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.client: Any = object()

    @property
    def dispatcher(self) -> Entry:
        """Stand in for the dispatcher, which knows the client."""
        return self


class Writer:
    """What looks like a client."""

    def write(self, payload: object) -> None:
        """Send nothing."""


def entry(id: str) -> Any:
    """Return what looks like a connection with ``id``."""
    return Entry(id)


def filled(*entries: Any) -> Registry:
    """Return a registry with these connections in it."""
    registry = Registry()
    for each in entries:
        registry.add(each)
    return registry


def test_registry_finds_by_id_and_by_client() -> None:
    """Both lookups give the connection; what was never added is not there."""
    one, other = entry("one"), entry("other")
    registry = filled(one)
    assert (registry.get("one"), registry.of(one.client)) == (one, one)
    assert (registry.get("other"), registry.of(other.client)) == (None, None)
    assert len(registry) == 1


def test_registry_finds_what_the_application_names() -> None:
    """A client that is gone is none, and something that could never be one is an error."""
    one = entry("one")
    one.client = Writer()
    registry = filled(one)
    assert registry.find(one.client) is one
    assert registry.find(Writer()) is None
    with pytest.raises(TypeError, match="clients must be clients of this server, not 'one'"):
        registry.find("one")


def test_registry_tells_who_watches_once() -> None:
    """Watchers hear of the client that was removed, in order, and never again."""
    one, other, gone = entry("one"), entry("other"), list[tuple[str, Any]]()
    registry = filled(one, other)
    registry.watch(one, lambda client: gone.append(("first", client)))
    registry.watch(one, lambda client: gone.append(("second", client)))
    registry.remove(other)
    registry.remove(one)
    registry.remove(one)
    assert gone == [("first", one.client), ("second", one.client)]
    assert not registry._watchers


def test_registry_forgets_who_watches_no_more() -> None:
    """Taking a watcher back leaves the others; doing it again, or too late, is harmless."""
    one, gone = entry("one"), list[Any]()
    registry = filled(one)

    def watcher(client: Any) -> None:
        gone.append("taken back")

    registry.watch(one, watcher)
    registry.watch(one, gone.append)
    registry.unwatch(one, watcher)
    registry.unwatch(one, watcher)
    registry.remove(one)
    assert gone == [one.client]
    registry.unwatch(one, gone.append)
    assert not registry._watchers


def test_registry_keeps_the_order_of_arrival() -> None:
    """Connections come back in the order in which they were added."""
    entries = [entry(id) for id in "cab"]
    assert filled(*entries).connections() == entries


def test_registry_returns_a_copy() -> None:
    """The list of connections does not change with the registry."""
    one = entry("one")
    registry = filled(one)
    before = registry.connections()
    registry.remove(one)
    assert before == [one]


def test_registry_remove_forgets_id_and_client() -> None:
    """A removed connection is found neither way."""
    one = entry("one")
    registry = filled(one)
    registry.remove(one)
    assert (len(registry), registry.get("one"), registry.of(one.client)) == (0, None, None)


def test_registry_remove_twice_changes_nothing() -> None:
    """Removing what is gone is no error and hits nobody (the original's missing index check)."""
    one, other = entry("one"), entry("other")
    registry = filled(one, other)
    registry.remove(one)
    registry.remove(one)
    assert registry.connections() == [other]


def test_registry_remove_spares_another_of_the_same_id() -> None:
    """The end of a replaced connection does not remove the one that has its id by now."""
    old, new = entry("same"), entry("same")
    registry = filled(old)
    registry.remove(old)
    registry.add(new)
    registry.remove(old)
    assert (registry.get("same"), registry.of(new.client)) == (new, new)


def test_registry_rename_keeps_the_place() -> None:
    """A renamed connection is found under its new id only and stays where it was in the order."""
    one, other = entry("one"), entry("other")
    registry = filled(one, other)
    registry.rename(one, "new")
    assert one.id == "new"
    assert registry.get("one") is None
    assert registry.get("new") is one
    assert registry.connections() == [one, other]


def test_registry_rename_does_not_add() -> None:
    """A connection that left the registry gets its id and stays out."""
    one = entry("one")
    registry = Registry()
    registry.rename(one, "new")
    assert (one.id, registry.get("new"), len(registry)) == ("new", None, 0)


def test_registry_new_id_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """An assigned id has 16 hex digits and belongs to nobody."""
    taken, free = bytes(8), b"\1" * 8
    drawn = iter([taken, taken, free])

    def draw(count: int) -> bytes:
        return next(drawn)

    monkeypatch.setattr(os, "urandom", draw)
    assert filled(entry(taken.hex())).new_id() == free.hex()


def test_registry_new_id_has_16_hex_digits() -> None:
    """Assigned ids are 64 random bits."""
    id = Registry().new_id()
    assert len(bytes.fromhex(id)) == 8


def test_clients_is_a_live_view() -> None:
    """The view shows who comes and goes."""
    one = entry("one")
    registry = Registry()
    clients: Clients[Any] = Clients(registry)
    assert (len(clients), list(clients), repr(clients)) == (0, [], "<0 clients>")
    registry.add(one)
    assert (len(clients), list(clients), one.client in clients) == (1, [one.client], True)
    registry.remove(one)
    assert one.client not in clients


def test_clients_iteration_survives_changes() -> None:
    """Iterating goes over those who were there when it began."""
    entries = [entry(id) for id in "abc"]
    registry = filled(*entries)
    seen: list[Any] = []
    for client in Clients[Any](registry):
        seen.append(client)
        registry.remove(registry.connections()[0])
        registry.add(entry(f"new {len(seen)}"))
    assert seen == [each.client for each in entries]


def test_clients_compares_by_identity() -> None:
    """A client whose class defines equality is not taken for another one."""

    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    one = entry("one")
    one.client = Equal()
    assert Equal() not in Clients[Any](filled(one))
    assert one.client in Clients[Any](filled(one))
