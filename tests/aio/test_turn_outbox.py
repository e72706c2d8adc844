"""TurnOutbox: what waits for the turn, its order, its limits and its end."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from mcws_protocol import (
    CloseFrame,
    ConnectionClosed,
    EncodeError,
    ErrorFrame,
    HelloFrame,
    Limits,
    LocalProtocolError,
    LossFrame,
    Mcws,
    MessageTooLong,
    OutboxFull,
    PingFrame,
    PongFrame,
    RequestFrame,
    Role,
    SlowConsumer,
    State,
    TurnFrame,
    WelcomeFrame,
    encode_frame,
)
from mcws_protocol._half_duplex import HalfDuplexMachine
from mcws_protocol.aio._flusher import Flusher
from mcws_protocol.aio._modes import TokenOutbox
from mcws_protocol.aio._outbox import Shared
from mcws_protocol.aio._waiting import READY, Room
from tests.aio.harness import speech

HIGH, LOW, MOST = 100, 25, 300
HEAD: Final = 6
"""Bytes of a MESSAGE besides its payload."""
GIVE: Final = TurnFrame(give=True)
PLEASE: Final = TurnFrame(give=False)
GONE: Final = ConnectionClosed(1000, "bye")


class HeldTransport(asyncio.WriteTransport):
    """Keeps what is written; while it holds, it says so as asyncio's own do."""

    def __init__(self, outbox: TokenOutbox) -> None:
        super().__init__()
        self.data = b""
        self.held = 0
        self._outbox = outbox

    def write(self, data: Any) -> None:
        """Keep ``data``."""
        self.data += data

    def writelines(self, list_of_data: Any) -> None:
        """Keep parts."""
        self.data += b"".join(list_of_data)

    def get_write_buffer_size(self) -> int:
        """Return what is held."""
        return self.held

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Have no marks."""

    def hold(self, size: int) -> None:
        """Hold ``size`` bytes of what was written before."""
        self.held = size
        self._outbox.pause()

    def flow(self) -> None:
        """Hold nothing any more."""
        self.held = 0
        self._outbox.resume()


class Waiter:
    """An outbox that does not have the turn, and a peer that gives it.

    Attributes:
        began: how often something began to wait.
    """

    def __init__(self, first: Role = Role.CLIENT, **options: Any) -> None:
        loop = asyncio.get_running_loop()
        options.setdefault("outbox_bytes_max", MOST)
        limits = Limits(outbox_low_bytes=LOW, outbox_high_bytes=HIGH, **options)
        machine = Mcws().machine(Role.SERVER, limits, loop.time(), first=first)
        peer = Mcws().machine(Role.CLIENT, Limits(), loop.time(), first=first)
        assert isinstance(machine, HalfDuplexMachine)
        assert isinstance(peer, HalfDuplexMachine)
        self.machine, self.peer = machine, peer
        self.outbox = TokenOutbox(machine, speech(), limits, Flusher(loop))
        self.transport = HeldTransport(self.outbox)
        self.outbox.attach(self.transport)
        self.began = 0
        self.outbox.on_wait = self._begin
        self.say(HelloFrame(frame_bytes_max=512, features=9))
        self.outbox.put(WelcomeFrame(frame_bytes_max=512, features=9))
        self.outbox.open()
        self.heard()

    def _begin(self) -> None:
        self.began += 1

    def say(self, frame: Any) -> None:
        """Have a frame of the peer arrive, and what it brings about happen."""
        made: list[bytes] = []
        self.peer.send(frame, asyncio.get_running_loop().time(), made)
        self.take(b"".join(made))

    def take(self, data: bytes) -> None:
        """Have bytes arrive."""
        for event in self.machine.receive(data, asyncio.get_running_loop().time()):
            if isinstance(event, TurnFrame):
                self.outbox.turn(event)
        self.outbox.flush()

    def heard(self) -> list[Any]:
        """Return what the peer has heard since it was asked last."""
        self.outbox.flush()
        data, self.transport.data = self.transport.data, b""
        return list(self.peer.receive(data, 0.0))

    def share(self, payload: bytes) -> Shared:
        """Queue a broadcast."""
        return self.outbox.put_shared(self.outbox.share(payload))


def payload(total: int) -> bytes:
    """Return the payload of a message of ``total`` bytes."""
    return bytes(total - HEAD)


# Order


async def test_calls_keep_their_order() -> None:
    """Messages, payloads, requests and broadcasts leave as they were called, in one turn."""
    waiter = Waiter()
    waiter.outbox.send(b"a")
    waiter.outbox.write("b")
    waiter.outbox.put_bounded(RequestFrame(1, b"c"))
    assert waiter.share(b"d") is Shared.QUEUED
    waiter.outbox.send("e")
    waits = waiter.outbox.is_waiting
    assert (waits, waiter.heard()) == (True, [PLEASE])
    waiter.say(GIVE)
    assert not waiter.outbox.is_waiting
    assert waiter.heard() == [b"a", "b", RequestFrame(1, b"c"), b"d", "e"]


async def test_it_asks_once_for_all_that_waits() -> None:
    """One TURN(0), and one word to the connection, whatever comes behind."""
    waiter = Waiter()
    waiter.outbox.send(b"a")
    waiter.outbox.send(b"b")
    assert (waiter.began, waiter.heard()) == (1, [PLEASE])


async def test_what_needs_no_turn_overtakes() -> None:
    """A PING of this end and a PONG leave while messages wait."""
    waiter = Waiter()
    waiter.outbox.send(b"a")
    waiter.outbox.put(PingFrame())
    waiter.outbox.pong(b"x")
    assert waiter.heard() == [PLEASE, PingFrame(), PongFrame(b"x")]


async def test_no_short_way_past_the_turn() -> None:
    """Short bytes wait as all others do, behind the opening too."""
    waiter = Waiter()
    assert waiter.outbox.send(b"") is READY
    assert waiter.heard() == [PLEASE]


async def test_nobody_overtakes_what_waits_for_the_event() -> None:
    """The machine knows of the turn before the outbox does: what comes meanwhile is the last."""
    waiter = Waiter()
    waiter.outbox.send(b"a")
    waiter.heard()
    made: list[bytes] = []
    waiter.peer.send(GIVE, 0.0, made)
    (give,) = waiter.machine.receive(b"".join(made), 0.0)
    waiter.outbox.send(b"b")
    waiter.outbox.turn(GIVE)
    assert give == GIVE
    assert waiter.heard() == [b"a", b"b"]


# Errors


async def test_what_cannot_be_sent_is_refused_while_it_would_wait() -> None:
    """Too long, not to be encoded: nothing waits, and nothing was asked for."""
    waiter = Waiter(outbox_bytes_max=10_000)
    with pytest.raises(MessageTooLong):
        waiter.outbox.send(bytes(511))
    with pytest.raises(MessageTooLong):
        waiter.outbox.put_bounded(RequestFrame(1, bytes(503)))
    with pytest.raises(EncodeError):
        waiter.outbox.send("\ud800")
    with pytest.raises(EncodeError):
        waiter.outbox.put_bounded(RequestFrame(1, "\ud800"))
    assert waiter.share(bytes(511)) is Shared.TOO_LONG
    assert (waiter.outbox.waiting, waiter.heard()) == (0, [])


async def test_closed_outbox_refuses_all() -> None:
    """Behind the end nothing begins to wait."""
    waiter = Waiter()
    waiter.outbox.refuse(GONE)
    with pytest.raises(ConnectionClosed):
        waiter.outbox.send(b"a")
    with pytest.raises(ConnectionClosed):
        waiter.outbox.put_bounded(RequestFrame(1, b""))
    assert waiter.share(b"") is Shared.CLOSED


async def test_other_threads_are_refused() -> None:
    """An outbox without the turn belongs to its loop as any other."""
    waiter = Waiter()
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="another thread"):
        pool.submit(waiter.outbox.send, b"a").result()


async def test_nothing_waits_before_the_opening_is_over() -> None:
    """Before WELCOME a message is as impossible as in full duplex."""
    limits = Limits()
    machine = Mcws().machine(Role.SERVER, limits, 0.0, first=Role.CLIENT)
    assert isinstance(machine, HalfDuplexMachine)
    outbox = TokenOutbox(machine, speech(), limits, Flusher(asyncio.get_running_loop()))
    with pytest.raises(LocalProtocolError, match="cannot send a frame while start"):
        outbox.send(b"a")
    assert not outbox.is_waiting


# Limits


async def test_what_waits_counts_for_room() -> None:
    """At high water there is room; above it, who awaits waits for the turn."""
    waiter = Waiter()
    assert waiter.outbox.send(payload(HIGH - 7)) is READY
    waiter.heard()
    assert waiter.outbox.send(payload(7)) is READY
    room = waiter.outbox.send(payload(7))
    assert isinstance(room, Room)
    waiting = asyncio.ensure_future(_wait(room))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiter.say(GIVE)
    await waiting


async def _wait(room: Room) -> None:
    await room


async def test_room_does_not_wait_for_a_turn_that_cannot_come() -> None:
    """While nothing is read only the transport counts; who waits already goes on."""
    waiter = Waiter()
    room = waiter.outbox.send(payload(HIGH + 1))
    assert isinstance(room, Room)
    waiting = asyncio.ensure_future(_wait(room))
    await asyncio.sleep(0)
    waiter.outbox.cut_off(is_cut_off=True)
    await waiting
    assert waiter.outbox.send(b"") is READY
    waiter.outbox.cut_off(is_cut_off=False)
    assert isinstance(waiter.outbox.send(b""), Room)
    with pytest.raises(OutboxFull):
        waiter.outbox.send(payload(MOST))


async def test_handlers_are_not_held_back_by_the_turn() -> None:
    """For those who may start handlers only the transport counts."""
    waiter = Waiter()
    waiter.outbox.send(payload(MOST - 10))
    waiter.heard()
    assert waiter.outbox.has_room
    waiter.transport.hold(HIGH + 1)
    assert not waiter.outbox.has_room


@pytest.mark.parametrize("kind", ["send", "request"])
async def test_hard_limit_holds_for_what_waits(kind: str) -> None:
    """One byte above the limit is refused, and says how much waits; one byte less is not."""
    waiter = Waiter()
    waiter.outbox.send(payload(MOST - 20))
    waiter.heard()
    with pytest.raises(OutboxFull) as caught:
        put(waiter, kind, 21)
    assert (caught.value.queued, caught.value.limit) == (MOST - 20, MOST)
    put(waiter, kind, 20)
    assert waiter.outbox.waiting == MOST


def put(waiter: Waiter, kind: str, total: int) -> None:
    """Queue a message or a request that counts ``total`` bytes."""
    if kind == "send":
        waiter.outbox.send(payload(total))
    else:
        waiter.outbox.put_bounded(RequestFrame(1, bytes(total - 1)))


async def test_hard_limit_counts_the_transport_too() -> None:
    """What a blocked transport holds and what waits for the turn are one sum, looked at anew."""
    waiter = Waiter()
    waiter.outbox.send(payload(100))
    waiter.heard()
    waiter.transport.hold(MOST - 100)
    with pytest.raises(OutboxFull):
        waiter.outbox.send(payload(7))
    assert waiter.outbox._pressure is not None
    assert waiter.outbox._pressure.was_full
    waiter.transport.held -= 7
    waiter.outbox.send(payload(7))


async def test_flush_waits_for_the_turn() -> None:
    """``drained`` is done when all that waited has left."""
    waiter = Waiter()
    assert waiter.outbox.drained() is READY
    waiter.outbox.send(b"a")
    drained = waiter.outbox.drained()
    assert isinstance(drained, Room)
    waiting = asyncio.ensure_future(_wait(drained))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiter.say(GIVE)
    await waiting


async def test_turn_comes_while_the_transport_is_blocked() -> None:
    """What waited goes on waiting, for the transport, and counts once."""
    waiter = Waiter(slow_consumer=SlowConsumer.DROP_OLDEST)
    waiter.share(payload(100))
    waiter.heard()
    waiter.transport.hold(100)
    waiter.say(GIVE)
    assert (waiter.outbox.waiting, waiter.outbox.queued) == (0, 200)
    # A broadcast that was released is droppable still.
    assert waiter.share(payload(150)) is Shared.QUEUED
    waiter.transport.flow()
    assert waiter.heard() == [payload(150), LossFrame(1)]


# Slow consumers


async def test_broadcast_without_room_disconnects() -> None:
    """With the default policy the client is given up, as in full duplex."""
    waiter = Waiter()
    waiter.outbox.send(payload(MOST))
    assert waiter.share(b"") is Shared.OVERFLOW
    assert waiter.outbox.dropped == 0


async def test_newest_broadcast_is_left_out() -> None:
    """It is counted, and the peer is told when the turn comes."""
    waiter = Waiter(slow_consumer=SlowConsumer.DROP_NEWEST)
    waiter.outbox.send(payload(MOST))
    assert [waiter.share(b"1"), waiter.share(b"2")] == [Shared.DROPPED] * 2
    assert waiter.outbox.dropped == 2
    waiter.heard()
    waiter.say(GIVE)
    assert waiter.heard() == [payload(MOST), LossFrame(2)]
    waiter.outbox.send(b"a")
    assert waiter.heard() == [b"a"]


async def test_oldest_broadcasts_are_left_out() -> None:
    """As many as needed, none that is a message, and the others keep their order."""
    waiter = Waiter(slow_consumer=SlowConsumer.DROP_OLDEST)
    waiter.share(payload(50))
    waiter.outbox.send(payload(100))
    waiter.share(payload(60))
    waiter.share(payload(90))
    assert waiter.share(payload(70)) is Shared.QUEUED
    assert (waiter.outbox.dropped, waiter.outbox.waiting) == (2, 260)
    waiter.heard()
    waiter.say(GIVE)
    sizes = [100 - HEAD, 90 - HEAD, 70 - HEAD]
    *messages, loss = waiter.heard()
    assert [len(message) for message in messages] == sizes
    assert loss == LossFrame(2)


async def test_newest_is_left_out_where_the_oldest_do_not_help() -> None:
    """If all broadcasts together would not make room, they stay."""
    waiter = Waiter(slow_consumer=SlowConsumer.DROP_OLDEST)
    waiter.heard()
    waiter.share(payload(50))
    waiter.heard()
    waiter.outbox.send(payload(MOST - 50))
    assert waiter.share(payload(51)) is Shared.DROPPED
    assert (waiter.outbox.dropped, waiter.outbox.waiting) == (1, MOST)
    assert waiter.share(payload(50)) is Shared.QUEUED


async def test_broadcast_that_is_not_queued_is_not_the_one_more() -> None:
    """With the turn, what is too long does not use it up."""
    waiter = Waiter(Role.SERVER)
    waiter.outbox.put_bounded(RequestFrame(1, b""))
    waiter.heard()
    waiter.say(PLEASE)
    assert waiter.share(bytes(511)) is Shared.TOO_LONG
    assert waiter.share(b"one") is Shared.QUEUED
    assert waiter.share(b"two") is Shared.QUEUED
    assert waiter.heard() == [b"one"]


# Taking back


async def test_request_that_waits_can_be_taken_back() -> None:
    """Only that one goes, and who waits for its room goes on."""
    waiter = Waiter()
    waiter.outbox.put_bounded(RequestFrame(1, b"1"))
    waiter.outbox.put_bounded(RequestFrame(2, bytes(HIGH)))
    waiter.outbox.send(b"a")
    waiting = asyncio.ensure_future(_wait_for_room(waiter.outbox))
    await asyncio.sleep(0)
    assert waiter.outbox.take_back(2)
    await waiting
    assert not waiter.outbox.take_back(2)
    assert not waiter.outbox.take_back(3)
    waiter.heard()
    waiter.say(GIVE)
    assert waiter.heard() == [RequestFrame(1, b"1"), b"a"]


async def _wait_for_room(outbox: TokenOutbox) -> None:
    await outbox.room()


# The end


async def test_finish_waits_for_the_turn() -> None:
    """Messages, then the last frame, then the call; requests are given up."""
    waiter, ends = Waiter(), list[str]()
    waiter.outbox.send(b"a")
    waiter.outbox.put_bounded(RequestFrame(1, b""))
    waiter.outbox.finish(CloseFrame(), GONE, lambda: ends.append("end"))
    assert waiter.outbox.refusal is not None
    assert (waiter.heard(), ends) == ([PLEASE], [])
    waiter.say(GIVE)
    assert (waiter.heard(), ends) == ([b"a", CloseFrame()], ["end"])


async def test_finish_with_requests_alone_waits_for_nothing() -> None:
    """Nobody would hear their answers."""
    waiter, ends = Waiter(), list[str]()
    waiter.outbox.put_bounded(RequestFrame(1, b""))
    waiter.outbox.finish(CloseFrame(), GONE, lambda: ends.append("end"))
    assert (waiter.heard(), ends) == ([PLEASE, CloseFrame()], ["end"])


async def test_finish_with_the_turn_waits_for_the_answer() -> None:
    """What came behind the one more leaves in the next turn, then the last frame."""
    waiter, ends = Waiter(Role.SERVER), list[str]()
    waiter.outbox.put_bounded(RequestFrame(1, b""))
    waiter.heard()
    waiter.say(PLEASE)
    waiter.outbox.send(b"one")
    waiter.outbox.send(b"two")
    waiter.outbox.finish(CloseFrame(), GONE, lambda: ends.append("end"))
    assert (waiter.heard(), ends) == ([b"one"], [])
    waiter.say(ErrorFrame(1, 1))
    assert (waiter.heard(), ends) == ([GIVE, PLEASE], [])
    waiter.say(GIVE)
    assert (waiter.heard(), ends) == ([b"two", CloseFrame()], ["end"])


async def test_answers_pass_while_the_end_waits() -> None:
    """They may bring the turn; anything else is refused."""
    waiter = Waiter()
    waiter.say(RequestFrame(7, b""))
    waiter.outbox.send(b"a")
    waiter.outbox.finish(CloseFrame(), GONE, lambda: None)
    waiter.outbox.put(ErrorFrame(7, 3))
    with pytest.raises(ConnectionClosed):
        waiter.outbox.put(PingFrame())
    assert waiter.heard() == [PLEASE, ErrorFrame(7, 3)]
    waiter.say(GIVE)
    assert not waiter.outbox.takes_answers
    with pytest.raises(ConnectionClosed):
        waiter.outbox.put(ErrorFrame(7, 3))


async def test_ping_is_answered_while_the_end_waits() -> None:
    """The peer shall not take this end for dead; behind the last frame nothing goes."""
    waiter = Waiter()
    waiter.outbox.send(b"a")
    waiter.outbox.finish(CloseFrame(), GONE, lambda: None)
    waiter.outbox.pong(b"x")
    assert waiter.heard() == [PLEASE, PongFrame(b"x")]
    waiter.say(GIVE)
    waiter.outbox.pong(b"y")
    assert waiter.heard() == [b"a", CloseFrame()]


async def test_finish_has_one_deadline() -> None:
    """It counts from the call, and is the machine's to tell."""
    waiter = Waiter()
    now = asyncio.get_running_loop().time()
    waiter.outbox.send(b"a")
    waiter.outbox.finish(CloseFrame(), GONE, lambda: None)
    assert waiter.machine.next_deadline() == now + Limits().close_s
    await asyncio.sleep(2)
    waiter.say(GIVE)
    assert waiter.machine.state is State.CLOSE_SENT
    assert waiter.machine.next_deadline() == now + Limits().close_s


async def test_close_of_the_peer_ends_the_waiting() -> None:
    """The answer carries the peer's code; what waited is dropped."""
    waiter, ends = Waiter(), list[str]()
    waiter.outbox.send(b"a")
    waiter.outbox.finish(CloseFrame(3000), GONE, lambda: ends.append("end"))
    waiter.heard()
    waiter.machine.receive(encode_frame(CloseFrame(3001, "mine")), 0.0)
    waiter.outbox.refuse(ConnectionClosed(3001, "mine"))
    assert (waiter.heard(), ends) == ([CloseFrame(3001, "mine")], ["end"])
    assert waiter.outbox.waiting == 0


async def test_end_of_the_stream_ends_the_waiting() -> None:
    """It is too late for the last frame, but whoever waits for its leaving goes on."""
    waiter, ends = Waiter(), list[str]()
    waiter.outbox.send(b"a")
    waiter.outbox.finish(CloseFrame(), GONE, lambda: ends.append("end"))
    waiter.heard()
    waiter.machine.receive_eof(0.0)
    assert (waiter.heard(), ends) == ([], ["end"])


async def test_fault_of_the_peer_leaves_nothing_to_wait_for() -> None:
    """A machine that reads no more will never see the turn."""
    waiter, ends = Waiter(), list[str]()
    waiter.outbox.send(b"a")
    waiter.heard()
    waiter.machine.receive(b"\0\0\0\x02\x7f\0", 0.0)
    waiter.outbox.finish(CloseFrame(1002), GONE, lambda: ends.append("end"))
    assert (waiter.heard(), ends) == ([CloseFrame(1002)], ["end"])


async def test_loss_drops_what_waits() -> None:
    """Nothing is left, nothing is called, and a flush afterwards does nothing."""
    waiter, ends = Waiter(), list[str]()
    waiter.outbox.send(b"a")
    waiter.heard()
    waiter.outbox.finish(CloseFrame(), GONE, lambda: ends.append("end"))
    waiter.outbox.lose(GONE)
    waiter.outbox.flush()
    assert (waiter.outbox.waiting, waiter.outbox.queued, ends) == (0, 0, [])
    assert waiter.transport.data == b""
