"""Workers: one task after the other runs work, each in a context of its own."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any

import pytest

from mcws_protocol.aio._workers import PARKED_MAX, InContext, Worker, Workers

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


class Pool:
    """Workers, and what their work wrote down.

    Attributes:
        events: what work wrote down.
        workers: the workers under test.
    """

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.workers = Workers(asyncio.get_running_loop())

    def run(self, work: Coroutine[Any, Any, None], context: Context | None = None) -> Worker:
        """Run ``work`` in a copy of the present context unless there is one."""
        return self.workers.run(work, copy_context() if context is None else context)

    async def note(self, event: Any) -> None:
        """Be work that ends at once."""
        self.events.append(event)

    async def sleep(self, event: Any, seconds: float = 100.0) -> None:
        """Be work that takes a while and writes down how it ended."""
        self.events.append(f"{event} begins")
        try:
            await asyncio.sleep(seconds)
        finally:
            self.events.append(f"{event} ends")


async def turns(count: int = 10) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


def others() -> set[asyncio.Task[Any]]:
    """Return all tasks but this one."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


# InContext


async def test_context_is_that_of_the_work() -> None:
    """Work sees and changes its own context, across everything that it awaits."""
    seen: list[str] = []

    async def work() -> None:
        COLOUR.set("red")
        await asyncio.sleep(0)
        seen.append(COLOUR.get())
        await asyncio.create_task(child())

    async def child() -> None:
        seen.append(COLOUR.get())

    context = copy_context()
    await InContext(work(), context)
    assert seen == ["red", "red"]
    assert context[COLOUR] == "red"
    assert COLOUR.get() == "none"


async def test_context_passes_exceptions_out() -> None:
    """What work raises comes out."""

    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("work")

    with pytest.raises(ValueError, match="work"):
        await InContext(work(), copy_context())


async def test_context_passes_exceptions_in() -> None:
    """What is awaited raises inside of the work, which may go on and await more."""

    async def work() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(KeyError("inner"))
        with pytest.raises(KeyError):
            await future
        await asyncio.sleep(0)

    await InContext(work(), copy_context())


async def test_context_leaves_no_trace_of_handled_exceptions() -> None:
    """An error raised after another one was handled does not seem to come of that."""

    async def work() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9), 1)
        raise ValueError("work")

    with pytest.raises(ValueError, match="work") as caught:
        await InContext(work(), copy_context())
    assert "During handling" not in "".join(traceback.format_exception(caught.value))


def test_context_closes_its_work() -> None:
    """Work that is destroyed instead of resumed runs its ``finally`` in its context."""
    seen: list[str] = []

    async def work() -> None:
        COLOUR.set("red")
        try:
            await asyncio.sleep(0)
        finally:
            seen.append(COLOUR.get())

    driver = InContext(work(), copy_context()).__await__()
    next(driver)
    driver.close()
    assert seen == ["red"]


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
        pool.events.append("survived")

    tasks = [pool.run(work()).task]
    await asyncio.sleep(20)
    tasks.append(pool.run(work()).task)
    await asyncio.sleep(20)
    assert pool.events == ["survived", "survived"]
    assert tasks[0] is tasks[1]
    assert tasks[0].cancelling() == 0


# Workers


async def test_worker_is_used_again() -> None:
    """One task serves one piece of work after the other."""
    pool = Pool()
    workers: list[Worker] = []
    for number in range(3):
        workers.append(pool.run(pool.note(number)))
        await turns()
    assert pool.events == [0, 1, 2]
    assert len({worker.task for worker in workers}) == 1
    assert workers[0].work is None


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
    await asyncio.sleep(3)
    assert one.task is not two.task
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


async def test_worker_that_raised_is_not_used_again(caplog: pytest.LogCaptureFixture) -> None:
    """Work handles its own errors; one that does not costs its task and nothing else."""
    pool = Pool()

    async def fail() -> None:
        raise KeyError("unhandled")

    worker = pool.run(fail())
    await turns()
    assert isinstance(worker.task.exception(), KeyError)
    pool.run(pool.note("next"))
    await turns()
    assert pool.events == ["next"]


# Cancelling


async def test_worker_cancels_its_work() -> None:
    """Cancelled work ends, and its task is not used again."""
    pool = Pool()
    work = pool.sleep("one")
    worker = pool.run(work)
    await turns()
    worker.cancel(work)
    await turns()
    assert pool.events == ["one begins", "one ends"]
    assert worker.task.done()
    assert pool.run(pool.note("next")) is not worker
    await turns()
    assert pool.events[2:] == ["next"]


async def test_worker_does_not_cancel_what_it_does_not_do() -> None:
    """A late cancellation does not hit the work that came after."""
    pool = Pool()
    early = pool.note("early")
    worker = pool.run(early)
    await turns()
    assert pool.run(pool.sleep("late", 1)) is worker
    await turns()
    worker.cancel(early)
    await asyncio.sleep(2)
    assert pool.events == ["early", "late begins", "late ends"]
    assert not worker.task.done()


async def test_worker_that_raises_cancelled_error_is_used_again() -> None:
    """Work that was not cancelled may raise ``CancelledError``, from a future say."""
    pool = Pool()

    async def work() -> None:
        raise asyncio.CancelledError

    worker = pool.run(work())
    await turns()
    assert pool.run(pool.note("next")) is worker
    await turns()
    assert pool.events == ["next"]


async def test_worker_that_swallowed_a_cancellation_is_not_used_again() -> None:
    """A task that counts a cancellation would confuse the next work."""
    pool = Pool()

    async def work() -> None:
        await asyncio.gather(pool.sleep("one"), return_exceptions=True)

    coroutine = work()
    worker = pool.run(coroutine)
    await turns()
    worker.cancel(coroutine)
    await turns()
    assert worker.task.done()


@pytest.mark.parametrize("is_lent", [False, True], ids=["fresh", "lent"])
async def test_worker_cancels_work_that_did_not_begin(is_lent: bool) -> None:
    """Work that is cancelled in the turn of its start begins, is cancelled, and cleans up."""
    pool = Pool()
    if is_lent:
        pool.run(pool.note("before"))
        await turns()
    work = pool.sleep("one")
    worker = pool.run(work)
    worker.cancel(work)
    await turns()
    assert pool.events[-2:] == ["one begins", "one ends"]
    assert worker.task.done()
    assert not others()


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

    worker = pool.run(work(), context)
    worker.task.cancel()
    await turns()
    assert pool.events[-1] == "red"
    assert worker.task.cancelled()
    assert worker.work is None


async def test_worker_does_not_hand_on_work_that_began() -> None:
    """What a cancelled task was doing ends with it."""
    pool = Pool()
    worker = pool.run(pool.sleep("one"))
    await turns()
    worker.task.cancel()
    await turns()
    assert pool.events == ["one begins", "one ends"]


async def test_worker_that_is_cancelled_while_parked_is_not_lent() -> None:
    """Neither in the turn of the cancellation nor later."""
    pool = Pool()
    worker = pool.run(pool.note("before"))
    await turns()
    worker.task.cancel()
    assert pool.run(pool.note("at once")) is not worker
    await turns()
    assert pool.run(pool.note("later")) is not worker
    await turns()
    assert pool.events == ["before", "at once", "later"]


async def test_worker_that_is_cancelled_while_parked_is_forgotten() -> None:
    """Its place among the parked is free."""
    pool = Pool()
    worker = pool.run(pool.note("before"))
    await turns()
    worker.task.cancel()
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
        pool.run(pool.note(number))
    await turns()
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
