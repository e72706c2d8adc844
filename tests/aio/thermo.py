"""A contract for tests, of a server and its thermometers."""

from __future__ import annotations

from typing import Any, Final

from mcws_protocol import Contract, Json, Lines, Message, Plain, Request


class Measured(Message):
    """What thermometers say, each in its own words."""


class Reading(Measured):
    """A temperature."""

    celsius: float = 0.0


class Alarm(Measured):
    """A temperature that is too high."""

    text: str = ""


class Config(Message):
    """What answers ``GetConfig``."""

    interval_s: float = 10.0


class GetConfig(Request[Config]):
    """What a thermometer asks."""

    section: str = ""


class Ok(Message):
    """What answers ``SetLed``."""

    since: int = 0


class SetLed(Request[Ok]):
    """What a server asks."""

    on: bool = True


class Notice(Message):
    """What a server says."""

    text: str = ""


class Newer(Message):
    """What neither end of the contract knows."""

    text: str = ""


class AskNewer(Request[Newer]):
    """What neither end of the contract answers."""


THERMO: Final[Contract[Any, Any]] = Contract(
    "thermo", version=1, up=Reading | Alarm | GetConfig, down=Notice | SetLed
)
PLAIN: Final[Contract[Any, Any]] = Contract(
    "thermo",
    version=1,
    up=Reading | Alarm | GetConfig,
    down=Notice | SetLed,
    wire=Plain(Lines()),
    codec=Json(),
)
"""The same on a wire of messages only."""
