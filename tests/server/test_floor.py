"""The floor: one message at a time, and the next one when there is room for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcws_protocol import ConnectionClosed, EncodeError
from mcws_protocol.aio import READY, Ready, Room
from mcws_server._floor import Floor, Said
from tests.aio.harness import settle


class Receiver:
    """What a floor knows of a connection: whether it is closed, and whether it has room."""

    def __init__(self, *, has_room: bool = True) -> None:
        self.has_room = has_room
        self.closed = False
        self._room = Room(asyncio.get_running_loop(), self._look, self._refusal)

    @property
    def outbox(self) -> Receiver:
        """Stand in for the outbox."""
        return self

    def room(self) -> Ready | Room:
        """Return what waits for room."""
        return READY if self.has_room else self._room

    def drain(self) -> None:
        """Have room again."""
        self.has_room = True
        self._room.wake()

    def lose(self) -> None:
        """Be gone."""
        self.closed = True
        self._room.fail(lambda: ConnectionClosed(1006))

    def _look(self) -> bool:
        return self.has_room

    def _refusal(self) -> Exception | None:
        return ConnectionClosed(1006) if self.closed else None


class Stage:
    """A floor whose messages are recorded, and those who get all of them.

    Attributes:
        heard: what was relayed, as ``speaker: message``.
    """

    def __init__(self, *receivers: Receiver) -> None:
        self.receivers: list[Any] = list(receivers)
        self.heard: list[str] = []
        self.floor: Floor[str] = Floor(self._relay)

    def _relay(self, speaker: str, message: Any) -> list[Any]:
        if not isinstance(message, str):
            raise EncodeError("str", message)
        self.heard.append(f"{speaker}: {message}")
        return self.receivers

    def say(self, speaker: str, message: Any) -> Said[str]:
        """Say what cannot be handed over at once."""
        said = self.floor.say(speaker, message)
        assert said is not None
        return said


async def test_floor_is_free_while_there_is_room() -> None:
    """Whoever speaks is relayed at once, and nothing is left to await."""
    stage = Stage(Receiver(), Receiver())
    assert stage.floor.say("a", "1") is None
    assert stage.floor.say("b", "2") is None
    assert stage.heard == ["a: 1", "b: 2"]


async def test_floor_is_held_until_everybody_has_room() -> None:
    """The message of another waits for the last one that has no room."""
    one, two = Receiver(has_room=False), Receiver(has_room=False)
    stage = Stage(one, Receiver(), two)
    first, second = stage.say("a", "1"), stage.say("b", "2")
    one.drain()
    await settle()
    assert (stage.heard, first.is_open, second.is_open) == (["a: 1"], False, False)
    two.drain()
    await settle()
    assert (stage.heard, first.is_open, second.is_open) == (["a: 1", "b: 2"], True, True)


async def test_floor_goes_on_in_the_order_of_asking() -> None:
    """Each message holds the floor anew, and those who wait come in their order."""
    slow = Receiver(has_room=False)
    stage = Stage(slow)
    said = [stage.say(speaker, "x") for speaker in "abc"]
    for count in (1, 2, 3):
        assert stage.heard == [f"{speaker}: x" for speaker in "abc"][:count]
        await settle()
        slow.drain()
        # What follows fills it again at once.
        slow.has_room = False
        await settle()
        assert [one.is_open for one in said] == [index < count for index in range(3)]


async def test_floor_waits_for_nobody_who_is_gone() -> None:
    """The end of who had no room frees the floor, and a closed connection never held it."""
    slow = Receiver(has_room=False)
    stage = Stage(slow)
    first, second = stage.say("a", "1"), stage.say("b", "2")
    slow.lose()
    await settle()
    assert first.is_open
    assert second.is_open
    assert stage.floor.say("c", "3") is None


async def test_floor_fails_who_cannot_be_relayed() -> None:
    """An error comes at once, or out of the waiting; the floor goes on to the next."""
    slow = Receiver()
    stage = Stage(slow)
    with pytest.raises(EncodeError):
        stage.floor.say("a", 1)
    slow.has_room = False
    stage.say("a", "1")
    bad, good = stage.say("b", 2), stage.say("c", "3")
    slow.drain()
    await good
    with pytest.raises(EncodeError):
        await bad
    assert stage.heard == ["a: 1", "c: 3"]


async def test_floor_forgets_what_was_not_said_yet() -> None:
    """Who leaves is let go at once and never relayed; the others keep their order."""
    slow = Receiver(has_room=False)
    stage = Stage(slow)
    stage.say("a", "1")
    gone, kept = stage.say("b", "2"), stage.say("c", "3")
    stage.floor.leave("b", Stage(Receiver()).receivers[0])
    assert (gone.is_open, kept.is_open) == (True, False)
    slow.drain()
    await kept
    assert stage.heard == ["a: 1", "c: 3"]


async def test_floor_waits_no_more_for_who_leaves() -> None:
    """The floor is free in a later turn, also if the wait had not begun yet."""
    slow: Any = Receiver(has_room=False)
    stage = Stage(slow)
    first, second = stage.say("a", "1"), stage.say("b", "2")
    stage.floor.leave("s", slow)
    stage.receivers = []
    assert stage.heard == ["a: 1"]
    await second
    assert first.is_open
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_floor_outlives_who_stops_waiting() -> None:
    """A handler that is cancelled while it waits changes nothing for its message."""
    slow = Receiver(has_room=False)
    stage = Stage(slow)
    stage.say("a", "1")
    said = stage.say("b", "2")

    async def handler() -> None:
        await said

    waiting = asyncio.ensure_future(handler())
    await settle()
    waiting.cancel()
    slow.drain()
    await settle()
    assert waiting.cancelled()
    assert stage.heard == ["a: 1", "b: 2"]
