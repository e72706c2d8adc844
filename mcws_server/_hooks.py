"""Hooks: the registering side of a server, where the application says what it wants to hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Self, overload

from typing_extensions import TypeVar

from mcws_protocol import Contract, Message, MessageType, Raw, RequestType, Role
from mcws_protocol.aio import Handlers, Register, RegisterRequest, check_callback

from ._connected import ClientContract, ConnectedClient

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
C = TypeVar("C", bound=ClientContract, default=ConnectedClient[Up, Down])
# A message type, and what answers it if it is a request.
M = TypeVar("M")
R = TypeVar("R")
# What arrives where there is no contract.
RawT = TypeVar("RawT", bytes, str)


class Hooks(Generic[Up, Down, C]):
    """What a server calls, and when.

    Every call returns the server, so that calls chain. Several callbacks of a kind run in the
    order of their registration. Each may be plain or async.
    """

    contract: Contract[Any, Any]

    def __init__(self) -> None:
        super().__init__()
        self._handlers = Handlers()

    # Coming and going

    def on_client_connect(self, callback: Callable[[C], object]) -> Self:
        """Call ``callback(client)`` when a client has connected, before its first message."""
        check_callback(callback)
        # A new tuple, as for all hooks: a round of calls that is under way goes over the old one.
        self._handlers.connects = (*self._handlers.connects, callback)
        return self

    def on_client_disconnect(self, callback: Callable[[C], object]) -> Self:
        """Call ``callback(client)`` exactly once when a client is gone, after its last message."""
        check_callback(callback)
        self._handlers.ends = (*self._handlers.ends, callback)
        return self

    # What arrives

    def on_client_message(self, callback: Callable[[Up, C], object]) -> Self:
        """Call ``callback(message, client)`` for each message, one at a time per client."""
        self._handlers.add_message(callback)
        return self

    def on_client_request(
        self, callback: Callable[[Up, C], Down | Message | Awaitable[Down | Message]]
    ) -> Self:
        """Answer each request that ``on`` has no handler for with what ``callback`` returns.

        ``callback(request, client)`` may be plain or async.

        Raises:
            ValueError: there is such a callback already: a request has exactly one answer.
        """
        self._handlers.set_request(callback)
        return self

    # What goes wrong

    def on_client_error(self, callback: Callable[[Exception, C], object]) -> Self:
        """Call ``callback(error, client)`` for what goes wrong with one client.

        These are what handlers raise, what does not decode, what breaks the protocol, what the
        transport reports, and ``MessagesLost``.
        """
        check_callback(callback)
        self._handlers.errors = (*self._handlers.errors, callback)
        return self

    # Messages of one type

    @overload
    def on(self, kind: RequestType[M, Up, R], /) -> RegisterRequest[M, C, R]:
        """Decorate ``f(request, client) -> reply`` for the requests of one type."""

    @overload
    def on(self, kind: MessageType[M, Up], /) -> Register[M, C]:
        """Decorate ``f(message, client)`` for the messages of one type."""

    @overload
    def on(self: Hooks[Raw, Any, C], kind: type[RawT], /) -> Register[RawT, C]:
        """Decorate ``f(message, client)`` for ``bytes`` or for ``str``."""

    @overload
    def on(self, kind: type[Up], /) -> Register[Up, C]:
        """Decorate ``f(message, client)`` for messages of a type of the codec's own."""

    def on(self, kind: Any, /) -> Any:
        """Decorate a function, plain or async, for the messages or the requests of one type.

        For a ``Request`` it is ``f(request, client) -> reply``, for any other type
        ``f(message, client)``. A base class stands for the messages of all of its subclasses. The
        decorator returns ``f`` itself.

        Raises:
            TypeError: ``kind`` is not a class, or one that no client of this contract sends.
            ValueError: requests of that type have a handler already.
        """
        return self._handlers.registrar(self.contract.incoming(Role.SERVER).check(kind))
