"""World: one universe of a test, with its hosts, its network, its time and its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypedDict, TypeVar

from ._agenda import START_S
from ._choices import Choices
from ._failures import LATEST, remember
from ._faults import Faults
from ._host import Host
from ._loop import SimLoop
from ._speech import Speaks, Speech
from ._tasks import told
from ._trace import Trace
from ._verdicts import SimLeak

_T = TypeVar("_T")

STEPS_MAX: Final = 200_000
"""Callbacks after which a world is a livelock; a script of a hundred messages needs thousands."""
GRACE_S: Final = 60.0
"""Seconds that a program has to go away after its end, longer than closing timeouts are."""
UNWINDINGS: Final = 4
"""How often a task is cancelled that will not end, before its coroutine is closed by force."""


class WorldOptions(TypedDict, total=False):
    """The keyword arguments of ``World``, for ``simulate``, ``worlds`` and who passes them on."""

    speaks: Speaks | Speech | None
    grace_s: float
    steps_max: int


class World:
    """One universe: hosts on a simulated network, in virtual time, disturbed by one schedule.

    ``run`` is a whole life: it runs a program, heals the network, waits ``grace_s`` for what is
    left to end, and checks that nothing is.

    Args:
        faults: what may go wrong.
        choices: what does; nothing by default.
        speaks: what the connections speak, so that a failure shows frames: a framing, a wire, a
            contract, or a ``Speech``.
        grace_s: virtual seconds for which tasks, timers and connections may outlive the program.
        steps_max: callbacks after which the run is a livelock.

    Attributes:
        faults: what may go wrong.
        speech: what the connections speak.
        script: what a suite plays, for the line that replays a failure; empty if nothing is
            needed beside the choices, None if there can be no such line.
        loop: the event loop of all hosts.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        choices: Choices | None = None,
        *,
        speaks: Speaks | Speech | None = None,
        grace_s: float = GRACE_S,
        steps_max: int = STEPS_MAX,
    ) -> None:
        self.faults: Faults = Faults() if faults is None else faults
        self.speech: Speech = speaks if isinstance(speaks, Speech) else Speech(speaks)
        self.loop: SimLoop = SimLoop(self.faults, choices, steps_max=steps_max)
        self.loop.logs = False
        self._schedule = self.loop.schedule
        self.script: str | None = ""
        self._grace_s = grace_s
        self._hosts: dict[str, Host] = {}
        self._is_closed = False
        LATEST.world = self

    # What tests look at

    @property
    def now(self) -> float:
        """Virtual seconds since the world began."""
        return self.loop.time() - START_S

    @property
    def trace(self) -> Trace:
        """What happened on the network."""
        return self.loop.trace

    @property
    def deviations(self) -> tuple[str, ...]:
        """What went wrong, in words; empty for the benign run."""
        return self._schedule.deviations

    @property
    def token(self) -> str:
        """All that was chosen, as text for ``ReplayedChoices``."""
        return self._schedule.token

    @property
    def problems(self) -> tuple[str, ...]:
        """The errors that nobody handled so far, one line for each."""
        told = (_told(problem) for problem in self.loop.problems)
        return (*told, *self.loop.tasks.errors)

    # What tests do

    def host(self, name: str) -> Host:
        """Return the host of that name, a new one if there is none."""
        if name not in self._hosts:
            self._hosts[name] = Host(self.loop, self.loop.network.names.add(name))
        return self._hosts[name]

    def partition(self, one: Host | str, other: Host | str) -> None:
        """Let nothing through between two hosts, until ``heal``; connections live on.

        Raises:
            ValueError: there is no host of that name.
        """
        names = _named(one), _named(other)
        for name in names:
            if name not in self.loop.network.names:
                raise ValueError(f"no host {name!r} in this world")
        self.loop.network.part(*names)

    def heal(self) -> None:
        """End partitions and stalls, and let nothing go wrong from now on; hosts stay down."""
        self.loop.network.heal()

    def run(self, main: Coroutine[Any, Any, _T]) -> _T:
        """Run ``main`` to its end, then check that it left nothing; a world runs once.

        Raises:
            SimDeadlock: nothing can ever happen any more.
            SimLivelock: it does not end.
            SimLeak: something is left ``grace_s`` after its end.
        """
        with self:
            return self.step(main)

    def step(self, part: Coroutine[Any, Any, _T]) -> _T:
        """Run ``part`` to its end and nothing more, for tests that go step by step.

        Raises:
            SimDeadlock: nothing can ever happen any more.
            SimLivelock: it does not end.
            RuntimeError: the world has ended.
        """
        if self._is_closed:
            part.close()
            raise RuntimeError("this world has ended: make another one")
        try:
            return self.loop.run_until_complete(part)
        except BaseException as error:
            remember(error, self)
            raise

    def close(self) -> None:
        """Heal the network, wait ``grace_s`` and check that nothing is left.

        Raises:
            SimLeak: something is.
            SimLivelock: it does not end.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self.heal()
            self._wait()
            left = self._left()
            if left:
                raise SimLeak(left)
        except BaseException as error:
            remember(error, self)
            raise
        finally:
            self._unwind()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        # An assertion about a result fails here, and not inside of a program.
        remember(error, self)
        self.abandon()

    def abandon(self) -> None:
        """End everything in it, without a check, as is right for a test that failed already."""
        if not self._is_closed:
            self._is_closed = True
            self._unwind()

    # Details

    def _wait(self) -> None:
        """Let the time pass in which everything has to go away."""
        if self._has_left():
            self.loop.run_until(self.loop.time() + self._grace_s)

    def _has_left(self) -> bool:
        """Whether anything is there that might still go away."""
        return bool(self.loop.tasks.living or self.loop.network.open_ends or self.loop.is_busy)

    def _left(self) -> list[str]:
        """Return all that a program left, in words."""
        loop = self.loop
        return [
            *loop.tasks.waiting,
            *loop.waiting_timers,
            *(f"{end!r} on {end.kernel.host}" for end in loop.network.open_ends),
            *(repr(server) for server in loop.network.servers if server.process.is_alive),
            *self.problems,
        ]

    def _unwind(self) -> None:
        """Let every coroutine end now, so that no ``finally`` of it runs in another test."""
        self._schedule.end()
        # What follows is our doing, and no part of what happened.
        self.trace.end()
        self.loop.revive()
        try:
            self._end_politely()
        finally:
            for task in self.loop.tasks.pending:
                _close(task)
            for end in self.loop.network.open_ends:
                # What was told as a leak is not told again when it is garbage.
                end.vanish()
            self.loop.abandon()

    def _end_politely(self) -> None:
        """Cancel everything and let it end; what never does is closed by force afterwards."""
        with suppress(Exception):
            # First steps are taken before all is cancelled: libraries wrap coroutines in others,
            # and one that never began would be told as "never awaited", in another test.
            if self._has_left() or self.loop.tasks.pending:
                self.loop.run_until_complete(self.loop.settle())
            for _ in range(UNWINDINGS):
                if self._cancel_all():
                    self.loop.run_until(self.loop.time() + self._grace_s)

    def _cancel_all(self) -> bool:
        """Cancel all tasks and end all connections; return whether there were any."""
        tasks, ends = self.loop.tasks.pending, self.loop.network.open_ends
        for task in tasks:
            task.cancel()
        for end in ends:
            # Or TLS would warn of a transport that was not closed, in the middle of another test.
            end.abort()
        return bool(tasks or ends)

    def __repr__(self) -> str:
        # Hypothesis shows it before it runs.
        state = repr(self._schedule) if len(self.trace) else "not run yet"
        return f"<World {state}>"


def _named(host: Host | str) -> str:
    """Return the name of a host."""
    return host if isinstance(host, str) else host.name


def _told(problem: dict[str, Any]) -> str:
    """Return in one line what reached the exception handler of a loop."""
    error = problem.get("exception")
    text = str(problem.get("message", "error"))
    return f"{text}: {told(error)}" if error is not None else text


def _close(task: asyncio.Task[Any]) -> None:
    """Close the coroutine of a task that will not end."""
    # Not public, but it is what silences "Task was destroyed but it is pending!".
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine: Any = task.get_coro()
    for _ in range(UNWINDINGS):
        # Where it awaits something in a `finally`, it is closed the next time. If it never ends,
        # there is nothing more to be done, and it was told as a leak.
        with suppress(BaseException):
            coroutine.close()
            return
