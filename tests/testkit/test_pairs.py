"""Pairs of streams, of transports, and of clients in memory; TLS over a cable."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    ConnectFailed,
    ConnectionClosed,
    Limits,
    Lines,
    Plain,
    Rejected,
    Text,
    frames,
)
from mcws_server import ConnectedClient, Server
from mcws_testkit import (
    Cable,
    CableTransport,
    MemoryDial,
    connected,
    memory_pair,
    settled,
    stream_pair,
    transport_pair,
)
from tests.aio.thermo import PLAIN, THERMO, Config, GetConfig, Notice, Ok, Reading, SetLed

# Streams


async def test_stream_pair_talks_both_ways() -> None:
    """Two programs of asyncio's streams talk with each other."""
    (reader, writer), (far_reader, far_writer) = stream_pair()
    writer.write(b"question\n")
    await writer.drain()
    assert await far_reader.readline() == b"question\n"
    far_writer.write(b"answer\n")
    far_writer.close()
    await far_writer.wait_closed()
    assert (await reader.readline(), await reader.read()) == (b"answer\n", b"")
    writer.close()
    await writer.wait_closed()


async def test_stream_pair_cuts_frames() -> None:
    """A loop around a reader sees its frames in pieces."""
    (_, writer), (reader, far_writer) = pair = stream_pair()
    pair.cable.cut(every=1, toward="b")
    writer.write(b"one\ntwo\n")
    writer.close()
    assert [frame async for frame in frames(reader, Lines())] == [b"one", b"two"]
    far_writer.close()


async def test_stream_pair_limits() -> None:
    """Lines and the line are as long as one says."""
    (_, writer), (reader, far_writer) = pair = stream_pair(limit=3, capacity=5)
    pair.cable.stall()
    writer.transport.set_write_buffer_limits(0)
    writer.write(b"0123456789\n")
    draining = asyncio.ensure_future(writer.drain())
    await settled()
    assert not draining.done()
    pair.cable.flow()
    await draining
    with pytest.raises(ValueError, match="Separator is"):
        await reader.readline()
    for end in (writer, far_writer):
        end.close()


async def test_stream_pair_reset() -> None:
    """A reset is what streams make of it."""
    (reader, writer), (_, far_writer) = pair = stream_pair()
    pair.cable.reset()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    for end in (writer, far_writer):
        end.close()
        with pytest.raises(ConnectionResetError):
            await end.wait_closed()


# TLS


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context and that of a client who trusts it."""
    here: Path = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=x", "-addext", "subjectAltName=DNS:x", "-keyout", "key", "-out", "cert"]
    subprocess.run([*command.split(), *names], cwd=here, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(here / "cert", here / "key")
    return server, ssl.create_default_context(cafile=str(here / "cert"))


async def test_stream_pair_with_tls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """Streams are secured over a cable as over a socket, however it is cut."""
    (reader, writer), (far_reader, far_writer) = pair = stream_pair()
    pair.cable.cut(1, 2, 3, every=5)
    await asyncio.gather(
        far_writer.start_tls(contexts[0]), writer.start_tls(contexts[1], server_hostname="x")
    )
    writer.write(b"secret\n")
    assert await far_reader.readline() == b"secret\n"
    assert not any(b"secret" in piece for piece in pair.cable.written("a"))
    far_writer.close()
    assert await reader.read() == b""
    writer.close()
    await settled()


async def test_transport_pair_with_tls(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """``loop.start_tls`` takes these transports; a reset comes through."""
    a, b = asyncio.StreamReader(), asyncio.StreamReader()
    protocols = asyncio.StreamReaderProtocol(a), asyncio.StreamReaderProtocol(b)
    pair = transport_pair(*protocols)
    loop = asyncio.get_running_loop()
    near, _ = await asyncio.gather(
        loop.start_tls(pair[0], protocols[0], contexts[1], server_hostname="x"),
        loop.start_tls(pair[1], protocols[1], contexts[0], server_side=True),
    )
    assert isinstance(near, asyncio.Transport)
    near.write(b"secret")
    assert await b.read(9) == b"secret"
    pair.cable.reset()
    with pytest.raises(ConnectionResetError):
        await a.read()


# A server and its client


async def test_memory_pair_of_a_contract() -> None:
    """Both ends of a contract talk with each other, requests included."""
    heard: list[Any] = []
    async with memory_pair(THERMO, id="k1") as pair:
        known, client = pair
        assert (type(known), type(client), known.id) == (ConnectedClient, Client, "k1")
        known.on_message(lambda message, _: heard.append(message))
        known.on(GetConfig)(lambda request, _: Config(interval_s=1.0))
        client.on(SetLed)(lambda request, _: Ok(since=2))
        client.send(Reading(celsius=1.0))
        assert await client.request(GetConfig()) == Config(interval_s=1.0)
        assert await known.request(SetLed()) == Ok(since=2)
        pair.cable.cut(every=1)
        known.send(Notice(text="x"))
        assert await anext(aiter(client)) == Notice(text="x")
    assert heard == [Reading(celsius=1.0)]
    assert (known.close_code, client.close_code) == (1000, 1000)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("contract", [PLAIN, THERMO])
async def test_memory_pair_that_is_awaited(contract: Any) -> None:
    """Without a block one closes by himself; any wire will do."""
    known, client = await memory_pair(contract)
    client.send(Reading())
    await client.close()
    await settled()
    assert (known.closed, known.close_code) == (True, 1000)


async def test_memory_pair_without_a_contract() -> None:
    """Messages are bytes and text then; wire, codec and limits count for both ends."""
    options: dict[str, Any] = {"wire": Plain(Lines()), "codec": Text()}
    async with memory_pair(**options, limits=Limits(frame_bytes_max=256)) as (known, client):
        known.send("x")
        assert await anext(aiter(client)) == "x"
        client.send("x" * 257)
        await settled()
        assert known.closed


BREAKS: list[tuple[Callable[[Cable[Any]], None], int]] = [
    (lambda cable: cable.reset(), 1006),
    (lambda cable: cable.half_open("server"), 1006),
    (lambda cable: cable.stall(), 1000),
]


@pytest.mark.parametrize(("act", "code"), BREAKS)
async def test_memory_pair_that_is_broken(act: Callable[[Cable[Any]], None], code: int) -> None:
    """Leaving the block mends the line, so that nothing waits for what never comes."""
    loop = asyncio.get_running_loop()
    async with memory_pair() as pair:
        act(pair.cable)
        began_s = loop.time()
    assert (pair[0].close_code, pair[1].closed) == (code, True)
    assert loop.time() - began_s < Limits().close_s


async def test_connected_is_a_client_of_ones_own_server() -> None:
    """The server need not listen; it is left as it is."""
    events: list[Any] = []
    server = Server().on_client_message(lambda message, client: client.send(message))
    server.on_client_disconnect(lambda client: events.append(client.close_code))
    for id in ("a", "b"):
        async with connected(server, id=id) as client:
            client.send(id)
            assert await anext(aiter(client)) == id
    assert events == [1000, 1000]
    await server.drain()


async def test_connected_has_a_cable() -> None:
    """What is entered knows it, and those of all connections."""
    server = Server()
    line = connected(server)
    with pytest.raises(RuntimeError, match="there is no cable yet: nobody has connected"):
        _ = line.cable
    async with line as client:
        line.cable.reset(toward="client")
        await settled()
        assert (client.closed, line.dial.cables) == (True, [line.cable])
        assert line.cable.names == ("server", "client")
    await server.drain()


async def test_connected_to_a_server_that_stops() -> None:
    """Whatever a server does to a client, it does here."""
    release = asyncio.Event()
    server = Server().on_client_message(lambda message, client: release.wait())
    async with connected(server) as client:
        client.send("x")
        await settled()
        draining = asyncio.ensure_future(server.drain())
        await settled()
        with pytest.raises(Rejected, match="server stops"):
            await connected(server)
        release.set()
        await draining


@pytest.mark.parametrize("make", [connected, memory_pair])
async def test_connected_in_another_way(make: Callable[..., Any]) -> None:
    """There is one way to dial in memory."""
    server = Server(THERMO)
    with pytest.raises(ValueError, match="has a dial already; use Client and MemoryDial"):
        make(server if make is connected else THERMO, dial=MemoryDial(server))


async def test_memory_dial_of_a_client_class() -> None:
    """A class of one's own reaches the server in memory too."""

    class Kiosk(Client):
        """A client with a name."""

        name = "kiosk"

    server = Server().on_client_connect(lambda client: client.send("hello"))
    dial = MemoryDial(server)
    async with Kiosk("tcp://memory:1", dial=dial) as kiosk:
        assert await anext(aiter(kiosk)) == "hello"
        dial.cable.reset()
        await settled()
        with pytest.raises(ConnectionClosed):
            kiosk.send("x")
    await server.drain()


async def test_memory_dial_refuses() -> None:
    """A ``dial`` that fails is a connection that failed."""

    async def dial(make: Callable[[], asyncio.Protocol]) -> CableTransport:
        raise ConnectionRefusedError(111, "x")

    with pytest.raises(ConnectFailed, match="nobody listens there"):
        await Client("tcp://memory:1", dial=dial).connect()
