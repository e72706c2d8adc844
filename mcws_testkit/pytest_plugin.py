"""The plugin for pytest: options for replay, number of examples and traces.

pytest imports it in every run of whoever has mcws installed, so it imports nothing that takes time.
"""

from __future__ import annotations

import argparse
from typing import Final, get_args

import pytest

from ._options import OPTIONS, TRACE_DIR, TraceForm

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
    said = config.option
    OPTIONS.replay = said.mcws_replay
    OPTIONS.universes = said.mcws_profile
    OPTIONS.trace = said.mcws_trace
    OPTIONS.trace_dir = said.mcws_trace_dir
    if OPTIONS.replay is not None:
        check_token(OPTIONS.replay)


def pytest_runtest_logstart(nodeid: str) -> None:
    """Keep which test runs, for the line that repeats it."""
    OPTIONS.test = nodeid


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
