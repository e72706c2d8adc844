"""A server of a contract: handlers by type, replies, agreement, and what does not fit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import pytest

from mcws_client import Client
from mcws_protocol import (
    UNTYPED,
    CloseFrame,
    ConnectionClosed,
    Contract,
    ContractMismatch,
    DecodeError,
    EncodeError,
    ErrorFrame,
    HelloFrame,
    Json,
    Lines,
    LocalProtocolError,
    Message,
    MessageFrame,
    MsgPack,
    Plain,
    Refused,
    Rejected,
    Request,
    RequestFailed,
    RequestFrame,
    RequestTimeout,
    UnknownMessage,
    WelcomeFrame,
    decode_frame,
    encode_frame,
)
from mcws_server import ConnectedClient, Server
from tests.aio.harness import Lab, MakeLab, Raw, settle
from tests.aio.thermo import (
    PLAIN,
    THERMO,
    Alarm,
    AskNewer,
    Config,
    GetConfig,
    Measured,
    Newer,
    Notice,
    Ok,
    Reading,
    SetLed,
)

SECRET = "s3cr3t"

BOTH = pytest.mark.parametrize("contract", [THERMO, PLAIN], ids=["mcws", "plain"])


class Log:
    """What a server heard.

    Attributes:
        messages: what its handlers got.
        errors: what its error hooks got.
        ends: how connections ended.
    """

    def __init__(self, server: Server[Any, Any, Any]) -> None:
        self.messages: list[Any] = []
        self.errors: list[Exception] = []
        self.ends: list[tuple[int, str]] = []
        server.on_client_error(lambda error, client: self.errors.append(error))
        server.on_client_disconnect(
            lambda client: self.ends.append((client.close_code, client.close_reason))
        )

    def note(self, name: str) -> Callable[[Any, Any], None]:
        """Return a handler that writes down its call."""
        return lambda message, client: self.messages.append((name, message))


async def device(made: Lab, label: str = "") -> Raw:
    """Return a hand-written device that said HELLO, with that label, and was answered."""
    peer = Raw()
    made.accept(peer)
    peer.end.write(encode_frame(HelloFrame(frame_bytes_max=1 << 16, features=1, contract=label)))
    await settle()
    return peer


def frames(peer: Raw) -> list[Any]:
    """Return the frames that a device heard since it was asked last."""
    found: list[Any] = []
    while peer.heard:
        size = 4 + int.from_bytes(peer.heard[:4], "big")
        found.append(decode_frame(peer.heard[4], peer.heard[5], peer.heard[6:size]))
        peer.heard = peer.heard[size:]
    return found


# Handlers by type


@BOTH
async def test_on_a_type(lab: MakeLab, contract: Contract[Any, Any]) -> None:
    """Each message goes to the handlers of its type, and to those of all messages."""
    server = Server(contract)
    log = Log(server)
    server.on(Reading)(log.note("reading"))
    server.on_client_message(log.note("all"))
    server.on(Alarm)(log.note("alarm"))
    client = await lab(server).client().connect()
    client.send(Reading(1.5))
    client.send(Alarm("hot"))
    await settle()
    assert log.messages == [
        ("reading", Reading(1.5)),
        ("all", Reading(1.5)),
        ("all", Alarm("hot")),
        ("alarm", Alarm("hot")),
    ]


async def test_on_a_base_class(lab: MakeLab) -> None:
    """A base stands for the messages of all of its subclasses."""
    server = Server(THERMO)
    log = Log(server)
    server.on(Measured)(log.note("measured"))
    client = await lab(server).client().connect()
    client.send(Alarm())
    client.send(Reading())
    await settle()
    assert log.messages == [("measured", Alarm()), ("measured", Reading())]


async def test_on_decorates_and_returns_the_function() -> None:
    """A handler can be called in a test, as if it were not registered."""
    server = Server(THERMO)

    @server.on(GetConfig)
    def answer(request: GetConfig, client: object) -> Config:
        return Config(2.0)

    assert answer(GetConfig(), cast("Any", None)) == Config(2.0)


async def test_on_client_then_server(lab: MakeLab) -> None:
    """The server's handlers come first, then the client's own."""
    server = Server(THERMO)
    log = Log(server)

    def greet(client: ConnectedClient[Any, Any]) -> None:
        client.on(Reading)(log.note("own"))

    server.on_client_connect(greet)
    server.on(Reading)(log.note("server"))
    client = await lab(server).client().connect()
    client.send(Reading())
    await settle()
    assert [name for name, _ in log.messages] == ["server", "own"]


@pytest.mark.parametrize("kind", [SetLed, Notice, Config, Newer, str, AskNewer])
def test_on_what_no_client_sends_raises(kind: Any) -> None:
    """A handler that would never run is refused, be it of the wrong direction or of none."""
    with pytest.raises(TypeError, match=f"^{kind.__name__} does not arrive here, expected Reading"):
        Server(THERMO).on(kind)


def test_on_what_is_no_class_raises() -> None:
    """A message is no type of messages."""
    with pytest.raises(TypeError, match=r"^kind must be a class of messages, not Reading"):
        Server(THERMO).on(cast("Any", Reading()))


def test_on_a_request_twice_raises() -> None:
    """A request has exactly one answer."""
    server = Server(THERMO)
    server.on(GetConfig)(lambda request, client: Config())
    with pytest.raises(ValueError, match=r"^GetConfig is handled by .* already$"):
        server.on(GetConfig)(lambda request, client: Config())


# Requests


@BOTH
@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_request_is_answered(
    lab: MakeLab, contract: Contract[Any, Any], is_async: bool
) -> None:
    """The reply is of the type that belongs to the request."""
    server = Server(contract)

    async def later(request: GetConfig, client: object) -> Config:
        await asyncio.sleep(0.5)
        return Config(2.0)

    def at_once(request: GetConfig, client: object) -> Config:
        return Config(2.0)

    server.on(GetConfig)(later if is_async else at_once)
    client = await lab(server).client().connect()
    assert await client.request(GetConfig("x")) == Config(2.0)


@BOTH
async def test_request_of_the_server(lab: MakeLab, contract: Contract[Any, Any]) -> None:
    """A server asks its clients the same way."""
    server = Server(contract)
    client = lab(server).client()
    client.on(SetLed)(lambda request, client: Ok(since=int(request.on)))
    await client.connect()
    await settle()
    (connected,) = server.clients
    assert await connected.request(SetLed(on=True)) == Ok(since=1)


async def test_request_goes_to_the_handler_of_its_type(lab: MakeLab) -> None:
    """The client's own handler comes first, then that of the type, then the one of all."""
    server = Server(THERMO)
    server.on_client_request(lambda request, client: Config(1.0))
    client = await lab(server).client().connect()
    assert await client.request(GetConfig()) == Config(1.0)
    server.on(GetConfig)(lambda request, client: Config(2.0))
    assert await client.request(GetConfig()) == Config(2.0)
    (connected,) = server.clients
    connected.on(GetConfig)(lambda request, client: Config(3.0))
    assert await client.request(GetConfig()) == Config(3.0)


async def test_request_without_a_handler(lab: MakeLab) -> None:
    """The requester is told that nobody answers."""
    client = await lab(Server(THERMO)).client().connect()
    with pytest.raises(RequestFailed) as caught:
        await client.request(GetConfig())
    assert (caught.value.code, caught.value.reason) == (1, "")


async def test_request_of_an_unknown_type(lab: MakeLab) -> None:
    """A newer client's request is answered with ERROR 1, and the connection goes on."""
    server = Server(THERMO)
    log = Log(server)
    server.on(Reading)(log.note("reading"))
    peer = await device(lab(server))
    frames(peer)
    peer.end.write(encode_frame(RequestFrame(7, MsgPack().encode(AskNewer()))))
    peer.end.write(encode_frame(MessageFrame(MsgPack().encode(Reading()))))
    await settle()
    assert [(frame.correlation_id, frame.code) for frame in frames(peer)] == [(7, 1)]
    assert [type(error) for error in log.errors] == [UnknownMessage]
    assert log.messages == [("reading", Reading())]


async def test_request_that_does_not_fit(lab: MakeLab) -> None:
    """A payload that is wrong gets ERROR 2, which is not what a missing handler gets."""
    server = Server(THERMO)
    server.on(GetConfig)(lambda request, client: Config())
    peer = await device(lab(server))
    frames(peer)
    wrong = MsgPack().encode({"$": "GetConfig", "section": [SECRET]})
    peer.end.write(encode_frame(RequestFrame(7, wrong)))
    await settle()
    assert frames(peer) == [ErrorFrame(7, 2, "payload is not str at $.section")]


async def test_request_whose_handler_answers_wrongly(lab: MakeLab) -> None:
    """A reply of another type is a failed handler, and the server hears why."""
    server = Server(THERMO)
    log = Log(server)

    @server.on(GetConfig)
    def answer(request: GetConfig, client: object) -> Any:
        return Ok()

    client = await lab(server).client().connect()
    with pytest.raises(RequestFailed) as caught:
        await client.request(GetConfig())
    assert (caught.value.code, caught.value.reason) == (3, "")
    assert [str(error) for error in log.errors] == ["Ok cannot be sent here, expected Config"]


async def test_request_refused_by_its_handler(lab: MakeLab) -> None:
    """The application's own code and reason arrive."""
    server = Server(THERMO)

    @server.on(GetConfig)
    def refuse(request: GetConfig, client: object) -> Config:
        raise Refused(1234, "not you")

    client = await lab(server).client().connect()
    with pytest.raises(RequestFailed) as caught:
        await client.request(GetConfig())
    assert (caught.value.code, caught.value.reason) == (1234, "not you")


# Requests on a plain wire, which has no word for errors


async def unanswered(server: Server[Any, Any, Any], made: Lab) -> list[Exception]:
    """Ask what gets no answer; return what the server's error hooks got."""
    log = Log(server)
    client = await made.client().connect()
    with pytest.raises(RequestTimeout):
        await client.request(GetConfig(), timeout=2)
    assert client.closed
    return log.errors


async def test_plain_request_without_a_handler(lab: MakeLab) -> None:
    """The requester waits in vain, and this end hears why; no message handler gets it."""
    server = Server(PLAIN)
    heard: list[Any] = []
    server.on_client_message(lambda message, client: heard.append(message))
    (error,) = await unanswered(server, lab(server))
    assert isinstance(error, LocalProtocolError)
    assert str(error) == "no handler for GetConfig, and a plain wire cannot say so"
    assert heard == []


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (ZeroDivisionError("x"), "x"),
        (Refused(1234, "no"), "refused with code 1234: 'no'"),
        (Ok(), "Ok cannot be sent here, expected Config"),
    ],
    ids=["raises", "refuses", "answers wrongly"],
)
async def test_plain_request_that_fails(lab: MakeLab, result: object, problem: str) -> None:
    """Whatever goes wrong, nothing is sent, and this end hears what it was."""
    server = Server(PLAIN)

    @server.on(GetConfig)
    def fail(request: GetConfig, client: object) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    assert [str(error) for error in await unanswered(server, lab(server))] == [problem]


# Sending


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Reading(), r"^Reading cannot be sent here, expected Notice$"),
        (Config(), r"^Config cannot be sent here, expected Notice$"),
        (SetLed(), r"^SetLed is a request: send it with request\(\), not with send\(\)$"),
        (b"raw", r"^bytes cannot be sent here, expected Notice$"),
        (Notice(cast("Any", object())), r"^Notice cannot be encoded: "),
    ],
    ids=["up", "reply", "request", "raw", "field"],
)
@pytest.mark.parametrize("count", [0, 2])
async def test_sending_what_cannot_be_sent(
    lab: MakeLab, message: Any, problem: str, count: int
) -> None:
    """No way of sending takes what is not in the contract, and nobody gets anything."""
    server, heard = Server(THERMO), list[Any]()
    made = lab(server)
    for _ in range(count):
        client = made.client().on_message(lambda message, client: heard.append(message))
        await client.connect()
    await settle()
    ways: list[Callable[[], object]] = [
        lambda: server.broadcast(message),
        lambda: server.broadcast(message, lambda client: True),
        lambda: server.send_to(server.clients, message),
        *(lambda client=client: client.send(message) for client in server.clients),
    ]
    for way in ways:
        with pytest.raises(EncodeError, match=problem):
            way()
    await settle()
    assert heard == []


async def test_sending_to_many(lab: MakeLab) -> None:
    """A message of the contract reaches whoever it is for, as its class."""
    server, heard = Server(THERMO), list[Any]()
    made = lab(server)
    for name in "ab":
        client = made.client(id=name)
        client.on(Notice)(lambda message, client: heard.append((client.id, message)))
        await client.connect()
    await settle()
    server.broadcast(Notice("all"))
    server.broadcast(Notice("one"), lambda client: client.id == "a")
    _, last = server.clients
    assert server.send_to([last], Notice("other")).queued == 1
    await settle()
    assert sorted(heard, key=lambda pair: pair[0]) == [
        ("a", Notice("all")),
        ("a", Notice("one")),
        ("b", Notice("all")),
        ("b", Notice("other")),
    ]


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (GetConfig(), "^GetConfig cannot be sent here, expected SetLed$"),
        (Notice(), r"^Notice is no request: send it with send\(\), not with request\(\)$"),
    ],
    ids=["direction", "message"],
)
async def test_request_that_a_server_does_not_ask(
    lab: MakeLab, request_: Any, problem: str
) -> None:
    """A request of the wrong direction, and a message, are refused before anything is sent."""
    server = Server(THERMO)
    await lab(server).client().connect()
    await settle()
    (connected,) = server.clients
    with pytest.raises(EncodeError, match=problem):
        await connected.request(request_)


# What does not decode


@pytest.mark.parametrize(
    "payload",
    [
        MsgPack().encode({"$": "Reading", "celsius": SECRET}),
        MsgPack().encode({"$": "Reading", SECRET: 1, "celsius": [SECRET]}),
        MsgPack().encode(SECRET),
        SECRET.encode(),
    ],
    ids=["value", "field", "text", "nonsense"],
)
async def test_message_that_does_not_decode(
    lab: MakeLab, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection closes with 1007, and what came is shown nowhere."""
    caplog.set_level(logging.DEBUG)
    server = Server(THERMO)
    log = Log(server)
    server.on_client_message(log.note("all"))
    peer = await device(lab(server))
    frames(peer)
    peer.end.write(encode_frame(MessageFrame(payload)))
    peer.end.write(encode_frame(MessageFrame(MsgPack().encode(Reading()))))
    await settle()
    (error,) = log.errors
    assert isinstance(error, DecodeError)
    (close,) = frames(peer)
    assert (close, log.messages) == (CloseFrame(1007, str(error)), [])
    peer.end.close()
    await settle()
    assert log.ends == [(1007, str(error))]
    shown = f"{error!r} {error.args} {error.__context__!r} {log.ends} {close} {caplog.text}"
    assert SECRET not in shown


async def test_message_of_an_unknown_type(lab: MakeLab) -> None:
    """A newer client's message is skipped, and the next one arrives."""
    server = Server(THERMO)
    log = Log(server)
    server.on_client_message(log.note("all"))
    peer = await device(lab(server))
    for message in (Newer(SECRET), Reading(2.0)):
        peer.end.write(encode_frame(MessageFrame(MsgPack().encode(message))))
    await settle()
    assert log.messages == [("all", Reading(2.0))]
    assert [str(error) for error in log.errors] == [
        "message of type 'Newer', known are Reading | Alarm"
    ]
    assert not peer.is_lost


async def test_message_in_the_frame_of_a_request(lab: MakeLab) -> None:
    """A request that comes as a message is not known as one."""
    server = Server(THERMO)
    log = Log(server)
    server.on(GetConfig)(lambda request, client: Config())
    peer = await device(lab(server))
    peer.end.write(encode_frame(MessageFrame(MsgPack().encode(GetConfig()))))
    await settle()
    assert [type(error) for error in log.errors] == [UnknownMessage]


# Agreement


class FullReading(Measured, tag="Reading"):
    """The next version of a reading."""

    celsius: float = 0.0
    sensor: str = "main"


NEXT: Contract[Any, Any] = Contract(
    "thermo",
    version=2,
    up=FullReading | Alarm | GetConfig,
    down=Notice | SetLed,
    previous=[THERMO],
)
STRANGE: Contract[Any, Any] = Contract("thermo", version=1, up=Alarm, down=Notice)
OTHER: Contract[Any, Any] = Contract("hydro", version=1, up=Alarm, down=Notice)


async def test_old_client_at_a_new_server(lab: MakeLab) -> None:
    """During a deploy a client of a version in ``previous`` talks on."""
    server = Server(NEXT)
    log = Log(server)
    server.on(FullReading)(log.note("reading"))
    client = await lab(server).client(contract=THERMO).connect()
    client.send(Reading(1.5))
    await settle()
    assert log.messages == [("reading", FullReading(1.5, "main"))]
    assert client.contract == NEXT.label
    (connected,) = server.clients
    assert connected.contract == THERMO.label


async def test_new_client_at_an_old_server(lab: MakeLab) -> None:
    """A client that knows the older version of the server talks to it."""
    server = Server(THERMO)
    log = Log(server)
    server.on(Reading)(log.note("reading"))
    client = await lab(server).client(contract=NEXT).connect()
    client.send(FullReading(1.5, "attic"))
    await settle()
    assert log.messages == [("reading", Reading(1.5))]
    assert client.contract == THERMO.label


@pytest.mark.parametrize("stranger", [STRANGE, OTHER], ids=["version", "name"])
async def test_client_that_the_server_does_not_know(
    lab: MakeLab, stranger: Contract[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is rejected with 4004, and both contracts are named."""
    caplog.set_level(logging.INFO)
    server = Server(NEXT)
    log = Log(server)
    with pytest.raises(Rejected) as caught:
        await lab(server).client(contract=stranger).connect()
    reason = f"contract is {stranger.label}, here it is {NEXT.label}"
    assert (caught.value.code, caught.value.reason) == (4004, reason)
    assert (len(server.clients), log.ends) == (0, [])
    assert "rejected with 4004" in caplog.text


async def test_client_that_does_not_know_the_server(lab: MakeLab) -> None:
    """A younger client decides: it leaves, and the server sees 4004."""
    server = Server(THERMO)
    log = Log(server)
    younger: Contract[Any, Any] = Contract("thermo", version=3, up=Alarm, down=Notice)
    client = lab(server).client(contract=younger)
    with pytest.raises(ContractMismatch) as caught:
        await client.connect()
    assert (caught.value.ours, caught.value.theirs) == (younger.label, THERMO.label)
    await settle()
    ((code, reason),) = log.ends
    assert (code, reason) == (4004, str(caught.value)[:123])
    assert len(server.clients) == 0


async def test_device_without_a_contract(lab: MakeLab) -> None:
    """A hand-written device claims nothing, is told the contract and talks."""
    server = Server(THERMO)
    log = Log(server)
    server.on(Reading)(log.note("reading"))
    peer = await device(lab(server))
    (welcome,) = frames(peer)
    assert isinstance(welcome, WelcomeFrame)
    assert welcome.contract == THERMO.label
    peer.end.write(encode_frame(MessageFrame(MsgPack().encode({"$": "Reading", "celsius": 3}))))
    server.broadcast(Notice("hi"))
    await settle()
    assert log.messages == [("reading", Reading(3.0))]
    assert frames(peer) == [MessageFrame(MsgPack().encode(Notice("hi")))]


async def test_client_with_a_contract_at_a_server_without(lab: MakeLab) -> None:
    """Nothing of what such a client expects would come true, so it is refused."""
    client = lab(Server()).client(contract=THERMO)
    with pytest.raises(Rejected) as caught:
        await client.connect()
    reason = f"contract is {THERMO.label}, here it is no contract"
    assert (caught.value.code, caught.value.reason) == (4004, reason)


async def test_client_without_a_contract_at_a_server_with_one(lab: MakeLab) -> None:
    """Like a hand-written device it may make its payloads by itself."""
    server = Server(THERMO)
    log = Log(server)
    server.on(Reading)(log.note("reading"))
    client = await lab(server).client(contract=UNTYPED, codec=MsgPack()).connect()
    client.send({"$": "Reading", "celsius": 3})
    await settle()
    assert log.messages == [("reading", Reading(3.0))]


# Client classes


class Device(ConnectedClient[Any, Any]):
    """A client object with state."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.count = 0


async def test_client_factory_makes_what_handlers_get(lab: MakeLab) -> None:
    """Handlers, hooks and filters get the application's own class."""
    server = Server(THERMO, client_factory=Device)
    seen: list[Any] = []

    @server.on(Reading)
    def count(message: Reading, client: Device) -> None:
        client.count += 1
        seen.append(client)

    @server.on(GetConfig)
    def answer(request: GetConfig, client: Device) -> Config:
        return Config(float(client.count))

    server.on_client_connect(seen.append)
    client: Client[Any, Any] = await lab(server).client().connect()
    client.send(Reading())
    assert await client.request(GetConfig()) == Config(1.0)
    assert seen == [*server.clients] * 2
    assert isinstance(seen[0], Device)


async def test_door_with_another_codec(lab: MakeLab) -> None:
    """A device that writes JSON speaks the same contract."""
    server = Server(THERMO)
    log = Log(server)
    server.on(Reading)(log.note("reading"))
    made = lab(server, codec=Json())
    client = await made.client(codec=Json()).connect()
    client.send(Reading(1.5))
    await settle()
    assert log.messages == [("reading", Reading(1.5))]


# Plain wires: which message is the reply


class Count(Request[int]):
    """A request that a number answers, which is no message."""

    number: int = 0


class Poke(Message):
    """A message that gets in between."""

    size: int = 0


def is_number(request: object, message: object) -> bool:
    """Whether a message is what answers ``Count``."""
    return isinstance(message, int)


def counting(match: Any) -> Contract[Any, Any]:
    """Return a contract on lines, with numbers as replies."""
    wire = Plain(Lines(), match=match)
    return Contract("count", version=1, up=Count, down=Poke, wire=wire, codec=Json())


async def test_message_in_place_of_a_reply_closes_a_plain_wire(lab: MakeLab) -> None:
    """Else each later request would get the reply to the one before it."""
    server = Server(counting(None))

    @server.on(Count)
    def poke_and_count(request: Count, client: ConnectedClient[Any, Any]) -> int:
        client.send(Poke())
        return request.number

    client = await lab(server).client().connect()
    with pytest.raises(DecodeError):
        await client.request(Count(1))
    with pytest.raises(ConnectionClosed):
        await client.request(Count(2))


async def test_late_reply_that_is_no_message_is_left_out(lab: MakeLab) -> None:
    """With ``match`` a request that was given up does no harm, whatever its reply is."""
    server = Server(counting(is_number))
    slow = asyncio.Event()

    @server.on(Count)
    async def count(request: Count, client: ConnectedClient[Any, Any]) -> int:
        if not request.number:
            await slow.wait()
        return request.number

    client = await lab(server).client().connect()
    for _ in range(2):
        with pytest.raises(RequestTimeout):
            await client.request(Count(0), timeout=1.0)
    slow.set()
    await settle()
    assert (client.closed, client.skipped) == (False, 2)
    assert await client.request(Count(2)) == 2


async def test_match_that_raises_fails_no_connect_hook(lab: MakeLab) -> None:
    """The hook did what it had to; only the error hooks hear of ``match``."""

    def match(request: object, message: object) -> bool:
        if isinstance(message, Poke):
            raise ZeroDivisionError
        return True

    contract: Contract[Any, Any] = Contract(
        "ask", version=1, up=Poke, down=Count, wire=Plain(Lines(), match=match), codec=Json()
    )
    errors: list[Exception] = []
    replies: list[object] = []
    pokes: list[object] = []
    server = Server(contract).on_client_error(lambda error, client: errors.append(error))

    @server.on_client_connect
    async def ask(client: ConnectedClient[Any, Any]) -> None:
        replies.append(await client.request(Count(3)))

    server.on_client_message(lambda message, client: pokes.append(message))
    client = lab(server).client()

    @client.on(Count)
    def answer(request: Count, client: Any) -> int:
        client.send(Poke())
        return request.number

    await client.connect()
    await settle()
    assert (replies, pokes, client.closed) == ([3], [Poke()], False)
    assert [type(error) for error in errors] == [ZeroDivisionError]


async def test_broadcast_to_nobody_is_looked_at_in_debug_mode() -> None:
    """A mistake shows there with clients and without."""
    server = Server(counting(None))
    loop = server._enter().hub.loop
    server.broadcast(Poke(cast("Any", "big")))
    loop.set_debug(True)
    try:
        with pytest.raises(EncodeError, match=r"^Poke is not int at \$\.size$"):
            server.broadcast(Poke(cast("Any", "big")))
    finally:
        loop.set_debug(False)


async def test_reply_that_does_not_decode_leaves_a_wire_with_ids_open(lab: MakeLab) -> None:
    """There the id says which request is answered, so no other one is mistaken."""
    old: Contract[Any, Any] = Contract("count", version=1, up=Count, down=Poke)
    server = Server().on_client_request(lambda request, client: MsgPack().encode("no number"))
    client = lab(server).client(contract=old)
    # As a hand-written device, which nobody checks.
    client._hello = client._settings.hello("")
    await client.connect()
    with pytest.raises(DecodeError):
        await client.request(Count(1))
    assert not client.closed
