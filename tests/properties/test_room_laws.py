"""The law of rooms: whatever happens to those who wait, none is stuck and none pushes ahead."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcws_protocol._errors import ConnectionClosed
from mcws_protocol.aio._waiting import Room
from mcws_testkit import SimLoop

HIGH: Final = 100
LOW: Final = 25
SIZES: Final = (1, 10, 60, 150)


@dataclass
class Sending:
    """Something that many send to, as an outbox is: bytes come in and leave.

    Attributes:
        size: bytes that wait.
        is_lost: whether nothing is accepted any more.
        overshoot: how many have sent since there was no room any more.
    """

    loop: asyncio.AbstractEventLoop
    size: int = 0
    is_lost: bool = False
    overshoot: int = 0
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = Room(self.loop, lambda: self.size <= HIGH, self._refusal)

    def _refusal(self) -> Exception | None:
        return ConnectionClosed(1006) if self.is_lost else None

    def send(self, size: int) -> Room:
        """Add bytes; what is returned waits for room."""
        if self.is_lost:
            raise ConnectionClosed(1006)
        self.overshoot = self.overshoot + 1 if self.size > HIGH else 0
        self.size += size
        return self.room

    def leave(self, size: int) -> None:
        """Take bytes away."""
        self.size = max(0, self.size - size)
        if self.size <= LOW:
            self.room.wake()

    def lose(self) -> None:
        """Accept nothing more."""
        self.is_lost = True
        self.room.fail(lambda: ConnectionClosed(1006))


async def produce(sending: Sending, sizes: list[int]) -> None:
    """Await room before each sending, as many producers that share a connection do."""
    for size in sizes:
        await sending.room
        sending.send(size)


async def stream(sending: Sending, sizes: list[int]) -> None:
    """Await each sending."""
    for size in sizes:
        await sending.send(size)


# What happens in one turn of the loop: (kind, number).
events: st.SearchStrategy[tuple[str, int]] = st.one_of(
    st.tuples(st.just("leave"), st.integers(1, 400)),
    st.tuples(st.just("cancel"), st.integers(0, 7)),
    st.tuples(st.just("wake"), st.just(0)),
    st.tuples(st.just("turn"), st.just(0)),
)
schedules = st.lists(st.lists(events, max_size=4), max_size=30)
producers = st.lists(
    st.lists(st.sampled_from(SIZES), min_size=1, max_size=5), min_size=1, max_size=8
)


def run(scenario: Callable[[list[str]], Any]) -> list[str]:
    """Run ``scenario`` on a loop of its own; return what the loop complained of."""
    complaints: list[str] = []
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(lambda loop, context: complaints.append(context["message"]))
        runner.run(scenario(complaints))
    gc.collect(0)
    return complaints


@settings(max_examples=1500)
@given(producers, schedules, st.integers(0, 40), st.booleans())
@example([[10], [10]], [[("leave", 1)]], 40, False)
def test_room_law_nobody_is_stuck(
    each: list[list[int]], schedule: list[list[tuple[str, int]]], lost_at: int, awaits_room: bool
) -> None:
    """Over any schedule, all end: done, cancelled by the test, or failed by the loss alone."""

    async def scenario(complaints: list[str]) -> None:
        sending = Sending(asyncio.get_running_loop())
        work = produce if awaits_room else stream
        tasks = [asyncio.ensure_future(work(sending, sizes)) for sizes in each]
        cancelled: set[int] = set()
        for turn, happenings in enumerate(schedule):
            if turn == lost_at:
                sending.lose()
            for kind, number in happenings:
                if kind == "leave":
                    sending.leave(number)
                elif kind == "cancel" and number < len(tasks):
                    tasks[number].cancel()
                    cancelled.add(number)
                elif kind == "wake":
                    sending.room.wake()
            await asyncio.sleep(0)
        for _ in range(400):
            if all(task.done() for task in tasks):
                break
            sending.leave(1000)
            await asyncio.sleep(0)
        else:
            raise AssertionError("somebody is stuck")
        for number, task in enumerate(tasks):
            if task.cancelled():
                assert number in cancelled
            elif task.exception() is not None:
                assert sending.is_lost
        assert not sending.room.is_awaited

    assert run(scenario) == []


@settings(max_examples=500)
@given(producers, schedules)
def test_room_law_at_most_two_send_beyond_high_water(
    each: list[list[int]], schedule: list[list[tuple[str, int]]]
) -> None:
    """Producers that wait for room see what the one before left; one newcomer may cut in."""

    async def scenario(complaints: list[str]) -> None:
        sending = Sending(asyncio.get_running_loop(), size=HIGH + 1)
        tasks = [asyncio.ensure_future(produce(sending, sizes)) for sizes in each]
        await asyncio.sleep(0)
        for happenings in schedule:
            for kind, number in happenings:
                if kind == "leave":
                    sending.leave(number)
                elif kind == "wake":
                    sending.room.wake()
            await asyncio.sleep(0)
            assert sending.overshoot <= 1, "sent by who saw no room"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert run(scenario) == []
