"""Laws of the registry, against a list of ids and clients as the model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mcws_server._registry import Clients, Registry

IDS = st.sampled_from(["a", "b", "c", "d"])


class Entry:
    """What the registry knows of a connection: an id and a client."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.client: Any = [id]

    @property
    def dispatcher(self) -> Entry:
        """Stand in for the dispatcher, which knows the client."""
        return self


class RegistryAgainstAList(RuleBasedStateMachine):
    """Whatever comes, goes and is renamed, the registry is the list without those who left."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self.clients: Clients[Any] = Clients(self.registry)
        self.model: list[Any] = []
        self.ever: list[Any] = []

    def holder(self, id: str) -> Any:
        """Return who has ``id`` in the model."""
        return next((entry for entry in self.model if entry.id == id), None)

    @rule(id=IDS)
    def arrive(self, id: str) -> None:
        """Somebody comes, in place of who has the id."""
        older = self.holder(id)
        if older is not None:
            self.registry.remove(older)
            self.model.remove(older)
        entry: Any = Entry(id)
        self.registry.add(entry)
        self.model.append(entry)
        self.ever.append(entry)

    @precondition(lambda self: self.ever)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Somebody leaves, perhaps not for the first time, perhaps replaced by now."""
        entry = data.draw(st.sampled_from(self.ever))
        self.registry.remove(entry)
        if entry in self.model:
            self.model.remove(entry)

    @precondition(lambda self: self.ever)
    @rule(data=st.data(), id=IDS)
    def rename(self, data: st.DataObject, id: str) -> None:
        """Somebody, perhaps gone by now, takes an id that is free."""
        entry = data.draw(st.sampled_from(self.ever))
        if self.holder(id) is None:
            self.registry.rename(entry, id)
            assert entry.id == id

    @invariant()
    def agrees(self) -> None:
        """Order, number, lookups and view are those of the model."""
        assert self.registry.connections() == self.model
        assert len(self.registry) == len(self.clients) == len(self.model)
        assert list(self.clients) == [entry.client for entry in self.model]
        for id in ("a", "b", "c", "d"):
            assert self.registry.get(id) is self.holder(id)
        for entry in self.ever:
            is_here = entry in self.model
            assert (self.registry.of(entry.client) is entry) == is_here
            assert (entry.client in self.clients) == is_here


TestRegistryAgainstAList = RegistryAgainstAList.TestCase
