"""Clients: what goes up and what comes down, with the types of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from socket import socket
from typing import Any, Never, assert_type

from mcws_client import Client, ClientOptions, ClientState, Messages
from mcws_protocol import (
    ConnectionClosed,
    Contract,
    Limits,
    Plain,
    RequestFailed,
    RequestTimeout,
    Varint,
)

from ..thermo import Alarm, Config, Down, GetConfig, Notice, Ok, Reading, SetLed, Up, thermo

URL = "tcp://127.0.0.1:8080"

device = Client(URL, thermo, id="k1", connect_timeout=5, limits=Limits(inbox_high_bytes=1 << 20))
assert_type(device, Client[Up, Down])
options: ClientOptions = {"id": "k2", "reconnect": None, "wire": Plain(Varint())}
assert_type(Client(URL, thermo, **options), Client[Up, Down])


async def dial(make: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
    """Reach the server in another way, as ``loop.create_connection`` would."""
    transport, _ = await asyncio.get_running_loop().create_unix_connection(make, "/run/x.sock")
    return transport


assert_type(Client(URL, thermo, dial=dial), Client[Up, Down])
assert_type(Client(URL, Contract("push", version=1, up=Never, down=Notice)), Client[Never, Notice])


class Thermometer(Client[Up, Down]):
    """A client with state of the application's own."""

    celsius: float = 20.0


# Handlers.
@device.on(Notice)
def show(notice: Notice, client: Client[Up, Down]) -> None:
    """Take a message."""
    client.send(Alarm(text=notice.text))


@device.on(SetLed)
async def switch(request: SetLed, client: Client[Up, Down]) -> Ok:
    """Ask back before the answer."""
    assert_type(await client.request(GetConfig(section="led")), Config)
    return Ok()


thermometer = Thermometer(URL, thermo)


@thermometer.on(SetLed)
def heat(request: SetLed, client: Thermometer) -> Ok:
    """Take the state that the subclass adds."""
    client.celsius += request.on
    return Ok()


def hear(message: Down, client: Client[Up, Down]) -> None:
    """Take any message."""


async def use() -> None:
    """Go through the life of a client."""
    async with device as entered:
        assert_type(entered, Client[Up, Down])
        await device.send(Reading(celsius=21.5))
        assert_type(device.send(Alarm("hot")), Awaitable[None])
        assert_type(await device.request(GetConfig()), Config)
        assert_type(await device.request(GetConfig("led"), timeout=0.5), Config)
        assert_type((await device.request(GetConfig(), timeout=None)).interval_s, float)
        async for message in device:
            assert_type(message, Down)
        async for notice in device.messages(Notice):
            assert_type(notice.text, str)
        assert_type(device.messages(SetLed), Messages[SetLed])
        assert_type(await anext(device.messages(Notice)), Notice)
        notices = [notice.text async for notice in device.messages(Notice)]
        assert_type(notices, list[str])
    assert_type(await device.connect(), Client[Up, Down])
    assert_type(device.state, ClientState)
    assert_type(device.dropped, int)
    await device.close(1000, "done")
    device.abort()


def register() -> None:
    """Chain the hooks."""
    chained = (
        thermometer.on_connect(lambda client: client.send(Reading(celsius=client.celsius)))
        .on_message(lambda message, client: print(message, client.celsius))
        .on_request(lambda request, client: Ok())
        .on_disconnect(lambda client: print(client.close_code))
        .on_close(lambda client: print(client.close_reason))
        .on_error(lambda error, client: print(error, client.celsius))
    )
    assert_type(chained, Thermometer)
    device.on_message(hear).off_message(hear)


def look(client: Client[Up, Down]) -> None:
    """Read what is known of a connection."""
    assert_type(client.id, str)
    assert_type(client.contract, str)
    assert_type(client.metadata, dict[str, Any])
    assert_type(client.socket, socket | None)
    assert_type(client.rtt, float | None)
    assert_type(client.paused, bool)
    assert_type(client.closed, bool)
    assert_type(client.close_code, int)
    client.metadata["room"] = 7
    client.pause()
    client.resume()


async def fail() -> float:
    """Tell the failures of a request apart."""
    try:
        return (await device.request(GetConfig())).interval_s
    except RequestTimeout as error:
        return error.timeout
    except RequestFailed as error:
        assert_type((error.code, error.reason), tuple[int, str])
        return 0
    except ConnectionClosed as error:
        assert_type(error.maybe_executed, bool)
        return 0
