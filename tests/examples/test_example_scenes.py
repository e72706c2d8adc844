"""The examples that show a scene and end: each prints what its first line promises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from examples import (
    broadcast,
    broadcast_subset,
    echo,
    full_duplex,
    link,
    own_client,
    request_and_wait,
    simplex,
    typed_client,
)
from mcws_client import Client

Printed = pytest.CaptureFixture[str]


async def lines_of(scene: Callable[[], Awaitable[None]], capsys: Printed) -> list[str]:
    """Return the lines that a scene prints."""
    async with asyncio.timeout(10):
        await scene()
    return capsys.readouterr().out.splitlines()


async def test_echo_returns_text_and_bytes_as_they_were(capsys: Printed) -> None:
    """What is sent as text comes back as text, bytes as bytes."""
    lines = await lines_of(lambda: echo.main(0), capsys)
    assert lines == ["text stays text", "b'bytes stay bytes'"]


async def test_broadcast_reaches_every_client(capsys: Printed) -> None:
    """Both clients get the one message."""
    lines = await lines_of(lambda: broadcast.main(0), capsys)
    assert lines == ["ada got: server message", "bob got: server message"]


async def test_broadcast_subset_leaves_out_who_does_not_fit(capsys: Printed) -> None:
    """The guest's first message is the one to everybody: it never got the one to admins."""
    lines = await lines_of(lambda: broadcast_subset.main(0), capsys)
    assert lines == ["ada got: hello admins", "ada got: hello all", "guest got: hello all"]


async def test_request_and_wait_gets_an_answer_or_gives_up(capsys: Printed) -> None:
    """The device that answers is quoted; the one that hangs does not hold up the server."""
    lines = await lines_of(lambda: request_and_wait.main(0, timeout=0.05), capsys)
    assert lines == [
        "thermometer answers: 21.5",
        "hanging answers: (no answer within 0.05 seconds)",
    ]


async def test_simplex_delivers_all_events_in_order(capsys: Printed) -> None:
    """The client has all events, also those that it read after the server's end."""
    lines = await lines_of(lambda: simplex.main(0), capsys)
    assert lines == [f"server: event {number} happened" for number in (1, 2, 3)]


async def test_full_duplex_mixes_answers_and_pushes(capsys: Printed) -> None:
    """Every word is acknowledged in order, and heartbeats come besides."""
    lines = await lines_of(lambda: full_duplex.main(0, interval_s=0.01), capsys)
    assert [line for line in lines if line != "heartbeat"] == ["ack: one", "ack: two", "ack: three"]
    assert lines.count("heartbeat") >= 3


async def test_link_relays_to_the_other_radios(capsys: Printed) -> None:
    """Each line is heard by the two others in its turn, and who hangs up is missed."""
    lines = await lines_of(lambda: link.main(0), capsys)
    assert lines == [
        "bob hears ada: hello, over",
        "eve hears ada: hello, over",
        "ada hears bob: loud and clear, over",
        "eve hears bob: loud and clear, over",
        "eve hears bob hung up, 2 are left",
    ]


async def test_own_client_passes_messages_on_and_writes(capsys: Printed) -> None:
    """A class that fulfils ClientContract counts both directions."""
    lines = await lines_of(lambda: own_client.main(0), capsys)
    assert lines == ["received 1, written 0", "received 2, written 1"]


async def test_own_client_disconnect_is_noticed() -> None:
    """The server hears of the end of a client whose class knows nothing of ends."""
    gone: asyncio.Queue[own_client.Counted] = asyncio.Queue()
    async with asyncio.timeout(10), own_client.make_server() as server:
        server.on_client_disconnect(gone.put_nowait)
        listener = await server.listen(0)
        async with Client(f"tcp://127.0.0.1:{listener.port}"):
            (connected,) = server.clients
        assert await gone.get() is connected
        assert not server.clients


async def test_typed_client_keeps_state_per_client(capsys: Printed) -> None:
    """The mean is over the readings so far."""
    lines = await lines_of(lambda: typed_client.main(0), capsys)
    assert lines == ["mean of 1: 20.0", "mean of 2: 20.5", "mean of 3: 21.5"]


async def test_typed_client_does_not_mix_two_clients() -> None:
    """A second thermometer starts with a mean of its own."""
    async with asyncio.timeout(10), typed_client.make_server() as server:
        listener = await server.listen(0)
        url = f"tcp://127.0.0.1:{listener.port}"
        contract = typed_client.CONTRACT
        async with Client(url, contract) as warm, Client(url, contract) as cold:
            for client, celsius in ((warm, 30.0), (cold, 10.0)):
                mean = await client.request(typed_client.Reading(celsius))
                assert mean == typed_client.Mean(1, celsius)
