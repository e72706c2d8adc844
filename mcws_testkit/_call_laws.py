"""The laws of calls: what returns, what fails, and how soon."""

from __future__ import annotations

from collections.abc import Iterator

from ._facts import Breach, Facts
from ._lifecycle_script import Act
from ._promises import Promise
from ._stage import SAFE_DELAYS_S
from ._visits import Message, Visit


def all_return(facts: Facts) -> Iterator[Breach]:
    """Every call ends, and ``receive`` does when its connection has ended."""
    record = facts.record
    for call in (*record.server_calls, *record.broadcasts):
        if call.end_s is None:
            yield Promise.CLOSING, f"of the server {call!r}"
    for visit in record.visits:
        for call in (*visit.calls, *visit.sent):
            if call.end_s is None:
                yield Promise.CLOSING, f"of {visit.name} {call!r}"
    for visit in facts.connected:
        if visit.over is None:
            yield Promise.CLOSING, f"{visit.name} does not know that its connection has ended"
        if visit.finished_s is not None and record.down_s is not None:
            yield Promise.CLOSING, f"{visit.name} outlived its server"


def ends_well(facts: Facts) -> Iterator[Breach]:
    """The server's ``stop`` and ``drain`` do not raise."""
    for call in facts.record.server_calls:
        if call.error is not None and not facts.record.is_killed:
            yield Promise.CLOSING, f"of the server {call!r}"


def lets_in(facts: Facts) -> Iterator[Breach]:
    """Who connects gets in, and stays until somebody ends it."""
    for visit in facts.record.visits:
        connect = visit.call("connect")
        is_failed = connect is not None and connect.error is not None
        if is_failed and visit.is_safe and not _may_be_refused(facts, visit):
            yield Promise.LIVENESS, f"of {visit.name} {connect!r}"
        is_ended = visit.over is not None and visit.finished_s is None
        if is_ended and facts.is_kept(visit):
            assert visit.over is not None
            yield Promise.LIVENESS, f"{visit.name} was ended: {visit.over[1]!r}"


def _may_be_refused(facts: Facts, visit: Visit) -> bool:
    """Whether nobody may be there who lets a visit in, or its own host went down."""
    return facts.record.down_s is not None or Act.KILL in visit.causes


def replies(facts: Facts) -> Iterator[Breach]:
    """A request gets its own reply, or fails for a reason."""
    expected = facts.record.events.replies
    for visit in facts.connected:
        has_to = facts.is_kept(visit) or facts.is_half_closed(visit)
        for request in visit.asked:
            wanted = expected.get(request.payload, request.payload)
            if request.is_good and request.reply != wanted:
                yield Promise.REPLIES, f"{request.payload!r} got {request.reply!r} as its reply"
            elif request.error is not None and has_to and not _is_late(request):
                yield Promise.REPLIES, f"{request.payload!r}: {request!r}"


def _is_late(request: Message) -> bool:
    """Whether a request was given up after a time that the network may have taken."""
    took = (request.end_s or 0.0) - request.start_s
    return isinstance(request.error, TimeoutError) and took > SAFE_DELAYS_S


def fails_soon(facts: Facts) -> Iterator[Breach]:
    """A request fails soon when its connection is lost."""
    record = facts.record
    for visit in facts.connected:
        lost = record.lost_s.get(visit.connection)
        for request in visit.asked:
            if request.end_s is None:
                yield Promise.PROMPT, f"{request.payload!r}: {request!r}"
            elif lost is not None and request.end_s > max(lost, request.start_s) + record.prompt_s:
                late = request.end_s - max(lost, request.start_s)
                yield Promise.PROMPT, f"{request.payload!r} ended {late:g} s behind its connection"


def drains(facts: Facts) -> Iterator[Breach]:
    """A request that runs when the server is drained is answered."""
    record = facts.record
    drain = next((call for call in record.server_calls if call.name == "drain"), None)
    if drain is None:
        return
    log = record.events.log[: record.draining]
    begun = {event.payload for event in log if event.kind == "request"}
    for visit in filter(facts.is_left_alone, facts.connected):
        for request in visit.asked:
            if request.payload in begun and request.error is not None and not _is_late(request):
                yield Promise.DRAIN, f"{request.payload!r}: {request!r}"


def stays_small(facts: Facts) -> Iterator[Breach]:
    """What the server holds for a client that does not read is bounded."""
    record = facts.record
    if record.held_bytes > record.held_max:
        yield (
            Promise.BOUNDED,
            f"the server held {record.held_bytes} bytes for a client that did not read, "
            f"more than {record.held_max}",
        )
