"""Trace: what happened on the simulated network, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

End: TypeAlias = Literal["client", "server", ""]
"""Who of a connection did it, or had it done to; empty for what is no connection's."""

Kind: TypeAlias = Literal[
    # What programs did.
    "listen",
    "open",
    "refused",
    "write",
    "receive",
    "write_eof",
    "eof",
    "pause",
    "resume",
    "close",
    "abort",
    "lost",
    # What the network did.
    "cut",
    "delay",
    "race",
    "reset",
    "stall",
    "partition",
    "heal",
    "order",
    # What happened to hosts.
    "kill",
    "crash",
    "restart",
    "note",
]


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One thing that happened.

    Attributes:
        time_s: when, in virtual seconds since the world began.
        kind: what; ``write`` is a call of the program, ``receive`` a delivery to it.
        connection: the number of the connection, from 1 in the order of opening; 0 for none.
        end: which end of it did this, or got it.
        data: the bytes that were written or received; empty for all other kinds.
        detail: the rest, in words: who, how long, which error.
        is_fault: whether the schedule chose it, so that a benign run has it not.
        host: the name of the host on which it happened; empty where there is none.
    """

    time_s: float
    kind: Kind
    connection: int = 0
    end: End = ""
    data: bytes = b""
    detail: str = ""
    is_fault: bool = False
    host: str = ""


class Trace:
    """All that happened, as a sequence of events."""

    def __init__(self) -> None:
        self._events: list[TraceEvent] = []
        self._has_ended = False

    def add(self, event: TraceEvent) -> None:
        """Write down what happened now."""
        if not self._has_ended:
            self._events.append(event)

    def end(self) -> None:
        """Write nothing more down."""
        self._has_ended = True

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[TraceEvent]:
        return iter(self._events)

    @property
    def digest(self) -> str:
        """64 hex digits that are equal for equal traces: SHA-256 over all events."""
        whole = hashlib.sha256()
        for one in self._events:
            row = (one.time_s, one.kind, one.connection, one.end, one.data, one.detail)
            whole.update(repr((*row, one.is_fault, one.host)).encode())
        return whole.hexdigest()
