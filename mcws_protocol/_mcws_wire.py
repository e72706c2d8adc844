"""Mcws: the wire mcws/1, which makes the machines of both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._codec import Codec, Raw, Untouched
from ._half_duplex import HalfDuplexMachine
from ._limits import Limits
from ._mcws import FEATURE_HALF_DUPLEX, FEATURE_REQUESTS, McwsMachine
from ._mode import Mode
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

    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> McwsMachine:
        """Return the machine for one end of a new connection.

        ``first`` is the end that has the turn first in half duplex; None where both may send.
        """
        # Chosen here, so that where both may send nothing asks for a turn.
        if first is None:
            return McwsMachine(role, limits, now)
        return HalfDuplexMachine(role, limits, now, first)


def features_of(mode: Mode) -> int:
    """Return the features that an end of this mode announces in HELLO or WELCOME."""
    half_duplex = FEATURE_HALF_DUPLEX if mode is Mode.HALF_DUPLEX else 0
    return FEATURE_REQUESTS | half_duplex


def lacks_turns(mode: Mode, features: int) -> bool:
    """Whether an end of this mode cannot talk to a peer that announced ``features``."""
    # The other way round it is the peer that refuses: it has announced what this end has not.
    return mode is Mode.HALF_DUPLEX and not features & FEATURE_HALF_DUPLEX
