"""NetworkCalls: what event loops offer for the network, and executors."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mcws_testkit import Faults, SimEscape, SimLoop, World
from tests.testkit._planned import Listener, echo, planned


def run(*calls: Callable[[Any], Any]) -> list[Any]:
    """Await calls of the loop in a world; return their results or errors."""
    world = World()

    async def main() -> list[Any]:
        """Make them in turn."""
        loop = asyncio.get_running_loop()
        return [(await asyncio.gather(call(loop), return_exceptions=True))[0] for call in calls]

    return world.run(main())


def test_addresses_are_resolved() -> None:
    """Hosts of the world have one address of IPv4; a port may be missing."""
    loopback = ("127.0.0.1", 80)
    assert run(
        lambda loop: loop.getaddrinfo("localhost", 80),
        lambda loop: loop.getaddrinfo(b"main", None),
        lambda loop: loop.getnameinfo(loopback),
    ) == [
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", loopback)],
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0))],
        ("127.0.0.1", "80"),
    ]


WRONG: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (SimEscape, "sock=", {"sock": 1}),
    (TypeError, "unexpected keyword argument 'start'", {"start": 1}),
    (ValueError, "ssl_handshake_timeout is only", {"ssl_handshake_timeout": 1}),
    (ValueError, "ssl_shutdown_timeout is only", {"ssl_shutdown_timeout": 1}),
]


@pytest.mark.parametrize(
    ("error", "text", "options"),
    [
        *WRONG,
        (TypeError, "ssl argument must be", {"ssl": True}),
        (ValueError, "Neither host/port nor sock", {"host": None, "port": None}),
    ],
)
def test_server_checks_its_arguments(
    error: type[Exception], text: str, options: dict[str, Any]
) -> None:
    """The errors are those of asyncio."""
    given = {"host": "0.0.0.0", "port": 80, **options}
    found = run(lambda loop: loop.create_server(Listener, **given))[0]
    assert isinstance(found, error)
    assert text in str(found)


@pytest.mark.parametrize(
    ("error", "text", "options"),
    [
        *WRONG,
        (ValueError, "server_hostname is only", {"server_hostname": "x"}),
        (ValueError, "You must set server_hostname", {"ssl": True, "host": None}),
        (ValueError, "host and port was not specified", {"host": None, "port": None}),
        (ConnectionRefusedError, "main", {}),
        (ExceptionGroup, "create_connection failed", {"all_errors": True}),
        (socket.gaierror, "nowhere", {"all_errors": True, "host": "nowhere"}),
        (ConnectionRefusedError, "0", {"port": None}),
    ],
)
def test_client_checks_its_arguments(
    error: type[Exception], text: str, options: dict[str, Any]
) -> None:
    """The errors are those of asyncio."""
    given = {"host": "main", "port": 80, **options}
    found = run(lambda loop: loop.create_connection(Listener, **given))[0]
    assert isinstance(found, error)
    assert text in str(found)


def test_options_without_effect_are_taken() -> None:
    """What only matters to real sockets is accepted; a port may be text."""

    async def main() -> None:
        """Use them."""
        server = await asyncio.start_server(echo, "", "80", backlog=5, reuse_address=True)
        _, writer = await asyncio.open_connection("main", "80", family=socket.AF_INET)
        writer.close()
        server.close()

    World().run(main())


def test_streams_work() -> None:
    """Readers and writers of asyncio need nothing special."""

    async def main() -> None:
        """Talk to an echo."""
        server = await asyncio.start_server(echo, "0.0.0.0", 80)
        reader, writer = await asyncio.open_connection("localhost", 80)
        writer.write(b"x" * 300_000)
        await writer.drain()
        writer.write_eof()
        assert len(await reader.read()) == 300_000
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    World().run(main())


@pytest.mark.parametrize("stop", [LookupError, KeyboardInterrupt])
def test_client_whose_protocol_cannot_be_made_leaves_nothing(stop: type[BaseException]) -> None:
    """Its connection is closed."""
    world = World()

    def fail() -> asyncio.Protocol:
        """Fail."""
        raise stop

    async def main() -> None:
        """Connect."""
        async with await asyncio.start_server(echo, "0.0.0.0", 80):
            await asyncio.get_running_loop().create_connection(fail, "main", 80)

    with pytest.raises(stop):
        world.run(main())
    assert world.loop.network.open_ends == () or stop is KeyboardInterrupt


def test_executor_runs_in_the_same_thread() -> None:
    """Threads would not be the same in each run; but no loop runs there, and no context is seen."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="none")

    def work(number: int) -> tuple[int, bool, str]:
        """Look around."""
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return number, threading.current_thread() is threading.main_thread(), name.get()

    async def main() -> None:
        """Let it look."""
        name.set("main")
        loop = asyncio.get_running_loop()
        loop.set_default_executor(None)  # type: ignore[arg-type]  # asyncio wants one, here is none
        assert await loop.run_in_executor(None, work, 1) == (1, True, "none")
        assert await asyncio.to_thread(work, 2) == (2, True, "main")
        await loop.shutdown_default_executor()

    World().run(main())


def test_error_in_an_executor_is_passed_on() -> None:
    """Who waits gets it; who gave up does not."""
    seen: list[str] = []

    def fail() -> None:
        """Fail."""
        seen.append("ran")
        raise LookupError

    async def main() -> None:
        """Wait, then give up."""
        with pytest.raises(LookupError):
            await asyncio.to_thread(fail)
        asyncio.get_running_loop().run_in_executor(None, fail).cancel()
        await asyncio.sleep(1)

    World().run(main())
    assert seen == ["ran"]


def test_executor_can_be_late() -> None:
    """The schedule delays it as it does a delivery."""
    world = World(Faults(delay_s=4.0, delays_s=4.0), planned((0, 0, 99)))

    async def main() -> None:
        """Run twice."""
        await asyncio.to_thread(int)
        assert world.now == 1.0
        await asyncio.to_thread(int)
        assert world.now == 1.0

    world.run(main())
    assert world.deviations == ("executor: delayed by 1 s",)


def test_context_must_be_one_for_tls() -> None:
    """``start_tls`` checks its arguments as asyncio does."""
    context = ssl.create_default_context()
    found = run(
        lambda loop: loop.start_tls(asyncio.Transport(), Listener(), "context"),
        lambda loop: loop.start_tls(asyncio.Transport(), Listener(), context),
    )
    assert [type(one) for one in found] == [TypeError, TypeError]
    assert "sslcontext is expected" in str(found[0])
    assert "is not supported by start_tls()" in str(found[1])


def test_loop_alone_has_a_network() -> None:
    """Without a world all code is on one host."""
    loop = SimLoop()

    async def main() -> None:
        """Connect to oneself."""
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        server.close()
        await loop.settle()

    loop.run_until_complete(main())
    loop.close()


def test_interrupt_in_an_executor_ends_the_run() -> None:
    """It is no result for whoever waits for the function."""

    def interrupt() -> None:
        """Interrupt."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        World().run(asyncio.to_thread(interrupt))
