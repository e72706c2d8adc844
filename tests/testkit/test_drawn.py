"""Choices that Hypothesis draws."""

from __future__ import annotations

import random

from hypothesis import find
from hypothesis import strategies as st

from mcws_testkit._drawn import DrawnChoices


def test_drawn_choices_keep_to_their_bounds() -> None:
    """Any source of randomness will do."""
    choices = DrawnChoices(random.Random(1))
    assert {choices.integer(2, 4) for _ in range(100)} == {2, 3, 4}


def test_drawn_choices_shrink_to_the_benign_one() -> None:
    """Hypothesis makes each choice as low as a failure allows."""

    def choose(source: random.Random) -> list[int]:
        """Make three choices."""
        return [DrawnChoices(source).integer(5, 90) for _ in range(3)]

    made = st.randoms(use_true_random=False).map(choose)
    found = find(made, lambda numbers: numbers[1] >= 20)
    assert found == [5, 20, 5]
