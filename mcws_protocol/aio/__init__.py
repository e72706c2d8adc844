"""The asyncio half of mcws that both ends share; it drives machines and opens no socket."""

from ._connection import Connection
from ._door import Door
from ._flusher import Flusher
from ._handlers import Callback, Handlers, Rest, check_callback
from ._hub import HANDLING, Hub
from ._inbox import Turn
from ._outbox import Outbox, Shared
from ._owner import Owner
from ._peer import Peer
from ._registration import Register, RegisterRequest
from ._unconnected import Unconnected
from ._waiting import READY, Gate, Ready, Room
from ._workers import is_cancelling

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
    "Register",
    "RegisterRequest",
    "Rest",
    "Room",
    "Shared",
    "Turn",
    "Unconnected",
    "check_callback",
    "is_cancelling",
]
