"""Escapes: each call that leaves the simulation is named."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from mcws_testkit import SimEscape, SimLoop, World

COROUTINES = (
    "create_datagram_endpoint",
    "create_unix_connection",
    "create_unix_server",
    "connect_accepted_socket",
    "connect_read_pipe",
    "connect_write_pipe",
    "subprocess_exec",
    "subprocess_shell",
    "sendfile",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_recvfrom_into",
    "sock_sendto",
    "sock_sendall",
    "sock_connect",
    "sock_accept",
    "sock_sendfile",
)


@pytest.mark.parametrize("name", COROUTINES)
def test_call_is_named(name: str) -> None:
    """What cannot be simulated raises at the call that asked for it."""
    world = World()

    async def ask() -> None:
        """Ask for it."""
        call: Any = getattr(asyncio.get_running_loop(), name)
        await call(None, None)

    with pytest.raises(SimEscape, match=name) as caught:
        world.run(ask())
    assert caught.value.call == f"loop.{name}"


@pytest.mark.parametrize("name", ["add_reader", "add_writer", "add_signal_handler"])
def test_registration_is_named(name: str) -> None:
    """File descriptors and signals are of the real process."""
    loop: Any = SimLoop()
    with pytest.raises(SimEscape, match=f"loop.{name} is not simulated"):
        getattr(loop, name)(1, print)
    loop.close()


@pytest.mark.parametrize("name", ["remove_reader", "remove_writer", "remove_signal_handler"])
def test_nothing_is_there_to_be_removed(name: str) -> None:
    """Cleaning up works as if nothing had been registered."""
    loop: Any = SimLoop()
    assert getattr(loop, name)(1) is False
    loop.close()


def test_no_call_of_a_loop_is_forgotten() -> None:
    """Each method of an event loop is simulated or raises an escape."""
    names = {name for name in dir(asyncio.AbstractEventLoop) if not name.startswith("__")}
    inherited = {
        name for name in names if getattr(SimLoop, name) is getattr(asyncio.AbstractEventLoop, name)
    }
    assert inherited == set()


def test_call_from_another_thread_is_named() -> None:
    """Threads run in real time."""
    world = World()
    caught: list[BaseException] = []

    async def main() -> None:
        """Let another thread call."""
        loop = asyncio.get_running_loop()

        def call() -> None:
            """Call from there."""
            try:
                loop.call_soon_threadsafe(print)
            except SimEscape as error:
                caught.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        seen = asyncio.Event()
        loop.call_soon_threadsafe(seen.set)
        await seen.wait()

    world.run(main())
    assert [str(error) for error in caught] == [
        "call_soon_threadsafe from another thread is not simulated: use asyncio.to_thread"
    ]
