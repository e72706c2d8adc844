"""Tests of a story as SVG."""

from __future__ import annotations

import re

import pytest

from mcws_protocol import Lines
from mcws_testkit import Speech, TraceEvent
from mcws_testkit._drawing import Drawing, drawing
from mcws_testkit._story import tell

from .thermo import THERMO, disturbed


def drawn(*events: TraceEvent) -> Drawing:
    """Return the drawing of these events."""
    return drawing(tell(events, Speech(Lines())))


def opened(*connections: int) -> list[TraceEvent]:
    """Return the events of connections that are opened at once."""
    return [
        event
        for number in connections
        for event in (
            TraceEvent(0, "open", number, "client", host=f"d{number}"),
            TraceEvent(0, "open", number, "server", host="server"),
        )
    ]


def tops(svg: str) -> list[str]:
    """Return where the events of a drawing begin."""
    return re.findall(r'class="hit" x="\d+" y="(\d+)"', svg)


def test_disturbed_connection() -> None:
    """Each event is an element with its kind, its words and its bytes."""
    parts = drawing(tell(disturbed(), Speech(THERMO)))
    assert parts.lanes.count('class="move ') == 18
    assert parts.lanes.count(' fault" aria-label') == 4
    assert 'class="move arrow receive down"' in parts.lanes
    assert 'data-sent="0.200"' in parts.lanes
    assert "REPLY 7 Config(interval=30) (sent at 0.200)" in parts.lanes
    assert 'data-hex="000000' in parts.lanes
    assert ">device<" in parts.heads
    assert re.findall(r">([\d.]+)<", parts.axis) == [
        *("0.000", "0.200", "2.700", "3.000", "4.000", "5.000", "9.000")
    ]


def test_ends_that_do_the_same_share_a_row() -> None:
    """What several ends do at once, all the same, stands beside each other."""
    assert len(set(tops(drawn(*opened(1, 2, 3)).lanes))) == 1
    assert len(set(tops(drawn(*opened(1, 1)).lanes))) == 2


def test_lanes_are_shaded_in_turn() -> None:
    """Every other connection has a shade, in its head too."""
    parts = drawn(*opened(1, 2, 3, 4))
    assert parts.lanes.count('class="lane"') == parts.heads.count('class="lane"') == 2


def test_lifelines_end_where_the_connection_is_lost() -> None:
    """A connection that is lost has lifelines to that row, others have them to the end."""
    events = [*opened(1, 2), TraceEvent(1, "lost", 1, "client"), TraceEvent(2, "note")]
    stops = [
        int(stop) for stop in re.findall(r'class="life" d="M\d+ \d+V(\d+)', drawn(*events).lanes)
    ]
    assert stops[0] < stops[1]


@pytest.mark.parametrize(("count", "times"), [(1, 1), (9, 3)])
def test_banner_over_many_lanes_is_told_often(count: int, times: int) -> None:
    """A line over more lanes than a screen has says its words several times."""
    parts = drawn(*opened(*range(1, count + 1)), TraceEvent(1, "heal"))
    assert parts.lanes.count(">heal<") == times


def test_bytes_are_cut() -> None:
    """Of very many bytes, and of very many words, only the first ones are kept."""
    parts = drawn(TraceEvent(0, "receive", 1, "server", b"ab\n" * 5000))
    assert len(re.findall(r'data-hex="(\w+)"', parts.lanes)[0]) == 2048
    assert 'data-size="15000"' in parts.lanes
    assert len(parts.lanes) < 30_000


def test_who_it_happened_to() -> None:
    """What is told of an event says who did it, who got it, and that it was a fault."""
    parts = drawn(
        TraceEvent(0, "receive", 1, "client", b"a\n"),
        TraceEvent(0, "close", 1, "server"),
        TraceEvent(0, "cut", 1, "server", is_fault=True),
        TraceEvent(0, "stall", 1),
    )
    assert re.findall(r'data-title="([^"]+)"', parts.lanes) == [
        "delivery to the client",
        "close at the server",
        "cut on the way to the server, a fault of the schedule",
        "stall",
    ]
