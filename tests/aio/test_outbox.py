"""Outbox: order, coalescing, limits, slow readers and the last words of one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcws_protocol import (
    CancelFrame,
    CloseFrame,
    ConnectionClosed,
    EncodeError,
    HelloFrame,
    Limits,
    Lines,
    LocalProtocolError,
    LossFrame,
    Mcws,
    MessageTooLong,
    OutboxFull,
    PingFrame,
    Plain,
    PongFrame,
    ReplyFrame,
    RequestFrame,
    Role,
    SlowConsumer,
    Text,
    WelcomeFrame,
    encode_frame,
)
from mcws_protocol.aio._flusher import Flusher
from mcws_protocol.aio._outbox import Outbox, Shared
from mcws_protocol.aio._outflow import JOIN_MAX
from mcws_protocol.aio._waiting import READY, Room
from tests.aio.harness import speech

HIGH, LOW, MOST = 1000, 250, 3000
HEAD = 6
"""Bytes of a MESSAGE besides its payload."""
GONE = ConnectionClosed(1000, "bye")


class RecordingTransport(asyncio.WriteTransport):
    """Keeps what is written; while it is stalled, holds it back as asyncio's own do.

    Attributes:
        chunks: what each call to ``write`` or ``writelines`` brought.
        held: bytes that wait here.
        is_stalled: whether nothing leaves.
    """

    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self.chunks: list[bytes | list[bytes]] = []
        self.held = 0
        self.is_stalled = False
        self.water = (0, 0)
        self._outbox = outbox
        self._is_paused = False

    def write(self, data: Any) -> None:
        """Keep ``data``."""
        self.chunks.append(data)
        self._hold(len(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Keep parts, none of which is empty: asyncio 3.12 would never get rid of it."""
        parts = list(list_of_data)
        assert all(parts)
        self.chunks.append(parts)
        self._hold(sum(map(len, parts)))

    def get_write_buffer_size(self) -> int:
        """Return how much waits here."""
        return self.held

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks of pausing and resuming."""
        self.water = (high or 0, low or 0)
        self._pause_above()

    def take(self, size: int) -> None:
        """Let ``size`` bytes leave."""
        self.held = max(0, self.held - size)
        if self._is_paused and self.held <= self.water[1]:
            self._is_paused = False
            self._outbox.resume()

    def flow(self) -> None:
        """Let everything leave from now on."""
        self.is_stalled = False
        self.take(self.held)

    @property
    def data(self) -> bytes:
        """All bytes that were written."""
        return b"".join(
            chunk if isinstance(chunk, bytes) else b"".join(chunk) for chunk in self.chunks
        )

    def _hold(self, size: int) -> None:
        if self.is_stalled:
            self.held += size
            self._pause_above()

    def _pause_above(self) -> None:
        if not self._is_paused and self.held > self.water[0]:
            self._is_paused = True
            self._outbox.pause()


class Sender:
    """The outbox of an open connection on mcws/1, its transport, and a peer that listens."""

    def __init__(self, peer_limit: int = 1 << 20, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        options.setdefault("outbox_bytes_max", MOST)
        options.setdefault("outbox_high_bytes", HIGH)
        limits = Limits(outbox_low_bytes=LOW, **options)
        wire = Mcws()
        machine = wire.machine(Role.SERVER, limits, loop.time())
        self.peer = wire.machine(Role.CLIENT, Limits(), loop.time())
        hello = HelloFrame(frame_bytes_max=peer_limit, features=1)
        made: list[bytes] = []
        self.peer.send(hello, 0.0, made)
        machine.receive(b"".join(made), 0.0)
        welcome: list[bytes] = []
        machine.send(WelcomeFrame(frame_bytes_max=1 << 20, features=1), 0.0, welcome)
        self.peer.receive(b"".join(welcome), 0.0)
        self.machine = machine
        self.flusher = Flusher(loop)
        self.outbox = Outbox(machine, speech(wire=wire), limits, self.flusher)
        self.transport = RecordingTransport(self.outbox)
        self.outbox.attach(self.transport)
        self.outbox.open()
        self._heard = 0

    def heard(self) -> list[Any]:
        """Return what the peer hears that it has not heard yet."""
        data = self.transport.data[self._heard :]
        self._heard += len(data)
        return list(self.peer.receive(data, 0.0))

    def block(self, size: int = HIGH + 1) -> None:
        """Stall the transport with so many bytes in it."""
        self.transport.is_stalled = True
        self.outbox.write(b"b" * (size - HEAD))
        self.outbox.flush()
        assert self.outbox.queued == self.transport.held == size


async def turns(count: int = 5) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


def in_thread(call: Callable[[], object]) -> object:
    """Call from another thread; return or raise what that does."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


# Queueing


async def test_send_writes_nothing_at_once() -> None:
    """Messages of one turn leave together, in one write, one turn later."""
    sender = Sender()
    for text in ("one", "two", "three"):
        assert sender.outbox.send(text) is READY
    assert sender.transport.chunks == []
    assert sender.outbox.queued == 3 * HEAD + 11
    await turns(1)
    assert len(sender.transport.chunks) == 1
    assert sender.heard() == ["one", "two", "three"]
    assert sender.outbox.queued == 0
    assert sender.outbox.is_empty


async def test_send_again_in_a_later_turn() -> None:
    """Each turn has its own write."""
    sender = Sender()
    for text in ("one", "two"):
        sender.outbox.send(text)
        await turns(1)
    assert len(sender.transport.chunks) == 2
    assert sender.heard() == ["one", "two"]


async def test_frames_of_all_kinds_keep_the_order_of_the_calls() -> None:
    """Messages, requests, shared messages, raw parts and the last frame: none overtakes."""
    sender = Sender()
    outbox = sender.outbox
    outbox.send("first")
    outbox.put_bounded(RequestFrame(1, b"question"))
    outbox.write(b"x" * 400)
    outbox.put(CancelFrame(1))
    outbox.put_shared(outbox.share("to all"))
    outbox.send(b"y" * 700)
    outbox.put_parts([encode_frame(PingFrame(b"p"))])
    outbox.send("last")
    outbox.finish(CloseFrame(1001, "bye"), GONE, lambda: None)
    kinds = ["first", RequestFrame(1, b"question"), b"x" * 400, CancelFrame(1), "to all"]
    kinds += [b"y" * 700, PingFrame(b"p"), "last", CloseFrame(1001, "bye")]
    assert sender.heard() == kinds


async def test_cork_holds_until_the_end_of_the_chunk() -> None:
    """While a chunk is handled nothing leaves, whatever turns; then all leaves at once."""
    sender = Sender()
    sender.outbox.is_corked = True
    sender.outbox.send("one")
    await turns()
    assert sender.transport.chunks == []
    sender.outbox.send("two")
    sender.outbox.is_corked = False
    sender.outbox.flush()
    assert len(sender.transport.chunks) == 1
    assert sender.heard() == ["one", "two"]


async def test_cork_takes_along_what_waited_before() -> None:
    """What was sent before the chunk leaves with it, and only once."""
    sender = Sender()
    sender.outbox.send("one")
    sender.outbox.is_corked = True
    sender.outbox.send("two")
    sender.outbox.is_corked = False
    sender.outbox.flush()
    await turns()
    assert len(sender.transport.chunks) == 1
    assert sender.heard() == ["one", "two"]


async def test_flush_of_nothing_writes_nothing() -> None:
    """An empty outbox does not touch the transport."""
    sender = Sender()
    sender.outbox.flush()
    assert sender.transport.chunks == []


async def test_flush_before_there_is_a_transport() -> None:
    """What is queued before waits for it."""
    limits = Limits()
    flusher = Flusher(asyncio.get_running_loop())
    wire = Plain(Lines())
    outbox = Outbox(wire.machine(Role.SERVER, limits, 0.0), speech(wire=wire), limits, flusher)
    outbox.send("early")
    outbox.flush()
    outbox.pause()
    assert not outbox.is_empty
    transport = RecordingTransport(outbox)
    outbox.attach(transport)
    outbox.flush()
    assert transport.data == b"early\n"


async def test_flush_says_when_bytes_left() -> None:
    """Keepalive counts from the last writing, and an empty flush is none."""
    sender = Sender()
    await asyncio.sleep(7)
    sender.outbox.flush()
    assert sender.machine.sent_at < asyncio.get_running_loop().time() - 5
    sender.outbox.send("x")
    sender.outbox.flush()
    assert sender.machine.sent_at == asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("size", "is_joined"), [(JOIN_MAX - 1, True), (JOIN_MAX, True), (JOIN_MAX + 1, False)]
)
async def test_flush_joins_small_parts(size: int, is_joined: bool) -> None:
    """Up to a limit parts are copied into one write, beyond it they are handed on as they are."""
    sender = Sender(outbox_high_bytes=1 << 20, outbox_bytes_max=1 << 20)
    rest = size - 2 * HEAD - 1000
    sender.outbox.send(b"a" * 1000)
    sender.outbox.send(b"b" * rest)
    sender.outbox.flush()
    (chunk,) = sender.transport.chunks
    assert isinstance(chunk, bytes) is is_joined
    assert sender.heard() == [b"a" * 1000, b"b" * rest]


async def test_flush_hands_on_no_empty_part() -> None:
    """An empty message behind a large one leaves nothing in the transport that cannot leave."""
    sender = Sender(outbox_high_bytes=1 << 20, outbox_bytes_max=1 << 20)
    sender.outbox.send(b"a" * 50_000)
    sender.outbox.send(b"")
    sender.outbox.flush()
    assert sender.heard() == [b"a" * 50_000, b""]


async def test_flush_writes_a_single_part_as_it_is() -> None:
    """One part needs no joining."""
    sender = Sender()
    shared = sender.outbox.share("x")
    sender.outbox.put_shared(shared)
    sender.outbox.flush()
    assert sender.transport.chunks[0] is shared


@pytest.mark.parametrize("size", [0, 1, 1022, 1023, 1024, 1025])
@pytest.mark.parametrize("peer_limit", [256, 1024, 1025, 1026, 4096])
async def test_send_takes_the_short_way_and_the_long_one(size: int, peer_limit: int) -> None:
    """Short bytes have a way of their own, which leads to the same bytes and the same errors."""
    short, long = Sender(peer_limit), Sender(peer_limit)
    long.outbox._heads = ()
    for sender in (short, long):
        sender.outbox.send("first")
        if size + 2 > peer_limit:
            with pytest.raises(MessageTooLong):
                sender.outbox.send(b"x" * size)
        else:
            sender.outbox.send(b"x" * size)
        sender.outbox.flush()
    assert short.transport.data == long.transport.data
    assert short.heard()[1:] == [b"x" * size][: size + 2 <= peer_limit]


async def test_send_of_bytes_first() -> None:
    """Short bytes may be the first of a turn, and have it flushed."""
    sender = Sender()
    sender.outbox.send(b"one")
    sender.outbox.send(b"two")
    await turns(1)
    assert sender.heard() == [b"one", b"two"]


async def test_open_of_an_outbox_with_a_codec() -> None:
    """A codec that changes something is asked for every message."""
    limits = Limits()
    wire = Mcws()
    flusher = Flusher(asyncio.get_running_loop())
    outbox = Outbox(wire.machine(Role.SERVER, limits, 0.0), speech(Text()), limits, flusher)
    outbox.open()
    assert not outbox._heads


async def test_open_after_the_end() -> None:
    """A connection that ended while it was opened accepts nothing."""
    sender = Sender()
    sender.outbox.refuse(GONE)
    sender.outbox.open()
    with pytest.raises(ConnectionClosed):
        sender.outbox.send(b"short")


# What may not be sent


@pytest.mark.parametrize(("size", "is_sent"), [(253, True), (254, True), (255, False)])
async def test_send_longer_than_the_peer_accepts(size: int, is_sent: bool) -> None:
    """A message that is too long raises, leaves no trace, and the next one goes out."""
    sender = Sender(peer_limit=256)
    if is_sent:
        sender.outbox.send(b"x" * size)
    else:
        with pytest.raises(MessageTooLong, match="frame of 257 bytes exceeds"):
            sender.outbox.send(b"x" * size)
        assert sender.outbox.queued == 0
    sender.outbox.send("next")
    sender.outbox.flush()
    assert sender.heard() == [b"x" * size, "next"][not is_sent :]


@pytest.mark.parametrize("message", [None, 5, "\ud800"])
async def test_send_of_what_cannot_be_encoded(message: Any) -> None:
    """It raises before any effect, and the next one goes out."""
    sender = Sender()
    sender.outbox.send("before")
    with pytest.raises(EncodeError):
        sender.outbox.send(message)
    sender.outbox.send("after")
    await turns()
    assert sender.heard() == ["before", "after"]


async def test_put_of_what_may_not_be_sent() -> None:
    """A frame against the rules raises, leaves no trace, and the next one goes out."""
    sender = Sender()
    with pytest.raises(LocalProtocolError, match="no request 5 waits for an answer"):
        sender.outbox.put(ReplyFrame(5, b""))
    assert sender.outbox.queued == 0
    sender.outbox.put(PingFrame(b"next"))
    await turns()
    assert sender.heard() == [PingFrame(b"next")]


CALLS: list[Callable[[Outbox], object]] = [
    lambda outbox: outbox.send("x"),
    lambda outbox: outbox.send(b"x"),
    lambda outbox: outbox.write(b"x"),
    lambda outbox: outbox.put(PingFrame()),
    lambda outbox: outbox.put_bounded(RequestFrame(1, b"")),
]


@pytest.mark.parametrize("call", CALLS)
async def test_sending_after_the_end(call: Callable[[Outbox], object]) -> None:
    """Nothing is accepted any more; each caller gets an error of its own."""
    sender = Sender()
    sender.outbox.refuse(GONE)
    with pytest.raises(ConnectionClosed, match="code 1000: 'bye'") as caught:
        call(sender.outbox)
    assert caught.value is not GONE
    assert sender.outbox.queued == 0


WAITS: list[Callable[[Outbox], object]] = [Outbox.room, Outbox.drained]


@pytest.mark.parametrize("call", CALLS + WAITS)
async def test_calls_from_another_thread(call: Callable[[Outbox], object]) -> None:
    """They raise, name the way to do it, and queue nothing."""
    sender = Sender()
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        in_thread(lambda: call(sender.outbox))
    assert sender.outbox.queued == 0


# Limits


@pytest.mark.parametrize("size", [HIGH - 1, HIGH, HIGH + 1])
async def test_send_above_high_water_leaves_at_once(size: int) -> None:
    """What a free transport can take does not wait for the end of the turn."""
    sender = Sender()
    assert sender.outbox.send(b"x" * (size - HEAD)) is READY
    assert bool(sender.transport.chunks) is (size > HIGH)
    assert sender.outbox.queued == (0 if size > HIGH else size)


FRAMES: list[Callable[[Outbox], object]] = [
    lambda outbox: outbox.put(RequestFrame(1, b"x" * HIGH)),
    lambda outbox: outbox.put_bounded(RequestFrame(1, b"x" * HIGH)),
    lambda outbox: outbox.put_shared(outbox.share(b"x" * HIGH)),
    lambda outbox: outbox.put_parts([b"x" * (HIGH + 1)]),
]


@pytest.mark.parametrize("call", FRAMES)
async def test_any_frame_above_high_water_leaves_at_once(call: Callable[[Outbox], object]) -> None:
    """Only a blocked transport keeps a connection above high water, whoever brought it there."""
    sender = Sender()
    sender.outbox.is_corked = True
    call(sender.outbox)
    assert sender.transport.chunks
    assert sender.outbox.has_room


async def test_queued_counts_what_the_transport_holds() -> None:
    """Memory is bounded by all that waits, wherever it does."""
    sender = Sender()
    sender.block(HIGH + 500)
    sender.outbox.send(b"x" * 94)
    assert sender.outbox.queued == HIGH + 600
    sender.transport.flow()
    assert sender.outbox.queued == 0


@pytest.mark.parametrize(
    ("size", "is_accepted"), [(MOST - 1, True), (MOST, True), (MOST + 1, False)]
)
async def test_send_at_the_hard_limit(size: int, is_accepted: bool) -> None:
    """The limit itself is allowed; one byte more raises and queues nothing."""
    sender = Sender()
    sender.block()
    sender.outbox.send(b"before")
    before = sender.outbox.queued
    payload = b"x" * (size - before - HEAD)
    if is_accepted:
        assert isinstance(sender.outbox.send(payload), Room)
        assert sender.outbox.queued == size
    else:
        with pytest.raises(OutboxFull, match=f"{before} bytes wait to be sent, .* {MOST} bytes"):
            sender.outbox.send(payload)
        assert sender.outbox.queued == before
    sender.transport.flow()
    assert sender.heard()[1:] == [b"before", payload][: 1 + is_accepted]


async def test_send_at_the_hard_limit_looks_again() -> None:
    """What has left the transport meanwhile, without being told, makes room."""
    sender = Sender()
    sender.block(MOST)
    with pytest.raises(OutboxFull):
        sender.outbox.send(b"")
    sender.transport.held -= 100
    sender.outbox.send(b"x" * 94)
    assert sender.outbox.queued == MOST
    with pytest.raises(OutboxFull):
        sender.outbox.send(b"")


async def test_send_beyond_the_hard_limit_while_nothing_blocks() -> None:
    """One message larger than the limit goes to a transport that takes it."""
    sender = Sender()
    sender.outbox.send(b"x" * MOST * 2)
    assert sender.heard() == [b"x" * MOST * 2]


@pytest.mark.parametrize(("size", "is_accepted"), [(14, True), (15, True), (16, False)])
async def test_request_at_the_hard_limit(size: int, is_accepted: bool) -> None:
    """A request that has no room is not queued, and its id is still free."""
    sender = Sender()
    sender.block(MOST - 16)
    frame = RequestFrame(1, b"x" * size)
    if is_accepted:
        sender.outbox.put_bounded(frame)
    else:
        with pytest.raises(OutboxFull):
            sender.outbox.put_bounded(frame)
        assert sender.outbox.queued == MOST - 16
    sender.transport.flow()
    assert sender.heard()[1:] == [frame][: int(is_accepted)]
    if not is_accepted:
        sender.outbox.put_bounded(frame)


async def test_request_at_the_hard_limit_looks_again() -> None:
    """What has left the transport meanwhile makes room for a request."""
    sender = Sender()
    sender.block(MOST)
    sender.transport.held -= 100
    sender.outbox.put_bounded(RequestFrame(1, b"x"))
    sender.transport.flow()
    assert sender.heard()[1:] == [RequestFrame(1, b"x")]


async def test_requests_of_one_turn_stay_within_the_limit() -> None:
    """Many requests in one turn fill a stalled transport up to the limit and no further."""
    sender = Sender()
    sender.transport.is_stalled = True
    refused = 0
    for number in range(1000):
        try:
            sender.outbox.put_bounded(RequestFrame(number, b"x" * 100))
        except OutboxFull:
            refused += 1
    assert refused > 900
    assert sender.outbox.queued <= MOST + 14


async def test_put_is_accepted_at_every_limit() -> None:
    """Answers and ends have to be possible."""
    sender = Sender()
    sender.block(MOST)
    sender.outbox.put(PingFrame(b"x"))
    assert sender.outbox.queued == MOST + HEAD + 1


async def test_stopped_reader_costs_no_more_than_the_limit() -> None:
    """Sending for ever to a reader that stopped takes memory up to the limit."""
    most = 1 << 20
    sender = Sender(outbox_high_bytes=1 << 16, outbox_bytes_max=most)
    sender.transport.is_stalled = True
    refused = 0
    for number in range(2000):
        try:
            sender.outbox.send(number.to_bytes(2, "big") * 2000)
        except OutboxFull:
            refused += 1
    kept = sum(map(len, sender.outbox._parts or [])) + sender.transport.held
    assert refused > 1700
    assert kept == sender.outbox.queued <= most


# Room


async def test_room_there_is() -> None:
    """Below high water nobody waits."""
    sender = Sender()
    assert sender.outbox.room() is READY
    assert sender.outbox.has_room


async def test_room_is_one_for_all() -> None:
    """A connection above high water has one awaitable, whoever asks."""
    sender = Sender()
    sender.block()
    room = sender.outbox.room()
    assert isinstance(room, Room)
    assert sender.outbox.send("x") is room
    assert not sender.outbox.has_room


async def test_room_comes_when_the_transport_resumes() -> None:
    """An awaited send goes on when little enough waits; all arrives in order."""
    sender = Sender()
    sender.block()
    task = asyncio.ensure_future(sender.outbox.send("x"))
    await turns()
    sender.transport.take(HIGH - LOW)
    await turns()
    assert not task.done()
    sender.transport.take(1)
    await task
    assert sender.heard()[1:] == ["x"]


async def test_room_at_the_end() -> None:
    """The end raises in who waits, and in who asks later, an error of its own each time."""
    sender = Sender()
    sender.block()
    tasks = [asyncio.ensure_future(sender.outbox.room()) for _ in range(2)]
    await turns()
    sender.outbox.refuse(GONE)
    await turns()
    assert tasks[0].exception() is not tasks[1].exception()
    with pytest.raises(ConnectionClosed, match="bye") as one:
        await sender.outbox.room()
    with pytest.raises(ConnectionClosed, match="bye") as other:
        await sender.outbox.room()
    assert one.value is not other.value


async def test_room_let_many_send_without_pushing_beyond_the_limit() -> None:
    """Producers that await room first never see a full outbox."""
    sender = Sender()
    sender.block()
    size = MOST - HIGH - 2 * HEAD

    async def produce() -> None:
        await sender.outbox.room()
        sender.outbox.send(b"x" * size)

    tasks = [asyncio.ensure_future(produce()) for _ in range(20)]
    for _ in range(200):
        await asyncio.sleep(0)
        sender.transport.take(LOW)
    await asyncio.gather(*tasks)
    sender.transport.flow()
    assert len(sender.heard()) == 21


# Drained


async def test_drained_already() -> None:
    """What a free transport takes at once is not waited for."""
    sender = Sender()
    sender.outbox.send("x")
    assert sender.outbox.drained() is READY
    assert sender.heard() == ["x"]


async def test_drained_waits_for_the_last_byte() -> None:
    """Also for what is far below high water, and the marks are put back afterwards."""
    sender = Sender()
    sender.transport.is_stalled = True
    sender.outbox.send(b"x" * 94)
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    assert sender.transport.water == (0, 0)
    sender.transport.take(99)
    await turns()
    assert not task.done()
    sender.transport.take(1)
    await task
    assert sender.transport.water == (HIGH, LOW)


async def test_drained_while_blocked() -> None:
    """Above high water it waits for the last byte too, here and in the transport."""
    sender = Sender()
    sender.block()
    sender.outbox.send("more")
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    sender.transport.take(HIGH)
    await turns()
    assert not task.done()
    sender.transport.is_stalled = False
    sender.transport.take(1)
    await task
    assert sender.transport.water == (HIGH, LOW)
    assert sender.heard()[1:] == ["more"]


async def test_drained_while_more_is_stalled() -> None:
    """What was queued meanwhile and did not leave at once is waited for as well."""
    sender = Sender()
    sender.block()
    sender.outbox.send("more")
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    sender.transport.take(HIGH + 1)
    await turns()
    assert not task.done()
    assert sender.transport.water == (0, 0)
    sender.transport.flow()
    await task
    assert sender.transport.water == (HIGH, LOW)


async def test_drained_in_several_tasks() -> None:
    """All who wait go on."""
    sender = Sender()
    sender.block()
    tasks = [asyncio.ensure_future(sender.outbox.drained()) for _ in range(3)]
    await turns()
    sender.transport.flow()
    await asyncio.gather(*tasks)


async def test_drained_at_the_end() -> None:
    """The end raises in who waits, and in who asks later."""
    sender = Sender()
    sender.block()
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    sender.outbox.lose(GONE)
    with pytest.raises(ConnectionClosed, match="bye"):
        await task
    with pytest.raises(ConnectionClosed, match="bye"):
        await sender.outbox.drained()


# Pausing


async def test_pause_twice_counts_once() -> None:
    """A transport that repeats itself changes nothing."""
    sender = Sender()
    sender.block()
    sender.outbox.pause()
    assert sender.outbox.queued == HIGH + 1


async def test_resume_without_a_pause() -> None:
    """A transport that was not blocked cannot be released."""
    sender = Sender()
    sender.outbox.resume()
    assert sender.outbox.queued == 0


async def test_pause_holds_what_is_sent() -> None:
    """Nothing is written to a blocked transport."""
    sender = Sender()
    sender.block()
    sender.outbox.send("held")
    await turns()
    assert len(sender.transport.chunks) == 1
    sender.transport.flow()
    assert sender.heard()[1:] == ["held"]


# Shared messages


async def test_shared_message_is_encoded_once() -> None:
    """The same bytes go to every connection."""
    one, other = Sender(), Sender()
    shared = one.outbox.share("to all")
    assert one.outbox.put_shared(shared) is Shared.QUEUED
    assert other.outbox.put_shared(shared) is Shared.QUEUED
    await turns()
    assert one.transport.chunks[0] is other.transport.chunks[0]
    assert other.heard() == ["to all"]


@pytest.mark.parametrize(
    ("size", "outcome"), [(253, Shared.QUEUED), (254, Shared.QUEUED), (255, Shared.TOO_LONG)]
)
async def test_shared_message_longer_than_the_peer_accepts(size: int, outcome: Shared) -> None:
    """It is left out for this peer alone."""
    sender = Sender(peer_limit=256)
    assert sender.outbox.put_shared(sender.outbox.share(b"x" * size)) is outcome


async def test_shared_message_after_the_end() -> None:
    """It is not queued and nothing is raised."""
    sender = Sender()
    shared = sender.outbox.share("x")
    sender.outbox.refuse(GONE)
    assert sender.outbox.put_shared(shared) is Shared.CLOSED


@pytest.mark.parametrize(
    ("room", "outcome"), [(1, Shared.QUEUED), (0, Shared.QUEUED), (-1, Shared.OVERFLOW)]
)
async def test_shared_message_at_the_hard_limit(room: int, outcome: Shared) -> None:
    """The limit itself is allowed; beyond it the caller is told to disconnect."""
    sender = Sender()
    sender.block()
    shared = sender.outbox.share(b"x" * (MOST - sender.outbox.queued - HEAD - room))
    assert sender.outbox.put_shared(shared) is outcome
    assert sender.outbox.queued == (HIGH + 1 if room < 0 else MOST - room)
    assert sender.outbox.dropped == 0


async def test_shared_message_looks_again() -> None:
    """What has left the transport meanwhile makes room for it."""
    sender = Sender()
    sender.block(MOST)
    sender.transport.held -= 100
    assert sender.outbox.put_shared(sender.outbox.share(b"x" * 94)) is Shared.QUEUED


async def test_drop_newest() -> None:
    """The new message is left out and counted; LOSS says so once reading goes on."""
    sender = Sender(slow_consumer=SlowConsumer.DROP_NEWEST)
    sender.block(MOST - 10)
    shared = sender.outbox.share(b"x" * 5)
    assert [sender.outbox.put_shared(shared) for _ in range(3)] == [Shared.DROPPED] * 3
    assert sender.outbox.put_shared(sender.outbox.share(b"x" * 4)) is Shared.QUEUED
    assert sender.outbox.dropped == 3
    sender.transport.flow()
    assert sender.heard()[1:] == [b"x" * 4, LossFrame(3)]
    sender.outbox.put_shared(shared)
    await turns()
    assert sender.heard() == [b"x" * 5]


async def test_drop_oldest() -> None:
    """The oldest shared messages make room; what was sent to this one alone stays."""
    sender = Sender(slow_consumer=SlowConsumer.DROP_OLDEST)
    sender.block()
    first, second, third = (sender.outbox.share(letter * 894) for letter in (b"1", b"2", b"3"))
    sender.outbox.put_shared(first)
    sender.outbox.send("own")
    sender.outbox.put_shared(second)
    before = sender.outbox.queued
    assert sender.outbox.put_shared(third) is Shared.QUEUED
    assert sender.outbox.queued == before
    assert sender.outbox.dropped == 1
    sender.transport.flow()
    assert sender.heard()[1:] == ["own", b"2" * 894, b"3" * 894, LossFrame(1)]


async def test_drop_oldest_that_does_not_suffice() -> None:
    """Where dropping would make too little room, only the new message is left out."""
    sender = Sender(slow_consumer=SlowConsumer.DROP_OLDEST)
    sender.block()
    sender.outbox.put_shared(sender.outbox.share(b"small"))
    large = sender.outbox.share(b"x" * MOST)
    assert sender.outbox.put_shared(large) is Shared.DROPPED
    assert sender.outbox.dropped == 1
    sender.transport.flow()
    assert sender.heard()[1:] == [b"small", LossFrame(1)]


async def test_drop_oldest_without_anything_queued() -> None:
    """What is in the transport cannot be taken back."""
    sender = Sender(slow_consumer=SlowConsumer.DROP_OLDEST)
    sender.block(MOST)
    assert sender.outbox.put_shared(sender.outbox.share(b"x")) is Shared.DROPPED
    sender.transport.flow()
    assert sender.heard()[1:] == [LossFrame(1)]


async def test_loss_is_not_told_after_the_end() -> None:
    """A connection that is ending says nothing any more."""
    sender = Sender(slow_consumer=SlowConsumer.DROP_NEWEST)
    sender.block(MOST)
    sender.outbox.put_shared(sender.outbox.share(b"x"))
    sender.outbox.refuse(GONE)
    sender.transport.flow()
    assert len(sender.heard()) == 1


async def test_loss_cannot_be_told_on_a_plain_wire() -> None:
    """There it is counted, and that is all."""
    limits = Limits(
        outbox_high_bytes=HIGH,
        outbox_low_bytes=LOW,
        outbox_bytes_max=HIGH,
        slow_consumer=SlowConsumer.DROP_NEWEST,
    )
    wire = Plain(Lines())
    flusher = Flusher(asyncio.get_running_loop())
    outbox = Outbox(wire.machine(Role.SERVER, limits, 0.0), speech(wire=wire), limits, flusher)
    transport = RecordingTransport(outbox)
    outbox.attach(transport)
    transport.is_stalled = True
    outbox.send("x" * HIGH)
    assert outbox.put_shared(outbox.share("y")) is Shared.DROPPED
    transport.flow()
    assert transport.data == b"x" * HIGH + b"\n"
    assert outbox.dropped == 1


# Pongs


async def test_pong_leaves_with_the_next_flush() -> None:
    """A PING is answered within its chunk."""
    sender = Sender()
    sender.outbox.is_corked = True
    sender.outbox.pong(b"1")
    sender.outbox.is_corked = False
    sender.outbox.flush()
    assert sender.heard() == [PongFrame(b"1")]


async def test_pong_outside_of_a_chunk() -> None:
    """It leaves by itself, one turn later."""
    sender = Sender()
    sender.outbox.send("x")
    sender.outbox.pong(b"1")
    await turns()
    assert sender.heard() == ["x", PongFrame(b"1")]
    sender.outbox.pong(b"2")
    await turns()
    assert sender.heard() == [PongFrame(b"2")]


async def test_pongs_do_not_pile_up() -> None:
    """Towards a reader that stopped, only the last PING is answered, once."""
    sender = Sender()
    sender.block()
    for number in range(100_000):
        sender.outbox.pong(number.to_bytes(4, "big"))
    assert sender.outbox.queued == HIGH + 1
    sender.transport.flow()
    assert sender.heard()[1:] == [PongFrame((99_999).to_bytes(4, "big"))]


async def test_pong_above_high_water() -> None:
    """An answer that pushes the outbox above high water leaves with the rest, once."""
    sender = Sender()
    sender.outbox.send(b"x" * (HIGH - HEAD))
    sender.outbox.pong(b"1")
    await turns()
    assert sender.heard() == [b"x" * (HIGH - HEAD), PongFrame(b"1")]
    assert sender.outbox.queued == 0


async def test_pong_after_the_end() -> None:
    """Nothing follows the last frame."""
    sender = Sender()
    sender.outbox.pong(b"1")
    sender.outbox.finish(CloseFrame(), GONE, lambda: None)
    sender.outbox.pong(b"2")
    await turns()
    assert sender.heard() == [CloseFrame()]


# Stalled readers


async def test_reader_that_reads_is_not_stalled() -> None:
    """Without a blocked transport there is nothing to complain of."""
    sender = Sender()
    assert not sender.outbox.is_stalled(1e9)


@pytest.mark.parametrize(("later_s", "is_stalled"), [(19.9, False), (20.0, True), (20.1, True)])
async def test_reader_is_stalled_while_somebody_waits(later_s: float, is_stalled: bool) -> None:
    """Without progress for ``stalled_s``, somebody who waits is reason enough."""
    sender = Sender()
    sender.block()
    now = asyncio.get_running_loop().time()
    task = asyncio.ensure_future(sender.outbox.room())
    await turns()
    assert sender.outbox.is_stalled(now + later_s) is is_stalled
    task.cancel()


async def test_reader_is_not_stalled_while_nobody_waits() -> None:
    """Above high water alone, without anybody waiting, a slow reader is left in peace."""
    sender = Sender()
    sender.block()
    assert not sender.outbox.is_stalled(1e9)


async def test_reader_is_stalled_at_the_limit() -> None:
    """Something that was refused is reason enough."""
    sender = Sender()
    sender.block(MOST)
    with pytest.raises(OutboxFull):
        sender.outbox.send("x")
    now = asyncio.get_running_loop().time()
    assert not sender.outbox.is_stalled(now + 19)
    assert sender.outbox.is_stalled(now + 20)


async def test_reader_that_makes_progress_is_not_stalled() -> None:
    """A byte within the time is progress, and forgives the refusal before it."""
    sender = Sender()
    sender.block(MOST)
    with pytest.raises(OutboxFull):
        sender.outbox.send("x")
    await asyncio.sleep(15)
    sender.transport.take(1)
    now = asyncio.get_running_loop().time()
    assert not sender.outbox.is_stalled(now)
    assert not sender.outbox.is_stalled(now + 25)


async def test_reader_below_high_water_is_not_stalled() -> None:
    """Whoever waits for the last byte has to wait, as long as there is room."""
    sender = Sender()
    sender.transport.is_stalled = True
    sender.outbox.send("x")
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    assert not sender.outbox.is_stalled(1e9)
    task.cancel()


async def test_reader_above_high_water_is_stalled_for_who_drains() -> None:
    """Waiting for the last byte is waiting."""
    sender = Sender()
    sender.block()
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    assert sender.outbox.is_stalled(asyncio.get_running_loop().time() + 20)
    task.cancel()


# Ending


async def test_refuse_sends_what_waits() -> None:
    """What was accepted before still leaves; the first refusal counts."""
    sender = Sender()
    sender.outbox.send("x")
    sender.outbox.refuse(GONE)
    sender.outbox.refuse(ConnectionClosed(1006))
    await turns()
    assert sender.heard() == ["x"]
    assert sender.outbox.refusal is GONE


async def test_finish_calls_back_when_all_has_left() -> None:
    """The last frame leaves at once behind all that waits, and then the callback comes, once."""
    sender = Sender()
    done: list[str] = []
    sender.outbox.send("x")
    sender.outbox.finish(CloseFrame(1001), GONE, lambda: done.append("done"))
    assert sender.heard() == ["x", CloseFrame(1001)]
    assert done == ["done"]
    sender.outbox.flush()
    await turns()
    assert done == ["done"]


async def test_finish_waits_for_a_blocked_transport() -> None:
    """Nothing is called as long as something waits."""
    sender = Sender()
    done: list[str] = []
    sender.block()
    sender.outbox.finish(CloseFrame(), GONE, lambda: done.append("done"))
    await turns()
    assert done == []
    sender.transport.flow()
    assert done == ["done"]
    assert sender.heard()[1:] == [CloseFrame()]


async def test_finish_waits_while_its_own_frame_blocks() -> None:
    """The callback waits when the last write fills the transport."""
    sender = Sender()
    done: list[str] = []
    sender.outbox.send(b"x" * (HIGH - HEAD))
    sender.transport.is_stalled = True
    sender.outbox.finish(CloseFrame(), GONE, lambda: done.append("done"))
    assert done == []
    sender.transport.flow()
    assert done == ["done"]


async def test_finish_that_ends_in_a_loss() -> None:
    """A callback that gives up the transport while somebody drains harms nothing."""
    sender = Sender()
    sender.block()
    task = asyncio.ensure_future(sender.outbox.drained())
    await turns()
    sender.outbox.finish(CloseFrame(), GONE, lambda: sender.outbox.lose(GONE))
    sender.transport.flow()
    with pytest.raises(ConnectionClosed):
        await task


async def test_lose_drops_what_waits() -> None:
    """Nothing is written any more, nothing is called, and no memory is kept."""
    sender = Sender()
    done: list[str] = []
    sender.block()
    sender.outbox.send("x")
    sender.outbox.finish(CloseFrame(), GONE, lambda: done.append("done"))
    sender.outbox.lose(ConnectionClosed(1006))
    assert sender.outbox.queued == 0
    assert sender.outbox.is_empty
    assert not sender.outbox.is_stalled(1e9)
    sender.transport.flow()
    await turns()
    assert len(sender.transport.chunks) == 1
    assert done == []
    assert sender.outbox.refusal is GONE


# Answers that are messages


async def test_reply_is_a_message_past_every_limit() -> None:
    """An answer has its place among the messages, and no limit refuses it."""
    sender = Sender()
    sender.outbox.send(b"a")
    sender.outbox.reply(b"b")
    await turns(1)
    assert sender.heard() == [b"a", b"b"]
    sender.block(MOST)
    with pytest.raises(OutboxFull):
        sender.outbox.send(b"c")
    sender.outbox.reply(b"d")
    sender.transport.flow()
    assert sender.heard()[-1] == b"d"


async def test_reply_behind_the_end_is_refused() -> None:
    """A closed connection sends no answer either; from another thread nothing is sent."""
    sender = Sender()
    with pytest.raises(RuntimeError, match="another thread"):
        in_thread(lambda: sender.outbox.reply(b"x"))
    assert sender.outbox.takes_answers
    sender.outbox.refuse(GONE)
    with pytest.raises(ConnectionClosed):
        sender.outbox.reply(b"x")
    with pytest.raises(ConnectionClosed):
        sender.outbox.put_reply(1, b"x")


async def test_reply_that_the_wire_cannot_carry() -> None:
    """It is refused as a message would be, and nothing is queued."""
    sender = Sender(peer_limit=256)
    with pytest.raises(MessageTooLong):
        sender.outbox.reply(bytes(300))
    assert sender.outbox.queued == 0


async def test_nothing_waits_for_a_turn_in_full_duplex() -> None:
    """There is nothing to take back, and requests are ordered elsewhere."""
    sender = Sender()
    sender.outbox.put_bounded(RequestFrame(1, b""))
    assert not sender.outbox.take_back(1)
    assert not sender.outbox.is_waiting
    assert not sender.outbox.orders_requests
