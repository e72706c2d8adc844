"""Dispatcher: calls the handlers of one connection and sees to what goes wrong in them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any, Protocol

from .._dialect import Dialect
from .._errors import ConnectionClosed, DecodeError, UnknownMessage
from .._events import Payload
from ._handlers import NOTHING, Callback, Handlers, Rest, is_awaitable
from ._hub import Hub
from ._matching import Late, Matching
from ._plain_answers import PlainAnswers
from ._waiting import READY
from ._workers import is_cancelling


class Served(Protocol):
    """The connection whose handlers are called."""

    @property
    def closed(self) -> bool:
        """Whether it refuses to send."""
        ...

    def undecodable(self, error: DecodeError) -> None:
        """Take note of a message that does not decode."""
        ...


class Dispatcher:
    """Calls user functions; nothing that they raise comes out of here.

    Attributes:
        client: what handlers get as ``client``.
        dialect: what this end says and understands.
        own: the handlers of this connection alone; None while there are none.
        shared: the message handlers of all connections; none where ``client`` is of a class of the
            application's own, which passes messages on by itself.
        failures: how many handlers raised.
        skipped: messages and requests that were left out: their type is not known here, or the mode
            has none from the peer.
        answers: takes the requests of a peer whose wire has no frames for them; None elsewhere.
        keep: takes ``(size, message, client)`` of a message that no handler wants, or that
            somebody reads besides.
        is_read: whether somebody reads a message without being a handler; None where nobody can.
    """

    __slots__ = (
        "_decode",
        "_hub",
        "_late",
        "_served",
        "answers",
        "client",
        "dialect",
        "failures",
        "is_read",
        "keep",
        "own",
        "shared",
        "skipped",
    )

    def __init__(self, hub: Hub, dialect: Dialect, client: Any) -> None:
        self._hub = hub
        self.dialect: Dialect = dialect
        # Where the codec changes nothing, the hot path does not ask it.
        self._decode = dialect.quick_decode
        self._late: Late | None = None
        # Not before the opening is over.
        self._served: Served | None = None
        self.client: Any = client
        self.failures: int = 0
        self.skipped: int = 0
        self.answers: PlainAnswers | None = None
        self.own: Handlers | None = None
        self.shared: Handlers = hub.handlers
        self.is_read: Callable[[Any], bool] | None = None
        self.keep: Callable[[int, Any, Any], object] = drop

    def open(self, client: Any, served: Served) -> None:
        """Take what the opening has made known."""
        self.client = client
        self._served = served

    # Messages

    def message(self, payload: Payload) -> Rest | None:
        """Call the handlers of one message in order; return what is left to await."""
        message: object = payload
        if self._decode is not None:
            try:
                message = self._decode(payload)
            except Exception:
                found = self._decode_again(payload)
                if found is None:
                    return None
                message = found[0]
        # Nothing yet for the first message of a type: `deliver` looks it up and keeps it.
        callbacks = self.shared.by_type.get(type(message))
        if not callbacks or self.own is not None or self.is_read is not None:
            return self.deliver(message, len(payload))
        # The hot path: everything is known, and mostly there is one handler.
        if len(callbacks) != 1:
            return self.call(callbacks, message, self.client)
        try:
            result = callbacks[0](message, self.client)
        # `CancelledError` is no `Exception`; a plain handler that raises it must not end the read
        # that called it.
        except (Exception, asyncio.CancelledError) as error:
            self.failed(error, callbacks[0])
            return None
        # `READY` is what `send` gives, so a handler that only sends costs no task.
        if result is None or result is READY or not is_awaitable(result):
            return None
        return self._await(result, callbacks[0], NOTHING, ())

    def _decode_again(self, payload: Payload) -> tuple[Any] | None:
        """Decode with care what did not decode in a hurry; None if it holds no message."""
        try:
            # In a tuple, since a codec may give None as a message.
            return (self.carefully(self.dialect.decode, payload),)
        except UnknownMessage as error:
            # Of a newer version perhaps, whose other messages are welcome.
            self.skipped += 1
            self.report(error)
        except DecodeError as error:
            if self._late is not None and self._late.take(payload):
                self.skipped += 1
                self.report(error)
            elif self._served is not None:
                self._served.undecodable(error)
        return None

    def given_up(self, matching: Matching) -> None:
        """Leave out the reply of a request that was given up, should it be no message."""
        if self._late is None:
            self._late = Late()
        self._late.add(matching)

    def carefully(self, decode: Callable[..., Any], *arguments: Any) -> Any:
        """Return what ``decode`` returns, whoever made the codec that it asks.

        Raises:
            DecodeError: whatever it raised.
        """
        try:
            return decode(*arguments)
        except DecodeError:
            raise
        except Exception as error:
            # A stranger's codec: what it raises may contain what the peer sent.
            self._hub.log.error("codec raised %s", type(error).__name__)
        raise DecodeError("what its codec decodes")

    def deliver(self, message: Any, size: int) -> Rest | None:
        """Call the handlers of a message whose payload had ``size`` bytes."""
        if self.answers is not None:
            # Never on the hot path: what is a request has no handlers of messages.
            taken = self.answers.take(message)
            if taken is not None:
                return taken[0]
        callbacks = self.for_message(message.__class__)
        if not callbacks or (self.is_read is not None and self.is_read(message)):
            # As one more handler: what reads besides has its place behind the others.
            callbacks += (functools.partial(self.keep, size),)
        return self.call(callbacks, message, self.client)

    def for_message(self, kind: type) -> tuple[Callback, ...]:
        """Return the handlers for messages of exactly the type ``kind``."""
        callbacks = self.shared.for_message(kind)
        return callbacks if self.own is None else callbacks + self.own.for_message(kind)

    def call(self, callbacks: tuple[Callback, ...], *arguments: object) -> Rest | None:
        """Call user functions one after the other; return what is left to await."""
        for index, callback in enumerate(callbacks):
            try:
                result = callback(*arguments)
            except (Exception, asyncio.CancelledError) as error:
                self.failed(error, callback)
                continue
            if result is not None and result is not READY and is_awaitable(result):
                return self._await(result, callback, callbacks[index + 1 :], arguments)
        return None

    async def _await(
        self,
        result: Any,
        callback: Callback,
        behind: tuple[Callback, ...],
        arguments: tuple[object, ...],
    ) -> None:
        """Await what ``callback`` returned, then call those behind it."""
        try:
            await result
        except (Exception, asyncio.CancelledError) as error:
            self.failed(error, callback)
            # Somebody ends this very task; what a handler cancelled by itself is its own failure.
            if isinstance(error, asyncio.CancelledError) and is_cancelling():
                raise
        if behind:
            rest = self.call(behind, *arguments)
            if rest is not None:
                await rest

    # Requests

    def for_request(self, kind: type) -> Callback | None:
        """Return the one handler for requests of exactly the type ``kind``; None without one."""
        own = None if self.own is None else self.own.for_request(kind)
        return own or self._hub.handlers.for_request(kind)

    # What goes wrong

    def failed(self, error: BaseException, callback: Callback) -> None:
        """Count and tell that a handler or hook raised."""
        self.failures += 1
        self.blame(error, callback)

    def blame(self, error: BaseException, callback: Callback) -> None:
        """Log what a user function raised and give it to the error hooks."""
        # A handler that was sending when its peer left has done nothing wrong.
        if isinstance(error, ConnectionClosed) and self._is_closed():
            self._hub.log.debug("handler %r ended by the end of its connection", callback)
            return
        self._hub.log.error("handler %r failed", callback, exc_info=error)
        # Hooks are promised an `Exception`, which a cancellation is not.
        if isinstance(error, Exception):
            self.report(error)

    def report(self, error: Exception) -> None:
        """Give ``error`` to the error hooks; what they leave to await runs by itself."""
        hooks = self._hub.handlers.errors
        if self.own is not None:
            hooks += self.own.errors
        for hook in hooks:
            try:
                result = hook(error, self.client)
            except (Exception, asyncio.CancelledError) as failure:
                self._hub.log.error("error hook %r failed", hook, exc_info=failure)
                continue
            # In a context without `HANDLING`: it holds nothing back that others would wait for.
            if result is not None and is_awaitable(result):
                self._hub.run(self._await_hook(result, hook), self._hub.context.copy())

    async def _await_hook(self, result: Any, hook: Callback) -> None:
        try:
            await result
        except (Exception, asyncio.CancelledError) as failure:
            self._hub.log.error("error hook %r failed", hook, exc_info=failure)

    def _is_closed(self) -> bool:
        return self._served is not None and self._served.closed


def drop(size: int, message: object, client: object) -> None:
    """Drop a message, as long as nobody keeps those without a handler."""
