"""SimLoop: what asyncio does on it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from mcws_testkit import SimDeadlock, SimLivelock, SimLoop
from mcws_testkit._agenda import START_S


@pytest.fixture
def loop() -> Iterator[SimLoop]:
    """Return a loop."""
    made = SimLoop()
    yield made
    made.close()


def test_time_is_virtual(loop: SimLoop) -> None:
    """A day passes at once, and exactly."""

    async def main() -> float:
        """Sleep for a day."""
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert loop.run_until_complete(main()) == START_S + 86_400


def test_timers_come_at_their_time(loop: SimLoop) -> None:
    """``call_later`` counts from now, ``call_at`` is absolute, and both can be cancelled."""
    seen: list[float] = []

    async def main() -> None:
        """Set some timers."""
        loop.call_later(2, lambda: seen.append(loop.time() - START_S))
        loop.call_at(START_S + 1, lambda: seen.append(loop.time() - START_S))
        loop.call_later(3, seen.append, 0.0).cancel()
        assert len(loop.waiting_timers) == 2
        assert loop.waiting_timers[0].startswith("timer in 1 s: <TimerHandle")
        await asyncio.sleep(5)

    loop.run_until_complete(main())
    assert seen == [1.0, 2.0]


def test_blocking_code_lets_time_pass(loop: SimLoop) -> None:
    """Code that never awaits can take time as well."""

    async def main() -> None:
        """Take time."""
        loop.block(2.5)

    loop.run_until_complete(main())
    assert loop.time() == START_S + 2.5


def test_settle_waits_for_all_but_time(loop: SimLoop) -> None:
    """What needs no time has happened; what does has not."""
    seen: list[str] = []

    async def hop(name: str, turns: int) -> None:
        """Take some turns."""
        for _ in range(turns):
            await asyncio.sleep(0)
        seen.append(name)

    async def main() -> None:
        """Settle."""
        tasks = [asyncio.create_task(hop("late", 20)), asyncio.create_task(asyncio.sleep(1))]
        await loop.settle()
        assert seen == ["late"]
        assert not tasks[1].done()
        assert loop.time() == START_S
        await asyncio.wait(tasks)

    loop.run_until_complete(main())


def test_asyncio_of_every_day_works(loop: SimLoop) -> None:
    """Timeouts, groups, queues and conditions need nothing special."""

    async def main() -> str:
        """Use them."""
        queue: asyncio.Queue[int] = asyncio.Queue(1)
        condition = asyncio.Condition()
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.put(1))
            group.create_task(queue.put(2))
            assert await queue.get() + await queue.get() == 3
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5), condition:
                await condition.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 5)
        done, _ = await asyncio.wait([asyncio.create_task(asyncio.sleep(1, "late"))])
        assert loop.time() == START_S + 11
        return next(iter(done)).result()

    assert loop.run_until_complete(main()) == "late"


def test_context_is_inherited(loop: SimLoop) -> None:
    """Callbacks and tasks see the context that they were made in, or the one they are given."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="none")
    seen: list[str] = []

    async def note() -> None:
        """Write it down."""
        seen.append(name.get())

    async def main() -> None:
        """Schedule in several contexts."""
        name.set("main")
        other = contextvars.Context()
        for context in (None, other):
            loop.call_soon(lambda: seen.append(name.get()), context=context)
            loop.call_later(1, lambda: seen.append(name.get()), context=context)
            await loop.create_task(note(), context=context)
        await asyncio.sleep(2)

    loop.run_until_complete(main())
    assert seen == ["main", "main", "none", "none", "main", "none"]


def test_deadlock_is_told(loop: SimLoop) -> None:
    """A program that waits for what never comes fails at once."""
    with pytest.raises(SimDeadlock, match="deadlock at 0 s"):
        loop.run_until_complete(asyncio.Event().wait())
    task = loop.tasks.pending[0]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_livelock_is_told() -> None:
    """A program that never waits for time fails after some steps, with who runs."""
    loop = SimLoop(steps_max=100)

    async def spin() -> None:
        """Go round for ever."""
        while True:
            await asyncio.sleep(0)

    with pytest.raises(SimLivelock, match=r"spin, waits at .*tasks.py") as caught:
        loop.run_until_complete(spin())
    assert caught.value.steps == 101
    assert len(caught.value.waiting) == 1
    task: Any = loop.tasks.pending[0]
    task.get_coro().close()
    # It can never end, since each further turn of this loop is one too many.
    task._log_destroy_pending = False
    loop.close()


def test_loop_runs_until_it_is_stopped(loop: SimLoop) -> None:
    """``stop`` lets the turn end; before ``run_forever`` it allows one turn."""
    seen: list[str] = []
    loop.call_soon(seen.append, "a")
    loop.call_later(1, loop.stop)
    loop.run_forever()
    assert seen == ["a"]
    assert not loop.is_running()
    loop.call_soon(seen.append, "b")
    loop.stop()
    loop.run_forever()
    assert seen == ["a", "b"]


def test_stop_before_the_end_is_an_error(loop: SimLoop) -> None:
    """As on a real loop, what was waited for is not complete."""

    async def main() -> None:
        """Stop in the middle."""
        loop.stop()
        await asyncio.sleep(1)

    task = loop.create_task(main())
    with pytest.raises(RuntimeError, match="Event loop stopped before Future completed"):
        loop.run_until_complete(task)
    loop.run_until_complete(task)


def test_run_ends_one_turn_behind_its_future(loop: SimLoop) -> None:
    """As on a real loop, a task that is made in the last step takes its first one."""
    seen: list[str] = []

    async def note() -> None:
        """Write down that it ran."""
        seen.append("ran")

    async def main() -> None:
        """Make a task and end."""
        loop.create_task(note())

    loop.run_until_complete(main())
    assert seen == ["ran"]


def test_error_of_the_program_is_raised(loop: SimLoop) -> None:
    """What was run raises what it raises."""

    async def main() -> None:
        """Fail."""
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        loop.run_until_complete(main())


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_interrupt_passes(loop: SimLoop, stop: type[BaseException]) -> None:
    """Ctrl-C and exit leave the loop at once, and the loop can go on."""

    async def main() -> None:
        """Be interrupted."""
        raise stop

    with pytest.raises(stop):
        loop.run_until_complete(main())
    assert loop.run_until_complete(asyncio.sleep(1, "goes on")) == "goes on"


def test_cancelled_future_is_raised(loop: SimLoop) -> None:
    """To wait for what was cancelled raises."""
    future = loop.create_future()
    loop.call_soon(future.cancel)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(future)


def test_closed_loop_does_nothing() -> None:
    """Every call that would schedule something says so; to close twice is nothing."""
    loop = SimLoop()
    assert not loop.is_closed()
    loop.close()
    loop.close()
    assert loop.is_closed()
    calls: list[Any] = [
        lambda: loop.call_soon(print),
        lambda: loop.call_soon_threadsafe(print),
        lambda: loop.call_later(1, print),
        lambda: loop.call_at(1, print),
        loop.run_forever,
        lambda: loop.run_until_complete(loop.create_future()),
    ]
    for call in calls:
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            call()


def test_abandoned_loop_takes_what_garbage_asks_for() -> None:
    """It is closed, and says nothing to what ends later."""
    loop = SimLoop()
    future = loop.create_future()
    future.add_done_callback(print)
    loop.abandon()
    assert loop.is_closed()
    assert future.cancel()


def test_running_loop_is_not_run_or_closed(loop: SimLoop) -> None:
    """As on a real loop."""

    async def main() -> None:
        """Try both."""
        assert loop.is_running()
        with pytest.raises(RuntimeError, match="already running"):
            loop.run_forever()
        with pytest.raises(RuntimeError, match="Cannot close a running event loop"):
            loop.close()
        other = SimLoop()
        with pytest.raises(RuntimeError, match="while another loop is running"):
            other.run_forever()
        other.close()

    loop.run_until_complete(main())


def test_generator_that_is_left_is_closed(loop: SimLoop) -> None:
    """The ``finally`` of an async generator that nobody iterates any more runs on the loop."""
    seen: list[str] = []

    async def numbers() -> AsyncGenerator[int]:
        """Yield numbers."""
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            seen.append("closed")

    async def main() -> None:
        """Leave in the middle."""
        async for _ in numbers():
            break
        gc.collect()
        await loop.settle()

    loop.run_until_complete(main())
    assert seen == ["closed"]


def test_generator_that_is_kept_is_closed_at_the_end() -> None:
    """``shutdown_asyncgens`` closes all; one that outlives its loop is left alone."""
    seen: list[str] = []

    async def numbers(name: str) -> AsyncGenerator[int]:
        """Yield numbers."""
        try:
            yield 1
        finally:
            seen.append(name)

    async def begin(generator: AsyncGenerator[int]) -> int:
        """Take the first number."""
        return await anext(generator)

    loop = SimLoop()
    kept, late = numbers("kept"), numbers("late")
    loop.run_until_complete(begin(kept))
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert seen == ["kept"]
    loop.run_until_complete(begin(late))
    loop.close()
    del late
    gc.collect()


def test_problems_are_kept(loop: SimLoop) -> None:
    """What nobody handles is written down, or given to the handler of the program."""
    given: list[dict[str, Any]] = []

    def fail() -> None:
        """Fail in a callback."""
        raise LookupError("mine")

    def take(_: object, context: dict[str, Any]) -> None:
        """Write down what it is given."""
        given.append(context)

    async def main() -> None:
        """Fail twice."""
        loop.call_soon(fail)
        await loop.settle()
        loop.set_exception_handler(take)
        assert loop.get_exception_handler() is not None
        loop.call_soon(fail)
        await loop.settle()

    loop.run_until_complete(main())
    assert [type(one["exception"]) for one in loop.problems] == [LookupError]
    assert [type(one["exception"]) for one in given] == [LookupError]


def test_debugging_can_be_turned_on(loop: SimLoop) -> None:
    """Programs ask for it."""
    assert not loop.get_debug()
    loop.set_debug(True)
    assert loop.get_debug()
    loop.run_until_complete(asyncio.sleep(1))


def test_run_until_a_time(loop: SimLoop) -> None:
    """Time passes up to there and no further."""
    seen: list[str] = []
    loop.call_later(1, seen.append, "a")
    loop.call_later(3, seen.append, "b")
    loop.run_until(START_S + 2)
    assert loop.time() == START_S + 2
    assert seen == ["a"]
    assert loop.is_busy


@pytest.mark.skipif(sys.version_info < (3, 12), reason="asyncio.run has no loop factory")
def test_runner_of_asyncio_takes_it() -> None:
    """``asyncio.Runner(loop_factory=SimLoop)`` is all that a program needs."""

    async def main() -> float:
        """Sleep, with something left behind that the runner cancels."""
        asyncio.get_running_loop().create_task(asyncio.sleep(100))
        await asyncio.sleep(50)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=SimLoop) as runner:
        assert runner.run(main()) == START_S + 50


def test_runner_of_python_3_11_takes_it() -> None:
    """``asyncio.Runner`` has a loop factory in all versions."""
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        assert runner.run(asyncio.sleep(3, "done")) == "done"


def test_exception_handler_that_fails_is_told() -> None:
    """An error of the handler is written down, and the run goes on."""
    loop = SimLoop()
    handler: Any = int.__truediv__
    loop.set_exception_handler(handler)
    loop.call_exception_handler({"message": "first"})
    [problem] = loop.problems
    assert isinstance(problem["exception"], TypeError)
    loop.close()
