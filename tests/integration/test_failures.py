"""What cannot be listened on or connected to: one error, nothing left open (FAULTS 27)."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Final

import pytest

from mcws_client import Client
from mcws_protocol import ConnectFailed, ConnectTimeout, ListenFailed
from mcws_server import Server, ServerState
from tests.integration._ends import GUARD_S, descriptors, free_port, line_of, python, recording

LISTEN_AS_NOBODY: Final = """
import asyncio, os
from mcws_server import Server
if os.geteuid() == 0:
    os.setuid(65534)
try:
    asyncio.run(Server().listen(1))
except OSError as error:
    print(type(error).__name__, error)
"""
"""Root may listen everywhere, so it becomes somebody else first."""


def may_listen_everywhere() -> bool:
    """Whether this machine, as some containers do, lets everybody listen on any port."""
    path = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return path.exists() and int(path.read_text()) <= 1


async def failed_listen(port: int, address: str = "127.0.0.1") -> ListenFailed:
    """Return how listening there fails; check that nothing stays open and nothing changed."""
    server = Server()
    before = descriptors()
    async with asyncio.timeout(GUARD_S):
        with pytest.raises(ListenFailed) as raised:
            await server.listen(port, address)
    assert descriptors() == before
    assert (server.state, server.listeners) == (ServerState.NEW, ())
    assert (raised.value.address, raised.value.port) == (address, port)
    assert isinstance(raised.value, OSError)
    return raised.value


async def failed_connect(url: str, connect_timeout: float = GUARD_S) -> ConnectFailed:
    """Return how connecting there fails; check that nothing stays open."""
    before = descriptors()
    async with asyncio.timeout(GUARD_S):
        with pytest.raises(ConnectFailed) as raised:
            await Client(url, connect_timeout=connect_timeout).connect()
        # The transport of an attempt that was given up is closed in the next turns of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert descriptors() == before
    assert raised.value.url == url
    assert isinstance(raised.value, OSError)
    return raised.value


async def test_listen_where_port_is_in_use() -> None:
    """The second server on a port learns that it is in use, and where."""
    async with recording() as end:
        error = await failed_listen(end.port)
        assert str(error) == f"cannot listen on 127.0.0.1:{end.port}: the port is in use"


@pytest.mark.skipif(may_listen_everywhere(), reason="every port may be used here")
async def test_listen_without_permission() -> None:
    """Who may not listen on a port learns just that."""
    async with python("-c", LISTEN_AS_NOBODY) as program:
        expected = "ListenFailed cannot listen on 127.0.0.1:1: no permission for this port"
        assert await line_of(program) == expected


async def test_listen_on_address_of_others() -> None:
    """An address that belongs to another machine is named as such."""
    error = await failed_listen(0, "192.0.2.1")
    assert str(error) == "cannot listen on 192.0.2.1:0: this machine does not have that address"


@pytest.mark.parametrize("address", ["nowhere.invalid", "1.2.3.4.5", "a" * 300])
async def test_listen_on_no_address(address: str) -> None:
    """What is no address at all is named, and no other kind of error comes out."""
    assert f"cannot listen on {address}:0: " in str(await failed_listen(0, address))


async def test_listen_works_after_failure() -> None:
    """A server whose listening failed may try again somewhere else."""
    async with recording() as end, Server() as server:
        with pytest.raises(ListenFailed):
            await server.listen(end.port)
        door = await server.listen(0)
        async with Client(f"tcp://127.0.0.1:{door.port}") as client:
            assert client.id


def test_run_where_port_is_in_use() -> None:
    """``run`` raises the same error, out of its own loop."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenFailed, match="the port is in use"):
            Server().run(port)


async def test_connect_where_nobody_listens() -> None:
    """A refused connection names the URL and says that nobody listens."""
    with free_port() as port:
        error = await failed_connect(f"tcp://127.0.0.1:{port}")
    assert str(error) == f"cannot connect to tcp://127.0.0.1:{port}: nobody listens there"


async def test_connect_to_no_such_host() -> None:
    """A name without an address is no such host."""
    error = await failed_connect("tcp://nowhere.invalid:8080")
    assert str(error) == "cannot connect to tcp://nowhere.invalid:8080: there is no such host"


@pytest.mark.parametrize("host", ["a" * 300, "a..b"])
async def test_connect_to_impossible_host(host: str) -> None:
    """A name that no host can have is no such host either."""
    assert f"cannot connect to tcp://{host}:8080: " in str(
        await failed_connect(f"tcp://{host}:8080")
    )


async def test_connect_to_unreachable_network() -> None:
    """Where no way leads, the error says so."""
    error = await failed_connect("tcp://255.255.255.255:8080")
    assert str(error) == (
        "cannot connect to tcp://255.255.255.255:8080: the network cannot be reached"
    )


async def test_connect_to_all_addresses_of_a_name() -> None:
    """Where a name has several addresses, the error still is one line that names the URL."""
    with free_port() as port:
        error = await failed_connect(f"tcp://localhost:{port}")
    assert str(error).startswith(f"cannot connect to tcp://localhost:{port}: ")


async def test_connect_to_silent_listener() -> None:
    """A listener that never answers HELLO is ``ConnectTimeout``, with the time that it had."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        error = await failed_connect(url, connect_timeout=0.05)
    assert isinstance(error, ConnectTimeout)
    assert isinstance(error, TimeoutError)
    assert str(error) == f"cannot connect to {url}: not within 0.05 seconds"


async def test_connect_works_after_failure() -> None:
    """A client whose connecting failed may try again when somebody listens."""
    with free_port() as port:
        client = Client(f"tcp://127.0.0.1:{port}")
        with pytest.raises(ConnectFailed):
            await client.connect()
    async with asyncio.timeout(GUARD_S), Server() as server:
        await server.listen(port)
        async with client:
            assert client.id
