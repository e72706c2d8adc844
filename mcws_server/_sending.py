"""Sending: what a server says to many clients at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Generic, Self, overload

from typing_extensions import TypeVar

from mcws_protocol import Contract, Mode, Raw, Role
from mcws_protocol.aio import Door, Flusher

from ._broadcast import Delivery, matching, send_to_all
from ._connected import ClientContract, ConnectedClient
from ._link import Link, open_link
from ._registry import AnyConnection
from ._roster import Roster

Down = TypeVar("Down", default=Raw)
C = TypeVar("C", bound=ClientContract, default=ConnectedClient)


class Sending(Roster[C], Generic[Down, C]):
    """The clients of a server as receivers of one and the same message."""

    contract: Contract[Any, Any]

    def __init__(self) -> None:
        super().__init__()
        self._doors: list[Door] = []
        # Known once the server runs on a loop; it knows which thread that is.
        self._flusher: Flusher | None = None

    @overload
    def broadcast(self, message: Down, filter: None = None) -> Self:
        """Send to all."""

    @overload
    def broadcast(self, message: Down, filter: Callable[[C], object]) -> Self:
        """Send to those that ``filter(client)`` lets pass."""

    @overload
    def broadcast(self, message: Down, filter: Callable[[C, int, Sequence[C]], object]) -> Self:
        """Send to those that ``filter(client, index, clients)`` lets pass."""

    def broadcast(self, message: Down, filter: Callable[..., object] | None = None) -> Self:
        """Send ``message`` once to each client, or to those that pass ``filter``.

        ``filter`` is called as ``filter(client)``, or as ``filter(client, index, clients)`` if it
        has three required positional parameters. It sees all clients before anything is sent; if
        it raises, nothing is. For a client that reads too slowly ``limits.slow_consumer`` acts.

        Raises:
            EncodeError: ``message`` cannot be encoded; nothing was sent.
            TypeError: ``filter`` cannot be called, or is async.
        """
        connections = self._registry.connections()
        if filter is not None:
            connections = matching(connections, filter)
        self._send_to(connections, message)
        return self

    def send_to(self, clients: Iterable[C], message: Down) -> Delivery:
        """Send ``message`` once to each of ``clients`` and return what became of it.

        It waits for none of them: ``queued`` means that it will be sent. A client that is gone is
        counted, one that is named twice gets it once.

        Raises:
            EncodeError: ``message`` cannot be encoded; nothing was sent.
            TypeError: one of ``clients`` is not a client of this server, or ``clients`` is one
                client and not several.
        """
        check_clients(clients)
        # By identity, as in the registry: the class of a client may define equality.
        wanted = {id(client): client for client in clients}
        found: list[AnyConnection] = []
        for client in wanted.values():
            connection = self._registry.find(client)
            if connection is not None:
                found.append(connection)
        delivery = self._send_to(found, message)
        # Those who left the registry never came as far as their outbox.
        return replace(delivery, closed=delivery.closed + len(wanted) - len(found))

    def link(
        self,
        clients: Iterable[C],
        *,
        mode: Mode = Mode.FULL_DUPLEX,
        announcer: C | None = None,
    ) -> Link[Down, C]:
        """Relay the messages of ``clients`` among each other until the link is closed.

        What one of them says goes to all others, besides to the handlers, in the order in which it
        was said. ``mode`` says who may speak when: see ``Link``. Who is gone already is no member.

        Raises:
            TypeError: one of ``clients`` is not a client of this server, or its class lacks
                ``on_message`` or ``off_message``; or an argument is not what it should be.
            ValueError: an ``announcer`` without ``Mode.SIMPLEX``, or that without an announcer.
        """
        check_clients(clients)
        return open_link(self._registry, self._send_to, clients, mode, announcer)

    def _send_to(self, connections: list[AnyConnection], message: Any) -> Delivery:
        if self._flusher is not None:
            # Outboxes belong to the thread of the loop and have no locks.
            self._flusher.check_thread()
        if not connections:
            # So that a message that cannot be sent is found out before the first client comes.
            for door in self._doors or [Door.of(self.contract, Role.SERVER)]:
                dialect = door.dialect.checked() if self._is_debugging() else door.dialect
                dialect.encode(message)
        return send_to_all(connections, message)

    def _is_debugging(self) -> bool:
        """Whether what is sent is looked at closely, as connections do it."""
        return self._flusher is not None and self._flusher.loop.get_debug()


def check_clients(clients: object) -> None:
    """Refuse what holds no clients, such as a client itself.

    Raises:
        TypeError: naming it.
    """
    try:
        iter(clients)  # type: ignore[call-overload]  # that is the question
    except TypeError:
        problem = f"clients must be an iterable of clients, not {clients!r}"
    else:
        return
    raise TypeError(problem)
