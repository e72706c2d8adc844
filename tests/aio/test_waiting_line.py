"""WaitingLine: order, sizes, and what is taken back or left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from mcws_protocol import RequestFrame
from mcws_protocol.aio import _waiting_line
from mcws_protocol.aio._waiting_line import Waiting, WaitingLine


def line(*kinds: str) -> WaitingLine:
    """Return a line of 10-byte messages "m", broadcasts "s", and requests, by their ids."""
    made = WaitingLine()
    for kind in kinds:
        if kind.isdigit():
            made.put(Waiting(10, [], RequestFrame(int(kind), b"")))
        else:
            made.put(Waiting(10, [kind.encode()], is_shared=kind == "s"))
    return made


def rest(made: WaitingLine) -> str:
    """Return what is left, taken out in order."""
    kinds = ""
    while made:
        waiting = made.pop()
        kinds += "r" if waiting.frame is not None else waiting.parts[0].decode()
    return kinds


def test_line_keeps_order_and_size() -> None:
    """First in, first out; the size is that of all."""
    made = line("m", "1", "s")
    assert (bool(made), made.size) == (True, 30)
    assert rest(made) == "mrs"
    assert (bool(made), made.size) == (False, 0)


def test_clear() -> None:
    """Nothing is left."""
    made = line("m", "1")
    made.clear()
    assert (bool(made), made.size) == (False, 0)


def test_take_back_one() -> None:
    """The request of that id goes, once; messages never do."""
    made = line("m", "1", "2")
    assert made.take_back(2)
    assert not made.take_back(2)
    assert (made.size, rest(made)) == (20, "mr")


def test_take_back_all() -> None:
    """All requests go and nothing else."""
    made = line("1", "m", "2", "s")
    made.take_back_all()
    assert (made.size, rest(made)) == (20, "ms")


@pytest.mark.parametrize(
    ("excess", "count", "left"),
    [(1, 1, "mss"), (10, 1, "mss"), (11, 2, "ms"), (30, 3, "m"), (31, 0, "smss")],
)
def test_leave_out_the_oldest_that_are_needed(excess: int, count: int, left: str) -> None:
    """No more than needed, and none where they would not be enough."""
    made = line("s", "m", "s", "s")
    assert made.leave_out(excess) == count
    assert (made.size, rest(made)) == (40 - 10 * count, left)


def test_dropped_places_are_passed_over() -> None:
    """What was dropped is not taken out, counted, or left out once more."""
    made = line("m", "s", "1", "s", "m", "m", "m")
    assert made.leave_out(5) == 1
    assert made.take_back(1)
    assert made.leave_out(5) == 1
    assert made.leave_out(5) == 0
    assert (made.size, rest(made)) == (40, "mmmm")


def test_dropped_places_do_not_pile_up() -> None:
    """However many requests are given up behind one message, few places are kept for them."""
    made = line("m")
    for number in range(1000):
        made.put(Waiting(10, [], RequestFrame(number, b"")))
        assert made.take_back(number)
    assert made.size == 10
    assert len(made._items) <= 3


class Steps(deque[Waiting]):
    """A deque that counts the items which were looked at.

    Attributes:
        looks: how many, of all such deques.
    """

    looks = 0

    def __iter__(self) -> Iterator[Waiting]:
        for waiting in super().__iter__():
            Steps.looks += 1
            yield waiting


def test_taking_back_many_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order, a few looks at each are enough for all."""
    monkeypatch.setattr(_waiting_line, "deque", Steps)
    monkeypatch.setattr(Steps, "looks", 0)
    number = 1000
    made = line(*map(str, range(number)))
    for correlation_id in reversed(range(number)):
        assert made.take_back(correlation_id)
    assert (bool(made), made.size) == (False, 0)
    assert Steps.looks <= 3 * number
