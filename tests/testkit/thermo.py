"""A contract, and traces of its connections, for tests of what is told of them."""

from __future__ import annotations

from collections.abc import Iterable

from mcws_protocol import (
    Contract,
    HelloFrame,
    Message,
    MessageFrame,
    ReplyFrame,
    Request,
    RequestFrame,
    Role,
    encode_frame,
)
from mcws_testkit import Trace, TraceEvent


class Reading(Message):
    """What a device measured."""

    celsius: float


class Config(Message):
    """How often a device measures."""

    interval: int


class GetConfig(Request[Config]):
    """Ask how often to measure."""

    section: str


class SetLed(Message):
    """Switch the light."""

    on: bool


THERMO = Contract("thermo", version=1, up=Reading | GetConfig, down=SetLed)
CLIENT = THERMO.dialect(Role.CLIENT, THERMO.wire)
SERVER = THERMO.dialect(Role.SERVER, THERMO.wire)

HELLO = encode_frame(HelloFrame(frame_bytes_max=1024, id="k1"))
READING = encode_frame(MessageFrame(CLIENT.encode(Reading(21.5))))
ASK = encode_frame(RequestFrame(7, CLIENT.encode_request(GetConfig("main")), 5000))
ANSWER = encode_frame(ReplyFrame(7, SERVER.encode_reply(GetConfig("main"), Config(30))))


def traced(events: Iterable[TraceEvent]) -> Trace:
    """Return a trace of these events."""
    trace = Trace()
    for event in events:
        trace.add(event)
    return trace


def disturbed() -> Trace:
    """Return a trace in which a request is cut, its answer late and the connection reset."""
    return traced(
        [
            TraceEvent(0, "listen", detail="port 8080", host="server"),
            TraceEvent(0, "open", 1, "client", host="device"),
            TraceEvent(0, "open", 1, "server", host="server"),
            TraceEvent(0, "write", 1, "client", HELLO),
            TraceEvent(0, "receive", 1, "server", HELLO),
            TraceEvent(0.2, "write", 1, "client", ASK),
            TraceEvent(0.2, "cut", 1, "server", detail="after 3 of 40 B", is_fault=True),
            TraceEvent(0.2, "receive", 1, "server", ASK[:3]),
            TraceEvent(0.2, "receive", 1, "server", ASK[3:]),
            TraceEvent(0.2, "write", 1, "server", ANSWER),
            TraceEvent(0.2, "delay", 1, "client", detail="2.5 s", is_fault=True),
            TraceEvent(2.7, "receive", 1, "client", ANSWER),
            TraceEvent(3, "write", 1, "client", READING),
            TraceEvent(3, "reset", 1, "client", is_fault=True),
            TraceEvent(3, "lost", 1, "client", detail="ConnectionResetError"),
            TraceEvent(4, "eof", 1, "server"),
            TraceEvent(4, "close", 1, "server"),
            TraceEvent(5, "partition", detail="between device and server", is_fault=True),
            TraceEvent(9, "heal"),
        ]
    )
