"""``@simulate``: an async test that is run in many universes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, Unpack

from hypothesis import HealthCheck, given, settings

from ._failures import explain
from ._faults import Faults
from ._options import OPTIONS
from ._world import World, WorldOptions
from ._worlds import PHASES, worlds

UNIVERSES: Final = 100
"""Examples of a test, as Hypothesis has it by default."""

Test: TypeAlias = Callable[..., Coroutine[Any, Any, object]]


def simulate(
    faults: Faults | None = None, *, universes: int = UNIVERSES, **options: Unpack[WorldOptions]
) -> Callable[[Test], Callable[..., None]]:
    """Run an async test in ``universes`` worlds, each disturbed in another way.

    The test gets its world as the argument ``world``; other arguments are fixtures of pytest, which
    all universes share. It fails if it raises in any of them, never ends, or leaves something.

    Args:
        faults: what may go wrong; ``Faults.tcp()`` by default.
        universes: how many.
        options: those of ``World``: ``speaks``, ``grace_s``, ``steps_max``.

    Raises:
        TypeError: the test is not async, or has no argument ``world``.
    """
    chosen = Faults.tcp() if faults is None else faults

    def decorate(test: Test) -> Callable[..., None]:
        """Return a plain test."""
        if not inspect.iscoroutinefunction(test):
            raise TypeError(f"a simulated test must be async: {test!r}")
        if "world" not in inspect.signature(test).parameters:
            raise TypeError(f"a simulated test must have an argument `world`: {test!r}")

        @functools.wraps(test)
        def live(*arguments: Any, world: World, **fixtures: Any) -> None:
            """Run the test in one universe."""
            world.run(test(*arguments, world=world, **fixtures))

        return _told(_search(universes)(given(world=worlds(chosen, **options))(live)))

    return decorate


def _search(universes: int) -> settings:
    """Return how Hypothesis looks for a universe in which a test fails."""
    count = OPTIONS.universes or universes
    return settings(
        max_examples=1 if OPTIONS.replay is not None else count,
        deadline=None,
        # One universe at a time: its report is about one world.
        report_multiple_bugs=False,
        phases=PHASES,
        print_blob=False,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )


def _told(search: Callable[..., None]) -> Callable[..., None]:
    """Return a search that tells, where it fails, what happened there."""

    @functools.wraps(search)
    def run(*arguments: Any, **fixtures: Any) -> None:
        """Search for a universe in which the test fails, and tell what happened there."""
        try:
            search(*arguments, **fixtures)
        except BaseException as error:
            explain(error)
            raise

    return run
