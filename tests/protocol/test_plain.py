"""Plain: messages in any framing, requests one at a time, and the end of the stream as close."""

from __future__ import annotations

from typing import Any, cast

import pytest

from mcws_protocol._codec import Binary, Codec, Raw, Text, Untouched
from mcws_protocol._delimited import Delimited, Lines
from mcws_protocol._errors import (
    EncodeError,
    FrameTooLong,
    IncompleteFrame,
    LocalProtocolError,
    RemoteProtocolError,
)
from mcws_protocol._events import (
    CancelFrame,
    CloseFrame,
    DrainFrame,
    Ended,
    Event,
    Faulted,
    Frame,
    LossFrame,
    PingFrame,
    Received,
    ReplyFrame,
    RequestFrame,
    TimedOut,
)
from mcws_protocol._framing import Chunks, Fixed, Framing
from mcws_protocol._limits import Limits
from mcws_protocol._plain import Plain, PlainMachine
from mcws_protocol._prefixed import LengthPrefixed
from mcws_protocol._state import Role, State
from mcws_protocol._structured import Json, MsgPack
from mcws_protocol._stuffing import Cobs, Slip
from mcws_protocol._wire import NEVER

both_roles = pytest.mark.parametrize("role", Role)


def new(role: Role, wire: Plain | None = None, limits: Limits | None = None) -> PlainMachine:
    """Return the machine of a connection that began at 0.0, of lines unless told otherwise."""
    return (wire or Plain(Lines())).machine(role, limits or Limits(), 0.0)


def close(machine: PlainMachine, now: float = 0.0) -> None:
    """End the stream of this end."""
    out: list[bytes] = []
    assert machine.send(CloseFrame(1001, "bye"), now, out) == 0
    assert out == []


def fault_of(events: list[Event] | list[Received]) -> RemoteProtocolError:
    """Return the fault among ``events``."""
    (error,) = [event.error for event in events if isinstance(event, Faulted)]
    return error


# The wire


def test_plain_is_a_value() -> None:
    """Wires of equal framings are equal and can be shared."""
    assert Plain(Lines()) == Plain(Lines())
    assert Plain(Lines()) != Plain(Lines(), up=Fixed(4))
    assert hash(Plain(Fixed(4))) == hash(Plain(Fixed(4)))


@pytest.mark.parametrize(
    ("wire", "codec"),
    [
        (Plain(Lines()), Text),
        (Plain(Lines(), up=Lines()), Text),
        (Plain(Fixed(4), up=Lines(), down=Lines()), Text),
        (Plain(Fixed(4)), Binary),
        (Plain(Lines(), up=Fixed(4)), Binary),
        (Plain(Lines(), down=Fixed(4)), Binary),
        (Plain(Delimited(b"\n")), Binary),
    ],
    ids=repr,
)
def test_codec_is_text_where_both_directions_are_lines(
    wire: Plain, codec: type[Codec[Raw]]
) -> None:
    """Lines are text; whatever else there is carries bytes."""
    assert type(wire.codec) is codec


@pytest.mark.parametrize(
    "wrong", [b"\n", "lines", 4, object()], ids=lambda wrong: type(wrong).__name__
)
@pytest.mark.parametrize("name", ["framing", "up", "down"])
def test_argument_that_is_no_framing_is_a_type_error(name: str, wrong: object) -> None:
    """A delimiter is not a framing, and the error names the argument."""
    arguments: dict[str, Any] = {"framing": Lines(), name: wrong}
    with pytest.raises(TypeError, match=f"{name} must be a framing, such as "):
        Plain(**arguments)


def test_match_that_cannot_be_called_is_a_type_error() -> None:
    """What tells replies is asked, so it has to be callable."""
    with pytest.raises(TypeError, match=r"^match must be callable, not 'id'$"):
        Plain(Lines(), match=cast("Any", "id"))


@pytest.mark.parametrize(
    ("wire", "codec"),
    [
        (Plain(Lines()), Json()),
        (Plain(Lines()), Text()),
        (Plain(Lines()), Untouched()),
        (Plain(Chunks()), MsgPack()),
        (Plain(LengthPrefixed(1)), MsgPack()),
        (Plain(Cobs(), down=Slip()), MsgPack()),
    ],
    ids=repr,
)
def test_check_codec_that_can_be_carried(wire: Plain, codec: Codec[Any]) -> None:
    """A codec of text goes on any wire, one of any bytes where both framings carry them."""
    wire.check_codec(codec)


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (Plain(Lines()), "Lines"),
        (Plain(Cobs(), up=Lines()), "Lines"),
        (Plain(Cobs(), down=Lines()), "Lines"),
        (Plain(Delimited(b"\xff")), "Delimited"),
        (Plain(Fixed(4)), "Fixed"),
    ],
    ids=repr,
)
def test_check_codec_that_cannot_be_carried_raises(wire: Plain, problem: str) -> None:
    """A framing that some bytes would break is refused before the first message, by name."""
    with pytest.raises(ValueError, match=rf"^{problem}.* cannot carry what MsgPack\(\) makes: "):
        wire.check_codec(MsgPack())


def test_framing_cannot_be_left_out() -> None:
    """None stands for the common framing, so the common one cannot be None."""
    with pytest.raises(TypeError, match="framing must be a framing"):
        Plain(cast("Framing", None))


def test_machine_is_open_at_once_and_says_so() -> None:
    """A plain wire has no opening, no frames, no keepalive and no deadline."""
    machine = new(Role.CLIENT)
    assert (machine.has_opening, machine.has_frames) == (False, False)
    assert machine.state is State.OPEN
    assert machine.next_deadline() == NEVER
    assert machine.rtt is None
    assert machine.tick(1e9, []) == []


# Messages


@both_roles
def test_messages_arrive_in_any_cuts(role: Role) -> None:
    """Pieces of lines become lines, and text travels as its UTF-8."""
    out: list[bytes] = []
    sender = new(Role.SERVER if role is Role.CLIENT else Role.CLIENT)
    sizes = [sender.send_message(payload, out) for payload in ("grüß", b"b", "")]
    data, machine = b"".join(out), new(role)
    assert sum(sizes) == len(data)
    pieces = [data[at : at + 1] for at in range(len(data))]
    found = [event for piece in pieces for event in machine.receive(piece, 5.0)]
    assert found == ["grüß".encode(), b"b", b""]
    assert machine.heard_at == 5.0


@pytest.mark.parametrize(
    ("wire", "up", "down"),
    [
        (Plain(Lines()), b"abcd\n", b"abcd\n"),
        (Plain(Lines(), up=Fixed(4)), b"abcd", b"abcd\n"),
        (Plain(Lines(), down=Fixed(4)), b"abcd\n", b"abcd"),
        (Plain(Lines(), up=Fixed(4), down=LengthPrefixed(1)), b"abcd", b"\x04abcd"),
    ],
    ids=repr,
)
def test_directions_have_their_own_framings(wire: Plain, up: bytes, down: bytes) -> None:
    """``up`` is from client to server, ``down`` from server to client."""
    client, server = new(Role.CLIENT, wire), new(Role.SERVER, wire)
    for sender, receiver, data in ((client, server, up), (server, client, down)):
        out: list[bytes] = []
        sender.send_message(b"abcd", out)
        assert out == [data]
        assert receiver.receive(data, 0.0) == [b"abcd"]


def test_message_that_the_framing_cannot_carry_is_not_sent() -> None:
    """What would be two lines is refused here, before anything is appended."""
    out: list[bytes] = []
    with pytest.raises(LocalProtocolError):
        new(Role.CLIENT).send_message("a\nb", out)
    with pytest.raises(EncodeError):
        new(Role.CLIENT).send_message("\ud800", out)
    assert out == []


@both_roles
def test_received_message_is_as_long_as_the_limit(role: Role) -> None:
    """One byte above ``frame_bytes_max`` is a fault behind the good ones, and the last event."""
    machine = new(role, limits=Limits(frame_bytes_max=256))
    assert machine.receive(b"x" * 256 + b"\n", 0.0) == [b"x" * 256]
    events = machine.receive(b"good\n" + b"x" * 257 + b"\nlate\n", 0.0)
    assert events[0] == b"good"
    assert len(events) == 2
    error = fault_of(events)
    assert isinstance(error, FrameTooLong)
    assert (error.code, error.limit) == (1009, 256)
    assert machine.receive(b"late\n", 0.0) == []


@pytest.mark.parametrize("payload", ["grüß", b"b", ""])
def test_shared_message_is_the_message(payload: Raw) -> None:
    """What is encoded once for many connections is what each of them would have sent."""
    machine, out = new(Role.SERVER, Plain(LengthPrefixed(1), down=Lines())), list[bytes]()
    machine.send_message(payload, out)
    shared = machine.share(payload)
    assert [shared] == out
    assert machine.accepts(shared)


def test_message_that_the_framing_cannot_carry_is_not_shared() -> None:
    """A broadcast that would be two lines is refused before it reaches anybody."""
    with pytest.raises(LocalProtocolError):
        new(Role.SERVER).share("a\nb")
    with pytest.raises(EncodeError):
        new(Role.SERVER).share("\ud800")


# Requests


@both_roles
def test_next_message_is_the_reply(role: Role) -> None:
    """A request goes out as a message; one message answers it, further ones are messages."""
    machine, out = new(role), list[bytes]()
    assert machine.receive(b"before\n", 0.0) == [b"before"]
    assert machine.send(RequestFrame(7, "what?", 2500), 0.0, out) == 6
    assert out == [b"what?\n"]
    assert machine.receive(b"tha", 0.0) == []
    assert machine.receive(b"t\nmore\n", 0.0) == [ReplyFrame(7, b"that"), b"more"]
    assert machine.receive(b"later\n", 0.0) == [b"later"]


@both_roles
@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"news\nre: 1\nre: 2\n", [b"news", ReplyFrame(7, b"re: 1"), b"re: 2"]),
        (b"news\n", [b"news"]),
        (b"", []),
    ],
)
def test_first_message_that_matches_is_the_reply(
    role: Role, data: bytes, events: list[Received]
) -> None:
    """Where the application can tell, what is no answer stays a message."""
    machine, out = new(role), list[bytes]()
    machine.matching = lambda payload: b"re:" in cast("bytes", payload)
    machine.send(RequestFrame(7, b"ask", 0), 0.0, out)
    assert machine.receive(data, 0.0) == events


def test_reply_may_come_later_than_messages() -> None:
    """Until the answer is here, each read is looked through for it."""
    machine, out = new(Role.CLIENT), list[bytes]()
    machine.matching = lambda payload: payload == b"yes"
    machine.send(RequestFrame(7, b"ask", 0), 0.0, out)
    found = [machine.receive(data, 0.0) for data in (b"no\nye", b"s\nyes\n")]
    assert found == [[b"no"], [ReplyFrame(7, b"yes"), b"yes"]]


@both_roles
def test_cancel_forgets_the_request(role: Role) -> None:
    """Behind CANCEL, which nobody hears, the late answer is a message like any other."""
    machine, out = new(role), list[bytes]()
    machine.send(RequestFrame(7, b"ask", 0), 0.0, out)
    assert machine.send(CancelFrame(7), 0.0, out) == 0
    assert out == [b"ask\n"]
    assert machine.receive(b"late\n", 0.0) == [b"late"]


def test_fault_is_no_reply() -> None:
    """A request whose answer cannot be read gets none."""
    machine = new(Role.CLIENT, limits=Limits(frame_bytes_max=256))
    machine.send(RequestFrame(7, b"?"), 0.0, [])
    events = machine.receive(b"x" * 300, 0.0)
    assert len(events) == 1
    assert fault_of(events).code == 1009


def test_request_that_cannot_be_sent_expects_no_reply() -> None:
    """Nothing was asked, so the next message is one."""
    machine, out = new(Role.CLIENT), list[bytes]()
    with pytest.raises(LocalProtocolError):
        machine.send(RequestFrame(7, b"a\nb"), 0.0, out)
    assert out == []
    assert machine.receive(b"news\n", 0.0) == [b"news"]


@pytest.mark.parametrize("frame", [PingFrame(), DrainFrame(0), LossFrame(1), CancelFrame(1)])
def test_frame_that_the_wire_has_not_is_nothing(frame: Frame) -> None:
    """What only mcws/1 can say is not said."""
    machine, out = new(Role.SERVER), list[bytes]()
    assert machine.send(frame, 0.0, out) == 0
    assert (machine.state, out) == (State.OPEN, [])


# The end


@both_roles
def test_end_between_frames_is_a_close(role: Role) -> None:
    """The peer has said all it wanted; this end may still speak."""
    machine, out = new(role), list[bytes]()
    machine.receive(b"last\n", 0.0)
    assert machine.receive_eof(1.0) == [CloseFrame(1000), Ended()]
    assert machine.send_message(b"answer", out) == 7
    close(machine)
    assert machine.state is State.CLOSED


@both_roles
def test_end_inside_a_frame_is_a_fault(role: Role) -> None:
    """Half a line is a loss, 1006, not a close."""
    machine = new(role)
    machine.receive(b"whole\nhalf", 0.0)
    events = machine.receive_eof(1.0)
    error = fault_of(events)
    assert isinstance(error, IncompleteFrame)
    assert (error.code, error.buffered) == (1006, 4)
    assert events[1:] == [Ended()]


@both_roles
def test_end_behind_a_fault_is_only_the_end(role: Role) -> None:
    """One fault is enough."""
    machine = new(role, limits=Limits(frame_bytes_max=256))
    machine.receive(b"x" * 300, 0.0)
    assert machine.receive_eof(1.0) == [Ended()]


@both_roles
def test_end_is_told_once(role: Role) -> None:
    """A second end of the stream gives nothing, and neither do bytes behind the first."""
    machine = new(role)
    machine.receive_eof(1.0)
    assert machine.receive_eof(2.0) == []
    assert machine.receive(b"late\n", 2.0) == []


def test_end_of_a_lost_connection_is_not_told() -> None:
    """Whoever knows of the loss already is not told again."""
    machine = new(Role.SERVER)
    machine.lost()
    assert machine.receive_eof(1.0) == []


@both_roles
def test_messages_while_this_end_closes_are_dropped(role: Role) -> None:
    """After its own close an end discards what arrives; then comes only the end."""
    machine = new(role)
    close(machine)
    assert machine.receive(b"late\nhalf", 1.0) == []
    assert machine.receive_eof(1.0) == [Ended()]
    assert machine.state is State.CLOSED


@both_roles
def test_nothing_is_sent_behind_close(role: Role) -> None:
    """The writing side has ended: no message, no request and no second close."""
    machine, out = new(role), list[bytes]()
    close(machine)
    with pytest.raises(LocalProtocolError, match="cannot send a frame while close sent"):
        machine.send_message(b"x", out)
    for frame in (RequestFrame(1, b"x"), CloseFrame()):
        with pytest.raises(LocalProtocolError, match="while close sent"):
            machine.send(frame, 0.0, out)
    assert out == []


@both_roles
def test_close_that_is_not_answered_times_out(role: Role) -> None:
    """``close_s`` after the close the end is forced, once."""
    machine = new(role, limits=Limits(close_s=2))
    close(machine, 10.0)
    assert machine.next_deadline() == 12.0
    assert machine.tick(11.999, []) == []
    assert machine.tick(12.0, []) == [TimedOut(1006, "no end within 2 s of closing")]
    assert machine.tick(13.0, []) == []
    assert machine.next_deadline() == NEVER


@pytest.mark.parametrize("size", [255, 256, 257, 1000])
def test_chunk_above_the_limit_becomes_several(size: int) -> None:
    """Where any cut is a message, a long read is cut instead of refused."""
    machine = new(Role.SERVER, Plain(Chunks()), Limits(frame_bytes_max=256))
    events = machine.receive(b"x" * size, 0.0)
    assert b"".join(event for event in events if isinstance(event, bytes)) == b"x" * size
    assert all(isinstance(event, bytes) and len(event) <= 256 for event in events)


def test_plain_has_no_heads() -> None:
    """What goes before a message depends on the framing, so the short way is closed."""
    assert new(Role.CLIENT).heads() == ()


def test_machine_knows_whether_it_asks_and_hears() -> None:
    """A request is unanswered until the next message; behind a fault nothing is heard."""
    machine = new(Role.CLIENT)
    asked = [machine.is_asking]
    machine.send(RequestFrame(1, b"q"), 0.0, [])
    asked.append(machine.is_asking)
    machine.receive(b"a\n", 0.0)
    asked.append(machine.is_asking)
    assert asked == [False, True, False]
    heard = [machine.is_deaf]
    machine.receive(bytes(Limits().frame_bytes_max + 1), 0.0)
    heard.append(machine.is_deaf)
    assert heard == [False, True]


@pytest.mark.parametrize("first", [None, *Role])
def test_machine_is_the_same_in_half_duplex(first: Role | None) -> None:
    """No frame could pass a turn on, so there is none to know of."""
    machine = Plain(Lines()).machine(Role.SERVER, Limits(), 0.0, first=first)
    assert machine.send_message(b"m", []) == 2
    assert machine.receive(b"m\n", 0.0) == [b"m"]


async def late_match(request: object, message: object) -> bool:
    """Give a verdict that has to be awaited."""
    return False


def test_match_that_is_async_is_a_type_error() -> None:
    """Its verdict would come too late, and until then it looks like a yes."""
    with pytest.raises(TypeError, match=r"^match must be a plain function, not the async <"):
        Plain(Lines(), match=late_match)
