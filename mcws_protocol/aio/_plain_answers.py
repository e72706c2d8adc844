"""PlainAnswers: the requests of a peer where the wire has no frames for them.

A request comes as a message and its reply goes as one. Nothing tells which reply belongs to which
request but their order, so each is handled like a message: to its end, before the next one starts.
An error cannot be told; the peer hears nothing and gives up by itself.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from .._dialect import Dialect
from .._errors import LocalProtocolError
from .._events import Payload
from .._message import is_message, is_request
from ._handlers import Callback, Rest, is_awaitable
from ._workers import is_cancelling


class Answering(Protocol):
    """What knows the handlers of a connection."""

    client: Any
    dialect: Dialect

    def for_request(self, kind: type) -> Callback | None:
        """Return the one handler for requests of exactly the type ``kind``; None without one."""
        ...

    def failed(self, error: BaseException, callback: Callback) -> None:
        """Log what a user function raised and give it to the error hooks."""
        ...

    def report(self, error: Exception) -> None:
        """Give ``error`` to the error hooks."""
        ...


class Answerer(Protocol):
    """What sends the replies."""

    def reply(self, payload: Payload) -> object:
        """Queue the payload that answers the request which is being handled."""
        ...


class PlainAnswers:
    """Answers the requests of one peer, each by one message.

    Attributes:
        takes_all: whether a message that is of no ``Request`` class is a request too, if there is a
            handler for requests: where only one end may begin, whatever it says wants an answer.
    """

    __slots__ = ("_answering", "_outbox", "takes_all")

    def __init__(self, answering: Answering, outbox: Answerer, *, takes_all: bool) -> None:
        self._answering = answering
        self._outbox = outbox
        self.takes_all: bool = takes_all

    def take(self, message: Any) -> tuple[Rest | None] | None:
        """Answer ``message`` if it is a request; None if it is none.

        What is returned for a request holds what is left to await, if anything is.
        """
        kind: type[Any] = message.__class__
        asks = is_request(kind)
        if not asks and (not self.takes_all or is_message(kind)):
            return None
        callback = self._answering.for_request(kind)
        if callback is not None:
            return (self._call(callback, message),)
        if not asks:
            return None
        problem = f"no handler for {kind.__name__}, and a plain wire cannot say so"
        self._answering.report(LocalProtocolError(problem))
        return (None,)

    def _call(self, callback: Callback, request: Any) -> Rest | None:
        try:
            result = callback(request, self._answering.client)
            if is_awaitable(result):
                return self._await(callback, request, result)
            self._reply(request, result)
        except (Exception, asyncio.CancelledError) as error:
            self._answering.failed(error, callback)
        return None

    async def _await(self, callback: Callback, request: Any, result: Any) -> None:
        try:
            self._reply(request, await result)
        except (Exception, asyncio.CancelledError) as error:
            self._answering.failed(error, callback)
            # Somebody ends this very task; what a handler cancelled by itself is its own failure.
            if isinstance(error, asyncio.CancelledError) and is_cancelling():
                raise

    def _reply(self, request: Any, reply: Any) -> None:
        self._outbox.reply(self._answering.dialect.encode_reply(request, reply))
