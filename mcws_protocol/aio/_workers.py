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
        work, run = self._work, self._context.run
        try:
            awaited = run(work.send, None)
            while True:
                try:
                    value = yield awaited
                except GeneratorExit:
                    run(work.close)
                    raise
                except BaseException as error:
                    awaited = run(work.throw, error)
                else:
                    awaited = run(work.send, value)
        except StopIteration:
            return


class Worker:
    """One task, lent to one piece of work at a time."""

    __slots__ = ("_alarm", "_context", "_pool", "task", "work")

    def __init__(self, pool: Workers, work: Work, context: Context) -> None:
        self._pool = pool
        self._context = context
        self._alarm: asyncio.Future[None] | None = None
        self.work: Work | None = work
        self.task = pool.loop.create_task(self._run())

    def cancel(self, work: Work) -> None:
        """Cancel ``work``, if it is still what this worker does."""
        if self.work is work:
            self.task.cancel()

    def lend(self, work: Work, context: Context) -> None:
        """Give a parked worker something to do."""
        self.work = work
        self._context = context
        assert self._alarm is not None, "only a parked worker is lent"
        self._alarm.set_result(None)

    async def _run(self) -> None:
        while self.work is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await InContext(self.work, self._context)
            self.work = None
            if self.task.cancelling() or not self._pool.park(self):
                return
            self._alarm = self._pool.loop.create_future()
            try:
                await self._alarm
            except asyncio.CancelledError:
                self._pool.forget(self, self.work, self._context)
                raise


class Workers:
    """The workers of one server or client, parked and lent."""

    __slots__ = ("_parked", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._parked: list[Worker] = []

    def run(self, work: Work, context: Context) -> Worker:
        """Run ``work`` in a task of its own, in ``context``; it handles its own errors."""
        if not self._parked:
            return Worker(self, work, context)
        worker = self._parked.pop()
        worker.lend(work, context)
        return worker

    def park(self, worker: Worker) -> bool:
        """Keep ``worker`` for later; False if there are enough."""
        if len(self._parked) >= PARKED_MAX:
            return False
        self._parked.append(worker)
        return True

    def forget(self, worker: Worker, work: Work | None, context: Context) -> None:
        """Drop a parked worker that was cancelled; what it was just lent for goes elsewhere."""
        if work is not None:
            self.run(work, context)
        elif worker in self._parked:
            self._parked.remove(worker)

    def close(self) -> None:
        """End the parked tasks; those that are lent end with their work."""
        parked, self._parked = self._parked, []
        for worker in parked:
            worker.task.cancel()
