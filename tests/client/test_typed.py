"""A client of a contract: handlers and iterations by type, requests, and what does not fit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import pytest

from mcws_client import Client, ClientState
from mcws_protocol import (
    Contract,
    ContractMismatch,
    DecodeError,
    EncodeError,
    Json,
    Lines,
    MsgPack,
    Plain,
    RequestFailed,
    RequestTimeout,
    UnknownMessage,
)
from mcws_server import ConnectedClient, Server
from tests.aio.harness import MakeLab, settle
from tests.aio.thermo import (
    PLAIN,
    THERMO,
    Alarm,
    Config,
    GetConfig,
    Newer,
    Notice,
    Ok,
    Reading,
    SetLed,
)

SECRET = "s3cr3t"
URL = "tcp://cable:1"

BOTH = pytest.mark.parametrize("contract", [THERMO, PLAIN], ids=["mcws", "plain"])


def answer_nothing(request: GetConfig, client: object) -> Any:
    """Answer with what answers nothing."""


def only(server: Server[Any, Any, Any]) -> Any:
    """Return the server's only client."""
    (client,) = server.clients
    return client


# Handlers by type


@BOTH
async def test_on_a_type(lab: MakeLab, contract: Contract[Any, Any]) -> None:
    """Each message goes to the handlers of its type and to those of all, in their order."""
    server, heard = Server(contract), list[Any]()
    client = lab(server).client()
    client.on(Notice)(lambda message, client: heard.append(("notice", message)))
    client.on_message(lambda message, client: heard.append(("all", message)))
    await client.connect()
    await settle()
    server.broadcast(Notice("x"))
    await settle()
    assert heard == [("notice", Notice("x")), ("all", Notice("x"))]


@pytest.mark.parametrize("contract", [THERMO, PLAIN], ids=["mcws", "plain"])
async def test_on_a_request(lab: MakeLab, contract: Contract[Any, Any]) -> None:
    """A client answers the server's requests, and no handler of messages sees them."""
    server, heard = Server(contract), list[Any]()
    client = lab(server).client().on_message(lambda message, client: heard.append(message))

    @client.on(SetLed)
    async def set_led(request: SetLed, client: Client[Any, Any]) -> Ok:
        await asyncio.sleep(0.5)
        return Ok(int(request.on))

    await client.connect()
    await settle()
    assert await only(server).request(SetLed(on=False)) == Ok(0)
    assert heard == []


async def test_on_a_type_that_comes_late(lab: MakeLab) -> None:
    """What arrived before its handler was registered is not lost."""
    server, heard = Server(THERMO), list[Any]()
    server.on_client_connect(lambda client: client.send(Notice("early")))
    client = await lab(server).client().connect()
    await settle()
    client.on(Notice)(lambda message, client: heard.append(message))
    await settle()
    assert heard == [Notice("early")]


@pytest.mark.parametrize("kind", [Reading, GetConfig, Ok, Newer, bytes])
def test_on_what_no_server_sends_raises(kind: Any) -> None:
    """A handler that would never run is refused."""
    problem = rf"^{kind.__name__} does not arrive here, expected Notice \| SetLed$"
    with pytest.raises(TypeError, match=problem):
        Client(URL, THERMO).on(kind)


def test_on_a_request_twice_raises() -> None:
    """A request has exactly one answer."""
    client = Client(URL, THERMO)
    client.on(SetLed)(lambda request, client: Ok())
    with pytest.raises(ValueError, match=r"^SetLed is handled by .* already$"):
        client.on(SetLed)(lambda request, client: Ok())


def test_on_returns_the_function() -> None:
    """A handler can be called in a test."""

    def note(message: Notice, client: object) -> None:
        """Do nothing."""

    assert Client(URL, THERMO).on(Notice)(note) is note


# Iterations


async def test_messages_of_a_type(lab: MakeLab) -> None:
    """An iteration gives the messages of its type until the connection ends."""
    talk: Contract[Any, Any] = Contract("talk", version=1, up=Reading, down=Notice | Alarm)
    server = Server(talk)
    client = await lab(server).client().connect()
    await settle()
    found = client.messages(Notice)
    for message in (Notice("a"), Alarm("b"), Notice("c")):
        server.broadcast(message)
    await settle()
    await only(server).close()
    assert [message async for message in found] == [Notice("a"), Notice("c")]
    assert [message async for message in client] == [Alarm("b")]


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Reading, r"^Reading does not arrive here, expected Notice \| SetLed$"),
        ("Notice", "^kind must be a class of messages, not 'Notice'$"),
    ],
    ids=["direction", "name"],
)
def test_messages_of_what_never_arrives_raises(kind: Any, problem: str) -> None:
    """An iteration that would never give anything is refused."""
    with pytest.raises(TypeError, match=problem):
        Client(URL, THERMO).messages(kind)


# Sending


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Notice(), r"^Notice cannot be sent here, expected Reading \| Alarm$"),
        (GetConfig(), r"^GetConfig is a request: send it with request\(\), not with send\(\)$"),
        ("text", r"^str cannot be sent here, expected Reading \| Alarm$"),
        (Reading(cast("Any", object())), "^Reading cannot be encoded: "),
    ],
    ids=["down", "request", "raw", "field"],
)
async def test_send_what_cannot_be_sent(lab: MakeLab, message: Any, problem: str) -> None:
    """Nothing is sent, and the connection goes on."""
    server, heard = Server(THERMO), list[Any]()
    server.on_client_message(lambda message, client: heard.append(message))
    client = await lab(server).client().connect()
    with pytest.raises(EncodeError, match=problem):
        client.send(message)
    client.send(Reading(1.0))
    await settle()
    assert heard == [Reading(1.0)]


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (SetLed(), "^SetLed cannot be sent here, expected GetConfig$"),
        (Reading(), r"^Reading is no request: send it with send\(\), not with request\(\)$"),
        ("text", "^str cannot be sent here, expected GetConfig$"),
    ],
    ids=["direction", "message", "raw"],
)
async def test_request_that_a_client_does_not_ask(
    lab: MakeLab, request_: Any, problem: str
) -> None:
    """Nothing is asked that could not be answered."""
    client = await lab(Server(THERMO)).client().connect()
    with pytest.raises(EncodeError, match=problem):
        await client.request(request_)


async def test_request_errors_are_distinct(lab: MakeLab) -> None:
    """Nobody answers (1), the payload is wrong (2) and the handler failed (3) are three codes."""
    server = Server(THERMO)
    client = await lab(server).client().connect()
    codes: list[int] = []

    async def ask(request: GetConfig) -> None:
        with pytest.raises(RequestFailed) as caught:
            await client.request(request)
        codes.append(caught.value.code)

    await ask(GetConfig())
    server.on(GetConfig)(answer_nothing)
    await ask(GetConfig(cast("Any", 7)))
    await ask(GetConfig())
    assert codes == [1, 2, 3]


async def test_request_without_a_handler_at_the_client(lab: MakeLab) -> None:
    """A server that asks what a client does not answer is told so."""
    server = Server(THERMO)
    await lab(server).client().connect()
    await settle()
    with pytest.raises(RequestFailed, match="code 1"):
        await only(server).request(SetLed())


# What does not decode


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (
            {"$": "Config", "interval_s": SECRET},
            DecodeError,
            "payload is not float at $.interval_s",
        ),
        (
            {"$": "Newer", "text": SECRET},
            UnknownMessage,
            "message of type 'Newer', known are Config",
        ),
    ],
    ids=["wrong", "unknown"],
)
async def test_reply_that_does_not_decode(
    lab: MakeLab, content: dict[str, Any], kind: type[DecodeError], text: str
) -> None:
    """Only who asked hears of it, without the content; another reply could follow, so it closes."""
    # A server without types says whatever it likes; on a plain wire nobody agrees on anything.
    answer = Json().encode(content)
    server = Server().on_client_message(lambda message, client: client.send(answer))
    client = await lab(server, wire=PLAIN.wire).client(contract=PLAIN).connect()
    with pytest.raises(DecodeError) as caught:
        await client.request(GetConfig())
    assert (type(caught.value), str(caught.value)) == (kind, text)
    assert SECRET not in f"{caught.value.args} {caught.value.__context__!r}"
    assert (client.closed, client.close_code) == (True, 1007)
    await client.close()


async def test_message_that_does_not_decode(lab: MakeLab, caplog: pytest.LogCaptureFixture) -> None:
    """The client closes with 1007, and what came is shown nowhere."""
    caplog.set_level(logging.DEBUG)
    server, errors, heard = Server(THERMO), list[Exception](), list[Any]()
    ends: list[tuple[int, str]] = []
    server.on_client_disconnect(
        lambda client: ends.append((client.close_code, client.close_reason))
    )
    client = lab(server).client().on_message(lambda message, client: heard.append(message))
    client.on_error(lambda error, client: errors.append(error))
    await client.connect()
    await settle()
    only(server).write(MsgPack().encode({"$": "Notice", "text": [SECRET]}))
    server.broadcast(Notice("behind"))
    await settle()
    (error,) = errors
    assert (client.close_code, client.close_reason) == (1007, str(error))
    assert ends == [(1007, "payload is not str at $.text")]
    assert heard == []
    assert SECRET not in f"{error!r} {error.args} {error.__context__!r} {ends} {caplog.text}"


@BOTH
async def test_message_of_an_unknown_type(lab: MakeLab, contract: Contract[Any, Any]) -> None:
    """A newer server's message is skipped, and the next one arrives."""
    server, errors, heard = Server(contract), list[str](), list[Any]()
    client = lab(server).client().on_message(lambda message, client: heard.append(message))
    client.on_error(lambda error, client: errors.append(str(error)))
    await client.connect()
    await settle()
    only(server).write(contract.codec.encode(Newer(SECRET)))
    server.broadcast(Notice("next"))
    await settle()
    known = "Notice" if contract is THERMO else "Notice | SetLed"
    assert errors == [f"message of type 'Newer', known are {known}"]
    assert heard == [Notice("next")]


# Agreement


class Strict(Alarm, tag="Reading"):
    """A next version of a reading that says more than the older one reads."""

    celsius: float | str = 0.0


YOUNGER: Contract[Any, Any] = Contract(
    "thermo",
    version=2,
    up=Strict | Alarm | GetConfig,
    down=Notice | SetLed,
    previous=[THERMO],
)


async def test_connect_to_a_server_that_cannot_read(lab: MakeLab) -> None:
    """A known older server that cannot read what this client says is left, naming the field."""
    client = lab(Server(THERMO)).client(contract=YOUNGER)
    with pytest.raises(ContractMismatch, match=r"up Reading\.celsius: ") as caught:
        await client.connect()
    assert (caught.value.ours, caught.value.theirs) == (YOUNGER.label, THERMO.label)
    assert client.state is ClientState.NEW


async def test_connect_to_a_server_without_a_contract(lab: MakeLab) -> None:
    """A client without a contract and a server without one are no strangers to each other."""
    client = await lab(Server()).client().connect()
    assert client.contract == ""


async def test_connect_again_after_a_mismatch(lab: MakeLab) -> None:
    """The client may try again, perhaps when the server is up to date."""
    labs = iter([lab(Server(THERMO)), lab(Server(YOUNGER))])

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        await next(labs).dial(make)

    client = lab().client(contract=YOUNGER, dial=dial)
    with pytest.raises(ContractMismatch):
        await client.connect()
    await client.connect()
    assert client.contract == YOUNGER.label


def test_client_of_a_wire_that_cannot_carry_the_codec_raises() -> None:
    """MessagePack does not go on lines, which shows before anything is dialled."""
    with pytest.raises(ValueError, match=r"^Lines.* cannot carry what MsgPack\(\) makes"):
        Client(URL, THERMO, wire=Plain(Lines()))


def test_client_of_what_is_no_contract_raises() -> None:
    """The mistake shows at the construction."""
    with pytest.raises(TypeError, match=r"^contract must be a Contract, not 'thermo'$"):
        Client(URL, cast("Any", "thermo"))


# Plain wires


async def test_plain_request_finds_its_answer(lab: MakeLab) -> None:
    """With ``match`` what is no answer is a message, also while a request waits."""
    wire = Plain(Lines(), match=lambda request, message: isinstance(message, Config))
    server, heard = Server(PLAIN), list[Any]()

    @server.on(GetConfig)
    def answer(request: GetConfig, client: ConnectedClient[Any, Any]) -> Config:
        client.send(Notice("first"))
        return Config(2.0)

    client = lab(server).client(wire=wire)
    client.on_message(lambda message, client: heard.append(message))
    await client.connect()
    assert await client.request(GetConfig()) == Config(2.0)
    await settle()
    assert heard == [Notice("first")]


async def test_plain_request_given_up_with_match(lab: MakeLab) -> None:
    """The late answer is a message that nobody here knows; the connection goes on."""
    wire = Plain(Lines(), match=lambda request, message: isinstance(message, Config))
    server, errors = Server(PLAIN), list[str]()

    @server.on(GetConfig)
    async def answer(request: GetConfig, client: object) -> Config:
        await asyncio.sleep(2 if request.section == "slow" else 0)
        return Config(2.0)

    client = lab(server).client(wire=wire)
    client.on_error(lambda error, client: errors.append(str(error)))
    await client.connect()
    with pytest.raises(RequestTimeout):
        await client.request(GetConfig("slow"), timeout=1)
    await asyncio.sleep(2)
    assert errors == ["message of type 'Config', known are Notice | SetLed"]
    assert await client.request(GetConfig()) == Config(2.0)


async def test_plain_request_without_match_takes_the_next_message(lab: MakeLab) -> None:
    """Nothing tells an answer from a message, so a message is an answer that does not decode."""
    server = Server(PLAIN)

    @server.on(GetConfig)
    def answer(request: GetConfig, client: ConnectedClient[Any, Any]) -> Config:
        client.send(Notice("first"))
        return Config(2.0)

    client = await lab(server).client().connect()
    with pytest.raises(UnknownMessage):
        await client.request(GetConfig())


async def test_client_with_another_codec(lab: MakeLab) -> None:
    """A client may speak its contract in another codec, where the door does."""
    server, heard = Server(THERMO), list[Any]()
    server.on(Reading)(lambda message, client: heard.append(message))
    client = await lab(server, codec=Json()).client(codec=Json()).connect()
    client.send(Reading(1.5))
    await settle()
    assert heard == [Reading(1.5)]
