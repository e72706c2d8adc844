"""Answers: each request of the peer gets exactly one, whatever its handler does."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mcws_protocol import (
    Codec,
    ConnectionClosed,
    DecodeError,
    Dialect,
    EncodeError,
    ErrorFrame,
    Limits,
    MessageTooLong,
    MsgPack,
    Payload,
    Refused,
    ReplyFrame,
    RequestFrame,
    Role,
    Text,
    UnknownMessage,
    Untouched,
    encode_frame,
)
from mcws_protocol.aio._answers import Answers
from mcws_protocol.aio._dispatcher import Dispatcher
from mcws_protocol.aio._handlers import Callback, Handlers
from mcws_protocol.aio._hub import HANDLING, Hub
from mcws_testkit import SimLoop
from tests.aio.harness import Served, speech
from tests.aio.thermo import THERMO, AskNewer, Config, GetConfig, Notice

LOG = logging.getLogger("mcws.test")


class FussyCodec(Text):
    """Text, of which some cannot be decoded and some cannot be encoded for a strange reason."""

    def decode(self, payload: bytes | str, /) -> str:
        """Refuse one request."""
        if payload == b"undecodable":
            raise DecodeError("something else", "$.key")
        return super().decode(payload)

    def encode(self, message: bytes | str, /) -> bytes | str:
        """Break the promises of a codec for one reply."""
        if message == "broken":
            raise ZeroDivisionError
        return super().encode(message)


class Desk:
    """Answers of one connection, whose peer is a list.

    Attributes:
        answers: the ones under test.
        given: the answers in the order in which they were sent.
        limit: bytes of the longest frame that the peer accepts.
        errors: what error hooks got.
        steps: how often a first step was announced, how often it came, and how often an end.
    """

    def __init__(
        self, codec: Codec[Any] | None = None, dialect: Dialect | None = None, **limits: Any
    ) -> None:
        handlers = Handlers()
        handlers.errors = (self._hear_error,)
        self.handlers = handlers
        self.hub = Hub(handlers, Limits(**limits), LOG, is_server=True)
        codec = codec or Untouched()
        self.dispatcher = Dispatcher(self.hub, dialect or speech(codec), "client")
        self.answers = Answers(self.hub, self.dispatcher, self)
        self.given: list[ReplyFrame | ErrorFrame] = []
        self.limit = 256
        self.errors: list[Exception] = []
        self.events: list[Any] = []
        self.steps = [0, 0, 0]

    def answer(self, frame: ReplyFrame | ErrorFrame) -> None:
        """Take an answer, unless it is too long."""
        size = len(encode_frame(frame)) - 4
        if size > self.limit:
            raise MessageTooLong(size, self.limit)
        self.given.append(frame)

    def reply(self, correlation_id: int, payload: Payload) -> None:
        """Take a reply, unless it is too long."""
        self.answer(ReplyFrame(correlation_id, payload))

    def request_started(self) -> None:
        """Count."""
        self.steps[0] += 1

    def request_stepped(self) -> None:
        """Count."""
        self.steps[1] += 1

    def request_ended(self) -> None:
        """Count."""
        self.steps[2] += 1

    def _hear_error(self, error: Exception, client: Any) -> None:
        self.errors.append(error)

    def take(self, number: int = 1, payload: bytes = b"", timeout_ms: int = 0) -> Callable[[], Any]:
        """Take a request; return what starts it."""
        return self.answers.take(RequestFrame(number, payload, timeout_ms)).start

    def ask(self, number: int = 1, payload: bytes = b"", timeout_ms: int = 0) -> None:
        """Take a request and start it."""
        assert self.take(number, payload, timeout_ms)() is None

    def handle(self, result: Any = b"", error: BaseException | None = None) -> None:
        """Answer requests with a plain handler that returns or raises."""

        def handle(request: Any, client: Any) -> Any:
            self.events.append((request, client))
            if error is not None:
                raise error
            return result

        self.handlers.set_request(handle)

    def handle_later(
        self, result: Any = b"", error: BaseException | None = None, seconds: float = 1.0
    ) -> None:
        """Answer requests with an async handler that returns or raises in the end."""

        async def handle(request: Any, client: Any) -> Any:
            self.events.append("begins")
            try:
                await asyncio.sleep(seconds)
            finally:
                self.events.append("ends")
            if error is not None:
                raise error
            return result

        self.handlers.set_request(handle)

    def handle_by(self, handler: Callback) -> None:
        """Answer requests with ``handler``."""
        self.handlers.set_request(handler)


HANDLE = pytest.mark.parametrize("handle", [Desk.handle, Desk.handle_later], ids=["plain", "async"])


# Replies


@HANDLE
async def test_request_is_answered(handle: Any) -> None:
    """What the handler returns is the reply, under the id of the request."""
    desk = Desk()
    handle(desk, b"reply")
    desk.ask(7)
    await asyncio.sleep(2)
    assert desk.given == [ReplyFrame(7, b"reply")]
    assert desk.errors == []


async def test_request_that_comes_while_draining_is_refused_at_once() -> None:
    """Also where nothing is in its way."""
    desk = Desk()
    desk.handle(b"reply")
    desk.answers.is_draining = True
    desk.answers.start(RequestFrame(7, b""), 0.0)
    assert desk.given == [ErrorFrame(7, 7)]
    assert desk.events == []


async def test_request_is_given_to_its_handler() -> None:
    """The handler gets the decoded request and the client."""
    desk = Desk(Text())
    desk.handle("reply")
    desk.ask(payload=b"question")
    assert desk.events == [("question", "client")]


async def test_request_answered_by_a_plain_handler_counts_no_steps() -> None:
    """Nothing has to wait for it, and no slot is taken."""
    desk = Desk()
    desk.handle()
    desk.ask()
    assert desk.steps == [0, 0, 0]
    assert desk.answers.running == 0


async def test_request_answered_by_an_async_handler_takes_a_slot() -> None:
    """From its start to its end, both of which are announced."""
    desk = Desk()
    desk.handle_later()
    desk.ask()
    assert desk.steps == [1, 0, 0]
    assert desk.answers.running == 1
    assert desk.events == []
    await asyncio.sleep(2)
    assert desk.steps == [1, 1, 1]
    assert desk.answers.running == 0


async def test_request_handler_may_return_any_awaitable() -> None:
    """A future does as well as a coroutine."""
    desk = Desk()
    future = asyncio.get_running_loop().create_future()
    desk.handle(future)
    desk.ask()
    await asyncio.sleep(1)
    assert desk.given == []
    future.set_result(b"reply")
    await asyncio.sleep(1)
    assert desk.given == [ReplyFrame(1, b"reply")]


async def test_requests_run_side_by_side() -> None:
    """Their answers come as they are ready."""
    desk = Desk()

    async def handle(request: bytes, client: Any) -> bytes:
        await asyncio.sleep(float(request))
        return request

    desk.handle_by(handle)
    for number, seconds in enumerate((b"3", b"1", b"2")):
        desk.ask(number, seconds)
    await asyncio.sleep(4)
    assert desk.given == [ReplyFrame(1, b"1"), ReplyFrame(2, b"2"), ReplyFrame(0, b"3")]


async def test_request_runs_in_a_context_of_its_own() -> None:
    """It knows its connection, and what it sets is not seen by the next one."""
    desk = Desk()
    seen: list[Any] = []

    async def handle(request: bytes, client: Any) -> bytes:
        seen.append(HANDLING.get())
        HANDLING.set("changed")
        return b""

    desk.handle_by(handle)
    for number in range(2):
        desk.ask(number)
        await asyncio.sleep(0)
    assert seen == [desk, desk]


async def test_request_id_may_be_used_again() -> None:
    """Once it was answered, another request may have its id."""
    desk = Desk()
    desk.handle(b"reply")
    desk.ask(1)
    desk.ask(1)
    assert desk.given == [ReplyFrame(1, b"reply")] * 2


async def test_request_counts_its_payload() -> None:
    """What waits in the inbox counts as many bytes as it brought."""
    assert Desk().answers.take(RequestFrame(1, b"four")).size == 4


# Errors


async def test_error_1_without_a_handler() -> None:
    """Nobody handles such a request."""
    desk = Desk()
    desk.ask()
    assert desk.given == [ErrorFrame(1, 1)]
    assert desk.errors == []


async def test_error_1_for_a_request_of_an_unknown_type() -> None:
    """A request of a newer version has no handler here, and the requester hears its name."""
    desk = Desk(dialect=THERMO.dialect(Role.SERVER, THERMO.wire))
    desk.handle(Config())
    desk.ask(payload=MsgPack().encode(AskNewer()))
    reason = "message of type 'AskNewer', known are GetConfig"
    assert desk.given == [ErrorFrame(1, 1, reason)]
    assert [type(error) for error in desk.errors] == [UnknownMessage]
    assert desk.events == []


async def test_error_2_for_a_request_that_does_not_fit_its_type() -> None:
    """A request whose field is wrong is told where, and nothing of what it holds."""
    desk = Desk(dialect=THERMO.dialect(Role.SERVER, THERMO.wire))
    desk.handle(Config())
    desk.ask(payload=MsgPack().encode({"$": "GetConfig", "section": [5]}))
    assert desk.given == [ErrorFrame(1, 2, "payload is not str at $.section")]
    assert [type(error) for error in desk.errors] == [DecodeError]
    assert desk.events == []


@HANDLE
async def test_request_of_a_contract_is_answered(handle: Any) -> None:
    """The handler gets the request as its class, and its reply is encoded as what belongs to it."""
    desk = Desk(dialect=THERMO.dialect(Role.SERVER, THERMO.wire))
    handle(desk, Config(2.0))
    desk.ask(payload=MsgPack().encode(GetConfig()))
    await asyncio.sleep(2)
    assert desk.given == [ReplyFrame(1, MsgPack().encode(Config(2.0)))]


@HANDLE
async def test_error_3_for_a_reply_of_another_type(handle: Any) -> None:
    """A handler that answers with what answers something else has failed."""
    desk = Desk(dialect=THERMO.dialect(Role.SERVER, THERMO.wire))
    handle(desk, Notice())
    desk.ask(payload=MsgPack().encode(GetConfig()))
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(1, 3)]
    assert [str(error) for error in desk.errors] == ["Notice cannot be sent here, expected Config"]


async def test_error_2_for_a_payload_that_does_not_decode() -> None:
    """The peer learns what was expected and where, the hooks hear of it."""
    desk = Desk(FussyCodec())
    desk.handle()
    desk.ask(payload=b"undecodable")
    assert desk.given == [ErrorFrame(1, 2, "payload is not something else at $.key")]
    assert desk.events == []
    assert [type(error) for error in desk.errors] == [DecodeError]


@HANDLE
async def test_error_3_for_a_handler_that_raises(
    handle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The peer learns no details; the log and the hooks do."""
    desk = Desk()
    error = ValueError("secret")
    handle(desk, error=error)
    desk.ask()
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(1, 3)]
    assert desk.errors == [error]
    assert len(caplog.records) == 1
    assert desk.answers.running == 0


@HANDLE
async def test_error_3_for_a_handler_that_raises_cancelled_error(
    handle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody cancelled it, so it failed."""
    desk = Desk()
    handle(desk, error=asyncio.CancelledError())
    desk.ask()
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(1, 3)]
    assert len(caplog.records) == 1


@HANDLE
@pytest.mark.parametrize(
    ("reply", "error"),
    [(None, EncodeError), (5, EncodeError), ("broken", ZeroDivisionError), ("", None)],
)
async def test_error_3_for_a_reply_that_cannot_be_encoded(
    handle: Any, reply: Any, error: type[Exception] | None
) -> None:
    """The mistake is this end's: it is reported here."""
    desk = Desk(FussyCodec())
    handle(desk, reply)
    desk.ask()
    await asyncio.sleep(2)
    assert desk.given == ([ReplyFrame(1, "")] if error is None else [ErrorFrame(1, 3)])
    assert [type(heard) for heard in desk.errors] == ([] if error is None else [error])


@HANDLE
@pytest.mark.parametrize(("size", "is_sent"), [(249, True), (250, True), (251, False)])
async def test_error_3_for_a_reply_that_is_too_long(handle: Any, size: int, is_sent: bool) -> None:
    """At the peer's limit it is sent, beyond it the request fails and the error is reported."""
    desk = Desk()
    handle(desk, b"x" * size)
    desk.ask()
    await asyncio.sleep(2)
    assert desk.given == [ReplyFrame(1, b"x" * size) if is_sent else ErrorFrame(1, 3)]
    assert [type(error) for error in desk.errors] == ([] if is_sent else [MessageTooLong])


@pytest.mark.parametrize(("late_s", "codes"), [(0.9, []), (1.0, [4]), (1.1, [4])])
async def test_error_4_for_a_deadline_before_the_start(late_s: float, codes: list[int]) -> None:
    """The time counts from the arrival; what waited too long does not start."""
    desk = Desk()
    desk.handle_later(seconds=0)
    start = desk.take(timeout_ms=1000)
    await asyncio.sleep(late_s)
    start()
    await asyncio.sleep(0.05)
    assert [frame.code for frame in desk.given if isinstance(frame, ErrorFrame)] == codes
    assert bool(desk.events) is not bool(codes)


async def test_error_4_for_a_deadline_while_running() -> None:
    """The peer learns it in time, and the handler is cancelled."""
    desk = Desk()
    desk.handle_later(seconds=100)
    desk.ask(timeout_ms=1500)
    await asyncio.sleep(1.4)
    assert desk.given == []
    await asyncio.sleep(0.2)
    assert desk.given == [ErrorFrame(1, 4)]
    assert desk.events == ["begins", "ends"]
    assert desk.answers.running == 0
    assert desk.errors == []


async def test_deadline_of_a_handler_that_does_not_wait() -> None:
    """It has no timer, which most async handlers would have for nothing."""
    desk = Desk()
    timers: list[int] = []

    async def handle(request: bytes, client: Any) -> bytes:
        return b"reply"

    desk.handle_by(handle)
    for number in range(3):
        desk.ask(number, timeout_ms=1000)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        timers.append(len(loop.waiting_timers))
        await asyncio.sleep(0)
        timers.append(len(loop.waiting_timers))
    assert len(desk.given) == 3
    assert timers == [0] * 6


async def test_deadline_after_the_answer() -> None:
    """It means nothing any more, and has no timer."""
    desk = Desk()
    desk.handle_later(b"reply")
    desk.ask(timeout_ms=60_000)
    await asyncio.sleep(3)
    assert desk.given == [ReplyFrame(1, b"reply")]
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    assert loop.waiting_timers == ()


async def test_no_deadline() -> None:
    """A request without one may take as long as it likes."""
    desk = Desk()
    desk.handle_later(b"reply", seconds=1e6)
    desk.ask()
    await asyncio.sleep(2e6)
    assert desk.given == [ReplyFrame(1, b"reply")]


@pytest.mark.parametrize(("count", "codes"), [(2, []), (3, []), (4, [5]), (5, [5, 5])])
async def test_error_5_for_too_many(count: int, codes: list[int]) -> None:
    """Up to the limit run at once; what is above is refused at once."""
    desk = Desk(requests_max=3)
    desk.handle_later(b"reply")
    for number in range(count):
        desk.ask(number)
    assert [frame.code for frame in desk.given if isinstance(frame, ErrorFrame)] == codes
    await asyncio.sleep(2)
    assert len(desk.given) == count
    assert len(desk.events) == 2 * min(count, 3)


async def test_slot_is_free_only_when_the_handler_has_ended() -> None:
    """Requesting and cancelling again and again does not run more handlers than the limit."""
    desk = Desk(requests_max=1)

    async def cling(request: bytes, client: Any) -> bytes:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(5)
        return b""

    desk.handle_by(cling)
    desk.ask(1)
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(1)
    desk.ask(2)
    assert desk.given == [ErrorFrame(1, 6), ErrorFrame(2, 5)]
    await asyncio.sleep(5)
    assert desk.answers.running == 0
    desk.ask(3)
    assert desk.answers.running == 1
    desk.answers.cancel(3)
    await asyncio.sleep(10)


async def test_error_6_before_the_start() -> None:
    """A request that is cancelled while it waits never starts."""
    desk = Desk()
    desk.handle()
    start = desk.take()
    desk.answers.cancel(1)
    start()
    assert desk.given == [ErrorFrame(1, 6)]
    assert desk.events == []


async def test_error_6_while_running() -> None:
    """The handler is cancelled, which is no error of its own."""
    desk = Desk()
    desk.handle_later(seconds=100)
    desk.ask()
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(1)
    assert desk.given == [ErrorFrame(1, 6)]
    assert desk.events == ["begins", "ends"]
    assert desk.errors == []
    assert desk.answers.running == 0


@pytest.mark.parametrize("demand", [0, 9])
async def test_error_6_behind_a_handler_that_waits(demand: int) -> None:
    """A handler that is cancelled in line begins, ends, and gets no timer."""
    desk = Desk()
    desk.hub.workers.demand = demand
    desk.handle_later(b"reply", seconds=1)
    desk.ask(1)
    desk.ask(2, timeout_ms=500)
    desk.answers.cancel(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert desk.steps[:2] == [2, 2]
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    await asyncio.sleep(0)
    assert len(loop.waiting_timers) == 1
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(2, 6), ReplyFrame(1, b"reply")]
    assert desk.steps == [2, 2, 2]


@pytest.mark.parametrize("is_lent", [False, True], ids=["fresh", "lent"])
async def test_error_6_in_the_turn_of_the_start(is_lent: bool) -> None:
    """Between the call and the first step a handler is cancelled too, and frees its slot."""
    desk = Desk()
    if is_lent:
        desk.hub.run(asyncio.sleep(0), desk.hub.context)
        await asyncio.sleep(1)
    desk.handle_later(seconds=100)
    desk.ask(timeout_ms=5000)
    desk.answers.cancel(1)
    await asyncio.sleep(10)
    assert desk.given == [ErrorFrame(1, 6)]
    assert desk.events == ["begins", "ends"]
    assert desk.steps == [1, 1, 1]
    assert desk.answers.running == 0


async def test_cancel_after_the_answer() -> None:
    """It means nothing any more, nor does one for a request that never was."""
    desk = Desk()
    desk.handle(b"reply")
    desk.ask(1)
    desk.answers.cancel(1)
    desk.answers.cancel(2)
    assert desk.given == [ReplyFrame(1, b"reply")]


async def test_cancel_of_a_handler_that_ends_in_the_same_turn() -> None:
    """The answer was given by then; its worker does something else."""
    desk = Desk()
    desk.handle_later(b"reply")
    desk.ask()
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(1)
    assert len(desk.given) == 1


async def test_handler_that_does_not_give_way() -> None:
    """What it returns after its cancellation goes nowhere."""
    desk = Desk()

    async def resist(request: bytes, client: Any) -> bytes:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            desk.events.append("resists")
        return b"late"

    desk.handle_by(resist)
    desk.ask()
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(1)
    assert desk.given == [ErrorFrame(1, 6)]
    assert desk.events == ["resists"]
    assert desk.answers.running == 0


async def test_handler_is_cancelled_once() -> None:
    """The deadline does not interrupt the cleanup that a cancellation began."""
    desk = Desk()

    async def clean(request: bytes, client: Any) -> bytes:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(5)
            desk.events.append("clean")
        return b""

    desk.handle_by(clean)
    desk.ask(timeout_ms=3000)
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(10)
    assert desk.events == ["clean"]
    assert desk.given == [ErrorFrame(1, 6)]


async def test_handler_that_raises_while_it_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """The peer has its answer; what the cleanup raises is reported here and goes no further."""
    desk = Desk()

    async def clean(request: bytes, client: Any) -> bytes:
        try:
            await asyncio.sleep(100)
        finally:
            raise ValueError("cleanup")

    desk.handle_by(clean)
    desk.ask()
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(1)
    gc.collect()
    assert desk.given == [ErrorFrame(1, 6)]
    assert [str(error) for error in desk.errors] == ["cleanup"]
    assert [record.name for record in caplog.records] == [LOG.name]
    assert desk.steps == [1, 1, 1]


async def test_error_7_while_draining() -> None:
    """What did not start yet is refused; what runs is answered."""
    desk = Desk()
    desk.handle_later(b"reply")
    desk.ask(1)
    start = desk.take(2)
    desk.answers.is_draining = True
    start()
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(2, 7), ReplyFrame(1, b"reply")]


# Refusals of the application


@HANDLE
async def test_refused(handle: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The peer learns code and reason; that is no failure of the handler."""
    desk = Desk()
    handle(desk, error=Refused(1000, "not today"))
    desk.ask()
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(1, 1000, "not today")]
    assert desk.errors == []
    assert not caplog.records


@HANDLE
@pytest.mark.parametrize("size", [247, 248, 249, 1000])
async def test_refused_for_a_long_reason(handle: Any, size: int) -> None:
    """A reason that the peer does not accept is left out; the code arrives in any case."""
    desk = Desk()
    handle(desk, error=Refused(2000, "x" * size))
    desk.ask()
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(1, 2000, "x" * size if size <= 248 else "")]
    assert desk.answers.running == 0


async def test_refused_after_a_cancellation() -> None:
    """There is one answer, and it was given."""
    desk = Desk()

    async def refuse(request: bytes, client: Any) -> bytes:
        try:
            await asyncio.sleep(100)
        finally:
            raise Refused(1000)

    desk.handle_by(refuse)
    desk.ask()
    await asyncio.sleep(1)
    desk.answers.cancel(1)
    await asyncio.sleep(1)
    assert desk.given == [ErrorFrame(1, 6)]
    assert desk.errors == []


# Ends


async def test_end_of_the_connection_in_a_handler(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that finds its own connection closed is no failure worth a line."""
    desk = Desk()
    desk.dispatcher.open("client", Served([], closed=True))
    desk.handle(error=ConnectionClosed(1000))
    desk.ask()
    assert desk.errors == []
    assert not caplog.records


async def test_handlers_that_raise_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand failures are ten thousand answers, and leave nothing behind."""
    caplog.set_level(logging.CRITICAL, LOG.name)
    desk = Desk()
    desk.handle_later(error=ValueError("handler"), seconds=0)
    for number in range(10_000):
        desk.ask(number)
        if number % 50 == 0:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    await asyncio.sleep(1)
    desk.hub.workers.close()
    await asyncio.sleep(1)
    assert desk.given == [ErrorFrame(number, 3) for number in range(10_000)]
    assert desk.answers.running == 0
    assert len(asyncio.all_tasks()) == 1


async def test_requests_that_wait_are_refused_when_nothing_starts_any_more() -> None:
    """Each gets ERROR 7 once; one whose handler runs keeps its answer to come."""
    desk = Desk()
    desk.handle_later(b"answer")
    desk.ask(1)
    start = desk.take(2)
    desk.answers.refuse_waiting()
    desk.answers.refuse_waiting()
    assert desk.given == [ErrorFrame(2, 7)]
    assert start() is None
    await asyncio.sleep(2)
    assert desk.given == [ErrorFrame(2, 7), ReplyFrame(1, b"answer")]
