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
    def problems(self) -> tuple[str, ...]:
        """The errors that nobody handled."""
        ...

    @property
    def speech(self) -> Speech:
        """What the connections speak."""
        ...


class Latest:
    """The world that was made last in the test that runs: an error outside of it is about it too.

    Attributes:
        world: None if there was none so far.
    """

    def __init__(self) -> None:
        self.world: Told | None = None

    def remember(self, error: BaseException) -> None:
        """Let ``error`` know the world, unless it is from one."""
        if self.world is not None and not hasattr(error, WORLD):
            remember(error, self.world)


LATEST: Final = Latest()
"""That of this process."""


def remember(error: BaseException, world: Told) -> None:
    """Let ``error`` know the world that it is from; the first one that is told stays."""
    if not hasattr(error, WORLD):
        # Not by a plain assignment: an error may be a frozen dataclass.
        BaseException.__setattr__(error, WORLD, world)


def explain(error: BaseException) -> None:
    """Add the report of its world to ``error``, once; do nothing if it is from none.

    Of a group of errors each one is explained.
    """
    for one in parts(error):
        explain(one)
    world: Told | None = getattr(error, WORLD, None)
    if world is None:
        return
    BaseException.__setattr__(error, WORLD, None)
    script = world.script
    report = Report(
        verdict=error,
        deviations=world.deviations,
        problems=world.problems,
        trace=world.trace,
        speech=world.speech,
        replay="" if script is None else OPTIONS.replay_line(world.token, script),
        title=OPTIONS.test,
    )
    attach(report, OPTIONS)


def parts(error: BaseException) -> tuple[BaseException, ...]:
    """Return the errors of a group; none of what is no group."""
    is_group = isinstance(error, BaseExceptionGroup)
    # Asked as Any, since a checker knows nothing of the parts of a group that is told by its class.
    asked: Any = error
    found: tuple[BaseException, ...] = asked.exceptions if is_group else ()
    return found
