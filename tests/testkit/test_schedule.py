"""Schedule: decision points, deviations and the words for them."""

from __future__ import annotations

import pytest

from mcws_testkit import BenignChoices, ReplayedChoices, SeededChoices
from mcws_testkit._choices import make_token
from mcws_testkit._schedule import DEVIATIONS_MAX, FAR, NEAR, Schedule
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


def test_deviation_that_turned_out_impossible_leaves_no_word() -> None:
    """What is not told did not happen, and the next one is where it was planned."""
    schedule = Schedule(planned((0, 0), (0, 0)))
    assert schedule.pick(["race"]) == "race"
    assert schedule.deviations == ()
    assert schedule.pick(["race"]) == "race"


@pytest.mark.parametrize(
    ("drawn", "point"),
    [
        ([NEAR - 1], NEAR - 1),
        ([NEAR, 0], NEAR),
        ([NEAR + 1, 23], NEAR + 23),
        ([NEAR + 2, 0], NEAR + 24),
        ([NEAR + 3, 255], NEAR + 24 + 255),
    ],
)
def test_deviation_can_be_far(drawn: list[int], point: int) -> None:
    """A long run is disturbed in its middle too."""
    schedule = Schedule(ReplayedChoices(make_token([1, *drawn])))
    picked = [schedule.pick(["cut"]) for _ in range(point + 1)]
    assert picked == [None] * point + ["cut"]


def test_every_point_can_be_drawn() -> None:
    """The parts of the numbers that stand for points leave no gap and do not overlap."""
    ends = [NEAR, *(start + points for _, start, points in FAR)]
    assert [start for _, start, _ in FAR] == ends[:-1]


def test_run_ends_to_deviate() -> None:
    """A source that always wants more gets no more than so many."""
    asked: list[int] = []

    class More:
        """A source that wants the utmost."""

        def integer(self, low: int, high: int) -> int:
            """Return the highest number."""
            asked.append(high)
            return high

    Schedule(More())
    assert asked.count(3) == DEVIATIONS_MAX


def test_kinds_and_parameters_are_counted_around() -> None:
    """What was drawn before it was known how many there are stands for one of them all the same."""
    schedule = Schedule(planned((0, 5, 7, 3)))
    assert schedule.pick(["cut", "delay", "race"]) == "race"
    assert (schedule.number(1, 4), schedule.number(0, 3), schedule.number(6, 9)) == (4, 3, 6)


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
