"""What programs of strangers found in the simulation, each as small as it can be."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from mcws_testkit import World

LARGE: Final = bytes(100_000)
"""More than is under way at once, so that a part of it waits in the buffer of the writer."""


async def listen(world: World, handle: Any) -> asyncio.Server:
    """Serve on a host of its own."""
    return await world.host("server").run(asyncio.start_server(handle, "0.0.0.0", 80))


def test_write_that_is_answered_by_a_reset_ends_the_connection() -> None:
    """Who writes more than fits to a peer that has gone loses the connection, as on a real host."""
    world = World()

    class Answering(asyncio.Protocol):
        """Writes much as soon as somebody says something."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Keep the transport."""
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            """Write to who has gone by now."""
            self.transport.write(LARGE)

    async def main() -> None:
        """Say something and go at once."""
        loop = asyncio.get_running_loop()
        server = await world.host("server").run(loop.create_server(Answering, "0.0.0.0", 80))
        _, writer = await world.host("client").run(asyncio.open_connection("server", 80))
        writer.write(b"?")
        writer.transport.abort()
        await asyncio.sleep(1)
        server.close()

    world.run(main())


def test_what_is_done_to_end_a_failed_program_is_not_in_the_trace() -> None:
    """A trace ends with the verdict."""
    world = World()
    # Kept, or the writer would warn that nobody closed it.
    streams: list[object] = []

    async def handle(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        """Wait for ever."""
        await reader.read()

    async def main() -> None:
        """Fail while a connection is open."""
        await listen(world, handle)
        streams.extend(await world.host("client").run(asyncio.open_connection("server", 80)))
        raise LookupError

    with pytest.raises(LookupError):
        world.run(main())
    assert [event.kind for event in world.trace] == ["listen", "open"]


def test_tasks_take_their_first_step_before_a_failed_program_is_cancelled() -> None:
    """No coroutine is told as never awaited because another one failed."""
    world = World()
    begun: list[str] = []

    async def begin() -> None:
        """Say that it ran."""
        begun.append("begun")

    async def main() -> None:
        """Fail behind a task that has not begun."""
        asyncio.ensure_future(begin())  # noqa: RUF006
        raise LookupError

    with pytest.raises(LookupError):
        world.run(main())
    assert begun == ["begun"]
