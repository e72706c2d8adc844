"""Contract: who says what in the fleet, in this version and in the one still on the road."""

from __future__ import annotations

from typing import Final, TypeAlias

from mcws_protocol import Contract, Message

from .messages import AddStop, Deliver, GetRoute, Notice, Position

Up: TypeAlias = Position | GetRoute | Deliver
"""What vans say."""

Down: TypeAlias = Notice | AddStop
"""What the depot says."""


class OldPosition(Message, tag="Position"):
    """A position as vans of version 1 tell it: without the charge of the battery."""

    latitude: float
    longitude: float


OLD: Final = Contract("fleet", version=1, up=OldPosition | GetRoute | Deliver, down=Notice)
"""Version 1: vans took no further stops on their way."""

# Were one of the two not able to talk with the other one, this line would raise ContractMismatch.
FLEET: Final = Contract("fleet", version=2, up=Up, down=Down, previous=(OLD,))
"""What all code of today imports."""
