"""Trace: events in order and their digest."""

from __future__ import annotations

from mcws_testkit import Trace, TraceEvent


def trace(*events: TraceEvent) -> Trace:
    """Return a trace of some events."""
    made = Trace()
    for event in events:
        made.add(event)
    return made


def test_trace_is_a_sequence_of_events() -> None:
    """Events are kept in order."""
    events = [TraceEvent(0.0, "open", 1), TraceEvent(1.5, "write", 1, "client", b"x")]
    made = trace(*events)
    assert len(made) == 2
    assert list(made) == events


def test_equal_traces_have_equal_digests() -> None:
    """A digest is 64 hex digits that all of the events decide."""
    event = TraceEvent(1.5, "write", 1, "client", b"x")
    assert trace(event).digest == trace(event).digest
    assert len(trace().digest) == 64
    others = [
        TraceEvent(1.6, "write", 1, "client", b"x"),
        TraceEvent(1.5, "receive", 1, "client", b"x"),
        TraceEvent(1.5, "write", 2, "client", b"x"),
        TraceEvent(1.5, "write", 1, "server", b"x"),
        TraceEvent(1.5, "write", 1, "client", b"y"),
        TraceEvent(1.5, "write", 1, "client", b"x", "more"),
        TraceEvent(1.5, "write", 1, "client", b"x", is_fault=True),
    ]
    assert len({trace(one).digest for one in (event, *others)}) == 8
