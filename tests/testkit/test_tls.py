"""TLS on simulated connections, by asyncio's own code for it."""

from __future__ import annotations

import asyncio
import gc
import ssl
from pathlib import Path

import pytest

from mcws_testkit import Faults, SeededChoices, World
from tests.testkit._planned import echo

CERTIFICATES = Path(__file__).parent / "certificates"


def server_context(name: str = "server") -> ssl.SSLContext:
    """Return the context of a server with a certificate for a name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


def client_context(name: str = "server") -> ssl.SSLContext:
    """Return the context of a client that trusts one certificate."""
    return ssl.create_default_context(cafile=CERTIFICATES / f"{name}.pem")


async def talk(context: ssl.SSLContext, host: str = "server") -> None:
    """Say something and be answered."""
    reader, writer = await asyncio.open_connection(host, 443, ssl=context)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    assert writer.get_extra_info("cipher") is not None
    writer.close()
    await writer.wait_closed()


def live(world: World, trusted: str = "server", name: str = "server") -> None:
    """Let a client talk to a server."""
    server = world.host("server")

    async def main() -> None:
        """Listen and talk."""
        listening = asyncio.start_server(echo, "0.0.0.0", 443, ssl=server_context(name))
        listener = await server.run(listening)
        try:
            await world.host("device").run(talk(client_context(trusted)))
        finally:
            listener.close()
            await listener.wait_closed()

    world.run(main())


def test_tls_from_the_first_byte() -> None:
    """A client that trusts the certificate talks to the server."""
    world = World()
    live(world)
    assert not any(b"hello" in event.data for event in world.trace)


@pytest.mark.parametrize("seed", range(10))
def test_tls_over_a_network_that_cuts_and_delays(seed: int) -> None:
    """Records are put together again."""
    live(World(Faults.tcp(), SeededChoices(seed)))


@pytest.mark.parametrize(("trusted", "name"), [("stranger", "server"), ("stranger", "stranger")])
def test_wrong_certificate_is_refused(trusted: str, name: str) -> None:
    """One that is not trusted, and one for another name."""
    with pytest.raises(ssl.SSLCertVerificationError):
        live(World(), trusted, name)


def test_default_context_trusts_nobody_here() -> None:
    """``ssl=True`` takes the authorities of the system."""
    world = World()

    async def main() -> None:
        """Connect with it."""
        server = await asyncio.start_server(echo, "0.0.0.0", 443, ssl=server_context())
        try:
            await asyncio.open_connection("main", 443, ssl=True, server_hostname="server")
        finally:
            server.close()

    with pytest.raises(ssl.SSLCertVerificationError):
        world.run(main())


@pytest.mark.filterwarnings("error")
def test_killed_process_leaves_no_warning_behind() -> None:
    """Its transports of TLS are gone with it, and its protocols hear nothing."""
    world = World()
    server = world.host("server")

    async def main() -> None:
        """Kill the server in the middle of a conversation."""
        await server.run(asyncio.start_server(echo, "0.0.0.0", 443, ssl=server_context()))
        context = client_context()
        reader, writer = await asyncio.open_connection("server", 443, ssl=context)
        await world.loop.settle()
        server.kill()
        assert await reader.read() == b""
        writer.close()

    world.run(main())
    gc.collect()


def test_connection_in_use_can_be_secured() -> None:
    """``start_tls`` on both ends, after some words in the clear."""
    world = World()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Agree on TLS, then echo."""
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"OK\n")
        await writer.start_tls(server_context())
        await echo(reader, writer)

    async def main() -> None:
        """Ask for TLS, then talk."""
        server = await asyncio.start_server(serve, "0.0.0.0", 80)
        reader, writer = await asyncio.open_connection("main", 80)
        writer.write(b"STARTTLS\n")
        assert await reader.readline() == b"OK\n"
        await writer.start_tls(client_context(), server_hostname="server")
        writer.write(b"secret")
        assert await reader.readexactly(6) == b"secret"
        writer.close()
        await writer.wait_closed()
        server.close()

    world.run(main())
    assert any(event.data == b"OK\n" for event in world.trace)
    assert not any(b"secret" in event.data for event in world.trace)


def test_upgrade_that_fails_closes_the_connection() -> None:
    """A server whose certificate is not trusted is left."""
    world = World()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Try TLS."""
        with pytest.raises(ConnectionResetError):
            await writer.start_tls(server_context())

    async def main() -> None:
        """Try TLS with other certificates in mind."""
        server = await asyncio.start_server(serve, "0.0.0.0", 80)
        _, writer = await asyncio.open_connection("main", 80)
        with pytest.raises(ssl.SSLCertVerificationError):
            await writer.start_tls(client_context("stranger"), server_hostname="server")
        assert writer.transport.is_closing()
        server.close()

    world.run(main())
