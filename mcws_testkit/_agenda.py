"""Agenda: what happens next on a simulated loop, and what time it is."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from asyncio import events
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import Any, Final

from ._process import current_process
from ._schedule import Schedule
from ._verdicts import SimLivelock

START_S: Final = 1000.0
"""The time at which a loop begins. Not 0, which would hide ``if deadline:`` and the like."""


class SimHandle(events.Handle):
    """A handle that is made without asking the loop whether it debugs, as each one does."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        # All that its parent has: the names are as old as contexts are.
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class Agenda:
    """Callbacks that are ready, I/O that is, and timers that are not due yet.

    Callbacks run in the order in which they were scheduled. I/O becomes ready between two turns of
    the loop, as with a selector, and its order is the only one that the schedule changes.

    Attributes:
        now: the virtual time in seconds.
        steps: callbacks that ran.
        reorders: whether I/O that is ready at once may be handled in any order.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, schedule: Schedule, *, steps_max: int
    ) -> None:
        self._loop = loop
        self.schedule = schedule
        self.steps_max = steps_max
        self.now: float = START_S
        self.steps: int = 0
        self.reorders = False
        self._ready: deque[events.Handle] = deque()
        self._io: list[events.Handle] = []
        self._timers: list[tuple[float, int, events.TimerHandle]] = []
        self._numbers = itertools.count()
        self._settlers: list[asyncio.Future[None]] = []
        # Once a process died, its callbacks are left out; nothing is looked up before.
        self.has_dead: bool = False
        # Kept until the end, since a callback may be the last one that knows a task: a coroutine
        # that is dropped before it began is told as one that was forgotten.
        self._buried: list[events.Handle] = []

    def soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.Handle:
        """Run ``callback`` behind all that is ready."""
        handle = SimHandle(callback, args, self._loop, context)
        self._ready.append(handle)
        return handle

    def at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> events.TimerHandle:
        """Run ``callback`` at a time."""
        handle = events.TimerHandle(when, callback, args, self._loop, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def io(self, callback: Callable[..., object], context: Context | None = None) -> None:
        """Run ``callback`` in the next turn, as what a selector reports does."""
        self._io.append(SimHandle(callback, (), self._loop, context))

    def settler(self, waiter: asyncio.Future[None]) -> None:
        """Let ``waiter`` have its result once nothing can happen without time passing."""
        self._settlers.append(waiter)

    def turn(self) -> bool:
        """Run what is ready; without any, let time pass. Return whether anything was left to do.

        Raises:
            SimLivelock: more than ``steps_max`` callbacks ran.
        """
        if self._io:
            self._select()
        if self._timers:
            self._expire()
        ready = self._ready
        if not ready and not self._pass_time():
            return False
        for _ in range(len(ready)):
            handle = ready.popleft()
            # Both names are asyncio's, unchanged since 3.4; its own loop reads them too.
            if handle._cancelled:
                continue
            if self.has_dead and is_dead(handle):
                self._buried.append(handle)
                continue
            self.steps += 1
            handle._run()
        if self.steps > self.steps_max:
            raise SimLivelock(self.now - START_S, self.steps, ())
        return True

    def due_within(self, seconds: float) -> list[float]:
        """Return the distinct times of the timers due after now and within ``seconds``, sorted."""
        last = self.now + seconds
        return sorted({when for when, _ in self.timers() if self.now < when <= last})

    def timers(self) -> Iterator[tuple[float, events.TimerHandle]]:
        """Yield each timer of a living process that was not cancelled, with its time."""
        for when, _, handle in self._timers:
            is_gone = handle.cancelled() or (self.has_dead and is_dead(handle))
            if when < math.inf and not is_gone:
                yield when, handle

    def revive(self) -> None:
        """Let the callbacks of dead processes run after all, so that their coroutines can end."""
        self.has_dead = False
        self._ready.extend(self._buried)
        self._buried.clear()

    @property
    def is_busy(self) -> bool:
        """Whether anything is still to happen."""
        return bool(self._ready or self._io) or any(True for _ in self.timers())

    def clear(self) -> None:
        """Forget everything."""
        self._ready.clear()
        self._io.clear()
        self._timers.clear()
        self._buried.clear()

    def _select(self) -> None:
        """Take over the I/O that is ready."""
        ready, self._io = self._io, []
        if len(ready) > 1 and self.reorders and self.schedule.pick(("order",)) is not None:
            first = self.schedule.number(1, len(ready) - 1)
            ready = ready[first:] + ready[:first]
            self.schedule.deviate(f"{first} of {len(ready)} I/O events handled last")
        self._ready.extend(ready)

    def _pass_time(self) -> bool:
        """Settle who waits for that, or let the time of the next timer come."""
        if self._settlers:
            waiters, self._settlers = self._settlers, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
            return True
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        # A timer that never comes, as of `sleep(math.inf)`, is nothing that can happen.
        if not timers or timers[0][0] == math.inf:
            return False
        self.now = timers[0][0]
        self._expire()
        return True

    def _expire(self) -> None:
        """Make the timers ready that are due."""
        timers = self._timers
        while timers and timers[0][0] <= self.now:
            self._ready.append(heapq.heappop(timers)[2])


def is_dead(handle: events.Handle) -> bool:
    """Whether a callback belongs to a process that was killed."""
    # A handle keeps its context under this name in all versions; there is no public one.
    context: Context = handle._context  # type: ignore[attr-defined]
    process = context.get(current_process)
    return process is not None and not process.is_alive
