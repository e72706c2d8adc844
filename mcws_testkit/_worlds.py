"""Worlds as Hypothesis draws them."""

from __future__ import annotations

import random
from typing import Unpack

from hypothesis import strategies as st

from ._choices import ReplayedChoices
from ._drawn import DrawnChoices
from ._faults import Faults
from ._options import OPTIONS
from ._speech import Speech
from ._world import World, WorldOptions


def worlds(
    faults: Faults | None = None, **options: Unpack[WorldOptions]
) -> st.SearchStrategy[World]:
    """Return universes whose schedule Hypothesis draws and shrinks.

    A failure shrinks to the few deviations from the benign run that it needs. With the option
    ``--mcws-replay`` of pytest every world is the one that is to be replayed.

    Args:
        faults: what may go wrong; ``Faults.tcp()`` by default.
        options: those of ``World``: ``speaks``, ``grace_s``, ``steps_max``.
    """
    chosen = Faults.tcp() if faults is None else faults
    # Once, and not for each world.
    speaks = options.get("speaks")
    options["speaks"] = speaks if isinstance(speaks, Speech) else Speech(speaks)

    def begin(source: random.Random) -> World:
        """Return a world that takes its choices from one example, or from the replay."""
        token = OPTIONS.replay
        choices = DrawnChoices(source) if token is None else ReplayedChoices(token)
        return World(chosen, choices, **options)

    return st.randoms(use_true_random=False).map(begin)
