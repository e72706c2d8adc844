"""The ends of a connection under test: what a suite asks of a server and of a client.

What is not in ``ServerUnderTest`` or ``ClientUnderTest`` is optional: an end that has the method
gets it called, and a promise that needs it demands it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol, Self

from ._events import Events
from ._promises import Promise


class ServerUnderTest(Protocol):
    """What a suite asks of a server that runs.

    Optional, each plain or async: ``broadcast(payload)``; for ``Promise.FILTER``
    ``broadcast(payload, filter)`` with ``filter(client) -> bool`` of what ``events`` was given;
    ``drain()``, which is a polite ``stop``; ``clients``, a collection of the connections.
    """

    @property
    def port(self) -> int:
        """Where it listens, on the host named ``server``."""
        ...

    @property
    def events(self) -> Events:
        """What its hooks saw."""
        ...

    def stop(self) -> Any:
        """End it with all its connections; plain or async."""
        ...


class ClientUnderTest(Protocol):
    """What a suite asks of a client that is connected.

    Optional, each plain or async: ``request(payload)``, which returns the reply and may run beside
    ``receive``; ``pause()`` and ``resume()`` of receiving; ``half_close()``, which ends the own
    direction only; ``abort()``, which ends the connection at once.
    """

    def send(self, payload: bytes, /) -> Any:
        """Send a message; plain or async, in which case it may wait for room."""
        ...

    def receive(self) -> Awaitable[bytes | str]:
        """Return the next message; raise an exception when there will be none."""
        ...

    def close(self) -> Any:
        """End the connection politely; plain or async."""
        ...


@dataclass(frozen=True)
class Served:
    """A ``ServerUnderTest`` put together of functions, for a server that has other names for them.

    Attributes:
        port: where it listens.
        events: what its hooks saw.
        stop: ends it.
        broadcast: sends to all; None if it has no such thing.
        drain: ends it politely; None if it has no such thing.
        registry: returns the connections; None if it has no such thing.
    """

    port: int
    events: Events
    stop: Callable[[], Any]
    broadcast: Callable[..., Any] | None = None
    drain: Callable[[], Any] | None = None
    registry: Callable[[], Any] | None = None

    @classmethod
    def of(cls, server: Any, port: int, events: Events, **others: Any) -> Self:
        """Return ``server`` with its methods of these names; ``others`` are named otherwise."""
        names = ("stop", "broadcast", "drain")
        found: dict[str, Any] = {name: getattr(server, name, None) for name in names} | others
        if hasattr(server, "clients"):
            found.setdefault("registry", lambda: server.clients)
        return cls(port, events, **found)

    @property
    def clients(self) -> Any:
        """The connections that it has; None if it does not say."""
        return None if self.registry is None else self.registry()


@dataclass(frozen=True)
class Connected:
    """A ``ClientUnderTest`` put together of functions, for a client with other names for them.

    Attributes:
        send: sends a message.
        receive: returns the next one.
        close: ends the connection politely.
        request: returns the reply to a request; None, as for all below, if there is no such thing.
        pause: stops receiving.
        resume: receives again.
        half_close: ends the own direction.
        abort: ends the connection at once.
    """

    send: Callable[[bytes], Any]
    receive: Callable[[], Awaitable[bytes | str]]
    close: Callable[[], Any]
    request: Callable[[bytes], Any] | None = None
    pause: Callable[[], Any] | None = None
    resume: Callable[[], Any] | None = None
    half_close: Callable[[], Any] | None = None
    abort: Callable[[], Any] | None = None

    @classmethod
    def of(cls, client: Any, **others: Any) -> Self:
        """Return ``client`` with its methods of these names; ``others`` are named otherwise."""
        names = [field.name for field in fields(cls)]
        found: dict[str, Any] = {name: getattr(client, name, None) for name in names} | others
        return cls(**found)


SERVER_NEEDS: Final = {
    Promise.BROADCAST: "broadcast",
    Promise.FILTER: "broadcast",
    Promise.DRAIN: "drain",
    Promise.REGISTRY: "clients",
}
"""What a server has to have for a promise."""
CLIENT_NEEDS: Final = {
    Promise.REPLIES: "request",
    Promise.PROMPT: "request",
    Promise.HALF_CLOSE: "half_close",
    Promise.PAUSE: "pause",
}
"""What a client has to have for a promise."""


def method(end: object, name: str) -> Callable[..., Any] | None:
    """Return an optional method of an end; None if it has none."""
    found: Callable[..., Any] | None = getattr(end, name, None)
    return found


def check_needs(end: object, needs: dict[Promise, str], promises: frozenset[Promise]) -> None:
    """Refuse an end that cannot keep a promise.

    Raises:
        TypeError: a method is missing.
    """
    for promise, name in needs.items():
        if promise in promises and method(end, name) is None:
            raise TypeError(
                f"{promise} is promised, which needs `{name}`, and {end!r} has none: "
                "add it, or take the promise out of `promises`"
            )


async def called(result: Any) -> Any:
    """Return what a plain or async method returned."""
    return await result if inspect.isawaitable(result) else result
