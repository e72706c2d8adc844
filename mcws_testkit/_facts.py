"""Facts: what follows from a record, for all laws that look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from ._events import Event
from ._lifecycle_script import Act
from ._promises import Promise
from ._visits import Message, Record, Visit

Breach: TypeAlias = tuple[Promise, str]
"""A promise that was broken, and how."""

STALL_S: Final = 10.0
"""Seconds for which a client may stop reading before a server may give it up."""
SELF_MADE: Final = {Act.CLOSE, Act.ABORT, Act.KILL, Act.HALF_CLOSE, Act.POISON}
"""What a script does to a connection that may end it."""
STOPS: Final = {Act.STALL, Act.PAUSE}
"""What a script does to a client so that it does not read."""


class Facts:
    """A record, and who is who in it.

    Attributes:
        record: what was done and seen.
        visits: of each session the visit that its messages name; only of those that sent.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.visits: dict[int, Visit] = {}
        self._seen: dict[str, list[int]] = {}
        for event in record.events.log:
            sender = self.sender(event)
            if sender is not None:
                self.visits.setdefault(event.session, sender)
            if event.kind == "message" and event.payload in record.payloads:
                visit, number = record.payloads[event.payload]
                self._seen.setdefault(visit.name, []).append(number)

    def sender(self, event: Event) -> Visit | None:
        """Return who sent the message or request of an event; None if nobody did."""
        if event.kind == "message" and event.payload in self.record.payloads:
            return self.record.payloads[event.payload][0]
        return self.record.requests.get(event.payload) if event.kind == "request" else None

    def seen(self, visit: Visit) -> list[int]:
        """Return the numbers of the messages of a visit that the hooks saw, in order."""
        return self._seen.get(visit.name, [])

    @property
    def connected(self) -> Iterator[Visit]:
        """The visits whose client was connected."""
        return (visit for visit in self.record.visits if visit.client is not None)

    def is_kept(self, visit: Visit) -> bool:
        """Whether nothing may end a connection before the suite does."""
        return (
            self.is_undisturbed(visit)
            and not visit.causes & SELF_MADE
            and self.record.down_s is None
        )

    def is_half_closed(self, visit: Visit) -> bool:
        """Whether all that ends a connection is that its client ended its own direction."""
        return (
            self.is_undisturbed(visit)
            and visit.causes - STOPS == {Act.HALF_CLOSE}
            and self.record.down_s is None
        )

    def is_left_alone(self, visit: Visit) -> bool:
        """Whether neither the network nor the script does anything to a connection."""
        return self.is_undisturbed(visit) and not visit.causes & (SELF_MADE | STOPS)

    def is_undisturbed(self, visit: Visit) -> bool:
        """Whether neither the network nor a client that does not read disturbs a connection."""
        return visit.client is not None and visit.is_safe and visit.stalled_s <= STALL_S


def gaps(messages: Sequence[Message], seen: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong with the order in which messages were seen, apart from missing ends.

    What raised when it was sent, and what a handler failed at, may be missing.
    """
    last = -1
    for number in seen:
        name = _named(messages, number)
        if number == last:
            yield f"{name} came twice"
        elif number < last:
            yield f"{name} came behind {_named(messages, last)}"
        else:
            yield from _missing(messages, range(last + 1, number), f"before {name}")
            last = number


def tail(messages: Sequence[Message], seen: Sequence[int]) -> Iterator[str]:
    """Yield the messages that are missing behind the last one that was seen."""
    yield from _missing(messages, range(max(seen, default=-1) + 1, len(messages)), "in the end")


def _missing(messages: Sequence[Message], numbers: range, where: str) -> Iterator[str]:
    """Yield which of some messages had to come."""
    for number in numbers:
        if messages[number].is_good and not messages[number].is_poison:
            yield f"{_named(messages, number)} is missing {where}"


def _named(messages: Sequence[Message], number: int) -> str:
    """Return what a message says, or its beginning."""
    return repr(messages[number].payload[:20])
