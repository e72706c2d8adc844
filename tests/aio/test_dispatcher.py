"""Dispatcher: which handlers are called, in which order, and what becomes of their errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, NoReturn

import pytest

from mcws_protocol import (
    Codec,
    ConnectionClosed,
    DecodeError,
    Dialect,
    Json,
    Limits,
    MsgPack,
    Payload,
    Role,
    Text,
)
from mcws_protocol.aio._dispatcher import Dispatcher
from mcws_protocol.aio._handlers import Handlers
from mcws_protocol.aio._hub import HANDLING, Hub
from mcws_protocol.aio._plain_answers import PlainAnswers
from mcws_protocol.aio._waiting import READY
from tests.aio.harness import Served, speech
from tests.aio.thermo import PLAIN, THERMO, Alarm, Config, GetConfig, Measured, Newer, Reading

LOG = logging.getLogger("mcws.test")


KNOWN = pytest.mark.parametrize("is_known", [False, True], ids=["first", "later"])
"""Whether a message of that type was handled before, which shortens the way."""


class Desk:
    """A dispatcher, and what its handlers and hooks wrote down.

    Attributes:
        shared: the handlers of all connections.
        events: what handlers wrote down.
        errors: what error hooks got.
        replies: what answered requests on a plain wire.
        dispatcher: the one under test; its client is the text "client".
    """

    def __init__(self, codec: Codec[Any] | None = None, dialect: Dialect | None = None) -> None:
        self.shared = Handlers()
        self.events: list[Any] = []
        self.errors: list[Exception] = []
        self.replies: list[Payload] = []
        self.hub = Hub(self.shared, Limits(), LOG, is_server=True)
        self.dispatcher = Dispatcher(self.hub, dialect or speech(codec), "client")

    def reply(self, payload: Payload) -> None:
        """Take what answers a request, where the wire has no frames."""
        self.replies.append(payload)

    def own(self) -> Handlers:
        """Return the connection's own handlers."""
        if self.dispatcher.own is None:
            self.dispatcher.own = Handlers()
        return self.dispatcher.own

    def hear_errors(self) -> None:
        """Collect what error hooks get."""
        self.shared.errors = (self._hear_error,)

    def _hear_error(self, error: Exception, client: Any) -> None:
        self.errors.append(error)

    def keep(self, size: int, message: Any, client: Any) -> None:
        """Keep what no handler wants."""
        self.events.append(("kept", message, client, size))

    def note(self, name: str) -> Callable[[Any, Any], None]:
        """Return a plain handler that writes down its call."""
        return lambda message, client: self.events.append((name, message, client))

    def note_later(self, name: str) -> Callable[[Any, Any], Any]:
        """Return an async handler that writes down its beginning and its end."""

        async def handle(message: Any, client: Any) -> None:
            self.events.append((name, "begins"))
            await asyncio.sleep(1)
            self.events.append((name, "ends"))

        return handle

    def give(self, result: Any) -> Callable[[Any, Any], Any]:
        """Return a plain handler that returns something."""

        def giving(message: Any, client: Any) -> Any:
            return result

        return giving

    def fail(self, error: BaseException) -> Callable[[Any, Any], None]:
        """Return a plain handler that raises."""

        def failing(message: Any, client: Any) -> None:
            raise error

        return failing

    def fail_later(self, error: BaseException) -> Callable[[Any, Any], Any]:
        """Return an async handler that raises."""

        async def failing(message: Any, client: Any) -> None:
            raise error

        return failing

    async def message(self, payload: bytes | str, *, is_known: bool = False) -> None:
        """Dispatch one message and await what it left."""
        if is_known:
            self.shared.for_message(bytes)
        rest = self.dispatcher.message(payload)
        if rest is not None:
            await rest


# Order


async def test_message_goes_to_plain_handlers_at_once() -> None:
    """Without anything to await, nothing is left."""
    desk = Desk()
    desk.shared.add_message(desk.note("one"))
    desk.shared.add_message(desk.note("two"))
    assert desk.dispatcher.message(b"hi") is None
    assert desk.events == [("one", b"hi", "client"), ("two", b"hi", "client")]


@KNOWN
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_message_goes_to_every_handler(count: int, is_known: bool) -> None:
    """Whether there is one or there are more, on any way."""
    desk = Desk()
    for number in range(count):
        desk.shared.add_message(desk.note(str(number)))
    await desk.message(b"hi", is_known=is_known)
    assert [event[0] for event in desk.events] == list(map(str, range(count)))


@KNOWN
async def test_message_goes_to_own_handlers_last(is_known: bool) -> None:
    """The server's come in their order, whatever their type, then the client's own."""
    desk = Desk()
    desk.own().add_message(desk.note("own"))
    desk.shared.add_message(desk.note("bytes"), bytes)
    desk.shared.add_message(desk.note("all"))
    desk.shared.add_message(desk.note("text"), str)
    await desk.message(b"hi", is_known=is_known)
    assert [event[0] for event in desk.events] == ["bytes", "all", "own"]


async def test_message_does_not_go_to_shared_handlers_of_others() -> None:
    """A class of the application's own passes messages on itself."""
    desk = Desk()
    desk.shared.add_message(desk.note("shared"))
    desk.own().add_message(desk.note("own"))
    desk.dispatcher.shared = Handlers()
    await desk.message(b"hi")
    assert [event[0] for event in desk.events] == ["own"]


async def test_message_handlers_behind_an_async_one_wait() -> None:
    """Plain or async, a handler ends before the next one of the same message starts."""
    desk = Desk()
    for name in ("one", "two"):
        desk.shared.add_message(desk.note_later(name))
    desk.shared.add_message(desk.note("three"))
    await desk.message(b"hi")
    assert desk.events == [
        ("one", "begins"),
        ("one", "ends"),
        ("two", "begins"),
        ("two", "ends"),
        ("three", b"hi", "client"),
    ]


@KNOWN
async def test_message_handler_may_return_an_awaitable(is_known: bool) -> None:
    """What a plain handler returns is awaited if it can be."""
    desk = Desk()
    future = asyncio.get_running_loop().create_future()
    desk.shared.add_message(desk.give(future))
    task = asyncio.ensure_future(desk.message(b"hi", is_known=is_known))
    await asyncio.sleep(1)
    assert not task.done()
    future.set_result(None)
    await task


@KNOWN
@pytest.mark.parametrize("result", [None, READY, 5, b"reply"])
async def test_message_handler_may_return_anything(result: Any, is_known: bool) -> None:
    """What cannot be awaited, and what needs no waiting, is ignored."""
    desk = Desk()
    desk.shared.add_message(desk.give(result))
    if is_known:
        desk.shared.for_message(bytes)
    assert desk.dispatcher.message(b"hi") is None


async def test_message_handler_that_registers_another() -> None:
    """The new one hears the next message, not this one."""
    desk = Desk()

    def register(message: Any, client: Any) -> None:
        desk.shared.add_message(desk.note("new"))

    desk.shared.add_message(register)
    await desk.message(b"one")
    assert desk.events == []
    await desk.message(b"two")
    assert desk.events == [("new", b"two", "client")]


# Messages without handlers


async def test_message_without_handlers_is_kept() -> None:
    """Whoever keeps such messages gets it with its size."""
    desk = Desk()
    desk.dispatcher.keep = desk.keep
    await desk.message("hi")
    assert desk.events == [("kept", "hi", "client", 2)]


async def test_message_without_handlers_is_dropped() -> None:
    """Where nobody keeps it, nothing happens."""
    desk = Desk()
    assert desk.dispatcher.message(b"hi") is None


async def test_message_that_is_read_besides_is_kept_last() -> None:
    """A reader gets it behind the handlers; without a reader nobody is asked to keep it."""
    desk = Desk()
    desk.shared.add_message(desk.note("handler"))
    desk.dispatcher.keep = desk.keep
    await desk.message(b"one")
    desk.dispatcher.is_read = lambda message: bool(message == b"two")
    await desk.message(b"two")
    await desk.message(b"three")
    assert [event[0] for event in desk.events] == ["handler", "handler", "kept", "handler"]


# Decoding


async def test_message_is_decoded() -> None:
    """Handlers get messages, registered for the type that they have."""
    desk = Desk(Text())
    desk.shared.add_message(desk.note("text"), str)
    await desk.message(b"hi")
    assert desk.events == [("text", "hi", "client")]


async def test_message_that_does_not_decode() -> None:
    """No handler is called; who asked to be told is."""
    desk = Desk(Text())
    desk.shared.add_message(desk.note("text"))
    told: list[DecodeError] = []
    desk.dispatcher.open("client", Served(told))
    await desk.message(b"\xff")
    assert [str(error) for error in told] == ["payload is not UTF-8 text at byte 0"]
    assert desk.events == []


async def test_message_that_does_not_decode_before_the_opening() -> None:
    """As long as nobody asked to be told, it is dropped."""
    desk = Desk(Text())
    assert desk.dispatcher.message(b"\xff") is None


async def test_decode_without_a_codec() -> None:
    """Where the codec changes nothing it is not asked."""
    desk = Desk()
    payload = b"\xff"
    desk.shared.add_message(desk.note("raw"))
    desk.dispatcher.message(payload)
    assert desk.events[0][1] is payload


def chokes(payload: bytes) -> NoReturn:
    """Decode nothing."""
    raise KeyError(payload)


async def test_carefully() -> None:
    """What does not decode is the caller's to handle; what a codec raises besides is logged."""
    desk = Desk(Text())
    dialect = desk.dispatcher.dialect
    assert desk.dispatcher.carefully(dialect.decode, b"hi") == "hi"
    with pytest.raises(DecodeError, match="UTF-8"):
        desk.dispatcher.carefully(dialect.decode, b"\xff")
    with pytest.raises(DecodeError, match="payload is not what its codec decodes") as caught:
        desk.dispatcher.carefully(chokes, b"secret")
    assert caught.value.__context__ is None


# Requests


async def test_request_goes_to_the_own_handler_first() -> None:
    """The client's own, else the server's for the type, else the server's for all."""
    desk = Desk()
    handlers = [desk.note(str(number)) for number in range(3)]
    assert desk.dispatcher.for_request(bytes) is None
    desk.shared.set_request(handlers[0])
    assert desk.dispatcher.for_request(bytes) is handlers[0]
    desk.shared.set_request(handlers[1], bytes)
    assert desk.dispatcher.for_request(bytes) is handlers[1]
    desk.own()
    assert desk.dispatcher.for_request(bytes) is handlers[1]
    desk.own().set_request(handlers[2])
    assert desk.dispatcher.for_request(bytes) is handlers[2]


# Errors


@KNOWN
@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_handler_that_raises_alone(is_async: bool, is_known: bool) -> None:
    """It is reported on any way, and the next message is handled."""
    desk = Desk()
    desk.hear_errors()
    error = ValueError("handler")
    desk.shared.add_message(desk.fail_later(error) if is_async else desk.fail(error))
    await desk.message(b"one", is_known=is_known)
    await desk.message(b"two")
    assert desk.errors == [error, error]


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_handler_that_raises(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its traceback, given to the hooks, and the next handler is called."""
    desk = Desk()
    desk.hear_errors()
    error = ValueError("handler")
    desk.shared.add_message(desk.fail_later(error) if is_async else desk.fail(error))
    desk.shared.add_message(desk.note("next"))
    await desk.message(b"hi")
    assert desk.errors == [error]
    assert desk.events == [("next", b"hi", "client")]
    assert desk.dispatcher.failures == 1
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "failing" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_handler_that_raises_cancelled_error(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a cancellation it is an error like any other, but none for the hooks."""
    desk = Desk()
    desk.hear_errors()
    error = asyncio.CancelledError()
    desk.shared.add_message(desk.fail_later(error) if is_async else desk.fail(error))
    desk.shared.add_message(desk.note("next"))
    await desk.message(b"hi")
    assert desk.errors == []
    assert desk.events == [("next", b"hi", "client")]
    assert len(caplog.records) == 1


async def test_handler_that_is_cancelled() -> None:
    """The cancellation of its task ends the handling of the message."""
    desk = Desk()
    desk.shared.add_message(desk.note_later("one"))
    desk.shared.add_message(desk.note("two"))
    task = asyncio.ensure_future(desk.message(b"hi"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.events == [("one", "begins")]


async def test_handler_that_raises_while_it_is_cancelled() -> None:
    """What its cleanup raises is reported, stays here, and the others are called."""
    desk = Desk()
    desk.hear_errors()

    async def handle(message: Any, client: Any) -> None:
        try:
            await asyncio.sleep(9)
        finally:
            raise ValueError("cleanup")

    desk.shared.add_message(handle)
    desk.shared.add_message(desk.note("next"))
    task = asyncio.ensure_future(desk.message(b"hi"))
    await asyncio.sleep(0)
    task.cancel()
    await task
    assert [str(error) for error in desk.errors] == ["cleanup"]
    assert desk.events == [("next", b"hi", "client")]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_handler_that_ends_the_program(kind: type[BaseException]) -> None:
    """What shall end the program does."""
    desk = Desk()
    desk.shared.add_message(desk.fail(kind()))
    with pytest.raises(kind):
        desk.dispatcher.message(b"hi")


@pytest.mark.parametrize("is_closed", [False, True])
async def test_handler_that_sends_after_the_end(
    is_closed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of its own connection is no error of a handler; that of another one is."""
    desk = Desk()
    desk.hear_errors()
    desk.dispatcher.open("client", Served([], closed=is_closed))
    desk.shared.add_message(desk.fail(ConnectionClosed(1000)))
    with caplog.at_level(logging.DEBUG):
        await desk.message(b"hi")
    assert [record.levelname for record in caplog.records] == ["DEBUG" if is_closed else "ERROR"]
    assert len(desk.errors) == (not is_closed)


async def test_handlers_that_raise_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand failures leave nothing behind."""
    desk = Desk()
    caplog.set_level(logging.CRITICAL, LOG.name)
    desk.shared.add_message(desk.fail(ValueError("handler")))
    for _ in range(10_000):
        assert desk.dispatcher.message(b"hi") is None
    assert desk.dispatcher.failures == 10_000
    assert len(asyncio.all_tasks()) == 1


# Messages of a contract


def typed(**options: Any) -> Desk:
    """Return a desk whose messages are those that arrive at a server."""
    desk = Desk(dialect=THERMO.dialect(Role.SERVER, THERMO.wire), **options)
    desk.hear_errors()
    desk.dispatcher.open("client", Served(desk.events))
    return desk


async def test_message_is_decoded_to_its_class() -> None:
    """Handlers of that class get it, and those of its bases, in order of registration."""
    desk = typed()
    for kind in (Measured, Alarm, Reading, None):
        desk.shared.add_message(desk.note(str(kind and kind.__name__)), kind)
    await desk.message(MsgPack().encode(Reading(1.5)))
    assert desk.events == [
        (name, Reading(1.5), "client") for name in ("Measured", "Reading", "None")
    ]


async def test_message_of_an_unknown_type_is_skipped() -> None:
    """One of a newer version is counted and reported, and the next one arrives."""
    desk = typed()
    desk.shared.add_message(desk.note("all"))
    for message in (Newer("x"), Reading(1.0), Newer("y")):
        await desk.message(MsgPack().encode(message))
    assert desk.dispatcher.skipped == 2
    assert [str(error) for error in desk.errors] == [
        "message of type 'Newer', known are Reading | Alarm"
    ] * 2
    assert desk.events == [("all", Reading(1.0), "client")]


async def test_message_that_does_not_fit_its_type_is_told() -> None:
    """One of a known type that is wrong is no skipped one: the connection decides."""
    desk = typed()
    desk.shared.add_message(desk.note("all"))
    await desk.message(MsgPack().encode({"$": "Reading", "celsius": "hot"}))
    (error,) = desk.events
    assert isinstance(error, DecodeError)
    assert (error.expected, error.path) == ("float", "$.celsius")
    assert (desk.dispatcher.skipped, desk.errors) == (0, [])


async def test_message_that_needs_care_is_decoded_after_all() -> None:
    """A payload marked as text has to be looked at twice by a codec of bytes."""
    desk = Desk(MsgPack())
    desk.shared.add_message(desk.note("all"))
    await desk.message("\x07")
    assert desk.events == [("all", 7, "client")]


async def test_message_on_a_plain_wire_may_be_a_request() -> None:
    """Where no frame says so, its class does; it goes to its one handler and to no other."""
    desk = Desk(dialect=PLAIN.dialect(Role.SERVER, PLAIN.wire))
    desk.dispatcher.answers = PlainAnswers(desk.dispatcher, desk, takes_all=False)
    desk.shared.add_message(desk.note("all"))
    desk.shared.set_request(desk.give(Config(2.0)), GetConfig)
    await desk.message(Json().encode(GetConfig()))
    await desk.message(Json().encode(Reading(1.0)))
    assert desk.replies == [Json().encode(Config(2.0))]
    assert desk.events == [("all", Reading(1.0), "client")]


async def test_message_is_dropped_as_long_as_nobody_keeps_it() -> None:
    """Before the opening is over nobody listens, and nobody has asked to be told."""
    desk = Desk(dialect=THERMO.dialect(Role.SERVER, THERMO.wire))
    for payload in (MsgPack().encode(Reading()), b"\xc1"):
        await desk.message(payload)
    assert desk.events == []


# Error hooks


async def test_report_goes_to_all_hooks() -> None:
    """The server's hooks first, then the connection's own, with the client."""
    desk = Desk()
    desk.shared.errors = (desk.note("shared"),)
    desk.own().errors = (desk.note("own"),)
    error = ValueError("x")
    desk.dispatcher.report(error)
    assert desk.events == [("shared", error, "client"), ("own", error, "client")]


@pytest.mark.parametrize("error", [ValueError("hook"), asyncio.CancelledError()])
@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_report_to_a_hook_that_raises(
    is_async: bool, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, given to nobody, and the next hook is called."""
    desk = Desk()
    hook = desk.fail_later(error) if is_async else desk.fail(error)
    desk.shared.errors = (hook, desk.note("next"))
    desk.dispatcher.report(ValueError("first"))
    await asyncio.sleep(0)
    assert len(desk.events) == 1
    (record,) = caplog.records
    assert "error hook" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    desk.hub.workers.close()


async def test_report_to_an_async_hook() -> None:
    """It runs by itself, in a context that belongs to no connection."""
    desk = Desk()
    seen: list[Any] = []

    async def hook(error: Exception, client: Any) -> None:
        await asyncio.sleep(1)
        seen.append((error, client, HANDLING.get()))

    desk.shared.errors = (hook,)
    error = ValueError("x")
    context = copy_context()
    context.run(HANDLING.set, "somebody")
    context.run(desk.dispatcher.report, error)
    await asyncio.sleep(2)
    assert seen == [(error, "client", None)]
    desk.hub.workers.close()
