"""The cable of the test kit between two protocols, with what our own tests want to know of it."""

from __future__ import annotations

from typing import Any

from mcws_testkit import Cable, CableTransport, Side

CAPACITY = 65536
"""Bytes that a line holds in each direction."""


class End(CableTransport):
    """One end of a cable: what is written here arrives at the other end, in later turns.

    Attributes:
        other: the other end.
        protocol: what hears of all.
        written: every chunk that was written here.
        half_closes: whether one direction can end alone.
        has_ended: whether this direction has ended alone.
    """

    other: End

    def __init__(self, cable: Cable[Side], name: Side, protocol: Any) -> None:
        super().__init__(cable, name, protocol)
        self.cable = cable
        self.name: Side = name
        self.written: list[bytes] = []
        self.half_closes = True
        # Also once it is lost, when the transport knows of no protocol any more.
        self.protocol = protocol
        self.has_ended = False

    @property
    def toward(self) -> Side:
        """The end that hears what is said here."""
        return "b" if self.name == "a" else "a"

    @property
    def chunk(self) -> int | None:
        """The largest number of bytes that arrive at once."""
        return self.cable.plug(self.toward).every

    @chunk.setter
    def chunk(self, size: int) -> None:
        """Have at most so many bytes arrive at once."""
        self.cable.cut(every=size, toward=self.toward)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return an address that is short in logs, and else what the cable knows."""
        return ("cable", 1) if name == "peername" else super().get_extra_info(name, default)

    def write(self, data: Any) -> None:
        """Keep what is written."""
        self.written.append(bytes(data))
        super().write(data)

    def write_eof(self) -> None:
        """Keep that this direction ends."""
        self.has_ended |= not self.is_closing()
        super().write_eof()

    def can_write_eof(self) -> bool:
        """Whether one direction can end alone."""
        return self.half_closes

    def reset(self) -> None:
        """Lose the connection, as by a reset, at this end."""
        self.cable.reset(toward=self.name)

    def stall(self) -> None:
        """Let nothing through from here, and nobody know; the line is full too."""
        self.cable.plug(self.name).capacity = 0
        self.cable.stall(toward=self.toward)

    def flow(self) -> None:
        """Let everything through again."""
        self.cable.plug(self.name).capacity = CAPACITY
        self.cable.flow(toward=self.toward)


def connect(one: Any, other: Any) -> tuple[End, End]:
    """Join two protocols by a cable and return its ends; both see ``connection_made``."""
    cable: Cable[Side] = Cable("a", "b", capacity=CAPACITY)
    left, right = End(cable, "a", one), End(cable, "b", other)
    left.other, right.other = right, left
    right.start()
    left.start()
    return left, right
