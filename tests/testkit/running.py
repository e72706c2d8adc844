"""Runs a suite without pytest, as far as its first law that fails."""

from __future__ import annotations

import asyncio
import inspect
import unittest
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, settings

PROFILE = "mcws-running"
FEW = 50


class Failure(NamedTuple):
    """A law that does not hold.

    Attributes:
        law: its name.
        error: what it raised.
    """

    law: str
    error: BaseException


def first_failure(suite: type, examples: int = 2000, *, shrinks: bool = False) -> Failure | None:
    """Run the laws of ``suite`` in their order, with so many examples each at most.

    Nothing is random: the same code gives the same result. Only with ``shrinks`` is the example
    that fails made simple, which takes long.
    """
    # Few examples of each law first: most bugs need no more, and it shows which law it is.
    for count in sorted({min(FEW, examples), examples}):
        with profile(count, shrinks=shrinks):
            # A new class, since a test keeps the settings with which it was made.
            again = type(suite.__name__, (suite,), {"__module__": __name__, "examples": None})
            for name in law_names(suite):
                error = failure_of(getattr(again(), name))
                if error is not None:
                    return Failure(name, error)
    return None


def law_names(suite: type) -> list[str]:
    """Return the names of the tests of ``suite``, those of its bases first."""
    names = dict.fromkeys(name for base in reversed(suite.__mro__) for name in vars(base))
    return [name for name in names if name.startswith("test_")]


def failure_of(test: Callable[[], Any]) -> BaseException | None:
    """Return what ``test`` raises, None for nothing; a law that does not apply is none."""
    try:
        result = test()
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except unittest.SkipTest:
        return None
    except Exception as error:
        return error
    return None


@contextmanager
def profile(examples: int, *, shrinks: bool) -> Generator[None, None, None]:
    """Have Hypothesis try so many examples, the same ones each time."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrinks else [])]
    before = settings.get_current_profile_name()
    settings.register_profile(
        PROFILE,
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile(PROFILE)
    try:
        yield
    finally:
        settings.load_profile(before)
