"""Workers: parked tasks that run what handlers leave to await.

A task for every message would cost more than most handlers. A worker is lent to one client while
that has something to await and is parked afterwards. A task that was ever cancelled is not used
again, since ``asyncio.timeout`` and ``TaskGroup`` count cancellations per task.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any, Final

PARKED_MAX: Final = 256
"""Parked tasks that are kept for a burst; about 3 KiB each."""

Work = Coroutine[Any, Any, None]


class InContext:
    """Runs a coroutine in a context of its own inside a task that has another one."""

    __slots__ = ("_context", "_work")

    def __init__(self, work: Work, context: Context) -> None:
        self._work = work
        self._context = context

    def __await__(self) -> Generator[Any, Any, None]:
        # A task has one context for life, so each step of the work enters the work's own.
        work, run = self._work, self._context.run
        thrown: BaseException | None = None
        try:
            while True:
                # Not inside of `except`: what the work raises next would seem to come of it.
                awaited = run(work.send, None) if thrown is None else run(work.throw, thrown)
                thrown = None
                try:
                    yield awaited
                except GeneratorExit:
                    # The task is being destroyed, and so is the work, in its own context.
                    run(work.close)
                    raise
                except BaseException as error:
                    thrown = error
        except StopIteration:
            return


class Worker:
    """One task, lent to one piece of work at a time.

    Attributes:
        task: what runs it.
        work: what it does now; None while it is parked.
    """

    __slots__ = ("_alarm", "_context", "_has_begun", "_is_unwanted", "_pool", "task", "work")

    def __init__(self, pool: Workers, work: Work, context: Context) -> None:
        self._pool = pool
        self._context = context
        self._alarm: asyncio.Future[None] | None = None
        self._has_begun = False
        self._is_unwanted = False
        self.work: Work | None = work
        # Not by the loop's factory of tasks: an eager one would run handlers inside this call.
        self.task: asyncio.Task[None] = asyncio.Task(self._run(), loop=pool.loop)
        self.task.add_done_callback(self._ended)

    def cancel(self, work: Work) -> None:
        """Cancel ``work``, if it is still what this worker does."""
        if self.work is not work:
            return
        if self._has_begun:
            self.task.cancel()
        else:
            # A task that is cancelled before its first step never takes it, and `finally` is lost.
            self._is_unwanted = True

    def lend(self, work: Work, context: Context) -> None:
        """Give a parked worker something to do."""
        self.work = work
        self._context = context
        self._has_begun = False
        # `_is_unwanted` is False: who was unwanted was cancelled, and is not parked.
        assert self._alarm is not None, "only a parked worker is lent"
        self._alarm.set_result(None)

    async def _run(self) -> None:
        while True:
            assert self.work is not None, "a worker runs when it is lent"
            self._has_begun = True
            # The work begins, and its first wait raises, as if it were cancelled while it ran.
            if self._is_unwanted:
                self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await InContext(self.work, self._context)
            self.work = None
            if self.task.cancelling() or not self._pool.park(self):
                return
            # Parked already, but nobody can lend it before it waits: nothing is awaited in between.
            self._alarm = self._pool.loop.create_future()
            await self._alarm

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Hand on what this worker was lent for, if it was cancelled before it began."""
        self._pool.forget(self)
        work, self.work = self.work, None
        # Somebody else cancelled the task before its first step: `asyncio.run` at its end, say.
        if work is not None and not self._has_begun:
            self._pool.run(work, self._context)


class Workers:
    """The workers of one server or client, parked and lent."""

    __slots__ = ("_is_closed", "_parked", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        self._parked: list[Worker] = []
        self._is_closed = False

    def run(self, work: Work, context: Context) -> Worker:
        """Run ``work`` in a task of its own, in ``context``; it handles its own errors."""
        while self._parked:
            worker = self._parked.pop()
            # One that was just cancelled is here until its task has ended.
            if not worker.task.cancelling():
                worker.lend(work, context)
                return worker
        return Worker(self, work, context)

    def park(self, worker: Worker) -> bool:
        """Keep ``worker`` for later; False if there are enough, or none is needed any more."""
        if self._is_closed or len(self._parked) >= PARKED_MAX:
            return False
        self._parked.append(worker)
        return True

    def forget(self, worker: Worker) -> None:
        """Drop a worker whose task has ended."""
        if worker in self._parked:
            self._parked.remove(worker)

    def close(self) -> None:
        """End the parked tasks; those that are lent end with their work."""
        self._is_closed = True
        parked, self._parked = self._parked, []
        for worker in parked:
            worker.task.cancel()


def is_cancelling() -> bool:
    """Whether the running task itself is being cancelled, not just what it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
