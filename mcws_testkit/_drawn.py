"""DrawnChoices: choices that Hypothesis makes, remembers and shrinks."""

from __future__ import annotations

import random


class DrawnChoices:
    """The choices of one example, by the source of randomness that Hypothesis gives it.

    Args:
        source: from ``hypothesis.strategies.randoms(use_true_random=False)``.
    """

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def integer(self, low: int, high: int) -> int:
        """Return a number; Hypothesis shrinks towards ``low``."""
        return self._source.randint(low, high)
