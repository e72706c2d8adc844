"""Trace: what happened on the simulated network, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass
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


_Row: TypeAlias = tuple[float, Kind, int, End, bytes, str, bool, str]


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One thing that happened on the simulated network.

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
    """All that happened on the simulated network, as a sequence of events."""

    def __init__(self) -> None:
        # The fields of events: most traces are written, and never read.
        self._rows: list[_Row] = []
        self._has_ended = False

    def tell(
        self,
        time_s: float,
        kind: Kind,
        connection: int = 0,
        end: End = "",
        data: bytes = b"",
        detail: str = "",
        is_fault: bool = False,
        host: str = "",
    ) -> None:
        """Write down what happened now: the fields of a ``TraceEvent``."""
        if not self._has_ended:
            self._rows.append((time_s, kind, connection, end, data, detail, is_fault, host))

    def add(self, event: TraceEvent) -> None:
        """Write down an event."""
        self.tell(*astuple(event))

    def end(self) -> None:
        """Write nothing more down."""
        self._has_ended = True

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[TraceEvent]:
        return (TraceEvent(*row) for row in self._rows)

    @property
    def digest(self) -> str:
        """64 hex digits that are equal for equal traces: SHA-256 over all events."""
        whole = hashlib.sha256()
        for row in self._rows:
            whole.update(repr(row).encode())
        return whole.hexdigest()
