"""Story: a trace as it is told, whatever draws it.

A delivery is told by the frames that it completes. A write that was delivered whole and at once
is told by that delivery alone; one that was cut, late or lost is told by itself too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ._deliveries import Deliveries
from ._escaped import line
from ._meaning import Sender
from ._speech import Conversation, Speech
from ._trace import TraceEvent

Shape: TypeAlias = Literal["arrow", "side", "middle", "banner"]
"""What goes from end to end, what one end did, what the network did, what concerns more."""

ARROWS: Final = {"receive": "", "eof": "FIN", "reset": "RST"}
SIDES: Final = frozenset(
    {"open", "refused", "write", "write_eof", "pause", "resume", "close", "abort", "lost", "note"}
)
CALLS: Final = frozenset({"write_eof", "close", "abort"})
DETAIL_MAX: Final = 120
"""Characters of what the simulation says about an event."""
HOST_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Move:
    """One event as it is told.

    Attributes:
        event: what happened.
        shape: where it is shown.
        texts: what it says, in pieces that may stand in lines of their own; at least one.
        sent_s: when the last write was made that it delivers whole, if that was earlier.
    """

    event: TraceEvent
    shape: Shape
    texts: tuple[str, ...]
    sent_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection.

    Attributes:
        connection: its number.
        client: the host that opened it; "client" if it has no name.
        server: the host that it was opened to; "server" if it has no name.
    """

    connection: int
    client: str
    server: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that is told of a trace.

    Attributes:
        moves: what happened, in order.
        lanes: the connections, by their number.
        places: decimal places that tell its times apart, 3 or 6.
    """

    moves: tuple[Move, ...]
    lanes: tuple[Lane, ...]
    places: int

    def time(self, time_s: float) -> str:
        """Return a time in seconds, with as many places as all others of the story."""
        return f"{time_s:.{self.places}f}"

    @property
    def has_one_pair(self) -> bool:
        """Whether all connections are between the same two hosts."""
        return len({(lane.client, lane.server) for lane in self.lanes}) <= 1


def tell(trace: Iterable[TraceEvent], speech: Speech) -> Story:
    """Return the story of a trace."""
    events = tuple(trace)
    deliveries = Deliveries(events)
    teller = _Teller(speech)
    moves: list[Move] = []
    for at, event in enumerate(events):
        # Also what is not told is heard: the next write may end a frame that this one began.
        texts = teller.texts(event)
        if event.kind == "write":
            if deliveries.is_at_once(at) or not event.data:
                continue
            texts = _written(texts, *deliveries.arrived(at))
        sent_s = deliveries.sent_s(at)
        is_late = sent_s is not None and sent_s < event.time_s
        moves.append(Move(event, _shape(event), texts, sent_s if is_late else None))
    return Story(tuple(moves), _lanes(events), _places(events))


def _places(events: Iterable[TraceEvent]) -> int:
    # Microseconds only where some are needed; less than one is an error of rounding.
    is_coarse = all(abs(event.time_s - round(event.time_s, 3)) < 5e-7 for event in events)
    return 3 if is_coarse else 6


def _shape(event: TraceEvent) -> Shape:
    if not event.connection:
        return "banner"
    if event.end and event.kind in ARROWS:
        return "arrow"
    return "side" if event.end and event.kind in SIDES else "middle"


def _lanes(events: Iterable[TraceEvent]) -> tuple[Lane, ...]:
    names: dict[int, dict[str, str]] = {}
    for event in events:
        if event.connection:
            ends = names.setdefault(event.connection, {})
            # What is said first: a host keeps its name.
            if event.end and event.host:
                ends.setdefault(event.end, line(event.host, HOST_MAX))
    return tuple(
        Lane(number, ends.get("client", "client"), ends.get("server", "server"))
        for number, ends in sorted(names.items())
    )


# Words


class _Teller:
    """Finds the words for events, in their order."""

    def __init__(self, speech: Speech) -> None:
        # What was written and what arrived are two streams: a fault may be between them.
        self._written: defaultdict[int, Conversation] = defaultdict(speech.conversation)
        self._delivered: defaultdict[int, Conversation] = defaultdict(speech.conversation)

    def texts(self, event: TraceEvent) -> tuple[str, ...]:
        """Return the words for one event."""
        detail = line(event.detail, DETAIL_MAX)
        if event.kind in {"write", "receive"}:
            words = self._frames(event) or ("nothing",)
            return (*words[:-1], f"{words[-1]} ({detail})") if detail else words
        if event.kind == "note":
            return (detail or "note",)
        word = ARROWS.get(event.kind) or event.kind
        if event.kind in CALLS:
            word += "()"
        if not event.connection:
            host = line(event.host, HOST_MAX)
            return (" ".join(filter(None, (word, host, detail))),)
        if event.end and _shape(event) == "middle":
            word += f" to the {event.end}"
        return (f"{word}: {detail}" if detail else word,)

    def _frames(self, event: TraceEvent) -> tuple[str, ...]:
        is_write = event.kind == "write"
        if not event.end:
            return (f"{len(event.data)} B",)
        sender: Sender = event.end if is_write else _other(event.end)
        heard = self._written if is_write else self._delivered
        return heard[event.connection].hear(sender, event.data)


def _other(end: Sender) -> Sender:
    return "server" if end == "client" else "client"


def _written(texts: tuple[str, ...], arrived: int, size: int) -> tuple[str, ...]:
    """Return the words for a write that was cut, late or lost."""
    rest = f" (only {arrived} of {size} B arrive)" if arrived else " (never arrives)"
    words = [f"write {texts[0]}", *texts[1:]]
    if arrived < size:
        words[-1] += rest
    return tuple(words)
