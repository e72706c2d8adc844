"""The laws of mcws/1 over any frames, any bytes and any cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from mcws_protocol._delimited import Lines
from mcws_protocol._errors import LocalProtocolError, RemoteProtocolError
from mcws_protocol._events import (
    CloseFrame,
    Faulted,
    Frame,
    HelloFrame,
    LossFrame,
    Payload,
    PongFrame,
    Received,
    RequestFrame,
    TimedOut,
    WelcomeFrame,
)
from mcws_protocol._frames import decode_frame, encode_frame
from mcws_protocol._framing import Chunks
from mcws_protocol._limits import Limits
from mcws_protocol._mcws import McwsMachine
from mcws_protocol._mcws_wire import Mcws
from mcws_protocol._plain import Plain
from mcws_protocol._prefixed import LengthPrefixed
from mcws_protocol._state import Role, State
from mcws_protocol._stuffing import Cobs
from mcws_protocol._wire import NEVER
from mcws_testkit import WireSuite
from mcws_testkit._drawn_frames import FRAMES, PAYLOADS, U8, U32
from mcws_testkit.strategies import chunkings

LIMIT: Final = 5_000
"""Bytes: small, so that frames beyond it are tried, yet large enough for a frame in parts."""

# Frames


@given(FRAMES)
def test_law_decode_of_encode_is_the_frame(frame: Frame) -> None:
    """decode(encode(frame)) == frame, and the length says how long it is."""
    data = encode_frame(frame)
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert decode_frame(data[4], data[5], data[6:]) == frame


@given(U8, U8, st.binary(max_size=80))
def test_law_any_body_is_a_frame_or_a_remote_protocol_error(
    kind: int, flags: int, body: bytes
) -> None:
    """Whatever decodes encodes to the same bytes; all else is ``RemoteProtocolError``."""
    try:
        frame = decode_frame(kind, flags, body)
    except RemoteProtocolError:
        return
    if frame is None:
        assert kind >= 0x80
    else:
        assert encode_frame(frame)[4:] == bytes([kind, flags]) + body


# Bytes


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """Draw a frame of which a few bytes are wrong, or the end is missing."""
    data = bytearray(encode_frame(draw(FRAMES)))
    for _ in range(draw(st.integers(0, 3))):
        data[draw(st.integers(0, len(data) - 1))] = draw(U8)
    return bytes(data[: draw(st.integers(0, len(data)))])


large_messages = st.integers(4_000, LIMIT + 1).map(
    lambda size: size.to_bytes(4, "big") + b"\x10\0" + bytes(size - 2)
)


@st.composite
def optional_frames(draw: st.DrawFn) -> bytes:
    """Draw a frame of a type that may be skipped."""
    kind, flags, body = draw(st.integers(0x80, 0xFF)), draw(U8), draw(st.binary(max_size=20))
    return (len(body) + 2).to_bytes(4, "big") + bytes([kind, flags]) + body


openings = st.one_of(
    st.just(b"GET / HTTP/1.1\r\n\r\n"), st.just(b"\x16\x03\x01"), st.just(b"hello\n")
)
streams = st.lists(
    st.one_of(
        FRAMES.map(encode_frame),
        mutants(),
        st.binary(max_size=40),
        large_messages,
        optional_frames(),
        openings,
    ),
    max_size=6,
).map(b"".join)


# Machines


@dataclass(frozen=True)
class Beginning:
    """How far a connection has come before the bytes of a test arrive."""

    role: Role
    state: State

    def machine(self) -> McwsMachine:
        """Return a machine in that state; an open one is asked 1 and asks 1 itself."""
        machine = new_machine(self.role)
        steps = SCRIPT[: DEPTHS[self.state]]
        for frame, sender in steps:
            if sender is self.role:
                machine.send(frame, 0.0, [])
            else:
                machine.receive(encode_frame(frame), 0.0)
        if self.state is State.CLOSE_SENT:
            machine.send(CloseFrame(), 0.0, [])
        elif self.state is State.CLOSE_RECEIVED:
            machine.receive(encode_frame(CloseFrame()), 0.0)
        assert machine.state is self.state
        return machine


HELLO: Final = HelloFrame(frame_bytes_max=LIMIT, features=1)
WELCOME: Final = WelcomeFrame(frame_bytes_max=LIMIT, features=1)
SCRIPT: Final[list[tuple[Frame, Role]]] = [
    (HELLO, Role.CLIENT),
    (WELCOME, Role.SERVER),
    (RequestFrame(1, b"?"), Role.CLIENT),
    (RequestFrame(1, b"?"), Role.SERVER),
]
DEPTHS: Final = {
    State.START: 0,
    State.GREETED: 1,
    State.OPEN: 4,
    State.CLOSE_SENT: 4,
    State.CLOSE_RECEIVED: 4,
}
beginnings = st.builds(Beginning, st.sampled_from(Role), st.sampled_from(list(DEPTHS)))


def new_machine(role: Role) -> McwsMachine:
    """Return the machine of a connection that began at 0.0."""
    return Mcws().machine(role, Limits(frame_bytes_max=LIMIT), 0.0)


def fed(machine: McwsMachine, pieces: list[bytes]) -> list[Received]:
    """Return all that ``machine`` reports about ``pieces``."""
    return [event for piece in pieces for event in machine.receive(piece, 1.0)]


def comparable(events: list[Received]) -> list[object]:
    """Return events that are equal where they mean the same."""
    return [event.error.code if isinstance(event, Faulted) else event for event in events]


@given(beginnings, streams, st.data())
@example(Beginning(Role.SERVER, State.START), b"", None)
def test_law_any_bytes_give_events_and_nothing_after_a_fault(
    beginning: Beginning, stream: bytes, data: st.DataObject | None
) -> None:
    """Any bytes, in any cuts and any state, give events, of which a fault is the last."""
    pieces = [stream] if data is None else data.draw(chunkings(stream))
    machine = beginning.machine()
    events = fed(machine, pieces)
    faults = [event for event in events if isinstance(event, Faulted)]
    assert faults in ([], events[-1:])
    assert all(type(fault.error).__module__ == "mcws_protocol._errors" for fault in faults)
    if faults:
        assert machine.receive(stream, 2.0) == []
    assert len(machine.receive_eof(2.0)) == 1
    # Behind the peer's CLOSE this end may still have to answer it.
    assert machine.state in {State.ENDED, State.CLOSE_RECEIVED}


@given(beginnings, streams, st.data())
@example(Beginning(Role.SERVER, State.START), encode_frame(HELLO) + b"\0", None)
@example(Beginning(Role.SERVER, State.START), encode_frame(HELLO) * 2, None)
@example(Beginning(Role.SERVER, State.START), encode_frame(HELLO) + b"\0\0\0\2\x80\0", None)
@example(Beginning(Role.SERVER, State.START), b"\0\0\0\2\x80\0" + encode_frame(HELLO), None)
@example(Beginning(Role.CLIENT, State.GREETED), b"\0\0\0\2\x80\0GE", None)
def test_law_result_does_not_depend_on_the_cuts(
    beginning: Beginning, stream: bytes, data: st.DataObject | None
) -> None:
    """The same bytes give the same events and the same code, however they arrive."""
    single = [stream[at : at + 1] for at in range(len(stream))]
    pieces = single if data is None else data.draw(chunkings(stream))
    whole, cut = beginning.machine(), beginning.machine()
    assert comparable(fed(whole, [stream])) == comparable(fed(cut, pieces))
    assert whole.state is cut.state


@given(streams, st.data())
def test_law_open_machine_gives_the_same_reason_in_any_cuts(
    stream: bytes, data: st.DataObject
) -> None:
    """Behind the opening, where nothing is guessed, even the words of a fault are the same."""
    beginning = Beginning(Role.SERVER, State.OPEN)
    whole = fed(beginning.machine(), [stream])
    cut = fed(beginning.machine(), data.draw(chunkings(stream)))
    assert [str(event) for event in whole] == [str(event) for event in cut]


# The public suite: two machines of each wire


class TestMcws(WireSuite):
    """The laws for mcws/1."""

    wire = Mcws()


class TestLines(WireSuite):
    """The laws for lines of text."""

    wire = Plain(Lines())


class TestMixed(WireSuite):
    """The laws for another framing each way."""

    wire = Plain(LengthPrefixed(2), down=Cobs())


class TestChunks(WireSuite):
    """The laws for a wire without boundaries."""

    wire = Plain(Chunks())


# Two machines of mcws/1

large_payloads = st.integers(0, LIMIT - 2).map(bytes)
items: st.SearchStrategy[list[Payload | Frame]] = st.lists(
    PAYLOADS | large_payloads | st.builds(LossFrame, U32) | st.builds(PongFrame), max_size=8
)


def sent(machine: McwsMachine, things: list[Payload | Frame]) -> bytes:
    """Return the bytes that sending ``things`` in order makes."""
    out: list[bytes] = []
    sizes = [
        machine.send_message(thing, out)
        if isinstance(thing, bytes | str)
        else machine.send(thing, 0.0, out)
        for thing in things
    ]
    data = b"".join(out)
    assert sum(sizes) == len(data)
    return data


def with_requests(things: list[Payload | Frame], asked: list[Payload]) -> list[Payload | Frame]:
    """Return ``things``, then requests under ids of their own, then a CLOSE."""
    requests = [RequestFrame(number, payload, 1) for number, payload in enumerate(asked)]
    return [*things, *requests, CloseFrame(1000, "bye")]


@given(items, items, st.lists(PAYLOADS, max_size=3), st.data())
def test_law_what_is_sent_arrives_in_order(
    up: list[Payload | Frame],
    down: list[Payload | Frame],
    asked: list[Payload],
    data: st.DataObject,
) -> None:
    """Two machines with any cuts between them lose, change and swap nothing."""
    client, server = new_machine(Role.CLIENT), new_machine(Role.SERVER)
    up, down = with_requests(up, asked), [WELCOME, *with_requests(down, asked)]
    assert fed(server, data.draw(chunkings(sent(client, [HELLO])))) == [HELLO]
    downward = sent(server, down[:-1])
    assert fed(client, data.draw(chunkings(downward))) == down[:-1]
    upward = sent(client, up)
    arrived = fed(server, data.draw(chunkings(upward)))
    assert arrived == up
    assert [type(thing) for thing in arrived] == [type(thing) for thing in up]
    assert fed(client, data.draw(chunkings(sent(server, down[-1:])))) == down[-1:]
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)


# Time


@given(
    beginnings,
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.lists(st.floats(0, 1e3, exclude_min=True), max_size=5),
)
def test_law_tick_acts_at_its_deadline_and_not_before(
    beginning: Beginning, heard_at: float, sent_at: float, waits_s: list[float]
) -> None:
    """``tick`` does nothing before ``next_deadline`` and something at it."""
    machine = beginning.machine()
    machine.heard_at, machine.sent_at = heard_at, sent_at
    for wait_s in waits_s:
        deadline = machine.next_deadline()
        if deadline == NEVER:
            return
        out: list[bytes] = []
        early = machine.tick(math.nextafter(deadline, -math.inf), out)
        assert (early, out) == ([], [])
        events = machine.tick(deadline, out)
        assert len(events) + len(out) == 1
        assert all(isinstance(event, TimedOut) for event in events)
        machine.heard_at = deadline + wait_s


@given(beginnings, FRAMES)
def test_law_frame_that_cannot_be_sent_changes_nothing(beginning: Beginning, frame: Frame) -> None:
    """``send`` appends one frame, or raises and leaves the machine as it was."""
    machine, out = beginning.machine(), list[bytes]()
    try:
        size = machine.send(frame, 1.0, out)
    except LocalProtocolError:
        assert out == []
        assert machine.state is beginning.state
        assert machine.next_deadline() == beginning.machine().next_deadline()
    else:
        assert out == [encode_frame(frame)]
        assert size == len(out[0])
