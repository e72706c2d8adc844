"""Failures: which world an error is from, so that its report is written for the last one only.

Hypothesis runs a failing test hundreds of times while it shrinks, and shows one of them. So an
error only remembers its world; the report is made where the error is shown.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from ._notes import attach
from ._options import OPTIONS
from ._report import Report
from ._speech import Speech
from ._trace import Trace

WORLD: Final = "_mcws_world"
"""The attribute of an error that remembers its world."""


class Told(Protocol):
    """What a report says of a world."""

    @property
    def deviations(self) -> tuple[str, ...]:
        """What went wrong, in words."""
        ...

    @property
    def trace(self) -> Trace:
        """What happened on the network."""
        ...

    @property
    def token(self) -> str:
        """All that was chosen."""
        ...

    @property
    def script(self) -> str | None:
        """What a suite played; None for what no line can repeat."""
        ...

    @property
    def speech(self) -> Speech:
        """What the connections speak."""
        ...


def remember(error: BaseException, world: Told) -> None:
    """Let ``error`` know the world that it is from; the first one that is told stays."""
    if not hasattr(error, WORLD):
        setattr(error, WORLD, world)


def explain(error: BaseException) -> None:
    """Add the report of its world to ``error``, once; do nothing if it is from none.

    Of a group of errors each one is explained.
    """
    for one in parts(error):
        explain(one)
    world: Told | None = getattr(error, WORLD, None)
    if world is None:
        return
    setattr(error, WORLD, None)
    script = world.script
    line = "" if script is None else OPTIONS.replay_line(world.token, script)
    attach(Report(error, world.deviations, world.trace, world.speech, line, OPTIONS.test), OPTIONS)


def parts(error: BaseException) -> tuple[BaseException, ...]:
    """Return the errors of a group; none of what is no group."""
    is_group = isinstance(error, BaseExceptionGroup)
    # Asked as Any, since a checker knows nothing of the parts of a group that is told by its class.
    asked: Any = error
    found: tuple[BaseException, ...] = asked.exceptions if is_group else ()
    return found
