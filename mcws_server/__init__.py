"""The asyncio server of mcws: one program that talks with many clients."""

from ._broadcast import Delivery
from ._connected import ClientContract, ConnectedClient
from ._link import Link
from ._listener import Listener
from ._registry import Clients
from ._selection import ConnectedClients
from ._server import Server, ServerState

__all__ = [
    "ClientContract",
    "Clients",
    "ConnectedClient",
    "ConnectedClients",
    "Delivery",
    "Link",
    "Listener",
    "Server",
    "ServerState",
]
