"""Contracts: their types are inferred from the messages that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Never, TypeVar, assert_type

import msgspec

from mcws_protocol import (
    UNTYPED,
    Codec,
    Contract,
    ContractMismatch,
    Json,
    Lines,
    Mcws,
    Message,
    Mode,
    MsgPack,
    Plain,
    Request,
    Wire,
)

from ..thermo import Alarm, Config, Down, GetConfig, Notice, Reading, SetLed, Up, thermo


@dataclass
class Point:
    """A message that is a dataclass."""

    x: int
    y: int = 0


class Tagged(Message):
    """A message whose field is made by the specifier of msgspec."""

    label: str
    names: list[str] = msgspec.field(default_factory=list[str])


T = TypeVar("T")


class Envelope(Message, Generic[T]):
    """A message of any content."""

    content: T


class Stored(Request[T]):
    """A request that is answered by whatever is stored there."""

    key: str


class GetSpare(Stored[Config]):
    """A request that says through its base what answers it."""


# The types of both directions.
assert_type(thermo, Contract[Up, Down])
assert_type(UNTYPED, Contract[bytes | str, bytes | str])
assert_type(Contract("push", version=1, up=Never, down=Notice), Contract[Never, Notice])
assert_type(Contract("points", version=1, up=Point, down=str), Contract[Point, str])
assert_type(Contract("lists", version=1, up=list[int], down=dict[str, float]).version, int)
assert_type(Contract("boxes", version=1, up=Envelope[int], down=GetSpare).name, str)
generic = Contract("boxes", version=1, up=Envelope[int] | Tagged, down=Notice)
assert_type(generic, Contract[Envelope[int] | Tagged, Notice])

# Every option of a contract.
younger = Contract(
    "thermo",
    version=2,
    up=Reading | Alarm | GetConfig,
    down=SetLed | Notice,
    wire=Plain(Lines()),
    codec=Json(),
    mode=Mode.HALF_DUPLEX,
    initiator="client",
    previous=[thermo],
)
assert_type(younger, Contract[Up, Down])
assert_type(younger.wire, Wire)
assert_type(younger.codec, Codec[Any])
assert_type(younger.mode, Mode)
assert_type(younger.previous, tuple[Contract[Any, Any], ...])
assert_type(younger.label, str)
assert_type(younger.fingerprint, str)
assert_type(younger.schema(), dict[str, Any])
assert_type(younger.accepts(thermo), bool)
Contract("thermo", version=3, up=Reading, down=Notice, previous=(thermo, younger), codec=MsgPack())
Contract("thermo", version=3, up=Reading, down=Notice, wire=Mcws(), mode=Mode.SIMPLEX)

# Messages are values.
reading = Reading(celsius=21.5)
assert_type(reading.celsius, float)
assert_type(reading.sensor, str)
assert_type(Alarm("hot", 2).level, int)
assert_type(Tagged(label="a").names, list[str])
assert_type(Envelope(content=1), Envelope[int])
assert_type(Envelope(content="x").content, str)
assert_type(reading == Reading(celsius=21.5), bool)
assert_type(msgspec.structs.replace(reading, celsius=3.0), Reading)


def warmer(reading: Reading) -> Reading:
    """Return what comes next."""
    match reading:
        case Reading(celsius=celsius):
            return Reading(celsius=celsius + 1, sensor=reading.sensor)


def why(error: ContractMismatch) -> list[str]:
    """Return the words of a mismatch."""
    assert_type(error.changes, tuple[str, ...])
    return [error.ours, error.theirs, *error.changes]
