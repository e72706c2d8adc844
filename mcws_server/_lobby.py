"""Lobby: lets connections in, gives each its client object and id, and sees them out.

A client is in the registry from just before its connect hook until just before its disconnect
hook. An id that connects again replaces the old client: that one leaves the registry at once, its
hooks finish, and only then the new one is welcomed.

Source: WIRE 3, FAULTS 3 and 17.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, TypeAlias

from mcws_protocol import (
    CloseFrame,
    Contract,
    DrainFrame,
    HelloFrame,
    Limits,
    MessageTooLong,
    Mode,
    RejectFrame,
    RemoteProtocolError,
    WelcomeFrame,
    check_id,
    features_of,
    lacks_turns,
    shown,
)
from mcws_protocol.aio import Connection, Handlers, Hub, Owner, Peer, Rest

from ._crowd import Crowd
from ._registry import AnyConnection, Registry
from ._takeover import Takeovers

# It closes the old client, and it rejects one that waited and was overtaken (FAULTS 17).
REPLACED: Final = CloseFrame(4002, "replaced by a newer connection of the same id")
ClientFactory: TypeAlias = Callable[[Connection[Any, Any]], Any]


class Lobby(Owner[AnyConnection]):
    """All connections of one server, from their transport to their last hook.

    Attributes:
        registry: those whose client the application knows.
        unheard_count: messages that were dropped since nobody handles messages.
        stopping: the refusal for those who come too late; None while all are welcome.
        crowd: every connection, also those in their opening or in their last hooks.
        on_empty: told when the last connection is gone while stopping.
    """

    def __init__(
        self, hub: Hub, registry: Registry, factory: ClientFactory, contract: Contract[Any, Any]
    ) -> None:
        self.hub = hub
        self.registry = registry
        self.unheard_count = 0
        self.stopping: RejectFrame | None = None
        self.on_empty: Callable[[], None] = self._stay
        self._factory = factory
        self._contract = contract
        # Kept, since a contract puts it together each time.
        self._label = contract.label
        # One for all connections: each look at a method makes another object of it.
        self._keep = self._drop
        self.crowd = Crowd(hub.loop, self._check_empty)
        # Whoever waited is decided on afresh: meanwhile the server may stop, and a client of a
        # plain wire may have taken the id.
        self._takeovers = Takeovers(hub.loop, hub.limits.close_s, self.greeted)

    # Stopping

    def __await__(self) -> Generator[Any, None, None]:
        """Wait until all connections are gone, but for the one whose handler waits."""
        return self.crowd.wait_empty().__await__()

    async def drain(self, farewell: CloseFrame, window_s: float, stop_after_s: float) -> None:
        """Let everybody finish and go; after ``stop_after_s`` seconds, abort what is left."""
        # Taken before the first wait: the whole drain has one deadline.
        ends_at = self.hub.loop.time() + stop_after_s
        for connection in self.registry.connections():
            # A plain wire has no frame to say it with; its clients see only the end.
            if connection.has_frames and not connection.closed:
                notice = DrainFrame(round(window_s * 1000), farewell.reason)
                connection.outbox.put(notice)
        await self.crowd.is_empty_within(window_s)
        # Also the connection whose handler waits for this: it ends behind that handler.
        for connection in self.crowd.members():
            if connection.is_open:
                connection.wind_down(farewell)
            elif not connection.closed:
                # WIRE 3: until WELCOME every refusal is a REJECT.
                assert self.stopping is not None, "the doors are shut before"
                self._reject(connection, self.stopping)
        if not await self.crowd.is_empty_within(ends_at - self.hub.loop.time()):
            for connection in self.crowd.others():
                connection.give_up(farewell)
            # An abort is quick, but hooks of the end may still run.
            await self.crowd.is_empty_within(self.hub.limits.close_s)
        # Where nobody was inside, no departure says that the server is empty.
        self._check_empty()

    def close_all(self, farewell: CloseFrame) -> None:
        """Close every connection now."""
        for connection in self.crowd.members():
            if connection.is_open:
                connection.close_with(farewell)
            else:
                # WIRE 3 has no CLOSE before WELCOME, and a REJECT would linger.
                connection.abort()
        self._check_empty()

    def _check_empty(self) -> None:
        if self.stopping is not None and not self.crowd:
            self.on_empty()

    def _stay(self) -> None:
        """Do nothing, where nobody asked to be told of the last client's end."""

    # Coming in

    def made(self, connection: AnyConnection, /) -> None:
        """Let in a connection whose wire has no opening; others say HELLO first."""
        # Before any decision, so that a server that stops waits for this one too.
        self.crowd.add(connection)
        if connection.has_opening:
            return
        if self.stopping is not None:
            connection.abort()
        else:
            self._admit(connection, self.registry.new_id(), None)

    def greeted(self, connection: AnyConnection, frame: HelloFrame, /) -> None:
        """Decide on a client that said HELLO, or that waited since."""
        # One that waited for its id may have ended meanwhile.
        if connection.closed:
            return
        refusal = self.stopping or disagreement(self._contract, connection.door.mode, frame)
        if refusal is not None:
            self._reject(connection, refusal)
            return
        id = frame.id or self.registry.new_id()
        older = self.registry.get(id)
        if older is not None:
            # At once, so that a look-up by id never finds the one that has to go (FAULTS 17).
            self.registry.remove(older)
            self._takeovers.leave(older)
            older.close_with(REPLACED)
        if self._takeovers.is_leaving(id):
            displaced = self._takeovers.wait(id, connection, frame)
            # Only the last to come waits; the one before it is refused (WIRE 3).
            if displaced is not None:
                self._reject(displaced, RejectFrame(REPLACED.code, 0, REPLACED.reason))
        else:
            self._admit(connection, id, frame)

    def _admit(self, connection: AnyConnection, id: str, frame: HelloFrame | None) -> None:
        """Make the client object, enter it, say WELCOME and begin to deliver."""
        # Before the factory, which may want to know them.
        connection.id = id
        connection.contract = "" if frame is None else self._label_of(frame)
        try:
            client: Any = self._factory(connection)
            # The registry has one place for an object, so it cannot stand for two connections.
            if self.registry.of(client) is not None:
                raise RuntimeError("the client object that it returned is in use")
            if not is_peer(client):
                self._adopt(connection, client)
        except Exception as error:
            self.hub.log.error("client_factory %r failed", self._factory, exc_info=error)
            # No details for a stranger; they are in the log.
            self._reject(connection, RejectFrame(1011, 0, "no client object could be made"))
            return
        if connection.closed:
            # The factory refused the client by ending its connection.
            return
        try:
            # Queued before `open`, so that it goes ahead of what a connect hook sends (WIRE 3).
            if frame is not None:
                mode = connection.door.mode
                connection.outbox.put(welcome(self.hub.limits, self._label, id, frame, mode))
        except MessageTooLong as error:
            # A device of small buffers and a long id.
            self._reject(connection, RejectFrame(1009, 0, str(error)))
            return
        connection.dispatcher.keep = self._keep
        connection.open(client)
        # `open` only schedules the connect hooks: the client is entered before the first one runs.
        self.registry.add(connection)
        # Asking for the address makes the transport keep a socket object, which costs more than all
        # of the opening.
        if self.hub.log.isEnabledFor(logging.INFO):
            address = connection.remote_address
            self.hub.log.info("client %s connected from %s", shown(id), address)

    def _label_of(self, frame: HelloFrame) -> str:
        """Return the contract of a client; mostly that of the server, as one text for all."""
        return self._label if frame.contract == self._label else frame.contract

    def _adopt(self, connection: AnyConnection, client: Any) -> None:
        """Have a client of a class of the application's own pass its messages on to the server."""
        handlers = self.hub.handlers
        dispatcher = connection.dispatcher
        # Empty, since the relay calls the server's handlers, which must not run twice.
        dispatcher.shared = Handlers()

        def relay(message: Any, client: Any) -> Awaitable[None] | None:
            """Call the server's handlers, and return what they leave to await."""
            return dispatcher.call(handlers.for_message(message.__class__), message, client)

        client.on_message(relay)

    def _reject(self, connection: AnyConnection, frame: RejectFrame) -> None:
        if self.hub.log.isEnabledFor(logging.INFO):
            self.hub.log.info(
                "connection from %s rejected with %d: %s",
                connection.remote_address,
                frame.code,
                shown(frame.reason),
            )
        if connection.has_opening:
            connection.reject(frame)
        else:
            # A plain wire has no frame for a reason.
            connection.abort()

    def refused(self, connection: AnyConnection, error: Exception, /) -> None:
        """Give up on a connection that never became a client."""
        self._takeovers.give_up(connection)
        if connection.is_lost:
            self.crowd.discard(connection)
        else:
            assert isinstance(error, RemoteProtocolError), "a server is never rejected"
            self.hub.log.warning("connection from %s refused: %s", connection.remote_address, error)
            connection.reject(RejectFrame(error.code, 0, error.reason))

    # Being there

    def connected(self, connection: AnyConnection, /) -> Rest | None:
        """Run the connect hooks."""
        return connection.dispatcher.call(self.hub.handlers.connects, connection.dispatcher.client)

    def _drop(self, size: int, message: object, client: object) -> None:
        """Count a message that nobody handles, and say so once."""
        if not self.unheard_count:
            # Once, since a flood of messages would flood the log too.
            self.hub.log.warning("a message was dropped: there is no message handler")
        self.unheard_count += 1

    def renamed(self, connection: AnyConnection, id: str, /) -> None:
        """Enter a connection under the id that the application chose, in place of any other."""
        check_id(id)
        if id == connection.id:
            return
        older = self.registry.get(id)
        if older is not None:
            # Nothing waits for its hooks here: without an opening there is no WELCOME to hold back.
            self.registry.remove(older)
            older.close_with(REPLACED)
        self.registry.rename(connection, id)

    # Going out

    def ended(self, connection: AnyConnection, /) -> Rest | None:
        """Run the disconnect hooks, then the client's own."""
        # Before the hooks, which must not find it among the connected clients.
        self.registry.remove(connection)
        if not self._takeovers.is_leaving(connection.id):
            # Who comes back at once waits for these hooks, as one does who replaces a client.
            self._takeovers.leave(connection)
        if self.hub.log.isEnabledFor(logging.INFO):
            self.hub.log.info(
                "client %s disconnected with %d", shown(connection.id), connection.close_code
            )
        hooks = self.hub.handlers.ends
        if connection.dispatcher.own is not None:
            hooks += connection.dispatcher.own.ends
        return connection.dispatcher.call(hooks, connection.dispatcher.client)

    def gone(self, connection: AnyConnection, /) -> None:
        """Forget a connection whose hooks have ended, and let in who waited for that."""
        self.crowd.discard(connection)
        self._takeovers.left(connection)


def is_peer(client: object) -> bool:
    """Whether a client object is one of ours, which messages reach without its help."""
    return isinstance(client, Peer)


def disagreement(contract: Contract[Any, Any], mode: Mode, frame: HelloFrame) -> RejectFrame | None:
    """Return the refusal of a client whose contract or mode is not the server's; None if it is.

    Source: WIRE 3.
    """
    if lacks_turns(mode, frame.features):
        return RejectFrame(4004, 0, "the mode here is half duplex, which HELLO does not announce")
    if contract.welcomes(frame.contract):
        return None
    ours = contract.label or "no contract"
    return RejectFrame(4004, 0, f"contract is {frame.contract}, here it is {ours}")


def welcome(limits: Limits, contract: str, id: str, frame: HelloFrame, mode: Mode) -> WelcomeFrame:
    """Return the consent to ``frame``, with what both ends agree on."""
    own = round(limits.keepalive_s)
    return WelcomeFrame(
        frame_bytes_max=limits.frame_bytes_max,
        # The smaller one of both; 0 of the client is no opinion (WIRE 4).
        keepalive_s=min(own, frame.keepalive_s) if frame.keepalive_s else own,
        features=frame.features & features_of(mode),
        id=id,
        contract=contract,
    )
