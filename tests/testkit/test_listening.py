"""SimServer: what listens, and until when."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from typing import Any

import pytest

from mcws_testkit import SimLeak, World, _listening
from tests.testkit._planned import Listener, Pair, echo


def test_server_shows_what_it_is_bound_to() -> None:
    """As long as it is open."""
    world = World()

    async def main() -> None:
        """Listen and look."""
        server = await asyncio.start_server(echo, "0.0.0.0", 80)
        assert [one.getsockname() for one in server.sockets] == [("0.0.0.0", 80)]
        assert server.get_loop() is asyncio.get_running_loop()
        assert server.is_serving()
        assert repr(server) == "<SimServer 0.0.0.0:80 on main>"
        server.close()
        server.close()
        assert server.sockets == ()
        assert not server.is_serving()
        await server.wait_closed()

    world.run(main())


def test_server_that_does_not_serve_refuses() -> None:
    """With ``start_serving=False`` connections come in from ``start_serving`` on."""
    world = World()

    async def main() -> None:
        """Connect before and after."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Listener, "127.0.0.1", 80, start_serving=False)
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Listener, "127.0.0.1", 80)
        async with server:
            await server.start_serving()
            transport, _ = await loop.create_connection(Listener, "127.0.0.1", 80)
            transport.close()
        with pytest.raises(RuntimeError, match="is closed"):
            await server.start_serving()

    world.run(main())


def test_serve_forever_ends_by_close_or_cancellation() -> None:
    """Both are a cancellation, and only one call of it may run."""
    world = World()

    async def main() -> None:
        """Serve for ever, three times."""
        for end in ("close", "cancel"):
            server = await asyncio.start_server(echo, "0.0.0.0", 80)
            task = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(1)
            with pytest.raises(RuntimeError, match="already being awaited"):
                await server.serve_forever()
            getattr(server if end == "close" else task, end)()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not server.is_serving()

    world.run(main())


@pytest.mark.parametrize("waits", [True, False])
def test_wait_closed_is_that_of_the_python_that_runs(
    waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Python 3.12 on it waits for the connections as well."""
    monkeypatch.setattr(_listening, "WAITS_FOR_CLIENTS", waits)
    pair = Pair()

    async def story() -> None:
        """Close with a connection, and wait."""
        early = asyncio.create_task(pair.listener.wait_closed())
        gone = asyncio.create_task(pair.listener.wait_closed())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        pair.listener.close()
        late = asyncio.create_task(pair.listener.wait_closed())
        await asyncio.sleep(10)
        assert (early.done(), late.done()) == (False, not waits)
        pair.server.transport.close()
        await asyncio.wait([early, late])

    pair.play(story())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="came with Python 3.13")
@pytest.mark.parametrize("name", ["close_clients", "abort_clients"])
def test_clients_can_be_closed(name: str) -> None:
    """All connections end."""
    pair = Pair()

    async def story() -> None:
        """End them."""
        getattr(pair.listener, name)()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "eof", None]

    pair.play(story())


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="is there from Python 3.13 on")
def test_calls_of_later_versions_are_not_there() -> None:
    """A program that uses them fails here as it does on a real loop."""
    assert not hasattr(_listening.SimServer, "close_clients")


def test_who_waits_in_front_of_a_server_that_closes_is_reset() -> None:
    """The kernel accepted the connection, the program never did."""
    world = World()

    async def main() -> None:
        """Close the server in the turn in which somebody connects."""
        loop: Any = asyncio.get_running_loop()
        made: list[Listener] = []
        server = await loop.create_server(lambda: made.append(Listener()), "127.0.0.1", 80)
        transport = await world.loop.network.connect("127.0.0.1", 80)
        server.close()
        client = Listener()
        transport.start(client)
        await loop.settle()
        assert client.told == ["made", ConnectionResetError]
        assert made == []

    world.run(main())


def test_protocol_that_cannot_be_made_is_told() -> None:
    """The client sees the end of the stream, and the loop hears of the error."""
    world = World()

    def fail() -> asyncio.Protocol:
        """Fail."""
        raise LookupError("mine")

    async def main() -> None:
        """Connect to a server that fails."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(fail, "127.0.0.1", 80)
        reader, writer = await asyncio.open_connection("127.0.0.1", 80)
        assert await reader.read() == b""
        writer.close()
        server.close()

    with pytest.raises(SimLeak, match=r"Error on transport creation .*LookupError") as caught:
        world.run(main())
    assert len(caught.value.left) == 1


def test_connections_have_contexts_of_their_own() -> None:
    """Each connection has a context of its own, a copy of that of its server."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="none")
    seen: list[str] = []

    class Naming(Listener):
        """Writes down the name, and changes it."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Be connected."""
            seen.append(name.get())
            name.set("connection")
            super().connection_made(transport)

    world = World()

    async def main() -> None:
        """Connect twice."""
        loop = asyncio.get_running_loop()
        name.set("server")
        async with await loop.create_server(Naming, "127.0.0.1", 80):
            for _ in range(2):
                transport, _ = await loop.create_connection(Listener, "127.0.0.1", 80)
                transport.close()
            await world.loop.settle()

    world.run(main())
    assert seen == ["server", "server"]
