"""A loop of its own for a server: signals, ``main``, and how both end."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import pytest

from mcws_client import Client
from mcws_protocol import ConnectFailed, ConnectionClosed, ListenFailed
from mcws_server import ConnectedClient, Server, ServerState
from mcws_server._runner import (
    SIGNALS,
    fastest_loop,
    handled_signals,
    is_loop_running,
    run_server,
)

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, sys
from mcws_server import Server

server = Server()

@server.on_client_message
async def handle(message, client):
    print("begins", message, flush=True)
    await asyncio.sleep({seconds})
    await client.send("answer")
    print("ends", message, flush=True)

server.on_client_disconnect(lambda client: print("gone", client.close_code, flush=True))
server.run(0, callback=lambda: print(server.listeners[0].port, flush=True))
print("state", server.state.value, flush=True)
"""


class Process:
    """A server in a process of its own."""

    def __init__(self, seconds: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM.format(seconds=seconds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.line())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """Return what the process prints next."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> tuple[int, str, str]:
        """Return the exit code of the process, and what else it printed."""
        # Not by `communicate`, which does not know what `readline` has read ahead.
        code = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        return code, self.process.stdout.read(), self.process.stderr.read()


class Recorder:
    """A server that only writes down what the runner asks of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.release = asyncio.Event()
        self.over = asyncio.Event()

    async def listen(self) -> None:
        """Begin."""
        self.calls.append("listen")

    async def drain(self) -> None:
        """End politely, when it is allowed to."""
        self.calls.append("drain")
        await self.release.wait()
        self.over.set()

    def close(self) -> Awaitable[None]:
        """End, when it is allowed to."""
        self.calls.append("close")
        return self.closed()

    async def closed(self) -> None:
        """Wait for the end."""
        await self.release.wait()
        self.over.set()

    async def serve_forever(self) -> None:
        """Wait for the end."""
        await self.over.wait()


def run(server: Recorder, main: Callable[[], Awaitable[object]] | None) -> None:
    """Run ``server`` until it ends."""
    run_server(server.listen, server, main)


def kill(number: int) -> None:
    """Send a signal to this process."""
    os.kill(os.getpid(), number)


async def refused(url: str) -> None:
    """Return when nobody is let in any more."""
    with contextlib.suppress(ConnectFailed, ConnectionClosed):
        while True:
            await (await Client(url).connect()).close()


# What ends it


async def talk(port: int) -> Client:
    """Connect and say hello."""
    client = await Client(f"tcp://127.0.0.1:{port}").connect()
    client.send("hello")
    await client.flush()
    return client


@pytest.mark.parametrize("number", SIGNALS)
async def test_signal_drains(number: signal.Signals) -> None:
    """FAULTS 23: what runs is answered, each client is told, hooks run, and the exit code is 0."""
    with Process(seconds=0.2) as process:
        client = await talk(process.port)
        assert await asyncio.to_thread(process.line) == "begins hello"
        process.process.send_signal(number)
        assert [message async for message in client] == ["answer"]
        await client.close()
        code, out, err = await asyncio.to_thread(process.end)
        assert (code, err) == (0, "")
        assert out.split("\n") == ["ends hello", "gone 1001", "state closed", ""]
        assert client.close_code == 1001


async def test_second_signal_ends_at_once() -> None:
    """A handler that would run for an hour is not waited for."""
    with Process(seconds=3600) as process:
        client = await talk(process.port)
        assert await asyncio.to_thread(process.line) == "begins hello"
        start = time.monotonic()
        process.process.send_signal(signal.SIGINT)
        await refused(client.url)
        process.process.send_signal(signal.SIGINT)
        code, out, _ = await asyncio.to_thread(process.end)
        await client.close()
        assert time.monotonic() - start < 10
        assert code == 0
        assert "ends" not in out


def test_end_of_main_drains() -> None:
    """The end of ``main`` is the end of the server."""
    server = Recorder()

    async def main() -> None:
        server.release.set()

    run(server, main)
    assert server.calls == ["listen", "drain"]


def test_main_that_raises() -> None:
    """What ``main`` raises comes out of ``run``, behind the drain."""
    server = Recorder()
    server.release.set()

    async def main() -> None:
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        run(server, main)
    assert server.calls == ["listen", "drain"]


def test_main_that_cannot_be_awaited() -> None:
    """A plain ``main`` is an error that is not swallowed."""
    server = Recorder()
    server.release.set()
    with pytest.raises(TypeError):
        run(server, lambda: None)  # type: ignore[arg-type, return-value]  # the point of the test


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_cancels_main(number: signal.Signals) -> None:
    """``main`` is cancelled after the drain, and may clean up."""
    server, ends = Recorder(), list[str]()

    async def main() -> None:
        kill(number)
        server.release.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ends.append("cleaned up")

    run(server, main)
    assert server.calls == ["listen", "drain"]
    assert ends == ["cleaned up"]


def test_main_that_fails_while_it_cleans_up() -> None:
    """An error on the way out is not lost either."""
    server = Recorder()

    async def main() -> None:
        kill(signal.SIGTERM)
        server.release.set()
        try:
            await asyncio.sleep(3600)
        finally:
            raise LookupError

    with pytest.raises(LookupError):
        run(server, main)


def test_second_signal_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It interrupts the drain, and waits for the closing a moment only."""
    monkeypatch.setattr("mcws_server._runner.HURRY_S", 0.01)
    server = Recorder()

    async def main() -> None:
        kill(signal.SIGTERM)
        while "drain" not in server.calls:
            await asyncio.sleep(0.001)
        kill(signal.SIGTERM)
        await asyncio.sleep(3600)

    run(server, main)
    assert server.calls == ["listen", "drain", "close"]


def test_signal_behind_the_end_of_main_closes() -> None:
    """While the server drains since ``main`` ended, one signal is enough."""
    server = Recorder()

    async def main() -> None:
        async def hurry() -> None:
            await asyncio.sleep(0.01)
            server.release.set()
            kill(signal.SIGINT)

        server.over = asyncio.Event()
        server.tasks = asyncio.ensure_future(hurry())  # type: ignore[attr-defined]  # kept alive

    run(server, main)
    assert server.calls[:2] == ["listen", "drain"]


def test_server_that_closes_itself() -> None:
    """``run`` returns when a handler closed the server."""
    server = Server()

    async def main() -> None:
        server.close()
        await asyncio.sleep(3600)

    server.run(0, main=main)
    assert server.state is ServerState.CLOSED


def test_signal_while_nobody_is_there() -> None:
    """An idle server is gone at once."""
    server = Server()
    server.run(0, callback=lambda: kill(signal.SIGTERM))
    assert server.state is ServerState.CLOSED


# What goes wrong


def test_run_where_the_port_is_in_use() -> None:
    """``ListenFailed`` comes out; ``main`` never begins."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ListenFailed):
        Server().run(taken.getsockname()[1], main=lambda: pytest.fail("began"))


def test_run_with_a_callback_that_raises() -> None:
    """Its error comes out, and nothing is left open, not even who connected meanwhile."""
    gone: list[int] = []
    server = Server().on_client_disconnect(lambda client: gone.append(client.close_code))

    async def callback() -> None:
        client = await Client(f"tcp://127.0.0.1:{server.listeners[0].port}").connect()
        client.on_close(lambda client: gone.append(client.close_code))
        await asyncio.sleep(0.01)
        raise LookupError

    with pytest.raises(LookupError):
        server.run(0, callback=callback)
    assert server.state is ServerState.CLOSED
    assert 1001 in gone


async def test_run_inside_of_a_loop() -> None:
    """It would block the loop, so it is refused and says what to do instead."""
    with pytest.raises(RuntimeError, match=r"use listen\(\) and serve_forever\(\)"):
        Server().run(0)


def test_run_twice() -> None:
    """A server that ran is closed and cannot run again."""
    server = Server()

    async def main() -> None:
        """Be done."""

    server.run(0, main=main)
    with pytest.raises(RuntimeError, match="closed"):
        server.run(0, main=main)


def test_run_outside_of_the_main_thread() -> None:
    """Where signals cannot be handled it runs until its main ends."""
    server = Server()
    done: list[ServerState] = []

    async def main() -> None:
        await asyncio.sleep(0)

    def work() -> None:
        server.run(0, main=main)
        done.append(server.state)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=10)
    assert done == [ServerState.CLOSED]


# Parts


async def test_handled_signals_only_within_the_block() -> None:
    """Behind the block the signals do what they did before."""
    heard: list[str] = []
    with handled_signals(lambda: heard.append("signal")):
        kill(signal.SIGTERM)
        await asyncio.sleep(0.01)
    assert heard == ["signal"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_is_loop_running() -> None:
    """It says so inside of a loop and not outside."""

    async def inside() -> bool:
        return is_loop_running()

    assert (is_loop_running(), asyncio.run(inside())) == (False, True)


def test_fastest_loop_is_uvloop_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uvloop if it is installed, asyncio's own otherwise, and always on Windows."""

    class Uvloop:
        """Stands in for the module."""

        @staticmethod
        def new_event_loop() -> Any:
            """Make a loop."""

    monkeypatch.setitem(sys.modules, "uvloop", Uvloop)
    assert fastest_loop() is Uvloop.new_event_loop
    monkeypatch.setattr("mcws_server._runner.sys.platform", "win32")
    assert fastest_loop() is None


def test_fastest_loop_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvloop the loop is asyncio's."""
    real = builtins.__import__

    def missing(name: str, *arguments: Any) -> Any:
        if name == "uvloop":
            raise ImportError
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert fastest_loop() is None


def test_handlers_get_what_clients_send() -> None:
    """A server that runs by itself serves clients."""
    server, heard = Server(), list[Any]()

    @server.on_client_message
    def note(message: Any, client: ConnectedClient) -> None:
        heard.append(message)
        server.close()

    async def main() -> None:
        client = await Client(f"tcp://127.0.0.1:{server.listeners[0].port}").connect()
        client.send("hello")
        async for _ in client:
            pass
        await client.close()

    server.run(0, main=main)
    assert heard == ["hello"]
