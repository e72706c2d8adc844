"""The plugin for pytest: options for replay, number of examples and traces.

pytest imports it in every run of whoever has mcws installed, so it imports nothing that takes time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest

from ._options import OPTIONS, TRACE_DIR, TraceForm

if TYPE_CHECKING:
    from ._world import World

FAILED: Final = pytest.StashKey[bool]()
"""Whether the body of a test failed."""
PROFILES: Final = {"quick": 20, "ci": 200, "nightly": 10_000}
"""Examples per test, by what they are for: while one writes, on each change, at night."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the test kit."""
    group = parser.getgroup("mcws", "simulated networks of mcws")
    group.addoption(
        "--mcws-replay",
        metavar="TOKEN",
        help="run simulated tests once, with the choices of this token, which a failure printed",
    )
    group.addoption(
        "--mcws-profile",
        metavar="NAME|N",
        type=universes,
        help=f"examples per simulated test: {', '.join(PROFILES)} or a number",
    )
    group.addoption(
        "--mcws-trace",
        choices=get_args(TraceForm),
        default="text",
        help="how a failure shows what happened on the network (default: text)",
    )
    group.addoption(
        "--mcws-trace-dir",
        metavar="DIR",
        default=TRACE_DIR,
        help="the folder for pages of --mcws-trace=html (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the command line says.

    Raises:
        pytest.UsageError: the token is none.
    """
    config.addinivalue_line(
        "markers", "mcws(**options): options of the world of `mcws_world`, and its `seed`"
    )
    said = config.option
    OPTIONS.replay, OPTIONS.script = None, ""
    OPTIONS.universes = said.mcws_profile
    OPTIONS.trace = said.mcws_trace
    OPTIONS.trace_dir = said.mcws_trace_dir
    if said.mcws_replay is not None:
        token, _, OPTIONS.script = str(said.mcws_replay).partition(" ")
        check_token(token)
        OPTIONS.replay = token


def pytest_runtest_logstart(nodeid: str) -> None:
    """Keep which test runs, for the line that repeats it."""
    OPTIONS.test = nodeid
    if "mcws_testkit._failures" in sys.modules:
        from ._failures import LATEST  # noqa: PLC0415

        LATEST.world = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what happened in the world that a failure is from."""
    # Nothing is from a world if none was made, and then nothing has to be imported.
    if call.excinfo is not None and "mcws_testkit._failures" in sys.modules:
        from ._failures import LATEST, explain  # noqa: PLC0415

        if call.when == "call":
            item.stash[FAILED] = True
            LATEST.remember(call.excinfo.value)
        explain(call.excinfo.value)
    return (yield)


@pytest.fixture
def mcws_world(request: pytest.FixtureRequest) -> Generator[World]:
    """Return a world whose network nothing disturbs; in the end, nothing may be left in it.

    ``@pytest.mark.mcws(faults=Faults.tcp(), seed=1)`` disturbs it, in the way of that seed.
    """
    from ._choices import BenignChoices, SeededChoices  # noqa: PLC0415
    from ._world import World  # noqa: PLC0415

    refuse_examples(request, "draw `world=worlds(...)`, or use @simulate(...)")
    options: dict[str, Any] = {}
    for mark in request.node.iter_markers("mcws"):
        options = {**mark.kwargs, **options}
    seed = options.pop("seed", None)
    choices = BenignChoices() if seed is None else SeededChoices(seed)
    world = World(choices=choices, **options)
    yield world
    if request.node.stash.get(FAILED, False):
        # What the test did not come to end is no second failure.
        world.abandon()
    world.close()


@pytest.fixture
def mcws_pair(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return ``memory_pair``: both ends of one connection, each as its user sees it."""
    from ._memory import memory_pair  # noqa: PLC0415

    refuse_examples(request, "call `memory_pair(...)` in the test")
    return memory_pair


def refuse_examples(request: pytest.FixtureRequest, advice: str) -> None:
    """Refuse a test of Hypothesis, whose examples would share what they should not.

    Raises:
        pytest.UsageError: it is one.
    """
    if getattr(request.function, "is_hypothesis_test", False):
        name = request.fixturename
        raise pytest.UsageError(f"all examples of a test would share one {name}: {advice}")


def universes(text: str) -> int:
    """Return how many examples a profile has, or ``text`` as a number.

    Raises:
        argparse.ArgumentTypeError: it is neither, or below 1.
    """
    if text in PROFILES:
        return PROFILES[text]
    if text.isascii() and text.isdigit() and int(text):
        return int(text)
    known = ", ".join(PROFILES)
    raise argparse.ArgumentTypeError(f"expected {known} or a number from 1, not {text!r}")


def check_token(token: str) -> None:
    """Refuse a token that no failure printed, before any test runs.

    Raises:
        pytest.UsageError: it is none.
    """
    # Only here, since most runs replay nothing.
    from ._choices import ReplayedChoices  # noqa: PLC0415

    try:
        ReplayedChoices(token)
    except ValueError as error:
        raise pytest.UsageError(f"--mcws-replay: {error}") from None
