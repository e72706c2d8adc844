"""Keepalive: when to ping, whom to take for dead, and who pings too often."""

from __future__ import annotations

import pytest

from mcws_protocol._events import PingFrame, PongFrame
from mcws_protocol._keepalive import Keepalive, fresh


@pytest.mark.parametrize("interval_s", [1, 20, 65_535])
def test_ping_is_due_an_interval_after_the_last_sending(interval_s: float) -> None:
    """An end that sent nothing for the interval pings."""
    assert Keepalive(interval_s).due_at(100.0) == 100.0 + interval_s


def test_ping_is_due_again_an_interval_after_a_ping() -> None:
    """A PING that has not left yet counts as sent, so that it is not doubled."""
    keepalive = Keepalive(20)
    keepalive.ping(120.0)
    assert keepalive.due_at(100.0) == 140.0
    assert keepalive.due_at(130.0) == 150.0


@pytest.mark.parametrize(("interval_s", "dead_at"), [(1, 102.5), (20, 150.0)])
def test_peer_is_dead_after_two_and_a_half_intervals(interval_s: float, dead_at: float) -> None:
    """Silence of 2.5 times the interval means that nobody is there."""
    assert Keepalive(interval_s).dead_at(100.0) == dead_at


def test_pings_carry_a_counter() -> None:
    """Each PING has bytes of its own, so that its PONG can be told from an older one."""
    keepalive = Keepalive(20)
    assert keepalive.ping(1.0) == PingFrame(b"\x00\x00\x00\x01")
    assert keepalive.ping(2.0) == PingFrame(b"\x00\x00\x00\x02")


def test_rtt_is_unknown_before_a_pong() -> None:
    """Nobody guesses a round trip."""
    keepalive = Keepalive(20)
    keepalive.ping(1.0)
    assert keepalive.rtt is None


def test_rtt_is_the_time_to_the_pong() -> None:
    """The round trip is measured from the PING to its own PONG."""
    keepalive = Keepalive(20)
    ping = keepalive.ping(10.0)
    keepalive.ponged(PongFrame(ping.payload), 10.25)
    assert keepalive.rtt == 0.25


def test_pong_of_an_older_ping_tells_nothing() -> None:
    """An answer that was overtaken by the next PING is not measured against that."""
    keepalive = Keepalive(20)
    older = keepalive.ping(10.0)
    keepalive.ping(30.0)
    keepalive.ponged(PongFrame(older.payload), 30.1)
    assert keepalive.rtt is None


@pytest.mark.parametrize("payload", [b"", b"\0\0\0\0", b"\0\0\0\1", b"whatever"])
def test_pong_that_nobody_asked_for_tells_nothing(payload: bytes) -> None:
    """A PONG before the first PING is ignored, also one that guesses the counter."""
    keepalive = Keepalive(20)
    keepalive.ponged(PongFrame(payload), 10.0)
    assert keepalive.rtt is None


@pytest.mark.parametrize(
    ("interval_s", "spacing_s", "early"),
    [(20, 4.999, True), (20, 5.0, False), (2, 0.999, True), (2, 1.0, False), (10, 4.999, True)],
)
def test_ping_is_early_below_the_spacing(interval_s: float, spacing_s: float, early: bool) -> None:
    """Early is less than 5 s after the last one, or than half the interval if that is less."""
    keepalive = Keepalive(interval_s)
    floods = [keepalive.pinged(100.0 + turn * spacing_s) for turn in range(4)]
    assert floods == [False, False, False, early]


def test_ping_in_time_takes_the_strikes_back() -> None:
    """Only three early ones in a row are a flood."""
    keepalive = Keepalive(20)
    times = [0.0, 1.0, 2.0, 7.0, 8.0, 9.0]
    assert not any(keepalive.pinged(at) for at in times)
    assert keepalive.pinged(10.0)


def test_first_ping_is_never_early() -> None:
    """A PING right behind the opening is no strike."""
    keepalive = Keepalive(20)
    assert [keepalive.pinged(0.0) for _ in range(4)] == [False, False, False, True]


def test_connections_share_what_has_seen_no_ping() -> None:
    """The first PING is noted in one of its own, and the shared one is as it was."""
    shared = fresh(20)
    assert fresh(20) is shared
    assert fresh(10) is not shared
    own = shared.own()
    own.ping(100.0)
    assert own.own() is own is not shared
    assert (own.interval_s, own.due_at(0.0), shared.due_at(0.0)) == (20, 120.0, 20.0)


def test_excused_pings_may_come_early() -> None:
    """As many as were sent in the time without reading are no flood, and no more (FAULTS 7, 10)."""
    keepalive = Keepalive(20)
    keepalive.excuse(10.0)
    # The first one is in time, two are excused, and two more are early.
    assert not any(keepalive.pinged(0.0) for _ in range(5))
    assert keepalive.pinged(0.0)
