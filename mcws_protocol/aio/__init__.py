"""The asyncio half of mcws that both ends share; it drives machines and opens no socket."""

from ._connection import Connection, Door, Owner
from ._dispatcher import Rest
from ._flusher import Flusher
from ._handlers import Callback, Handlers, check_callback
from ._hub import HANDLING, Hub
from ._inbox import Turn
from ._outbox import Outbox, Shared
from ._peer import Peer, check_type
from ._unconnected import Unconnected
from ._waiting import READY, Gate, Ready, Room

__all__ = [
    "HANDLING",
    "READY",
    "Callback",
    "Connection",
    "Door",
    "Flusher",
    "Gate",
    "Handlers",
    "Hub",
    "Outbox",
    "Owner",
    "Peer",
    "Ready",
    "Rest",
    "Room",
    "Shared",
    "Turn",
    "Unconnected",
    "check_callback",
    "check_type",
]
