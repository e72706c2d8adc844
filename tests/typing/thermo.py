"""A contract as a team shares it, and client classes on it: what all files here talk about."""

from __future__ import annotations

from mcws_protocol import Contract, Message, Request
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient


class Config(Message):
    """How a device works."""

    interval_s: float = 10.0


class Reading(Message):
    """What a device measures."""

    celsius: float
    sensor: str = "default"


class Alarm(Message):
    """What a device cannot handle by itself."""

    text: str
    level: int = 1


class GetConfig(Request[Config]):
    """A device asks how to work."""

    section: str = ""


class Ok(Message):
    """It is done."""


class SetLed(Request[Ok]):
    """The server switches the lamp of a device."""

    on: bool


class Notice(Message):
    """What a device shows."""

    text: str


class Stranger(Message):
    """A message of no direction."""

    text: str = ""


Up = Reading | Alarm | GetConfig
Down = SetLed | Notice

thermo = Contract("thermo", version=1, up=Reading | Alarm | GetConfig, down=SetLed | Notice)


class Device(ConnectedClient[Up, Down]):
    """A client with state of the application's own."""

    def __init__(self, connection: Connection[Up, Down]) -> None:
        super().__init__(connection)
        self.role = "sensor"


class Kiosk(ConnectedClient[Up, Down]):
    """Another class of clients of the same contract."""

    floor: int = 0


class Swapped(ConnectedClient[Down, Up]):
    """A client class of a contract in which everything goes the other way."""
