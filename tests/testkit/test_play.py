"""Play: what a script does in one world, step by step, and what it writes down."""

from __future__ import annotations

import pytest

from mcws_testkit import Faults, Script, Step, World
from mcws_testkit._lifecycle_script import Act
from mcws_testkit._lifecycle_suite import Life
from mcws_testkit._play import FLOOD
from mcws_testkit._visits import Record
from tests.testkit.mutants.reference import Reference


def played(*steps: Step, faults: Faults | None = None) -> Record:
    """Play steps of the reference; return what was written down once all promises held."""
    world = World(Faults.benign() if faults is None else faults)
    life = Life(Reference(), world)
    with world:
        life.begin()
        for step in Script(steps):
            life.play(step)
        life.finish()
    return life.record


def names(record: Record) -> list[str]:
    """Return the names of all connections."""
    return [visit.name for visit in record.visits]


def test_who_sends_connects_first() -> None:
    """A client has one connection at a time, and the proof of life is one more."""
    record = played(Step(Act.SEND, 1, 2), Step(Act.SEND, 1), Step(Act.CONNECT, 2))
    assert names(record) == ["c1.1", "c2.1", "late.1"]
    # Each sends once more at the end.
    assert [len(visit.sent) for visit in record.visits] == [4, 1, 1]


def test_who_was_closed_or_killed_connects_anew() -> None:
    """A connection that was ended is another visit from then on."""
    record = played(Step(Act.CONNECT), Step(Act.CLOSE), Step(Act.SEND), Step(Act.KILL))
    assert names(record) == ["c1.1", "c1.2", "late.1"]
    first, second, _ = record.visits
    assert (first.causes, second.causes) == ({Act.CLOSE}, {Act.KILL})


def test_nothing_is_sent_behind_the_end() -> None:
    """A client whose process ends while it sends has not sent the rest."""
    record = played(Step(Act.CONNECT), Step(Act.FLOOD, overlaps=True), Step(Act.KILL))
    assert 0 < len(record.visits[0].sent) < FLOOD


def test_client_of_a_killed_process_is_not_connected() -> None:
    """A connect that a kill interrupts gives no connection, so nothing is asked of it."""
    steps = Step(Act.SLOW_REQUEST, 1, 2, overlaps=True), Step(Act.KILL)
    record = played(*steps)
    assert (record.visits[0].client, record.visits[0].asked) == (None, [])


def test_request_that_fails_has_no_reply() -> None:
    """What raises is written down with its error."""
    slow = Step(Act.SLOW_REQUEST, 1, overlaps=True)
    record = played(Step(Act.CONNECT), slow, Step(Act.ABORT))
    [request] = record.visits[0].asked
    assert (request.reply, request.is_good) == (None, False)


@pytest.mark.parametrize("first", [Act.STOP, Act.DRAIN, Act.DIE])
def test_server_ends_once(first: Act) -> None:
    """Behind its end a server neither ends again nor sends to all."""
    more = [Step(act) for act in (Act.STOP, Act.DRAIN, Act.DIE, Act.BROADCAST)]
    record = played(Step(Act.CONNECT), Step(first), *more)
    assert record.is_killed == (first is Act.DIE)
    assert [call.name for call in record.server_calls] == [first.value] * (first is not Act.DIE)
    assert record.broadcasts == []


def test_broadcast_goes_to_all_or_to_every_second_one() -> None:
    """With a filter it is for those with odd numbers."""
    clients = [Step(Act.CONNECT, client) for client in (1, 2, 3)]
    record = played(*clients, Step(Act.BROADCAST), Step(Act.SOME))
    everybody, some, _ = record.broadcasts
    assert (len(everybody.sessions), everybody.chosen) == (3, None)
    assert some.chosen == frozenset(one for one in some.sessions if one % 2)


def test_flood_measures_what_is_held() -> None:
    """Who does not read what he floods makes the server hold some of it."""
    record = played(Step(Act.FLOOD), Step(Act.WAIT, 1, 2), Step(Act.RESUME))
    assert 0 < record.held_bytes <= record.held_max
    assert record.visits[0].stalled_s >= 1


def test_pause_says_what_it_had_received() -> None:
    """From a pause to its end nothing is received."""
    record = played(Step(Act.CONNECT), Step(Act.PAUSE), Step(Act.BROADCAST), Step(Act.RESUME))
    [(before, behind)] = record.visits[0].paused
    assert before == behind


def test_pause_ends_with_its_process() -> None:
    """A client that was killed while it paused is not asked to resume."""
    record = played(Step(Act.CONNECT), Step(Act.PAUSE), Step(Act.KILL))
    assert [call.name for call in record.visits[0].calls] == ["connect", "pause"]


def test_poison_is_known_to_the_hooks() -> None:
    """A message that is to fail is sent like any other, and the next one arrives."""
    record = played(Step(Act.POISON), Step(Act.SEND))
    first, second, _ = record.visits[0].sent
    assert (first.is_poison, second.is_poison) == (True, False)
    assert record.events.poison == {first.payload}
