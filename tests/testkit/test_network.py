"""Network: connecting, refusing, parting and healing."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from mcws_testkit import Faults, World
from mcws_testkit._lane import DELAYS
from tests.testkit._planned import Listener, Pair, echo, planned

REFUSE = Faults(refuse=True)
DELAY = Faults(delay_s=4.0, delays_s=4.0)


async def connect(host: str | None, port: int) -> Any:
    """Connect, and close again; return the addresses of the client's end."""
    _, writer = await asyncio.open_connection(host, port)
    names = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
    writer.close()
    return names


def test_nobody_listens() -> None:
    """A connect to a closed port is refused."""
    world = World()
    world.host("server")
    with pytest.raises(ConnectionRefusedError, match=r"'server', 80") as caught:
        world.run(connect("server", 80))
    assert caught.value.errno == errno.ECONNREFUSED


def test_no_such_host() -> None:
    """Names are those of the world."""
    with pytest.raises(socket.gaierror):
        World().run(connect("nowhere", 80))


def test_hosts_have_addresses() -> None:
    """Both ends know them; on one host they are those of loopback."""
    world = World()
    server, device = world.host("server"), world.host("device")

    async def main() -> None:
        """Connect from another host, and from the same one."""
        listener = await server.run(asyncio.start_server(echo, "0.0.0.0", 80))
        near, far = await device.run(connect("server", 80))
        assert (near[0], far) == (device.address, (server.address, 80))
        near, far = await server.run(connect(None, 80))
        assert (near[0], far) == ("127.0.0.1", ("127.0.0.1", 80))
        listener.close()

    world.run(main())


def test_loopback_is_reached_from_its_own_host_only() -> None:
    """As on a real machine."""
    world = World()
    server = world.host("server")

    async def main() -> None:
        """Listen on loopback."""
        listener = await server.run(asyncio.start_server(echo, ["127.0.0.1", "::1"], 80))
        assert len(listener.sockets) == 2
        await server.run(connect("127.0.0.1", 80))
        with pytest.raises(ConnectionRefusedError, match=r"it listens on 127\.0\.0\.1 only"):
            await world.host("device").run(connect("server", 80))
        listener.close()

    world.run(main())


def test_ports_are_used_once() -> None:
    """On one host; port 0 is a free one."""
    world = World()
    one, other = world.host("one"), world.host("other")

    async def main() -> None:
        """Listen more than once."""
        listeners = [
            await host.run(asyncio.start_server(echo, "0.0.0.0", 80)) for host in (one, other)
        ]
        with pytest.raises(OSError, match="in use") as caught:
            await one.run(asyncio.start_server(echo, "0.0.0.0", 80))
        assert caught.value.errno == errno.EADDRINUSE
        listeners += [await one.run(asyncio.start_server(echo, one.name, 0)) for _ in range(2)]
        assert len({(id(one), one.sockets[0].getsockname()) for one in listeners}) == 4
        with pytest.raises(OSError, match="assign requested address"):
            await one.run(asyncio.start_server(echo, "other", 81))
        listeners[0].close()
        listeners[0] = await one.run(asyncio.start_server(echo, "0.0.0.0", 80))
        for listener in listeners:
            listener.close()

    world.run(main())


def test_connect_can_be_refused() -> None:
    """Although somebody listens."""
    world = World(REFUSE, planned((0, 0)))

    async def main() -> None:
        """Connect twice."""
        listener = await asyncio.start_server(echo, "0.0.0.0", 80)
        with pytest.raises(ConnectionRefusedError, match="the schedule has it so"):
            await connect("localhost", 80)
        await connect("localhost", 80)
        listener.close()

    world.run(main())
    assert world.deviations == ("connect to main:80: refused",)


def test_connect_can_be_late() -> None:
    """It takes time."""
    world = World(DELAY, planned((0, 0, DELAYS // 2 - 1)))

    async def main() -> None:
        """Connect."""
        listener = await asyncio.start_server(echo, "0.0.0.0", 80)
        await connect("localhost", 80)
        assert world.now == 2.0
        listener.close()

    world.run(main())
    assert world.deviations == ("connect to main:80: delayed by 2 s",)


def test_partition_lets_a_connect_wait() -> None:
    """Until it ends; whoever waits for too long gets ``TimeoutError``, as Linux has it."""
    world = World()
    server, device = world.host("server"), world.host("device")

    async def main() -> None:
        """Connect during a partition, twice."""
        listener = await server.run(asyncio.start_server(echo, "0.0.0.0", 80))
        world.partition(server, "device")
        with pytest.raises(TimeoutError) as caught:
            await device.run(connect("server", 80))
        assert caught.value.errno == errno.ETIMEDOUT
        assert world.now == 127.0
        waiting = [device.run(connect("server", 80)) for _ in range(2)]
        await asyncio.sleep(100)
        assert not waiting[0].done()
        world.heal()
        await asyncio.wait(waiting)
        assert world.now == 227.0
        listener.close()

    world.run(main())


def test_partition_keeps_data_and_resets() -> None:
    """All of it arrives when the partition ends, in order."""
    pair = Pair()

    async def story() -> None:
        """Write during a partition to an end that closes meanwhile."""
        loop = pair.world.loop
        pair.world.partition("server", "device")
        pair.client.transport.write(b"hello")
        await asyncio.sleep(1000)
        pair.server.transport.close()
        await loop.settle()
        assert pair.server.told == ["made", None]
        assert pair.client.told == ["made"]
        pair.world.heal()
        await loop.settle()
        assert pair.client.told[0:2] == ["made", "eof"]

    pair.play(story())


def test_end_waits_for_the_end_of_a_partition() -> None:
    """Nothing gets through, neither the end of the stream nor the reset behind it."""
    pair = Pair()

    async def story() -> None:
        """Close with unread data during a partition."""
        loop = pair.world.loop
        pair.server.transport.pause_reading()
        pair.client.transport.write(b"unread")
        await loop.settle()
        pair.world.partition("server", "device")
        pair.server.transport.close()
        pair.client.transport.write(b"more")
        await loop.settle()
        assert pair.client.told == ["made"]
        pair.world.heal()
        await loop.settle()
        assert pair.client.told == ["made", "eof", None]

    pair.play(story())


def test_overlapping_partitions_end_with_the_last() -> None:
    """Two hosts that were parted twice meet again when both partitions are over."""
    world = World()
    network = world.loop.network
    for name in ("a", "b"):
        world.host(name)
    network.part("a", "b")
    network.part("b", "a")
    network.reunite("a", "b")

    async def main() -> None:
        """Connect when one of them is over."""
        listener = await world.host("a").run(asyncio.start_server(echo, "0.0.0.0", 80))
        waiting = world.host("b").run(connect("a", 80))
        await asyncio.sleep(10)
        assert not waiting.done()
        network.reunite("a", "b")
        network.reunite("a", "b")
        await waiting
        listener.close()

    world.run(main())


def test_other_hosts_are_not_parted() -> None:
    """A partition is between two."""
    pair = Pair()

    async def story() -> None:
        """Part others."""
        pair.world.host("other")
        pair.world.partition("server", "other")
        pair.client.transport.write(b"hello")
        await pair.world.loop.settle()
        assert pair.server.told == ["made", b"hello"]

    pair.play(story())


def test_healing_ends_the_schedule() -> None:
    """Nothing goes wrong any more."""
    pair = Pair(Faults(cut=True), (0, 0, 1))

    async def story() -> None:
        """Heal and write."""
        pair.world.heal()
        pair.client.transport.write(b"hello")
        await pair.world.loop.settle()
        assert pair.server.told == ["made", b"hello"]

    pair.play(story())


def test_cancelled_connect_leaves_nothing() -> None:
    """Neither while it waits for the host nor for the protocol."""
    world = World()
    server, device = world.host("server"), world.host("device")

    async def main() -> None:
        """Give up after so many turns, then wait out the rest."""
        listener = await server.run(asyncio.start_server(echo, "0.0.0.0", 80))
        for turns in range(8):
            waiting = device.run(connect("server", 80))
            for _ in range(turns):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await world.loop.settle()
        listener.close()

    world.run(main())


def test_listeners_are_named() -> None:
    """``Network.servers`` tells who listens."""
    world = World()

    async def main() -> None:
        """Listen."""
        listener: Any = await world.loop.create_server(Listener, "0.0.0.0", 80)
        assert world.loop.network.servers == (listener,)
        listener.close()
        assert not world.loop.network.servers

    world.run(main())
