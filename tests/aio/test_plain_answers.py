"""PlainAnswers: requests of the peer where the wire has no frames for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mcws_protocol import (
    UNTYPED,
    Dialect,
    EncodeError,
    LocalProtocolError,
    Payload,
    Refused,
    Role,
    Text,
)
from mcws_protocol.aio._plain_answers import PlainAnswers
from tests.aio.thermo import PLAIN, Alarm, Config, GetConfig, Notice, Reading

GIVE = Callable[[Any], Callable[[Any, Any], Any]]


class Desk:
    """Knows the handlers of a connection, and keeps what they answer.

    Attributes:
        client: what handlers get as ``client``.
        dialect: how this end speaks.
        callback: the handler of requests, if there is one.
        given: the payloads of the replies.
        failures: what handlers raised.
        reports: what error hooks got.
    """

    def __init__(self, *, is_typed: bool = True) -> None:
        self.client: Any = "client"
        contract = PLAIN if is_typed else UNTYPED
        codec = None if is_typed else Text()
        self.dialect: Dialect = contract.dialect(Role.SERVER, PLAIN.wire, codec)
        self.callback: Callable[..., object] | None = None
        self.given: list[Payload] = []
        self.failures: list[BaseException] = []
        self.reports: list[Exception] = []

    def for_request(self, kind: type) -> Callable[..., object] | None:
        """Return the handler."""
        return self.callback

    def failed(self, error: BaseException, callback: Callable[..., object]) -> None:
        """Keep what a handler raised."""
        assert callback is self.callback
        self.failures.append(error)

    def report(self, error: Exception) -> None:
        """Keep what error hooks get."""
        self.reports.append(error)

    def reply(self, payload: Payload) -> None:
        """Keep a reply."""
        self.given.append(payload)

    async def take(self, message: Any, *, takes_all: bool = False) -> bool:
        """Take one message to its end; return whether it was a request."""
        taken = PlainAnswers(self, self, takes_all=takes_all).take(message)
        if taken is None:
            return False
        (rest,) = taken
        if rest is not None:
            await rest
        return True


def plain(result: Any) -> Callable[[Any, Any], Any]:
    """Return a plain handler that returns or raises."""

    def handle(request: Any, client: Any) -> Any:
        assert client == "client"
        if isinstance(result, BaseException):
            raise result
        return result

    return handle


def later(result: Any) -> Callable[[Any, Any], Any]:
    """Return an async handler that returns or raises."""

    async def handle(request: Any, client: Any) -> Any:
        await asyncio.sleep(1)
        return plain(result)(request, client)

    return handle


BOTH = pytest.mark.parametrize("give", [plain, later])


@BOTH
async def test_take_a_request(give: GIVE) -> None:
    """A request is answered by one message."""
    desk = Desk()
    desk.callback = give(Config(2.0))
    assert await desk.take(GetConfig())
    assert desk.given == [b'{"$":"Config","interval_s":2.0}']
    assert (desk.failures, desk.reports) == ([], [])


@pytest.mark.parametrize("message", [Reading(1.0), Alarm("hot")])
async def test_take_a_message(message: object) -> None:
    """A message that wants no answer is left to the handlers of messages."""
    desk = Desk()
    desk.callback = plain(Config())
    assert not await desk.take(message)
    assert not await desk.take(message, takes_all=True)
    assert desk.given == []


async def test_take_a_request_without_a_handler() -> None:
    """The peer cannot be told, so this end says it to the error hooks; no message handler runs."""
    desk = Desk()
    assert await desk.take(GetConfig())
    (error,) = desk.reports
    assert isinstance(error, LocalProtocolError)
    assert str(error) == "no handler for GetConfig, and a plain wire cannot say so"
    assert desk.given == []


@BOTH
@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), Refused(1000, "no"), asyncio.CancelledError()], ids=repr
)
async def test_take_a_request_whose_handler_raises(give: GIVE, error: BaseException) -> None:
    """An error cannot be told, whatever it is; the handler's failure is noted here."""
    desk = Desk()
    desk.callback = give(error)
    assert await desk.take(GetConfig())
    assert (desk.failures, desk.given) == ([error], [])


@BOTH
@pytest.mark.parametrize("reply", [Notice(), None, "text"])
async def test_take_a_request_that_is_answered_wrongly(give: GIVE, reply: object) -> None:
    """A reply of another type is the handler's failure, and nothing is sent."""
    desk = Desk()
    desk.callback = give(reply)
    assert await desk.take(GetConfig())
    (error,) = desk.failures
    assert isinstance(error, EncodeError)
    assert desk.given == []


async def test_take_a_request_whose_task_is_cancelled() -> None:
    """Whoever ends the task that answers ends it: the cancellation goes on."""
    desk = Desk()
    desk.callback = later(Config())
    answering = asyncio.ensure_future(desk.take(GetConfig()))
    await asyncio.sleep(0.5)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert [type(error) for error in desk.failures] == [asyncio.CancelledError]


# Where whatever the peer says is a request


@BOTH
async def test_take_anything_as_a_request(give: GIVE) -> None:
    """Without types, what a peer says that may only ask is a request."""
    desk = Desk(is_typed=False)
    desk.callback = give("answer")
    assert await desk.take("question", takes_all=True)
    assert desk.given == ["answer"]


async def test_take_anything_without_a_handler() -> None:
    """Where nobody answers, it is a message, which needs no answer."""
    desk = Desk(is_typed=False)
    assert not await desk.take("question", takes_all=True)
    assert desk.reports == []


async def test_take_text_where_both_may_begin() -> None:
    """Where the peer may say what wants no answer, text is a message."""
    desk = Desk(is_typed=False)
    desk.callback = plain("answer")
    assert not await desk.take("question")
