"""Host: programs that run on it, and what ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mcws_testkit import HostDown, World
from tests.testkit._planned import Pair, echo


def test_host_runs_programs() -> None:
    """What it runs may be awaited for its result or its error."""
    world = World()
    host = world.host("server")

    async def fail() -> None:
        """Fail."""
        raise LookupError("mine")

    async def main() -> None:
        """Run some."""
        assert await host.run(asyncio.sleep(1, "done")) == "done"
        with pytest.raises(LookupError):
            await host.run(fail())
        assert (host.name, host.address, host.is_up) == ("server", "10.0.0.2", True)
        assert repr(host) == "<Host server 10.0.0.2 up>"

    world.run(main())
    assert world.host("server") is host


def test_program_can_be_cancelled() -> None:
    """From outside by who waits for it, and from inside."""
    world = World()
    host = world.host("server")
    seen: list[str] = []

    async def wait() -> None:
        """Wait for long."""
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def cancel_myself() -> None:
        """Give up."""
        raise asyncio.CancelledError

    async def main() -> None:
        """Cancel both."""
        waiting = host.run(wait())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        await asyncio.sleep(0)
        assert seen == ["cancelled"]
        with pytest.raises(asyncio.CancelledError):
            await host.run(cancel_myself())

    world.run(main())


@pytest.mark.parametrize("how", ["kill", "crash"])
def test_host_that_goes_down_ends_its_programs(how: str) -> None:
    """At once and without a word to them; who waits for one is told, and no new one starts."""
    world = World()
    host = world.host("server")
    seen: list[str] = []

    async def work() -> None:
        """Do something every second."""
        try:
            while True:
                await asyncio.sleep(1)
                seen.append("alive")
        finally:
            seen.append("ended by the end of the world")

    async def main() -> None:
        """End it in the middle."""
        waiting, ended = host.run(work()), host.run(asyncio.sleep(0))
        cancelled = host.run(work())
        await asyncio.sleep(2.5)
        cancelled.cancel()
        getattr(host, how)()
        with pytest.raises(HostDown, match="host 'server' went down") as caught:
            await waiting
        assert caught.value.host == "server"
        assert ended.done()
        await asyncio.sleep(10)
        assert seen == ["alive"] * 4
        assert not host.is_up
        assert repr(host).endswith("down>")
        with pytest.raises(HostDown):
            host.run(work())

    world.run(main())


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_host_runs_coroutines_only(how: str) -> None:
    """What is not called yet, and what runs elsewhere, is refused with what to pass, up or down."""
    world = World()
    host = world.host("server")
    getattr(host, how)()

    async def main() -> None:
        """Pass what is none."""
        future = asyncio.get_running_loop().create_future()
        for wrong, name in ((future, "SimFuture"), (main, "function"), (None, "None")):
            program: Any = wrong
            with pytest.raises(TypeError, match=rf"as in `host\.run\(main\(\)\)`, not <?{name}"):
                host.run(program)

    world.run(main())


def end(how: str) -> Callable[[Pair], None]:
    """Return what brings the server of a pair down."""
    return lambda pair: getattr(pair.world.host("server"), how)()


def test_killed_process_leaves_its_sockets_to_the_system() -> None:
    """The other end sees the end of the stream, and its port is free."""
    pair = Pair()

    async def story() -> None:
        """Kill the server."""
        pair.server.transport.write(b"last")
        end("kill")(pair)
        await pair.world.loop.settle()
        assert pair.client.told == ["made", b"last", "eof", None]
        assert pair.server.told == ["made"]
        assert not pair.listener.is_serving()

    pair.play(story())


def test_killed_process_with_unread_data_resets() -> None:
    """As the system does for a socket that is closed with unread data."""
    pair = Pair()

    async def story() -> None:
        """Kill a server that did not read."""
        pair.server.transport.pause_reading()
        pair.client.transport.write(b"unread")
        await pair.world.loop.settle()
        end("kill")(pair)
        await pair.world.loop.settle()
        assert pair.client.told == ["made", ConnectionResetError]

    pair.play(story())


def test_crashed_host_tells_nobody() -> None:
    """Who writes to it hears nothing until it is back, and then it is reset."""
    pair = Pair()

    async def story() -> None:
        """Crash, write, wait for long, restart."""
        loop = pair.world.loop
        end("crash")(pair)
        pair.client.transport.write(b"hello")
        await asyncio.sleep(1000)
        assert pair.client.told == ["made"]
        pair.world.host("server").restart()
        await loop.settle()
        assert pair.client.told == ["made", ConnectionResetError]

    pair.play(story())


def test_half_open_connection_is_reset_when_it_is_used() -> None:
    """A host that came back answers data, or an end, of a connection that it does not know."""
    for use in ("write", "write_eof"):
        pair = Pair()

        async def story(pair: Pair = pair, use: str = use) -> None:
            """Crash and restart, then use the connection."""
            loop = pair.world.loop
            pair.client.transport.write(b"came before")
            await loop.settle()
            end("crash")(pair)
            pair.world.heal()
            pair.world.host("server").restart()
            await asyncio.sleep(1000)
            assert pair.client.told == ["made"]
            getattr(pair.client.transport, use)(*([b"hello"] if use == "write" else []))
            await loop.settle()
            assert pair.client.told == ["made", ConnectionResetError]

        pair.play(story())


def test_crash_during_a_partition_keeps_what_is_under_way() -> None:
    """It is sent again until the host is back, which then knows nothing of it."""
    pair = Pair()

    async def story() -> None:
        """Write into a partition, crash, and let both end."""
        loop = pair.world.loop
        pair.world.partition("server", "device")
        pair.client.transport.write(b"hello")
        end("crash")(pair)
        pair.world.heal()
        await loop.settle()
        assert pair.client.told == ["made"]
        pair.world.host("server").restart()
        await loop.settle()
        assert pair.client.told == ["made", ConnectionResetError]

    pair.play(story())


def test_host_that_restarts_can_listen_again() -> None:
    """With new programs; who connects while it has no power waits for it."""
    world = World()
    server, device = world.host("server"), world.host("device")

    async def talk() -> None:
        """Connect and be answered."""
        reader, writer = await asyncio.open_connection("server", 80)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        """Crash and restart; then restart while it runs."""
        await server.run(asyncio.start_server(echo, "0.0.0.0", 80))
        await device.run(talk())
        server.crash()
        waiting = device.run(talk())
        await asyncio.sleep(10)
        assert not waiting.done()
        server.restart()
        with pytest.raises(ConnectionRefusedError):
            await waiting
        await server.run(asyncio.start_server(echo, "0.0.0.0", 80))
        await device.run(talk())
        server.restart()
        assert server.is_up
        with pytest.raises(ConnectionRefusedError):
            await device.run(talk())

    world.run(main())
