"""Schedule: where a run departs from the benign one, and how.

A simulation asks at each decision point whether something goes wrong there. Drawn is only how many
points pass until the next time, so that between two deviations nothing is drawn: a run of a
thousand deliveries with one cut is a handful of numbers, and a shrinker that removes a group of
them removes a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from ._choices import Choices, Recorder

_K = TypeVar("_K")

MORE: Final = 3
"""A run deviates once more in this many of ``MORE + 1`` cases: three times on average."""
NEAR: Final = 31
"""Decision points until the next deviation, as they are drawn mostly."""
FAR: Final = 8
"""One in so many gaps, roughly, is longer, so that long runs are disturbed in their middle too."""
FAR_POINTS: Final = 255


class Schedule:
    """Says at each decision point what goes wrong there, which is nearly always nothing.

    Attributes:
        points: decision points that have passed.
    """

    def __init__(self, choices: Choices) -> None:
        self._recorder = Recorder(choices)
        self._deviations: list[str] = []
        self.points: int = 0
        self._is_over = False
        self._gap = -1
        self._draw_gap()

    @property
    def deviations(self) -> tuple[str, ...]:
        """What went wrong, in words and in order; empty for the benign run."""
        return tuple(self._deviations)

    @property
    def token(self) -> str:
        """All that was chosen, as text for ``ReplayedChoices``."""
        return self._recorder.token

    def raise_stop(self) -> None:
        """Raise what the source of choices raised, once: the run is not wanted any more."""
        if not self._is_over:
            self._recorder.raise_stop()

    def pick(self, kinds: Sequence[_K]) -> _K | None:
        """Return which of ``kinds`` goes wrong here, mild ones first, or None for nothing.

        Whoever gets one draws what it needs with ``number`` and then calls ``deviate`` or ``skip``.
        """
        if self._gap < 0 or not kinds:
            return None
        self.points += 1
        if self._gap:
            self._gap -= 1
            return None
        return kinds[self._recorder.integer(0, len(kinds) - 1)]

    def number(self, low: int, high: int) -> int:
        """Return a parameter of a deviation; ``low`` is the mildest."""
        return low if low >= high else self._recorder.integer(low, high)

    def deviate(self, text: str) -> None:
        """Write down what went wrong."""
        self._deviations.append(text)
        self._draw_gap()

    def skip(self) -> None:
        """Let nothing go wrong here after all."""
        self._draw_gap()

    def end(self) -> None:
        """Let nothing go wrong any more."""
        self._gap = -1

    def finish(self) -> None:
        """Let what is left of the run end by itself, wanted or not."""
        self.end()
        self._is_over = True

    def __repr__(self) -> str:
        if not self._deviations:
            return "benign"
        return "benign except " + "; ".join(self._deviations)

    def _draw_gap(self) -> None:
        """Draw how many points pass until the next deviation, or that there is none."""
        if not self._recorder.integer(0, MORE):
            self._gap = -1
            return
        self._gap = self._recorder.integer(0, NEAR + NEAR // FAR)
        if self._gap > NEAR:
            self._gap = NEAR + self._recorder.integer(0, FAR_POINTS)
