"""Runs whose every deviation is planned, for tests of single faults."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from mcws_testkit import Faults, ReplayedChoices, World
from mcws_testkit._choices import make_token
from mcws_testkit._schedule import NEAR, PARAMETERS


def planned(*deviations: Sequence[int]) -> ReplayedChoices:
    """Return choices with some deviations: points that pass first, which kind, its parameters.

    All numbers are counted from the benign one.
    """
    made: list[int] = []
    point = 0
    for passed, kind, *values in deviations:
        point += passed
        assert point < NEAR, "what is farther is drawn in two numbers"
        made += (1, point, kind, *values, *[0] * (PARAMETERS - len(values)))
        point += 1
    return ReplayedChoices(make_token(made))


class Listener(asyncio.Protocol):
    """Writes down what it is told.

    Attributes:
        told: the callbacks, with the data or the type of the error.
        transport: its own.
    """

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        self.transport = transport
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        self.told.append(data)

    def eof_received(self) -> bool | None:
        """See the end of the stream."""
        self.told.append("eof")
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Be told that it is over."""
        self.told.append(None if exc is None else type(exc))


class Pair:
    """Two hosts and one connection between them.

    Attributes:
        world: where they are.
        client: the protocol on host "device".
        server: the protocol on host "server", port 80.
        listener: what listens there.
    """

    def __init__(self, faults: Faults | None = None, *deviations: Sequence[int]) -> None:
        self.world = World(faults, planned(*deviations))
        self.client = Listener()
        self.server = Listener()
        self.listener: Any = None

    async def connect(self) -> None:
        """Connect them."""
        loop = self.world.loop
        device, server = self.world.host("device"), self.world.host("server")
        listening = loop.create_server(lambda: self.server, "0.0.0.0", 80)
        self.listener = await server.run(listening)
        await device.run(loop.create_connection(lambda: self.client, "server", 80))
        await loop.settle()

    async def close(self) -> None:
        """End all of it."""
        for end in (self.client, self.server):
            if end.transport is not None:
                end.transport.abort()
        self.listener.close()
        await self.world.loop.settle()

    def play(self, story: Coroutine[Any, Any, None]) -> None:
        """Connect them, let the story happen, and end all of it."""

        async def whole() -> None:
            """Do all of it."""
            await self.connect()
            await story
            await self.close()

        self.world.run(whole())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, until the end of the stream."""
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()
