"""Scenarios: lives of worlds that are to be the same whenever and wherever they are lived.

``python -m tests.testkit.scenarios COUNT`` lives each one twice and prints what became of it.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from mcws_client import Client
from mcws_protocol import McwsError
from mcws_server import Server
from mcws_testkit import Faults, HostDown, SeededChoices, World

PORT: Final = 80
PATIENCE_S: Final = 120.0

Scenario: TypeAlias = Callable[[World], Coroutine[Any, Any, None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back each line, until the client has gone."""
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def ask(*lines: bytes) -> list[bytes]:
    """Say lines and return the answers; fewer where the network is not kind."""
    answers: list[bytes] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("server", PORT)
            try:
                for line in lines:
                    writer.write(line)
                    answers.append(await reader.readline())
            finally:
                writer.transport.abort()
    except OSError:
        pass
    return answers


async def start(world: World) -> asyncio.Server:
    """Serve the echo."""
    return await world.host("server").run(asyncio.start_server(echo, "0.0.0.0", PORT))


async def many_clients(world: World) -> None:
    """Let six clients ask at once, from sets of tasks, in order of their ends."""
    server = await start(world)
    asking = {world.host(f"client {n}").run(ask(b"a%d\n" % n, b"b\n")) for n in range(6)}
    while asking:
        done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            # Whoever is first decides who asks again.
            await world.host("again").run(ask(*one.result()[:1]))
    server.close()


async def random_words(world: World) -> None:
    """Send what is random: of ``random``, ``secrets`` and ``uuid``."""
    server = await start(world)
    words = [
        random.randbytes(8),
        secrets.token_bytes(8),
        uuid.uuid4().bytes,
        b"%f" % random.random(),
    ]
    for word in words:
        await world.host("client").run(ask(word.hex().encode() + b"\n"))
    server.close()


async def groups(world: World) -> None:
    """Let one member of a group fail, while the others talk and time passes."""
    server = await start(world)

    async def fail() -> None:
        """Fail after a while."""
        await asyncio.sleep(random.choice((0, 0.5, 1.0)))
        raise LookupError

    async def talk() -> None:
        """Ask together, then in a group that ends early."""
        await asyncio.gather(ask(b"x\n"), ask(b"y\n"), return_exceptions=True)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(4):
                    group.create_task(ask(b"%d\n" % number, b"more\n", b"last\n"))
                group.create_task(fail())
        except* LookupError:
            await ask(b"after\n")

    await world.host("client").run(talk())
    server.close()


async def broadcasts(world: World) -> None:
    """Let our server give ids and send to all, while clients come and go."""

    async def serve() -> Server:
        """Repeat what one says to all, with the id that it was given."""
        server = Server()
        server.on_client_message(lambda said, who: server.broadcast(f"{who.id} {said!r}"))
        server.on_client_disconnect(lambda who: server.broadcast(f"{who.id} left"))
        await server.listen(PORT, "0.0.0.0", lambda: None)
        return server

    async def talk(count: int) -> None:
        """Say something and listen for a while."""
        try:
            async with asyncio.timeout(PATIENCE_S), Client(f"tcp://server:{PORT}") as client:
                client.send(f"I am {count}")
                heard = aiter(client)
                for _ in range(count):
                    await anext(heard)
        except (OSError, McwsError, StopAsyncIteration):
            return

    async def stop(server: Server) -> None:
        """Send everybody home."""
        await server.close()

    server = await world.host("server").run(serve())
    try:
        await asyncio.gather(*(world.host(f"client {n}").run(talk(n)) for n in range(1, 5)))
    finally:
        await world.host("server").run(stop(server))


async def kills(world: World) -> None:
    """Kill, crash and restart the server while it is asked."""
    host = world.host("server")
    for end in (host.kill, host.crash):
        await start(world)
        asking = [world.host(f"client {n}").run(ask(b"1\n", b"2\n")) for n in range(3)]
        await asyncio.sleep(random.choice((0, 0.25)))
        end()
        try:
            await host.run(asyncio.sleep(0))
        except HostDown:
            host.restart()
        await asyncio.gather(*asking)
    host.kill()


async def partitions(world: World) -> None:
    """Part the hosts while they talk, and let them meet again."""
    server = await start(world)
    clients = [world.host("one"), world.host("other")]
    asking = [client.run(ask(b"1\n", b"2\n", b"3\n")) for client in clients]
    await asyncio.sleep(0)
    world.partition("server", clients[0])
    await asyncio.sleep(1)
    again = clients[0].run(ask(b"4\n"))
    await asyncio.sleep(1)
    world.heal()
    await asyncio.gather(*asking, again)
    server.close()


class Cycle:
    """Refers to itself, and writes when it is collected."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._myself = self
        self._writer = writer

    def __del__(self) -> None:
        self._writer.write(b"collected\n")


async def garbage(world: World) -> None:
    """Leave much for the collector, whose moments depend on the life of the process."""
    server = await start(world)

    async def talk() -> None:
        """Write, and let what refers to the connection become garbage."""
        _, writer = await asyncio.open_connection("server", PORT)
        for number in range(20):
            for _ in range(random.randrange(40)):
                Cycle(writer)
            writer.write(b"%d\n" % number)
            await asyncio.sleep(0)
        writer.transport.abort()

    await world.host("client").run(talk())
    server.close()


SCENARIOS: Final[tuple[Scenario, ...]] = (
    many_clients,
    random_words,
    groups,
    broadcasts,
    kills,
    partitions,
    garbage,
)


def live(number: int) -> str:
    """Live one scenario in a world of its own; return what became of it."""
    scenario = SCENARIOS[number % len(SCENARIOS)]
    faults = Faults.chaos() if number // len(SCENARIOS) % 2 else Faults.tcp()
    world = World(faults, SeededChoices(number))
    verdict = "lived"
    try:
        world.run(scenario(world))
    except Exception as error:
        verdict = type(error).__name__
    return f"{number} {scenario.__name__} {verdict} {world.token} {world.trace.digest}"


def main() -> int:
    """Print what became of each scenario; fail if one becomes another thing the second time."""
    lines = [live(number) for number in range(int(sys.argv[1]))]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if lines == [live(number) for number in range(len(lines))] else 1


if __name__ == "__main__":
    sys.exit(main())
