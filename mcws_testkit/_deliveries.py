"""Deliveries: which bytes that were written arrived with which others, and which never did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ._trace import TraceEvent


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one direction of one connection, as bytes from its beginning.

    Attributes:
        at: the place in the trace of the write or the delivery.
        start: its first byte.
        stop: the byte behind its last one.
    """

    at: int
    start: int
    stop: int


@dataclass(slots=True)
class _Stream:
    """One direction of one connection."""

    written: list[Piece] = field(default_factory=list[Piece])
    delivered: list[Piece] = field(default_factory=list[Piece])

    @property
    def arrived(self) -> int:
        """Bytes that were delivered."""
        return self.delivered[-1].stop if self.delivered else 0


class Deliveries:
    """The writes and deliveries of a trace, told apart by their place in it."""

    def __init__(self, events: Sequence[TraceEvent]) -> None:
        # What was written to nobody, or by nobody, has the empty end on both sides.
        streams: defaultdict[tuple[int, str], _Stream] = defaultdict(_Stream)
        for at, event in enumerate(events):
            if event.kind == "write":
                _append(streams[event.connection, event.end].written, at, event)
            elif event.kind == "receive":
                sender = {"client": "server", "server": "client"}.get(event.end, "")
                _append(streams[event.connection, sender].delivered, at, event)
        self._arrived: dict[int, tuple[int, int]] = {}
        self._at_once: set[int] = set()
        self._sent_s: dict[int, float] = {}
        for stream in streams.values():
            self._count(stream)
            for write, delivery in _pairs(stream):
                self._sent_s[delivery] = events[write].time_s
                if events[delivery].time_s <= events[write].time_s:
                    self._at_once.add(write)

    def is_at_once(self, write: int) -> bool:
        """Whether the write at this place arrived in one piece, and without any time between."""
        return write in self._at_once

    def arrived(self, write: int) -> tuple[int, int]:
        """Return how many bytes of the write at this place arrived, and how many it has."""
        return self._arrived[write]

    def sent_s(self, delivery: int) -> float | None:
        """Return when the last write was made that is whole in the delivery at this place."""
        return self._sent_s.get(delivery)

    def _count(self, stream: _Stream) -> None:
        for piece in stream.written:
            size = piece.stop - piece.start
            there = min(max(stream.arrived - piece.start, 0), size)
            self._arrived[piece.at] = there, size


def _append(pieces: list[Piece], at: int, event: TraceEvent) -> None:
    start = pieces[-1].stop if pieces else 0
    pieces.append(Piece(at, start, start + len(event.data)))


def _pairs(stream: _Stream) -> Iterable[tuple[int, int]]:
    """Yield each write that arrived in one piece, with its delivery."""
    writes = iter(stream.written)
    write = next(writes, None)
    for got in stream.delivered:
        # A trace that a program made up may tell of a delivery before its write.
        while write is not None and write.at < got.at and write.stop <= got.stop:
            if write.start >= got.start:
                yield write.at, got.at
            write = next(writes, None)
