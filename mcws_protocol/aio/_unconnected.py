"""Unconnected: what stands in for a connection as long as there is none."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NoReturn

from .._errors import ConnectionClosed
from .._events import Payload
from ._connection import Connection
from ._farewell import LOST
from ._outbox import Outbox
from ._waiting import Gate

REASON: Final = "not connected"


class UnconnectedOutbox(Outbox):
    """An outbox that accepts nothing."""

    __slots__ = ()

    def __init__(self) -> None:
        # Only what is looked at: there is neither a machine nor a hub yet to make the rest of.
        self.queued = 0
        self.refusal: ConnectionClosed | None = ConnectionClosed(LOST, REASON)

    def send(self, message: object) -> NoReturn:
        """Refuse.

        Raises:
            ConnectionClosed: always.
        """
        raise ConnectionClosed(LOST, REASON)

    def write(self, payload: Payload) -> NoReturn:
        """Refuse, as ``send`` does."""
        raise ConnectionClosed(LOST, REASON)

    def room(self) -> NoReturn:
        """Refuse, as ``send`` does."""
        raise ConnectionClosed(LOST, REASON)

    def drained(self) -> NoReturn:
        """Refuse, as ``send`` does."""
        raise ConnectionClosed(LOST, REASON)


class Unconnected(Connection[Any, Any]):
    """A connection that was never made: it tells nothing, takes nothing and is closed."""

    # A place of its own, for a double too: that of the base takes only the real one when compiled.
    __slots__ = ("dispatcher",)

    def __init__(self) -> None:
        # Without the state of what is overridden below.
        self.id = ""
        self.contract = ""
        self.transport: asyncio.Transport | None = None
        self.outbox: Outbox = UnconnectedOutbox()
        self._farewell = None

    @property
    def paused(self) -> bool:
        """Nothing is held, since nothing arrives."""
        return False

    @property
    def skipped(self) -> int:
        """Nothing was left out, since nothing came."""
        return 0

    @property
    def rtt(self) -> float | None:
        """Nothing was measured."""
        return None

    async def request(self, message: object, timeout: float | None) -> NoReturn:
        """Refuse.

        Raises:
            ConnectionClosed: always.
        """
        raise ConnectionClosed(LOST, REASON)

    def close(self, code: int = 1000, reason: str = "") -> Gate:
        """Do nothing; there is nothing to wait for."""
        gate = Gate()
        gate.open()
        return gate

    def abort(self) -> None:
        """Do nothing."""

    def pause(self) -> None:
        """Refuse.

        Raises:
            ConnectionClosed: always.
        """
        raise ConnectionClosed(LOST, REASON)

    def resume(self) -> None:
        """Do nothing: nothing is held."""
