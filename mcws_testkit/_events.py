"""Events: what the hooks of a server under test saw, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias

EventKind: TypeAlias = Literal["connected", "message", "request", "begun", "done", "disconnected"]


class PlannedError(Exception):
    """What a hook raises because the script has it so."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a hook saw.

    Attributes:
        time_s: when, on the clock of the loop.
        kind: what; ``begun`` and ``done`` frame a handler that takes time.
        session: the number of the connection, from 1 in the order of their first events.
        payload: of a message or a request.
    """

    time_s: float
    kind: EventKind
    session: int
    payload: bytes = b""


class Handling:
    """The work of one hook, which takes as long as the script says; it need not be awaited."""

    def __init__(self, events: Events, session: int, payload: bytes, result: bytes) -> None:
        self._events = events
        self._session = session
        self._payload = payload
        self._result = result

    def __await__(self) -> Generator[object, None, bytes]:
        """Take the time of the script; return the message, or the reply to a request."""
        seconds = self._events.slow_s.get(self._payload, 0.0)
        if seconds:
            self._events.note("begun", self._session, self._payload)
            try:
                yield from asyncio.sleep(seconds).__await__()
            finally:
                self._events.note("done", self._session, self._payload)
        return self._result


class Events:
    """A log that the hooks of a server write, each with one call.

    ``client`` is whatever tells one connection from another: an object of the server, a writer of
    asyncio, the address of the peer. A hook that can wait awaits what it gets back, so that
    handlers may be slow; one that cannot may drop it.

    ::

        server.on_client_connect(events.connected)
        server.on_client_message(lambda message, client: events.message(client, message))
        server.on_client_disconnect(events.disconnected)

    Attributes:
        log: what happened.
        slow_s: the seconds that the handling of a payload takes; set by the suite.
        poison: the payloads whose handling raises ``PlannedError``; set by the suite.
        replies: the reply to each request that has another one than itself; set by the suite.
    """

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.slow_s: dict[bytes, float] = {}
        self.poison: set[bytes] = set()
        self.replies: dict[bytes, bytes] = {}
        self._sessions: dict[Hashable, int] = {}
        self._over: set[int] = set()
        # So that the identity of an object that cannot be hashed is not used again.
        self._clients: list[object] = []
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    # What hooks call

    def connected(self, client: object) -> None:
        """Write down that a connection was made."""
        key = self._key(client)
        if self._sessions.get(key) in {None, *self._over}:
            self._begin(key, client)
        self.note("connected", self._sessions[key])

    def message(self, client: object, payload: bytes | str) -> Awaitable[bytes]:
        """Write down a message; awaited, it takes its time and returns the message.

        Raises:
            PlannedError: the script wants this handler to fail.
        """
        session, data = self._take("message", client, payload)
        return Handling(self, session, data, data)

    def request(self, client: object, payload: bytes | str) -> Awaitable[bytes]:
        """Write down a request; awaited, it takes its time and returns the reply to be sent."""
        session, data = self._take("request", client, payload)
        return Handling(self, session, data, self.replies.get(data, data))

    def disconnected(self, client: object) -> None:
        """Write down that a connection has ended."""
        session = self.session(client)
        self.note("disconnected", session)
        self._over.add(session)

    # What the suite asks

    def session(self, client: object) -> int:
        """Return the number of a connection, a new one if it was never told."""
        key = self._key(client)
        if key not in self._sessions:
            self._begin(key, client)
        return self._sessions[key]

    @property
    def open_sessions(self) -> list[int]:
        """The connections that were told and whose end was not."""
        told = dict.fromkeys(event.session for event in self.log if event.kind == "connected")
        return [session for session in told if session not in self._over]

    def note(self, kind: EventKind, session: int, payload: bytes = b"") -> None:
        """Write down what happens now."""
        # Kept, since a handler may be ended by force when no loop runs any more.
        self._loop = self._loop or asyncio.get_running_loop()
        self.log.append(Event(self._loop.time(), kind, session, payload))

    # Details

    def _take(self, kind: EventKind, client: object, payload: bytes | str) -> tuple[int, bytes]:
        """Write down what came from a client; return who it is and the bytes."""
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        session = self.session(client)
        self.note(kind, session, data)
        if data in self.poison:
            raise PlannedError("the script has this handler fail")
        return session, data

    def _begin(self, key: Hashable, client: object) -> None:
        """Give a connection its number."""
        self._count += 1
        self._sessions[key] = self._count
        self._clients.append(client)

    def _key(self, client: object) -> Hashable:
        """Return what tells a client from others: itself, or its identity."""
        return client if callable(getattr(client, "__hash__", None)) else id(client)

    def __repr__(self) -> str:
        return f"<Events {len(self.log)} of {self._count} connections>"
