"""Choices: seeds, records and replays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_testkit import BenignChoices, ReplayedChoices, SeededChoices
from mcws_testkit._choices import Recorder, make_token, parse_token


def test_benign_choice_is_the_lower_bound() -> None:
    """Without a schedule everything goes well."""
    assert BenignChoices().integer(3, 9) == 3


def test_same_seed_chooses_the_same() -> None:
    """A seed is a whole run."""
    one, other = SeededChoices(7), SeededChoices(7)
    assert [one.integer(0, 99) for _ in range(50)] == [other.integer(0, 99) for _ in range(50)]


def test_seeds_differ() -> None:
    """Another seed is another run."""
    one, other = SeededChoices(7), SeededChoices(8)
    assert [one.integer(0, 99) for _ in range(50)] != [other.integer(0, 99) for _ in range(50)]


@given(st.lists(st.integers(0, 10**6)))
def test_token_tells_all_choices_but_benign_ones_at_the_end(values: list[int]) -> None:
    """A token parses into what it was made of."""
    found = parse_token(make_token(values))
    assert found + [0] * (len(values) - len(found)) == values


def test_token_of_the_benign_run_has_a_word() -> None:
    """A run without deviations says so."""
    assert make_token([0, 0]) == "benign"
    assert parse_token("benign") == []


@pytest.mark.parametrize("token", ["", "1..2", "no-token", "A", "1.é"])
def test_other_text_is_no_token(token: str) -> None:
    """What was not recorded cannot be replayed."""
    with pytest.raises(ValueError, match="no record of choices"):
        ReplayedChoices(token)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 40))), st.integers())
def test_record_replays(bounds: list[tuple[int, int]], seed: int) -> None:
    """A replay chooses what was recorded, for the same questions."""
    recorder = Recorder(SeededChoices(seed))
    made = [recorder.integer(low, low + span) for low, span in bounds]
    replayed = ReplayedChoices(recorder.token)
    assert [replayed.integer(low, low + span) for low, span in bounds] == made


def test_replay_is_benign_after_the_record() -> None:
    """A record that ends early goes on with nothing going wrong."""
    replayed = ReplayedChoices("5")
    assert [replayed.integer(0, 9), replayed.integer(2, 9)] == [5, 2]


def test_replay_keeps_to_the_bounds() -> None:
    """A record of another program never leads outside of what may be chosen."""
    assert ReplayedChoices("zz").integer(0, 9) == 9
