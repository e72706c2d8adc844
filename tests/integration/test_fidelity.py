"""The simulation does what real sockets do: the same scripts on both, with the same outcome."""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings

from mcws_testkit import SimLoop
from tests.integration._lifecycles import Entry, Script, play, scripts

SCRIPTS: Final = 10_000 if os.environ.get("MCWS_PROFILE") == "nightly" else 300
WINDOW: Final = 128 << 10
"""Bytes of each buffer of a real socket: a flood does not fit into four of them."""
TURNS: Final = 3
"""Turns of a real loop without an event after which it is at rest, mostly."""
PATIENCE_S: Final = 0.02
"""How long nothing happens before a real loop surely is at rest."""


class CountingSelector(selectors.DefaultSelector):
    """Counts the events that it reports."""

    count = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As the real one."""
        events = super().select(timeout)
        self.count += len(events)
        return events


class RealSide:
    """Plays scripts on real sockets."""

    def __init__(self) -> None:
        self._listening = _small_socket()
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen()
        self._selector = CountingSelector()
        self._patience_s = 0.0

    def play(self, script: Script, *, patience_s: float = 0.0) -> list[list[Entry]]:
        """Play a script; return what the ends saw."""
        self._patience_s = patience_s
        self._selector = CountingSelector()
        loop = asyncio.SelectorEventLoop(self._selector)
        try:
            return loop.run_until_complete(play(script, self._connect, self._settle))
        finally:
            loop.close()

    def close(self) -> None:
        """Listen no longer."""
        self._listening.close()

    async def _connect(self, client: Any, server: Any) -> Callable[[], Awaitable[None]]:
        """Connect two protocols."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: server, sock=self._listening.dup())
        near = _small_socket()
        near.connect(self._listening.getsockname())
        await loop.create_connection(lambda: client, sock=near)

        async def stop() -> None:
            """Listen no longer."""
            listener.close()

        return stop

    async def _settle(self) -> None:
        """Wait until no socket has anything to report."""
        quiet = 0
        while quiet < TURNS:
            before = self._selector.count
            await asyncio.sleep(self._patience_s if quiet == TURNS - 1 else 0)
            quiet = quiet + 1 if self._selector.count == before else 0


def _small_socket() -> socket.socket:
    """Return a socket with small buffers."""
    # With its protocol, without which asyncio does not know that it may set TCP_NODELAY.
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WINDOW)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    return one


def simulated(script: Script) -> list[list[Entry]]:
    """Play a script in the simulation; return what the ends saw."""
    loop = SimLoop()

    async def connect(client: Any, server: Any) -> Callable[[], Awaitable[None]]:
        """Connect two protocols."""
        listener = await loop.create_server(lambda: server, "127.0.0.1", 80)
        await loop.create_connection(lambda: client, "127.0.0.1", 80)

        async def stop() -> None:
            """Listen no longer."""
            listener.close()

        return stop

    try:
        return loop.run_until_complete(play(script, connect, loop.settle))
    finally:
        loop.close()


@pytest.fixture(scope="module")
def real() -> Iterator[RealSide]:
    """Play scripts on real sockets."""
    side = RealSide()
    yield side
    side.close()


@settings(max_examples=SCRIPTS)
@given(script=scripts())
def test_simulation_does_what_sockets_do(real: RealSide, script: Script) -> None:
    """Both ends of a connection see the same, in the same order, as on loopback."""
    expected = real.play(script)
    if expected != (seen := simulated(script)):
        # A busy machine may come to rest late; whoever waits long enough sees all.
        expected = real.play(script, patience_s=PATIENCE_S)
    assert seen == expected
