"""Failures: which world an error remembers, and when its report is written."""

from __future__ import annotations

import asyncio

import pytest

from mcws_testkit import World
from mcws_testkit._failures import LATEST, explain, remember


def failure() -> LookupError:
    """Return the error of a program that failed in a world."""

    async def fail() -> None:
        """Fail."""
        raise LookupError("no such device")

    with pytest.raises(LookupError) as caught:
        World().run(fail())
    return caught.value


def notes(error: BaseException) -> list[str]:
    """Return what is below the traceback of an error."""
    return getattr(error, "__notes__", [])


def test_error_is_explained_once() -> None:
    """The report is a note with the line that repeats it, however often it is asked for."""
    error = failure()
    assert notes(error) == []
    explain(error)
    explain(error)
    [note] = notes(error)
    assert "LookupError: no such device" in note
    assert "--mcws-replay=" in note


def test_error_stays_with_its_first_world() -> None:
    """A world around the one that failed does not take the error over."""
    error, other = failure(), World()
    remember(error, other)
    other.host("somebody-else")
    world = vars(error)["_mcws_world"]
    assert world is not other
    explain(error)
    remember(error, other)
    explain(error)
    assert len(notes(error)) == 1


def test_each_error_of_a_group_is_explained() -> None:
    """A group of failures has a report below each that is from a world."""
    inner, plain = failure(), ValueError("from no world")
    group = ExceptionGroup("two", [ExceptionGroup("one", [inner]), plain])
    explain(group)
    assert len(notes(inner)) == 1
    assert notes(plain) == notes(group) == []


def test_error_outside_of_a_world_is_about_the_last_one() -> None:
    """An assertion about what a program returned has the report of its world."""
    LATEST.world = None
    error = AssertionError("wrong result")
    LATEST.remember(error)
    explain(error)
    assert not hasattr(error, "__notes__")
    World().run(asyncio.sleep(0))
    LATEST.remember(error)
    explain(error)
    assert "repeat it with" in notes(error)[0]
