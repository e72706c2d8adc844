"""How fast ends of unequal speed get on: pausing, backpressure both ways, fair turns."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from mcws_protocol import (
    CloseFrame,
    HelloFrame,
    Limits,
    Lines,
    Mcws,
    MessagesLost,
    OutboxFull,
    Plain,
    SlowConsumer,
    Wire,
    encode_frame,
)
from mcws_server import Server
from tests.aio.harness import MakeLab, Raw, settle

WIRES = pytest.mark.parametrize("wire", [Mcws(), Plain(Lines())], ids=["mcws", "lines"])

HELLO = encode_frame(HelloFrame(frame_bytes_max=1 << 16, features=1))
KIB = "x" * 1024


def collecting(heard: list[Any]) -> Server[Any, Any, Any]:
    """Return a server that keeps what it hears."""
    return Server().on_client_message(lambda message, client: heard.append(message))


@WIRES
async def test_request_to_ones_own_client_while_it_streams(lab: MakeLab, wire: Wire) -> None:
    """A handler gets its answer while its client streams messages past high water."""
    heard: list[Any] = []
    answers: list[Any] = []

    async def ask(message: Any, client: Any) -> None:
        if not heard:
            heard.append(message)
            answers.append(await client.request("how are you?"))
        else:
            heard.append(message)

    made = lab(Server().on_client_message(ask), wire)
    client = await made.client().connect()
    client.on_request(lambda request, client: "fine")
    if isinstance(wire, Plain):
        client.on_message(lambda message, client: client.send("fine"))
        client.send("first")
        await settle()
        assert answers == ["fine"]
        return
    for _ in range(300):
        await client.send(KIB)
    await settle(2000)
    assert answers == ["fine"]
    assert len(heard) == 300


async def test_connect_hook_may_ask_its_client(lab: MakeLab) -> None:
    """A connect hook awaits a request to its client; messages wait for the hook's end."""
    events: list[Any] = []

    async def greet(client: Any) -> None:
        events.append(await client.request("name?"))

    server: Server[Any, Any, Any] = Server().on_client_connect(greet)
    server.on_client_message(lambda message, client: events.append(message))
    made = lab(server)
    client = made.client().on_request(lambda request, client: "Ada")
    await client.connect()
    client.send("hello")
    await settle()
    assert events == ["Ada", "hello"]


@WIRES
async def test_slow_handler_pauses_reading(lab: MakeLab, wire: Wire) -> None:
    """While a handler is slow, no more than the high water and one read wait for it."""
    heard: list[Any] = []
    go_on = asyncio.Event()

    async def slow(message: Any, client: Any) -> None:
        heard.append(message)
        await go_on.wait()

    made = lab(Server().on_client_message(slow), wire)
    client = await made.client().connect()
    made.near[0].chunk = 16 << 10
    for _ in range(1000):
        client.send(KIB)
    await settle(500)
    (connected,) = made.server.clients
    assert not made.far[0].is_reading()
    assert connected._connection.inbox.size < (64 << 10) + (32 << 10)
    go_on.set()
    await settle(3000)
    assert len(heard) == 1000


@WIRES
async def test_pause_holds_delivery(lab: MakeLab, wire: Wire) -> None:
    """Nothing is delivered while paused, everything in order after resume, and not inside it."""
    heard: list[Any] = []
    made = lab(collecting(heard), wire)
    client = await made.client().connect()
    await settle()
    (connected,) = made.server.clients
    connected.pause()
    for text in ("a", "b", "c"):
        client.send(text)
    await settle()
    assert (heard, connected.paused) == ([], True)
    connected.resume()
    assert heard == []
    await settle()
    assert (heard, connected.paused) == (["a", "b", "c"], False)


@WIRES
async def test_end_lifts_a_pause(lab: MakeLab, wire: Wire) -> None:
    """What a paused client had received is delivered before its disconnect hook."""
    events: list[Any] = []
    server = collecting(events).on_client_disconnect(lambda client: events.append("gone"))
    made = lab(server, wire)
    client = await made.client().connect()
    await settle()
    (connected,) = server.clients
    connected.pause()
    client.send("held")
    await settle()
    made.far[0].reset()
    await settle()
    assert events == ["held", "gone"]


@WIRES
async def test_plain_echo_handler_is_flow_controlled(lab: MakeLab, wire: Wire) -> None:
    """A client that does not read its echo is not read from, so nothing piles up."""
    server: Server[Any, Any, Any] = Server()
    server.on_client_message(lambda message, client: client.send(message))
    made = lab(server, wire)
    client = await made.client().connect()
    heard: list[Any] = []
    client.on_message(lambda message, client: heard.append(message))
    made.far[0].stall()
    for _ in range(1000):
        client.send(KIB)
    await settle(500)
    (connected,) = server.clients
    assert connected._connection.outbox.queued < 400 << 10
    made.far[0].flow()
    await settle(5000)
    assert len(heard) == 1000


async def test_plain_request_handler_is_flow_controlled(lab: MakeLab) -> None:
    """A client that does not read its replies is not read from either."""
    started: list[Any] = []
    server: Server[Any, Any, Any] = Server()

    def answer(request: Any, client: Any) -> bytes:
        """Note a request, and give a reply that is long."""
        started.append(request)
        return bytes(10_000)

    server.on_client_request(answer)
    made = lab(server)
    client = await made.client().connect()
    made.far[0].stall()
    asking = [asyncio.create_task(client.request(b"?", timeout=None)) for _ in range(50)]
    await settle(100)
    assert len(started) < 20
    made.far[0].flow()
    assert {len(reply) for reply in await asyncio.gather(*asking)} == {10_000}


@WIRES
async def test_stopped_reader_costs_at_most_the_limit(lab: MakeLab, wire: Wire) -> None:
    """200 MB for a stopped reader: refused beyond the limit, whatever the sizes are."""
    made = lab(Server(), wire)
    await made.client().connect()
    await settle()
    (connected,) = made.server.clients
    made.far[0].stall()
    refused = 0
    for _ in range(3000):
        try:
            connected.send("x" * (64 << 10))
        except OutboxFull:
            refused += 1
        assert connected._connection.outbox.queued <= 4 << 20
    assert refused > 2900
    made.far[0].flow()
    await settle(500)
    assert connected._connection.outbox.queued == 0


@WIRES
async def test_awaited_send_waits_for_room(lab: MakeLab, wire: Wire) -> None:
    """A producer that awaits every send never has more than high water and one message wait."""
    made = lab(Server(), wire)
    client = await made.client().connect()
    await settle()
    (connected,) = made.server.clients
    heard: list[Any] = []
    client.on_message(lambda message, client: heard.append(message))
    peak = 0
    for _ in range(2000):
        await connected.send(KIB)
        peak = max(peak, connected._connection.outbox.queued)
    await connected.flush()
    await settle(500)
    assert len(heard) == 2000
    assert peak <= (64 << 10) + 2048


@WIRES
async def test_stalled_reader_is_given_up(lab: MakeLab, wire: Wire) -> None:
    """A reader without progress for 20 s, with somebody waiting, is disconnected with 4003."""
    codes: list[int] = []
    server: Server[Any, Any, Any] = Server().on_client_disconnect(
        lambda client: codes.append(client.close_code)
    )
    made = lab(server, wire)
    await made.client().connect()
    await settle()
    (connected,) = server.clients
    made.far[0].stall()
    connected.send("x" * 200_000)
    waiting = asyncio.ensure_future(connected.room())
    await asyncio.sleep(19)
    assert codes == []
    await asyncio.sleep(3)
    assert codes == [4003]
    with pytest.raises(ConnectionError, match="4003"):
        await waiting


@WIRES
async def test_slow_but_steady_reader_is_not_given_up(lab: MakeLab, wire: Wire) -> None:
    """A reader that makes progress is waited for, however slow it is."""
    codes: list[int] = []
    server: Server[Any, Any, Any] = Server().on_client_disconnect(
        lambda client: codes.append(client.close_code)
    )
    made = lab(server, wire)
    await made.client().connect()
    await settle()
    (connected,) = server.clients
    made.far[0].stall()
    connected.send("x" * 300_000)
    waiting = asyncio.ensure_future(connected.room())
    made.far[0].chunk = 1000
    for _ in range(45):
        await asyncio.sleep(1)
        made.far[0]._buffer = made.far[0]._buffer[1000:]
    assert codes == []
    waiting.cancel()
    made.far[0].reset()
    await settle()


async def test_lost_broadcasts_are_announced(lab: MakeLab) -> None:
    """With a policy that drops, the client is told how many messages it missed."""
    limits = Limits(slow_consumer=SlowConsumer.DROP_OLDEST, outbox_bytes_max=256 << 10)
    made = lab(limits=limits)
    client = await made.client().connect()
    heard: list[Any] = []
    lost: list[Any] = []
    client.on_message(lambda message, client: heard.append(message[:4]))
    client.on_error(lambda error, client: lost.append(error))
    await settle()
    made.far[0].stall()
    for number in range(500):
        made.server.broadcast(f"{number:04}" + KIB)
    made.far[0].flow()
    await settle(500)
    assert isinstance(lost[0], MessagesLost)
    assert len(heard) + lost[0].count == 500
    assert heard == sorted(heard)
    assert heard[-1] == "0499"


async def test_full_outbox_disconnects_by_default(lab: MakeLab) -> None:
    """A broadcast to a reader without room closes it with 4003; the others get it."""
    codes: list[int] = []
    server: Server[Any, Any, Any] = Server().on_client_disconnect(
        lambda client: codes.append(client.close_code)
    )
    made = lab(server)
    slow, quick = await made.client().connect(), await made.client().connect()
    heard: list[Any] = []
    quick.on_message(lambda message, client: heard.append(message))
    await settle()
    made.far[0].stall()
    for _ in range(100):
        server.broadcast("x" * (64 << 10))
        await settle(10)
    assert codes == [4003]
    assert len(heard) == 100
    made.far[0].flow()
    await settle()
    assert slow.close_code == 1006


async def test_fair_turns(lab: MakeLab) -> None:
    """Of one read with a thousand messages, 128 are handled before others get their turn."""
    turns: list[int] = []
    count = 0

    def handle(message: Any, client: Any) -> None:
        nonlocal count
        count += 1

    made = lab(Server().on_client_message(handle))
    peer = Raw()
    made.accept(peer)
    peer.end.write(HELLO)
    await settle()
    peer.end.write(b"\0\0\0\x02\x10\x00" * 1000)
    while count < 1000:
        await asyncio.sleep(0)
        turns.append(count)
    steps = [later - earlier for earlier, later in itertools.pairwise(turns)]
    assert max(steps) <= 128


@pytest.mark.parametrize("end", ["close", "eof", "reset"])
async def test_end_behind_a_backlog(lab: MakeLab, end: str) -> None:
    """However the stream ends, all messages of its last read are handled before the hook."""
    events: list[Any] = []
    server = collecting(events).on_client_disconnect(lambda client: events.append("gone"))
    made = lab(server)
    peer = Raw()
    made.accept(peer)
    peer.end.write(HELLO)
    await settle()
    tail = encode_frame(CloseFrame(1000)) if end == "close" else b""
    peer.end.other.protocol.data_received(b"\0\0\0\x02\x10\x00" * 1000 + tail)
    if end == "eof":
        peer.end.other.protocol.eof_received()
    elif end == "reset":
        peer.end.other.reset()
    await asyncio.sleep(7)
    assert events == [b""] * 1000 + ["gone"]


async def test_plain_and_async_handlers_keep_the_order(lab: MakeLab) -> None:
    """Each message goes to every handler, plain or async, before the next one starts."""
    events: list[Any] = []

    async def second(message: Any, client: Any) -> None:
        await asyncio.sleep(0.001)
        events.append(("async", message))

    server: Server[Any, Any, Any] = Server().on_client_message(
        lambda message, _: events.append(("one", message))
    )
    server.on_client_message(second)
    server.on_client_message(lambda message, _: events.append(("two", message)))
    made = lab(server)
    client = await made.client().connect()
    for number in range(5):
        client.send(str(number))
    await asyncio.sleep(1)
    expected = [(who, str(number)) for number in range(5) for who in ("one", "async", "two")]
    assert events == expected
