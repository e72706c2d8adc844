"""Takeovers: ids whose old client has to leave before a new one is welcomed.

Source: FAULTS 17.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from mcws_protocol import HelloFrame

from ._registry import AnyConnection


class Waiting(NamedTuple):
    """Who waits to be welcomed under an id, and until when."""

    connection: AnyConnection
    frame: HelloFrame
    timer: asyncio.TimerHandle


class Takeovers:
    """Who leaves under an id, and who waits for that; the last to come is the one who waits.

    Attributes:
        patience_s: seconds after which the hooks of the old client are waited for no more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        patience_s: float,
        let_in: Callable[[AnyConnection, HelloFrame], None],
    ) -> None:
        self.patience_s: float = patience_s
        self._loop = loop
        self._let_in = let_in
        # By id, the last connection whose hooks have yet to end.
        self._leaving: dict[str, AnyConnection] = {}
        # By id, with the HELLO, since the decision is taken anew from it.
        self._waiting: dict[str, Waiting] = {}

    def is_leaving(self, id: str) -> bool:
        """Whether somebody of that id is on its way out."""
        return id in self._leaving

    def leave(self, connection: AnyConnection) -> None:
        """Take note that the hooks of ``connection`` have yet to end."""
        self._leaving[connection.id] = connection

    def wait(self, id: str, connection: AnyConnection, frame: HelloFrame) -> AnyConnection | None:
        """Have ``connection`` let in when the id is free; return whom it displaces."""
        displaced = None
        if id in self._waiting:
            # The time of the first who waited goes on: coming again and again does not stretch it.
            displaced, timer = self._waiting[id].connection, self._waiting[id].timer
        else:
            timer = self._loop.call_later(self.patience_s, self._free, id)
        self._waiting[id] = Waiting(connection, frame, timer)
        return displaced

    def left(self, connection: AnyConnection) -> None:
        """Take note that the last hook of ``connection`` has ended."""
        # An id may leave twice in a row; only the last one makes it free.
        if self._leaving.get(connection.id) is connection:
            self._free(connection.id)

    def give_up(self, connection: AnyConnection) -> None:
        """Take note that ``connection`` waits no more."""
        # Looked for by itself: one that was never welcomed has no id yet.
        for id, waiting in tuple(self._waiting.items()):
            if waiting.connection is connection:
                waiting.timer.cancel()
                del self._waiting[id]

    def _free(self, id: str) -> None:
        self._leaving.pop(id, None)
        if id in self._waiting:
            # Forgotten before it is let in, since it may be made to wait once more.
            connection, frame, timer = self._waiting.pop(id)
            timer.cancel()
            self._let_in(connection, frame)
