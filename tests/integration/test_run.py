"""``Server.run`` in a process of its own, and what signals do to it (FAULTS 23)."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import pytest

from mcws_client import Client
from mcws_protocol import ConnectionClosed
from mcws_server import ConnectedClient, Server
from tests.integration._ends import GUARD_S, LINES, line_of, python, stranger

SCRIPT: Final = """
import asyncio, sys
from mcws_protocol import Lines, Mcws, Plain
from mcws_server import Server

async def work(message, client):
    print("working", flush=True)
    if message == "hang":
        await asyncio.Event().wait()
    answer = await client.request(message, timeout=None) if message == "ask me" else "done"
    await client.send(answer)

server = Server().on_client_message(work)
server.on_client_disconnect(lambda client: print("left with", client.close_code, flush=True))
server.run(0, callback=lambda: print(server.listeners[0].port, flush=True),
           wire=Plain(Lines()) if sys.argv[1] == "lines" else Mcws())
print("after run", flush=True)
"""
"""Asks its client a question while it handles "ask me", so that tests can hold it there."""

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@SIGNALS
async def test_signal_ends_idle_server(number: signal.Signals) -> None:
    """A server without clients ends at once, with exit code 0 and nothing on stderr."""
    async with python("-c", SCRIPT, "mcws") as program:
        await line_of(program)
        program.send_signal(number)
        assert await line_of(program) == "after run"
        assert await program.communicate() == (b"", b"")
        assert program.returncode == 0


@SIGNALS
async def test_signal_drains(number: signal.Signals) -> None:
    """A handler that runs finishes and its answer arrives, then CLOSE 1001, then exit code 0."""
    async with python("-c", SCRIPT, "mcws") as program:
        url = f"tcp://127.0.0.1:{await line_of(program)}"
        async with Client(url) as client:

            async def answer_after_signal(request: object, client: object) -> str:
                program.send_signal(number)
                return "late but not lost"

            client.on_request(answer_after_signal)
            await client.send("ask me")
            assert [message async for message in client] == ["late but not lost"]
            assert (client.close_code, client.close_reason) == (1001, "server stops")
        lines = [await line_of(program) for _ in range(3)]
        assert lines == ["working", "left with 1001", "after run"]
        assert await program.wait() == 0


async def test_signal_lets_nobody_in_any_more() -> None:
    """While a server drains its port is closed to newcomers, and who is inside finishes."""
    async with python("-c", SCRIPT, "mcws") as program:
        url = f"tcp://127.0.0.1:{await line_of(program)}"
        async with Client(url) as client:

            async def knock_after_signal(request: object, client: object) -> str:
                program.send_signal(signal.SIGTERM)
                return await knock_until_refused(url)

            client.on_request(knock_after_signal)
            await client.send("ask me")
            assert [message async for message in client] == ["refused"]
        assert await program.wait() == 0


async def knock_until_refused(url: str) -> str:
    """Connect again and again, until the server has taken note of its signal."""
    while True:
        try:
            async with Client(url):
                pass
        except (OSError, ConnectionClosed):
            return "refused"


async def test_signal_drains_plain_wire() -> None:
    """On a plain wire a stranger sees the end of the stream."""
    async with python("-c", SCRIPT, "lines") as program:
        async with stranger(int(await line_of(program))) as (reader, writer):
            writer.write(b"work\n")
            assert await reader.readline() == b"done\n"
            program.send_signal(signal.SIGTERM)
            assert await reader.read() == b""
        lines = [await line_of(program) for _ in range(2)]
        assert lines == ["working", "left with 1001"]
        assert await program.wait() == 0


@pytest.mark.parametrize("handler", ["ask me", "hang"])
async def test_second_signal_ends_at_once(handler: str) -> None:
    """A second signal does not wait for a handler that still runs."""
    async with python("-c", SCRIPT, "lines") as program:
        port = int(await line_of(program))
        async with stranger(port) as (reader, writer):
            writer.write(handler.encode() + b"\n")
            assert await line_of(program) == "working"
            program.send_signal(signal.SIGTERM)
            assert await knock_until_refused(f"tcp://127.0.0.1:{port}") == "refused"
            program.send_signal(signal.SIGTERM)
            assert await reader.read() in {b"", b"ask me\n"}
            writer.close()
            await program.wait()
            assert program.returncode == 0


async def test_run_main_ends_server() -> None:
    """The end of ``main`` is the end of the server, which drains first."""
    server, ended = Server(), list[int]()
    server.on_client_disconnect(lambda client: ended.append(client.close_code))

    async def main() -> None:
        url = f"tcp://127.0.0.1:{server.listeners[0].port}"
        async with asyncio.timeout(GUARD_S), Client(url, wire=LINES) as client:
            await client.send("hello")

    def greet(message: object, client: ConnectedClient) -> None:
        client.send("bye")

    server.on_client_message(greet)
    await asyncio.to_thread(server.run, 0, main=main, wire=LINES)
    assert ended == [1000]
