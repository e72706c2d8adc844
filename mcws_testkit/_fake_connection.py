"""FakeConnection: what a fake client is built from, without a peer, which records what is sent."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from mcws_protocol import (
    UNTYPED,
    Codec,
    ConnectionClosed,
    Contract,
    DecodeError,
    Dialect,
    LocalProtocolError,
    NoHandler,
    Payload,
    RequestTimeout,
    Role,
    Wire,
    check_close,
    check_id,
)
from mcws_protocol.aio import READY, Door, Gate, Handlers, Outbox, Ready, Unconnected

ADDRESS: Final = ("192.0.2.2", 50002)
"""Where fake clients are: an address that is reserved for examples."""

Answers: TypeAlias = Iterable[Any] | Callable[[Any], Any]
"""What requests are answered with, in order, or what makes the answer of each, plain or async."""


class FakeConnection(Unconnected):
    """What a client object is built from, without a peer.

    For client classes of one's own: ``device = Device(connection := FakeConnection(thermo))``, and
    ``connection.client = device`` if it has handlers. All else is as for ``FakeClient``.

    Attributes:
        client: what the handlers of ``receive``, ``ask`` and ``lose`` get.
        sent: what was sent, as the client would get it.
        requests: the requests that were sent, likewise.
        answers: what the next requests are answered with.
    """

    def __init__(
        self,
        contract: Contract[Any, Any] = UNTYPED,
        *,
        id: str = "fake",
        answers: Answers = (),
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
    ) -> None:
        super().__init__()
        self.id: str = id
        self.contract: str = contract.label
        self.client: Any = None
        self.sent: list[Any] = []
        self.requests: list[Any] = []
        self.answers: deque[Any] | Callable[[Any], Any] = (
            answers if callable(answers) else deque(answers)
        )
        self.door: Door = Door.of(contract, Role.SERVER, wire, codec)
        # Mistakes shall show where they are made, as in asyncio's debug mode.
        self._here: Dialect = self.door.dialect.checked()
        self._there: Dialect = Door.of(contract, Role.CLIENT, wire, codec).dialect.checked()
        self._record = Record(self._here, self._there, self.sent)
        self.outbox: Outbox = self._record
        self._awaited = Awaited(self._record)
        self._handlers = FakeHandlers(self._here)
        self.dispatcher: Any = cast("Any", self._handlers)
        self._is_paused = False
        self._is_named = False
        self._end = (1006, "")

    # What the application asks of it

    @property
    def own(self) -> Handlers:
        """The handlers of this connection alone."""
        return self._handlers.own

    @property
    def close_code(self) -> int:
        """The code of ``close`` or ``lose``; 1006 before either."""
        return self._end[0]

    @property
    def close_reason(self) -> str:
        """The reason of ``close`` or ``lose``."""
        return self._end[1]

    @property
    def paused(self) -> bool:
        """Whether the application asked to hold delivery."""
        return self._is_paused

    @property
    def remote_address(self) -> Any:
        """An address at which nobody is."""
        return ADDRESS

    async def request(self, message: Any, timeout: float | None) -> Any:
        """Record a request and return what answers it, as it would arrive.

        Raises:
            EncodeError: it is no request of the contract, or its answer is none.
            ConnectionClosed: the connection ended, now or while an async answer was awaited.
            RequestTimeout: an async answer took longer than ``timeout`` seconds.
            AssertionError: there is no answer for it.
            Exception: the answer, if it is one.
        """
        payload = self._here.encode_request(message)
        self._record.check_open()
        self.requests.append(self._there.decode_request(payload))
        answer = self._next_answer(message)
        if inspect.isawaitable(answer):
            answer = await self._awaited.result(answer, timeout)
        if isinstance(answer, BaseException):
            raise answer
        return self._here.decode_reply(message, self._there.encode_reply(message, answer))

    def close(self, code: int = 1000, reason: str = "") -> Gate:
        """Refuse what is sent from now on; the hooks of the end run with ``lose``."""
        check_close(code, reason)
        self._refuse(code, reason)
        return super().close()

    def abort(self) -> None:
        """Refuse what is sent from now on."""
        self._refuse(1006, "")

    def pause(self) -> None:
        """Hold delivery: nothing can be received until ``resume``."""
        self._is_paused = True

    def resume(self) -> None:
        """Deliver again."""
        self._is_paused = False

    def rename(self, id: str) -> None:
        """Take an id that the application chose, once, and only on a wire without an opening.

        Raises:
            LocalProtocolError: the wire has an opening, or the id was set already.
            ValueError: it cannot be an id.
        """
        if self.door.wire.has_frames:
            raise LocalProtocolError("the id was agreed on in the opening and cannot change")
        if self._is_named:
            raise LocalProtocolError("the id was set already")
        check_id(id)
        self._is_named = True
        self.id = id

    # What the test does

    def receive(self, message: Any) -> Awaitable[None]:
        """Call the client's own handlers of a message, as if it had come from the peer.

        Plain ones have run then; await what is returned for async ones. What a handler raises
        comes out here.

        Raises:
            EncodeError: no client of the contract can send that.
            ConnectionClosed: the connection ended, so nothing comes any more.
            RuntimeError: the client is paused.
        """
        payload = self._there.encode(message)
        self._check_receiving()
        arrived: object = self._here.decode(payload)
        handlers = self._handlers.own.for_message(type(arrived))
        return self._call(handlers, arrived, self.client)

    async def ask(self, request: Any) -> Any:
        """Return what the client's own handler answers to a request, as the peer would get it.

        Raises:
            EncodeError: no client of the contract can ask that, or the answer is none to it.
            NoHandler: the client has no handler of its own for such requests.
            ConnectionClosed: the connection ended, so nothing comes any more.
            RuntimeError: the client is paused.
            Exception: whatever the handler raises, ``Refused`` among it.
        """
        payload = self._there.encode_request(request)
        self._check_receiving()
        arrived: object = self._here.decode_request(payload)
        handler = self._handlers.own.for_request(type(arrived))
        if handler is None:
            raise NoHandler(1)
        reply = handler(arrived, self.client)
        if inspect.isawaitable(reply):
            reply = await reply
        return self._there.decode_reply(request, self._here.encode_reply(arrived, reply))

    def lose(self, code: int = 1006, reason: str = "") -> Awaitable[None]:
        """End the connection and call the client's own hooks of the end; else as ``receive``.

        A code that was closed with before stays. It is that of a lost connection unless given.
        """
        self._refuse(code, reason)
        return self._call(self._handlers.own.ends, self.client)

    # Details

    def _next_answer(self, request: Any) -> Any:
        if callable(self.answers):
            return self.answers(request)
        if not self.answers:
            name = type(request).__name__
            raise AssertionError(f"no answer for {name}: give the fake one more in `answers`")
        return self.answers.popleft()

    def _refuse(self, code: int, reason: str) -> None:
        if self.outbox.refusal is None:
            self._end = (code, reason)
            self.outbox.refusal = ConnectionClosed(code, reason)
            self._awaited.end()

    def _check_receiving(self) -> None:
        self._record.check_open()
        if self._is_paused:
            raise RuntimeError("the client is paused, no handler would start: resume() it first")

    def _call(self, callbacks: Iterable[Callable[..., object]], *arguments: Any) -> Awaitable[None]:
        """Call plain functions now, and those behind an async one when that is awaited."""
        waiting = iter(callbacks)
        for callback in waiting:
            result = callback(*arguments)
            if inspect.isawaitable(result) and result is not READY:
                return self._go_on(result, waiting, arguments)
        return READY

    async def _go_on(
        self, result: Awaitable[object], behind: Iterable[Callable[..., object]], arguments: Any
    ) -> None:
        await result
        await self._call(behind, *arguments)


class Record(Outbox):
    """An outbox that keeps what it is given, as the other end would get it."""

    __slots__ = ("_here", "_sent", "_there")

    def __init__(self, here: Dialect, there: Dialect, sent: list[Any]) -> None:
        # Only what is looked at: there is neither a machine nor a loop to make the rest of.
        self.queued = 0
        self.refusal: ConnectionClosed | None = None
        self._here = here
        self._there = there
        self._sent = sent

    def check_open(self) -> None:
        """Refuse to go on behind the end.

        Raises:
            ConnectionClosed: the connection ended.
        """
        if self.refusal is not None:
            raise self.refusal

    def send(self, message: object) -> Ready:
        """Keep one message.

        Raises:
            EncodeError: it is no message of the contract.
            ConnectionClosed: the connection ended.
        """
        payload = self._here.encode(message)
        self.check_open()
        self._sent.append(self._there.decode(payload))
        return READY

    def write(self, payload: Payload) -> Ready:
        """Keep what a payload holds, or the payload where that is nothing of the contract."""
        self.check_open()
        try:
            self._sent.append(self._there.decode(payload))
        except DecodeError:
            self._sent.append(payload)
        return READY

    def room(self) -> Ready:
        """Return what waits for nothing."""
        self.check_open()
        return READY

    def drained(self) -> Ready:
        """Return what waits for nothing."""
        self.check_open()
        return READY


class Awaited:
    """The async answers that are waited for: up to a timeout, or to the end of the connection."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._scopes: set[asyncio.Timeout] = set()

    async def result(self, answer: Awaitable[Any], timeout: float | None) -> Any:
        """Return what ``answer`` gives, which is cancelled where it comes too late.

        Raises:
            RequestTimeout: it took longer than ``timeout`` seconds.
            ConnectionClosed: the connection ended before it came.
        """
        scope = asyncio.timeout(timeout)
        try:
            async with scope:
                self._scopes.add(scope)
                found = await answer
        except TimeoutError:
            # One of the answer's own is the answer.
            if not scope.expired():
                raise
            # Without a timeout only the end is too early; `or` is for the type checker.
            raise self._ended() or RequestTimeout(timeout or 0.0) from None
        finally:
            self._scopes.discard(scope)
        ended = self._ended()
        if ended is not None:
            raise ended
        return found

    def end(self) -> None:
        """Wait no more: the connection has ended."""
        for scope in self._scopes:
            if not scope.expired():
                # Any time that is over; the task is cancelled in the next turn of the loop.
                scope.reschedule(-math.inf)

    def _ended(self) -> ConnectionClosed | None:
        """Return the end as who has sent a request hears of it, if it has come."""
        refusal = self._record.refusal
        if refusal is None:
            return None
        return ConnectionClosed(refusal.code, refusal.reason, maybe_executed=True)


@dataclass
class FakeHandlers:
    """The part of a dispatcher that client objects look at."""

    dialect: Dialect
    own: Handlers

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.own = Handlers()
