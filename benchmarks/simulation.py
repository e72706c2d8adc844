"""What a simulated connection costs: its life on a simulated loop, and on asyncio's over loopback.

Run ``python benchmarks/simulation.py``. It prints medians and the median of the ratios. Both loops
run the same program: connect, a message each way, a polite close. For bare protocols, which cost
next to nothing themselves, the ratio must be at least 3. The more a program does by itself, which
takes as long on either loop, the nearer to 1 it comes.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeAlias

sys.path.insert(0, str(Path(__file__).parents[1]))

from mcws_client import Client
from mcws_server import Server
from mcws_testkit import World

ROUNDS: Final = 41
"""Pairs of measurements; they alternate and are short, so that a slow moment hits both."""

PER_ROUND: Final = 100
"""Lives of one measurement, one after the other."""

RATIO_MIN: Final = 3.0
"""How many lives are simulated in the time of one on the real loop, at least."""

Program: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one line, then wait for the end."""
    writer.write(await reader.readline())
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def streams() -> None:
    """Live with asyncio's streams."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    for _ in range(PER_ROUND):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.write_eof()
        assert not await reader.read()
        writer.close()
        await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def mcws() -> None:
    """Live with our own server and client."""
    server = Server().on_client_message(lambda message, client: client.send(message))
    listener = await server.listen(0, "127.0.0.1", lambda: None)
    for _ in range(PER_ROUND):
        async with Client(f"tcp://127.0.0.1:{listener.port}") as client:
            client.send("hello")
            assert await anext(aiter(client)) == "hello"
    await server.close()


class Waiting(asyncio.Protocol):
    """Answers all that comes, or tells that it came and that the end did."""

    def __init__(self, *, answers: bool) -> None:
        loop = asyncio.get_running_loop()
        self._answers = answers
        self.came: asyncio.Future[bytes] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer, or tell what came."""
        if self._answers:
            self._transport.write(data)
        else:
            self.came.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell of the end."""
        self.ended.set_result(None)


async def protocols() -> None:
    """Live with the protocols of asyncio alone."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Waiting(answers=True), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    for _ in range(PER_ROUND):
        transport, end = await loop.create_connection(
            lambda: Waiting(answers=False), "127.0.0.1", port
        )
        transport.write(b"hello")
        assert await end.came == b"hello"
        transport.close()
        await end.ended
    server.close()
    await server.wait_closed()


PROGRAMS: Final[tuple[Program, ...]] = (protocols, streams, mcws)


def simulate(program: Program) -> None:
    """Run a program in a world of its own, with its trace and its checks."""
    World().run(program())


def lives_per_second(run: Callable[[Program], object], program: Program) -> float:
    """Return how many connections live in a second."""
    began = time.perf_counter()
    run(program)
    return PER_ROUND / (time.perf_counter() - began)


def real(program: Program) -> None:
    """Run a program on asyncio's own loop."""
    asyncio.run(program())


def main() -> int:
    """Print both speeds and their ratio, for each program; return 1 if the first is too low."""
    is_slow = False
    for program in PROGRAMS:
        rounds = [
            (lives_per_second(simulate, program), lives_per_second(real, program))
            for _ in range(ROUNDS)
        ]
        simulated, on_sockets = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio: float = statistics.median(one / other for one, other in rounds)
        is_bare = program is protocols
        is_slow |= is_bare and ratio < RATIO_MIN
        sys.stdout.write(
            f"{program.__name__:9} {simulated:6.0f} lives a second,"
            f" on sockets {on_sockets:6.0f}, ratio {ratio:.2f}"
            f"{f', at least {RATIO_MIN}' if is_bare else ''}\n"
        )
    return 1 if is_slow else 0


if __name__ == "__main__":
    sys.exit(main())
