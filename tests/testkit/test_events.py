"""Events: what hooks write down, and how long they take."""

from __future__ import annotations

import pytest

from mcws_testkit import Events, World
from mcws_testkit._events import PlannedError


class Unhashable:
    """A client that is equal to others and has no hash."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_hooks_are_written_down_in_order() -> None:
    """Each event has its time, its connection and its payload; text is written as UTF-8."""
    events = Events()

    async def hooks() -> None:
        """Call the hooks as a server does."""
        events.connected("device")
        assert await events.message("device", "grüß") == "grüß".encode()
        events.disconnected("device")

    World().run(hooks())
    assert [(one.kind, one.session, one.payload) for one in events.log] == [
        ("connected", 1, b""),
        ("message", 1, "grüß".encode()),
        ("disconnected", 1, b""),
    ]
    assert repr(events) == "<Events 3 of 1 connections>"


def test_name_that_comes_back_is_another_connection() -> None:
    """A key that connects again behind its end begins a new session; before it, it does not."""
    events = Events()

    async def hooks() -> None:
        """Connect twice under one name."""
        events.connected("device")
        events.connected("device")
        events.disconnected("device")
        events.connected("device")

    World().run(hooks())
    assert [one.session for one in events.log] == [1, 1, 1, 2]
    assert events.open_sessions == [2]


def test_client_without_hash_is_known_by_identity() -> None:
    """Objects that are equal and cannot be hashed are told apart."""
    events, one, other = Events(), Unhashable(), Unhashable()
    assert [events.session(client) for client in (one, other, one)] == [1, 2, 1]


def test_slow_handler_takes_its_time() -> None:
    """What is awaited takes as long as the script says, framed by two events."""
    events = Events()
    events.slow_s[b"slow"] = 2.0
    world = World()

    async def hooks() -> None:
        """Handle a slow request with a reply of its own."""
        events.replies[b"slow"] = b"reply"
        assert await events.request("device", b"slow") == b"reply"

    world.run(hooks())
    assert world.now == 2
    assert [one.kind for one in events.log] == ["request", "begun", "done"]


def test_poison_raises_in_the_hook() -> None:
    """A message that is poison is written down, and then its handler fails."""
    events = Events()
    events.poison.add(b"poison")

    async def hooks() -> None:
        """Handle the message."""
        events.message("device", b"poison")

    with pytest.raises(PlannedError):
        World().run(hooks())
    assert [one.kind for one in events.log] == ["message"]
