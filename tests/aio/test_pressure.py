"""Pressure: progress of a slow reader, and what may be left out for it."""

from __future__ import annotations

from mcws_protocol.aio._pressure import Pressure


def test_pressure_begins_with_progress() -> None:
    """The time without progress counts from the beginning."""
    pressure = Pressure(100, 50.0)
    assert pressure.held == 100
    assert pressure.stalled_s(50.0) == 0.0
    assert pressure.stalled_s(53.5) == 3.5
    assert not pressure.was_full
    assert pressure.unsaid == 0


def test_pressure_with_fewer_bytes_is_progress() -> None:
    """One byte that left is progress, and forgives that something was refused."""
    pressure = Pressure(100, 50.0)
    pressure.was_full = True
    pressure.note(99, 60.0)
    assert pressure.held == 99
    assert pressure.stalled_s(61.0) == 1.0
    assert not pressure.was_full


def test_pressure_with_as_many_bytes_is_none() -> None:
    """The same number is no progress."""
    pressure = Pressure(100, 50.0)
    pressure.was_full = True
    pressure.note(100, 60.0)
    assert pressure.stalled_s(61.0) == 11.0
    assert pressure.was_full


def test_pressure_with_more_bytes_is_none() -> None:
    """A transport that has more than before made none, but is measured from there."""
    pressure = Pressure(100, 50.0)
    pressure.note(120, 60.0)
    assert pressure.stalled_s(61.0) == 11.0
    pressure.note(110, 62.0)
    assert pressure.stalled_s(62.0) == 0.0


def test_sacrifice_without_candidates() -> None:
    """Where nothing may be left out, nothing is."""
    parts = [b"message"]
    assert Pressure(0, 0.0).sacrifice(parts, 1) == (0, 0)
    assert parts == [b"message"]


def droppable() -> tuple[Pressure, list[bytes]]:
    """Return pressure with two parts of ten bytes that may be left out among others."""
    pressure = Pressure(0, 0.0)
    pressure.note_droppable(1, 10)
    pressure.note_droppable(3, 10)
    return pressure, [b"keep", b"a" * 10, b"keep", b"b" * 10]


def test_sacrifice_takes_the_oldest_first() -> None:
    """As few as are needed are emptied, and the others keep their places."""
    pressure, parts = droppable()
    assert pressure.sacrifice(parts, 10) == (1, 10)
    assert parts == [b"keep", b"", b"keep", b"b" * 10]


def test_sacrifice_takes_one_more_for_one_byte_more() -> None:
    """Messages are left out whole."""
    pressure, parts = droppable()
    assert pressure.sacrifice(parts, 11) == (2, 20)
    assert parts == [b"keep", b"", b"keep", b""]


def test_sacrifice_that_does_not_suffice() -> None:
    """Where all together is too little, nothing is left out for nothing."""
    pressure, parts = droppable()
    assert pressure.sacrifice(parts, 21) == (0, 0)
    assert pressure.sacrifice(parts, 20) == (2, 20)


def test_sacrifice_takes_nothing_twice() -> None:
    """What was emptied is no candidate any more."""
    pressure, parts = droppable()
    pressure.sacrifice(parts, 1)
    assert pressure.sacrifice(parts, 1) == (1, 10)
    assert pressure.sacrifice(parts, 1) == (0, 0)
