"""Asked: requests of this end, their answers, and giving them up."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import pytest

from mcws_protocol import (
    Binary,
    CancelFrame,
    CloseFrame,
    ConnectionClosed,
    ErrorFrame,
    HelloFrame,
    Limits,
    Lines,
    Mcws,
    MessageTooLong,
    OutboxFull,
    Plain,
    ReplyFrame,
    RequestFailed,
    RequestFrame,
    RequestTimeout,
    Role,
    WelcomeFrame,
    Wire,
    encode_frame,
)
from mcws_protocol.aio._asked import GIVEN_UP, IDS, Answer, Asked, expire, milliseconds
from mcws_protocol.aio._flusher import Flusher
from mcws_protocol.aio._matching import Matching
from mcws_protocol.aio._outbox import Outbox
from tests.aio.harness import speech


class RecordingTransport(asyncio.WriteTransport):
    """Keeps what is written; it holds back so much as it is told to.

    Attributes:
        data: what was written since it was looked at.
        held: bytes that seem to wait here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.held = 0

    def write(self, data: Any) -> None:
        """Keep ``data``."""
        self.data += data

    def get_write_buffer_size(self) -> int:
        """Return how much seems to wait here."""
        return self.held

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Have no marks."""


class KeepingOutbox(Outbox):
    """Keeps requests back, as one that waits for its turn.

    Attributes:
        kept: the ids of those that were not sent.
    """

    __slots__ = ("kept",)

    orders_requests: ClassVar[bool] = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.kept: list[int] = []

    def put_bounded(self, frame: RequestFrame) -> None:
        """Keep it."""
        self.kept.append(frame.correlation_id)

    def take_back(self, correlation_id: int) -> bool:
        """Drop it."""
        is_kept = correlation_id in self.kept
        if is_kept:
            self.kept.remove(correlation_id)
        return is_kept


class Asker:
    """A connection that asks, and whose peer answers by the tests' will.

    Attributes:
        asked: the ones under test.
        closed: what the connection was closed with.
        adjusted: how often it was told that it waits for an answer.
    """

    def __init__(self, wire: Wire | None = None, kind: type[Outbox] = Outbox) -> None:
        wire = wire or Mcws()
        limits = Limits(outbox_bytes_max=1 << 20)
        self.loop = asyncio.get_running_loop()
        self.machine = wire.machine(Role.SERVER, limits, self.loop.time())
        self.peer = wire.machine(Role.CLIENT, limits, self.loop.time())
        self.dialect = speech(Binary(), wire)
        self.outbox = kind(self.machine, self.dialect, limits, Flusher(self.loop))
        self.transport = RecordingTransport()
        self.outbox.attach(self.transport)
        if self.has_frames:
            made: list[bytes] = []
            self.peer.send(HelloFrame(frame_bytes_max=4096, features=1), 0.0, made)
            self.machine.receive(b"".join(made), 0.0)
            self.outbox.put(WelcomeFrame(frame_bytes_max=4096, features=1))
        self.asked = Asked(self.loop, self)
        self.closed: list[CloseFrame] = []
        self.adjusted = 0
        self.heard()

    @property
    def has_frames(self) -> bool:
        """Say whether requests have ids."""
        return self.machine.has_frames

    def expect_reply(self, matching: Matching) -> None:
        """Note what tells the answer to the next request."""
        self.machine.matching = matching

    def adjust_reading(self) -> None:
        """Count."""
        self.adjusted += 1

    def close_with(self, frame: CloseFrame) -> None:
        """Close."""
        self.closed.append(frame)
        self.outbox.refuse(ConnectionClosed(frame.code, frame.reason))
        self.asked.fail(ConnectionClosed(frame.code, frame.reason))

    def heard(self) -> list[Any]:
        """Return what the peer has heard since it was asked last."""
        self.outbox.flush()
        data, self.transport.data = self.transport.data, b""
        return list(self.peer.receive(data, 0.0))

    def ask(self, payload: bytes = b"question", timeout: float | None = 5.0) -> asyncio.Task[Any]:
        """Ask in a task."""
        asking: Coroutine[Any, Any, Any] = self.asked.ask(payload, timeout)
        return asyncio.ensure_future(asking)

    def ask_matched(self, payload: bytes, timeout: float | None = 5.0) -> asyncio.Task[Any]:
        """Ask in a task; what begins with the question answers it."""
        matching = Matching(lambda request, message: message.startswith(request), payload, self)
        asking: Coroutine[Any, Any, Any] = self.asked.ask(payload, timeout, matching)
        return asyncio.ensure_future(asking)

    def carefully(self, decode: Callable[..., Any], *arguments: Any) -> Any:
        """Decode."""
        return decode(*arguments)

    def blame(self, error: BaseException, callback: Callable[..., object]) -> None:
        """Have no application that could fail."""
        raise AssertionError(error)

    def hear(self, data: bytes) -> list[Any]:
        """Have bytes arrive; return the messages, and give replies to those who wait."""
        messages: list[Any] = []
        for event in self.machine.receive(data, 0.0):
            if isinstance(event, ReplyFrame):
                self.asked.settle(event)
            else:
                messages.append(event)
        return messages

    def answer(self, frame: ReplyFrame | ErrorFrame) -> None:
        """Have an answer of the peer arrive, as its machine lets it."""
        for event in self.machine.receive(encode_frame(frame), 0.0):
            assert isinstance(event, ReplyFrame | ErrorFrame)
            self.asked.settle(event)

    def pending(self) -> Answer:
        """Return what the only request waits for."""
        (answer,) = self.asked._answers.values()
        assert answer is not None
        return answer

    def lose(self) -> None:
        """Lose the connection."""
        self.outbox.lose(ConnectionClosed(1006, "lost"))
        self.asked.fail(ConnectionClosed(1006, "lost"))


async def turns(count: int = 10) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


# Answers


async def test_request_is_sent_and_answered() -> None:
    """The peer gets the request and its time; the reply is what ``ask`` returns."""
    asker = Asker()
    task = asker.ask(b"question", 2.5)
    await turns()
    assert asker.heard() == [RequestFrame(0, b"question", 2500)]
    assert asker.asked.waiting == 1
    assert asker.adjusted == 1
    asker.answer(ReplyFrame(0, b"reply"))
    assert await task == b"reply"
    assert asker.asked.waiting == 0
    assert asker.heard() == []


async def test_request_is_refused_by_the_peer() -> None:
    """Its ERROR raises, with code and reason."""
    asker = Asker()
    task = asker.ask()
    await turns()
    asker.answer(ErrorFrame(0, 5, "busy"))
    with pytest.raises(RequestFailed, match=r"code 5 \(too many in flight\): 'busy'"):
        await task
    assert asker.asked.waiting == 0


async def test_answers_in_another_order() -> None:
    """Each goes to the request that it belongs to."""
    asker = Asker()
    tasks = [asker.ask(str(number).encode()) for number in range(3)]
    await turns()
    assert asker.asked.waiting == 3
    for number in (2, 0, 1):
        asker.answer(ReplyFrame(number, b"reply %d" % number))
    assert await asyncio.gather(*tasks) == [b"reply 0", b"reply 1", b"reply 2"]


async def test_answer_to_what_was_not_asked() -> None:
    """It is ignored."""
    asker = Asker()
    asker.asked.settle(ReplyFrame(5, b""))
    assert asker.asked.waiting == 0


# What cannot be sent


async def test_request_that_is_too_long() -> None:
    """It raises, nothing is waited for, and the next one goes out."""
    asker = Asker()
    with pytest.raises(MessageTooLong):
        await asker.ask(b"x" * 4096)
    assert asker.asked.waiting == 0
    task = asker.ask(b"next")
    await turns()
    (frame,) = asker.heard()
    asker.answer(ReplyFrame(frame.correlation_id, b"reply"))
    assert await task == b"reply"


async def test_request_into_a_full_outbox() -> None:
    """It raises, and nothing is waited for."""
    asker = Asker()
    asker.transport.held = 1 << 20
    asker.outbox.pause()
    with pytest.raises(OutboxFull):
        await asker.ask()
    assert asker.asked.waiting == 0


async def test_request_after_the_end() -> None:
    """It raises, and was certainly not executed."""
    asker = Asker()
    asker.lose()
    with pytest.raises(ConnectionClosed) as caught:
        await asker.ask()
    assert not caught.value.maybe_executed


# Giving up


@pytest.mark.parametrize(("late_s", "is_answered"), [(4.9, True), (5.1, False)])
async def test_request_that_is_answered_late(late_s: float, is_answered: bool) -> None:
    """Past its time it raises, and the peer is told that nobody waits."""
    asker = Asker()
    task = asker.ask(timeout=5)
    await turns()
    asker.heard()
    await asyncio.sleep(late_s)
    if is_answered:
        asker.answer(ReplyFrame(0, b"reply"))
        assert await task == b"reply"
        assert asker.heard() == []
    else:
        with pytest.raises(RequestTimeout, match="no answer within 5 seconds"):
            await task
        assert asker.heard() == [CancelFrame(0)]
    assert asker.asked.waiting == 0


async def test_request_without_a_timeout() -> None:
    """It waits as long as it takes."""
    asker = Asker()
    task = asker.ask(timeout=None)
    await turns()
    assert asker.heard() == [RequestFrame(0, b"question", 0)]
    await asyncio.sleep(1e6)
    asker.answer(ReplyFrame(0, b"reply"))
    assert await task == b"reply"


async def test_request_that_is_cancelled() -> None:
    """The peer is told, and the cancellation goes on."""
    asker = Asker()
    task = asker.ask()
    await turns()
    asker.heard()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asker.heard() == [CancelFrame(0)]
    assert asker.asked.waiting == 0


async def test_request_that_is_cancelled_before_it_was_sent() -> None:
    """A task that never ran has asked for nothing."""
    asker = Asker()
    asker.ask().cancel()
    await turns()
    assert asker.heard() == []


@pytest.mark.parametrize("frame", [ReplyFrame(0, b"reply"), ErrorFrame(0, 6)])
async def test_late_answer_is_ignored(frame: ReplyFrame | ErrorFrame) -> None:
    """It goes to nobody, and its id is free again."""
    asker = Asker()
    task = asker.ask()
    await turns()
    task.cancel()
    await turns()
    asker.answer(frame)
    assert asker.asked._answers == {}
    assert asker.asked.waiting == 0


async def test_answer_in_the_turn_of_the_timeout() -> None:
    """The timeout came first; nothing is cancelled any more."""
    asker = Asker()
    task = asker.ask(timeout=5)
    await turns()
    asker.heard()
    expire(asker.pending(), 5)
    asker.answer(ReplyFrame(0, b"late"))
    with pytest.raises(RequestTimeout):
        await task
    assert asker.asked.waiting == 0
    assert asker.heard() == []


async def test_timeout_in_the_turn_of_the_answer() -> None:
    """The answer came first."""
    asker = Asker()
    task = asker.ask(timeout=5)
    await turns()
    pending = asker.pending()
    asker.answer(ReplyFrame(0, b"in time"))
    expire(pending, 5)
    assert await task == b"in time"
    assert asker.asked.waiting == 0


async def test_cancellation_in_the_turn_of_the_answer() -> None:
    """The answer is lost with its task; the peer has nothing to cancel."""
    asker = Asker()
    task = asker.ask()
    await turns()
    asker.heard()
    asker.answer(ReplyFrame(0, b"reply"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asker.heard() == []


async def test_cancellation_while_closing() -> None:
    """On a connection that sends nothing any more, nothing is said."""
    asker = Asker()
    task = asker.ask()
    await turns()
    asker.heard()
    asker.outbox.refuse(ConnectionClosed(1000))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asker.heard() == []
    assert asker.asked.waiting == 0


# The end


async def test_end_fails_all_that_wait() -> None:
    """Each with an error of its own that says that the request may have been executed."""
    asker = Asker()
    tasks = [asker.ask() for _ in range(3)]
    gone = asker.ask()
    await turns()
    gone.cancel()
    await turns()
    asker.lose()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert len(set(map(id, errors))) == 3
    for error in errors:
        assert isinstance(error, ConnectionClosed)
        assert (error.code, error.reason, error.maybe_executed) == (1006, "lost", True)
    assert asker.asked.waiting == 0


async def test_end_in_the_turn_of_a_timeout_or_cancellation() -> None:
    """Whatever came first is what the caller sees; nothing is left unretrieved."""
    asker = Asker()
    timed = asker.ask(timeout=5)
    await turns()
    pending = asker.pending()
    cancelled = asker.ask()
    await turns()
    cancelled.cancel()
    expire(pending, 5)
    asker.lose()
    with pytest.raises(RequestTimeout):
        await timed
    with pytest.raises(asyncio.CancelledError):
        await cancelled


# Ids


async def test_ids_are_used_one_after_the_other() -> None:
    """An id comes again only when all others had their turn."""
    asker = Asker()
    for number in range(3):
        task = asker.ask()
        await turns()
        assert asker.heard()[0].correlation_id == number
        asker.answer(ReplyFrame(number, b""))
        await task


async def test_ids_wrap_around() -> None:
    """Behind the last one comes 0."""
    asker = Asker()
    asker.asked._next_id = IDS - 1
    tasks = [asker.ask(), asker.ask()]
    await turns()
    assert [frame.correlation_id for frame in asker.heard()] == [IDS - 1, 0]
    for task in tasks:
        task.cancel()


async def test_ids_in_flight_are_skipped() -> None:
    """Also those whose answer nobody waits for any more, since it may still come."""
    asker = Asker()
    asked, given_up = asker.ask(), asker.ask()
    await turns()
    given_up.cancel()
    await turns()
    asker.heard()
    asker.asked._next_id = 0
    task = asker.ask()
    await turns()
    assert asker.heard()[0].correlation_id == 2
    asker.answer(ReplyFrame(1, b"stale"))
    asker.answer(ReplyFrame(2, b"fresh"))
    assert await task == b"fresh"
    asked.cancel()


# Plain wires


async def test_plain_request_is_the_next_message() -> None:
    """The request goes out as a message; the answer is whatever comes next."""
    asker = Asker(Plain(Lines()))
    task = asker.ask()
    await turns()
    assert asker.heard() == [b"question"]
    asker.asked.settle(ReplyFrame(0, b"reply"))
    assert await task == b"reply"
    assert asker.closed == []


async def test_plain_requests_take_turns() -> None:
    """One is under way at a time, in the order of the calls."""
    asker = Asker(Plain(Lines()))
    tasks = [asker.ask(b"one"), asker.ask(b"two")]
    for number, payload in enumerate((b"one", b"two")):
        await turns()
        assert asker.heard() == [payload]
        asker.asked.settle(ReplyFrame(number, b"reply to " + payload))
    assert await asyncio.gather(*tasks) == [b"reply to one", b"reply to two"]


async def test_plain_request_that_times_out_closes() -> None:
    """A late reply could be taken for the next one, so there is no next one."""
    asker = Asker(Plain(Lines()))
    first, second = asker.ask(timeout=5), asker.ask(timeout=None)
    with pytest.raises(RequestTimeout, match="no answer within 5 seconds"):
        await first
    with pytest.raises(ConnectionClosed, match="a request was given up") as caught:
        await second
    assert not caught.value.maybe_executed
    assert asker.closed == [GIVEN_UP]
    assert asker.heard() == [b"question"]


async def test_plain_request_that_is_cancelled_closes() -> None:
    """Cancelling is giving up."""
    asker = Asker(Plain(Lines()))
    task = asker.ask()
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asker.closed == [GIVEN_UP]


@pytest.mark.parametrize("gives_up", ["timeout", "cancel"])
async def test_plain_request_given_up_before_its_turn(gives_up: str) -> None:
    """What was not sent has no late reply, so nothing closes and the others go on."""
    asker = Asker(Plain(Lines()))
    first = asker.ask(b"one", None)
    second = asker.ask(b"two", 1.0 if gives_up == "timeout" else None)
    third = asker.ask(b"three", None)
    await asyncio.sleep(2)
    second.cancel()
    with pytest.raises((RequestTimeout, asyncio.CancelledError)):
        await second
    assert asker.heard() == [b"one"]
    asker.asked.settle(ReplyFrame(0, b"reply"))
    assert await first == b"reply"
    await turns()
    assert asker.heard() == [b"three"]
    asker.asked.settle(ReplyFrame(1, b"reply"))
    await third
    assert asker.closed == []


async def test_plain_request_lost_with_its_connection() -> None:
    """The loss is not giving up."""
    asker = Asker(Plain(Lines()))
    task = asker.ask()
    await turns()
    asker.lose()
    with pytest.raises(ConnectionClosed) as caught:
        await task
    assert caught.value.maybe_executed
    assert asker.closed == []


# Milliseconds


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [
        (None, 0),
        (1e-9, 1),
        (0.001, 1),
        (0.0011, 2),
        (5.0, 5000),
        (4294967.295, 0xFFFF_FFFF),
        (4294968.0, 0xFFFF_FFFF),
        (1e300, 0xFFFF_FFFF),
        (math.inf, 0xFFFF_FFFF),
    ],
)
def test_milliseconds(timeout: float | None, expected: int) -> None:
    """They are rounded up, so that a timeout is never none, and fit into four bytes."""
    assert milliseconds(timeout) == expected


# Plain wires where the application can tell


async def test_matched_request_is_the_first_message_that_matches() -> None:
    """What is no answer stays a message, before and behind the one that is."""
    asker = Asker(Plain(Lines()))
    task = asker.ask_matched(b"temp")
    await turns()
    assert asker.heard() == [b"temp"]
    assert asker.hear(b"news\ntemp 21\ntemp 22\n") == [b"news", b"temp 22"]
    assert await task == b"temp 21"


@pytest.mark.parametrize("gives_up", ["times out", "is cancelled"])
async def test_matched_request_given_up_does_not_close(gives_up: str) -> None:
    """Its late reply cannot be taken for another one: it is a message like any other."""
    asker = Asker(Plain(Lines()))
    task = asker.ask_matched(b"temp", 5.0)
    await turns()
    if gives_up == "is cancelled":
        task.cancel()
    with pytest.raises((RequestTimeout, asyncio.CancelledError)):
        await task
    assert (asker.closed, asker.asked.waiting) == ([], 0)
    assert asker.hear(b"temp 21\n") == [b"temp 21"]
    task = asker.ask_matched(b"fan")
    await turns()
    assert asker.hear(b"temp 22\nfan on\n") == [b"temp 22"]
    assert await task == b"fan on"


async def test_matched_request_given_up_on_a_closed_connection() -> None:
    """Nothing can be said any more, and nothing need be."""
    asker = Asker(Plain(Lines()))
    task = asker.ask_matched(b"temp")
    await turns()
    asker.outbox.refuse(ConnectionClosed(1000))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asker.asked.waiting == 0


async def test_matched_requests_take_turns() -> None:
    """One is under way at a time, and each is judged by its own match."""
    asker = Asker(Plain(Lines()))
    tasks = [asker.ask_matched(b"temp"), asker.ask_matched(b"fan")]
    await turns()
    assert asker.heard() == [b"temp"]
    assert asker.hear(b"fan off\ntemp 21\n") == [b"fan off"]
    await turns()
    assert asker.heard() == [b"fan"]
    assert asker.hear(b"fan on\n") == []
    assert await asyncio.gather(*tasks) == [b"temp 21", b"fan on"]


# Requests that wait for their turn


@pytest.mark.parametrize("wire", [Mcws(), Plain(Lines())], ids=["mcws", "lines"])
@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_request_that_never_left_is_taken_back(wire: Wire, is_cancelled: bool) -> None:
    """Given up before it was sent, it is nowhere any more, and nobody is told of it."""
    asker = Asker(wire, KeepingOutbox)
    asking = asker.ask(timeout=1.0)
    await turns()
    assert isinstance(asker.outbox, KeepingOutbox)
    assert (asker.outbox.kept, asker.asked.waiting) == ([0], 1)
    if is_cancelled:
        asking.cancel()
    with pytest.raises(asyncio.CancelledError if is_cancelled else RequestTimeout):
        await asking
    assert (asker.outbox.kept, asker.asked.waiting, asker.asked._answers) == ([], 0, {})
    assert (asker.heard(), asker.closed) == ([], [])


async def test_requests_of_a_plain_wire_wait_in_the_outbox_if_it_orders_them() -> None:
    """They do not wait for one another here, or messages between them would overtake."""
    asker = Asker(Plain(Lines()), KeepingOutbox)
    asking = [asker.ask(), asker.ask()]
    await turns()
    assert isinstance(asker.outbox, KeepingOutbox)
    assert asker.outbox.kept == [0, 1]
    asker.lose()
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(failure) for failure in failures] == [ConnectionClosed] * 2
