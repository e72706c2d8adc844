"""Tests of a trace as it is told."""

from __future__ import annotations

import pytest

from mcws_protocol import Lines
from mcws_testkit import TraceEvent
from mcws_testkit._speech import Speech
from mcws_testkit._story import Lane, Shape, tell
from mcws_testkit._trace import End, Kind


def texts(*events: TraceEvent) -> list[str]:
    """Return what is told of each event."""
    return [" | ".join(move.texts) for move in tell(events, Speech(Lines())).moves]


@pytest.mark.parametrize(
    ("kind", "connection", "end", "shape", "words"),
    [
        ("listen", 0, "", "banner", "listen h why"),
        ("crash", 0, "", "banner", "crash h why"),
        ("note", 0, "", "banner", "why"),
        ("open", 1, "client", "side", "open: why"),
        ("close", 1, "server", "side", "close(): why"),
        ("lost", 1, "client", "side", "lost: why"),
        ("note", 1, "client", "side", "why"),
        ("eof", 1, "server", "arrow", "FIN: why"),
        ("reset", 1, "client", "arrow", "RST: why"),
        ("reset", 1, "", "middle", "RST: why"),
        ("cut", 1, "server", "middle", "cut to the server: why"),
        ("stall", 1, "", "middle", "stall: why"),
        ("close", 1, "", "middle", "close(): why"),
    ],
)
def test_shape_and_words(kind: Kind, connection: int, end: End, shape: Shape, words: str) -> None:
    """What happened and to whom decides where it is shown and what it says."""
    event = TraceEvent(0, kind, connection, end, detail="why", host="h")
    (move,) = tell([event], Speech()).moves
    assert (move.shape, move.texts) == (shape, (words,))


def test_words_without_detail() -> None:
    """An event without detail is told by its kind."""
    assert texts(TraceEvent(0, "open", 1, "client"), TraceEvent(0, "note")) == ["open", "note"]


def test_whole_write_is_not_told_twice() -> None:
    """A write that arrived whole and at once is told by its delivery alone."""
    write = TraceEvent(1, "write", 1, "client", b"a\n")
    (move,) = tell([write, TraceEvent(1, "receive", 1, "server", b"a\n")], Speech(Lines())).moves
    assert (move.texts, move.sent_s) == (("'a'",), None)


def test_late_delivery_says_when_it_was_sent() -> None:
    """A write that arrives later is told at its time, and its delivery says when that was."""
    write = TraceEvent(1, "write", 1, "client", b"a\n")
    one, two = tell([write, TraceEvent(3, "receive", 1, "server", b"a\n")], Speech()).moves
    assert (one.texts, one.sent_s) == ((r"write 'a\n'",), None)
    assert (two.texts, two.sent_s) == ((r"'a\n'",), 1)


def test_cut_write_is_told_itself() -> None:
    """A write that arrived in pieces is told, and so is each piece."""
    events = [
        TraceEvent(0, "write", 1, "client", b"ab\nc\n"),
        TraceEvent(0, "receive", 1, "server", b"a"),
        TraceEvent(0, "receive", 1, "server", b"b\nc\n"),
    ]
    assert texts(*events) == ["write 'ab' | 'c'", "+1 B of a frame", "'ab' | 'c'"]


@pytest.mark.parametrize(
    ("there", "rest"), [(b"", "(never arrives)"), (b"a", "(only 1 of 3 B arrive)")]
)
def test_write_that_does_not_arrive(there: bytes, rest: str) -> None:
    """What of a write does not arrive is told with it."""
    write = TraceEvent(0, "write", 1, "client", b"ab\n")
    assert texts(write, TraceEvent(0, "receive", 1, "server", there))[0] == f"write 'ab' {rest}"


def test_writing_nothing_is_not_told() -> None:
    """A write of no bytes has nothing to tell; a delivery of none does."""
    assert texts(TraceEvent(0, "write", 1, "client")) == []
    assert texts(TraceEvent(0, "receive", 1, "client")) == ["nothing"]


def test_frames_keep_the_detail() -> None:
    """What the simulation says about a delivery stands behind its frames."""
    event = TraceEvent(0, "receive", 1, "server", b"a\nb\n", detail="raced")
    assert texts(event) == ["'a' | 'b' (raced)"]


def test_bytes_of_nobody() -> None:
    """Bytes without an end are counted."""
    assert texts(TraceEvent(0, "receive", 1, "", b"abc")) == ["3 B"]


def test_lanes_have_the_names_of_hosts() -> None:
    """A lane is named by the first host of each end, and by the end where there is none."""
    events = [
        TraceEvent(0, "open", 2, "client", host="device"),
        TraceEvent(0, "lost", 2, "client", host="other"),
        TraceEvent(0, "open", 1, "server", host="a\nb"),
        TraceEvent(0, "crash", host="elsewhere"),
    ]
    story = tell(events, Speech())
    assert story.lanes == (Lane(1, "client", r"a\nb"), Lane(2, "device", "server"))
    assert not story.has_one_pair


@pytest.mark.parametrize(("time_s", "shown"), [(0.25, "0.250"), (0.0001, "0.000100")])
def test_times_have_as_many_places_as_they_need(time_s: float, shown: str) -> None:
    """Milliseconds are enough unless something happened between two of them."""
    assert tell([TraceEvent(time_s, "note")], Speech()).time(time_s) == shown
