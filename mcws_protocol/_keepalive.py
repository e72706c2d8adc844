"""Keepalive: when to send a PING, whom to take for dead, and who pings too often.

Source: WIRE 4, FAULTS 7 and 10.
"""

from __future__ import annotations

import functools
import math
from typing import Final

from ._events import PingFrame, PongFrame

# How many times `interval_s` a peer may be silent before it is taken for dead.
# A live peer that has nothing to say pings once per interval, so two of its PINGs are missing by
# then, and half an interval is for the way (WIRE 4).
SILENCE: Final = 2.5
# So many PINGs in a row that came too early close the connection.
# One or two may have been delayed on the way and arrive together (FAULTS 7).
STRIKES: Final = 3
# Seconds between two PINGs from which on none is early; less if half the interval is less.
SPACING_S: Final = 5.0
# Before any PING; one object for all connections.
LONG_AGO: Final = -math.inf


class Keepalive:
    """The pings of one connection.

    Attributes:
        interval_s: seconds of sending nothing after which a PING goes out.
        rtt: seconds between the last answered PING and its PONG; None before the first.
    """

    __slots__ = (
        "_count",
        "_excused",
        "_is_shared",
        "_pinged_at",
        "_strikes",
        "_was_pinged_at",
        "interval_s",
        "rtt",
    )

    def __init__(self, interval_s: float, *, is_shared: bool = False) -> None:
        self.interval_s = interval_s
        self._is_shared = is_shared
        self.rtt: float | None = None
        self._count = 0
        self._pinged_at = math.inf
        self._was_pinged_at = LONG_AGO
        self._strikes = 0
        # PINGs that may come early, since they waited while this end was not reading.
        self._excused = 0.0

    def own(self) -> Keepalive:
        """Return one that may take note of a PING: this one, unless many connections share it."""
        return Keepalive(self.interval_s) if self._is_shared else self

    def due_at(self, sent_at: float) -> float:
        """Return when the next PING is due, if nothing else is sent before."""
        # A PING behind a blocked transport has not left yet, so `sent_at` did not move; without
        # `_pinged_at` every sweep would queue another one.
        since = sent_at if math.isinf(self._pinged_at) else max(sent_at, self._pinged_at)
        return since + self.interval_s

    def dead_at(self, heard_at: float) -> float:
        """Return when a peer that was last heard at ``heard_at`` is taken for dead."""
        return heard_at + self.interval_s * SILENCE

    def ping(self, now: float) -> PingFrame:
        """Return the PING to send now; its bytes are a counter."""
        # Four bytes tell it from all older ones: its PONG is here long before the counter wraps.
        self._count = (self._count + 1) & 0xFFFF_FFFF
        self._pinged_at = now
        return PingFrame(self._count.to_bytes(4, "big"))

    def ponged(self, frame: PongFrame, now: float) -> None:
        """Note a PONG; one that answers an older PING tells nothing."""
        # Before the first PING the counter matches an unasked PONG of four zeros.
        if frame.payload == self._count.to_bytes(4, "big") and not math.isinf(self._pinged_at):
            self.rtt = now - self._pinged_at

    def pinged(self, now: float) -> bool:
        """Note a PING of the peer; return whether its pings have become a flood."""
        early = now - self._was_pinged_at < self._spacing_s
        self._was_pinged_at = now
        if early and self._excused >= 1:
            self._excused -= 1
            return False
        # In a row: one PING in time forgives all before it.
        self._strikes = self._strikes + 1 if early else 0
        return self._strikes >= STRIKES

    def excuse(self, seconds: float) -> None:
        """Let as many PINGs come early as may have been sent in a time without reading."""
        # They waited in the buffers of the operating system and are read all at once (FAULTS 10).
        self._excused += max(seconds, 0) / self._spacing_s

    @property
    def _spacing_s(self) -> float:
        """Seconds between two PINGs from which on none is early."""
        # An honest peer pings once per interval; the other half is for the delays of the network.
        return min(SPACING_S, self.interval_s / 2)


@functools.lru_cache
def fresh(interval_s: float) -> Keepalive:
    """Return what all connections share that have the same interval and have seen no PING yet."""
    return Keepalive(interval_s, is_shared=True)
