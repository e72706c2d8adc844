"""FramedClient: the client for who has none."""

from __future__ import annotations

import asyncio

import pytest

from mcws_protocol import Lines
from mcws_testkit import Faults, FramedClient, World
from mcws_testkit._played_client import as_bytes


async def connected(handle: object) -> tuple[FramedClient, asyncio.Server]:
    """Return a client of a server that does ``handle``."""
    server = await asyncio.start_server(handle, "127.0.0.1", 80)  # type: ignore[arg-type]
    return FramedClient(*await asyncio.open_connection("127.0.0.1", 80), Lines()), server


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say two lines, and never go."""
    writer.write(b"one\ntwo\n")
    await asyncio.sleep(60)
    writer.close()


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back the first line and go."""
    writer.write(await reader.readline())
    writer.close()


def test_payloads_go_and_come() -> None:
    """What is sent comes back; behind the end both methods raise."""

    async def talk() -> None:
        """Say one thing."""
        client, server = await connected(polite)
        await client.send(b"hello")
        assert await client.receive() == b"hello"
        with pytest.raises(ConnectionError):
            await client.receive()
        with pytest.raises(ConnectionError):
            await client.send(b"late")
        client.half_close()
        await client.close()
        with pytest.raises(ConnectionError):
            await client.receive()
        server.close()

    World(Faults.benign()).run(talk())


def test_close_does_not_wait_for_ever() -> None:
    """A server that never says goodbye is left behind."""
    world = World(Faults.benign())

    async def talk() -> None:
        """Close in front of a server that stays."""
        client, server = await connected(deaf)
        assert [await client.receive(), await client.receive()] == [b"one", b"two"]
        await client.close()
        assert world.now == 30
        server.close()

    world.run(talk())


def test_nothing_is_the_end() -> None:
    """Who receives nothing has come to the end; text is taken as UTF-8."""
    assert as_bytes("grüß") == "grüß".encode()
    with pytest.raises(EOFError):
        as_bytes(None)
