"""Workers: one task after the other runs work, each in a context of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any

import pytest

from mcws_protocol.aio._errand import Errand
from mcws_protocol.aio._workers import ERRANDS_PER_TURN, PARKED_MAX, Workers

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


class Pool:
    """Workers, and what their work wrote down.

    Attributes:
        events: what work wrote down.
        tasks: what ran work, in the order in which that began.
        workers: the workers under test.
    """

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.workers = Workers(asyncio.get_running_loop())

    def run(self, work: Coroutine[Any, Any, None], context: Context | None = None) -> Errand:
        """Run ``work`` in a copy of the present context unless there is one."""
        return self.workers.run(work, copy_context() if context is None else context)

    async def note(self, event: Any) -> None:
        """Be work that ends at once."""
        self.events.append(event)
        self.note_task()

    async def sleep(self, event: Any, seconds: float = 100.0) -> None:
        """Be work that takes a while and writes down how it ended."""
        self.events.append(f"{event} begins")
        self.note_task()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.events.append(f"{event} ends")

    def note_task(self) -> None:
        """Write down which task runs."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.append(task)


async def turns(count: int = 10) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


def others() -> set[asyncio.Task[Any]]:
    """Return all tasks but this one."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def timeout() -> None:
    """Use a timeout that passes."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.sleep(9)


async def timeouts_nested() -> None:
    """Use a timeout inside of one."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), asyncio.timeout(5):
            await asyncio.sleep(9)


async def wait_for() -> None:
    """Use ``wait_for`` that runs out of time."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(9), 1)


async def task_group() -> None:
    """Use a task group that succeeds."""
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(1))
        group.create_task(asyncio.sleep(2))


async def task_group_that_fails() -> None:
    """Use a task group whose body is cancelled by a failing task."""

    async def fail() -> None:
        raise KeyError("task")

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await asyncio.sleep(9)

    with pytest.raises(ExceptionGroup):
        await work()


async def shield() -> None:
    """Cancel what is shielded from outside."""
    inner = asyncio.ensure_future(asyncio.sleep(9))
    asyncio.get_running_loop().call_soon(inner.cancel)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.shield(inner)


TOOLS = [timeout, timeouts_nested, wait_for, task_group, task_group_that_fails, shield]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
async def test_worker_understands_structured_concurrency(tool: Any) -> None:
    """Asyncio's own tools work in a worker, which is as good as new afterwards."""
    pool = Pool()

    async def work() -> None:
        await tool()
        await pool.note("survived")

    for _ in range(2):
        pool.run(work())
        await asyncio.sleep(20)
    assert pool.events == ["survived", "survived"]
    assert pool.tasks[0] is pool.tasks[1]
    assert pool.tasks[0].cancelling() == 0


# Workers


async def test_worker_is_used_again() -> None:
    """One task serves one piece of work after the other."""
    pool = Pool()
    for number in range(3):
        errand = pool.run(pool.note(number))
        await turns()
        assert errand.task is None
    assert pool.events == [0, 1, 2]
    assert len(set(pool.tasks)) == 1


async def test_worker_runs_nothing_inside_the_call() -> None:
    """Work begins in a later turn, also where the loop's own tasks begin at once."""
    pool = Pool()

    def begin(loop: asyncio.AbstractEventLoop, work: Any) -> asyncio.Future[Any]:
        pytest.fail("a task that begins at once")

    loop = asyncio.get_running_loop()
    loop.set_task_factory(begin)
    pool.run(pool.note("fresh"))
    loop.set_task_factory(None)
    assert pool.events == []
    await turns()
    pool.run(pool.note("lent"))
    assert pool.events == ["fresh"]
    await turns()
    assert pool.events == ["fresh", "lent"]


async def test_workers_run_side_by_side() -> None:
    """What is busy is not lent; another worker takes the next work."""
    pool = Pool()
    one, two = pool.run(pool.sleep("one", 2)), pool.run(pool.sleep("two", 1))
    await turns()
    assert [one.task, two.task] == pool.tasks
    assert one.task is not two.task
    await asyncio.sleep(3)
    assert pool.events == ["one begins", "two begins", "two ends", "one ends"]


async def test_worker_keeps_contexts_apart() -> None:
    """What one connection sets is not seen in another, though one task runs both."""
    pool = Pool()

    async def paint(colour: str) -> None:
        pool.events.append((COLOUR.get(), colour))
        COLOUR.set(colour)
        await asyncio.sleep(0)
        pool.events.append((COLOUR.get(), colour))

    own, other = copy_context(), copy_context()
    for colour, context in (("red", own), ("green", other), ("blue", own)):
        pool.run(paint(colour), context)
        await turns()
    assert pool.events == [
        ("none", "red"),
        ("red", "red"),
        ("none", "green"),
        ("green", "green"),
        ("red", "blue"),
        ("blue", "blue"),
    ]


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("demand", [0, 9])
async def test_worker_that_raised_is_not_used_again(waits: bool, demand: int) -> None:
    """Work handles its own errors; one that does not costs its task and nothing else."""
    pool = Pool()
    pool.workers.demand = demand

    async def fail() -> None:
        pool.note_task()
        if waits:
            await asyncio.sleep(0)
        raise KeyError("unhandled")

    pool.run(fail())
    pool.run(pool.note("next"))
    await turns()
    assert isinstance(pool.tasks[0].exception(), KeyError)
    assert pool.tasks[1] is not pool.tasks[0]
    assert pool.events == ["next"]


# The line


async def test_worker_goes_on_with_the_line() -> None:
    """Work that ends without waiting needs one task and one turn, however much there is."""
    pool = Pool()
    pool.workers.demand = 0
    for number in range(5):
        pool.run(pool.note(number))
    assert len(others()) == 1
    await turns(1)
    assert pool.events == [0, 1, 2, 3, 4]
    assert len(set(pool.tasks)) == 1


async def test_worker_takes_what_work_adds_to_the_line() -> None:
    """Work may ask for more work, which needs nobody else."""
    pool = Pool()
    pool.workers.demand = 0

    async def work() -> None:
        pool.run(pool.note("more"))
        pool.events.append("work")

    pool.run(work())
    await turns(1)
    assert pool.events == ["work", "more"]
    assert len(others()) == 1


async def test_worker_that_waits_has_others_go_on() -> None:
    """Who is in line waits for at most one turn, whoever waits in front of it."""
    pool = Pool()
    pool.workers.demand = 0
    pool.run(pool.sleep("slow", 5))
    pool.run(pool.note("quick"))
    await turns(1)
    assert pool.events == ["slow begins"]
    await turns(1)
    assert pool.events == ["slow begins", "quick"]
    pool.run(pool.note("later"))
    await turns(1)
    assert pool.events == ["slow begins", "quick", "later"]
    assert pool.tasks[2] is pool.tasks[1]


async def test_worker_that_waited_goes_on_with_the_line() -> None:
    """It takes what is there, and who was woken for that finds nothing."""
    pool = Pool()
    pool.workers.demand = 0

    async def work() -> None:
        await asyncio.sleep(0)
        pool.run(pool.note("behind"))

    pool.run(work())
    await turns()
    assert pool.events == ["behind"]
    assert len(others()) == 2
    pool.run(pool.note("next"))
    await turns()
    assert pool.events == ["behind", "next"]


async def test_workers_are_woken_ahead_for_work_that_waits() -> None:
    """Where the last errands waited, as many begin in one turn as are in line."""
    pool = Pool()
    pool.workers.demand = 0
    steps: list[int] = []
    for _ in range(2):
        for number in range(50):
            pool.run(pool.sleep(number, 1))
        before = len(pool.tasks)
        for count in (1, 4):
            await turns(count)
            steps.append(len(pool.tasks) - before)
        await asyncio.sleep(2)
    assert steps == [1, 50, 50, 50]
    assert len(others()) == 50


async def test_workers_are_not_woken_ahead_for_work_that_ends_at_once() -> None:
    """Where many errands in a row did not wait, one worker does all."""
    pool = Pool()
    pool.run(pool.note("first"))
    pool.run(pool.note("second"))
    assert len(others()) == 2
    for number in range(PARKED_MAX):
        pool.run(pool.note(number))
        await turns(1)
    pool.tasks.clear()
    for number in range(50):
        pool.run(pool.note(number))
    await turns()
    assert len(set(pool.tasks)) == 1


async def test_worker_lets_the_loop_turn() -> None:
    """Work that never waits does not keep the loop to itself (FAULTS 28)."""
    pool = Pool()
    pool.workers.demand = 0
    for number in range(2 * ERRANDS_PER_TURN + 1):
        pool.run(pool.note(number))
    for count in (1, 2):
        await turns(1)
        assert len(pool.events) == count * ERRANDS_PER_TURN
    await turns(1)
    assert pool.events == list(range(2 * ERRANDS_PER_TURN + 1))
    assert len(set(pool.tasks)) == 1


async def test_worker_that_is_cancelled_in_the_middle_of_the_line() -> None:
    """Somebody who ends its task while the loop turns ends none of the work."""
    pool = Pool()
    pool.workers.demand = 0
    for number in range(ERRANDS_PER_TURN + 2):
        pool.run(pool.note(number))
    await turns(1)
    pool.tasks[0].cancel()
    await turns()
    assert pool.events == list(range(ERRANDS_PER_TURN + 2))
    assert len(set(pool.tasks)) == 2


async def test_worker_has_a_context_of_its_own() -> None:
    """What somebody set who needed a worker is not kept in that for good."""
    COLOUR.set("before")
    pool = Pool()
    COLOUR.set("red")
    pool.workers.run(pool.note("work"), copy_context(), lambda waits: pool.events.append(waits))
    pool.workers.run(
        pool.sleep("sleep", 1), copy_context(), lambda waits: pool.events.append(COLOUR.get())
    )
    await turns()
    assert pool.events == ["work", False, "sleep begins", "before"]


# Cancelling


async def test_worker_cancels_its_work() -> None:
    """Cancelled work ends, and its task is not used again."""
    pool = Pool()
    errand = pool.run(pool.sleep("one"))
    await turns()
    errand.cancel()
    pool.run(pool.note("next"))
    await turns()
    assert pool.events == ["one begins", "one ends", "next"]
    assert pool.tasks[0].done()
    assert pool.tasks[1] is not pool.tasks[0]


async def test_worker_does_not_cancel_what_it_does_not_do() -> None:
    """A late cancellation does not hit the work that came after."""
    pool = Pool()
    early = pool.run(pool.note("early"))
    await turns()
    pool.run(pool.sleep("late", 1))
    await turns()
    early.cancel()
    await asyncio.sleep(2)
    assert pool.events == ["early", "late begins", "late ends"]
    assert pool.tasks[0] is pool.tasks[1]
    assert not pool.tasks[0].done()


async def test_worker_that_raises_cancelled_error_is_used_again() -> None:
    """Work that was not cancelled may raise ``CancelledError``, from a future say."""
    pool = Pool()

    async def work() -> None:
        pool.note_task()
        raise asyncio.CancelledError

    pool.run(work())
    pool.run(pool.note("next"))
    await turns()
    pool.run(pool.note("last"))
    await turns()
    assert pool.events == ["next", "last"]
    assert pool.tasks[0] in pool.tasks[1:]


async def test_worker_that_swallowed_a_cancellation_is_not_used_again() -> None:
    """A task that counts a cancellation would confuse the next work."""
    pool = Pool()

    async def work() -> None:
        await asyncio.gather(pool.sleep("one"), return_exceptions=True)

    errand = pool.run(work())
    await turns()
    errand.cancel()
    await turns()
    assert not others()


async def test_worker_that_was_cancelled_by_its_work_leaves_the_line() -> None:
    """Work that ends at once may have cancelled its own task: what is behind it has another."""
    pool = Pool()
    pool.workers.demand = 0

    async def work() -> None:
        await pool.note("one")
        pool.tasks[0].cancel()

    pool.run(work())
    pool.run(pool.note("two"))
    await turns()
    assert pool.events == ["one", "two"]
    assert pool.tasks[0].cancelled()
    assert pool.tasks[1] is not pool.tasks[0]


@pytest.mark.parametrize("is_lent", [False, True], ids=["fresh", "lent"])
async def test_worker_cancels_work_that_did_not_begin(is_lent: bool) -> None:
    """Work that is cancelled in the turn of its start begins, is cancelled, and cleans up."""
    pool = Pool()
    if is_lent:
        pool.run(pool.note("before"))
        await turns()
    errand = pool.run(pool.sleep("one"))
    errand.cancel()
    await turns()
    assert pool.events[-2:] == ["one begins", "one ends"]
    assert not others()


@pytest.mark.parametrize("demand", [0, 9])
async def test_worker_cancels_work_in_the_line(demand: int) -> None:
    """Neither the work before it nor the one behind it is touched."""
    pool = Pool()
    pool.workers.demand = demand
    errands = [pool.run(pool.sleep(name, 1)) for name in ("one", "two", "three")]
    errands[1].cancel()
    await turns()
    begun = ["one begins", "two begins", "three begins"]
    assert [event for event in pool.events if event in begun] == begun
    assert pool.events.count("two ends") == 1
    assert len(pool.events) == 4
    await asyncio.sleep(2)
    assert pool.events[4:] == ["one ends", "three ends"]


@pytest.mark.parametrize("is_lent", [False, True], ids=["fresh", "lent"])
async def test_worker_hands_on_work_that_did_not_begin(is_lent: bool) -> None:
    """A task that somebody cancels before its work began gives that to another one."""
    pool = Pool()
    context = copy_context()
    context.run(COLOUR.set, "red")
    if is_lent:
        pool.run(pool.note("before"))
        await turns()

    async def work() -> None:
        pool.events.append(COLOUR.get())

    errand = pool.run(work(), context)
    (task,) = others()
    task.cancel()
    await turns()
    assert pool.events[-1] == "red"
    assert task.cancelled()
    assert errand.task is None


async def test_worker_does_not_hand_on_work_that_began() -> None:
    """What a cancelled task was doing ends with it."""
    pool = Pool()
    pool.run(pool.sleep("one"))
    await turns()
    pool.tasks[0].cancel()
    await turns()
    assert pool.events == ["one begins", "one ends"]


async def test_worker_that_is_cancelled_while_parked_is_not_lent() -> None:
    """Neither in the turn of the cancellation nor later."""
    pool = Pool()
    pool.run(pool.note("before"))
    await turns()
    pool.tasks[0].cancel()
    pool.run(pool.note("at once"))
    await turns()
    pool.run(pool.note("later"))
    await turns()
    assert pool.events == ["before", "at once", "later"]
    assert pool.tasks[0] not in pool.tasks[1:]


async def test_worker_that_is_cancelled_while_parked_is_forgotten() -> None:
    """Its place among the parked is free."""
    pool = Pool()
    pool.run(pool.note("before"))
    await turns()
    pool.tasks[0].cancel()
    await turns()
    assert not others()
    pool.workers.close()


# Parking


@pytest.mark.parametrize(
    ("count", "kept"),
    [(PARKED_MAX - 1, PARKED_MAX - 1), (PARKED_MAX, PARKED_MAX), (PARKED_MAX + 1, PARKED_MAX)],
)
async def test_workers_are_parked_up_to_the_limit(count: int, kept: int) -> None:
    """After a burst so many tasks are kept; the others end."""
    pool = Pool()
    for number in range(count):
        pool.run(pool.sleep(number, 1))
    await asyncio.sleep(2)
    assert len(others()) == kept
    pool.workers.close()


async def test_workers_that_are_closed_leave_no_task() -> None:
    """Parked ones end at once, lent ones with their work."""
    pool = Pool()
    pool.run(pool.note("parked"))
    pool.run(pool.sleep("lent", 5))
    await turns()
    pool.workers.close()
    await turns()
    assert len(others()) == 1
    await asyncio.sleep(6)
    assert not others()
    assert pool.events[-1] == "lent ends"


async def test_workers_that_are_closed_by_work_leave_no_task() -> None:
    """The work that closes them is the last of its task."""
    pool = Pool()

    async def work() -> None:
        pool.workers.close()

    pool.run(work())
    await turns()
    assert not others()


async def test_workers_that_are_closed_still_run_what_comes() -> None:
    """Late work runs, in a task that is not kept."""
    pool = Pool()
    pool.workers.close()
    pool.run(pool.note("late"))
    await turns()
    assert pool.events == ["late"]
    assert not others()
