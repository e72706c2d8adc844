"""The laws of streams: what has to arrive at the other end, and what must not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from ._facts import STOPS, Breach, Facts, gaps, tail
from ._lifecycle_script import Act
from ._promises import Promise
from ._stage import SAFE_DELAYS_S
from ._visits import Broadcast, Visit


def arrives(facts: Facts) -> Iterator[Breach]:
    """What was sent is seen, unless something may lose it."""
    for visit in facts.connected:
        promise = _promise_of(facts, visit)
        if promise is None:
            continue
        for message in visit.sent:
            if message.error is not None:
                yield promise, f"of {visit.name} {message!r} though nothing ended it"
        for problem in tail(visit.sent, facts.seen(visit)):
            yield promise, f"of {visit.name} {problem}"


def _promise_of(facts: Facts, visit: Visit) -> Promise | None:
    """Return the promise by which the messages of a visit arrive; None if they may be lost."""
    if facts.is_kept(visit):
        return Promise.DELIVERY
    if facts.is_half_closed(visit):
        return Promise.HALF_CLOSE
    is_up = facts.record.down_s is None
    is_closed = visit.causes == {Act.CLOSE} and facts.is_undisturbed(visit)
    return Promise.FLUSH if is_closed and is_up and _was_quick(visit) else None


def _was_quick(visit: Visit) -> bool:
    """Whether a close was not given up, as one may be that slow handlers hold up for long."""
    close = visit.call("close")
    return close is not None and (close.end_s or math.inf) - close.start_s <= SAFE_DELAYS_S


def nothing_strange(facts: Facts) -> Iterator[Breach]:
    """A client receives what is its own and what is for all."""
    news = {one.payload for one in facts.record.broadcasts}
    for visit in facts.connected:
        for _, payload in visit.received:
            sender = facts.record.payloads.get(payload, (None, 0))[0]
            what = f"{visit.name} received {payload[:20]!r}"
            if payload in facts.record.requests:
                yield Promise.REPLIES, f"{what}, a reply, as a message"
            elif payload not in news and sender is None:
                yield Promise.DELIVERY, f"{what}, which nobody sent"
            elif payload not in news and sender is not visit:
                yield Promise.PRIVACY, f"{what}, which is not its own"


def echoes(facts: Facts) -> Iterator[Breach]:
    """What a client sent comes back, in order."""
    for visit in facts.connected:
        own = [facts.record.payloads.get(payload, (None, 0)) for _, payload in visit.received]
        back = [number for sender, number in own if sender is visit]
        for problem in gaps(visit.sent, back):
            yield Promise.ECHO, f"to {visit.name} {problem}"
        if _promise_of(facts, visit) in {Promise.DELIVERY, Promise.HALF_CLOSE}:
            for problem in tail(visit.sent, back):
                yield Promise.ECHO, f"to {visit.name} {problem}"


def broadcasts(facts: Facts) -> Iterator[Breach]:
    """A broadcast reaches whom it is for, once and in order."""
    record = facts.record
    for news in record.broadcasts:
        if news.error is not None and (record.down_s is None or news.start_s < record.down_s):
            yield Promise.BROADCAST, f"{news!r}"
    numbers = {news.payload: number for number, news in enumerate(record.broadcasts)}
    for session, visit in facts.visits.items():
        got = [numbers[payload] for _, payload in visit.received if payload in numbers]
        for number in got:
            if not _is_for(record.broadcasts[number], session):
                what = record.broadcasts[number].payload
                yield Promise.FILTER, f"{visit.name} got {what!r}, which its filter does not take"
        for problem in _order(facts, session, visit, got):
            yield Promise.BROADCAST, f"to {visit.name} {problem}"
        yield from _drained(facts, session, visit, got)


def _is_for(news: Broadcast, session: int) -> bool:
    """Whether the filter of a broadcast takes a connection."""
    return news.chosen is None or session in news.chosen


def _has_to(news: Broadcast, session: int) -> bool:
    """Whether a broadcast has to reach a connection that lives on."""
    return news.is_good and session in news.sessions and _is_for(news, session)


def _order(facts: Facts, session: int, visit: Visit, got: list[int]) -> Iterator[str]:
    """Yield what is wrong with the broadcasts that one connection got."""
    news = facts.record.broadcasts
    for before, number in itertools.pairwise(got):
        if number == before:
            yield f"{news[number].payload!r} came twice"
        elif number < before:
            yield f"{news[number].payload!r} came behind {news[before].payload!r}"
    if visit.causes & STOPS:
        # Who does not read may miss some: to drop them is one way to be rid of a slow client.
        return
    last = len(news) if facts.is_kept(visit) else max(got, default=0)
    for number in range(last):
        if number not in got and _has_to(news[number], session):
            yield f"{news[number].payload!r} is missing"


def _drained(facts: Facts, session: int, visit: Visit, got: list[int]) -> Iterator[Breach]:
    """Yield the broadcasts that a drain lost."""
    drain = next((call for call in facts.record.server_calls if call.name == "drain"), None)
    if drain is None or not facts.is_left_alone(visit):
        return
    for number, news in enumerate(facts.record.broadcasts):
        is_before = news.end_s is not None and news.end_s < drain.start_s
        if is_before and _has_to(news, session) and number not in got:
            yield Promise.DRAIN, f"{news.payload!r} did not reach {visit.name}"


def pauses(facts: Facts) -> Iterator[Breach]:
    """Nothing comes while a client has paused and its connection lives."""
    for visit in filter(facts.is_kept, facts.connected):
        for begin, end in visit.paused:
            for _, payload in visit.received[begin:end]:
                yield Promise.PAUSE, f"{visit.name} received {payload[:20]!r} while paused"
