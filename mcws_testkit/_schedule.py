"""Schedule: where a run departs from the benign one, and how.

A simulation asks at each decision point whether something goes wrong there. The schedule is drawn
before the run begins, as a list of points at which something does. So a run of a thousand
deliveries with one cut is a handful of numbers, and a shrinker that takes an entry out of the list
takes a fault away and leaves all others where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ._choices import Choices, Recorder

_K = TypeVar("_K")

MORE: Final = 3
"""A run deviates once more in this many of ``MORE + 1`` cases: three times on average."""
DEVIATIONS_MAX: Final = 32
"""Deviations of one run; a source of choices that always wants more has to end somewhere."""
NEAR: Final = 8
"""Decision points at which most deviations are: a short dialogue has no more."""
FAR: Final = ((2, NEAR, 24), (2, NEAR + 24, 256))
"""How many more of the drawn numbers stand for points behind them: from which one, how many."""
KINDS: Final = 1 << 8
"""What a kind is drawn from, since how many there are is known only where it is needed."""
VALUES: Final = 1 << 16
"""The same for a parameter: a window of bytes, the largest that is asked for."""
PARAMETERS: Final = 2
"""Parameters of a deviation, at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One planned deviation.

    Attributes:
        kind: which of the kinds that are possible at its point, counted around.
        values: its parameters, each counted around what is possible.
    """

    kind: int
    values: tuple[int, ...]


class Schedule:
    """Says at each decision point what goes wrong there, which is nearly always nothing.

    Attributes:
        points: decision points that have passed.
    """

    def __init__(self, choices: Choices) -> None:
        recorder = Recorder(choices)
        self._plans = dict(_drawn(recorder))
        self._token = recorder.token
        self._values: Iterator[int] = iter(())
        self._deviations: list[str] = []
        self.points: int = 0

    @property
    def deviations(self) -> tuple[str, ...]:
        """What went wrong, in words and in order; empty for the benign run."""
        return tuple(self._deviations)

    @property
    def token(self) -> str:
        """All that was chosen, as text for ``ReplayedChoices``."""
        return self._token

    def pick(self, kinds: Sequence[_K]) -> _K | None:
        """Return which of ``kinds`` goes wrong here, mild ones first, or None for nothing.

        Whoever gets one asks for what it needs with ``number``, and then calls ``deviate`` if it
        goes wrong indeed.
        """
        if not kinds:
            return None
        plan = self._plans.get(self.points)
        self.points += 1
        if plan is None:
            return None
        self._values = iter(plan.values)
        return kinds[plan.kind % len(kinds)]

    def number(self, low: int, high: int) -> int:
        """Return a parameter of a deviation; ``low`` is the mildest."""
        return low + next(self._values, 0) % (high - low + 1)

    def deviate(self, text: str) -> None:
        """Write down what went wrong."""
        self._deviations.append(text)

    def end(self) -> None:
        """Let nothing go wrong any more."""
        self._plans = {}

    def __repr__(self) -> str:
        if not self._deviations:
            return "benign"
        return "benign except " + "; ".join(self._deviations)


def _drawn(choices: Choices) -> Iterator[tuple[int, Plan]]:
    """Draw the plans of a run, each with the number of its point."""
    for _ in range(DEVIATIONS_MAX):
        if not choices.integer(0, MORE):
            return
        point = _drawn_point(choices)
        kind = choices.integer(0, KINDS - 1)
        yield point, Plan(kind, tuple(choices.integer(0, VALUES - 1) for _ in range(PARAMETERS)))


def _drawn_point(choices: Choices) -> int:
    """Draw the number of a decision point, small ones mostly."""
    drawn = choices.integer(0, NEAR - 1 + sum(count for count, _, _ in FAR))
    end = NEAR
    for count, start, points in FAR:
        if end <= drawn < end + count:
            return start + choices.integer(0, points - 1)
        end += count
    return drawn
