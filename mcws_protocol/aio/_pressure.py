"""Pressure: what an outbox knows of a reader that is slower than this end writes.

It exists only while the transport cannot pass on what it has.

Source: FAULTS 11, 12.
"""

from __future__ import annotations

from collections import deque


class Pressure:
    """The time during which a transport is blocked.

    Attributes:
        held: bytes that the transport had when it was looked at last.
        was_full: whether anything was refused or dropped since the last progress.
        unsaid: dropped messages that the peer was not told of yet.
    """

    __slots__ = (
        "_droppable",
        "_droppable_bytes",
        "_progress_at",
        "held",
        "unsaid",
        "was_full",
    )

    def __init__(self, held: int, now: float) -> None:
        self.held = held
        self.was_full = False
        self.unsaid = 0
        self._progress_at = now
        self._droppable: deque[int] | None = None
        self._droppable_bytes = 0

    def note_droppable(self, place: int, size: int) -> None:
        """Remember that the part at ``place`` of the outbox may be left out if need be."""
        if self._droppable is None:
            self._droppable = deque()
        self._droppable.append(place)
        self._droppable_bytes += size

    def sacrifice(self, parts: list[bytes], excess: int) -> tuple[int, int]:
        """Empty the oldest of those parts until ``excess`` bytes are free; none if too few can be.

        Returns how many messages that were, and how many bytes.
        """
        if self._droppable is None or self._droppable_bytes < excess:
            return 0, 0
        count = freed = 0
        while freed < excess:
            place = self._droppable.popleft()
            freed += len(parts[place])
            # Emptied and not removed, so that the places of the others stay right.
            parts[place] = b""
            count += 1
        self._droppable_bytes -= freed
        return count, freed

    def note(self, held: int, now: float) -> None:
        """Note how many bytes the transport has now; fewer than before is progress."""
        # However little: a slow reader is not a stopped one.
        if held < self.held:
            self._progress_at = now
            self.was_full = False
        self.held = held

    def stalled_s(self, now: float) -> float:
        """Return for how many seconds there was no progress."""
        return now - self._progress_at
