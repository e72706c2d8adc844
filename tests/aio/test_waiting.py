"""Waiting: what plain calls return, awaited by nobody, by one and by many."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from mcws_protocol._errors import ConnectionClosed
from mcws_protocol.aio._waiting import READY, Gate, Room

CLOSED = ConnectionClosed(1000, "bye")


class Tank:
    """Something with a room before it.

    Attributes:
        left: how many may come in; whoever does takes one.
        order: who came in.
        refusal: why nobody may.
    """

    def __init__(self, left: int = 0) -> None:
        self.left = left
        self.order: list[Any] = []
        self.refusal: Exception | None = None
        self.room = Room(asyncio.get_running_loop(), lambda: self.left > 0, lambda: self.refusal)

    async def enter(self, name: Any) -> None:
        """Wait for room, then take it."""
        await self.room
        self.left -= 1
        self.order.append(name)

    def enter_soon(self, *names: Any) -> list[asyncio.Task[None]]:
        """Return a task that enters for each name."""
        return [asyncio.ensure_future(self.enter(name)) for name in names]


async def turns(count: int = 10) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


# Ready


async def test_ready_does_not_wait() -> None:
    """Awaiting it lets nobody else run."""
    ran: list[int] = []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    await READY
    await READY
    assert ran == []


async def test_ready_may_be_waited_for_in_any_way() -> None:
    """What takes awaitables takes it."""
    await asyncio.wait_for(READY, 1)
    await asyncio.gather(READY, READY)
    assert repr(READY) == "<nothing to wait for>"


# Room


async def test_room_that_there_is_needs_no_waiting() -> None:
    """With room nobody waits for a turn of the loop."""
    tank = Tank(1)
    await tank.enter("one")
    assert tank.order == ["one"]
    assert not tank.room.is_awaited


async def test_room_that_there_is_not_is_waited_for() -> None:
    """Without room the caller waits until it is woken."""
    tank = Tank()
    tank.enter_soon("one")
    await turns()
    assert tank.room.is_awaited
    tank.left = 1
    tank.room.wake()
    await turns()
    assert tank.order == ["one"]
    assert not tank.room.is_awaited


async def test_room_wakes_in_order_and_as_many_as_fit() -> None:
    """Each one woken takes its room before the next one is asked."""
    tank = Tank()
    tasks = tank.enter_soon(1, 2, 3)
    await turns()
    tank.left = 2
    tank.room.wake()
    await turns()
    assert tank.order == [1, 2]
    tank.left = 1
    tank.room.wake()
    await asyncio.gather(*tasks)
    assert tank.order == [1, 2, 3]


async def test_room_wakes_one_at_a_time() -> None:
    """However often it is told of room in one turn, only one is on the way."""
    tank = Tank()
    tank.enter_soon(1, 2, 3)
    await turns()
    tank.left = 1
    for _ in range(3):
        tank.room.wake()
    await turns()
    assert tank.order == [1]
    assert tank.left == 0


async def test_room_without_any_wakes_nobody() -> None:
    """Being told of room that is not there changes nothing."""
    tank = Tank()
    tank.room.wake()
    (task,) = tank.enter_soon(1)
    await turns()
    tank.room.wake()
    await turns()
    assert not task.done()
    task.cancel()


async def test_room_is_asked_for_behind_who_waits_already() -> None:
    """A newcomer does not overtake, even when there is room by now."""
    tank = Tank()
    tank.enter_soon(1, 2)
    await turns()
    tank.left = 5
    tank.enter_soon(3)
    await turns()
    assert tank.order == []
    tank.room.wake()
    await turns()
    assert tank.order == [1, 2, 3]


async def test_room_forgets_a_cancelled_waiter() -> None:
    """Who stops waiting is not woken, and the others keep their order."""
    tank = Tank()
    one, two, three = tank.enter_soon(1, 2, 3)
    await turns()
    two.cancel()
    await turns()
    tank.left = 5
    tank.room.wake()
    await turns()
    assert tank.order == [1, 3]
    assert (one.done(), two.cancelled(), three.done()) == (True, True, True)


async def test_room_skips_a_waiter_that_is_being_cancelled() -> None:
    """Waking in the very turn of a cancellation wakes the one behind."""
    tank = Tank()
    one, _ = tank.enter_soon(1, 2)
    await turns()
    one.cancel()
    tank.left = 1
    tank.room.wake()
    await turns()
    assert tank.order == [2]


async def test_room_is_handed_over_by_who_is_cancelled_after_waking() -> None:
    """Somebody woken and then cancelled does not keep the others waiting."""
    tank = Tank()
    one, _ = tank.enter_soon(1, 2)
    await turns()
    tank.left = 1
    tank.room.wake()
    one.cancel()
    await turns()
    assert one.cancelled()
    assert tank.order == [2]


async def test_room_is_handed_over_by_who_is_destroyed_after_waking() -> None:
    """A waiter that is closed instead of resumed hands over too."""
    tank = Tank()
    waiting = tank.room.__await__()
    next(waiting)
    tank.enter_soon(2)
    await turns()
    tank.left = 1
    tank.room.wake()
    waiting.close()
    await turns()
    assert tank.order == [2]


async def test_room_refuses_where_nothing_is_accepted() -> None:
    """Awaiting the room of what has ended raises why."""
    tank = Tank(1)
    tank.refusal = CLOSED
    with pytest.raises(ConnectionClosed, match="code 1000"):
        await tank.room


async def test_room_that_is_lost_raises_in_all() -> None:
    """The loss raises in everybody who waits, an exception of its own in each."""
    tank = Tank()
    tasks = tank.enter_soon(1, 2, 3)
    await turns()
    tank.room.fail(lambda: ConnectionClosed(1006))
    await turns()
    errors = {id(task.exception()) for task in tasks}
    assert len(errors) == 3
    assert not tank.room.is_awaited


async def test_room_that_is_lost_spares_who_is_being_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A loss in the turn of a cancellation leaves no exception behind that nobody retrieves."""
    tank = Tank()
    before, after = tank.enter_soon(1, 2)
    await turns()
    before.cancel()
    tank.room.fail(lambda: ConnectionClosed(1006))
    after.cancel()
    await turns()
    assert before.cancelled()
    assert after.cancelled()
    del before, after
    gc.collect()
    assert not caplog.records


async def test_room_that_is_lost_lets_go_who_was_woken() -> None:
    """Who was woken before the loss goes on, and finds out when it sends."""
    tank = Tank()
    one, two = tank.enter_soon(1, 2)
    await turns()
    tank.left = 1
    tank.room.wake()
    tank.room.fail(lambda: ConnectionClosed(1006))
    await turns()
    assert one.exception() is None
    assert isinstance(two.exception(), ConnectionClosed)


async def test_room_may_be_given_a_timeout() -> None:
    """A wait that takes too long leaves nothing behind."""
    tank = Tank()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tank.room, 3)
    assert not tank.room.is_awaited


# Gate


async def test_gate_that_is_open_needs_no_waiting() -> None:
    """What has happened is not waited for."""
    gate = Gate()
    gate.open()
    await gate
    await gate
    assert gate.is_open


async def test_gate_lets_everybody_go_on() -> None:
    """One opening wakes all who wait; a second one changes nothing."""
    gate = Gate()
    tasks = [asyncio.ensure_future(gate) for _ in range(3)]
    await turns()
    assert not gate.is_open
    assert not any(task.done() for task in tasks)
    gate.open()
    gate.open()
    await asyncio.gather(*tasks)


async def test_gate_forgets_a_cancelled_waiter() -> None:
    """Who stops waiting does not disturb the others."""
    gate = Gate()
    one, two = (asyncio.ensure_future(gate) for _ in range(2))
    await turns()
    one.cancel()
    await turns()
    gate.open()
    await two
    assert one.cancelled()


async def test_gate_opens_while_a_waiter_is_being_cancelled() -> None:
    """An opening in the very turn of a cancellation lets the others go on."""
    gate = Gate()
    one, two = (asyncio.ensure_future(gate) for _ in range(2))
    await turns()
    one.cancel()
    gate.open()
    await two
    await turns()
    assert one.cancelled()
