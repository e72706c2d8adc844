"""``nc`` at the other end, as a client and as a server."""

from __future__ import annotations

import pytest

from mcws_client import Client
from tests.integration._ends import (
    LINES,
    free_port,
    hang_up,
    line_of,
    process,
    recording,
    tell,
)

pytestmark = pytest.mark.needs("nc")


async def test_netcat_talks_to_server() -> None:
    """Lines that somebody types into ``nc`` are messages, and answers show up as lines."""
    async with recording() as end, process("nc", "127.0.0.1", str(end.port)) as nc:
        tell(nc, "hello\n")
        assert await line_of(nc) == "hello"
        assert (await end.next(2))[1] == ("message", "hello")
        end.server.broadcast("to all")
        assert await line_of(nc) == "to all"


async def test_netcat_leaves_politely() -> None:
    """``nc -N`` ends its stream with its input; it gets what is left, and the code is 1000."""
    async with recording() as end, process("nc", "-N", "127.0.0.1", str(end.port)) as nc:
        tell(nc, "one\ntwo\n")
        hang_up(nc)
        assert [await line_of(nc), await line_of(nc), await line_of(nc)] == ["one", "two", ""]
        assert await nc.wait() == 0
        assert (await end.until_end())[-1] == ("end", 1000)


async def test_netcat_is_killed() -> None:
    """A killed ``nc`` in the middle of a line is 1006."""
    async with recording() as end, process("nc", "127.0.0.1", str(end.port)) as nc:
        tell(nc, "whole\nhal")
        await end.next(2)
        assert await line_of(nc) == "whole"
        nc.kill()
        assert (await end.until_end())[-1] == ("end", 1006)


async def test_server_ends_netcat() -> None:
    """A server that closes ends ``nc``, which leaves with success."""
    async with recording() as end, process("nc", "-N", "127.0.0.1", str(end.port)) as nc:
        [(_, id)] = await end.next(1)
        client = end.server.client(id)
        assert client is not None
        closed = client.close()
        hang_up(nc)
        await closed
        assert await nc.wait() == 0


async def test_client_talks_to_netcat() -> None:
    """A client talks lines with ``nc -l`` both ways; its end is the end of ``nc``."""
    with free_port() as port:
        pass
    async with process("nc", "-v", "-l", "127.0.0.1", str(port)) as nc:
        assert nc.stderr is not None
        assert b"Listening" in await nc.stderr.readline()
        async with Client(f"tcp://127.0.0.1:{port}", wire=LINES) as client:
            await client.send("from the client")
            assert await line_of(nc) == "from the client"
            tell(nc, "from nc\n")
            assert await anext(aiter(client)) == "from nc"
            closed = client.close()
            hang_up(nc)
            await closed
        assert await nc.wait() == 0
        assert client.close_code == 1000
