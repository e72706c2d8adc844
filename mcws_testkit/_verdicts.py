"""Verdicts: what a simulation says when a program does not behave.

SimError (AssertionError)   the program under test is wrong
 +- SimDeadlock             nothing can ever happen any more
 +- SimLivelock             something always happens, and time stands still
 +- SimLeak                 the program ended and left something behind
SimEscape (RuntimeError)    the program asked for what a simulation does not have
"""

from __future__ import annotations

from collections.abc import Sequence


class SimError(AssertionError):
    """A program under test does not behave; the text says who waits where."""


class SimDeadlock(SimError):
    """Nothing can ever happen any more: no callback, no timer, no byte under way.

    Attributes:
        time_s: the virtual time in seconds.
        waiting: each task that waits, with the line where it does.
    """

    def __init__(self, time_s: float, waiting: Sequence[str]) -> None:
        self.time_s = time_s
        self.waiting: tuple[str, ...] = tuple(waiting)
        super().__init__(_listed(f"deadlock at {time_s:g} s: nothing can ever happen", waiting))


class SimLivelock(SimError):
    """So much happened that it will never end.

    Attributes:
        time_s: the virtual time in seconds.
        steps: callbacks that ran.
        waiting: each task that has not ended, with the line where it waits.
    """

    def __init__(self, time_s: float, steps: int, waiting: Sequence[str]) -> None:
        self.time_s = time_s
        self.steps = steps
        self.waiting: tuple[str, ...] = tuple(waiting)
        text = f"livelock at {time_s:g} s: {steps} callbacks ran, more than `steps_max`"
        super().__init__(_listed(text, waiting))


class SimLeak(SimError):
    """The program ended and left something behind: tasks, timers, connections, errors.

    Attributes:
        left: each thing that was left, in words.
    """

    def __init__(self, left: Sequence[str]) -> None:
        self.left: tuple[str, ...] = tuple(left)
        super().__init__(_listed("the program ended and left something behind", left))


class SimEscape(RuntimeError):
    """The program asked for what a simulation does not have: processes, signals, datagrams, ...

    Attributes:
        call: what was called.
        hint: what works instead; empty if nothing does.
    """

    def __init__(self, call: str, hint: str = "") -> None:
        self.call = call
        self.hint = hint
        super().__init__(f"{call} is not simulated" + (f": {hint}" if hint else ""))


def _listed(text: str, rows: Sequence[str]) -> str:
    """Return ``text`` with one row below it for each of ``rows``."""
    return "\n  ".join([text, *rows])
