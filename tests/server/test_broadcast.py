"""One message to many clients: who gets it, how often, and what becomes of it."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    EncodeError,
    HelloFrame,
    Limits,
    Lines,
    LocalProtocolError,
    Mcws,
    Mode,
    Payload,
    Plain,
    Role,
    SlowConsumer,
    Untouched,
    Wire,
    encode_frame,
)
from mcws_protocol.aio import Connection, Door
from mcws_server import ConnectedClient, Delivery, Server
from mcws_server._broadcast import takes_three
from tests.aio.cable import End, connect
from tests.aio.harness import Lab, MakeLab, Raw, settle, speech

LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])
SMALL = Limits(outbox_low_bytes=500, outbox_high_bytes=1000, outbox_bytes_max=4000)


def into(received: list[Any]) -> Callable[[Any, Any], None]:
    """Return a handler that collects messages."""
    return lambda message, client: received.append(message)


class CountingCodec(Untouched):
    """A codec that counts how often it encodes."""

    def __init__(self) -> None:
        self.count = 0

    def encode(self, message: Payload, /) -> Payload:
        """Count and pass on."""
        self.count += 1
        return super().encode(message)


class Readers(dict[str, list[Any]]):
    """What each client received, by its id."""

    async def join(self, made: Lab, *ids: str) -> None:
        """Connect clients with these ids, all of which read."""
        for id in ids:
            received = self[id] = []
            client = made.client(id=id)
            client.on_message(into(received))
            await client.connect()


def door(server: Server, wire: Wire, codec: Any = None) -> Door:
    """Return one more door of ``server``."""
    door = Door(wire, speech(codec, wire))
    server._doors.append(door)
    return door


def accept(server: Server, door: Door) -> tuple[End, Raw]:
    """Let a peer in by ``door``; return its end of the cable and what records there."""
    lobby = server._enter()
    connection: Connection[Any, Any] = Connection(lobby.hub, lobby, door)
    near, _ = connect(raw := Raw(), connection)
    if door.wire == Mcws():
        near.write(encode_frame(HelloFrame(frame_bytes_max=1 << 20)))
    return near, raw


# To whom


@WIRES
async def test_broadcast_reaches_everybody_once(lab: MakeLab, wire: Wire) -> None:
    """Each client gets the message exactly once, with a filter too (the original sent twice)."""
    server, heard = Server(), list[list[Any]]()
    made = lab(server, wire)
    for _ in range(3):
        received: list[Any] = []
        heard.append(received)
        client: Client = await made.client().connect()
        client.on_message(into(received))
    await settle()
    assert server.broadcast("all") is server
    server.broadcast("filtered", lambda client: True)
    await settle()
    assert heard == [["all", "filtered"]] * 3


async def test_broadcast_to_nobody(lab: MakeLab) -> None:
    """Without clients nothing happens; the message is checked all the same."""
    server = Server()
    server.broadcast("x", lambda client: True)
    with pytest.raises(EncodeError, match="expected bytes or str, got int"):
        server.broadcast(1)  # type: ignore[call-overload]  # the point of the test
    door(server, LINES)
    with pytest.raises(EncodeError, match="not UTF-8"):
        server.broadcast(b"\xff")


def one(client: ConnectedClient) -> bool:
    """Let b pass."""
    return client.id == "b"


def three(client: ConnectedClient, i: int, everybody: Sequence[ConnectedClient]) -> bool:
    """Let b pass, as the second of all."""
    return i == 1 and everybody[i] is client


def default(client: ConnectedClient, other: str = "b") -> bool:
    """Let b pass; its second parameter is not for the server."""
    return client.id == other


def star(*clients: ConnectedClient) -> bool:
    """Let b pass, if it comes alone."""
    return clients[0].id == "b" and len(clients) == 1


def named(wanted: str, client: ConnectedClient) -> bool:
    """Let one pass."""
    return client.id == wanted


def placed(wanted: int, client: ConnectedClient, i: int, all: Sequence[ConnectedClient]) -> bool:
    """Let the one at a place pass."""
    return i == wanted and all[i] is client


@pytest.mark.parametrize(
    "filter",
    [one, three, default, star, functools.partial(named, "b"), functools.partial(placed, 1)],
    ids=["one", "three", "default", "star", "partial of one", "partial of three"],
)
async def test_broadcast_filter_forms(lab: MakeLab, filter: Any) -> None:
    """A filter has one parameter or three, whatever kind of callable it is."""
    made, readers = lab(), Readers()
    await readers.join(made, "a", "b", "c")
    made.server.broadcast("x", filter)
    await settle()
    assert readers == {"a": [], "b": ["x"], "c": []}


async def test_broadcast_filter_is_a_method(lab: MakeLab) -> None:
    """``self`` does not count as a parameter."""

    class Rules:
        def one(self, client: ConnectedClient) -> bool:
            return client.id == "a"

        def three(self, client: ConnectedClient, i: int, all: Sequence[ConnectedClient]) -> bool:
            return i == len(all) - 1

    made, readers = lab(), Readers()
    await readers.join(made, "a", "b")
    made.server.broadcast("one", Rules().one).broadcast("three", Rules().three)
    await settle()
    assert readers == {"a": ["one"], "b": ["three"]}


async def test_broadcast_filter_is_a_builtin(lab: MakeLab) -> None:
    """Builtins, some of which have no signature, are called with the client."""
    made, readers = lab(), Readers()
    await readers.join(made, "a")
    made.server.broadcast("x", bool).broadcast("y", callable)
    made.server.broadcast("z", {made.server.client("a")}.__contains__)
    await settle()
    assert readers == {"a": ["x", "z"]}


def test_takes_three_counts_required_positional_parameters() -> None:
    """Defaults, stars and keywords do not count."""

    def keyword_only(a: Any, b: Any, *, c: Any) -> None: ...
    def positional_only(a: Any, b: Any, c: Any, /) -> None: ...
    def defaults(a: Any, b: Any, c: Any = None) -> None: ...
    def four(a: Any, b: Any, c: Any, d: Any) -> None: ...

    found = [takes_three(f) for f in (keyword_only, positional_only, defaults, four, bool)]
    assert found == [False, True, False, False, False]


async def test_broadcast_filter_judges_before_the_first_send(lab: MakeLab) -> None:
    """All verdicts come first, so no filter sees the effect of the message."""
    made, readers = lab(), Readers()
    await readers.join(made, "a", "b")
    queued: list[int] = []

    def watch(client: ConnectedClient) -> bool:
        queued.extend(link.outbox.queued for link in made.server._registry.connections())
        return True

    made.server.broadcast("x", watch)
    assert queued == [0, 0, 0, 0]


async def test_broadcast_filter_that_raises_sends_nothing(lab: MakeLab) -> None:
    """If one verdict fails nobody gets the message, those before it included."""
    made, readers = lab(), Readers()
    await readers.join(made, "a", "b")

    def fails_late(client: ConnectedClient) -> bool:
        return {"a": True}[client.id]

    with pytest.raises(KeyError):
        made.server.broadcast("x", fails_late)
    await settle()
    assert readers == {"a": [], "b": []}


async def test_broadcast_filter_whose_verdict_cannot_be_judged(lab: MakeLab) -> None:
    """A verdict that raises when it is asked for its truth sends nothing either."""

    class Unclear:
        def __bool__(self) -> bool:
            raise LookupError

    made, readers = lab(), Readers()
    await readers.join(made, "a")
    with pytest.raises(LookupError):
        made.server.broadcast("x", lambda client: Unclear())
    await settle()
    assert readers == {"a": []}


async def test_broadcast_filter_cannot_be_called(lab: MakeLab) -> None:
    """What is no function is refused by name."""
    with pytest.raises(TypeError, match="filter must be callable, not 'admins'"):
        lab().server.broadcast("x", "admins")  # type: ignore[call-overload]  # the point


async def test_broadcast_filter_is_async(lab: MakeLab) -> None:
    """Verdicts that had to be awaited would all be true, so async filters are refused."""
    made, readers = lab(), Readers()
    await readers.join(made, "a")

    async def late(client: ConnectedClient) -> bool:
        return False

    class Late:
        async def __call__(self, client: ConnectedClient) -> bool:
            return False

    future = asyncio.get_running_loop().create_future()

    def passes_on(client: ConnectedClient) -> object:
        return late(client)

    def promises(client: ConnectedClient) -> object:
        return future

    filters: list[Any] = [late, Late(), passes_on, promises]
    for filter in filters:
        with pytest.raises(TypeError, match=r"filter must .* async"):
            made.server.broadcast("x", filter)
    await settle()
    assert readers == {"a": []}


async def test_broadcast_filter_that_closes_clients(lab: MakeLab) -> None:
    """Who is closed by the filter itself is counted as gone; the others get it."""
    made, readers = lab(), Readers()
    await readers.join(made, "a", "b")

    def close_a(client: ConnectedClient) -> bool:
        if client.id == "a":
            client.close()
        return True

    made.server.broadcast("x", close_a)
    await settle()
    assert readers == {"a": [], "b": ["x"]}


async def test_broadcast_from_a_handler(lab: MakeLab) -> None:
    """A chat: what one says all hear, in the same order everywhere."""
    server = Server()
    server.on_client_message(lambda message, client: server.broadcast(message))
    made, readers = lab(server), Readers()
    await readers.join(made, "a", "b", "c")
    for link in server._registry.connections():
        assert link.is_open
    for number in range(3):
        for client in server.clients:
            server.broadcast(f"{client.id} {number}")
    await settle()
    assert readers["a"] == readers["b"] == readers["c"]
    assert len(readers["a"]) == 9


async def test_broadcast_from_another_thread(lab: MakeLab) -> None:
    """A call from the wrong thread raises and names the way to do it; nothing is sent."""
    made, readers = lab(), Readers()
    await readers.join(made, "a")
    caught: list[Exception] = []

    def misuse() -> None:
        for send in (made.server.broadcast, functools.partial(made.server.send_to, [])):
            try:
                send("x")
            except RuntimeError as error:
                caught.append(error)

    thread = threading.Thread(target=misuse)
    thread.start()
    thread.join()
    assert [("call_soon_threadsafe" in str(error)) for error in caught] == [True, True]
    await settle()
    assert readers == {"a": []}


# Encoded once


async def test_broadcast_encodes_once_per_door(lab: MakeLab) -> None:
    """However many clients a door has, its codec is asked once."""
    server, codecs = Server(), [CountingCodec(), CountingCodec()]
    lab(server)
    doors = [door(server, Mcws(), codecs[0]), door(server, LINES, codecs[1])]
    peers = [accept(server, each) for each in doors for _ in range(5)]
    await settle()
    server.broadcast("x", lambda client: True)
    await settle()
    assert [codec.count for codec in codecs] == [1, 1]
    assert [raw.heard[-2:] for _, raw in peers] == [b"\x01x"] * 5 + [b"x\n"] * 5


async def test_broadcast_that_one_door_cannot_carry(lab: MakeLab) -> None:
    """If the wire of any door cannot carry the message nobody gets it."""
    server = Server()
    made, readers = lab(server), Readers()
    await readers.join(made, "a")
    accept(server, door(server, LINES))
    await settle()
    with pytest.raises(LocalProtocolError):
        server.broadcast("two\nlines")
    await settle()
    assert readers == {"a": []}


# What became of it


async def test_send_to_queues_once_for_each(lab: MakeLab) -> None:
    """A client that is named twice gets it once; the others are not touched."""
    made, readers = lab(), Readers()
    await readers.join(made, "a", "b", "c")
    a, b, _ = made.server.clients
    assert made.server.send_to(iter([a, b, a]), "x") == Delivery(queued=2)
    await settle()
    assert readers == {"a": ["x"], "b": ["x"], "c": []}


async def test_send_to_nobody(lab: MakeLab) -> None:
    """An empty selection is no error."""
    assert lab().server.send_to([], "x") == Delivery()


async def test_send_to_one_client_that_is_not_in_a_list(lab: MakeLab) -> None:
    """The error says what is wanted, and nothing was sent; of a link too."""
    made, readers = lab(), Readers()
    await readers.join(made, "a")
    [a] = made.server.clients
    lonely: Any = a
    problem = re.escape(f"clients must be an iterable of clients, not {a!r}")
    with pytest.raises(TypeError, match=problem):
        made.server.send_to(lonely, "x")
    with pytest.raises(TypeError, match=problem):
        made.server.link(lonely)


async def test_send_to_what_is_no_client(lab: MakeLab) -> None:
    """Anything but a client is refused before anything is sent."""
    made, readers = lab(), Readers()
    await readers.join(made, "a")
    [a] = made.server.clients
    with pytest.raises(TypeError, match="must be clients of this server, not 'b'"):
        made.server.send_to([a, "b"], "x")
    await settle()
    assert readers == {"a": []}


async def test_send_to_who_is_gone(lab: MakeLab) -> None:
    """A client that disconnected, or is closing, is counted as closed."""
    made, readers = lab(), Readers()
    await readers.join(made, "a", "b", "c")
    a, b, c = made.server.clients
    made.far[0].reset()
    await settle()
    b.close()
    assert made.server.send_to([a, b, c], "x") == Delivery(queued=1, closed=2)


async def test_send_to_who_accepts_less(lab: MakeLab) -> None:
    """Each client's own limit counts: limit - 1 and limit pass, limit + 1 is too long."""
    made, readers = lab(), Readers()
    small = made.client(id="small", limits=Limits(frame_bytes_max=256))
    small.on_message(lambda message, client: None)
    await small.connect()
    await readers.join(made, "big")
    everybody = list(made.server.clients)
    limit = 256 - 2
    for size, expected in ((limit - 1, 0), (limit, 0), (limit + 1, 1)):
        delivery = made.server.send_to(everybody, "x" * size)
        assert delivery == Delivery(queued=2 - expected, too_long=expected)
    await settle()
    assert not small.closed
    assert [len(text) for text in readers["big"]] == [limit - 1, limit, limit + 1]


# Slow readers


async def crowd(lab: MakeLab, policy: SlowConsumer) -> tuple[Lab, Readers]:
    """Return a server with the clients slow and quick; what it sends to slow is stalled."""
    server = Server(
        limits=Limits(
            outbox_low_bytes=500,
            outbox_high_bytes=1000,
            outbox_bytes_max=4000,
            slow_consumer=policy,
        )
    )
    made, readers = lab(server), Readers()
    await readers.join(made, "slow", "quick")
    await settle()
    made.far[0].stall()
    return made, readers


async def flood(made: Lab, count: int) -> list[Delivery]:
    """Send ``count`` messages of about 100 bytes to all, one per turn, and return the reports."""
    reports: list[Delivery] = []
    for number in range(count):
        reports.append(made.server.send_to(made.server.clients, f"{number:<94}"))
        await asyncio.sleep(0)
    return reports


@pytest.mark.parametrize("policy", list(SlowConsumer))
async def test_slow_reader_does_not_hold_back_others(lab: MakeLab, policy: SlowConsumer) -> None:
    """FAULTS 12: whatever the policy, those who read get every message in order."""
    made, readers = await crowd(lab, policy)
    await flood(made, 100)
    await settle()
    assert [int(text) for text in readers["quick"]] == list(range(100))


async def test_slow_reader_is_disconnected(lab: MakeLab) -> None:
    """By default the message that is one too many ends the connection with 4003."""
    made, _ = await crowd(lab, SlowConsumer.DISCONNECT)
    ends: list[int] = []
    made.server.on_client_disconnect(lambda client: ends.append(client.close_code))
    reports = await flood(made, 100)
    [report] = [report for report in reports if report.slow]
    assert report == Delivery(queued=1, closed=1, slow=("slow",))
    assert reports.index(report) == 40
    assert ends == [4003]
    assert [client.id for client in made.server.clients] == ["quick"]


async def test_slow_reader_misses_the_newest(lab: MakeLab) -> None:
    """With ``drop_newest`` what does not fit is left out and counted; what was queued arrives."""
    made, readers = await crowd(lab, SlowConsumer.DROP_NEWEST)
    reports = await flood(made, 100)
    assert sum(report.dropped for report in reports) == 60
    assert {report.slow for report in reports if report.dropped} == {("slow",)}
    made.far[0].flow()
    await settle()
    assert [int(text) for text in readers["slow"]] == list(range(40))


async def test_slow_reader_misses_the_oldest(lab: MakeLab) -> None:
    """With ``drop_oldest`` it gets the newest whole messages, in order, behind those on the way."""
    made, readers = await crowd(lab, SlowConsumer.DROP_OLDEST)
    reports = await flood(made, 100)
    assert all(report.queued == 2 for report in reports)
    made.far[0].flow()
    await settle()
    got = [int(text) for text in readers["slow"]]
    assert got == sorted(got)
    assert len(got) == 40
    assert got[-20:] == list(range(80, 100))


@pytest.mark.parametrize("policy", [SlowConsumer.DROP_NEWEST, SlowConsumer.DROP_OLDEST])
async def test_slow_reader_is_told_what_it_lost(lab: MakeLab, policy: SlowConsumer) -> None:
    """The client's error hook hears how many messages were dropped on their way."""
    made, _ = await crowd(lab, policy)
    lost: list[Exception] = []

    def note(error: Exception, client: Client) -> None:
        lost.append(error)

    made.near[0].protocol.dispatcher.client.on_error(note)
    await flood(made, 100)
    made.far[0].flow()
    await settle()
    assert [str(error) for error in lost] == ["the peer dropped 60 messages on their way here"]


async def test_many_stopped_readers_of_many(lab: MakeLab, caplog: pytest.LogCaptureFixture) -> None:
    """FAULTS 12: 20 of 200 stop reading; the other 180 get all, and memory stays bounded."""
    caplog.set_level(logging.WARNING)
    server = Server(limits=SMALL)
    made, readers = lab(server), Readers()
    await readers.join(made, *map(str, range(200)))
    await settle()
    for end in made.far[:20]:
        end.stall()
    await flood(made, 100)
    await settle()
    assert len(server.clients) == 180
    expected = [f"{number:<94}" for number in range(100)]
    assert all(readers[str(number)] == expected for number in range(20, 200))


async def test_message_above_the_outbox_limit(lab: MakeLab) -> None:
    """To an idle client even a message above the outbox's limit is sent, since nothing waits."""
    made, readers = lab(Server(limits=SMALL)), Readers()
    await readers.join(made, "a")
    assert made.server.send_to(made.server.clients, "x" * 5000) == Delivery(queued=1)
    await settle()
    assert readers["a"] == ["x" * 5000]


async def test_client_that_is_only_answered_is_left_out(lab: MakeLab) -> None:
    """It counts as dropped but not as slow; the others get their message."""
    server = Server()
    made = lab(server, Plain(Lines()), mode=Mode.HALF_DUPLEX, initiator=Role.CLIENT)
    await made.client().connect()
    readers = Door(Plain(Lines()))
    server._doors.append(readers)
    _, raw = accept(server, readers)
    await settle()
    assert server.send_to(server.clients, "x") == Delivery(queued=1, dropped=1)
    server.broadcast("y")
    await settle()
    assert raw.heard == b"x\ny\n"
