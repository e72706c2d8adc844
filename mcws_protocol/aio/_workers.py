"""Workers: parked tasks that run what handlers leave to await.

A task for every message would cost more than most handlers, and so would waking one for each. Work
waits in one line. A worker does one piece after the other, as long as they end without waiting;
where one really waits, the worker stays with it and others see to the rest of the line. How many
are woken follows what the last errands did. A task that was ever cancelled is not used again, since
``asyncio.timeout`` and ``TaskGroup`` count cancellations per task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Final

from ._errand import Errand, Work

PARKED_MAX: Final = 256
"""Parked tasks that are kept for a burst; about 3 KiB each."""

ERRANDS_PER_TURN: Final = 128
"""Errands that one worker begins before the loop turns; as many as messages (FAULTS 28)."""

WAKES_PER_WAIT: Final = 4
"""Workers that may be woken, now or later, for each errand that waited.

Waking for nothing costs less than a turn of the loop, in which all that is in line would wait.
"""


class Worker:
    """One task, which does one errand at a time.

    Attributes:
        task: what runs it.
        is_coming: whether it will look at the line without being called.
    """

    __slots__ = ("_alarm", "_left", "_pool", "is_coming", "task")

    def __init__(self, pool: Workers) -> None:
        self._pool = pool
        self._alarm: asyncio.Future[None] | None = None
        self._left = ERRANDS_PER_TURN
        self.is_coming: bool = False
        # Not by the loop's factory of tasks: an eager one would run handlers inside this call.
        self.task: asyncio.Task[None] = asyncio.Task(
            self._run(), loop=pool.loop, context=pool.context
        )
        self.task.add_done_callback(self._ended)

    def wake(self) -> None:
        """Have it look at the line, in the next turn of the loop."""
        assert self._alarm is not None, "only a parked worker is woken"
        self._alarm.set_result(None)

    async def _run(self) -> None:
        pool, task = self._pool, self.task
        # What is left in the line shall not run in a task that counts a cancellation.
        while not task.cancelling():
            if not pool.line:
                if not pool.park(self):
                    return
                # Parked already, but not woken before it waits: nothing is awaited in between.
                self._alarm = pool.loop.create_future()
                await self._alarm
                self._left = ERRANDS_PER_TURN
            elif not self._left:
                # Work that ends without waiting would keep the loop to itself.
                self._left = ERRANDS_PER_TURN
                await asyncio.sleep(0)
            else:
                self._left -= 1
                errand = pool.line.popleft()
                errand.task = task
                if errand.is_unwanted:
                    # It begins, and its first wait raises, as if it were cancelled while it ran.
                    task.cancel()
                if errand.begin():
                    await self._stay(errand)
                elif pool.demand:
                    pool.demand -= 1
                errand.task = None

    async def _stay(self, errand: Errand) -> None:
        """Do the rest of an errand that waits for something, while others see to the line."""
        self._pool.demand = min(self._pool.demand + WAKES_PER_WAIT, PARKED_MAX)
        self._pool.leave(self)
        await errand
        self._pool.come(self)
        self._left = ERRANDS_PER_TURN

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Leave the line to others: it was cancelled, is not needed, or an errand failed."""
        self._pool.forget(self)


class Workers:
    """The workers of one server or client, and the line of errands that nobody has begun.

    Attributes:
        loop: the one that they run on.
        context: the one of their tasks, in which no errand runs.
        line: errands that nobody has begun, in order.
        demand: how many workers are woken ahead, besides the first; it rises when errands wait and
            falls when they end at once.
    """

    __slots__ = ("_coming", "_is_closed", "_parked", "context", "demand", "line", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        # Not a copy of what is current where a worker is needed: tasks outlive that.
        self.context: Context = copy_context()
        self.line: deque[Errand] = deque()
        # Until they are known, as if all had waited.
        self.demand: int = PARKED_MAX
        self._parked: list[Worker] = []
        # How many workers will look at the line without being called.
        self._coming = 0
        self._is_closed = False

    def run(
        self, work: Work, context: Context, on_step: Callable[[bool], object] | None = None
    ) -> Errand:
        """Run ``work`` in a task and in ``context``; it handles its own errors.

        Nothing runs inside this call. Work begins in the order of the calls, and ``on_step`` hears
        when it did: whether it waits for something now.
        """
        errand = Errand(work, context, on_step)
        self.line.append(errand)
        if self._needs_more():
            self._call()
        return errand

    def park(self, worker: Worker) -> bool:
        """Keep ``worker`` for later; False if there are enough, or none is needed any more."""
        if self._is_closed or len(self._parked) >= PARKED_MAX:
            return False
        worker.is_coming = False
        self._coming -= 1
        self._parked.append(worker)
        return True

    def leave(self, worker: Worker) -> None:
        """Have others see to the line, since ``worker`` has to wait."""
        worker.is_coming = False
        self._coming -= 1
        while self._needs_more():
            self._call()

    def come(self, worker: Worker) -> None:
        """Note that ``worker`` looks at the line again."""
        worker.is_coming = True
        self._coming += 1

    def forget(self, worker: Worker) -> None:
        """Drop a worker whose task has ended."""
        if worker.is_coming:
            self.leave(worker)
        elif worker in self._parked:
            self._parked.remove(worker)

    def close(self) -> None:
        """End the parked tasks; those that have an errand end behind it."""
        self._is_closed = True
        parked, self._parked = self._parked, []
        for worker in parked:
            worker.task.cancel()

    def _needs_more(self) -> bool:
        # One at least, and never more than could find something to do.
        return self._coming <= self.demand and self._coming < len(self.line)

    def _call(self) -> None:
        """Have one more worker look at the line, in the next turn of the loop."""
        while self._parked:
            worker = self._parked.pop()
            # One that was just cancelled is here until its task has ended.
            if not worker.task.cancelling():
                self.come(worker)
                worker.wake()
                return
        self.come(Worker(self))


def is_cancelling() -> bool:
    """Whether the running task itself is being cancelled, not just what it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
