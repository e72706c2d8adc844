"""Hooks: the registering side of a server, where the application says what it wants to hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Self

from typing_extensions import TypeVar

from mcws_protocol import Raw
from mcws_protocol.aio import Handlers, check_callback, check_type

from ._connected import ConnectedClient

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
C = TypeVar("C", default=ConnectedClient[Up, Down])
# A message type, and what its handler returns: a decorated function keeps its type.
M = TypeVar("M")
R = TypeVar("R")


class Hooks(Generic[Up, Down, C]):
    """What a server calls, and when.

    Every call returns the server, so that calls chain. Several callbacks of a kind run in the
    order of their registration. Each may be plain or async.
    """

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

    def on_client_request(self, callback: Callable[[Up, C], Down | Awaitable[Down]]) -> Self:
        """Answer each request with what ``callback(request, client)`` returns.

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

    def on(self, kind: type[M], /) -> Callable[[Callable[[M, C], R]], Callable[[M, C], R]]:
        """Decorate ``f(message, client)``, plain or async, for the messages of one type.

        The decorator returns ``f`` itself.

        Raises:
            TypeError: ``kind`` is not a class.
        """
        check_type(kind)

        def register(callback: Callable[[M, C], R]) -> Callable[[M, C], R]:
            """Register ``callback`` for messages of that type, and give it back."""
            self._handlers.add_message(callback, kind)
            return callback

        return register
