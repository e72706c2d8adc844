"""Limits: what one connection may cost, every figure with its unit and its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

# Bytes: the smallest `frame_bytes_max` that a peer may announce (WIRE 1).
FRAME_BYTES_FLOOR: Final = 256

# Bytes: the largest length that the four bytes of a header can say.
FRAME_BYTES_CEILING: Final = 0xFFFF_FFFF


class SlowConsumer(Enum):
    """What a broadcast does with a client whose outbox is full (FAULTS 11, 12)."""

    DISCONNECT = "disconnect"
    """Close it with 4003: it comes back and starts afresh."""
    DROP_NEWEST = "drop_newest"
    """Leave this message out for this client, count it and send LOSS."""
    DROP_OLDEST = "drop_oldest"
    """Leave out the oldest broadcasts that wait for this client, count them and send LOSS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may cost.

    A limit in bytes is an ``int``, one in seconds an ``int`` or a ``float``; all are above zero.
    Limits in seconds are looked at once a second, or five times within the shortest of them.

    Raises:
        TypeError: a value is not a number of its kind.
        ValueError: a value is outside of its bounds, or a low water above its high water.
    """

    frame_bytes_max: int = (1 << 20) + 64
    """Bytes of the largest frame that this end accepts: 1 MiB of payload behind any header. 256 to
    2**32 - 1. As in ``websockets`` and gRPC, 1 to 4 MiB is where a message should become many."""
    opening_bytes_max: int = 8192
    """Bytes of the largest HELLO; HTTP servers give their request line and headers 8 KiB too."""
    opening_s: float = 5.0
    """Seconds for the whole opening. Five round trips over a satellite fit."""
    keepalive_s: float = 20.0
    """Seconds of sending nothing after which a PING goes out. Routers forget idle connections after
    30 s and more; ``websockets`` pings every 20 s. 1 to 65,535."""
    close_s: float = 5.0
    """Seconds from the decision to close until the connection is aborted."""
    inbox_high_bytes: int = 64 << 10
    """Bytes of messages waiting for their handlers above which reading pauses."""
    inbox_bytes_max: int = 4 << 20
    """Bytes of messages waiting for their handlers above which reading pauses even while this end
    waits for the answer to a request."""
    outbox_high_bytes: int = 64 << 10
    """Bytes waiting to be sent above which an awaited ``send`` waits; asyncio's own default."""
    outbox_low_bytes: int = 16 << 10
    """Bytes waiting to be sent at which those who wait go on."""
    outbox_bytes_max: int = 4 << 20
    """Bytes waiting to be sent above which ``send`` raises: what a stopped reader can cost."""
    stalled_s: float = 20.0
    """Seconds without progress, above high water and with somebody waiting, or at the limit, after
    which a client that does not read is disconnected with 4003."""
    slow_consumer: SlowConsumer = SlowConsumer.DISCONNECT
    """What a broadcast does with a client whose outbox is full."""
    requests_max: int = 64
    """Requests of the peer that run at once; what is above gets ERROR 5."""
    messages_per_turn: int = 128
    """Messages of one client that are handled before the others get their turn (FAULTS 28)."""

    def __post_init__(self) -> None:
        for field in fields(self):
            check_kind(field.name, getattr(self, field.name), field.type)
        check_range("frame_bytes_max", self.frame_bytes_max, FRAME_BYTES_FLOOR, FRAME_BYTES_CEILING)
        # Far below 16 MiB, so that the first byte of a HELLO is always 0 (WIRE 3).
        check_range("opening_bytes_max", self.opening_bytes_max, FRAME_BYTES_FLOOR, 65_536)
        # HELLO and WELCOME carry whole seconds in two bytes (WIRE 2).
        check_range("keepalive_s", self.keepalive_s, 1, 65_535)
        # asyncio refuses a low water above the high one, and with the high one above the maximum
        # `send` would raise where it should wait.
        check_range("outbox_low_bytes", self.outbox_low_bytes, 1, self.outbox_high_bytes)
        check_range("outbox_high_bytes", self.outbox_high_bytes, 1, self.outbox_bytes_max)
        check_range("inbox_high_bytes", self.inbox_high_bytes, 1, self.inbox_bytes_max)

    @property
    def sweep_s(self) -> float:
        """Seconds between two looks at the limits in seconds."""
        # No deadline is overrun by more than a fifth of it, and idle connections cost little.
        shortest = min(self.opening_s, self.keepalive_s, self.close_s, self.stalled_s)
        return min(1.0, shortest / 5)


def check_kind(name: str, value: object, kind: object) -> None:
    """Refuse a limit that is not a number of its kind above zero."""
    # Annotations are text in this file, so kinds are compared by name.
    if kind == "SlowConsumer":
        if not isinstance(value, SlowConsumer):
            raise TypeError(f"{name} must be a SlowConsumer, not {value!r}")
        return
    accepted = int if kind == "int" else (int, float)
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise TypeError(f"{name} must be {kind}, not {value!r}")
    # Not `value <= 0 or ...`: every comparison with a NaN is false.
    if not (0 < value < math.inf):
        raise ValueError(f"{name} must be above 0 and finite, not {value!r}")


def check_range(name: str, value: float, least: float, most: float) -> None:
    """Refuse a limit outside of its bounds."""
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, not {value}")
