"""Schedule: decision points, deviations and the words for them."""

from __future__ import annotations

import pytest

from mcws_testkit import BenignChoices, ReplayedChoices, SeededChoices
from mcws_testkit._schedule import FAR_POINTS, NEAR, Schedule
from tests.testkit._planned import planned


def test_benign_schedule_never_deviates() -> None:
    """Nothing goes wrong, however often it is asked."""
    schedule = Schedule(BenignChoices())
    assert [schedule.pick(["cut"]) for _ in range(1000)] == [None] * 1000
    assert repr(schedule) == "benign"
    assert schedule.token == "benign"


def test_deviation_comes_where_it_is_planned() -> None:
    """So many points pass, then a kind is chosen, then its parameters."""
    schedule = Schedule(planned((2, 1, 5)))
    kinds = ["cut", "delay"]
    assert [schedule.pick(kinds) for _ in range(3)] == [None, None, "delay"]
    assert schedule.number(1, 9) == 6
    schedule.deviate("delayed")
    assert schedule.deviations == ("delayed",)
    assert repr(schedule) == "benign except delayed"
    assert [schedule.pick(kinds) for _ in range(100)] == [None] * 100


def test_deviations_are_listed_in_order() -> None:
    """A run can deviate more than once."""
    schedule = Schedule(planned((0, 0), (1, 0)))
    for text in ("first", "", "second"):
        assert (schedule.pick(["cut"]) == "cut") == bool(text)
        if text:
            schedule.deviate(text)
    assert repr(schedule) == "benign except first; second"


def test_point_without_kinds_is_none() -> None:
    """Where nothing can go wrong, no point passes."""
    schedule = Schedule(planned((0, 0)))
    assert schedule.pick([]) is None
    assert schedule.points == 0
    assert schedule.pick(["cut"]) == "cut"
    assert schedule.points == 1


def test_number_without_a_choice_draws_nothing() -> None:
    """One possible value needs no choice."""
    schedule = Schedule(ReplayedChoices("benign"))
    assert schedule.number(4, 4) == 4
    assert schedule.token == "benign"


def test_skipped_deviation_leaves_no_word() -> None:
    """What turned out impossible is not told, and the next one is drawn."""
    schedule = Schedule(planned((0, 0), (0, 0)))
    assert schedule.pick(["race"]) == "race"
    schedule.skip()
    assert schedule.deviations == ()
    assert schedule.pick(["race"]) == "race"


def test_gap_can_be_far() -> None:
    """A long run is disturbed in its middle too."""
    schedule = Schedule(planned((NEAR + 1, FAR_POINTS, 0)))
    picked = [schedule.pick(["cut"]) for _ in range(NEAR + FAR_POINTS + 1)]
    assert picked == [None] * (NEAR + FAR_POINTS) + ["cut"]


def test_ended_schedule_never_deviates_again() -> None:
    """After healing nothing goes wrong any more."""
    schedule = Schedule(planned((0, 0)))
    schedule.end()
    assert schedule.pick(["cut"]) is None


def test_replay_of_a_token_deviates_alike() -> None:
    """A token is the whole schedule."""
    kinds = ["cut", "delay", "race"]

    def run(schedule: Schedule) -> list[str | None]:
        """Ask at some points."""
        found: list[str | None] = []
        for _ in range(200):
            found.append(schedule.pick(kinds))
            if found[-1] is not None:
                schedule.deviate(f"{found[-1]} {schedule.number(0, 99)}")
        return found

    for seed in range(20):
        first = Schedule(SeededChoices(seed))
        found = run(first)
        second = Schedule(ReplayedChoices(first.token))
        assert run(second) == found
        assert second.deviations == first.deviations


def test_schedule_passes_on_that_the_source_is_over() -> None:
    """The end of an example of Hypothesis is raised where nothing swallows it."""

    class Over:
        """A source that is over."""

        def integer(self, low: int, high: int) -> int:
            """Raise."""
            raise KeyboardInterrupt

    schedule = Schedule(Over())
    with pytest.raises(KeyboardInterrupt):
        schedule.raise_stop()
