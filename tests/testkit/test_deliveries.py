"""Tests of which bytes arrived with which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcws_testkit import TraceEvent
from mcws_testkit._deliveries import Deliveries


def wrote(size: int, *, at: float = 0, end: str = "client") -> TraceEvent:
    """Return a write."""
    return TraceEvent(at, "write", 1, "client" if end == "client" else "server", bytes(size))


def got(size: int, *, at: float = 0) -> TraceEvent:
    """Return a delivery of what the client wrote."""
    return TraceEvent(at, "receive", 1, "server", bytes(size))


def test_write_that_arrives_at_once() -> None:
    """A write is at once if one delivery has all of it, with or without others."""
    deliveries = Deliveries([wrote(3), wrote(2), got(5)])
    assert deliveries.is_at_once(0)
    assert deliveries.is_at_once(1)


def test_write_that_is_late() -> None:
    """A write that arrives later is not at once, and its delivery knows when it was made."""
    deliveries = Deliveries([wrote(3), wrote(2, at=1), got(5, at=2)])
    assert not deliveries.is_at_once(0)
    assert not deliveries.is_at_once(1)
    assert deliveries.sent_s(2) == 1


def test_write_that_is_cut() -> None:
    """A write that came with two deliveries is not at once, and what comes behind it may be."""
    deliveries = Deliveries([wrote(3), wrote(2), got(1), got(4), TraceEvent(0, "lost", 1)])
    assert not deliveries.is_at_once(0)
    assert deliveries.is_at_once(1)
    assert deliveries.arrived(0) == (3, 3)
    assert deliveries.sent_s(2) is None


def test_write_that_never_arrives() -> None:
    """What never arrives is counted."""
    deliveries = Deliveries([wrote(3), wrote(2), got(1)])
    assert [deliveries.arrived(at) for at in (0, 1)] == [(1, 3), (0, 2)]
    assert Deliveries([wrote(3)]).arrived(0) == (0, 3)


def test_directions_are_apart() -> None:
    """What arrives at the server is not what the server wrote."""
    assert not Deliveries([wrote(3, end="server"), got(3)]).is_at_once(0)


def test_delivery_before_its_write() -> None:
    """A delivery has nothing of what is written later."""
    assert not Deliveries([got(3), wrote(3)]).is_at_once(1)
    assert not Deliveries([got(3), wrote(3), got(3)]).is_at_once(1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=12))
def test_writes_at_once_arrived(steps: list[tuple[bool, int]]) -> None:
    """Whatever happens, what is at once has arrived, and nothing arrives more than once."""
    events = [wrote(size) if is_write else got(size) for is_write, size in steps]
    deliveries = Deliveries(events)
    total = 0
    for at, event in enumerate(events):
        if event.kind == "write":
            arrived, size = deliveries.arrived(at)
            assert size == len(event.data)
            assert arrived == size or not deliveries.is_at_once(at)
            total += arrived
    assert total <= sum(len(event.data) for event in events if event.kind == "receive")
