"""Servers: the types of the contract and of the client class reach every hook and handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import assert_never, assert_type

from mcws_protocol import Contract, Limits, SlowConsumer
from mcws_protocol.aio import Connection
from mcws_server import (
    ClientContract,
    Clients,
    ConnectedClient,
    ConnectedClients,
    Delivery,
    Listener,
    Server,
    ServerState,
)

from ..thermo import (
    Alarm,
    Config,
    Device,
    Down,
    GetConfig,
    Notice,
    Ok,
    Reading,
    SetLed,
    Up,
    thermo,
)

# Without a class of one's own, and with one.
plain = Server(thermo)
assert_type(plain, Server[Up, Down, ConnectedClient[Up, Down]])
server = Server(
    thermo, client_factory=Device, limits=Limits(slow_consumer=SlowConsumer.DROP_OLDEST)
)
assert_type(server, Server[Up, Down, Device])
assert_type(server.contract, Contract[Up, Down])
assert_type(server.limits, Limits)
assert_type(server.state, ServerState)


assert_type(server.protocol(), asyncio.Protocol)
made_elsewhere: Callable[[], asyncio.BaseProtocol] = server.protocol


def make(connection: Connection[Up, Down]) -> Device:
    """Make a client as a function does."""
    return Device(connection)


assert_type(Server(thermo, client_factory=make), Server[Up, Down, Device])
assert_type(Server(thermo, client_factory=lambda c: Device(c)), Server[Up, Down, Device])


class Own:
    """A class that inherits nothing: it fulfils ``ClientContract``."""

    def __init__(self, connection: Connection[Up, Down]) -> None:
        self.connection = connection

    def on_message(self, callback: Callable[[Up, Own], object], /) -> None:
        """Pass it on."""
        self.connection.on_message(callback)

    def write(self, payload: bytes, /) -> object:
        """Write it."""
        return self.connection.write(payload)


own = Server(thermo, client_factory=Own)
assert_type(own, Server[Up, Down, Own])
owned: ClientContract | None = own.client("k1")


# Handlers of one type.
@server.on(Reading)
async def store(reading: Reading, client: Device) -> None:
    """Ask the sender, and answer it."""
    assert_type(await client.request(SetLed(on=reading.celsius > 30)), Ok)
    await client.send(Notice(text=client.role))


@server.on(Alarm)
def shout(alarm: Alarm, client: Device) -> int:
    """Tell all others; what it returns is nobody's business."""
    server.broadcast(Notice(text=alarm.text), lambda other: other is not client)
    return alarm.level


@server.on(GetConfig)
def configure(request: GetConfig, client: Device) -> Config:
    """Answer at once."""
    return Config(interval_s=len(request.section) + len(client.role))


@plain.on(GetConfig)
async def look_up(request: GetConfig, client: ConnectedClient[Up, Down]) -> Config:
    """Answer later."""
    await client.flush()
    return Config()


@server.on(Reading)
def note(message: object, client: ConnectedClient[Up, Down]) -> None:
    """Take more than arrives: objects of any type, clients of any class of the contract."""


async def test_of_handlers(device: Device) -> None:
    """A decorated function is still itself."""
    assert_type(shout(Alarm(text="hot"), device), int)
    assert_type(configure(GetConfig(), device), Config)
    assert_type(await look_up(GetConfig(), device), Config)
    await store(Reading(celsius=1.0), device)


# Hooks of all types.
def dispatch(message: Up, client: Device) -> None:
    """Tell all messages of the contract apart."""
    match message:
        case Reading():
            assert_type(message, Reading)
        case Alarm():
            assert_type(message, Alarm)
        case GetConfig():
            assert_type(client.role, str)
        case _:
            assert_never(message)


async def greet(client: Device) -> None:
    """Send the first message."""
    await client.send(Notice(text="welcome"))


def answer(request: Up, client: Device) -> Config | Ok:
    """Answer whatever no other handler does."""
    return Config() if isinstance(request, GetConfig) else Ok()


async def answer_later(request: Up, client: Device) -> Config:
    """Answer whatever no other handler does, later."""
    return Config()


chained = (
    server.on_client_connect(greet)
    .on_client_message(dispatch)
    .on_client_message(lambda message, client: print(message, client.role))
    .on_client_request(answer)
    .on_client_disconnect(lambda client: print(client.close_code, client.close_reason))
    .on_client_error(lambda error, client: print(error.args, client.id))
)
assert_type(chained, Server[Up, Down, Device])
plain.on_client_message(lambda message, client: plain.broadcast(Notice(text=client.id)))
server.on_client_request(answer_later)

# Clients.
assert_type(server.clients, Clients[Device])
assert_type([client.role for client in server.clients], list[str])
assert_type(len(server.clients), int)
everybody: Clients[ConnectedClient[Up, Down]] = server.clients
assert_type(server.client("k1"), Device | None)
assert_type(server.get_connected_clients().clients, tuple[Device, ...])
assert_type(server.get_connected_clients(index=0).client, Device | None)
assert_type(server.get_connected_clients(length=True).length, int)
assert_type(server.get_connected_clients(index=1, length=True).length, int)
assert_type(server.get_connected_clients(start_index=1).clients, tuple[Device, ...])
assert_type(server.get_connected_clients(last_index=9).clients, tuple[Device, ...])
assert_type(
    server.get_connected_clients(start_index=1, last_index=3),
    ConnectedClients[None, tuple[Device, ...], None],
)

# Sending to many.
server.broadcast(Notice(text="x")).broadcast(SetLed(on=True))
server.broadcast(Notice(text="x"), lambda client: client.role == "kiosk")
server.broadcast(Notice(text="x"), lambda client, index, clients: index < len(clients) // 2)
server.broadcast(Notice(text="x"), filter=None)
assert_type(server.send_to(server.clients, Notice(text="x")), Delivery)
assert_type(server.send_to(server.get_connected_clients().clients, Notice(text="x")).queued, int)
server.send_to((client for client in server.clients if client.paused), Notice(text="x"))


async def serve() -> None:
    """Go through the life of a server."""
    async with server as entered:
        assert_type(entered, Server[Up, Down, Device])
        door = await server.listen(0, "127.0.0.1", lambda: print("listening"), reuse_port=True)
        assert_type(door, Listener)
        assert_type((door.address, door.port), tuple[str, int])
        assert_type(server.listeners, tuple[Listener, ...])
        await server.serve_forever()
        await server.drain(window_s=1.5, stop_after_s=5)
        closing: Awaitable[None] = server.close()
        await closing
    plain.run(8080, main=serve)
