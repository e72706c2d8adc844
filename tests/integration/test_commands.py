"""``python -m mcws_server`` and ``python -m mcws_client`` with each other."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
import sys

import pytest

from tests.integration._ends import hang_up, line_of, process, python, tell

SERVER = ("-m", "mcws_server", "--port", "0")
CLIENT = ("-m", "mcws_client")


def url_of(announcement: str) -> str:
    """Return where the server said that it listens."""
    return announcement.split()[2]


def talk(
    url: str, *arguments: str
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Run a client that leaves soon after its input has ended."""
    return python(*CLIENT, url, "--wait", "0.1", *arguments)


def test_commands_speak_the_same_wires() -> None:
    """Both commands have the same table of wires, by the same names."""
    server = importlib.import_module("mcws_server.__main__")
    client = importlib.import_module("mcws_client.__main__")
    assert server.WIRES == client.WIRES


@pytest.mark.parametrize("wire", ["mcws", "lines", "chunks", "length", "varint", "cobs", "slip"])
async def test_echo_on_each_wire(wire: str) -> None:
    """What is piped into a client comes back from a server with ``--echo``."""
    async with python(*SERVER, "--echo", "--wire", wire) as server:
        url = url_of(await line_of(server))
        async with python(*CLIENT, url, "--wire", wire, "--wait", "inf") as client:
            tell(client, "grüße\n")
            assert await line_of(client) == "grüße"
            assert (await line_of(server)).endswith(": grüße")
            server.send_signal(signal.SIGINT)
            assert await client.wait() == 0
        assert await server.communicate() == (b"", b"")
        assert server.returncode == 0


async def test_chat() -> None:
    """What one client types is what the other one reads."""
    async with python(*SERVER, "--chat") as server:
        url = url_of(await line_of(server))
        async with talk(url) as anna, talk(url, "--id", "bob") as bob:
            tell(anna, "is somebody here?\n")
            await line_of(server)
            tell(bob, "now I am\n")
            assert await line_of(anna) == "now I am"
            assert await line_of(server) == "bob: now I am"
            hang_up(anna)
            hang_up(bob)
            assert (await anna.wait(), await bob.wait()) == (0, 0)


async def test_echo_hi_prints_hi() -> None:
    """The one-liner of the help works as it stands."""
    async with python(*SERVER, "--echo") as server:
        url = url_of(await line_of(server))
        async with process("sh", "-c", f"echo hi | {sys.executable} -m mcws_client {url}") as shell:
            assert await shell.communicate() == (b"hi\n", b"")
            assert shell.returncode == 0
