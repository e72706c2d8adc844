"""Write limits: the sizes of a buffer at which a protocol is told to pause and to resume writing.

Source: ``asyncio.transports._FlowControlMixin``.
"""

from __future__ import annotations

from typing import Final

HIGH: Final = 64 << 10
"""Bytes above which writing pauses, unless a program says otherwise; as in asyncio."""


def write_limits(high: int | None = None, low: int | None = None) -> tuple[int, int]:
    """Return the low limit and the high one; what is None follows from the other one.

    Raises:
        ValueError: they are negative, or the low one is above the high one.
    """
    if high is None:
        high = HIGH if low is None else 4 * low
    if low is None:
        low = high // 4
    if not high >= low >= 0:
        raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
    return low, high


USUAL: Final = write_limits()
"""What each transport begins with."""
