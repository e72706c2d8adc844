"""Tests of a trace as a diagram in text."""

from __future__ import annotations

import typing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcws_protocol import Lines
from mcws_testkit import Speech, TraceEvent
from mcws_testkit._diagram import WIDTH, draw
from mcws_testkit._trace import Kind

from .thermo import THERMO, disturbed

DISTURBED = """\
  time s        device                                                                       server
   0.000       ============================== listen server port 8080 ==============================
          #1   | open                                                                         open |
          #1   |---------------------------------- HELLO id=k1 ----------------------------------->|
   0.200  #1   | write REQUEST 7 GetConfig(section='main')                                         |
          #1   |******************* *** cut to the server: after 3 of 40 B *** ********************|
          #1   |-------------------------------- +3 B of a frame --------------------------------->|
          #1   |---------------------- REQUEST 7 GetConfig(section='main') ----------------------->|
          #1   |                                                 write REPLY 7 Config(interval=30) |
          #1   |*********************** *** delay to the client: 2.5 s *** ************************|
   2.700  #1   |<------------------ REPLY 7 Config(interval=30) (sent at 0.200) -------------------|
   3.000  #1   | write MESSAGE Reading(celsius=21.5) (never arrives)                               |
          #1   |<xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx *** RST *** xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|
          #1   | lost: ConnectionResetError                                                        |
   4.000  #1   |====================================== FIN =======================================>|
          #1   |                                                                           close() |
   5.000       ******************** *** partition between device and server *** ********************
   9.000       ======================================= heal ========================================
"""

LONG_NAMES = [
    TraceEvent(0, "listen", 1, "client", host="c" * 60),
    TraceEvent(1e8 + 0.1875, "listen", 1, "server", host="s" * 60),
]


def note(time_s: float = 0, **more: typing.Any) -> TraceEvent:
    """Return an event that takes one line."""
    return TraceEvent(time_s, "note", **more)


def lines(*events: TraceEvent, rows_max: int = 1000) -> list[str]:
    """Return the lines of a diagram below its head."""
    return draw(events, Speech(Lines()), rows_max=rows_max).split("\n")[1:]


def test_disturbed_connection() -> None:
    """Deliveries are arrows, calls stand where they were made, faults have stars."""
    assert draw(disturbed(), Speech(THERMO)) + "\n" == DISTURBED


def test_nothing_to_draw() -> None:
    """A trace without events is one sentence."""
    assert draw([], Speech()) == "nothing happened on the network"


def test_connections_between_several_hosts() -> None:
    """Where hosts differ, they are listed above the diagram."""
    opened = [TraceEvent(0, "open", at, "client", host=f"d{at}") for at in range(1, 15)]
    head = draw(opened, Speech()).split("\n")[:4]
    assert head[0].startswith("#1 d1 -> server | #2 d2 -> server | ")
    assert head[2].endswith("#12 d12 -> server | and 2 more")
    assert head[3].split() == ["time", "s", "client", "server"]


@pytest.mark.parametrize(
    "second",
    [
        TraceEvent(0, "open", 2, "server"),
        TraceEvent(1, "open", 1, "server"),
        TraceEvent(0, "lost", 1, "server"),
        TraceEvent(0, "open", 1, "client"),
        TraceEvent(0, "open", 1, "server", is_fault=True),
        TraceEvent(0, "open", 1, "server", detail="x" * 90),
    ],
)
def test_rows_that_are_not_joined(second: TraceEvent) -> None:
    """Two events share a row only if both ends did the same at the same time, and it fits."""
    first = TraceEvent(0, "open", 1, "client", detail="y" * 20)
    found = [row for row in lines(first, second) if "open" in row or "lost" in row]
    assert len(found) == 2


def test_names_of_hosts_do_not_run_together() -> None:
    """However wide the times are, there is a blank between the names of both ends."""
    head = draw(LONG_NAMES, Speech()).split("\n")[0]
    time, seconds, client, server = head.split()
    assert (time, seconds, {*client}, {*server}) == ("time", "s", {"c"}, {"s"})


def test_long_names_do_not_share_a_row() -> None:
    """What does not fit beside the other end gets a row of its own."""
    events = [TraceEvent(0, "open", 1, end, detail="x" * 45) for end in ("client", "server")]
    assert "open" in lines(*events)[-1]
    assert "open" in lines(*events)[-2]


def test_many_frames_of_one_delivery() -> None:
    """Frames that need more than one line stand above their arrow, and very many are counted."""
    data = b"".join(b"%d" % at * 30 + b"\n" for at in range(20))
    *above, arrow = lines(TraceEvent(0, "receive", 1, "client", data))
    assert len(above) == 7
    assert "'000000000000000000000000000000' | '111" in above[0]
    assert arrow.split("|", 1)[1].startswith("<---")
    assert "and 8 more" in arrow


def test_time_is_told_when_it_changes() -> None:
    """A time stands at its first row only, with places for microseconds if there are any."""
    assert [row[:10] for row in lines(note(1), note(1), note(2))] == [
        "   1.000  ",
        "          ",
        "   2.000  ",
    ]
    assert lines(note(0.0000015))[0].startswith("0.000002")


def test_long_trace_is_cut_in_the_middle() -> None:
    """Beginning, faults and end of a long trace stay; what is left out is counted."""
    events = [note(at, detail=f"n{at}") for at in range(100)]
    events[50] = note(50, detail="bad", is_fault=True)
    found = lines(*events, rows_max=20)
    assert [row.split()[0] for row in found[:5]] == ["0.000", "1.000", "2.000", "3.000", "4.000"]
    assert [row.strip() for row in found[5:8:2]] == [
        "... rows left out: 45 ...",
        "... rows left out: 39 ...",
    ]
    assert "*** bad ***" in found[6]
    assert found[6].startswith("  50.000")
    assert [row.split()[0] for row in found[8:]] == [f"{at}.000" for at in range(90, 100)]


def test_single_row_is_not_left_out() -> None:
    """A row that stands alone between two that are shown is shown too."""
    events = [note(at, detail="x", is_fault=at == 3) for at in range(9)]
    found = lines(*events, rows_max=8)
    assert len(found) == 9
    assert not any("left out" in row for row in found)


def test_time_is_told_again_behind_a_gap() -> None:
    """The row behind those that were left out tells its time, even if it is that before them."""
    found = lines(*[note(5, detail="x")] * 40, rows_max=8)
    assert [row.startswith("   5.000") for row in found[:4]] == [True, False, False, True]


def test_trace_of_the_allowed_length_is_whole() -> None:
    """Nothing is left out of a trace that is as long as allowed."""
    assert len(lines(*[note(detail="x")] * 8, rows_max=8)) == 8


KINDS = st.sampled_from(typing.get_args(Kind))
EVENTS = st.builds(
    TraceEvent,
    time_s=st.floats(0, 1e9),
    kind=KINDS,
    connection=st.integers(0, 3),
    end=st.sampled_from(["client", "server", ""]),
    data=st.binary(max_size=20),
    detail=st.text(max_size=150),
    is_fault=st.booleans(),
    host=st.text(max_size=60),
)


@given(st.lists(EVENTS, max_size=20), st.integers(1, 30))
@example(LONG_NAMES, 30)
def test_any_trace_is_drawn(events: list[TraceEvent], rows_max: int) -> None:
    """Whatever happened, the diagram is printable ASCII of at most 100 columns, and the same."""
    text = draw(events, Speech(Lines()), rows_max=rows_max)
    assert all(" " <= char <= "~" or char == "\n" for char in text)
    assert max(map(len, text.split("\n"))) <= WIDTH
    assert text == draw(events, Speech(Lines()), rows_max=rows_max)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), max_size=30))
def test_every_delivered_frame_appears(steps: list[tuple[int, int]]) -> None:
    """However streams are cut, each frame that is delivered can be read in the diagram."""
    events: list[TraceEvent] = []
    for at, (connection, cut) in enumerate(steps):
        data = b"frame %d.\n" % at
        events.append(TraceEvent(at, "write", connection, "client", data))
        for part in (data[:cut], data[cut:]):
            events.append(TraceEvent(at, "receive", connection, "server", part))
    text = draw(events, Speech(Lines()), rows_max=1000)
    for at in range(len(steps)):
        assert f"- 'frame {at}.' -" in text
