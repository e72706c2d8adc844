"""Worlds as Hypothesis draws them."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from ._drawn import DrawnChoices
from ._faults import Faults
from ._world import World


def worlds(faults: Faults | None = None, **options: Any) -> st.SearchStrategy[World]:
    """Return universes whose schedule Hypothesis draws and shrinks.

    A failure shrinks to the few deviations from the benign run that it needs.

    Args:
        faults: what may go wrong; ``Faults.tcp()`` by default.
        options: those of ``World``.
    """
    chosen = Faults.tcp() if faults is None else faults

    def begin(source: random.Random) -> World:
        """Return a world that takes its choices from one example."""
        return World(chosen, DrawnChoices(source), **options)

    return st.builds(begin, st.randoms(use_true_random=False))
