"""The law of workers: order, completeness and contexts, whatever work does and whoever cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcws_protocol.aio._errand import Errand
from mcws_protocol.aio._workers import Workers
from mcws_testkit import SimLoop

NUMBER: Final[ContextVar[int]] = ContextVar("NUMBER", default=-1)


@dataclass(frozen=True)
class Plan:
    """One piece of work.

    Attributes:
        naps: seconds of each of its naps; 0 is one turn of the loop.
        outcome: how it ends.
        asks: pieces of work that its first step asks for.
        ahead: turns of the loop before it is run.
        cancels: turns of the loop, after it was run, when it is cancelled; None for never.
        ends_task: the same for a cancellation of whatever task was made last.
    """

    naps: tuple[float, ...] = ()
    outcome: str = "returns"
    asks: int = 0
    ahead: int = 0
    cancels: int | None = None
    ends_task: int | None = None


OUTCOMES: Final = ("returns", "raises", "raises cancelled", "cancels itself", "swallows")
soon = st.none() | st.none() | st.integers(0, 3)
plans = st.builds(
    Plan,
    st.lists(st.sampled_from((0.0, 0.0, 1.0)), max_size=2).map(tuple),
    st.sampled_from(OUTCOMES),
    st.integers(0, 2),
    st.sampled_from((0, 0, 0, 1, 2)),
    soon,
    soon,
)


class Record:
    """Workers, and what became of the work that they were given.

    Attributes:
        run: numbers of all work, in the order in which it was run.
        begun: the same in the order of first steps.
        told: what was said of each first step.
        ended: numbers of what has ended.
        waited: numbers of what waited for anything.
        calls: how many calls are under way in which no work may begin.
    """

    def __init__(self, demand: int) -> None:
        self.workers = Workers(asyncio.get_running_loop())
        self.workers.demand = demand
        self.run: list[int] = []
        self.begun: list[int] = []
        self.told: dict[int, bool] = {}
        self.ended: list[int] = []
        self.waited: set[int] = set()
        self.calls = 0

    def ask(self, plan: Plan) -> Errand:
        """Run what is planned."""
        number = len(self.run)
        self.run.append(number)
        context = copy_context()
        context.run(NUMBER.set, number)
        self.calls += 1
        errand = self.workers.run(self.work(number, plan), context, self.tell(number))
        self.calls -= 1
        return errand

    def tell(self, number: int) -> Any:
        """Return what hears of a first step."""

        def told(waits: bool) -> None:
            assert number not in self.told, "told twice"
            assert NUMBER.get() == -1, "told inside of a context of work"
            assert self.begun[-1] == number, "told of the first step of something else"
            self.told[number] = waits

        return told

    async def work(self, number: int, plan: Plan) -> None:
        """Do what is planned, in one task and in one context."""
        task = asyncio.current_task()
        assert task is not None
        assert not self.calls, "work began inside of a call"
        assert task.cancelling() <= (plan.cancels is not None), "a cancelled task was used again"
        self.begun.append(number)
        for _ in range(plan.asks):
            self.ask(Plan())
        try:
            for seconds in plan.naps:
                self.waited.add(number)
                await asyncio.sleep(seconds)
                assert asyncio.current_task() is task
                assert NUMBER.get() == number, "work lost its context"
            await self.end(number, plan.outcome, task)
        finally:
            assert NUMBER.get() == number, "work ended in another context"
            self.ended.append(number)

    async def end(self, number: int, outcome: str, task: asyncio.Task[Any]) -> None:
        """End as it is planned."""
        if outcome == "raises":
            raise ValueError("planned")
        if outcome == "raises cancelled":
            raise asyncio.CancelledError
        if outcome != "returns":
            task.cancel()
        if outcome == "swallows":
            self.waited.add(number)
            await asyncio.gather(asyncio.sleep(1), return_exceptions=True)


async def play(script: list[Plan], demand: int) -> Record:
    """Run all that is planned, and wait until it has ended."""
    record = Record(demand)
    loop = asyncio.get_running_loop()
    ours = asyncio.current_task()
    for plan in script:
        await turns(plan.ahead)
        errand = record.ask(plan)
        if plan.cancels is not None:
            later(loop, plan.cancels, errand.cancel)
        if plan.ends_task is not None:
            # By number: "Task-10" comes behind "Task-9".
            tasks = sorted(
                asyncio.all_tasks() - {ours},
                key=lambda task: (len(task.get_name()), task.get_name()),
            )
            for task in tasks[-1:]:
                # Work itself ends with its task; what is only in line goes to another one.
                later(loop, plan.ends_task, task.cancel)
    await asyncio.sleep(100)
    record.workers.close()
    await turns(3)
    assert not asyncio.all_tasks() - {ours}, "a task was left"
    return record


async def turns(count: int) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


def later(loop: asyncio.AbstractEventLoop, count: int, action: Any) -> None:
    """Call ``action`` so many turns of the loop from now; at once for 0."""
    if count:
        loop.call_soon(later, loop, count - 1, action)
    else:
        action()


def run(main: Coroutine[Any, Any, Record]) -> Record:
    """Play on a loop of its own; what is planned to raise is no complaint."""
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        complaints: list[dict[str, Any]] = []
        loop = runner.get_loop()
        loop.set_exception_handler(lambda loop, context: complaints.append(context))
        record = runner.run(main)
    raised = [context.get("exception") for context in complaints]
    assert all(str(error) == "planned" for error in raised), complaints
    return record


@settings(max_examples=400)
@given(st.lists(plans, max_size=12), st.sampled_from((0, 0, 1, 4, 256)))
@example([Plan(naps=(0.0,), cancels=0), Plan(cancels=0), Plan()], 0)
@example([Plan(ends_task=0), Plan(outcome="raises"), Plan(naps=(1.0,)), Plan()], 0)
@example([Plan(), Plan(outcome="cancels itself", asks=2), Plan(ahead=1, ends_task=1)], 0)
def test_workers_law(script: list[Plan], demand: int) -> None:
    """All work begins once, in the order of the calls, is told of, and ends in its context."""
    record = run(play(script, demand))
    assert record.begun == record.run, "work was lost, or began out of order"
    assert sorted(record.ended) == record.run, "work did not end"
    assert {number for number, waits in record.told.items() if waits} == record.waited
    assert sorted(record.told) == record.run
    assert not record.workers.line
