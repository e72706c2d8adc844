"""Mistakes with one connection, at either end of it."""

from __future__ import annotations

from typing import Never

from mcws_client import Client, ClientOptions, ClientState
from mcws_protocol import Contract, Lines, Varint
from mcws_server import ConnectedClient

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
    Stranger,
    Up,
    thermo,
)

URL = "tcp://127.0.0.1:8080"


def make() -> None:
    """Make clients wrongly."""
    Client(thermo)  # E: a contract for a URL
    Client(8080)  # E: a port for a URL
    Client(URL, "thermo")  # E: a name for a contract
    Client(URL, thermo, id=7)  # E: an id that is a number
    Client(URL, thermo, connect_timeout="5")  # E: seconds that are text
    Client(URL, thermo, reconnect=True)  # E: an option that takes nothing else yet
    Client(URL, thermo, wire=Lines())  # E: a framing for a wire
    Client(URL, thermo, codec=Varint())  # E: a framing for a codec
    Client(URL, thermo, limits={})  # E: a dict for limits
    Client(URL, thermo, dial=lambda: None)  # E: a way that makes no connection
    Client(URL, thermo, timeout=5)  # E: no such option
    swapped: Client[Down, Up] = Client(URL, thermo)  # E: the directions the wrong way round
    options: ClientOptions = {"ident": "k1"}  # E: no such option
    print(swapped, options, ClientState.OPEN)  # E: no such state


def send(client: Client[Up, Down], device: Device, untyped: Client) -> None:
    """Send wrongly."""
    client.send(Notice(text="x"))  # E: a message of the other direction
    client.send(Stranger())  # E: a message that is not in the contract
    client.send("text")  # E: text on a typed contract
    client.send(b"bytes")  # E: bytes on a typed contract
    client.send({"celsius": 1.0})  # E: a dict for a message
    client.send(Reading)  # E: a class for a message
    client.send(Reading(celsius=1.0), Reading(celsius=2.0))  # E: two at once
    client.write(Reading(celsius=1.0))  # E: a message for a payload
    device.send(Reading(celsius=1.0))  # E: a message of the other direction
    device.send(GetConfig())  # E: a request of the other direction
    untyped.send(Reading(celsius=1.0))  # E: a typed message without a contract
    untyped.send(7)  # E: a number without a contract
    Client(URL, Contract("push", version=1, up=Never, down=Notice)).send("x")  # E: nothing goes up
    Client(URL, Contract("push", version=1, up=Reading, down=Never)).messages(Notice)  # E: nor down


async def ask(client: Client[Up, Down], device: Device, untyped: Client) -> None:
    """Ask wrongly."""
    await client.request(SetLed(on=True))  # E: a request of the other direction
    await client.request(Reading(celsius=1.0))  # E: a message that is no request
    await client.request("status?")  # E: text on a typed contract
    await client.request(GetConfig)  # E: a class for a request
    await client.request(GetConfig(), timeout="5")  # E: seconds that are text
    await client.request(GetConfig(), 5.0)  # E: seconds without their name
    await device.request(GetConfig())  # E: a request of the other direction
    await device.request(Notice(text="x"))  # E: a message that is no request
    await untyped.request(GetConfig())  # E: a typed request without a contract
    client.request(GetConfig())  # E: nobody awaits it
    config: Config = client.request(GetConfig())  # E: nobody awaits it
    ok: Ok = await client.request(GetConfig())  # E: the reply of another request
    (await client.request(GetConfig())).text  # E: a field of another reply
    client.request(GetConfig()).interval_s  # E: nobody awaits it
    print(config, ok)


def show(notice: Notice, client: Client[Up, Down]) -> None:
    """Take a message."""


def shown_by(client: Client[Up, Down], notice: Notice) -> None:
    """Take both the wrong way round."""


def switch(request: SetLed, client: Client[Up, Down]) -> Config:
    """Answer with what answers something else."""
    return Config()


async def switch_later(request: SetLed, client: Client[Up, Down]) -> Config:
    """Answer with what answers something else, later."""
    return Config()


def served(notice: Notice, client: Device) -> None:
    """Take the other end's view of a client."""


def register(client: Client[Up, Down], device: Device) -> None:
    """Register wrongly."""
    client.on(Reading)  # E: a message of the other direction
    client.on(GetConfig)  # E: a request of the other direction
    client.on(Stranger)  # E: a message that is not in the contract
    client.on(bytes)  # E: bytes on a typed contract
    client.on("Notice")  # E: a name for a type
    client.on(Notice)(shown_by)  # E: the arguments the wrong way round
    client.on(Notice)(served)  # E: the other end's view of a client
    client.on(SetLed)(show)  # E: a handler of another type
    client.on(SetLed)(switch)  # E: the reply of another request
    client.on(SetLed)(switch_later)  # E: the reply of another request, async
    client.on_message(show)  # E: a handler of one type for all types
    client.on_message(lambda message: None)  # E: a handler without client
    client.on_connect(lambda: None)  # E: a hook without client
    client.on_close(lambda client, code: None)  # E: a hook with a code
    client.on_error(lambda client, error, trace: None)  # E: a hook of three arguments
    device.on(Notice)  # E: a message of the other direction
    device.on(SetLed)  # E: a request of the other direction
    device.on_message(lambda message, client: client.floor)  # E: state of another subclass


async def receive(client: Client[Up, Down], device: Device, untyped: Client) -> None:
    """Receive wrongly."""
    client.messages(Reading)  # E: a message of the other direction
    client.messages(Stranger)  # E: a message that is not in the contract
    client.messages(str)  # E: text on a typed contract
    untyped.messages(Notice)  # E: a typed message without a contract
    untyped.messages(int)  # E: a number without a contract
    for _ in client:  # E: a plain loop over what has to be awaited
        break
    async for notice in client.messages(Notice):
        print(notice.celsius)  # E: a field of another message
    async for either in client:
        print(either.text)  # E: a field that only one of the two types has
    text: str = await anext(aiter(client))  # E: a message for text
    async for _ in device:  # E: only the connector can be iterated over
        print(text)


def end(client: Client[Up, Down], device: Device, connected: ConnectedClient[Up, Down]) -> None:
    """Close and set wrongly."""
    client.close("done")  # E: the reason for the code
    client.close(1000, 7)  # E: a reason that is a number
    client.id = "k2"  # E: only the server can name a client
    device.id = 7  # E: an id that is a number
    device.metadata = {}  # E: the storage is there for good
    device.paused = True  # E: `pause` is a call
    connected.role = "x"  # E: state of a subclass
    device.roles.append("x")  # E: a typo in the state of a subclass
    print(Alarm(text="x").level.upper())  # E: a field of another type
