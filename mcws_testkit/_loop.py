"""SimLoop: an event loop with virtual time and a simulated network.

Callbacks run in the order in which they were scheduled, as asyncio promises; only the order, size
and time of I/O are explored. So whatever goes wrong here can go wrong on a real loop.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import weakref
from asyncio import events, futures
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from ._agenda import START_S, Agenda
from ._calls import NetworkCalls
from ._chance import Chance
from ._choices import BenignChoices, Choices
from ._faults import Faults
from ._network import Network
from ._schedule import Schedule
from ._tasks import Tasks
from ._trace import Trace
from ._verdicts import SimDeadlock, SimEscape, SimLivelock

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

LOG: Final = logging.getLogger("asyncio")
"""Where all loops of asyncio tell what nobody handled."""
STEPS_MAX: Final = 10_000_000
"""Callbacks after which a run will never end: some ten seconds of work."""


class SimLoop(NetworkCalls):
    """An ``asyncio.AbstractEventLoop`` on which unmodified asyncio code runs, with no real I/O.

    Time jumps to the next timer when nothing else can happen. The network is in memory: servers
    and connections of asyncio, its streams and TLS work; what cannot be simulated raises
    ``SimEscape``. Use it through ``World``, or alone as the loop factory of ``asyncio.Runner``.

    Args:
        faults: what may go wrong; nothing by default.
        choices: what does; nothing by default.
        steps_max: callbacks after which the run is a livelock.

    Attributes:
        schedule: what went wrong, so far.
        trace: what happened on the network.
        network: the hosts and the connections.
        tasks: those that run here.
        logs: whether it logs what nobody handled, as other loops do; a world tells it instead.
        problems: what reached the exception handler of the loop, as asyncio gives it.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        choices: Choices | None = None,
        *,
        steps_max: int = STEPS_MAX,
    ) -> None:
        faults = Faults() if faults is None else faults
        self.schedule: Schedule = Schedule(BenignChoices() if choices is None else choices)
        self.trace: Trace = Trace()
        self.problems: list[dict[str, Any]] = []
        self._agenda = Agenda(self, self.schedule, steps_max=steps_max)
        self._agenda.reorders = faults.order
        self.network: Network = Network(self, self._agenda, faults, self.trace)
        self._chance = Chance()
        self.tasks: Tasks = Tasks(self)
        # As keys, which keep their order; that of a set follows the addresses.
        self._generators: weakref.WeakKeyDictionary[AsyncGenerator[Any, Any], None] = (
            weakref.WeakKeyDictionary()
        )
        self._thread: int | None = None
        self._is_stopping = False
        self._is_closed = False
        self._is_abandoned = False
        self._is_debug = False
        self.logs: bool = True
        self._exception_handler: Any = None

    # Time and callbacks

    def time(self) -> float:
        """Return the virtual time in seconds; it begins at 1000."""
        return self._agenda.now

    def block(self, seconds: float) -> None:
        """Let time pass as code does that never awaits."""
        self._agenda.now += seconds

    async def settle(self) -> None:
        """Wait until nothing can happen any more without time passing."""
        waiter = self.create_future()
        self._agenda.settler(waiter)
        await waiter

    def call_soon(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> events.Handle:
        """Run ``callback`` in the next turn, in order."""
        self._check_open()
        return self._agenda.soon(callback, *args, context=context)

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> events.Handle:
        """Run ``callback`` in the next turn.

        Raises:
            SimEscape: another thread calls.
        """
        if self._thread not in (None, threading.get_ident()):
            raise SimEscape("call_soon_threadsafe from another thread", "use asyncio.to_thread")
        self._check_open()
        return self._agenda.soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> events.TimerHandle:
        """Run ``callback`` in ``delay`` seconds."""
        self._check_open()
        return self._agenda.at(self._agenda.now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> events.TimerHandle:
        """Run ``callback`` at a time of this loop."""
        self._check_open()
        return self._agenda.at(when, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: events.TimerHandle) -> None:
        """Do nothing: a cancelled timer is left out when it is due."""

    # Tasks

    def create_future(self) -> asyncio.Future[Any]:
        """Return a new future of this loop."""
        return self.tasks.future()

    def create_task(
        self,
        coro: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[_T]:
        """Run a coroutine as a task."""
        self._check_open()
        return self.tasks.task(coro, name, context, options)

    def set_task_factory(self, factory: Any) -> None:
        """Let ``factory`` make tasks; None for the usual ones."""
        if factory is not None and not callable(factory):
            raise TypeError("task factory must be a callable or None")
        self.tasks.factory = factory

    def get_task_factory(self) -> Any:
        """Return what makes tasks; None for the usual ones."""
        return self.tasks.factory

    @property
    def waiting_timers(self) -> tuple[str, ...]:
        """The timers that are not due yet, one line for each."""
        now = self._agenda.now
        return tuple(
            f"timer in {when - now:g} s: {handle!r}" for when, handle in self._agenda.timers()
        )

    @property
    def is_busy(self) -> bool:
        """Whether anything is still to happen."""
        return self._agenda.is_busy

    # Running

    def run_forever(self) -> None:
        """Run until ``stop``.

        Raises:
            SimDeadlock: nothing can ever happen any more.
            SimLivelock: it does not end.
        """
        with self._running():
            try:
                self._turn()
                while not self._is_stopping:
                    self._turn()
            finally:
                self._is_stopping = False

    def run_until_complete(self, future: Generator[Any, None, _T] | Awaitable[_T]) -> _T:
        """Run until ``future`` is done; return its result.

        Raises:
            SimDeadlock: nothing can ever happen any more.
            SimLivelock: it does not end.
        """
        self._check_open()
        is_own = not futures.isfuture(future)
        awaited: Any = future
        task: asyncio.Future[_T] = asyncio.ensure_future(awaited, loop=self)
        task.add_done_callback(self._stop_for)
        try:
            self.run_forever()
        except BaseException:
            if is_own and task.done() and not task.cancelled():
                # Its error is told by the one that is on its way.
                task.exception()
            raise
        finally:
            task.remove_done_callback(self._stop_for)
        if not task.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return task.result()

    def _stop_for(self, task: asyncio.Future[Any]) -> None:
        """Stop for what was waited for; its ``KeyboardInterrupt`` has stopped the loop already."""
        if task.cancelled() or not isinstance(task.exception(), SystemExit | KeyboardInterrupt):
            self.stop()

    def run_until(self, when: float) -> None:
        """Run until a time of this loop, or until nothing is left to do."""
        with self._running():
            self.call_at(when, lambda: None)
            while self._agenda.now < when:
                self._turn()

    @contextmanager
    def _running(self) -> Generator[None]:
        """Be the loop that runs in this thread."""
        self._check_open()
        if self._thread is not None:
            raise RuntimeError("This event loop is already running")
        if events._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        self._thread = threading.get_ident()
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._begin, self._finalize)
        events._set_running_loop(self)
        try:
            with self._chance.govern():
                yield
        finally:
            self._thread = None
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def _turn(self) -> None:
        """Let the next things happen.

        Raises:
            SimDeadlock: there are none.
            SimLivelock: there were too many.
        """
        agenda = self._agenda
        try:
            if agenda.turn():
                return
        except SimLivelock as verdict:
            raise SimLivelock(verdict.time_s, verdict.steps, self.tasks.waiting) from None
        raise SimDeadlock(self._agenda.now - START_S, self.tasks.waiting)

    def stop(self) -> None:
        """Let ``run_forever`` end."""
        self._is_stopping = True

    def is_running(self) -> bool:
        """Whether it runs."""
        return self._thread is not None

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._is_closed

    def close(self) -> None:
        """Forget all that was to happen."""
        if self._thread is not None:
            raise RuntimeError("Cannot close a running event loop")
        self._is_closed = True
        self._agenda.clear()

    def revive(self) -> None:
        """Let the tasks of processes that are dead be cancelled like all others."""
        self._agenda.revive()

    def abandon(self) -> None:
        """Close, and take without a word what garbage still asks for when it is collected.

        A generator whose reader was closed by force is one such thing: it ends in another test,
        and an error of it would be told there.
        """
        # First, since to forget what was to happen makes garbage.
        self._is_abandoned = True
        self.close()

    def _check_open(self) -> None:
        """Check that the loop was not closed.

        Raises:
            RuntimeError: it was.
        """
        if self._is_closed and not self._is_abandoned:
            raise RuntimeError("Event loop is closed")

    # Async generators

    def _begin(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Know a generator that somebody iterates."""
        self._generators[generator] = None

    def _finalize(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Close a generator that nobody iterates any more."""
        self._generators.pop(generator, None)
        if not self._is_closed:
            self.call_soon(self.create_task, generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close the generators that are left."""
        left = list(self._generators)
        self._generators.clear()
        await asyncio.gather(*(one.aclose() for one in left), return_exceptions=True)

    # Errors and debugging

    def get_debug(self) -> bool:
        """Return whether asyncio checks more."""
        return self._is_debug

    def set_debug(self, enabled: bool) -> None:
        """Let asyncio check more."""
        self._is_debug = enabled

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Write down what nobody handled, and log it as asyncio does unless a world tells it."""
        self.problems.append(context)
        if self.logs:
            error: BaseException | None = context.get("exception")
            text = context.get("message", "unhandled error")
            LOG.error("%s", text, exc_info=error)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Give what nobody handled to the handler of the program, or write it down."""
        if self._exception_handler is None:
            self.default_exception_handler(context)
            return
        try:
            self._exception_handler(self, context)
        except Exception as error:
            self.default_exception_handler(
                {"message": "the exception handler of the loop failed", "exception": error}
            )

    def set_exception_handler(self, handler: Any) -> None:
        """Let ``handler(loop, context)`` have what nobody handled."""
        self._exception_handler = handler

    def get_exception_handler(self) -> Any:
        """Return who gets what nobody handled."""
        return self._exception_handler
