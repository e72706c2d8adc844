"""Lobby: lets connections in, gives each its client object and id, and sees them out.

A client is in the registry from just before its connect hook until just before its disconnect
hook. An id that connects again replaces the old client: that one leaves the registry at once, its
hooks finish, and only then the new one is welcomed.

Source: WIRE 3, FAULTS 3 and 17.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, TypeAlias

from mcws_protocol import (
    FEATURE_REQUESTS,
    CloseFrame,
    DrainFrame,
    HelloFrame,
    RejectFrame,
    RemoteProtocolError,
    WelcomeFrame,
    check_id,
    shown,
)
from mcws_protocol.aio import HANDLING, Connection, Handlers, Hub, Owner, Peer, Rest

from ._registry import Link, Registry

REPLACED: Final = CloseFrame(4002, "replaced by a newer connection of the same id")
ClientFactory: TypeAlias = Callable[[Connection[Any, Any]], Any]
# Who waits to be welcomed under an id, and until when.
Waiting: TypeAlias = tuple[Link, HelloFrame, asyncio.TimerHandle]


class Lobby(Owner):
    """All connections of one server, from their transport to their last hook.

    Attributes:
        registry: those whose client the application knows.
        unheard_count: messages that were dropped since nobody handles messages.
        stopping: the refusal for those who come too late; None while all are welcome.
        on_empty: told when the last connection is gone while stopping.
    """

    def __init__(self, hub: Hub, registry: Registry, factory: ClientFactory, contract: str) -> None:
        self.hub = hub
        self.registry = registry
        self.unheard_count = 0
        self.stopping: RejectFrame | None = None
        self.on_empty: Callable[[], None] = self._stay
        self._factory = factory
        self._contract = contract
        self._present: set[Link] = set()
        self._leaving: dict[str, Link] = {}
        self._waiting: dict[str, Waiting] = {}
        self._watchers: list[asyncio.Future[None]] = []
        # The connections whose handlers wait for the end of all others.
        self._askers: list[object] = []

    # Stopping

    def __await__(self) -> Generator[Any, None, None]:
        """Wait until all connections are gone, but for the one whose handler waits."""
        return self._wait_empty().__await__()

    async def drain(self, farewell: CloseFrame, window_s: float, stop_after_s: float) -> None:
        """Let everybody finish and go; after ``stop_after_s`` seconds, abort what is left."""
        ends_at = self.hub.loop.time() + stop_after_s
        for connection in self.registry.connections():
            if connection.has_frames and not connection.closed:
                notice = DrainFrame(round(window_s * 1000), farewell.reason)
                connection.outbox.put(notice)
        await self._is_empty_within(window_s)
        # Also the connection whose handler waits for this: it ends behind that handler.
        for connection in tuple(self._present):
            if connection.is_open:
                connection.wind_down(farewell)
            elif not connection.closed:
                # WIRE 3: until WELCOME every refusal is a REJECT.
                assert self.stopping is not None, "the doors are shut before"
                self._reject(connection, self.stopping)
        if not await self._is_empty_within(ends_at - self.hub.loop.time()):
            for connection in tuple(self._others()):
                connection.give_up(farewell)
            await self._is_empty_within(self.hub.limits.close_s)
        self._check_empty()

    def close_all(self, farewell: CloseFrame) -> None:
        """Close every connection now."""
        for connection in tuple(self._present):
            if connection.is_open:
                connection.close_with(farewell)
            else:
                connection.abort()
        self._check_empty()

    async def _is_empty_within(self, seconds: float) -> bool:
        if self._others():
            waiting = asyncio.ensure_future(self._wait_empty())
            try:
                await asyncio.wait({waiting}, timeout=seconds)
            finally:
                waiting.cancel()
        return not self._others()

    async def _wait_empty(self) -> None:
        asker = HANDLING.get()
        self._askers.append(asker)
        try:
            while self._others():
                watcher = self.hub.loop.create_future()
                self._watchers.append(watcher)
                try:
                    await watcher
                finally:
                    self._watchers.remove(watcher)
        finally:
            self._askers.remove(asker)

    def _others(self) -> set[Link]:
        """Return all connections, for a handler but its own and those whose handlers ask too."""
        asker = HANDLING.get()
        if asker not in self._present:
            return self._present
        return {link for link in self._present if link is not asker and link not in self._askers}

    def _check_empty(self) -> None:
        if self.stopping is not None and not self._present:
            self.on_empty()

    def _stay(self) -> None:
        """Do nothing, where nobody asked to be told of the last client's end."""

    # Coming in

    def made(self, connection: Link, /) -> None:
        """Let in a connection whose wire has no opening; others say HELLO first."""
        self._present.add(connection)
        if connection.has_opening:
            return
        if self.stopping is not None:
            connection.abort()
        else:
            self._admit(connection, self.registry.new_id(), None)

    def greeted(self, connection: Link, frame: HelloFrame, /) -> None:
        """Decide on a client that said HELLO, or that waited since."""
        if connection.closed:
            return
        refusal = self.stopping or self._check(frame)
        if refusal is not None:
            self._reject(connection, refusal)
            return
        id = frame.id or self.registry.new_id()
        older = self.registry.get(id)
        if older is not None:
            self.registry.remove(older)
            self._leaving[id] = older
            older.close_with(REPLACED)
        if id in self._leaving:
            self._wait_for(id, connection, frame)
        else:
            self._admit(connection, id, frame)

    def _check(self, frame: HelloFrame) -> RejectFrame | None:
        if frame.contract and frame.contract != self._contract:
            ours = self._contract or "no contract"
            return RejectFrame(4004, 0, f"contract is {frame.contract}, here it is {ours}")
        return None

    def _wait_for(self, id: str, connection: Link, frame: HelloFrame) -> None:
        """Welcome ``connection`` when the hooks of the one that it replaces have ended."""
        if id in self._waiting:
            older, _, timer = self._waiting[id]
            self._reject(older, RejectFrame(REPLACED.code, 0, REPLACED.reason))
        else:
            timer = self.hub.loop.call_later(self.hub.limits.close_s, self._let_in, id)
        self._waiting[id] = (connection, frame, timer)

    def _let_in(self, id: str) -> None:
        self._leaving.pop(id, None)
        if id in self._waiting:
            connection, frame, timer = self._waiting.pop(id)
            timer.cancel()
            # Meanwhile the server may stop, and a plain client may have taken the id.
            self.greeted(connection, frame)

    def _admit(self, connection: Link, id: str, frame: HelloFrame | None) -> None:
        """Make the client object, enter it, say WELCOME and begin to deliver."""
        connection.id = id
        connection.contract = "" if frame is None else frame.contract
        try:
            client: Any = self._factory(connection)
            if self.registry.of(client) is not None:
                raise RuntimeError("the client object that it returned is in use")
            if not is_peer(client):
                self._adopt(connection, client)
        except Exception as error:
            self.hub.log.error("client_factory %r failed", self._factory, exc_info=error)
            self._reject(connection, RejectFrame(1011, 0, "no client object could be made"))
            return
        if connection.closed:
            # The factory refused the client by ending its connection.
            return
        connection.dispatcher.keep = self._drop
        if frame is not None:
            connection.outbox.put(self._welcome(id, frame))
        connection.open(client)
        self.registry.add(connection)
        address = connection.remote_address
        self.hub.log.info("client %s connected from %s", shown(id), address)

    def _adopt(self, connection: Link, client: Any) -> None:
        """Have a client of a class of the application's own pass its messages on to the server."""
        handlers = self.hub.handlers
        dispatcher = connection.dispatcher
        dispatcher.shared = Handlers()

        def relay(message: Any, client: Any) -> Awaitable[None] | None:
            return dispatcher.call(handlers.for_message(message.__class__), message, client)

        client.on_message(relay)

    def _welcome(self, id: str, frame: HelloFrame) -> WelcomeFrame:
        limits = self.hub.limits
        own = round(limits.keepalive_s)
        return WelcomeFrame(
            frame_bytes_max=limits.frame_bytes_max,
            keepalive_s=min(own, frame.keepalive_s) if frame.keepalive_s else own,
            features=frame.features & FEATURE_REQUESTS,
            id=id,
            contract=self._contract,
        )

    def _reject(self, connection: Link, frame: RejectFrame) -> None:
        self.hub.log.info(
            "connection from %s rejected with %d: %s",
            connection.remote_address,
            frame.code,
            shown(frame.reason),
        )
        if connection.has_opening:
            connection.reject(frame)
        else:
            connection.abort()

    def refused(self, connection: Link, error: Exception, /) -> None:
        """Give up on a connection that never became a client."""
        self._stop_waiting(connection)
        if connection.is_lost:
            self._forget(connection)
        else:
            assert isinstance(error, RemoteProtocolError), "a server is never rejected"
            self.hub.log.warning("connection from %s refused: %s", connection.remote_address, error)
            connection.reject(RejectFrame(error.code, 0, error.reason))

    def _stop_waiting(self, connection: Link) -> None:
        for id, (waiting, _, timer) in tuple(self._waiting.items()):
            if waiting is connection:
                timer.cancel()
                del self._waiting[id]

    # Being there

    def connected(self, connection: Link, /) -> Rest | None:
        """Run the connect hooks."""
        return connection.dispatcher.call(self.hub.handlers.connects, connection.dispatcher.client)

    def _drop(self, size: int, message: object, client: object) -> None:
        """Count a message that nobody handles, and say so once."""
        if not self.unheard_count:
            self.hub.log.warning("a message was dropped: there is no message handler")
        self.unheard_count += 1

    def renamed(self, connection: Link, id: str, /) -> None:
        """Enter a connection under the id that the application chose, in place of any other."""
        check_id(id)
        if id == connection.id:
            return
        older = self.registry.get(id)
        if older is not None:
            self.registry.remove(older)
            older.close_with(REPLACED)
        self.registry.rename(connection, id)

    # Going out

    def ended(self, connection: Link, /) -> Rest | None:
        """Run the disconnect hooks, then the client's own."""
        self.registry.remove(connection)
        self.hub.log.info(
            "client %s disconnected with %d", shown(connection.id), connection.close_code
        )
        hooks = self.hub.handlers.ends
        if connection.dispatcher.own is not None:
            hooks += connection.dispatcher.own.ends
        return connection.dispatcher.call(hooks, connection.dispatcher.client)

    def gone(self, connection: Link, /) -> None:
        """Forget a connection whose hooks have ended, and let in who waited for that."""
        self._forget(connection)
        if self._leaving.get(connection.id) is connection:
            self._let_in(connection.id)

    def _forget(self, connection: Link) -> None:
        self._present.discard(connection)
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._check_empty()


def is_peer(client: object) -> bool:
    """Whether a client object is one of ours, which messages reach without its help."""
    return isinstance(client, Peer)
