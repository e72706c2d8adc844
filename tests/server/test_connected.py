"""The server's view of one client: its id, and classes of the application's own."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from mcws_protocol import Lines, LocalProtocolError, Mcws, Plain, RequestFailed, Wire
from mcws_protocol.aio import Connection
from mcws_server import ClientContract, ConnectedClient, Server
from tests.aio.harness import MakeLab, settle

LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])


class Device(ConnectedClient):
    """A client with state of the application's own."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.role = "sensor"


class Minimal:
    """The least that a class of one's own needs, as in the original's "Client contract"."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def on_message(self, callback: Any) -> None:
        """Pass every message on."""
        self.connection.on_message(callback)

    def write(self, payload: Any) -> object:
        """Send one payload."""
        return self.connection.write(payload)


class Shouting(Minimal):
    """A class that changes messages on their way to the server's handlers."""

    def on_message(self, callback: Any) -> None:
        """Pass every message on in capitals, and await what the server's handlers leave."""

        async def relay(message: Any, client: Any) -> None:
            rest = callback(message.upper(), self)
            if inspect.isawaitable(rest):
                await rest

        self.connection.on_message(relay)


def test_minimal_class_fulfils_the_contract() -> None:
    """Type checkers accept the minimal class as a ``ClientContract``."""
    contract: type[ClientContract] = Minimal
    assert contract is Minimal


# The id


async def test_id_given_by_the_client(lab: MakeLab) -> None:
    """On mcws/1 the client may name itself; both ends know the name."""
    made = lab()
    client = await made.client(id="thermometer 1").connect()
    [connected] = made.server.clients
    assert (connected.id, client.id) == ("thermometer 1", "thermometer 1")


@WIRES
async def test_id_assigned(lab: MakeLab, wire: Wire) -> None:
    """Without a name the server assigns 16 hex digits."""
    made = lab(wire=wire)
    client = await made.client().connect()
    [connected] = made.server.clients
    assert len(bytes.fromhex(connected.id)) == 8
    assert client.id == (connected.id if wire == Mcws() else "")


async def test_id_set_on_a_plain_wire(lab: MakeLab) -> None:
    """Where the wire has no opening the application names the client, and finds it so."""
    made = lab(wire=LINES)
    await made.client().connect()
    [connected] = made.server.clients
    before, connected.id = connected.id, "first"
    assert connected.id == "first"
    assert made.server.client("first") is connected
    assert made.server.client(before) is None
    assert len(made.server.clients) == 1


async def test_id_set_in_the_connect_hook(lab: MakeLab) -> None:
    """It may be set as soon as the client is known, to what it has already, too."""

    def name(client: ConnectedClient) -> None:
        client.id = f"{client.id}"

    made = lab(Server().on_client_connect(name), LINES)
    await made.client().connect()
    [connected] = made.server.clients
    with pytest.raises(LocalProtocolError, match="the id was set already"):
        connected.id = "again"


async def test_id_set_twice(lab: MakeLab) -> None:
    """Once is enough: others may have noted the id by now."""
    made = lab(wire=LINES)
    await made.client().connect()
    [connected] = made.server.clients
    connected.id = "one"
    with pytest.raises(LocalProtocolError, match="the id was set already"):
        connected.id = "two"
    assert made.server.client("one") is connected


@pytest.mark.parametrize("id", ["", "x" * 256, "new\nline", "\x1b[31m", "\x7f"])
async def test_id_set_to_what_is_no_id(lab: MakeLab, id: str) -> None:
    """What the opening would not carry is refused, and the id may still be set."""
    made = lab(wire=LINES)
    await made.client().connect()
    [connected] = made.server.clients
    before = connected.id
    with pytest.raises(ValueError, match="id"):
        connected.id = id
    assert connected.id == before
    connected.id = "x" * 255


async def test_id_set_where_the_opening_agreed_on_it(lab: MakeLab) -> None:
    """On mcws/1 the client knows its id already, so it cannot change."""
    made = lab()
    await made.client().connect()
    [connected] = made.server.clients
    with pytest.raises(LocalProtocolError, match="agreed on in the opening"):
        connected.id = "other"


async def test_id_set_after_the_end(lab: MakeLab) -> None:
    """A client that is gone can be named, and stays gone."""
    made = lab(wire=LINES)
    client = await made.client().connect()
    [connected] = made.server.clients
    await client.close()
    await settle()
    connected.id = "late"
    assert connected.id == "late"
    assert made.server.client("late") is None


# A subclass as the factory


@WIRES
async def test_subclass_is_what_hooks_get(lab: MakeLab, wire: Wire) -> None:
    """State of the subclass is there in every hook, handler and filter."""
    roles: list[str] = []
    server = Server(client_factory=Device)
    server.on_client_connect(lambda client: roles.append(client.role))
    server.on_client_message(lambda message, client: roles.append(client.role))
    server.on_client_disconnect(lambda client: roles.append(client.role))
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("x")
    await settle()
    server.broadcast("to sensors", lambda client: client.role == "sensor")
    assert await anext(aiter(client)) == "to sensors"
    await client.close()
    await settle()
    assert roles == ["sensor"] * 3


async def test_repr_of_a_client(lab: MakeLab) -> None:
    """It names the class, the id and the state."""
    made = lab(Server(client_factory=Device))
    client = await made.client(id="a").connect()
    [device] = made.server.clients
    assert repr(device) == "<Device a open>"
    await client.close()
    assert repr(device) == "<Device a closed 1000>"


async def test_metadata_belongs_to_one_client(lab: MakeLab) -> None:
    """Each client has a free-form storage of its own."""
    made = lab()
    for _ in range(2):
        await made.client().connect()
    one, other = made.server.clients
    one.metadata["role"] = "admin"
    assert (one.metadata, other.metadata) == ({"role": "admin"}, {})


# A class of one's own as the factory


@WIRES
async def test_minimal_class_reaches_the_server_handlers(lab: MakeLab, wire: Wire) -> None:
    """The server hears connect, messages in order and the end; broadcasts arrive."""
    heard: list[Any] = []
    server = Server(client_factory=Minimal)
    server.on_client_connect(lambda client: heard.append(type(client)))
    server.on_client_disconnect(lambda client: heard.append(client.connection.close_code))

    @server.on_client_message
    async def answer(message: Any, client: Minimal) -> None:
        await asyncio.sleep(1)
        heard.append(message)
        client.write(f"{message} too")

    server.on_client_message(lambda message, client: heard.append("second handler"))
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("a")
    client.send("b")
    messages = aiter(client)
    assert [await anext(messages) for _ in range(2)] == ["a too", "b too"]
    server.broadcast("all")
    assert await anext(messages) == "all"
    await client.close()
    await settle()
    assert heard == [Minimal, "a", "second handler", "b", "second handler", 1000]
    assert len(server.clients) == 0


async def test_class_of_its_own_changes_messages(lab: MakeLab) -> None:
    """What it passes on is what the handlers get, ``on(Type)`` included, once each."""
    heard: list[Any] = []
    server = Server(client_factory=Shouting)

    @server.on(str)
    async def text(message: str, client: Shouting) -> None:
        await asyncio.sleep(1)
        heard.append(message)

    server.on_client_message(lambda message, client: heard.append((message, type(client))))
    made = lab(server)
    client = await made.client().connect()
    client.send("hello")
    await asyncio.sleep(2)
    assert heard == ["HELLO", ("HELLO", Shouting)]


async def test_class_of_its_own_answers_requests(lab: MakeLab) -> None:
    """Requests reach the server's hook without the help of the class."""
    server = Server(client_factory=Minimal)
    server.on_client_request(lambda request, client: f"done by {type(client).__name__}")
    made = lab(server)
    client = await made.client().connect()
    assert await client.request("?") == "done by Minimal"


async def test_class_of_its_own_whose_handlers_fail(lab: MakeLab) -> None:
    """Errors reach the error hook with the object of that class."""
    errors: list[Any] = []

    def fail(message: Any, client: Minimal) -> None:
        raise LookupError

    server = Server(client_factory=Minimal).on_client_message(fail)
    server.on_client_error(lambda error, client: errors.append((type(error), type(client))))
    made = lab(server)
    client = await made.client().connect()
    client.send("x")
    await settle()
    assert errors == [(LookupError, Minimal)]


async def test_class_of_its_own_without_server_handlers(lab: MakeLab) -> None:
    """Without anybody to hear them messages are dropped; requests get ERROR 1."""
    made = lab(Server(client_factory=Minimal))
    client = await made.client().connect()
    client.send("x")
    with pytest.raises(RequestFailed, match="code 1"):
        await client.request("?")
    assert not client.closed
