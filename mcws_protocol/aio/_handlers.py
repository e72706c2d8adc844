"""Handlers: the user functions that were registered for one server, client or connection.

Every list is copied when it changes, so registering while handlers run is safe: what is running
goes on with the list it began with, the next message sees the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from .._message import is_request

Callback: TypeAlias = Callable[..., object]
"""A user function, plain or async."""

Rest: TypeAlias = Coroutine[Any, Any, None]
"""What a handler left to await, with the handlers behind it."""

NOTHING: Final[tuple[Callback, ...]] = ()


class Handlers:
    """User functions by occasion, each occasion in order of registration.

    Attributes:
        by_type: the callbacks for messages of each type that was asked for; forgotten whenever one
            is registered or taken back.
        connects: hooks ``(client)``.
        ends: hooks ``(client)`` for the end of a connection.
        errors: hooks ``(error, client)``.
    """

    __slots__ = (
        "_messages",
        "_request",
        "_requests",
        "by_type",
        "connects",
        "ends",
        "errors",
    )

    def __init__(self) -> None:
        self.connects: tuple[Callback, ...] = NOTHING
        self.ends: tuple[Callback, ...] = NOTHING
        self.errors: tuple[Callback, ...] = NOTHING
        self._messages: tuple[tuple[type | None, Callback], ...] = ()
        self.by_type: dict[type, tuple[Callback, ...]] = {}
        self._request: Callback | None = None
        self._requests: dict[type, Callback] = {}

    def add_message(self, callback: Callback, kind: type | None = None) -> None:
        """Register ``(message, client)`` for all messages, or for those of one type."""
        check_callback(callback)
        self._messages = (*self._messages, (kind, callback))
        self.by_type = {}

    def remove_message(self, callback: Callback) -> None:
        """Take back the first registration of ``callback`` for all messages, if there is one."""
        entry = (None, callback)
        # By equality: each look at `obj.method` makes another object of the same method.
        if entry in self._messages:
            at = self._messages.index(entry)
            self._messages = self._messages[:at] + self._messages[at + 1 :]
            self.by_type = {}

    def for_message(self, kind: type) -> tuple[Callback, ...]:
        """Return the callbacks for messages of exactly the type ``kind``."""
        found = self.by_type.get(kind)
        if found is None:
            found = tuple(
                callback
                for accepted, callback in self._messages
                if accepted is None or issubclass(kind, accepted)
            )
            self.by_type[kind] = found
        return found

    def set_request(self, callback: Callback, kind: type | None = None) -> None:
        """Register ``(request, client) -> reply`` for all requests, or for those of one type.

        Raises:
            ValueError: there is one already; a request has exactly one answer.
        """
        check_callback(callback)
        if kind is None:
            if self._request is not None:
                raise ValueError(f"requests are handled by {self._request!r} already")
            self._request = callback
        elif kind in self._requests:
            known = self._requests[kind]
            raise ValueError(f"{kind.__name__} is handled by {known!r} already")
        else:
            self._requests[kind] = callback

    def registrar(self, kind: type) -> Callable[[Callback], Callback]:
        """Return what registers a function for the messages or requests of one type.

        It returns the function itself, and raises as ``set_request`` for a second handler of
        requests.
        """

        def register(callback: Callback) -> Callback:
            """Register ``callback`` for that type, and give it back."""
            if is_request(kind):
                self.set_request(callback, kind)
            else:
                self.add_message(callback, kind)
            return callback

        return register

    def for_request(self, kind: type) -> Callback | None:
        """Return the callback for requests of exactly the type ``kind``; None if there is none."""
        return self._requests.get(kind, self._request)


def check_callback(callback: object, name: str = "callback") -> None:
    """Refuse what cannot be called.

    Raises:
        TypeError: naming the argument.
    """
    if not callable(callback):
        raise TypeError(f"{name} must be callable, not {callback!r}")


def is_awaitable(result: Any) -> bool:
    """Whether what a handler returned has to be awaited."""
    # One look-up where `inspect.isawaitable` makes several, for every result.
    return hasattr(result, "__await__")
