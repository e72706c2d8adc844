"""Mcws: the opening, the rules of an open connection, keepalive and the polite end."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from mcws_protocol._codec import Untouched
from mcws_protocol._errors import EncodeError, LocalProtocolError, MessageTooLong
from mcws_protocol._events import (
    AckFrame,
    AuthFrame,
    CancelFrame,
    ChallengeFrame,
    CloseFrame,
    CreditFrame,
    DrainFrame,
    Ended,
    ErrorFrame,
    Faulted,
    Frame,
    HelloFrame,
    ItemFrame,
    LossFrame,
    MessageFrame,
    Numbering,
    Payload,
    PingFrame,
    PongFrame,
    Received,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    TimedOut,
    TurnFrame,
    WelcomeFrame,
)
from mcws_protocol._frames import HEADER, MESSAGE, TEXT, encode_frame
from mcws_protocol._limits import Limits
from mcws_protocol._mcws import HEADS_MAX, LARGE, McwsMachine
from mcws_protocol._mcws_wire import Mcws
from mcws_protocol._state import Role, State
from mcws_protocol._wire import NEVER

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mcws1.json").read_text(encoding="utf-8")
)
LIMITS: Final = Limits()
LIMIT: Final = LIMITS.frame_bytes_max
HELLO: Final = HelloFrame(frame_bytes_max=LIMIT, keepalive_s=20, features=1)
WELCOME: Final = WelcomeFrame(frame_bytes_max=LIMIT, keepalive_s=20, features=1, id="a")

both_roles = pytest.mark.parametrize("role", Role)


def new(role: Role, limits: Limits = LIMITS) -> McwsMachine:
    """Return the machine of a connection that began at 0.0."""
    return Mcws().machine(role, limits, 0.0)


def greeted(role: Role, limits: Limits = LIMITS, *, hello: HelloFrame = HELLO) -> McwsMachine:
    """Return a machine behind HELLO."""
    machine = new(role, limits)
    if role is Role.CLIENT:
        sent(machine, hello)
    else:
        assert machine.receive(encode_frame(hello), 0.0) == [hello]
    return machine


def opened(
    role: Role,
    limits: Limits = LIMITS,
    *,
    hello: HelloFrame = HELLO,
    welcome: WelcomeFrame = WELCOME,
) -> McwsMachine:
    """Return a machine behind WELCOME."""
    machine = greeted(role, limits, hello=hello)
    if role is Role.SERVER:
        sent(machine, welcome)
    else:
        assert machine.receive(encode_frame(welcome), 0.0) == [welcome]
    assert machine.state is State.OPEN
    return machine


def sent(machine: McwsMachine, frame: Frame, now: float = 0.0) -> bytes:
    """Return the bytes that sending ``frame`` makes."""
    out: list[bytes] = []
    size = machine.send(frame, now, out)
    data = b"".join(out)
    assert size == len(data)
    return data


def message(payload: bytes, flags: int = 0) -> bytes:
    """Return a MESSAGE."""
    return HEADER.pack(len(payload) + 2, MESSAGE, flags) + payload


def code_of(events: list[Received]) -> int:
    """Return the code of the fault that is all that was reported."""
    (event,) = events
    assert isinstance(event, Faulted)
    return event.error.code


def reason_of(events: list[Received]) -> str:
    """Return the reason of the fault that was reported last."""
    event = events[-1]
    assert isinstance(event, Faulted)
    return event.error.reason


# The wire


def test_mcws_is_a_value_with_the_codec_that_changes_nothing() -> None:
    """Two wires without options are equal and can be shared."""
    assert Mcws() == Mcws()
    assert hash(Mcws()) == hash(Mcws())
    assert isinstance(Mcws().codec, Untouched)


@both_roles
def test_machine_says_what_its_wire_has(role: Role) -> None:
    """mcws/1 opens with a dialogue and has more frames than messages."""
    machine = new(role)
    assert (machine.has_opening, machine.has_frames) == (True, True)
    assert (machine.role, machine.state) == (role, State.START)


# Opening


def test_opening_leads_both_roles_to_open() -> None:
    """HELLO and WELCOME are all that is needed."""
    client, server = new(Role.CLIENT), new(Role.SERVER)
    assert server.receive(sent(client, HELLO), 0.0) == [HELLO]
    assert (client.state, server.state) == (State.GREETED, State.GREETED)
    assert client.receive(sent(server, WELCOME), 0.0) == [WELCOME]
    assert (client.state, server.state) == (State.OPEN, State.OPEN)


@pytest.mark.parametrize("piece", [1, 7, 50])
def test_opening_in_pieces_is_an_opening(piece: int) -> None:
    """HELLO may arrive byte by byte."""
    server, data = new(Role.SERVER), encode_frame(HELLO)
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    assert [event for part in pieces for event in server.receive(part, 0.0)] == [HELLO]


def test_no_bytes_are_no_event() -> None:
    """An empty chunk says nothing, in no state."""
    for machine in (new(Role.SERVER), greeted(Role.SERVER), opened(Role.SERVER)):
        assert machine.receive(b"", 1.0) == []


def test_welcome_may_be_followed_by_messages_in_the_same_chunk() -> None:
    """What a connect hook sends arrives right behind WELCOME."""
    client = greeted(Role.CLIENT)
    found = client.receive(encode_frame(WELCOME) + message(b"hi"), 0.0)
    assert found == [WELCOME, b"hi"]


@pytest.mark.parametrize("state", ["before", "behind"])
def test_reject_ends_the_opening(state: str) -> None:
    """A server may refuse before and behind HELLO; nothing is read on either side then."""
    server = new(Role.SERVER) if state == "before" else greeted(Role.SERVER)
    client, reject = greeted(Role.CLIENT), RejectFrame(1013, 1500, "full")
    assert client.receive(sent(server, reject, 3.0) + message(b"x"), 3.0) == [reject]
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)
    assert server.receive(b"anything", 3.0) == client.receive(b"anything", 3.0) == []
    assert server.next_deadline() == 8.0


OTHERS: Final[list[Frame]] = [
    WELCOME,
    RejectFrame(1000),
    ChallengeFrame(bytes(32)),
    AuthFrame(bytes(32), bytes(32)),
    MessageFrame(b"x"),
    RequestFrame(1, b""),
    ReplyFrame(1, b""),
    ErrorFrame(1, 1),
    CancelFrame(1),
    ItemFrame(1, b""),
    CreditFrame(1, 1),
    TurnFrame(give=True),
    AckFrame(1, 1),
    LossFrame(1),
    PingFrame(),
    PongFrame(),
    DrainFrame(0),
    CloseFrame(),
]


@pytest.mark.parametrize("frame", OTHERS, ids=lambda frame: type(frame).__name__)
def test_another_frame_before_hello_is_refused(frame: Frame) -> None:
    """Only HELLO opens a connection (FAULTS 3)."""
    server = new(Role.SERVER)
    assert code_of(server.receive(encode_frame(frame), 0.0)) == 1002
    assert server.state is State.START
    sent(server, RejectFrame(1002))


@pytest.mark.parametrize(
    "frame",
    [HELLO, *(other for other in OTHERS if not isinstance(other, WelcomeFrame | RejectFrame))],
    ids=lambda frame: type(frame).__name__,
)
def test_another_frame_before_welcome_is_refused(frame: Frame) -> None:
    """A client waits for WELCOME or REJECT."""
    assert code_of(greeted(Role.CLIENT).receive(encode_frame(frame), 0.0)) == 1002


@pytest.mark.parametrize("receiver", ["server before HELLO", "client after HELLO"])
def test_bad_opening_of_the_vectors_is_refused_with_its_code(receiver: str) -> None:
    """Whatever is wrong with an opening, the REJECT has the code that the vectors name."""
    for vector in VECTORS["bad"]:
        if vector["receiver"] == receiver:
            client = receiver.startswith("client")
            machine = greeted(Role.CLIENT) if client else new(Role.SERVER)
            events = machine.receive(bytes.fromhex(vector["hex"]), 0.0)
            assert code_of(events[-1:]) == vector["code"], vector["name"]


@pytest.mark.parametrize(
    "rest",
    [
        b"\0",
        b"x",
        message(b"x"),
        encode_frame(HELLO),
        encode_frame(HELLO) + b"\0",
        HEADER.pack(2, 0x80, 0),
        b"\xff" * 4,
    ],
)
@pytest.mark.parametrize("split", [False, True])
def test_bytes_after_hello_are_refused(rest: bytes, *, split: bool) -> None:
    """A client waits for the answer to its HELLO, in the same chunk and in the next."""
    server, hello = new(Role.SERVER), encode_frame(HELLO)
    chunks = [hello, rest] if split else [hello + rest]
    events = [event for chunk in chunks for event in server.receive(chunk, 0.0)]
    assert events[0] == HELLO
    assert code_of(events[1:]) == 1002
    assert server.receive(rest, 0.0) == []


def test_optional_frames_count_only_behind_the_opening() -> None:
    """What may be skipped later is still no HELLO (FAULTS 3)."""
    optional = HEADER.pack(2, 0x80, 0xFF)
    assert code_of(new(Role.SERVER).receive(optional + encode_frame(HELLO), 0.0)) == 1002
    assert opened(Role.SERVER).receive(optional + message(b"x"), 0.0) == [b"x"]
    assert greeted(Role.CLIENT).receive(optional + encode_frame(WELCOME), 0.0) == [WELCOME]


@both_roles
@pytest.mark.parametrize("frame", [HELLO, WELCOME, RejectFrame(1000)])
def test_opening_frame_in_an_open_connection_is_refused(role: Role, frame: Frame) -> None:
    """There is one opening only."""
    assert code_of(opened(role).receive(encode_frame(frame), 0.0)) == 1002


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "tls://"),
        (b"hello\n", "Plain(Lines())"),
        (b"\xff\xff\xff\xff", "not mcws/1"),
    ],
)
def test_other_protocol_is_guessed_and_named(first: bytes, words: str) -> None:
    """The reason tells what seems to be speaking, and what to do about it (FAULTS 3)."""
    server = new(Role.SERVER)
    events = server.receive(first, 0.0)
    assert code_of(events) == 1002
    assert words in reason_of(events)


def test_other_protocol_is_refused_by_a_client_too() -> None:
    """A client on the wrong port does not wait for the end of an HTTP error page."""
    assert code_of(greeted(Role.CLIENT).receive(b"HTTP/1.1 400 Bad Request\r\n", 0.0)) == 1002


def test_hello_of_another_version_is_refused_with_the_highest() -> None:
    """An unknown version has a code of its own, and the reason names the highest spoken."""
    events = new(Role.SERVER).receive(HEADER.pack(7, 1, 0) + b"MCWS\x02", 0.0)
    assert code_of(events) == 4006
    assert reason_of(events) == "version 2 of mcws, the highest spoken here is 1"


@pytest.mark.parametrize(("size", "is_refused"), [(8191, False), (8192, False), (8193, True)])
def test_hello_is_8_kib_at_most(size: int, *, is_refused: bool) -> None:
    """HELLO has a limit of its own, and is refused with 1002 from its length (FAULTS 3)."""
    events = new(Role.SERVER).receive(size.to_bytes(4, "big"), 0.0)
    assert bool(events) is is_refused
    if is_refused:
        assert code_of(events) == 1002


def test_limit_of_the_opening_ends_with_it() -> None:
    """Behind WELCOME frames may be as long as the server announced."""
    payload = bytes(9000)
    assert opened(Role.SERVER).receive(message(payload), 0.0) == [payload]


@pytest.mark.parametrize("frame", [WELCOME, MessageFrame(b"x"), CloseFrame(), PingFrame(), HELLO])
def test_server_before_hello_may_only_reject(frame: Frame) -> None:
    """Nothing is said to somebody who did not greet, and nothing changes by trying."""
    server, out = new(Role.SERVER), list[bytes]()
    with pytest.raises(LocalProtocolError):
        server.send(frame, 0.0, out)
    assert (server.state, out) == (State.START, [])
    sent(server, RejectFrame(1008))


@pytest.mark.parametrize("frame", [HELLO, PingFrame(), CloseFrame(), RejectFrame(1000), WELCOME])
def test_client_waits_for_the_answer_to_its_hello(frame: Frame) -> None:
    """Behind HELLO a client says nothing."""
    with pytest.raises(LocalProtocolError, match="while greeted"):
        sent(greeted(Role.CLIENT), frame)


# Deadline of the opening


def test_server_gives_up_a_silent_opening() -> None:
    """No HELLO within ``opening_s`` is the end, told once (FAULTS 4)."""
    server, out = new(Role.SERVER, Limits(opening_s=3)), list[bytes]()
    assert server.next_deadline() == 3.0
    assert server.tick(2.999, out) == []
    assert server.tick(3.0, out) == [TimedOut(4000, "no HELLO within 3 s")]
    assert (server.tick(4.0, out), out) == ([], [])
    assert server.next_deadline() == NEVER


def test_bytes_do_not_prolong_the_opening() -> None:
    """A slow HELLO has no more time than none."""
    server = new(Role.SERVER)
    server.receive(encode_frame(HELLO)[:-1], 4.9)
    assert server.tick(5.0, []) == [TimedOut(4000, "no HELLO within 5 s")]


def test_deadline_of_the_opening_ends_with_hello() -> None:
    """From HELLO on it is the server that lets the client wait."""
    server = greeted(Role.SERVER)
    assert server.next_deadline() == NEVER
    assert server.tick(1000.0, []) == []


def test_client_has_no_deadline_before_welcome() -> None:
    """How long a client waits for the server is its caller's to say."""
    assert new(Role.CLIENT).next_deadline() == NEVER
    assert greeted(Role.CLIENT).next_deadline() == NEVER


# Messages


@both_roles
@pytest.mark.parametrize(
    "size", [0, 1, HEADS_MAX - 1, HEADS_MAX, LARGE - 1, LARGE, LARGE + 1, LIMIT - 2]
)
def test_message_of_any_size_is_one_frame(role: Role, size: int) -> None:
    """However the parts are put together, the bytes are header and payload."""
    for payload, flags in ((bytes(size), 0), ("x" * size, TEXT)):
        raw = payload if isinstance(payload, bytes) else payload.encode()
        out: list[bytes] = []
        assert opened(role).send_message(payload, out) == size + 6
        assert b"".join(out) == message(raw, flags)


def test_message_that_is_large_is_not_copied() -> None:
    """From 16 KiB on the payload goes out as the object that came in."""
    payload, out = bytes(LARGE), list[bytes]()
    opened(Role.CLIENT).send_message(payload, out)
    assert out[1] is payload


def test_messages_arrive_as_they_were_sent() -> None:
    """Text stays text and bytes stay bytes."""
    client, server, out = opened(Role.CLIENT), opened(Role.SERVER), list[bytes]()
    for payload in ("grüß", b"\xff", "", b""):
        client.send_message(payload, out)
    assert server.receive(b"".join(out), 0.0) == ["grüß", b"\xff", "", b""]


def test_message_with_a_lone_surrogate_cannot_be_sent() -> None:
    """Text that UTF-8 cannot express is refused before anything is sent."""
    out: list[bytes] = []
    with pytest.raises(EncodeError):
        opened(Role.CLIENT).send_message("\ud800", out)
    with pytest.raises(EncodeError):
        opened(Role.CLIENT).share("\ud800")
    assert out == []


@both_roles
@pytest.mark.parametrize("payload", [b"", b"\xff", "", "grüß", bytes(LARGE)], ids=len)
def test_shared_message_is_the_message(role: Role, payload: bytes | str) -> None:
    """What is encoded once for many connections is what each of them would have sent."""
    machine, out = opened(role), list[bytes]()
    machine.send_message(payload, out)
    assert machine.share(payload) == b"".join(out)


@both_roles
@pytest.mark.parametrize(("size", "is_accepted"), [(253, True), (254, True), (255, False)])
def test_shared_message_is_accepted_up_to_the_limit(
    role: Role, size: int, *, is_accepted: bool
) -> None:
    """Each connection says for itself whether its peer accepts what is shared."""
    machine = opened(
        role, hello=HelloFrame(frame_bytes_max=256), welcome=WelcomeFrame(frame_bytes_max=256)
    )
    shared = opened(role).share(bytes(size))
    assert machine.accepts(shared) is is_accepted
    assert opened(role).accepts(shared)


@both_roles
@pytest.mark.parametrize("limit", [256, 1000, 70_000])
def test_message_is_as_long_as_the_peer_accepts(role: Role, limit: int) -> None:
    """Exactly the announced limit can be sent, a byte more raises with both figures."""
    machine = opened(
        role,
        hello=HelloFrame(frame_bytes_max=limit),
        welcome=WelcomeFrame(frame_bytes_max=limit),
    )
    out: list[bytes] = []
    machine.send_message(bytes(limit - 3), out)
    machine.send_message("x" * (limit - 2), out)
    for payload in (bytes(limit - 1), "ü" * (limit // 2)):
        with pytest.raises(MessageTooLong) as caught:
            machine.send_message(payload, out)
        assert caught.value.limit == limit
        assert caught.value.size in {limit + 1, limit + 2}
    assert len(b"".join(out)) == 2 * limit + 7


@both_roles
def test_request_is_as_long_as_the_peer_accepts(role: Role) -> None:
    """The limit counts a request's own fields too; what is refused leaves no trace."""
    hello = HelloFrame(frame_bytes_max=256, features=1)
    machine = opened(role, hello=hello, welcome=WelcomeFrame(frame_bytes_max=256, features=1))
    assert len(sent(machine, RequestFrame(1, bytes(246)))) == 260
    with pytest.raises(MessageTooLong, match="frame of 257 bytes exceeds the limit of 256"):
        sent(machine, RequestFrame(2, bytes(247)))
    sent(machine, RequestFrame(2, b""))


@both_roles
@pytest.mark.parametrize("limit", [256, 100_000])
def test_received_frame_at_the_limit_is_a_message(role: Role, limit: int) -> None:
    """``limits.frame_bytes_max`` is the largest ``len`` that passes (FAULTS 1)."""
    machine = opened(role, Limits(frame_bytes_max=limit))
    for size in (limit - 3, limit - 2):
        assert machine.receive(message(bytes(size)), 0.0) == [bytes(size)]


@both_roles
@pytest.mark.parametrize("limit", [256, 100_000])
def test_received_frame_above_the_limit_is_refused_from_its_header(role: Role, limit: int) -> None:
    """One byte above closes with 1009 before any of the body came (FAULTS 1)."""
    machine = opened(role, Limits(frame_bytes_max=limit))
    events = machine.receive((limit + 1).to_bytes(4, "big"), 0.0)
    assert code_of(events) == 1009
    assert reason_of(events) == f"frame of {limit + 1} bytes exceeds the limit of {limit} bytes"


@both_roles
@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS["bad"] if vector["receiver"] == "open"],
    ids=lambda vector: str(vector["name"]),
)
def test_bad_frame_of_the_vectors_is_refused_with_its_code(
    role: Role, vector: dict[str, Any]
) -> None:
    """Each bad frame gives its code, behind the good ones and before nothing."""
    machine = opened(role)
    data = message(b"good") + bytes.fromhex(vector["hex"])
    events = machine.receive(data, 0.0)
    assert events[0] == b"good"
    assert code_of(events[-1:]) == vector["code"]
    assert machine.receive(message(b"late"), 0.0) == []


@both_roles
@pytest.mark.parametrize(
    "state", [State.START, State.GREETED, State.CLOSE_SENT, State.CLOSED, State.ENDED]
)
def test_message_outside_of_the_dialogue_cannot_be_sent(role: Role, state: State) -> None:
    """No message goes out before WELCOME, behind CLOSE or after the end."""
    machine, out = opened(role), list[bytes]()
    machine.state = state
    with pytest.raises(LocalProtocolError, match=f"cannot send a frame while {state.value}"):
        machine.send_message(b"x", out)
    assert out == []


# What was agreed on


@both_roles
@pytest.mark.parametrize(
    "frame",
    [
        ChallengeFrame(bytes(32)),
        AuthFrame(bytes(32), bytes(32)),
        ItemFrame(1, b""),
        CreditFrame(1, 1),
        TurnFrame(give=True),
        AckFrame(1, 1),
        MessageFrame(b"", Numbering(1)),
        MessageFrame(b"", Numbering(1, (1, 1))),
        MessageFrame(b"", context=b"trace"),
        RequestFrame(1, b"", numbering=Numbering(1)),
        RequestFrame(1, b"", context=b""),
        ReplyFrame(1, b"", Numbering(1)),
        ErrorFrame(1, 1, "", Numbering(1)),
    ],
    ids=repr,
)
def test_frame_of_a_feature_that_is_off_is_refused_both_ways(role: Role, frame: Frame) -> None:
    """What nobody agreed on is 1002 if it arrives, and cannot be sent."""
    with pytest.raises(LocalProtocolError, match="was not agreed on"):
        sent(opened(role), frame)
    assert code_of(opened(role).receive(encode_frame(frame), 0.0)) == 1002


@both_roles
@pytest.mark.parametrize(("ours", "theirs"), [(0, 1), (1, 0), (0, 0), (0xFFFF_FFFE, 0xFFFF_FFFF)])
@pytest.mark.parametrize(
    "frame", [RequestFrame(1, b""), ReplyFrame(1, b""), ErrorFrame(1, 1), CancelFrame(1)]
)
def test_request_without_the_bit_of_both_is_refused_both_ways(
    role: Role, ours: int, theirs: int, frame: Frame
) -> None:
    """A feature is used only if both ends announced it."""
    machine = opened(
        role,
        hello=HelloFrame(frame_bytes_max=256, features=ours),
        welcome=WelcomeFrame(frame_bytes_max=256, features=theirs),
    )
    with pytest.raises(LocalProtocolError, match="was not agreed on"):
        sent(machine, frame)
    assert code_of(machine.receive(encode_frame(frame), 0.0)) == 1002


def test_drain_comes_from_the_server_only() -> None:
    """A server tells its clients to go; a client has no such word."""
    drain = DrainFrame(500, "update")
    assert opened(Role.CLIENT).receive(sent(opened(Role.SERVER), drain), 0.0) == [drain]
    assert code_of(opened(Role.SERVER).receive(encode_frame(drain), 0.0)) == 1002
    with pytest.raises(LocalProtocolError):
        sent(opened(Role.CLIENT), drain)


@both_roles
def test_loss_is_told_by_both(role: Role) -> None:
    """Either end may have dropped messages."""
    assert opened(role).receive(sent(opened(role), LossFrame(3)), 0.0) == [LossFrame(3)]


# Requests


def asked(role: Role) -> tuple[McwsMachine, McwsMachine]:
    """Return an end of ``role`` that asked 7, and the other, which got that."""
    other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
    near, far = opened(role), opened(other)
    request = RequestFrame(7, "what?", 2500)
    assert far.receive(sent(near, request), 0.0) == [request]
    return near, far


@both_roles
@pytest.mark.parametrize("answer", [ReplyFrame(7, "that"), ErrorFrame(7, 3, "handler failed")])
def test_request_gets_one_answer(role: Role, answer: Frame) -> None:
    """The first answer is reported, a second one is ignored and cannot be sent."""
    near, far = asked(role)
    assert near.receive(sent(far, answer) + encode_frame(answer), 0.0) == [answer]
    with pytest.raises(LocalProtocolError, match="no request 7 waits for an answer"):
        sent(far, answer)


@both_roles
def test_correlation_id_in_flight_cannot_be_used_again(role: Role) -> None:
    """An id belongs to one request until its answer came (FAULTS 9)."""
    near, far = asked(role)
    with pytest.raises(LocalProtocolError, match="correlation id 7 is in flight already"):
        sent(near, RequestFrame(7, b""))
    events = far.receive(encode_frame(RequestFrame(7, b"")), 0.0)
    assert code_of(events) == 1002
    assert reason_of(events) == "correlation id 7 is in flight already"


@both_roles
def test_correlation_id_is_free_after_its_answer(role: Role) -> None:
    """Ids may wrap around (FAULTS 9)."""
    near, far = asked(role)
    near.receive(sent(far, ReplyFrame(7, b"")), 0.0)
    again = RequestFrame(7, b"again")
    assert far.receive(sent(near, again), 0.0) == [again]


def test_correlation_ids_are_chosen_per_direction() -> None:
    """Both ends may use the same id at the same time."""
    near, far = asked(Role.CLIENT)
    back = RequestFrame(7, b"and you?")
    assert near.receive(sent(far, back), 0.0) == [back]
    assert far.receive(sent(near, ReplyFrame(7, b"fine")), 0.0) == [ReplyFrame(7, b"fine")]


@both_roles
@pytest.mark.parametrize("frame", [ReplyFrame(8, b""), ErrorFrame(8, 6), CancelFrame(8)])
def test_answer_and_cancel_of_an_unknown_id_are_ignored(role: Role, frame: Frame) -> None:
    """They crossed something on their way; that is nobody's fault."""
    assert opened(role).receive(encode_frame(frame), 0.0) == []
    for machine in asked(role):
        assert machine.receive(encode_frame(frame) + message(b"x"), 0.0) == [b"x"]


@both_roles
def test_cancel_of_a_request_is_reported_and_leaves_it_to_be_answered(role: Role) -> None:
    """A cancelled request still gets its one answer."""
    near, far = asked(role)
    assert far.receive(sent(near, CancelFrame(7)), 0.0) == [CancelFrame(7)]
    answer = ErrorFrame(7, 6, "cancelled")
    assert near.receive(sent(far, answer), 0.0) == [answer]


@both_roles
def test_answer_to_a_request_that_never_came_cannot_be_sent(role: Role) -> None:
    """An answer needs a question."""
    with pytest.raises(LocalProtocolError, match="no request 1 waits for an answer"):
        sent(opened(role), ReplyFrame(1, b""))


# Keepalive


@pytest.mark.parametrize(
    ("own", "peers", "agreed"), [(20, 10, 10), (10, 20, 10), (20, 0, 20), (20, 1, 1), (1, 65535, 1)]
)
@both_roles
def test_keepalive_is_the_smaller_that_is_not_zero(
    role: Role, own: int, peers: int, agreed: float
) -> None:
    """0 is no opinion; else whoever wants more pings gets them."""
    machine = opened(
        role,
        Limits(keepalive_s=own),
        hello=HelloFrame(frame_bytes_max=256, keepalive_s=peers),
        welcome=WelcomeFrame(frame_bytes_max=256, keepalive_s=peers),
    )
    assert machine.next_deadline() == agreed


@both_roles
def test_ping_goes_out_when_nothing_was_sent(role: Role) -> None:
    """An end that sent nothing for ``keepalive_s`` pings, and again after as long (FAULTS 10)."""
    machine, out = opened(role), list[bytes]()
    machine.heard_at = 35.0
    assert (machine.tick(19.999, out), out) == ([], [])
    assert machine.tick(20.0, out) == []
    assert out == [encode_frame(PingFrame(b"\0\0\0\1"))]
    assert machine.next_deadline() == 40.0
    assert machine.tick(39.999, out) == []
    assert machine.tick(40.0, out) == []
    assert len(out) == 2


@both_roles
def test_ping_is_put_off_by_whatever_was_sent(role: Role) -> None:
    """Any bytes are as good as a PING."""
    machine, out = opened(role), list[bytes]()
    machine.sent_at = 15.0
    assert (machine.tick(34.999, out), out) == ([], [])
    assert machine.next_deadline() == 35.0


@both_roles
def test_silent_peer_is_dead_after_two_and_a_half_intervals(role: Role) -> None:
    """Silence of 50 s at the default of 20 s ends the connection (FAULTS 10)."""
    machine = opened(role)
    machine.sent_at = 49.0
    assert machine.next_deadline() == 50.0
    assert machine.tick(49.999, []) == []
    assert machine.tick(50.0, []) == [TimedOut(1006, "nothing received for 50.0 s")]


@both_roles
@pytest.mark.parametrize("data", [b"\0", message(b"x"), encode_frame(PongFrame(b"stale"))])
def test_any_byte_is_life(role: Role, data: bytes) -> None:
    """A byte of a frame that is not whole keeps a slow link alive (FAULTS 10)."""
    machine = opened(role)
    machine.receive(data, 49.0)
    machine.sent_at = 99.0
    assert machine.tick(98.999, []) == []
    assert machine.tick(99.0, []) == [TimedOut(1006, "nothing received for 50.0 s")]


@both_roles
def test_silence_while_this_end_did_not_read_is_excused(role: Role) -> None:
    """A pause or a blocked loop of one's own is not held against the peer (FAULTS 10)."""
    machine = opened(role)
    machine.sent_at = machine.heard_at = 1000.0
    machine.excuse(1030.0)
    machine.sent_at = 1079.0
    assert machine.next_deadline() == 1080.0
    assert machine.tick(1079.999, []) == []
    assert machine.tick(1080.0, []) == [TimedOut(1006, "nothing received for 50.0 s")]


@both_roles
def test_rtt_is_measured_by_ping_and_pong(role: Role) -> None:
    """The round trip is known once a PING was answered; both frames are reported."""
    machine, out = opened(role), list[bytes]()
    assert new(role).rtt is None
    assert machine.rtt is None
    machine.tick(20.0, out)
    pong = PongFrame(out[0][6:])
    assert machine.receive(encode_frame(pong), 20.5) == [pong]
    assert machine.rtt == 0.5


@both_roles
@pytest.mark.parametrize(("spacing_s", "is_flood"), [(0.0, True), (4.999, True), (5.0, False)])
def test_ping_flood_is_cut(role: Role, spacing_s: float, *, is_flood: bool) -> None:
    """The third early PING in a row closes with 1008 (FAULTS 7)."""
    machine, ping = opened(role), encode_frame(PingFrame())
    for turn in range(3):
        assert machine.receive(ping, turn * spacing_s) == [PingFrame()]
    events = machine.receive(ping, 3 * spacing_s)
    if is_flood:
        assert code_of(events) == 1008
    else:
        assert events == [PingFrame()]


@both_roles
def test_ping_flood_in_one_chunk_is_cut_after_three(role: Role) -> None:
    """Of a hundred thousand only the first ones are ever answered (FAULTS 7)."""
    events = opened(role).receive(encode_frame(PingFrame()) * 100_000, 0.0)
    assert events[:-1] == [PingFrame()] * 3
    assert code_of(events[-1:]) == 1008


@both_roles
def test_ping_flood_is_measured_by_half_of_a_short_interval(role: Role) -> None:
    """Where pings were agreed on every 2 s, one a second is no flood."""
    machine = opened(role, Limits(keepalive_s=2))
    for turn in range(10):
        assert machine.receive(encode_frame(PingFrame()), float(turn)) == [PingFrame()]


@both_roles
def test_pings_that_waited_for_this_end_are_no_flood(role: Role) -> None:
    """As many may come at once as were sent while it was not reading, and no more (FAULTS 10)."""
    machine, ping = opened(role), encode_frame(PingFrame())
    machine.excuse(50.0)
    # The first one is in time; ten are excused; two more are early and no flood yet.
    assert machine.receive(ping * 13, 50.0) == [PingFrame()] * 13
    assert code_of(machine.receive(ping, 50.0)) == 1008


@both_roles
def test_pings_of_one_connection_are_not_those_of_another(role: Role) -> None:
    """What one sent, got or was excused leaves the deadlines and the patience of the other."""
    pinging, pinged, excused, other = (opened(role) for _ in range(4))
    deadline = other.next_deadline()
    pinging.tick(20.0, [])
    ping = encode_frame(PingFrame())
    pinged.receive(ping * 3, 0.0)
    excused.excuse(1000.0)
    assert other.next_deadline() == deadline
    assert other.receive(ping * 3, 0.0) == [PingFrame()] * 3
    assert code_of(other.receive(ping, 0.0)) == 1008


@both_roles
def test_no_ping_goes_out_before_the_connection_is_open(role: Role) -> None:
    """The opening and the end have deadlines of their own."""
    machine, out = greeted(role), list[bytes]()
    assert (machine.tick(1000.0, out), out) == ([], [])
    machine = opened(role)
    machine.receive(encode_frame(CloseFrame()), 0.0)
    assert (machine.tick(1000.0, out), out) == ([], [])
    assert machine.next_deadline() == NEVER


@both_roles
def test_machine_acts_exactly_at_its_next_deadline(role: Role) -> None:
    """``tick`` does nothing before ``next_deadline`` and something at it, time after time."""
    machine, out = opened(role), list[bytes]()
    acted: list[float] = []
    while not (found := machine.tick(machine.next_deadline() - 0.001, out)):
        deadline = machine.next_deadline()
        size = len(out)
        found = machine.tick(deadline, out)
        assert found or len(out) == size + 1
        acted.append(deadline)
        if found:
            break
    assert acted == [20.0, 40.0, 50.0]
    assert all(earlier < later for earlier, later in pairwise(acted))


# The end


@both_roles
def test_close_is_answered_once_with_the_same_code(role: Role) -> None:
    """Either end may begin; both are closed when both have said it."""
    other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
    near, far, close = opened(role), opened(other), CloseFrame(1001, "bye")
    assert far.receive(sent(near, close), 0.0) == [close]
    assert (near.state, far.state) == (State.CLOSE_SENT, State.CLOSE_RECEIVED)
    assert near.receive(sent(far, CloseFrame(1001)), 0.0) == [CloseFrame(1001)]
    assert (near.state, far.state) == (State.CLOSED, State.CLOSED)
    for machine in (near, far):
        with pytest.raises(LocalProtocolError, match="cannot send CLOSE while closed"):
            sent(machine, close)


@both_roles
def test_closes_that_cross_close_both(role: Role) -> None:
    """Whoever sent a CLOSE does not answer the other's."""
    machine = opened(role)
    sent(machine, CloseFrame(1000))
    assert machine.receive(encode_frame(CloseFrame(1012)), 0.0) == [CloseFrame(1012)]
    assert machine.state is State.CLOSED


@both_roles
def test_frames_behind_close_are_dropped(role: Role) -> None:
    """Nothing counts after the peer's CLOSE, in the same chunk and in the next."""
    machine, close = opened(role), CloseFrame(1000)
    data = message(b"before") + encode_frame(close) + message(b"behind") + b"\0\0\0\0"
    assert machine.receive(data, 0.0) == [b"before", close]
    assert machine.receive(message(b"later"), 0.0) == []


@both_roles
def test_frames_while_this_end_closes_are_dropped(role: Role) -> None:
    """After its own CLOSE an end discards all but the peer's."""
    machine = opened(role)
    sent(machine, CloseFrame())
    for frame in (RequestFrame(1, b""), PingFrame(), LossFrame(1), ReplyFrame(1, b"")):
        assert machine.receive(message(b"x") + encode_frame(frame), 0.0) == []
    assert machine.state is State.CLOSE_SENT


@both_roles
def test_bad_frame_while_this_end_closes_is_a_fault(role: Role) -> None:
    """A stream that cannot be read will not bring a CLOSE either."""
    machine = opened(role)
    sent(machine, CloseFrame())
    assert code_of(machine.receive(b"\0\0\0\0", 0.0)) == 1002


@both_roles
def test_frames_may_be_sent_before_the_answer_to_close(role: Role) -> None:
    """Whoever got a CLOSE may finish what it was saying, and then says CLOSE."""
    machine, out = opened(role), list[bytes]()
    request = RequestFrame(1, b"")
    machine.receive(encode_frame(request) + encode_frame(CloseFrame()), 0.0)
    assert machine.send_message(b"x", out) == 7
    sent(machine, ReplyFrame(1, b"done"))
    sent(machine, CloseFrame())
    assert machine.state is State.CLOSED


@both_roles
@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 1016, 2999, 3000, 4005, 4999])
def test_close_code_that_may_travel_is_reported(role: Role, code: int) -> None:
    """Codes of the protocol, of the library and of applications arrive as they are."""
    close = CloseFrame(code, "words")
    assert opened(role).receive(encode_frame(close), 0.0) == [close]


@both_roles
@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 5000, 65_535])
def test_close_code_that_may_not_travel_is_a_fault(role: Role, code: int) -> None:
    """1006 and its like are what an end says to itself; the answer is a CLOSE with 1002."""
    machine = opened(role)
    events = machine.receive(encode_frame(CloseFrame(code)), 0.0)
    assert code_of(events) == 1002
    assert reason_of(events) == f"CLOSE with code {code}"
    sent(machine, CloseFrame(1002))
    assert machine.state is State.CLOSED


@both_roles
def test_close_that_is_not_answered_times_out(role: Role) -> None:
    """``close_s`` after the CLOSE the end is forced, once (FAULTS 4, WIRE 4)."""
    machine = opened(role, Limits(close_s=2))
    sent(machine, CloseFrame(), 10.0)
    assert machine.next_deadline() == 12.0
    assert machine.tick(11.999, []) == []
    assert machine.tick(12.0, []) == [TimedOut(1006, "no end within 2 s of closing")]
    assert machine.tick(13.0, []) == []


@both_roles
def test_fault_can_be_answered_with_close(role: Role) -> None:
    """After a fault the end tells its code and waits no longer than for any CLOSE."""
    machine = opened(role)
    machine.receive(b"\0\0\0\0", 1.0)
    sent(machine, CloseFrame(1002), 1.0)
    assert machine.next_deadline() == 6.0
    assert machine.receive(encode_frame(CloseFrame(1002)), 2.0) == []


@both_roles
@pytest.mark.parametrize("state", ["start", "greeted", "open", "closing", "inside a frame"])
def test_end_of_the_stream_is_told_once(role: Role, state: str) -> None:
    """Whatever was going on, the end is the end, and nothing is waited for any more."""
    machine = {"start": new, "greeted": greeted}.get(state, opened)(role)
    if state == "closing":
        sent(machine, CloseFrame())
    elif state == "inside a frame":
        machine.receive(b"\0\0", 0.0)
    assert machine.receive_eof(1.0) == [Ended()]
    assert machine.receive_eof(1.0) == machine.tick(1000.0, []) == []
    assert (machine.state, machine.next_deadline()) == (State.ENDED, NEVER)


@both_roles
def test_lost_connection_tells_nothing(role: Role) -> None:
    """Whoever knows of the loss already is not told again."""
    machine = opened(role)
    machine.lost()
    assert machine.receive_eof(1.0) == []


def test_reject_is_cut_to_what_the_peer_accepts() -> None:
    """A device with small buffers can read why it was refused."""
    machine = greeted(Role.SERVER, hello=HelloFrame(frame_bytes_max=256))
    out: list[bytes] = []
    machine.send(RejectFrame(4001, 0, "x" * 1000), 0.0, out)
    assert len(out[0]) == 256 + 4
    assert out == [encode_frame(RejectFrame(4001, 0, "x" * 248))]


@pytest.mark.parametrize(("id_bytes", "fits"), [(217, True), (218, False)])
def test_welcome_is_as_long_as_the_peer_accepts(id_bytes: int, *, fits: bool) -> None:
    """A WELCOME that the peer could not read is refused here, at its limit exactly."""
    machine = greeted(Role.SERVER, hello=HelloFrame(frame_bytes_max=256))
    welcome = WelcomeFrame(frame_bytes_max=LIMIT, id="x" * id_bytes)
    out: list[bytes] = []
    if fits:
        machine.send(welcome, 0.0, out)
        assert len(out[0]) == 256 + 4
    else:
        with pytest.raises(MessageTooLong):
            machine.send(welcome, 0.0, out)
        assert out == []


def owing(payload_bytes_max: int = 1 << 20) -> McwsMachine:
    """Return a server's machine that owes an answer to request 7."""
    hello = HelloFrame(frame_bytes_max=payload_bytes_max + 6, features=1)
    machine = opened(Role.SERVER, hello=hello)
    question = RequestFrame(7, b"?")
    assert machine.receive(encode_frame(question), 0.0) == [question]
    return machine


@pytest.mark.parametrize("payload", [b"", b"yes", "ja \u2713", b"x" * LARGE], ids=len)
def test_reply_is_the_frame_that_send_makes(payload: Payload) -> None:
    """The short way writes the same bytes, and a large payload is not copied."""
    machine, other = owing(), owing()
    out: list[bytes] = []
    usual: list[bytes] = []
    size = machine.send_reply(7, payload, 0.0, out)
    assert size == other.send(ReplyFrame(7, payload), 0.0, usual)
    assert b"".join(out) == b"".join(usual)
    assert len(out) == (2 if len(payload) >= LARGE else 1)
    with pytest.raises(LocalProtocolError, match="no request 7 waits for an answer"):
        machine.send_reply(7, payload, 0.0, out)


def test_reply_that_is_too_long_may_be_followed_by_another() -> None:
    """Nothing is noted of what was not sent."""
    machine = owing(payload_bytes_max=300)
    out: list[bytes] = []
    with pytest.raises(MessageTooLong):
        machine.send_reply(7, bytes(301), 0.0, out)
    assert out == []
    assert machine.send_reply(7, bytes(300), 0.0, out) == 310


def test_excuse_in_the_opening_changes_nothing_but_the_time() -> None:
    """Before the opening is over there is no keepalive to be lenient with."""
    machine = new(Role.SERVER)
    machine.excuse(3.0)
    assert machine.heard_at == 3.0


@both_roles
def test_machine_knows_whether_it_asks_and_hears(role: Role) -> None:
    """A request is unanswered until its answer came; behind a fault nothing is heard."""
    machine = opened(role)
    asked = [machine.is_asking]
    sent(machine, RequestFrame(1, b""))
    asked.append(machine.is_asking)
    machine.receive(encode_frame(ReplyFrame(1, b"")), 0.0)
    asked.append(machine.is_asking)
    assert asked == [False, True, False]
    heard = [machine.is_deaf]
    machine.receive(b"\0\0\0\x02\x7f\0", 0.0)
    heard.append(machine.is_deaf)
    assert heard == [False, True]


@both_roles
def test_close_that_was_decided_before_has_its_deadline(role: Role) -> None:
    """An end that could not say CLOSE at once ends no later for that; it is told in time."""
    machine = opened(role)
    machine.close_by(1.0)
    assert machine.next_deadline() == 1.0 + LIMITS.close_s
    sent(machine, CloseFrame(), now=3.0)
    assert machine.next_deadline() == 1.0 + LIMITS.close_s
    assert machine.tick(1.0 + LIMITS.close_s, []) == [
        TimedOut(1006, f"no end within {LIMITS.close_s:g} s of closing")
    ]
