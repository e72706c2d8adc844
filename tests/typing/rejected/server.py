"""Mistakes with servers: their making, hooks, handlers, filters and look-ups."""

from __future__ import annotations

from typing import Any

from mcws_protocol import Codec, Contract, Limits, Lines, Payload
from mcws_server import ClientContract, ConnectedClient, Server

from ..thermo import (
    Alarm,
    Config,
    Device,
    Down,
    GetConfig,
    Kiosk,
    Notice,
    Ok,
    Reading,
    SetLed,
    Stranger,
    Swapped,
    Up,
    thermo,
)

Served = Server[Up, Down, Device]


def make() -> None:
    """Make servers wrongly."""
    Server(thermo, client_factory=Swapped)  # E: a client class of another contract
    Server(client_factory=Device)  # E: a client class of a contract, on a server without one
    Server(thermo, client_factory=lambda connection: 3)  # E: no client at all
    Server(thermo, client_factory=str)  # E: a class that is no client
    Server(thermo, client_factory=Reading)  # E: a message for a client
    Server(thermo, client_factory=lambda: Device)  # E: a factory that takes no connection
    Server("thermo")  # E: a name for a contract
    Server(thermo, limits=1024)  # E: a number for limits
    Server(thermo, limit=Limits())  # E: no such option
    Server(thermo).protocol(wire=Lines())  # E: a framing for a wire
    Server(thermo, Device)  # E: the client class without its name


def hook(server: Served) -> None:
    """Register hooks of wrong signatures."""
    server.on_client_connect(lambda: None)  # E: a connect hook without client
    server.on_client_connect(lambda client, message: None)  # E: a connect hook with a message
    server.on_client_disconnect(lambda client, code: None)  # E: a disconnect hook with a code
    server.on_client_message(lambda message: None)  # E: a message hook without client
    server.on_client_message(swapped)  # E: the arguments the wrong way round
    server.on_client_message(one_kind)  # E: a handler of one type for all types
    server.on_client_message(downward)  # E: a handler of what is sent, not received
    server.on_client_request(lambda request, client: 7)  # E: a reply that is no message
    server.on_client_request(lambda request: Ok())  # E: a request hook without client
    server.on_client_error(lambda error: None)  # E: an error hook without client
    server.on_client_error(client_first)  # E: the arguments the wrong way round
    server.on_client_connect(kiosk)  # E: a hook for clients of another class
    server.on_client_connect(None)  # E: no function
    server.on_client_connect(lambda client: print(client.rolle))  # E: a typo in a hook


def swapped(client: Device, message: Up) -> None:
    """Take both the wrong way round."""


def one_kind(message: Reading, client: Device) -> None:
    """Take one type only."""


def downward(message: Down, client: Device) -> None:
    """Take what is sent."""


def client_first(client: Device, error: Exception) -> None:
    """Take both the wrong way round."""


def kiosk(client: Kiosk) -> None:
    """Take clients of another class."""


def wrong_reply(request: GetConfig, client: Device) -> Ok:
    """Answer with what answers something else."""
    return Ok()


async def wrong_reply_later(request: GetConfig, client: Device) -> Ok:
    """Answer with what answers something else, later."""
    return Ok()


async def no_reply(request: GetConfig, client: Device) -> None:
    """Answer with nothing."""


def wrong_message(message: Notice, client: Device) -> None:
    """Take what never comes."""


def wrong_client(message: Reading, client: Kiosk) -> None:
    """Take clients of another class."""


def swapped_reading(client: Device, message: Reading) -> None:
    """Take both the wrong way round."""


def swapped_request(client: Device, request: GetConfig) -> Config:
    """Take both the wrong way round."""
    return Config()


def alone(message: Reading) -> None:
    """Take no client."""


def handle(server: Served, plain: Server[Up, Down]) -> None:
    """Register handlers of wrong signatures, or for wrong types."""
    server.on(GetConfig)(wrong_reply)  # E: the reply of another request
    server.on(GetConfig)(wrong_reply_later)  # E: the reply of another request, async
    server.on(GetConfig)(no_reply)  # E: no reply
    server.on(GetConfig)(swapped_request)  # E: the arguments the wrong way round
    server.on(GetConfig)(lambda request, client: Ok())  # E: the reply of another request
    server.on(Reading)(wrong_message)  # E: a handler of another type
    server.on(Reading)(wrong_client)  # E: a handler for clients of another class
    server.on(Reading)(swapped_reading)  # E: the arguments the wrong way round
    server.on(Reading)(alone)  # E: a handler without client
    plain.on(Reading)(wrong_client)  # E: a subclass where the server has none
    server.on(SetLed)  # E: a request of the other direction
    server.on(Notice)  # E: a message of the other direction
    server.on(Stranger)  # E: a message that is not in the contract
    server.on(str)  # E: text on a typed contract
    server.on(Config)  # E: a reply, which is no message of either direction


def send(server: Served, plain: Server[Up, Down], other: Server[Up, Down, Kiosk]) -> None:
    """Send to many wrongly."""
    server.broadcast(Reading(celsius=1.0))  # E: a message of the other direction
    server.broadcast("text")  # E: text on a typed contract
    server.broadcast(Notice)  # E: a class for a message
    server.broadcast(Notice(text="x"), lambda client: client.rolle == "x")  # E: a typo in a filter
    server.broadcast(Notice(text="x"), lambda client, index: True)  # E: a filter of two arguments
    server.broadcast(Notice(text="x"), lambda: True)  # E: a filter of no argument
    server.broadcast(Notice(text="x"), lambda c, i, cs: i > cs)  # E: a place above a list
    server.broadcast(Notice(text="x"), lambda c, i, cs: cs[i].rol)  # E: a typo in a long filter
    server.broadcast(Notice(text="x"), True)  # E: no filter
    plain.broadcast(Notice(text="x"), lambda client: client.role)  # E: state of a subclass
    other.broadcast(Notice(text="x"), lambda client: client.role)  # E: state of another subclass
    server.send_to(server.clients, Alarm(text="x"))  # E: a message of the other direction
    server.send_to(other.clients, Notice(text="x"))  # E: clients of another server
    server.send_to(["k1"], Notice(text="x"))  # E: ids for clients
    server.send_to(Notice(text="x"), server.clients)  # E: the arguments the wrong way round
    server.send_to(server.clients, Notice(text="x")).dropt  # E: a typo in a report
    server.broadcast(Notice(text="x")).queued  # E: the report of another call


def look_up(server: Served, other: Server[Up, Down, Kiosk]) -> None:
    """Look clients up wrongly."""
    server.get_connected_clients(index="k1")  # E: an id for a place
    server.get_connected_clients(0)  # E: a place without its name
    server.get_connected_clients(start_index=0.5)  # E: a place between two
    server.get_connected_clients(last_index=[1])  # E: a list of places
    server.get_connected_clients(length=1)  # E: a number for yes
    server.get_connected_clients(count=True)  # E: no such option
    server.get_connected_clients(index=0).client.role  # E: the client may be gone
    server.get_connected_clients().client.role  # E: a part that was not asked for
    server.client(7)  # E: a number for an id
    server.client("k1").role  # E: the client may be gone
    device: Device | None = other.client("k1")  # E: a client of another class
    [client.floor for client in server.clients]  # E: state of another subclass
    print(device)


async def open_doors(server: Served) -> None:
    """Open doors wrongly."""
    await server.listen("8080")  # E: a port that is text
    await server.listen(0, callback=lambda listener: None)  # E: a callback with an argument
    await server.listen(0, wire=Lines())  # E: a framing for a wire
    await server.listen(0, codec=Lines())  # E: a framing for a codec
    await server.listen(0, tsl=None)  # E: a typo in an option
    await server.drain(window_s="1")  # E: seconds that are text
    await server.state  # E: a state cannot be awaited
    server.run(8080, main=7)  # E: no function


class Half:
    """A client class that cannot write."""

    def on_message(self, callback: Any, /) -> None:
        """Do nothing."""


class Backwards:
    """A codec whose `encode` gives a number."""

    def encode(self, message: str, /) -> int:
        """Return a number."""
        return len(message)

    def decode(self, payload: Payload, /) -> str:
        """Return text."""
        return str(payload)


half: ClientContract = Half()  # E: a part of the contract of clients is missing
backwards: Codec[str] = Backwards()  # E: a codec of another signature
Contract("x", version=1, up=str, down=str, codec=Backwards())  # E: a codec of another signature
client: ConnectedClient[Up, Down] = Swapped  # E: a class for a client
