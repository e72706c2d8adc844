"""The doors of a server: real sockets on the loopback."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from mcws_protocol import Lines, ListenFailed, Mcws, Plain
from mcws_protocol.aio import Door
from mcws_server import Server
from mcws_server._listener import Listener, explain, open_listener

LINES = Plain(Lines())


@pytest.fixture
def taken() -> Generator[int]:
    """Return a port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


async def opened(
    server: Server, where: tuple[str, int] | socket.socket, *, reuse_port: bool = False
) -> Listener:
    """Open a door of ``server`` without ``listen``."""
    lobby = server._enter()
    listener = await open_listener(lobby.hub, lobby, Door(LINES), where, reuse_port=reuse_port)
    server._listeners.append(listener)
    return listener


async def echo(port: int, address: str = "127.0.0.1") -> bytes:
    """Send a line and return what comes back."""
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(b"hello\n")
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


def echoing() -> Server:
    """Return a server that sends back what it gets."""
    return Server().on_client_message(lambda message, client: client.send(message))


async def test_listener_lets_connections_in() -> None:
    """Who connects to the port talks to the server."""
    async with echoing() as server:
        listener = await opened(server, ("127.0.0.1", 0))
        assert await echo(listener.port) == b"hello\n"


async def test_listener_says_where_and_what() -> None:
    """It knows its address, its port and its wire, and shows whether it is open."""
    async with Server() as server:
        listener = await opened(server, ("127.0.0.1", 0))
        assert (listener.address, listener.wire, listener.is_open) == ("127.0.0.1", LINES, True)
        shown = f"<Listener 127.0.0.1:{listener.port} {LINES!r} "
        assert repr(listener) == f"{shown}open>"
        listener.close()
        assert repr(listener) == f"{shown}closed>"


async def test_listener_closed_keeps_who_is_inside() -> None:
    """A closed door lets nobody in; those inside go on talking."""
    async with echoing() as server:
        listener = await opened(server, ("127.0.0.1", 0))
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"before\n")
        assert await reader.readline() == b"before\n"
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"after\n")
        assert await reader.readline() == b"after\n"
        writer.close()
        await writer.wait_closed()


async def test_listener_on_all_addresses_of_ipv6() -> None:
    """IPv6 works as IPv4 does, where the machine has it."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    async with echoing() as server:
        try:
            listener = await opened(server, ("::1", 0))
        except ListenFailed:
            pytest.skip("this machine has no ::1")
        assert listener.address == "::1"
        assert await echo(listener.port, "::1") == b"hello\n"


async def test_listener_on_a_socket() -> None:
    """A bound socket is taken over."""
    async with echoing() as server:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        listener = await opened(server, sock)
        assert await echo(listener.port) == b"hello\n"
    assert sock.fileno() == -1


async def test_listener_on_a_unix_socket(tmp_path: Path) -> None:
    """A Unix socket has a path for an address and no port."""
    path = str(tmp_path / "door")
    async with echoing() as server:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        listener = await opened(server, sock)
        assert (listener.address, listener.port) == (path, 0)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()


async def test_listener_shares_a_port() -> None:
    """With ``reuse_port`` several servers, in several processes, share one port."""
    async with Server() as one, Server() as other:
        first = await opened(one, ("127.0.0.1", 0), reuse_port=True)
        second = await opened(other, ("127.0.0.1", first.port), reuse_port=True)
        assert second.port == first.port


# Failures


async def test_listen_fails_where_the_port_is_in_use(taken: int) -> None:
    """FAULTS 27: one error names what and where; it is an ``OSError`` with its cause."""
    with pytest.raises(ListenFailed) as caught:
        await opened(Server(), ("127.0.0.1", taken))
    error = caught.value
    assert str(error) == f"cannot listen on 127.0.0.1:{taken}: the port is in use"
    assert (error.address, error.port) == ("127.0.0.1", taken)
    assert isinstance(error.__cause__, OSError)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("192.0.2.1", "does not have that address"),
        ("no.such.host.invalid", "there is no such address"),
        ("x" * 70, "label"),
    ],
)
async def test_listen_fails_where_there_is_no_such_address(address: str, why: str) -> None:
    """FAULTS 27: an address of another machine, a name that does not exist, one that cannot."""
    with pytest.raises(ListenFailed, match=why):
        await opened(Server(), (address, 0))


async def test_listen_fails_for_a_socket_that_cannot_listen(taken: int) -> None:
    """A socket that is unusable is reported without inventing an address."""
    with socket.create_connection(("127.0.0.1", taken)) as sock:
        with pytest.raises(ListenFailed, match="cannot listen on socket:0"):
            await opened(Server(), sock)
        assert sock.fileno() == -1


async def test_listen_that_fails_late_leaves_nothing_open() -> None:
    """The port may turn out to be taken only when listening begins; the socket is closed then."""
    one, other = socket.socket(), socket.socket()
    for sock in (one, other):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
    other.bind(one.getsockname())
    with one:
        one.listen()
        with pytest.raises(ListenFailed, match="the port is in use"):
            await opened(Server(), other)
        assert other.fileno() == -1


async def test_listen_cancelled_leaves_nothing_open() -> None:
    """FAULTS 22: wherever it is cancelled, the port is free afterwards."""
    for turns in range(8):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        opening = asyncio.ensure_future(opened(Server(), ("127.0.0.1", port)))
        for _ in range(turns):
            await asyncio.sleep(0)
        if opening.done():
            opening.result().close()
            continue
        opening.cancel()
        await asyncio.wait({opening})
        assert opening.cancelled()
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.EACCES, "Permission denied"), "no permission for this port"),
        (OSError(errno.EADDRINUSE, "x"), "the port is in use"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "this machine does not have that address"),
        (OSError(errno.EMFILE, "x"), os.strerror(errno.EMFILE).lower()),
        (OSError("could not bind on any address"), "this machine does not have that address"),
        (socket.gaierror(-2, "Name or service not known"), "there is no such address"),
        (OverflowError("port must be 0-65535"), "port must be 0-65535"),
    ],
)
def test_explain_says_why_in_words(error: Exception, why: str) -> None:
    """Known causes have words of their own; others keep those of the system."""
    assert explain(error) == why


async def test_listener_is_what_listen_returns() -> None:
    """``listen`` opens its doors here; on mcws/1 unless it is told otherwise."""
    async with Server() as server:
        listener = await server.listen(0)
        assert (type(listener), listener.wire) == (Listener, Mcws())


async def test_listen_takes_a_bound_socket() -> None:
    """``sock`` is used instead of port and address."""
    async with Server() as server:
        sock = socket.create_server(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        listener = await server.listen(sock=sock)
        assert listener.port == port
