"""Mistakes with messages and contracts."""

from __future__ import annotations

from typing import Never

from mcws_protocol import (
    Contract,
    Json,
    Lines,
    Message,
    Mode,
    MsgPack,
    Plain,
    Request,
    Text,
)

from ..thermo import Alarm, Config, Down, GetConfig, Notice, Reading, SetLed, Up, thermo


def make(reading: Reading, notice: Notice) -> None:
    """Make messages wrongly, and change them."""
    Reading(celsius="warm")  # E: a field of another type
    Reading(celsius=None)  # E: a field that is not optional
    Reading(celsius=1.0, sensor=7)  # E: a field with a default, of another type
    Reading()  # E: a field without a default is missing
    Reading(fahrenheit=70.0)  # E: an unknown field
    Reading(1.0, "x", 2)  # E: too many fields
    reading.celsius = 2.0  # E: messages are frozen
    print(reading.celcius)  # E: a typo in a field
    print(notice.text.interval_s)  # E: a field of another message
    GetConfig().section = "x"  # E: requests are frozen too


class Late(Message):
    """A message in which a field without a default comes too late."""

    sensor: str = ""
    celsius: float  # E: a field without a default behind one with a default


class Two(Request[Config, Notice]):  # E: a request has one type of reply
    """A request that would be answered twice."""


def agree() -> None:
    """Make contracts wrongly."""
    Contract("x", version="1", up=Reading, down=Notice)  # E: a version that is text
    Contract("x", up=Reading, down=Notice)  # E: no version
    Contract("x", 1, up=Reading, down=Notice)  # E: a version without its name
    Contract("x", version=1, up=Reading)  # E: no other direction
    Contract("x", version=1, up=Reading(celsius=1.0), down=Notice)  # E: a message for its type
    Contract("x", version=1, up=7, down=Notice)  # E: a number for a type
    Contract("x", version=1, up=Reading, down=Notice, mode="simplex")  # E: a mode that is text
    Contract("x", version=1, up=Never, down=Notice, mode=Mode.SIMPLES)  # E: no such mode
    Contract("x", version=1, up=Reading, down=Notice, initiator="device")  # E: no such end
    Contract("x", version=1, up=Reading, down=Notice, wire=Lines())  # E: a framing for a wire
    Contract("x", version=1, up=Reading, down=Notice, codec=Lines())  # E: a framing for a codec
    Contract("x", version=1, up=Reading, down=Notice, codec=MsgPack)  # E: a class for a codec
    Contract("x", version=2, up=Reading, down=Notice, previous=thermo)  # E: one for a sequence
    Contract("x", version=2, up=Reading, down=Notice, previous=["thermo/1"])  # E: a name
    Contract("x", version=1, up=Reading, down=Notice, codecs=Json())  # E: no such option
    thermo.accepts("thermo/1")  # E: a name for a contract
    thermo.version = 2  # E: a contract is what it is


def name() -> Contract[Up, Down]:
    """Return a contract of other types."""
    return Contract("x", version=1, up=SetLed | Notice, down=Reading | Alarm)  # E: swapped


def decode() -> None:
    """Use codecs, wires and their parts wrongly."""
    MsgPack(Reading).encode(Notice(text="x"))  # E: a message that the codec does not know
    Json(Reading).decode(7)  # E: no payload
    print(Json(Reading).decode(b"").text)  # E: a field of another message
    Text().encode(Reading(celsius=1.0))  # E: a message for text
    Plain(Text())  # E: a codec for a framing
    Plain(Lines(), match=lambda request: True)  # E: a match of one argument
    Plain(Lines(), up="lines")  # E: text for a framing
