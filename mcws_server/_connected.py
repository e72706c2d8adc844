"""ConnectedClient: the server's view of one client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from typing_extensions import TypeVar

from mcws_protocol import Raw
from mcws_protocol.aio import Peer

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
In_contra = TypeVar("In_contra", contravariant=True)


class ConnectedClient(Peer[Up, Down]):
    """One client of a server: ``Up`` comes in, ``Down`` goes out.

    Applications subclass it for state of their own and pass the subclass as ``client_factory``::

        class Device(ConnectedClient):
            def __init__(self, connection: Connection) -> None:
                super().__init__(connection)
                self.role = "sensor"
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """What the server calls this client: given by the client, or 16 hex digits.

        It may be set once where the wire has no opening; the server then finds the client under it.

        Raises:
            LocalProtocolError: set where the opening agreed on the id, or for the second time.
            ValueError: set to what is empty, longer than 255 bytes or has control characters.
        """
        return self._connection.id

    @id.setter
    def id(self, id: str) -> None:
        """Take the id that the application chose, where the wire has no opening."""
        self._connection.rename(id)


class ClientContract(Protocol):
    """What a class of one's own needs to serve as ``client_factory``.

    It is built from a ``Connection``, passes each message on to what ``on_message`` was given, and
    writes. The connection itself tells the server of the end. To be heard in a ``Link`` it also
    needs an ``on_message`` that keeps several callbacks, and ``off_message(callback)``, which takes
    one back.
    """

    def on_message(self, callback: Callable[[Any, Any], object], /) -> object:
        """Have ``callback(message, client)`` called for each message, and await what it returns."""
        ...

    def write(self, payload: Any, /) -> object:
        """Send one payload."""
        ...
