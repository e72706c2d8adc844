"""Worlds as Hypothesis draws them."""

from __future__ import annotations

from typing import Final, Unpack

from hypothesis import Phase
from hypothesis import strategies as st

from ._choices import ReplayedChoices
from ._drawn import DrawnChoices
from ._faults import Faults
from ._options import OPTIONS
from ._speech import Speech
from ._world import World, WorldOptions

PHASES: Final = tuple(phase for phase in Phase if phase is not Phase.explain)
"""Of a search: what a failure needs to happen is said by its report, in the words of networks."""


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

    # Composite, so that Hypothesis shows the world and not how it was drawn.
    @st.composite
    def begin(draw: st.DrawFn) -> World:
        """Draw a world that takes its choices from the example, or from the replay."""
        source = draw(st.randoms(use_true_random=False))
        token = OPTIONS.replay
        choices = DrawnChoices(source) if token is None else ReplayedChoices(token)
        return World(chosen, choices, **options)

    return begin()
