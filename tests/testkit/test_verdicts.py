"""Verdicts: what errors say and carry."""

from __future__ import annotations

from mcws_testkit import SimDeadlock, SimError, SimEscape, SimLeak, SimLivelock


def test_deadlock_lists_who_waits() -> None:
    """A deadlock names each task in a row of its own."""
    error = SimDeadlock(1.5, ["a waits", "b waits"])
    assert str(error) == "deadlock at 1.5 s: nothing can ever happen\n  a waits\n  b waits"
    assert (error.time_s, error.waiting) == (1.5, ("a waits", "b waits"))
    assert isinstance(error, SimError)
    assert isinstance(error, AssertionError)


def test_livelock_counts_steps() -> None:
    """A livelock says how much happened."""
    error = SimLivelock(0.0, 7, ["a waits"])
    assert str(error) == "livelock at 0 s: 7 callbacks ran, more than `steps_max`\n  a waits"
    assert (error.time_s, error.steps, error.waiting) == (0.0, 7, ("a waits",))


def test_leak_lists_what_is_left() -> None:
    """A leak names each thing."""
    error = SimLeak(["a task"])
    assert str(error) == "the program ended and left something behind\n  a task"
    assert error.left == ("a task",)


def test_escape_names_the_call() -> None:
    """An escape says what was called and what works instead, if anything does."""
    error = SimEscape("loop.add_reader", "use streams")
    assert str(error) == "loop.add_reader is not simulated: use streams"
    assert (error.call, error.hint) == ("loop.add_reader", "use streams")
    assert str(SimEscape("fork")) == "fork is not simulated"
    assert isinstance(error, RuntimeError)
    assert not isinstance(error, SimError)
