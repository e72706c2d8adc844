"""Line: one connection of a client, from its first attempt to its last hook."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from mcws_protocol import (
    UNTYPED,
    CloseFrame,
    ConnectionClosed,
    Contract,
    DrainFrame,
    HelloFrame,
    LocalProtocolError,
    McwsError,
    RemoteProtocolError,
    WelcomeFrame,
    lacks_turns,
    shown,
)
from mcws_protocol.aio import Connection, Hub, Owner, Rest


class Subscriber(Protocol):
    """The client that a line works for."""

    def opened(self, connection: Connection[Any, Any], /) -> None:
        """Take the connection, which is open."""
        ...

    def emptied(self, connection: Connection[Any, Any], /) -> None:
        """Take note that no message will come any more."""
        ...

    def ended(self, connection: Connection[Any, Any], /) -> None:
        """Take the end of the connection, after its last hook."""
        ...


class Line(Owner[Connection[Any, Any]]):
    """One connection of a client.

    Attributes:
        hub: what the connection shares with nobody, but needs.
        opened: done when the opening is over, or failed with what was wrong in it.
    """

    def __init__(
        self,
        hub: Hub,
        subscriber: Subscriber,
        hello: HelloFrame,
        contract: Contract[Any, Any] = UNTYPED,
    ) -> None:
        self.hub = hub
        self.opened: asyncio.Future[None] = hub.loop.create_future()
        self._subscriber = subscriber
        self._hello = hello
        self._contract = contract
        self._connection: Connection[Any, Any] | None = None
        # Why this end closes a connection before it is open; told when the server knows it.
        self._problem: McwsError | None = None

    # Opening

    def made(self, connection: Connection[Any, Any], /) -> None:
        """Say HELLO; where the wire has no opening, go on at once."""
        self._connection = connection
        if self.opened.done():
            connection.abort()
        elif connection.has_opening:
            connection.outbox.put(self._hello)
        else:
            self._open(connection)

    def welcomed(self, connection: Connection[Any, Any], frame: WelcomeFrame, /) -> None:
        """Go on: the server said WELCOME."""
        connection.id = frame.id
        connection.contract = frame.contract
        problem = self._contract.misfit(frame.contract)
        if lacks_turns(connection.door.mode, frame.features):
            why = "the mode here is half duplex, which WELCOME does not announce"
            self._decline(connection, RemoteProtocolError(why, 4004))
        elif problem is not None:
            self._decline(connection, problem)
        else:
            self._open(connection)

    def _decline(self, connection: Connection[Any, Any], problem: McwsError) -> None:
        """Close a connection whose WELCOME does not suit; the attempt fails behind its end."""
        # At once it would be aborted, and CLOSE would never reach the server.
        self._problem = problem
        connection.close_with(CloseFrame(4004, str(problem)))

    def _open(self, connection: Connection[Any, Any]) -> None:
        if self.opened.done():
            connection.abort()
            return
        self.hub.log.info("connected to %s as %s", connection.remote_address, shown(connection.id))
        # First the client, so that it is connected when `connect` goes on.
        self._subscriber.opened(connection)
        self.opened.set_result(None)

    def refused(self, connection: Connection[Any, Any], error: Exception, /) -> None:
        """Fail the attempt with what was wrong in it."""
        if self._problem is not None:
            error = self._problem
            if not connection.is_lost:
                # Whatever came behind WELCOME: the end is on its way.
                return
        if not self.opened.done():
            if not isinstance(error, McwsError):
                # Callers are promised errors of one tree; that of the transport stays as the cause.
                lost = ConnectionClosed(1006, "lost before WELCOME")
                lost.__cause__ = error
                error = lost
            self.opened.set_exception(error)
        # A client has no REJECT to answer with (WIRE 3).
        connection.abort()

    def give_up(self) -> None:
        """Stop an attempt that failed or is not wanted any more; leave nothing open."""
        # This also keeps asyncio from complaining of a failure that nobody waited for.
        self.opened.cancel()
        if self._connection is not None:
            self._connection.abort()
        # Idle workers are tasks; without this they would outlive the attempt.
        self.hub.workers.close()

    # Being connected

    def draining(self, connection: Connection[Any, Any], frame: DrainFrame, /) -> None:
        """Say that the server wants to stop; it will close when all is finished."""
        self.hub.log.info("the server drains: %s", shown(frame.reason))

    def connected(self, connection: Connection[Any, Any], /) -> Rest | None:
        """Run the connect hooks."""
        return connection.dispatcher.call(self.hub.handlers.connects, connection.dispatcher.client)

    # Ending

    def ended(self, connection: Connection[Any, Any], /) -> Rest | None:
        """Run the hooks of the end."""
        self.hub.log.info("disconnected with %d", connection.close_code)
        return connection.dispatcher.call(self.hub.handlers.ends, connection.dispatcher.client)

    def emptied(self, connection: Connection[Any, Any], /) -> None:
        """Have iterations end: a handler that the end waits for may be one of them."""
        self._subscriber.emptied(connection)

    def gone(self, connection: Connection[Any, Any], /) -> None:
        """Tell the client that the last hook has ended."""
        # No handler runs any more, and the next attempt has a hub of its own.
        self.hub.workers.close()
        self._subscriber.ended(connection)

    def renamed(self, connection: Connection[Any, Any], id: str, /) -> None:
        """Refuse: only a server gives ids.

        Raises:
            LocalProtocolError: always.
        """
        raise LocalProtocolError("only the server gives ids")
