"""A client as a whole: connecting, receiving, asking, and its end."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from mcws_client import Client, ClientState, Messages
from mcws_protocol import (
    ConnectFailed,
    ConnectionClosed,
    ConnectTimeout,
    DecodeError,
    HelloFrame,
    Json,
    Limits,
    Lines,
    Mcws,
    MessageTooLong,
    OutboxFull,
    Plain,
    Rejected,
    RejectFrame,
    RemoteProtocolError,
    RequestFailed,
    RequestTimeout,
    Text,
    WelcomeFrame,
    Wire,
    encode_frame,
)
from mcws_server import ConnectedClient, Server
from tests.aio.harness import Lab, MakeLab, Raw, settle

URL = "tcp://127.0.0.1:1"
LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])
WELCOME = encode_frame(WelcomeFrame(frame_bytes_max=1 << 20, id="given", features=1))


def now() -> float:
    """Return the virtual time in seconds."""
    return asyncio.get_running_loop().time()


def state(client: Client) -> ClientState:
    """Return the state, which type checkers would otherwise take for unchanged."""
    return client.state


async def joined(made: Lab, **options: Any) -> tuple[Client, ConnectedClient]:
    """Return a client that is connected, and the server's view of it."""
    before = len(made.server.clients)
    client = await made.client(**options).connect()
    await settle()
    return client, list(made.server.clients)[before]


async def take(client: Client, count: int) -> list[Any]:
    """Return the next ``count`` messages."""
    messages = aiter(client)
    return [await anext(messages) for _ in range(count)]


def fail(message: Any, client: Client) -> None:
    """Fail to handle a message."""
    raise LookupError(message)


class Silent:
    """Stands in for a server that says what it is told to, and nothing else."""

    def __init__(self, lab: Lab) -> None:
        self._accept = lab.accept
        self.raw = Raw()
        lab.accept = self.accept  # type: ignore[method-assign]  # this is the server now

    def accept(self, protocol: Any) -> Any:
        """Join ``protocol`` to a raw peer."""
        from tests.aio.cable import connect

        return connect(protocol, self.raw)


# Arguments


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"contract": "thermo"}, TypeError, "contract must be a Contract, not 'thermo'"),
        ({"wire": Lines()}, TypeError, "wire must be a Wire, such as "),
        ({"limits": 5}, TypeError, "limits must be a Limits, not 5"),
        ({"id": 5}, TypeError, "id must be a str, not 5"),
        ({"id": ""}, ValueError, "id must be 1 to 255 bytes long, not 0"),
        ({"id": "new\nline"}, ValueError, "id must not have control characters"),
        ({"id": "x", "wire": Plain(Lines())}, ValueError, "id 'x' cannot be told: a plain wire"),
        ({"reconnect": True}, ValueError, "reconnect must be None, not True"),
        ({"connect_timeout": 0}, ValueError, "connect_timeout must be above 0 seconds, not 0"),
        ({"connect_timeout": float("nan")}, ValueError, "connect_timeout must be above 0"),
        ({"dial": "tcp"}, TypeError, "dial must be callable, not 'tcp'"),
        ({"timeout": 5}, TypeError, "unexpected keyword argument 'timeout'"),
        (
            {"timeout": 5},
            TypeError,
            r"^Client\(\) got .* 'timeout'; its options are id, wire, .*, connect_timeout, limits$",
        ),
        (
            {"codec": Json},
            TypeError,
            r"codec must be a codec, such as Json\(\), not <class .*Json'>",
        ),
        ({"codec": "json"}, TypeError, r"codec must be a codec, such as Json\(\), not 'json'"),
    ],
)
def test_client_arguments_that_are_wrong(
    options: dict[str, Any], error: type[Exception], problem: str
) -> None:
    """Each is refused by name when the client is made."""
    with pytest.raises(error, match=problem):
        Client(URL, **options)


def test_client_needs_no_loop_to_be_made() -> None:
    """A new client is not connected, and says so."""
    client = Client(URL, id="a")
    assert (client.state, client.id, client.closed) == (ClientState.NEW, "", True)
    assert (client.rtt, client.socket, client.remote_address) == (None, None, None)
    assert client.skipped == 0
    assert repr(client) == "<Client without id closed 1006>"


async def test_unconnected_client_refuses() -> None:
    """Whatever needs a connection raises ``ConnectionClosed``; waiting for nothing is done."""
    client = Client(URL)
    refusals: list[Callable[[], object]] = [
        lambda: client.send("x"),
        lambda: client.write(b"x"),
        client.room,
        client.flush,
        client.pause,
    ]
    for refusal in refusals:
        with pytest.raises(ConnectionClosed, match="not connected"):
            refusal()
    with pytest.raises(ConnectionClosed, match="not connected"):
        await client.request("?")
    client.resume()
    client.abort()
    assert not client.paused


def test_registering_chains() -> None:
    """Every registering call returns the client."""
    client = Client(URL)
    assert (
        client.on_message(print)
        .off_message(print)
        .on_request(lambda request, client: request)
        .on_connect(print)
        .on_disconnect(print)
        .on_close(print)
        .on_error(print)
    ) is client


@pytest.mark.parametrize(
    "method",
    ["on_message", "on_request", "on_connect", "on_disconnect", "on_close", "on_error"],
)
def test_registering_takes_callables_only(method: str) -> None:
    """What cannot be called is refused at once."""
    with pytest.raises(TypeError, match="callback must be callable, not 'f'"):
        getattr(Client(URL), method)("f")


def test_types_must_be_classes() -> None:
    """``on`` and ``messages`` take types of messages."""
    client = Client(URL)
    for method in (client.on, client.messages):
        with pytest.raises(TypeError, match="kind must be a class of messages, not 'str'"):
            method("str")  # type: ignore[call-overload]  # the point of the test


# Connecting


@WIRES
async def test_connect(lab: MakeLab, wire: Wire) -> None:
    """Connected, the client knows its peer and has a state; closed, too."""
    made = lab(wire=wire)
    client = made.client()
    assert await client.connect() is client
    assert state(client) is ClientState.CONNECTED
    assert (client.closed, client.contract, client.remote_address) == (False, "", ("cable", 1))
    closing = client.close()
    assert state(client) is ClientState.CLOSING
    await closing
    assert state(client) is ClientState.CLOSED


async def test_connect_with_and_without_an_id(lab: MakeLab) -> None:
    """A client has the id that it asked for, or the one that the server gave."""
    made = lab()
    named, connected = await joined(made, id="thermometer")
    assert (named.id, connected.id) == ("thermometer", "thermometer")
    nameless, connected = await joined(made)
    assert nameless.id == connected.id
    assert len(nameless.id) == 16


@WIRES
async def test_connect_twice(lab: MakeLab, wire: Wire) -> None:
    """While connecting, when connected, and when closed, it is refused."""
    made = lab(wire=wire)
    client = made.client()
    connecting = asyncio.ensure_future(client.connect())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match=r"the client is connecting; connect\(\) works once"):
        await client.connect()
    await connecting
    with pytest.raises(RuntimeError, match="the client is connected"):
        await client.connect()
    await client.close()
    with pytest.raises(RuntimeError, match="the client is closed"):
        await client.connect()


async def test_connect_is_rejected(lab: MakeLab) -> None:
    """``Rejected`` has code, reason and when to try again."""
    made = lab()
    server = Silent(made)
    connecting = asyncio.ensure_future(made.client().connect())
    await settle()
    server.raw.end.write(encode_frame(RejectFrame(1013, 1500, "try later")))
    with pytest.raises(Rejected) as caught:
        await connecting
    error = caught.value
    assert (error.code, error.reason, error.retry_after_s) == (1013, "try later", 1.5)
    assert isinstance(error, ConnectionClosed)


async def test_connect_to_text(lab: MakeLab) -> None:
    """A server of another wire is an error that says what came."""
    made = lab()
    server = Silent(made)
    connecting = asyncio.ensure_future(made.client().connect())
    await settle()
    server.raw.end.write(b"220 mail.example.org ESMTP\r\n")
    with pytest.raises(RemoteProtocolError, match="text"):
        await connecting


async def test_connect_times_out(lab: MakeLab) -> None:
    """Without WELCOME it ends after ``connect_timeout`` seconds, and nothing is left open."""
    made = lab()
    server = Silent(made)
    client = made.client(connect_timeout=7)
    start = now()
    with pytest.raises(ConnectTimeout, match="not within 7 seconds") as caught:
        await client.connect()
    assert now() - start == 7
    assert isinstance(caught.value, ConnectFailed)
    assert isinstance(caught.value, TimeoutError)
    await settle()
    assert server.raw.has_eof
    assert state(client) is ClientState.NEW


async def test_connect_is_lost(lab: MakeLab) -> None:
    """The loss of the connection before WELCOME is ``ConnectionClosed``."""
    made = lab()
    server = Silent(made)
    connecting = asyncio.ensure_future(made.client().connect())
    await settle()
    server.raw.end.close()
    with pytest.raises(ConnectionClosed, match="1006"):
        await connecting


async def test_connect_again_after_a_failure(lab: MakeLab) -> None:
    """A failed attempt leaves the client as new, with its handlers."""
    made = lab()
    fails = True

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        if fails:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        await made.dial(make)

    heard: list[Any] = []
    client = made.client(dial=dial).on_message(lambda message, client: heard.append(message))
    with pytest.raises(ConnectFailed):
        await client.connect()
    assert state(client) is ClientState.NEW
    fails = False
    await client.connect()
    made.server.broadcast("hello")
    await settle()
    assert heard == ["hello"]


async def test_close_while_connecting(lab: MakeLab) -> None:
    """``connect`` raises at once, and the client is closed for good."""
    made = lab()
    server = Silent(made)
    client = made.client()
    connecting = asyncio.ensure_future(client.connect())
    await settle()
    start = now()
    await client.close()
    with pytest.raises(ConnectionClosed, match="closed while connecting"):
        await connecting
    assert (now(), state(client)) == (start, ClientState.CLOSED)
    await settle()
    assert server.raw.has_eof
    assert [message async for message in client] == []


async def test_close_before_connecting() -> None:
    """A client that was never connected can be closed, and iterates over nothing."""
    client = Client(URL)
    await client.close()
    await client.close()
    assert client.state is ClientState.CLOSED
    assert [message async for message in client] == []


async def test_close_while_connecting_fails(lab: MakeLab) -> None:
    """If the attempt fails in the turn in which it is closed, the client stays closed."""

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        asyncio.get_running_loop().call_soon(client.close)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")

    client = lab().client(dial=dial)
    with pytest.raises(ConnectFailed):
        await client.connect()
    assert state(client) is ClientState.CLOSED


async def test_close_while_connect_is_cancelled(lab: MakeLab) -> None:
    """The cancellation of the caller's task is not swallowed by the closing."""
    made = lab()
    Silent(made)
    client = made.client()
    connecting = asyncio.ensure_future(client.connect())
    await settle()
    connecting.cancel()
    client.close()
    await asyncio.wait({connecting})
    assert connecting.cancelled()
    assert state(client) is ClientState.CLOSED


@WIRES
@pytest.mark.parametrize("turns", range(12))
async def test_connect_cancelled_anywhere(lab: MakeLab, wire: Wire, turns: int) -> None:
    """FAULTS 22: it leaves nothing open, each hook has its pair, and the client may try again."""
    made = lab(wire=wire)
    hooks: list[str] = []
    client = made.client().on_connect(lambda client: hooks.append("connect"))
    client.on_close(lambda client: hooks.append("close"))
    connecting = asyncio.ensure_future(client.connect())
    for _ in range(turns):
        await asyncio.sleep(0)
    connecting.cancel()
    await asyncio.wait({connecting})
    if connecting.cancelled():
        assert state(client) is ClientState.NEW
        await asyncio.sleep(9)
        assert hooks in ([], ["connect", "close"])
        assert all(end.is_closing() for end in made.near)
        assert len(made.server.clients) == 0
        await client.connect()
    assert state(client) is ClientState.CONNECTED
    await settle()
    assert hooks[-1] == "connect"
    await client.close()
    assert state(client) is ClientState.CLOSED


async def test_connect_cancelled_and_closed_in_the_turn_of_welcome(lab: MakeLab) -> None:
    """A client that was closed meanwhile stays closed, and who waits for its end is told."""
    made = lab(wire=LINES)
    client = made.client()
    connecting = asyncio.ensure_future(client.connect())
    while state(client) is not ClientState.CONNECTED:
        await asyncio.sleep(0)
    closing = client.close()
    connecting.cancel()
    await asyncio.wait({connecting})
    await closing
    assert state(client) is ClientState.CLOSED


async def test_failed_connect_in_a_block(lab: MakeLab) -> None:
    """The error of ``connect`` comes out of ``async with``; its body does not run."""
    made = lab()
    Silent(made)

    async def use() -> None:
        async with made.client(connect_timeout=1):
            pytest.fail("entered")

    with pytest.raises(ConnectTimeout):
        await use()


# Messages before anybody asks


@WIRES
async def test_first_messages_wait_for_an_iteration(lab: MakeLab, wire: Wire) -> None:
    """What came before the first ``async for`` is there, in order."""
    made = lab(wire=wire)
    client, connected = await joined(made)
    for text in "abc":
        connected.send(text)
    await settle()
    connected.send("d")
    assert await take(client, 4) == ["a", "b", "c", "d"]
    assert client.dropped == 0


@WIRES
async def test_first_messages_wait_for_a_handler(lab: MakeLab, wire: Wire) -> None:
    """A handler that comes late gets what waited before anything newer, once."""
    made = lab(wire=wire)
    client, connected = await joined(made)
    connected.send("a")
    connected.send("b")
    await settle()
    heard: list[Any] = []

    async def handle(message: Any, client: Client) -> None:
        await asyncio.sleep(0)
        heard.append(message)

    client.on_message(handle)
    assert heard == []
    connected.send("c")
    await settle()
    assert heard == ["a", "b", "c"]


async def test_first_messages_wait_for_a_handler_of_their_type(lab: MakeLab) -> None:
    """``on(Type)`` takes those of its type only; the others wait on, in order."""
    made = lab()
    client, connected = await joined(made)
    for message in ("a", b"1", "b", b"2"):
        connected.send(message)
    await settle()
    heard: list[bytes] = []

    @client.on(bytes)
    def binary(message: bytes, client: Client) -> None:
        heard.append(message)

    await settle()
    assert heard == [b"1", b"2"]
    assert await take(client, 2) == ["a", "b"]


async def test_long_first_message_is_not_dropped(lab: MakeLab) -> None:
    """A configuration longer than the mailbox, sent in the connect hook, arrives."""
    made = lab(Server().on_client_connect(lambda client: client.send("x" * 200_000)))
    client, _ = await joined(made)
    assert await take(client, 1) == ["x" * 200_000]


async def test_messages_that_nobody_wants(lab: MakeLab, caplog: pytest.LogCaptureFixture) -> None:
    """A device that only sends never stalls: the oldest are dropped, counted, warned of once."""
    made = lab()
    client, connected = await joined(made)
    for number in range(5000):
        await connected.send(f"{number:100}")
    await settle(500)
    assert client.dropped > 4000
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.name for record in warnings] == ["mcws.client"]
    kept = [int(text) for text in await take(client, 5000 - client.dropped)]
    assert kept == list(range(client.dropped, 5000))
    client.send("still alive")
    await client.flush()


# Handlers and iterations


@WIRES
async def test_message_goes_to_handlers_and_iteration(lab: MakeLab, wire: Wire) -> None:
    """Whoever iterates besides handlers gets the same messages."""
    made = lab(wire=wire)
    client, connected = await joined(made)
    heard: list[Any] = []
    client.on_message(lambda message, client: heard.append(message))
    messages = aiter(client)
    connected.send("a")
    assert await anext(messages) == "a"
    assert heard == ["a"]


async def test_late_handler_does_not_repeat_messages(lab: MakeLab) -> None:
    """What one handler had, and waits for an iteration, is not handed to it a second time."""
    made = lab()
    client, connected = await joined(made)
    first: list[Any] = []
    second: list[Any] = []
    client.on_message(lambda message, client: first.append(message))
    messages = aiter(client)
    connected.send("a")
    connected.send("b")
    await settle()
    client.on_message(lambda message, client: second.append(message))
    connected.send("c")
    await settle()
    assert (first, second) == (["a", "b", "c"], ["c"])
    assert [await anext(messages) for _ in range(3)] == ["a", "b", "c"]


async def test_late_handler_does_not_repeat_what_an_iteration_left(lab: MakeLab) -> None:
    """Also not when whoever iterated has broken off: another iteration may still go on."""
    made = lab()
    client, connected = await joined(made)
    heard: list[Any] = []
    client.on_message(lambda message, client: heard.append(message))
    messages = aiter(client)
    connected.send("a")
    await settle()
    del messages
    client.on_message(lambda message, client: heard.append(("late", message)))
    await settle()
    assert heard == ["a"]
    assert await take(client, 1) == ["a"]


async def test_off_message(lab: MakeLab) -> None:
    """A handler that was taken back hears nothing more; the messages wait again."""
    made = lab()
    client, connected = await joined(made)
    heard: list[Any] = []

    def handle(message: Any, client: Client) -> None:
        heard.append(message)

    client.on_message(handle)
    connected.send("a")
    await settle()
    client.off_message(handle).off_message(handle)
    connected.send("b")
    assert await take(client, 1) == ["b"]
    assert heard == ["a"]


async def test_handler_registered_in_the_connect_hook(lab: MakeLab) -> None:
    """It hears the first message."""
    made = lab(Server().on_client_connect(lambda client: client.send("first")))
    heard: list[Any] = []

    def connected(client: Client) -> None:
        client.on_message(lambda message, client: heard.append(message))

    client = made.client().on_connect(connected)
    await client.connect()
    await settle()
    assert heard == ["first"]


async def test_iteration_breaks_and_goes_on(lab: MakeLab) -> None:
    """Breaking off loses nothing."""
    made = lab()
    client, connected = await joined(made)
    for text in "abc":
        connected.send(text)
    async for message in client:
        if message == "b":
            break
    assert await take(client, 1) == ["c"]


async def test_several_iterations_share(lab: MakeLab) -> None:
    """Of two iterations at once each message goes to one; of types, to the one of its type."""
    made = lab()
    client, connected = await joined(made)
    readings = [asyncio.ensure_future(take(client, 10)) for _ in range(2)]
    await settle()
    for number in range(20):
        connected.send(str(number))
    got = [int(text) for reading in readings for text in await reading]
    assert sorted(got) == list(range(20))


async def test_messages_of_a_type(lab: MakeLab) -> None:
    """``messages(Type)`` gives those of one type; the others are there for others."""
    made = lab()
    client, connected = await joined(made)
    texts: Messages[str] = client.messages(str)
    for message in (b"1", "a", b"2", "b"):
        connected.send(message)
    assert [await anext(texts) for _ in range(2)] == ["a", "b"]
    assert await take(client, 2) == [b"1", b"2"]


@WIRES
async def test_iteration_ends_when_the_server_closes(lab: MakeLab, wire: Wire) -> None:
    """All that came before the end is read first; later iterations end at once."""
    made = lab(wire=wire)
    client, connected = await joined(made)
    connected.send("a")
    connected.send("b")
    connected.close()
    assert [message async for message in client] == ["a", "b"]
    assert [message async for message in client] == []
    assert state(client) is ClientState.CLOSED


@WIRES
async def test_iteration_ends_at_a_loss(lab: MakeLab, wire: Wire) -> None:
    """A reset is an end like any other: the rest is read, the code says what happened."""
    made = lab(wire=wire)
    client, connected = await joined(made)
    connected.send("a")
    await settle()
    made.near[0].reset()
    assert [message async for message in client] == ["a"]
    assert client.close_code == 1006


@WIRES
async def test_iteration_ends_when_the_client_closes(lab: MakeLab, wire: Wire) -> None:
    """``close`` ends it at once, also if the server does not answer; what waited is dropped."""
    made = lab(wire=wire)
    client, connected = await joined(made)

    async def read() -> list[Any]:
        return [message async for message in client]

    reading = asyncio.ensure_future(read())
    connected.send("a")
    await settle()
    made.far[0].stall()
    start = now()
    client.close()
    assert await reading == ["a"]
    assert now() == start
    assert [message async for message in client] == []


@pytest.mark.parametrize("turns", range(6))
async def test_iteration_cancelled_anywhere(lab: MakeLab, turns: int) -> None:
    """FAULTS 22: a cancelled ``anext`` loses no message."""
    made = lab()
    client, connected = await joined(made)
    reading = asyncio.ensure_future(take(client, 1))
    connected.send("a")
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait({reading})
    connected.send("b")
    rest = ["b"] if not reading.cancelled() else ["a", "b"]
    assert await take(client, len(rest)) == rest


# A fast server and a slow reader


@WIRES
async def test_slow_iteration_holds_back_the_server(lab: MakeLab, wire: Wire) -> None:
    """Nothing is lost, and what waits is bounded at both ends, however much is sent."""
    made = lab(wire=wire)
    client, connected = await joined(made)
    texts = [f"{number:1000}" for number in range(2000)]

    async def send_all() -> None:
        for text in texts:
            await connected.send(text)

    sending = asyncio.ensure_future(send_all())
    messages = aiter(client)
    got = [await anext(messages)]
    await asyncio.sleep(1)
    assert not sending.done()
    assert client._connection.inbox.size < 500_000
    assert len(client._mailbox) < 100
    while len(got) < len(texts):
        got.append(await anext(messages))
        await asyncio.sleep(0.001)
    await sending
    assert got == texts
    assert client.dropped == 0


async def test_slow_handler_holds_back_the_server(lab: MakeLab) -> None:
    """A slow async handler bounds what waits for it, and gets everything in order."""
    made = lab()
    got: list[Any] = []

    async def handle(message: Any, client: Client) -> None:
        await asyncio.sleep(0.001)
        got.append(message)

    client = await made.client().on_message(handle).connect()
    [connected] = made.server.clients
    texts = [f"{number:1000}" for number in range(1000)]
    for text in texts:
        await connected.send(text)
        assert client._connection.inbox.size < 500_000
    while len(got) < len(texts):
        await asyncio.sleep(1)
    assert got == texts


async def test_reader_that_goes_away_lets_the_connection_go_on(lab: MakeLab) -> None:
    """Who broke off leaves nobody waiting: requests are answered, and others may iterate."""
    made = lab()
    client, connected = await joined(made)
    client.on_request(lambda request, client: request)
    for _ in range(100):
        connected.send("text")
    async for _ in client.messages(str):
        await settle()
        break
    connected.send(b"1")
    assert await connected.request("?") == "?"
    binary = client.messages(bytes)
    async with asyncio.timeout(1):
        assert await anext(binary) == b"1"


# Hooks


@WIRES
async def test_hooks_in_order(lab: MakeLab, wire: Wire) -> None:
    """Connect before the first message, the end after the last handler, each once."""
    diary: list[Any] = []

    async def handle(message: Any, client: Client) -> None:
        await asyncio.sleep(1)
        diary.append(message)

    made = lab(Server().on_client_connect(lambda client: client.send("hello")), wire)
    client = made.client().on_connect(lambda client: diary.append("connect"))
    client.on_disconnect(lambda client: diary.append("disconnect")).on_message(handle)
    client.on_close(lambda client: diary.append(("close", client.close_code)))
    await client.connect()
    await settle()
    [connected] = made.server.clients
    await connected.close(3000)
    await asyncio.sleep(2)
    code = 3000 if wire == Mcws() else 1000
    assert diary == ["connect", "hello", "disconnect", ("close", code)]
    assert state(client) is ClientState.CLOSED


@WIRES
async def test_close_waits_for_async_hooks(lab: MakeLab, wire: Wire) -> None:
    """``await client.close()`` returns behind the last hook; no task is left."""
    diary: list[str] = []

    async def goodbye(client: Client) -> None:
        await asyncio.sleep(1)
        diary.append("goodbye")

    made = lab(wire=wire)
    async with made.client().on_disconnect(goodbye) as client:
        pass
    assert diary == ["goodbye"]
    assert state(client) is ClientState.CLOSED


async def test_connect_hook_that_raises(lab: MakeLab) -> None:
    """It is reported, and the connection closes with 1011."""
    errors: list[Exception] = []

    def fail(client: Client) -> None:
        raise LookupError

    made = lab()
    client = made.client().on_connect(fail).on_error(lambda error, client: errors.append(error))
    await client.connect()
    await asyncio.sleep(1)
    assert [type(error) for error in errors] == [LookupError]
    assert (client.close_code, state(client)) == (1011, ClientState.CLOSED)


async def test_error_hook_gets_what_goes_wrong(lab: MakeLab) -> None:
    """Handlers that raise, what does not decode, and the transport."""
    made = lab(wire=Plain(Lines()))
    errors: list[Exception] = []

    def note(error: Exception, client: Client) -> None:
        errors.append(error)

    client, connected = await joined(made)
    client.on_error(note).on_message(fail)
    connected.send("a")
    await settle()
    assert not client.closed
    made.near[0].reset()
    await settle()
    assert [type(error) for error in errors] == [LookupError, ConnectionResetError]
    other, _ = await joined(made)
    other.on_error(note)
    made.far[1].write(b"\xff\n")
    await settle()
    assert isinstance(errors[-1], DecodeError)


# Requests


async def test_requests_in_both_directions(lab: MakeLab) -> None:
    """Each end asks the other, many at once, plain and async handlers."""
    server = Server()

    @server.on_client_request
    async def answer(request: Any, client: ConnectedClient) -> str:
        await asyncio.sleep(0.1)
        return f"server: {request}"

    made = lab(server)
    client, connected = await joined(made)
    client.on_request(lambda request, client: f"client: {client.id}")
    questions = [client.request(str(number)) for number in range(50)]
    assert await connected.request("who?") == f"client: {client.id}"
    assert await asyncio.gather(*questions) == [f"server: {number}" for number in range(50)]


async def test_request_on_a_plain_wire(lab: MakeLab) -> None:
    """The next message is the answer and goes to nobody else; the next request waits."""
    made = lab(Server().on_client_message(lambda m, c: c.send(f"re: {m!r}")), LINES)
    client, _ = await joined(made)
    heard: list[Any] = []
    client.on_message(lambda message, client: heard.append(message))
    answers = await asyncio.gather(*(client.request(text) for text in "abc"))
    assert answers == ["re: 'a'", "re: 'b'", "re: 'c'"]
    assert heard == []


async def test_request_errors(lab: MakeLab) -> None:
    """Nobody answers: ERROR 1; too late: a timeout; a wrong timeout: at the call."""
    made = lab()
    client, connected = await joined(made)
    with pytest.raises(RequestFailed, match="code 1"):
        await client.request("?")
    with pytest.raises(ValueError, match="timeout must be above 0"):
        await client.request("?", timeout=0)

    async def late(request: Any, client: Client) -> str:
        await asyncio.sleep(9)
        return "late"

    client.on_request(late)
    start = now()
    with pytest.raises(RequestTimeout):
        await connected.request("?", timeout=2)
    assert now() - start == 2
    assert not client.closed


async def test_handler_may_ask_its_own_client(lab: MakeLab) -> None:
    """Also while messages stream past high water: the answer is not behind them."""
    server = Server().on_client_request(lambda request, client: "answer")
    made = lab(server)
    client, connected = await joined(made)
    got: list[Any] = []

    async def handle(message: Any, client: Client) -> None:
        if not got:
            await started.wait()
            got.append(await client.request("?"))
        got.append(message)

    started = asyncio.Event()
    client.on_message(handle)
    texts = [f"{number:1000}" for number in range(300)]
    for text in texts:
        connected.send(text)
    await settle()
    assert client._connection.inbox.size > 64 << 10
    started.set()
    await settle(1000)
    assert got == ["answer", *texts]


async def test_request_cancelled_by_the_loss(lab: MakeLab) -> None:
    """A request under way fails with ``maybe_executed``; what was not sent did not."""
    made = lab(Server().on_client_request(lambda request, client: asyncio.sleep(9, "late")))
    client, _ = await joined(made)
    asking = asyncio.ensure_future(client.request("?"))
    await settle()
    made.near[0].reset()
    with pytest.raises(ConnectionClosed) as caught:
        await asking
    assert caught.value.maybe_executed
    with pytest.raises(ConnectionClosed) as caught:
        await client.request("?")
    assert not caught.value.maybe_executed


@WIRES
@pytest.mark.parametrize("turns", range(15))
async def test_cancelled_uses_leave_nothing(lab: MakeLab, wire: Wire, turns: int) -> None:
    """FAULTS 22: sending, asking, flushing and closing may be cancelled at every turn."""
    server = Server().on_client_request(lambda request, client: request)
    if wire == LINES:
        server.on_client_message(lambda message, client: client.send(message))
    made = lab(server, wire)
    client, connected = await joined(made, limits=Limits(outbox_low_bytes=1, outbox_high_bytes=2))

    async def use() -> None:
        await client.request("?")
        await client.send("some text")
        await client.room()
        await client.flush()
        await client.close()

    task = asyncio.ensure_future(use())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await settle()
    assert client.closed == connected.closed
    assert (connected in server.clients) == (not connected.closed)
    await client.close()
    assert state(client) is ClientState.CLOSED


# Sending


async def test_send_limits(lab: MakeLab) -> None:
    """Too long for the server, and too much for a server that does not read."""
    made = lab(limits=Limits(frame_bytes_max=1000))
    client, _ = await joined(made, limits=Limits(outbox_bytes_max=100_000))
    client.send("x" * 998)
    with pytest.raises(MessageTooLong):
        client.send("x" * 999)
    await client.flush()
    made.near[0].stall()

    def fill() -> None:
        while True:
            client.send("x" * 900)

    with pytest.raises(OutboxFull):
        fill()
    assert not client.closed


async def test_send_from_another_thread(lab: MakeLab) -> None:
    """It raises and names the way to do it; nothing was queued."""
    made = lab()
    client, _ = await joined(made)
    caught: list[Exception] = []

    def misuse() -> None:
        try:
            client.send("x")
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=misuse)
    thread.start()
    thread.join()
    assert "call_soon_threadsafe" in str(caught[0])


async def test_codec_of_the_client(lab: MakeLab) -> None:
    """A codec that is given is used in both directions."""
    made = lab()
    client, connected = await joined(made, codec=Text())
    connected.send(b"bytes")
    assert await take(client, 1) == ["bytes"]


async def test_pause_and_resume(lab: MakeLab) -> None:
    """A paused client delivers nothing; resumed, all of it in order."""
    made = lab()
    client, connected = await joined(made)
    heard: list[Any] = []
    client.on_message(lambda message, client: heard.append(message))
    client.pause()
    connected.send("a")
    connected.send("b")
    await settle()
    assert (client.paused, heard) == (True, [])
    client.resume()
    assert heard == []
    await settle()
    assert (client.paused, heard) == (False, ["a", "b"])


# Closing


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1006,), ValueError),
        ((True,), TypeError),
        ((1000, b"x"), TypeError),
        ((1000, "x" * 124), ValueError),
    ],
)
async def test_close_arguments_that_are_wrong(
    lab: MakeLab, arguments: Any, error: type[Exception]
) -> None:
    """Codes that do not travel are refused, and the connection stays."""
    made = lab()
    client, _ = await joined(made)
    with pytest.raises(error):
        client.close(*arguments)
    assert not client.closed


@WIRES
async def test_close_sends_what_is_queued(lab: MakeLab, wire: Wire) -> None:
    """Messages sent before the close arrive; the other end learns code and reason."""
    got: list[Any] = []
    server = Server().on_client_message(lambda message, client: got.append(message))
    server.on_client_disconnect(lambda client: got.append((client.close_code, client.close_reason)))
    made = lab(server, wire)
    client, _ = await joined(made)
    for text in "abc":
        client.send(text)
    await client.close(4100, "done")
    await settle()
    assert got == ["a", "b", "c", (4100, "done") if wire == Mcws() else (1000, "")]
    assert client.close_code == 4100


@WIRES
@pytest.mark.parametrize("kind", ["message", "request", "connect", "disconnect", "error"])
async def test_close_from_inside(lab: MakeLab, wire: Wire, kind: str) -> None:
    """No handler or hook that awaits the end of its own client waits for itself."""
    done: list[str] = []

    async def close(*arguments: Any) -> str:
        await client.close()
        done.append(kind)
        return "closed"

    made = lab(wire=wire)
    client = made.client()
    getattr(client, f"on_{kind}")(close)
    if kind == "error":
        client.on_message(fail)
    await client.connect()
    [connected] = made.server.clients
    if kind == "request" and wire == Mcws():
        with pytest.raises(ConnectionClosed):
            await connected.request("?")
    elif kind in {"connect", "request", "disconnect"}:
        client.close()
    else:
        connected.send("x")
    await asyncio.sleep(9)
    assert done == ([] if kind == "request" and wire == LINES else [kind])
    assert state(client) is ClientState.CLOSED


@WIRES
async def test_two_clients_that_close_each_other(lab: MakeLab, wire: Wire) -> None:
    """A bridge: a handler of one waits for the end of the other, whose hook waits for the one."""
    made = lab(wire=wire)
    one, other = made.client(), made.client()
    done: list[str] = []

    async def quit(message: Any, client: Client) -> None:
        await other.close()
        done.append("handler")

    async def ended(client: Client) -> None:
        await one.close()
        done.append("hook")

    one.on_message(quit)
    other.on_disconnect(ended)
    await one.connect()
    await other.connect()
    first = made.server.get_connected_clients(index=0).client
    made.server.broadcast("quit", lambda client: client is first)
    await settle()
    async with asyncio.timeout(20):
        await one.close()
        await other.close()
    assert sorted(done) == ["handler", "hook"]


async def test_close_of_who_does_not_answer(lab: MakeLab) -> None:
    """A server that is gone without a word is given up after 5 s."""
    made = lab()
    client, _ = await joined(made)
    made.near[0].stall()
    made.far[0].stall()
    start = now()
    await client.close()
    assert 5 <= now() - start <= 6
    assert client.close_code == 1000


async def test_close_cancelled(lab: MakeLab) -> None:
    """Cancelling the wait does not cancel the closing."""
    made = lab()
    client, _ = await joined(made)
    closing = asyncio.ensure_future(client.close())
    await asyncio.sleep(0)
    closing.cancel()
    await settle()
    assert state(client) is ClientState.CLOSED


async def test_abort(lab: MakeLab) -> None:
    """At once, without a word; hooks run, and the code says that nothing was said."""
    made = lab()
    client, _ = await joined(made)
    codes: list[int] = []
    client.on_close(lambda client: codes.append(client.close_code))
    client.send("lost")
    client.abort()
    assert client.closed
    await settle()
    assert (codes, state(client)) == ([1006], ClientState.CLOSED)


async def test_leaving_the_block_closes(lab: MakeLab) -> None:
    """``async with`` closes politely, also by an error."""
    made = lab()
    client = made.client()

    async def fail() -> None:
        async with client as entered:
            assert entered is client
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert (client.close_code, state(client)) == (1000, ClientState.CLOSED)


async def test_client_is_told_of_keepalive_loss(lab: MakeLab) -> None:
    """A server that is silent for 2.5 times the keepalive is taken for dead."""
    made = lab()
    client, _ = await joined(made, limits=Limits(keepalive_s=2))
    made.far[0].stall()
    start = now()
    assert [message async for message in client] == []
    assert 5 <= now() - start <= 7
    assert client.close_code == 1006


async def test_late_end_of_a_given_up_connection(lab: MakeLab) -> None:
    """The end of a connection that is not this client's any more does not end the client."""
    made = lab(wire=LINES)
    client = made.client()
    connecting = asyncio.ensure_future(client.connect())
    while state(client) is not ClientState.CONNECTED:
        await asyncio.sleep(0)
    connecting.cancel()
    await asyncio.wait({connecting})
    assert state(client) is ClientState.NEW
    await client.connect()
    await asyncio.sleep(9)
    assert state(client) is ClientState.CONNECTED


async def lines_of(client: Client) -> AsyncGenerator[str]:
    """Return what a client of text gets, as a user's own generator."""
    async for message in client.messages(str):
        yield message


async def test_iteration_inside_of_a_generator(lab: MakeLab) -> None:
    """An iteration may be wrapped, and closed from outside."""
    made = lab()
    client, connected = await joined(made)
    connected.send("a")
    lines = lines_of(client)
    assert await anext(lines) == "a"
    await lines.aclose()
    connected.send("b")
    assert await take(client, 1) == ["b"]


async def test_hello_says_what_the_client_is(lab: MakeLab) -> None:
    """Limits and id are in the first frame."""
    made = lab()
    server = Silent(made)
    connecting = asyncio.ensure_future(
        made.client(id="a", limits=Limits(frame_bytes_max=512, keepalive_s=3)).connect()
    )
    await settle()
    assert server.raw.heard == encode_frame(
        HelloFrame(frame_bytes_max=512, keepalive_s=3, features=1, id="a")
    )
    server.raw.end.write(WELCOME)
    assert (await connecting).id == "given"
