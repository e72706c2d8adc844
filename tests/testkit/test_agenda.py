"""Agenda: the order of callbacks and the passing of time."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextvars import Context, copy_context

import pytest

from mcws_testkit import SimLivelock, SimLoop
from mcws_testkit._agenda import START_S, Agenda
from mcws_testkit._process import Process, current_process
from mcws_testkit._schedule import Schedule
from tests.testkit._planned import planned


@pytest.fixture
def loop() -> Iterator[SimLoop]:
    """Return the loop that handles belong to."""
    made = SimLoop()
    yield made
    made.close()


def agenda_on(loop: SimLoop, *deviations: Sequence[int], steps_max: int = 1000) -> Agenda:
    """Return an agenda with some deviations."""
    return Agenda(loop, Schedule(planned(*deviations)), steps_max=steps_max)


def run(agenda: Agenda) -> None:
    """Let everything happen."""
    while agenda.turn():
        pass


def test_callbacks_run_in_order(loop: SimLoop) -> None:
    """First scheduled, first run; what they schedule comes in the next turn."""
    agenda, seen = agenda_on(loop), list[str]()
    agenda.soon(seen.append, "a")
    agenda.soon(lambda: agenda.soon(seen.append, "c"))
    agenda.soon(seen.append, "b")
    assert agenda.turn()
    assert seen == ["a", "b"]
    assert agenda.turn()
    assert seen == ["a", "b", "c"]
    assert not agenda.turn()
    assert agenda.steps == 4


def test_cancelled_callback_does_not_run(loop: SimLoop) -> None:
    """A handle can be cancelled until it runs."""
    agenda, seen = agenda_on(loop), list[str]()
    agenda.soon(seen.append, "a").cancel()
    run(agenda)
    assert seen == []
    assert agenda.steps == 0


def test_time_jumps_to_the_next_timer(loop: SimLoop) -> None:
    """Time passes only when nothing else can happen; timers of one time keep their order."""
    agenda, seen = agenda_on(loop), list[tuple[str, float]]()

    def note(name: str) -> None:
        """Write down what came when."""
        seen.append((name, agenda.now - START_S))

    for name, seconds in (("c", 2.0), ("a", 1.0), ("b", 1.0)):
        agenda.at(START_S + seconds, note, name)
    agenda.soon(seen.append, ("now", 0.0))
    run(agenda)
    assert seen == [("now", 0.0), ("a", 1.0), ("b", 1.0), ("c", 2.0)]


def test_cancelled_timer_does_not_let_time_pass(loop: SimLoop) -> None:
    """Nothing waits for it."""
    agenda = agenda_on(loop)
    agenda.at(START_S + 5, lambda: None).cancel()
    assert not agenda.is_busy
    assert not agenda.turn()
    assert agenda.now == START_S


def test_timer_that_is_due_runs_behind_what_is_ready(loop: SimLoop) -> None:
    """As on a real loop."""
    agenda, seen = agenda_on(loop), list[str]()
    agenda.at(START_S, seen.append, "timer")
    agenda.io(lambda: seen.append("io"))
    agenda.soon(seen.append, "soon")
    run(agenda)
    assert seen == ["soon", "io", "timer"]


def test_io_can_come_in_another_order(loop: SimLoop) -> None:
    """Only I/O of one turn changes places, and the deviation says so."""
    agenda, seen = agenda_on(loop, (0, 0, 1)), list[str]()
    agenda.reorders = True
    agenda.soon(seen.append, "soon")
    for name in "abc":
        agenda.io(functools.partial(seen.append, name))
    run(agenda)
    assert seen == ["soon", "c", "a", "b"]
    assert agenda.schedule.deviations == ("2 of 3 I/O events handled last",)


@pytest.mark.parametrize(("events", "reorders"), [("a", True), ("ab", False)])
def test_io_keeps_its_order_otherwise(loop: SimLoop, events: str, reorders: bool) -> None:
    """One event has no order, and without the fault nothing is drawn."""
    agenda, seen = agenda_on(loop, (0, 0)), list[str]()
    agenda.reorders = reorders
    for name in events:
        agenda.io(functools.partial(seen.append, name))
    run(agenda)
    assert seen == list(events)
    assert agenda.schedule.points == 0


def test_settlers_are_told_before_time_passes(loop: SimLoop) -> None:
    """They wait for all but time; who gave up is left alone."""
    agenda = agenda_on(loop)
    waiter, gone = loop.create_future(), loop.create_future()
    gone.cancel()
    for one in (waiter, gone):
        agenda.settler(one)
    agenda.at(START_S + 1, lambda: None)
    agenda.soon(lambda: None)
    assert agenda.turn()
    assert not waiter.done()
    assert agenda.turn()
    assert waiter.done()
    assert agenda.now == START_S


def test_too_many_callbacks_are_a_livelock(loop: SimLoop) -> None:
    """What never ends is told after some steps."""
    agenda = agenda_on(loop, steps_max=10)

    def again() -> None:
        """Go on."""
        agenda.soon(again)

    again()
    with pytest.raises(SimLivelock, match="livelock at 0 s: 11 callbacks"):
        run(agenda)


def test_due_timers_are_found_by_time(loop: SimLoop) -> None:
    """Each time once, without those that are due now or cancelled."""
    agenda = agenda_on(loop)
    for seconds in (0, 3, 1, 1, 9):
        agenda.at(START_S + seconds, lambda: None)
    agenda.at(START_S + 2, lambda: None).cancel()
    assert agenda.due_within(3) == [START_S + 1, START_S + 3]


def test_dead_process_does_nothing(loop: SimLoop) -> None:
    """Callbacks and timers of a process that was killed are left out; others run."""
    agenda, seen = agenda_on(loop), list[str]()
    process = Process("server")
    context = copy_context()
    context.run(current_process.set, process)
    for name, where in (("dead", context), ("alive", Context())):
        agenda.soon(seen.append, f"{name} callback", context=where)
        agenda.at(START_S + 1, seen.append, f"{name} timer", context=where)
    process.is_alive = False
    agenda.has_dead = True
    assert len(list(agenda.timers())) == 1
    run(agenda)
    assert seen == ["alive callback", "alive timer"]


def test_cleared_agenda_has_nothing_to_do(loop: SimLoop) -> None:
    """All is forgotten."""
    agenda = agenda_on(loop)
    agenda.soon(lambda: None)
    agenda.io(lambda: None)
    agenda.at(START_S + 1, lambda: None)
    before = agenda.is_busy
    agenda.clear()
    assert (before, agenda.is_busy) == (True, False)
    assert not agenda.turn()


def test_interrupt_passes(loop: SimLoop) -> None:
    """Ctrl-C ends a run at once."""

    def interrupt() -> None:
        """Press it."""
        raise KeyboardInterrupt

    agenda = agenda_on(loop)
    agenda.soon(interrupt)
    with pytest.raises(KeyboardInterrupt):
        agenda.turn()
