"""Two thousand clients that come, talk and leave in any order."""

from __future__ import annotations

import asyncio
import random
import resource
from collections import Counter

import pytest

from mcws_client import Client
from mcws_protocol import Mcws, Plain, Raw, Varint, Wire
from mcws_server import ConnectedClient, Server
from tests.integration._ends import GUARD_S, LINES, descriptors, nothing

CROWD = 2000
SEED = 20_260_101


class Doorman:
    """Counts who comes and who goes."""

    def __init__(self, server: Server) -> None:
        self.came: Counter[ConnectedClient] = Counter()
        self.went: Counter[ConnectedClient] = Counter()
        self.everybody_went = asyncio.Event()
        server.on_client_connect(self.count_in).on_client_disconnect(self.count_out)

    async def count_in(self, client: ConnectedClient) -> None:
        """Count one in, in an async hook."""
        self.came[client] += 1

    def count_out(self, client: ConnectedClient) -> None:
        """Count one out, in a plain hook."""
        self.went[client] += 1
        if len(self.went) == CROWD:
            self.everybody_went.set()


async def answer(message: Raw, client: ConnectedClient) -> None:
    """Echo a message, or do to the client what it asks for."""
    text = message if isinstance(message, str) else str(message, "ascii")
    if text == "close me":
        client.close(3000)
    elif text == "abort me":
        client.abort()
    else:
        await client.send(text)


async def visit(url: str, wire: Wire, chance: random.Random, room: asyncio.Semaphore) -> None:
    """Connect, talk a little, and leave or be sent away."""
    words = chance.randrange(1, 4)
    way = chance.choice(["close", "abort", "close me", "abort me"])
    async with room, Client(url, wire=wire) as client:
        for word in range(words):
            assert await client.request(f"word {word}") in {f"word {word}", b"word %d" % word}
        if way == "close":
            await client.close()
        elif way == "abort":
            client.abort()
        else:
            await client.send(way)
            assert [message async for message in client] == []


def clients_at_once() -> int:
    """Return how many connections fit: both ends of each need a descriptor here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return min(CROWD, (most - descriptors() - 50) // 2)


@pytest.mark.parametrize("wire", [LINES, Plain(Varint()), Mcws()], ids=["lines", "varint", "mcws"])
async def test_crowd_comes_and_goes(wire: Wire) -> None:
    """Nobody is left: an empty registry, one disconnect for each connect, no task, no socket."""
    chance, room = random.Random(SEED), asyncio.Semaphore(clients_at_once())
    before = descriptors()
    async with asyncio.timeout(GUARD_S), Server() as server:
        doorman = Doorman(server)
        server.on_client_message(answer).on_client_request(lambda request, client: request)
        door = await server.listen(0, callback=nothing, wire=wire)
        url = f"tcp://127.0.0.1:{door.port}"
        visits = [visit(url, wire, chance, room) for _ in range(CROWD)]
        chance.shuffle(visits)
        await asyncio.gather(*visits)
        await doorman.everybody_went.wait()
        assert len(server.clients) == 0
    assert set(doorman.came.values()) == {1}
    assert doorman.came == doorman.went
    # The pooled workers, which were cancelled by the end of the drain, end in this turn.
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert descriptors() == before
