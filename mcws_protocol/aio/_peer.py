"""Peer: the surface that both ends of a connection give the application."""

from __future__ import annotations

# `socket` is a property of the class below.
import socket as sockets
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Self, overload

from typing_extensions import TypeVar

from .._codec import Raw, expect_raw
from .._events import Payload
from .._message import Message, MessageType, RequestOf, RequestType
from .._vocabulary import Vocabulary
from ._connection import Connection
from ._handlers import Callback, Handlers, check_callback
from ._registration import Register, RegisterRequest
from ._sender import Sender

In = TypeVar("In", default=Raw)
Out = TypeVar("Out", default=Raw)
# A message type, and what answers it if it is a request.
M = TypeVar("M")
R = TypeVar("R")
# What arrives where there is no contract.
RawT = TypeVar("RawT", bytes, str)
# A client object without a contract.
P = TypeVar("P", bound="Peer[Raw, Any]")


class Peer(Sender[Out], Generic[In, Out]):
    """The other end of a connection, as the application sees it.

    Sending, closing and pausing are plain calls: they change state and schedule, and never run a
    handler. What they return may be awaited, and need not be.
    """

    __slots__ = ("_metadata",)

    def __init__(self, connection: Connection[In, Out]) -> None:
        super().__init__(connection)
        self._metadata: dict[str, Any] | None = None

    # What is known of the peer

    @property
    def id(self) -> str:
        """What the server calls this client; empty before the opening is over."""
        return self._connection.id

    @property
    def contract(self) -> str:
        """The peer's ``name/version:fingerprint``; empty where it has no contract."""
        return self._connection.contract

    @property
    def metadata(self) -> dict[str, Any]:
        """Free-form storage for the application; never sent."""
        # Made when it is asked for: most of many clients never need one.
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    @property
    def socket(self) -> sockets.socket | None:
        """The underlying socket, to look at and to set options on; None where there is none."""
        transport = self._connection.transport
        return None if transport is None else transport.get_extra_info("socket")

    @property
    def remote_address(self) -> Any:
        """The peer's address as ``socket.getpeername`` gives it; None where there is none."""
        return self._connection.remote_address

    @property
    def rtt(self) -> float | None:
        """Seconds from the last keepalive PING to its PONG; None before the first."""
        return self._connection.rtt

    @property
    def skipped(self) -> int:
        """Messages of the peer that were left out.

        Their type is not known here, perhaps of a younger version; or the mode is simplex, and a
        client sent messages or requests all the same.
        """
        return self._connection.skipped

    # Sending

    def write(self, payload: Payload, /) -> Awaitable[None]:
        """Queue one payload as it is, past the codec; else as ``send``."""
        return self._connection.outbox.write(expect_raw(payload))

    def room(self) -> Awaitable[None]:
        """Return what waits until less than ``limits.outbox_high_bytes`` wait to be sent.

        Many producers that share a connection await it before each ``send``.
        """
        return self._connection.outbox.room()

    def flush(self) -> Awaitable[None]:
        """Return what waits until all that was sent has been handed to the operating system."""
        return self._connection.outbox.drained()

    @overload
    async def request(self, request: RequestOf[Out, R], /, *, timeout: float | None = 5.0) -> R:
        """Send a request of the contract; the type of the reply belongs to it."""

    @overload
    async def request(self: Peer[Any, Raw], request: Raw, /, *, timeout: float | None = 5.0) -> In:
        """Send ``bytes`` or ``str`` where there is no contract."""

    @overload
    async def request(self: Peer[Any, str], request: str, /, *, timeout: float | None = 5.0) -> In:
        """Send text, where the contract has nothing else."""

    @overload
    async def request(
        self: Peer[Any, bytes], request: bytes, /, *, timeout: float | None = 5.0
    ) -> In:
        """Send bytes, where the contract has nothing else."""

    async def request(self, request: Any, /, *, timeout: float | None = 5.0) -> Any:
        """Send a request and return the message that answers it.

        ``timeout`` is in seconds, above 0, None for no end; the peer is told of it. Cancelling the
        task that waits cancels the handler at the other end. On a plain wire one request is under
        way at a time, the next message is its answer, and giving one up closes the connection.

        Raises:
            RequestTimeout: no answer came in time.
            RequestFailed: the peer answered with an error; ``NoHandler`` and ``BadRequest`` are the
                two that say that the ends do not agree.
            ConnectionClosed: the connection ended; ``maybe_executed`` says whether the request may
                have reached its handler.
            LocalProtocolError: the peer takes no requests, or the mode has none from this end.
            EncodeError: ``request`` is no request of the contract, or cannot be expressed.
            DecodeError: the answer does not decode.
            ValueError: ``timeout`` is not above 0.
        And all that ``send`` raises.
        """
        # Not `timeout <= 0`, which is false for a NaN.
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout must be above 0 seconds, not {timeout!r}")
        return await self._connection.request(request, timeout)

    # Receiving

    def on_message(self, callback: Callable[[In, Self], object]) -> Self:
        """Call ``callback(message, client)`` for each message, plain or async; several may be."""
        self._handlers().add_message(callback)
        self._listen()
        return self

    def off_message(self, callback: Callable[[In, Self], object]) -> Self:
        """Take back the first registration of ``callback``; nothing happens if there is none."""
        self._handlers().remove_message(callback)
        return self

    def on_request(
        self, callback: Callable[[In, Self], Out | Message | Awaitable[Out | Message]]
    ) -> Self:
        """Answer each request that ``on`` has no handler for with what ``callback`` returns.

        ``callback(request, client)`` may be plain or async.

        Raises:
            ValueError: there is such a callback already.
        """
        self._handlers().set_request(callback)
        return self

    @overload
    def on(self, kind: RequestType[M, In, R], /) -> RegisterRequest[M, Self, R]:
        """Decorate ``f(request, client) -> reply`` for the requests of one type."""

    @overload
    def on(self, kind: MessageType[M, In], /) -> Register[M, Self]:
        """Decorate ``f(message, client)`` for the messages of one type."""

    @overload
    def on(self: P, kind: type[RawT], /) -> Register[RawT, P]:
        """Decorate ``f(message, client)`` for ``bytes`` or for ``str``."""

    @overload
    def on(self, kind: type[In], /) -> Register[In, Self]:
        """Decorate ``f(message, client)`` for messages of a type of the codec's own."""

    def on(self, kind: Any, /) -> Any:
        """Decorate a function, plain or async, for the messages or the requests of one type.

        For a ``Request`` it is ``f(request, client) -> reply``, for any other type
        ``f(message, client)``. A base class stands for the messages of all of its subclasses. The
        decorator returns ``f`` itself.

        Raises:
            TypeError: ``kind`` is not a class, or one that the peer of this contract never sends.
            ValueError: requests of that type have a handler already.
        """
        register = self._handlers().registrar(self._incoming().check(kind))

        def listen(callback: Callback) -> Callback:
            """Register ``callback``, have what waits for it come, and give it back."""
            register(callback)
            self._listen()
            return callback

        return listen

    def on_close(self, callback: Callable[[Self], object]) -> Self:
        """Call ``callback(client)``, plain or async, once, when the connection has ended."""
        check_callback(callback)
        handlers = self._handlers()
        handlers.ends = (*handlers.ends, callback)
        return self

    def on_error(self, callback: Callable[[Exception, Self], object]) -> Self:
        """Call ``callback(error, client)``, plain or async, for each error of this connection.

        These are what handlers raise, what does not decode, what breaks the protocol, what the
        transport reports, and ``MessagesLost``.
        """
        check_callback(callback)
        handlers = self._handlers()
        handlers.errors = (*handlers.errors, callback)
        return self

    @property
    def paused(self) -> bool:
        """Whether delivery is held by ``pause``."""
        return self._connection.paused

    def pause(self) -> None:
        """Hold delivery: no message handler starts until ``resume``.

        What arrives waits here; above ``limits.inbox_high_bytes`` reading pauses, and the peer
        feels it. The end of the connection lifts the hold, so that nothing received is lost.
        """
        self._connection.pause()

    def resume(self) -> None:
        """Deliver again, from the next turn of the loop on."""
        self._connection.resume()

    # Ending

    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None]:
        """Close politely: stop delivery, send what is queued, then say goodbye.

        What is returned may be awaited: it waits until the connection is gone, at most
        ``limits.close_s`` seconds. Closing again changes nothing.

        Raises:
            TypeError: ``code`` is not an integer, or ``reason`` not text.
            ValueError: ``code`` is none of 1000, 1001, 1008, 1011-1013, 3000-3999, 4100-4999, or
                ``reason`` is longer than 123 bytes of UTF-8.
        """
        return self._connection.close(code, reason)

    def abort(self) -> None:
        """End at once; what waits to be sent is dropped."""
        self._connection.abort()

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._connection.closed

    @property
    def close_code(self) -> int:
        """The received close code, else the sent one, else 1006 (as long as nothing was said)."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str:
        """The reason that came with the close code."""
        return self._connection.close_reason

    # Details

    def _handlers(self) -> Handlers:
        return self._connection.own

    def _incoming(self) -> Vocabulary:
        """Return the messages that arrive here."""
        return self._connection.dispatcher.dialect.incoming

    def _listen(self) -> None:
        """Take note that there is a message handler now."""

    def __repr__(self) -> str:
        state = f"closed {self.close_code}" if self.closed else "open"
        return f"<{type(self).__name__} {self.id or 'without id'} {state}>"
