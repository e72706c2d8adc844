"""Faults: what a simulated network may do to the programs on it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Faults:
    """What may happen, all of it only what TCP can do; the schedule says what does, and when.

    ``Faults()`` is a network that nothing disturbs. ``dataclasses.replace`` changes single fields.

    Attributes:
        cut: a delivery may bring any part of what is under way, down to one byte.
        delay_s: the longest time that one delivery may take, in seconds; 0 for at once.
        delays_s: the longest time that all deliveries of a world may take together, in seconds.
            Below the shortest timeout of a program, none of its timeouts is due to the network.
        race: a delivery may come together with a timer that is due within ``delay_s``, right before
            or behind it.
        order: what becomes ready at once on several connections may be handled in any order.
        reset: a connection may end at once for both ends, and what is under way is lost.
        stall: one direction may let nothing through until the network heals, and nobody is told.
        refuse: a connect may be refused although somebody listens.
        partition_s: the longest time for which two hosts may not reach each other, in seconds.

    Raises:
        ValueError: a time is negative, or ``delay_s`` or ``partition_s`` is not finite.
    """

    cut: bool = False
    delay_s: float = 0.0
    delays_s: float = 0.0
    race: bool = False
    order: bool = False
    reset: bool = False
    stall: bool = False
    refuse: bool = False
    partition_s: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_s") and not 0 <= value < float("inf"):
                raise ValueError(f"{field.name} must be a number of seconds from 0, not {value!r}")

    @classmethod
    def benign(cls) -> Self:
        """Return a network that nothing disturbs: one write arrives as one read, at once."""
        return cls()

    @classmethod
    def tcp(cls) -> Self:
        """Return what every connection does in its life, and no program may notice.

        Cuts at any byte, delays of up to 2 s, 4 s together, races with timers, any order of I/O.
        """
        return cls(cut=True, delay_s=2.0, delays_s=4.0, race=True, order=True)

    @classmethod
    def chaos(cls) -> Self:
        """Return all that can happen: also resets, stalls, refused connects and partitions.

        Delays of up to 40 s, 90 s together: timeouts of the programs are met.
        """
        return cls(
            cut=True,
            delay_s=40.0,
            delays_s=90.0,
            race=True,
            order=True,
            reset=True,
            stall=True,
            refuse=True,
            partition_s=30.0,
        )
