"""Inbox: order, turns and holds of what one connection received."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from mcws_protocol import Limits, Payload
from mcws_protocol.aio._handlers import Handlers
from mcws_protocol.aio._hub import HANDLING, Hub
from mcws_protocol.aio._inbox import ITEM_BYTES, Inbox, Turn, size_of


class Recorder:
    """A recipient that writes down what starts and when it was told that nothing more can.

    Attributes:
        inbox: the one under test.
        started: payloads and names of turns, in order of their starts.
        rests: how often nothing more could start.
        is_held: whether it holds delivery.
        corks: when what is sent leaves.
        work: what a payload leaves to await.
    """

    def __init__(self, messages_per_turn: int = 128) -> None:
        limits = Limits(messages_per_turn=messages_per_turn)
        self.hub = Hub(Handlers(), limits, logging.getLogger("mcws.test"), is_server=True)
        self.started: list[Any] = []
        self.rests = 0
        self.is_held = False
        self.corks: list[str] = []
        self.work: dict[Payload, Coroutine[Any, Any, None]] = {}
        self.inbox = Inbox(self.hub, self)

    def put(self, *items: Payload | Turn) -> None:
        """Have items wait, in this order."""
        for item in items:
            self.inbox.put(item)

    def start_message(self, payload: Payload) -> Coroutine[Any, Any, None] | None:
        """Handle a message."""
        self.started.append(payload)
        return self.work.pop(payload, None)

    def holds_delivery(self) -> bool:
        """Say whether delivery is held."""
        return self.is_held or self.inbox.is_paused

    def deliver(self) -> None:
        """Have the inbox deliver."""
        self.inbox.deliver()

    def cork(self) -> None:
        """Write down that what is sent from now on leaves at once."""
        self.corks.append("cork")

    def uncork(self, waits: bool) -> None:
        """Write down that it leaves, and why."""
        self.corks.append("waits" if waits else "ends")

    def delivered(self) -> None:
        """Count."""
        self.rests += 1

    def is_idle(self) -> bool:
        """Say whether a message may be handled at once."""
        return self.inbox.is_idle

    def takes_requests(self) -> bool:
        """Say whether a request may start at once."""
        return self.inbox.takes_requests

    def is_quiet(self) -> bool:
        """Say whether nothing waits and nothing is being handled."""
        return self.inbox.is_quiet

    def turn(self, name: str, work: Coroutine[Any, Any, None] | None = None) -> Turn:
        """Return something with a name that is no message."""

        def start() -> Coroutine[Any, Any, None] | None:
            self.started.append(name)
            return work

        return Turn(start)

    def call(self, name: str | None = None) -> None:
        """Call an async request handler, whose first step comes in the next turn."""
        self.inbox.request_started()
        asyncio.get_running_loop().call_soon(self.step, name)

    def step(self, name: str | None) -> None:
        """Take the first step of a request handler."""
        if name is not None:
            self.started.append(name)
        self.inbox.request_stepped()

    async def last(self, name: str, seconds: float = 1.0) -> None:
        """Take a while and write down the end."""
        await asyncio.sleep(seconds)
        self.started.append(f"{name} ends")


async def quick() -> None:
    """End at once."""


async def turns(count: int = 10) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


# What waits


async def test_inbox_begins_quiet_but_not_idle() -> None:
    """Nothing waits, yet nothing may be handled before somebody says so."""
    inbox = Recorder().inbox
    assert inbox.is_quiet
    assert not inbox.is_idle
    assert inbox.size == 0


async def test_inbox_is_idle_once_it_delivered() -> None:
    """From then on a message may be handled without waiting here."""
    recorder = Recorder()
    recorder.inbox.deliver()
    assert recorder.is_idle()
    assert recorder.rests == 1


async def test_put_waits_for_its_turn() -> None:
    """Items start in their order, and only when delivery is asked for."""
    recorder = Recorder()
    recorder.put(b"one", "two")
    recorder.put(recorder.turn("three"))
    assert recorder.started == []
    assert not recorder.is_quiet()
    recorder.inbox.deliver()
    assert recorder.started == [b"one", "two", "three"]
    assert recorder.is_quiet()
    assert recorder.is_idle()


async def test_put_makes_the_inbox_busy() -> None:
    """Behind something that waits nothing is handled at once."""
    recorder = Recorder()
    recorder.inbox.deliver()
    recorder.put(b"one")
    assert not recorder.is_idle()


async def test_put_first_goes_before_all() -> None:
    """In the order of its arguments, also where nothing waits."""
    recorder = Recorder()
    recorder.inbox.put_first(b"three")
    recorder.put(b"four")
    recorder.inbox.put_first(b"one", b"two")
    assert not recorder.is_idle()
    recorder.inbox.deliver()
    assert recorder.started == [b"one", b"two", b"three", b"four"]


async def test_size_counts_what_waits() -> None:
    """Payloads and a fee for each item, so that empty messages count too."""
    recorder = Recorder()
    recorder.put(b"", "four")
    recorder.inbox.put_first(Turn(lambda: None, 10))
    assert recorder.inbox.size == 3 * ITEM_BYTES + 14
    recorder.inbox.deliver()
    assert recorder.inbox.size == 0


@pytest.mark.parametrize(
    ("item", "size"),
    [(b"", 0), (b"xy", 2), ("xyz", 3), (Turn(lambda: None), 0), (Turn(lambda: None, 7), 7)],
    ids=["empty", "bytes", "text", "hook", "request"],
)
def test_size_of_an_item(item: Any, size: int) -> None:
    """Whatever it is, it has a size."""
    assert size_of(item) == ITEM_BYTES + size


async def test_clear_forgets_what_waits() -> None:
    """Nothing of it starts any more, and it costs nothing."""
    recorder = Recorder()
    recorder.put(b"one", b"two")
    recorder.inbox.schedule()
    recorder.inbox.clear()
    await turns()
    assert recorder.started == []
    assert recorder.inbox.size == 0
    assert recorder.is_quiet()


async def test_clear_is_never_idle_again() -> None:
    """What arrives after the application closed does not reach it past the queue."""
    recorder = Recorder()
    recorder.inbox.deliver()
    recorder.inbox.clear()
    recorder.inbox.deliver()
    await turns()
    assert not recorder.is_idle()


async def test_clear_still_delivers_hooks() -> None:
    """What is put behind it, the hooks of the end, has its turn."""
    recorder = Recorder()
    recorder.inbox.clear()
    recorder.put(recorder.turn("hook"))
    recorder.inbox.deliver()
    assert recorder.started == ["hook"]


async def test_clear_lets_go_on_what_is_being_handled() -> None:
    """A handler that runs ends by itself, and nothing follows it."""
    recorder = Recorder()
    recorder.work[b"one"] = recorder.last("one")
    recorder.put(b"one", b"two")
    recorder.inbox.deliver()
    recorder.inbox.clear()
    assert not recorder.is_quiet()
    await asyncio.sleep(2)
    assert recorder.started == [b"one", "one ends"]
    assert recorder.is_quiet()


# Turns of the loop


async def test_schedule_delivers_in_the_next_turn() -> None:
    """Nothing starts inside the call, and two calls deliver once."""
    recorder = Recorder()
    recorder.put(b"one")
    recorder.inbox.schedule()
    recorder.inbox.schedule()
    assert recorder.started == []
    await turns(1)
    assert recorder.started == [b"one"]
    await turns()
    assert recorder.rests == 1


async def test_schedule_is_not_idle() -> None:
    """What arrives before the scheduled delivery waits for it."""
    recorder = Recorder()
    recorder.inbox.deliver()
    recorder.inbox.schedule()
    assert not recorder.is_idle()
    await turns(1)
    assert recorder.is_idle()


@pytest.mark.parametrize(("count", "first"), [(2, 2), (3, 3), (4, 3), (7, 3)])
async def test_deliver_starts_so_many_per_turn(count: int, first: int) -> None:
    """The other connections get their turn before the rest, which comes by itself."""
    recorder = Recorder(messages_per_turn=3)
    recorder.put(*[b"x"] * count)
    recorder.inbox.deliver()
    assert len(recorder.started) == first
    await turns(1)
    assert len(recorder.started) == min(count, 6)
    await turns()
    assert len(recorder.started) == count
    assert recorder.is_idle()


@pytest.mark.parametrize("limit", [1, 3])
async def test_worker_starts_so_many_per_turn(limit: int) -> None:
    """Behind an async handler the same holds."""
    recorder = Recorder(messages_per_turn=limit)
    recorder.work[b"first"] = recorder.last("first", 0)
    recorder.put(b"first", *[b"x"] * 10)
    recorder.inbox.deliver()
    before = len(recorder.started)
    steps: list[int] = []
    for _ in range(30):
        await turns(1)
        steps.append(recorder.started.count(b"x"))
    assert before == 1
    assert steps[-1] == 10
    assert max(after - before for before, after in itertools.pairwise(steps)) <= limit


# Handlers that await


async def test_message_waits_for_the_end_of_the_one_before() -> None:
    """What a handler left to await ends before the next message starts."""
    recorder = Recorder()
    recorder.work = {b"one": recorder.last("one"), b"two": recorder.last("two")}
    recorder.put(b"one", b"two", b"three")
    recorder.inbox.deliver()
    recorder.inbox.deliver()
    assert recorder.started == [b"one"]
    assert not recorder.is_idle()
    await asyncio.sleep(3)
    assert recorder.started == [b"one", "one ends", b"two", "two ends", b"three"]
    assert recorder.is_idle()
    assert recorder.rests == 1


async def test_work_may_come_from_outside() -> None:
    """What was handled without waiting here may leave something to await too."""
    recorder = Recorder()
    recorder.inbox.deliver()
    recorder.inbox.work(recorder.last("direct"))
    assert not recorder.is_quiet()
    recorder.put(b"next")
    await asyncio.sleep(2)
    assert recorder.started == ["direct ends", b"next"]


async def test_worker_takes_what_arrives_meanwhile() -> None:
    """It goes on in the same task as long as there is something to do."""
    recorder = Recorder()
    tasks: list[Any] = []

    async def work() -> None:
        await asyncio.sleep(1)
        tasks.append(asyncio.current_task())

    recorder.work = {b"one": work(), b"two": work()}
    recorder.put(b"one")
    recorder.inbox.deliver()
    await asyncio.sleep(0.5)
    recorder.put(b"two")
    await asyncio.sleep(3)
    assert len(tasks) == 2
    assert tasks[0] is tasks[1]


async def test_worker_runs_in_the_context_of_its_connection() -> None:
    """Handlers find whose they are, and what earlier ones of the same connection set."""
    recorder = Recorder()
    seen: list[Any] = []

    async def work() -> None:
        seen.append(HANDLING.get())
        HANDLING.set("changed")

    for payload in (b"one", b"two"):
        recorder.work[payload] = work()
        recorder.put(payload)
        recorder.inbox.deliver()
        await turns()
    assert seen == [recorder, "changed"]
    assert HANDLING.get() is None


async def test_worker_sends_at_once_what_its_first_handlers_sent() -> None:
    """All that leaves together, when they have ended or one waits; later nothing is held."""
    recorder = Recorder()
    recorder.work[b"one"] = recorder.last("one", 0)
    recorder.put(b"one", b"two")
    recorder.inbox.deliver()
    assert recorder.corks == []
    await turns(1)
    assert recorder.corks == ["cork", "waits"]
    await turns()
    assert recorder.started == [b"one", "one ends", b"two"]
    recorder.work[b"three"] = quick()
    recorder.put(b"three", b"four")
    recorder.inbox.deliver()
    await turns()
    assert recorder.corks == ["cork", "waits", "cork", "ends"]


async def test_worker_that_is_cancelled_does_not_keep_the_rest() -> None:
    """A handler that cancels its own task costs its own message and no other."""
    recorder = Recorder()

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    recorder.work[b"one"] = work()
    recorder.put(b"one", b"two")
    recorder.inbox.deliver()
    await turns()
    assert recorder.started == [b"one", b"two"]
    assert recorder.is_idle()


async def test_worker_whose_cancellation_was_swallowed_is_left() -> None:
    """The next messages run in a task that was never cancelled."""
    recorder = Recorder()
    counts: list[int] = []

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        counts.append(task.cancelling())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(1)
        await asyncio.sleep(0)

    recorder.work = {b"one": work(), b"two": work()}
    recorder.put(b"one", b"two", b"three")
    recorder.inbox.deliver()
    await turns(20)
    assert counts == [0, 0]
    assert recorder.started == [b"one", b"two", b"three"]


async def test_worker_that_is_cancelled_with_nothing_behind() -> None:
    """The inbox is idle again."""
    recorder = Recorder()

    async def work() -> None:
        raise asyncio.CancelledError

    recorder.inbox.work(work())
    await turns()
    assert recorder.is_idle()
    assert recorder.rests == 1
    gc.collect()


# Holding


async def test_hold_keeps_everything() -> None:
    """While the recipient holds delivery nothing starts, and the inbox is not idle."""
    recorder = Recorder()
    recorder.is_held = True
    recorder.put(b"one")
    recorder.inbox.deliver()
    assert recorder.started == []
    assert not recorder.is_idle()
    assert recorder.rests == 1
    recorder.is_held = False
    recorder.inbox.schedule()
    await turns(1)
    assert recorder.started == [b"one"]


async def test_hold_of_an_empty_inbox() -> None:
    """What arrives meanwhile has to wait."""
    recorder = Recorder()
    recorder.is_held = True
    recorder.inbox.deliver()
    assert recorder.is_quiet()
    assert not recorder.is_idle()


async def test_hold_begins_between_two_messages() -> None:
    """A handler that holds delivery is the last to start."""
    recorder = Recorder()

    def hold() -> None:
        recorder.inbox.is_paused = True

    recorder.put(b"one", Turn(hold), b"two")
    recorder.inbox.deliver()
    assert recorder.started == [b"one"]
    recorder.inbox.is_paused = False
    recorder.inbox.deliver()
    assert recorder.started == [b"one", b"two"]


async def test_hold_begins_in_a_worker() -> None:
    """An async handler that holds delivery ends, and is the last to start."""
    recorder = Recorder()

    async def work() -> None:
        recorder.inbox.is_paused = True

    recorder.work[b"one"] = work()
    recorder.put(b"one", b"two")
    recorder.inbox.deliver()
    await turns()
    assert recorder.started == [b"one"]
    assert not recorder.is_idle()
    assert recorder.rests == 1
    recorder.inbox.is_paused = False
    recorder.inbox.schedule()
    await turns()
    assert recorder.started == [b"one", b"two"]


# Requests


async def test_message_waits_for_the_first_step_of_a_request() -> None:
    """It starts in the turn behind that step."""
    recorder = Recorder()
    recorder.put(Turn(lambda: recorder.call("step")), b"message")
    recorder.inbox.deliver()
    assert recorder.started == []
    assert not recorder.is_idle()
    await turns(1)
    assert recorder.started == ["step"]
    await turns(1)
    assert recorder.started == ["step", b"message"]
    assert recorder.is_idle()
    assert recorder.inbox.starting == 0


async def test_request_does_not_wait_for_another() -> None:
    """Requests start in one turn, in their order; a message behind them waits for all."""
    recorder = Recorder()

    def request(name: str) -> Turn:
        def start() -> None:
            recorder.started.append(name)
            recorder.call(f"{name} steps")

        return Turn(start)

    recorder.put(request("one"), request("two"), b"message")
    recorder.inbox.deliver()
    assert recorder.started == ["one", "two"]
    await turns()
    assert recorder.started == ["one", "two", "one steps", "two steps", b"message"]


async def test_request_in_a_worker_lets_the_message_behind_it_wait() -> None:
    """The same order holds behind an async handler."""
    recorder = Recorder()
    recorder.work[b"one"] = recorder.last("one")
    recorder.put(b"one", Turn(lambda: recorder.call("step")), b"two")
    recorder.inbox.deliver()
    await asyncio.sleep(2)
    assert recorder.started == [b"one", "one ends", "step", b"two"]
    assert recorder.is_idle()


async def test_request_that_starts_while_the_inbox_is_cleared() -> None:
    """A worker that waits for a first step finds nothing to go on with."""
    recorder = Recorder()

    def start() -> None:
        recorder.call()
        asyncio.get_running_loop().call_soon(recorder.inbox.clear)

    recorder.work[b"one"] = recorder.last("one")
    recorder.put(b"one", Turn(start), b"two")
    recorder.inbox.deliver()
    await asyncio.sleep(2)
    assert recorder.started == [b"one", "one ends"]
    assert recorder.is_quiet()


async def test_turn_that_leaves_something_to_await() -> None:
    """A hook holds up what is behind it, as a message does."""
    recorder = Recorder()
    recorder.put(recorder.turn("hook", recorder.last("hook")), b"message")
    recorder.inbox.deliver()
    await asyncio.sleep(2)
    assert recorder.started == ["hook", "hook ends", b"message"]


async def test_request_that_starts_at_the_end_of_a_turn() -> None:
    """Its first step does not bring a second helping to a turn that has one coming."""
    recorder = Recorder(messages_per_turn=1)
    recorder.put(Turn(recorder.call), b"one", b"two")
    recorder.inbox.deliver()
    await turns(1)
    assert recorder.started == [b"one"]
    await turns(1)
    assert recorder.started == [b"one", b"two"]


async def test_request_does_not_wait_for_first_steps() -> None:
    """While only first steps are to come, a message waits and a request does not."""
    recorder = Recorder()
    assert not recorder.takes_requests()
    recorder.inbox.deliver()
    assert recorder.takes_requests()
    recorder.call()
    assert not recorder.is_idle()
    assert recorder.takes_requests()
    recorder.put(b"message")
    assert not recorder.takes_requests()
    await turns(2)
    assert recorder.takes_requests()


async def test_request_waits_for_all_else() -> None:
    """What holds a message back holds a request back too."""
    recorder = Recorder()
    recorder.inbox.deliver()
    recorder.call()
    recorder.is_held = True
    assert not recorder.takes_requests()
    recorder.is_held = False
    recorder.inbox.work(recorder.last("work"))
    assert not recorder.takes_requests()
    await asyncio.sleep(2)
    recorder.call()
    recorder.inbox.clear()
    assert not recorder.takes_requests()
    await turns(2)
    assert not recorder.takes_requests()
