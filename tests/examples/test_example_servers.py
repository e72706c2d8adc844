"""The examples that serve until Ctrl-C, met by clients."""

from __future__ import annotations

import asyncio

import pytest

from examples import chat, client, heartbeat, quick_start
from mcws_client import Client
from mcws_server import ConnectedClient, Server


async def test_quick_start_greets_and_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """A client gets the two texts of the original, and the server says the same about it."""
    server = quick_start.make_server()
    async with asyncio.timeout(10), server:
        listener = await server.listen(0)
        async with Client(f"tcp://127.0.0.1:{listener.port}", id="c1") as visitor:
            assert await anext(aiter(visitor)) == "welcome to Server :)"
            await visitor.send("hello")
            assert await anext(aiter(visitor)) == "hi this is from server"
    assert capsys.readouterr().out.splitlines() == [
        "client connected c1",
        "message from c1",
        "client disconnected c1",
    ]


async def test_client_says_its_arguments_and_prints_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What comes before the server's end is printed, then how it ended."""
    server = Server()

    @server.on(str)
    def answer(message: str, visitor: ConnectedClient) -> None:
        visitor.send(f"heard {message}")
        if message == "two":
            visitor.close(1000, "enough")

    async with asyncio.timeout(10), server:
        listener = await server.listen(0)
        await client.main("one", "two", port=listener.port)
    assert capsys.readouterr().out.splitlines() == [
        "heard one",
        "heard two",
        "closed by the server: 1000 enough",
    ]


async def test_heartbeat_is_pushed_again_and_again() -> None:
    """A client that says nothing gets one heartbeat after the other."""
    async with asyncio.timeout(10), Server() as server:
        listener = await server.listen(0)
        pushing = asyncio.create_task(heartbeat.heartbeat(server, interval_s=0.01))
        async with Client(f"tcp://127.0.0.1:{listener.port}") as listening:
            messages = aiter(listening)
            assert [await anext(messages) for _ in range(3)] == ["heartbeat"] * 3
        pushing.cancel()


async def test_chat_goes_to_the_others_by_nickname() -> None:
    """Who has a nickname is announced, heard by all others, and missed when gone."""
    async with asyncio.timeout(10), chat.make_server() as server:
        listener = await server.listen(0, wire=chat.WIRE)
        url = f"tcp://127.0.0.1:{listener.port}"
        async with Client(url, wire=chat.WIRE) as ada:
            hears = aiter(ada)
            await ada.send("Ada")
            assert [await anext(hears) for _ in range(2)] == ["Your nickname?", "* Ada has come"]
            async with Client(url, wire=chat.WIRE) as bob:
                await bob.send("Bob")
                assert await anext(hears) == "* Bob has come"
                await ada.send("hello")
                heard = [await anext(aiter(bob)) for _ in range(3)]
                assert heard == ["Your nickname?", "* Bob has come", "Ada: hello"]
            assert await anext(hears) == "* Bob has left"


async def test_chat_keeps_out_who_has_no_nickname() -> None:
    """A client that has not said its nickname hears nothing of the room."""
    async with asyncio.timeout(10), chat.make_server() as server:
        listener = await server.listen(0, wire=chat.WIRE)
        url = f"tcp://127.0.0.1:{listener.port}"
        async with Client(url, wire=chat.WIRE) as silent, Client(url, wire=chat.WIRE) as ada:
            await ada.send("Ada")
            hears = aiter(ada)
            assert [await anext(hears) for _ in range(2)] == ["Your nickname?", "* Ada has come"]
            await server.drain()
            assert [message async for message in silent] == ["Your nickname?"]
