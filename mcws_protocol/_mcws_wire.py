"""Mcws: the wire mcws/1, which makes the machines of both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._codec import Codec, Raw, Untouched
from ._limits import Limits
from ._mcws import McwsMachine
from ._state import Role
from ._wire import Wire


@dataclass(frozen=True, slots=True)
class Mcws(Wire):
    """mcws/1: frames with a length, an opening, requests both ways, keepalive and CLOSE."""

    has_frames: ClassVar[bool] = True

    @property
    def codec(self) -> Codec[Raw]:
        """``bytes`` and ``str`` as they are; the TEXT flag keeps the difference."""
        return Untouched()

    def machine(self, role: Role, limits: Limits, now: float) -> McwsMachine:
        """Return the machine for one end of a new connection."""
        return McwsMachine(role, limits, now)
