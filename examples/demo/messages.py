"""Messages: what travels between devices, server and operators, as JSON text."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from mcws_protocol import Raw


class Join(msgspec.Struct, tag=True, frozen=True):
    """The first message of each client: what it is."""

    role: Literal["device", "operator"]


class Reading(msgspec.Struct, tag=True, frozen=True):
    """What a device measured; the server passes it on to the operators."""

    device: str
    value: float
    unit: str
    full_scale: float
    """The value at which a bar is full."""


class Alarm(msgspec.Struct, tag=True, frozen=True):
    """A device went above its threshold, or has come back below it."""

    device: str
    value: float
    threshold: float
    is_over: bool
    """Whether the device has come back."""


class SetInterval(msgspec.Struct, tag=True, frozen=True):
    """A request of the server to a device: measure this often."""

    interval_s: float


class IntervalSet(msgspec.Struct, tag=True, frozen=True):
    """The answer of a device: it does."""

    interval_s: float


Message: TypeAlias = Join | Reading | Alarm | SetInterval | IntervalSet

DECODER: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)


def to_text(message: Message) -> str:
    """Return ``message`` as JSON."""
    return msgspec.json.encode(message).decode()


def from_text(text: Raw) -> Message:
    """Return the message that ``text`` holds.

    Raises:
        msgspec.DecodeError: it holds none.
    """
    return DECODER.decode(text)
