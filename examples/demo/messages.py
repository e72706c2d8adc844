"""Messages: what devices, server and operators say to each other, and the contract of it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from mcws_protocol import Contract, Message, Request

Role: TypeAlias = Literal["device", "operator"]
"""What a client is."""


class Join(Message):
    """The first message of each client: what it is."""

    role: Role


class Reading(Message):
    """What a device measured; the server passes it on to the operators."""

    device: str
    value: float
    unit: str
    full_scale: float
    """The value at which a bar is full."""


class Alarm(Message):
    """A device went above its threshold, or has come back below it."""

    device: str
    value: float
    threshold: float
    is_over: bool
    """Whether the device has come back."""


class IntervalSet(Message):
    """The answer of a device: it does."""

    interval_s: float


class SetInterval(Request[IntervalSet]):
    """A request of the server to a device: measure this often."""

    interval_s: float


Up: TypeAlias = Join | Reading
"""What clients say."""

Down: TypeAlias = Reading | Alarm | SetInterval
"""What the server says."""

CONTRACT: Final = Contract("demo", version=1, up=Up, down=Down)
