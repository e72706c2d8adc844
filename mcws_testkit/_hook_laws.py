"""The laws of hooks: what a server may tell of its connections, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ._events import Event
from ._facts import Breach, Facts, gaps
from ._promises import Promise
from ._visits import Visit


def told_once(facts: Facts) -> Iterator[Breach]:
    """Each connection is told once, before all else, and its end once, behind all else."""
    is_told: set[int] = set()
    is_over: set[int] = set()
    for event in facts.record.events.log:
        what, session = _named(event), event.session
        if event.kind == "connected":
            if session in is_told:
                yield Promise.CONNECT, f"{what}, which was told before"
            is_told.add(session)
        elif session not in is_told:
            yield Promise.CONNECT, f"{what}, whose beginning was not told"
            is_told.add(session)
        if event.kind == "disconnected" and session in is_over:
            yield Promise.DISCONNECT, f"{what}, which was told before"
        elif event.kind in {"message", "request"} and session in is_over:
            yield Promise.SILENCE, f"{what}, whose end was told before"
        if event.kind == "disconnected":
            is_over.add(session)


def silent_told(facts: Facts) -> Iterator[Breach]:
    """Who has connected is told, also if he says nothing."""
    told = facts.record.told
    there = {
        visit.connection: visit.name for visit in facts.record.settled if _stayed(facts, visit)
    }
    if len(there) > told:
        names = ", ".join(there.values())
        yield Promise.CONNECT, f"{told} connections were told while these had one: {names}"


def _stayed(facts: Facts, visit: Visit) -> bool:
    """Whether nothing ever troubled a connection until the suite closed it."""
    is_left = not visit.causes and visit.finished_s is not None
    return is_left and visit.connection > 0 and facts.is_kept(visit)


def ends_told(facts: Facts) -> Iterator[Breach]:
    """The end of each connection is told, and while the server is up it is told soon."""
    record = facts.record
    if record.is_killed:
        return
    log = record.events.log
    over = {event.session: index for index, event in reversed([*enumerate(log)]) if _ends(event)}
    for session in dict.fromkeys(event.session for event in log):
        if session not in over:
            yield Promise.DISCONNECT, f"the end of {_who(facts, session)} was never told"
        elif record.stopping is not None and over[session] >= record.stopping:
            yield Promise.DISCONNECT, f"the end of {_who(facts, session)} was told at `stop` only"


def one_at_a_time(facts: Facts) -> Iterator[Breach]:
    """A message handler runs alone, and ends before the end of its connection is told."""
    running: dict[int, bytes] = {}
    requests = facts.record.requests
    for event in facts.record.events.log:
        busy = running.get(event.session)
        if event.kind in {"message", "disconnected"} and busy is not None:
            yield Promise.SERIAL, f"{_named(event)}, while {busy!r} is being handled"
        if event.payload in requests:
            continue
        if event.kind == "begun":
            running[event.session] = event.payload
        elif event.kind == "done":
            running.pop(event.session, None)


def in_order(facts: Facts) -> Iterator[Breach]:
    """Messages are seen as they were sent, and nothing else is."""
    record = facts.record
    for visit in record.visits:
        for problem in gaps(visit.sent, facts.seen(visit)):
            yield Promise.ORDER, f"of {visit.name} {problem}"
    for event in record.events.log:
        if event.kind in {"message", "request"} and facts.sender(event) is None:
            yield Promise.ORDER, f"{_named(event)}, which nobody sent"
    asked = Counter(event.payload for event in record.events.log if event.kind == "request")
    for payload, times in asked.items():
        if times > 1:
            yield Promise.REPLIES, f"request {payload!r} was handled {times} times"


def each_his_own(facts: Facts) -> Iterator[Breach]:
    """The messages of one connection are told of one connection."""
    sessions: dict[str, int] = {}
    for event in facts.record.events.log:
        sender = facts.sender(event)
        if sender is None:
            continue
        known = facts.visits[event.session]
        if known is not sender:
            yield Promise.PRIVACY, f"{_named(event)}, which is of {known.name}"
        elif sessions.setdefault(sender.name, event.session) != event.session:
            yield Promise.PRIVACY, f"{sender.name} was told as two connections"


def none_registered(facts: Facts) -> Iterator[Breach]:
    """When all clients are gone, the server has none."""
    if facts.record.registry:
        yield Promise.REGISTRY, f"{facts.record.registry} clients are left, though all are gone"


def _ends(event: Event) -> bool:
    """Whether an event is the end of a connection."""
    return event.kind == "disconnected"


def _who(facts: Facts, session: int) -> str:
    """Return the name of a connection of the hooks."""
    visit = facts.visits.get(session)
    return f"connection {session}" + ("" if visit is None else f" ({visit.name})")


def _named(event: Event) -> str:
    """Return an event in words."""
    what = f" {event.payload[:20]!r}" if event.payload else ""
    return f"{event.kind}{what} of connection {event.session}"
