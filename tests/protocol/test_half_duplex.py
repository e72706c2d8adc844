"""HalfDuplexMachine: what needs the turn, at both ends and both ways."""

from __future__ import annotations

from typing import Any, Final

import pytest

from mcws_protocol._errors import LocalProtocolError, MessageTooLong
from mcws_protocol._events import (
    CancelFrame,
    CloseFrame,
    DrainFrame,
    ErrorFrame,
    Faulted,
    Frame,
    HelloFrame,
    LossFrame,
    MessageFrame,
    PingFrame,
    PongFrame,
    ReplyFrame,
    RequestFrame,
    TurnFrame,
    WelcomeFrame,
)
from mcws_protocol._frames import encode_frame
from mcws_protocol._half_duplex import HalfDuplexMachine
from mcws_protocol._limits import Limits
from mcws_protocol._mcws_wire import Mcws
from mcws_protocol._state import Role, State

LIMITS: Final = Limits(frame_bytes_max=5_000)
GIVE: Final = TurnFrame(give=True)
PLEASE: Final = TurnFrame(give=False)
MESSAGE: Final = MessageFrame(b"m")
REQUEST: Final = RequestFrame(1, b"r")

both_roles = pytest.mark.parametrize("role", Role)


def opened(role: Role, *, is_first: bool, ours: int = 9, theirs: int = 9) -> HalfDuplexMachine:
    """Return a machine behind WELCOME."""
    other = Role.CLIENT if role is Role.SERVER else Role.SERVER
    first = role if is_first else other
    machine = Mcws().machine(role, LIMITS, 0.0, first=first)
    assert isinstance(machine, HalfDuplexMachine)
    if role is Role.CLIENT:
        sent(machine, HelloFrame(frame_bytes_max=256, features=ours))
        heard(machine, WelcomeFrame(frame_bytes_max=256, features=theirs))
    else:
        heard(machine, HelloFrame(frame_bytes_max=256, features=theirs))
        sent(machine, WelcomeFrame(frame_bytes_max=256, features=ours))
    assert machine.state is State.OPEN
    return machine


def sent(machine: HalfDuplexMachine, frame: Frame) -> bytes:
    """Return the bytes that sending ``frame`` makes."""
    out: list[bytes] = []
    append(machine, frame, out)
    return b"".join(out)


def append(machine: HalfDuplexMachine, frame: Frame, out: list[bytes]) -> None:
    """Have ``machine`` append ``frame`` to ``out``."""
    if isinstance(frame, MessageFrame):
        machine.send_message(frame.payload, out)
    else:
        machine.send(frame, 0.0, out)


def heard(machine: HalfDuplexMachine, *frames: Frame) -> list[Any]:
    """Return the events of ``frames`` in one chunk."""
    return list(machine.receive(b"".join(map(encode_frame, frames)), 0.0))


def is_fault(events: list[Any], why: str) -> bool:
    """Whether the last event is a protocol error, and says ``why``."""
    last = events[-1]
    return isinstance(last, Faulted) and last.error.code == 1002 and why in last.error.reason


# What needs the turn


@both_roles
@pytest.mark.parametrize("frame", [MESSAGE, REQUEST, GIVE], ids=repr)
def test_holder_alone_sends(role: Role, frame: Frame) -> None:
    """MESSAGE, REQUEST and giving the turn need it; without it nothing is made."""
    assert sent(opened(role, is_first=True), frame) == encode_frame(frame)
    machine, out = opened(role, is_first=False), list[bytes]()
    with pytest.raises(LocalProtocolError, match="the peer has the turn"):
        append(machine, frame, out)
    assert out == []
    assert not machine.is_asking


@both_roles
@pytest.mark.parametrize(
    ("frame", "name"), [(MESSAGE, "MESSAGE"), (REQUEST, "REQUEST"), (GIVE, "TURN")], ids=repr
)
def test_holder_alone_is_heard(role: Role, frame: Frame, name: str) -> None:
    """The same of a peer without the turn is a protocol error."""
    assert not isinstance(heard(opened(role, is_first=False), frame)[0], Faulted)
    events = heard(opened(role, is_first=True), PingFrame(), frame, PingFrame())
    assert events[0] == PingFrame()
    assert len(events) == 2
    assert is_fault(events, f"{name} came from an end that does not have the turn")


@both_roles
@pytest.mark.parametrize("payload", ["text", b"", b"x" * 100])
def test_plain_messages_are_judged_too(role: Role, payload: str | bytes) -> None:
    """No short way leads past the turn, whatever the message and wherever the stream is cut."""
    data = encode_frame(MessageFrame(payload))
    machine = opened(role, is_first=False)
    assert machine.receive(data[:3], 0.0) == []
    assert machine.receive(data[3:], 0.0) == [payload]
    machine = opened(role, is_first=True)
    assert machine.receive(data[:3], 0.0) == []
    assert is_fault(list(machine.receive(data[3:], 0.0)), "MESSAGE came")
    assert machine.is_deaf
    assert machine.receive(encode_frame(PingFrame()), 0.0) == []


@both_roles
def test_what_answers_or_ends_needs_no_turn(role: Role) -> None:
    """REPLY, ERROR, CANCEL, PING, PONG, LOSS and CLOSE pass both ways without it."""
    machine = opened(role, is_first=False)
    requests = [RequestFrame(1, b""), RequestFrame(2, b"")]
    assert heard(machine, *requests, CancelFrame(1)) == [*requests, CancelFrame(1)]
    for frame in (ReplyFrame(1, b""), ErrorFrame(2, 1), CancelFrame(9), PingFrame(), PongFrame()):
        assert sent(machine, frame) == encode_frame(frame)
    holder = opened(role, is_first=True)
    sent(holder, RequestFrame(1, b""))
    sent(holder, RequestFrame(2, b""))
    frames: list[Frame] = [ReplyFrame(1, b""), ErrorFrame(2, 1), PingFrame(), LossFrame(1)]
    assert heard(holder, *frames, CloseFrame()) == [*frames, CloseFrame()]
    sent(machine, LossFrame(1))
    sent(machine, CloseFrame())


def test_drain_needs_no_turn() -> None:
    """A server says it whoever has the turn."""
    assert sent(opened(Role.SERVER, is_first=False), DrainFrame(0))
    assert heard(opened(Role.CLIENT, is_first=True), DrainFrame(0)) == [DrainFrame(0)]


# The turn


@both_roles
def test_turn_goes_to_and_fro(role: Role) -> None:
    """What a give allows is allowed from that frame on, in the same chunk too."""
    machine = opened(role, is_first=False)
    assert sent(machine, PLEASE) == encode_frame(PLEASE)
    assert machine.turns.has_asked
    assert heard(machine, MESSAGE, GIVE) == [b"m", GIVE]
    assert sent(machine, MESSAGE)
    assert heard(machine, PLEASE) == [PLEASE]
    assert sent(machine, GIVE) == encode_frame(GIVE)
    assert not machine.turns.is_ours
    assert heard(machine, MESSAGE) == [b"m"]


@both_roles
def test_turn_is_not_given_twice(role: Role) -> None:
    """A second give in one chunk is a fault; so is a message behind the give."""
    assert is_fault(heard(opened(role, is_first=False), GIVE, GIVE), "TURN came")
    assert is_fault(heard(opened(role, is_first=False), GIVE, MESSAGE), "MESSAGE came")


@both_roles
def test_please_that_crosses_a_give_is_no_news(role: Role) -> None:
    """An end without the turn need not hear that it is wanted."""
    machine = opened(role, is_first=True)
    sent(machine, GIVE)
    assert heard(machine, PLEASE, MESSAGE) == [b"m"]


def test_holder_does_not_ask() -> None:
    """TURN(0) of an end that has the turn cannot be sent."""
    with pytest.raises(LocalProtocolError, match="this end has it"):
        sent(opened(Role.SERVER, is_first=True), PLEASE)


# What waits for the turn


def test_message_can_be_made_before_its_turn() -> None:
    """The bytes are those of a message that leaves at once; what is too long is told now."""
    machine, out = opened(Role.SERVER, is_first=False), list[bytes]()
    assert machine.make_message(b"m", out) == 7
    assert b"".join(out) == encode_frame(MESSAGE)
    with pytest.raises(MessageTooLong):
        machine.make_message(bytes(255), out)


def test_request_can_be_checked_before_its_turn() -> None:
    """What is too long is told before it waits; nothing is in flight yet."""
    machine = opened(Role.SERVER, is_first=False)
    machine.check_request(RequestFrame(1, bytes(246)))
    with pytest.raises(MessageTooLong) as caught:
        machine.check_request(RequestFrame(1, bytes(247)))
    assert (caught.value.size, caught.value.limit) == (257, 256)
    assert not machine.is_asking


def test_request_that_nobody_takes_is_refused_before_its_turn() -> None:
    """A peer without requests has none, with the turn or without."""
    machine = opened(Role.SERVER, is_first=False, theirs=8)
    with pytest.raises(LocalProtocolError, match="RequestFrame was not agreed on"):
        machine.check_request(REQUEST)


# Where it was not agreed on


@both_roles
def test_peer_without_turns_is_not_judged_by_them(role: Role) -> None:
    """Whoever closes for that reason shall not find a fault first; TURN itself is refused."""
    machine = opened(role, is_first=True, theirs=1)
    assert not machine.has_turns
    assert heard(machine, MESSAGE, REQUEST) == [b"m", REQUEST]
    with pytest.raises(LocalProtocolError, match="TurnFrame was not agreed on"):
        sent(machine, GIVE)
    assert is_fault(heard(machine, PLEASE), "TurnFrame was not agreed on")


@both_roles
def test_nothing_counts_behind_this_ends_close(role: Role) -> None:
    """What arrives behind CLOSE is discarded, in turn or not."""
    machine = opened(role, is_first=True)
    sent(machine, CloseFrame())
    assert heard(machine, MESSAGE, GIVE, CloseFrame()) == [CloseFrame()]
