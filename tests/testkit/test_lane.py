"""Lane: what may happen to a delivery."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mcws_testkit import Faults
from mcws_testkit._lane import DELAYS, Budget
from tests.testkit._planned import Listener, Pair

CUT = Faults(cut=True)
DELAY = Faults(delay_s=4.0, delays_s=6.0)
RACE = replace(DELAY, race=True)
RESET = Faults(reset=True)
STALL = Faults(stall=True)
PART = Faults(partition_s=10.0)


async def send(pair: Pair, data: bytes = b"hello") -> None:
    """Send from the client, and wait until nothing happens without time passing."""
    pair.client.transport.write(data)
    await pair.world.loop.settle()


def faults_of(pair: Pair) -> list[tuple[str, str]]:
    """Return what the trace says about faults."""
    return [(event.kind, event.detail) for event in pair.world.trace if event.is_fault]


def test_benign_delivery_brings_all_at_once() -> None:
    """Two writes of one turn arrive as one read."""
    pair = Pair()

    async def story() -> None:
        """Write twice."""
        pair.client.transport.write(b"hel")
        await send(pair, b"lo")
        assert pair.server.told == ["made", b"hello"]

    pair.play(story())
    assert pair.world.deviations == ()


def test_cut_delivers_the_rest_later() -> None:
    """A write can come as two reads, in order."""
    pair = Pair(CUT, (0, 0, 1))

    async def story() -> None:
        """Write once."""
        await send(pair)
        assert pair.server.told == ["made", b"he", b"llo"]

    pair.play(story())
    assert pair.world.deviations == ("5 B to the server of connection 1: cut after 2 of 5 B",)
    assert faults_of(pair) == [("cut", "2 of 5 B")]


def test_single_byte_is_not_cut() -> None:
    """There is nothing to cut, so no decision point passes."""
    pair = Pair(CUT, (0, 0, 0))

    async def story() -> None:
        """Write one byte, then two."""
        await send(pair, b"x")
        await send(pair, b"yz")
        assert pair.server.told == ["made", b"x", b"y", b"z"]

    pair.play(story())


def test_delay_delivers_at_a_later_time() -> None:
    """What is written meanwhile comes with it."""
    pair = Pair(DELAY, (1, 0, DELAYS // 4 - 1))

    async def story() -> None:
        """Write, and again while it is under way."""
        await send(pair)
        assert pair.server.told == ["made"]
        await asyncio.sleep(0.5)
        await send(pair, b"!")
        assert pair.server.told == ["made"]
        await asyncio.sleep(0.5)
        await pair.world.loop.settle()
        assert pair.server.told == ["made", b"hello!"]

    pair.play(story())
    assert faults_of(pair) == [("delay", "1 s")]


def test_delays_are_limited_together() -> None:
    """When the budget is used up, no delivery is late any more."""
    pair = Pair(DELAY, (1, 0, DELAYS - 1), (0, 0, DELAYS - 1), (0, 0, DELAYS - 1))

    async def story() -> None:
        """Write three times."""
        for data in (b"a", b"b", b"c"):
            await send(pair, data)
            await asyncio.sleep(5)
        assert pair.server.told == ["made", b"a", b"b", b"c"]

    pair.play(story())
    assert faults_of(pair) == [("delay", "4 s"), ("delay", "2 s")]


@pytest.mark.parametrize("hops", [0, 2])
def test_race_meets_a_timer(hops: int) -> None:
    """A delivery can come in the very turn of a timer, or some turns behind it."""
    # The second point, the second kind, the first of three timers, so many turns behind it.
    pair = Pair(RACE, (1, 1, 0, hops))
    seen: list[object] = []

    async def story() -> None:
        """Write, and wait for a timer."""
        pair.client.transport.write(b"hello")
        loop = pair.world.loop
        loop.call_later(1.5, lambda: seen.append(list(pair.server.told)))
        loop.call_later(1.6, lambda: seen.append(list(pair.server.told)))
        await asyncio.sleep(1.7)
        assert seen == [["made"], ["made", b"hello"]]

    pair.play(story())
    assert [kind for kind, _ in faults_of(pair)] == ["race"]


def test_race_without_a_timer_is_none() -> None:
    """If no timer is near, the delivery comes at once and nothing is told."""
    pair = Pair(RACE, (1, 1))

    async def story() -> None:
        """Write once, with no timer around."""
        await send(pair)
        assert pair.server.told == ["made", b"hello"]

    pair.play(story())
    assert pair.world.deviations == ()


def test_reset_ends_the_connection_for_both() -> None:
    """What was under way is lost."""
    pair = Pair(RESET, (0, 0))

    async def story() -> None:
        """Write once."""
        await send(pair)
        assert pair.server.told == ["made", ConnectionResetError]
        assert pair.client.told == ["made", ConnectionResetError]

    pair.play(story())
    assert faults_of(pair) == [("reset", "")]


def test_stall_lets_nothing_through_until_the_network_heals() -> None:
    """Nobody is told, and the other direction works."""
    pair = Pair(STALL, (0, 0))

    async def story() -> None:
        """Write, wait for long, write back, and heal."""
        await send(pair)
        await asyncio.sleep(1000)
        pair.server.transport.write(b"hi")
        await pair.world.loop.settle()
        assert pair.server.told == ["made"]
        assert pair.client.told == ["made", b"hi"]
        pair.world.heal()
        await pair.world.loop.settle()
        assert pair.server.told == ["made", b"hello"]

    pair.play(story())


def test_partition_parts_the_hosts_for_a_while() -> None:
    """Nothing gets through in either direction, then everything does."""
    pair = Pair(PART, (0, 0, DELAYS // 2 - 1))

    async def story() -> None:
        """Write both ways."""
        pair.server.transport.write(b"hi")
        await send(pair)
        await asyncio.sleep(4.9)
        assert pair.server.told + pair.client.told == ["made", "made"]
        await asyncio.sleep(0.2)
        assert pair.server.told == ["made", b"hello"]
        assert pair.client.told == ["made", b"hi"]

    pair.play(story())
    assert faults_of(pair) == [("partition", "5 s")]


def test_paused_end_gets_nothing() -> None:
    """A delivery that is due when reading stops waits for its end."""
    pair = Pair()

    async def story() -> None:
        """Write, and pause before it comes."""
        pair.client.transport.write(b"hello")
        pair.server.transport.pause_reading()
        await pair.world.loop.settle()
        assert pair.server.told == ["made"]
        pair.server.transport.resume_reading()
        await pair.world.loop.settle()
        assert pair.server.told == ["made", b"hello"]

    pair.play(story())


def test_end_of_the_stream_is_named_in_deviations() -> None:
    """A deviation without bytes is one of the end."""
    pair = Pair(DELAY, (1, 0, 0))

    async def story() -> None:
        """End the stream."""
        pair.client.transport.write_eof()
        await asyncio.sleep(1)

    pair.play(story())
    assert pair.world.deviations == ("the end to the server of connection 1: delayed by 0.01 s",)


def test_budget_gives_no_more_than_it_has() -> None:
    """Seconds are taken once."""
    budget = Budget(3.0)
    assert [budget.take(2.0), budget.take(2.0), budget.take(2.0)] == [2.0, 1.0, 0.0]
    assert budget.left_s == 0.0


def test_listener_writes_down_what_it_is_told() -> None:
    """The double of these tests does what it says."""
    listener = Listener()
    listener.connection_made(asyncio.Transport())
    listener.connection_lost(None)
    assert listener.told == ["made", None]
