"""Takeovers: ids whose old client has to leave before a new one is welcomed.

Source: FAULTS 17.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from mcws_protocol import HelloFrame

from ._registry import Link

# Who waits to be welcomed under an id, and until when.
Waiting: TypeAlias = tuple[Link, HelloFrame, asyncio.TimerHandle]


class Takeovers:
    """Who leaves under an id, and who waits for that; the last to come is the one who waits.

    Attributes:
        patience_s: seconds after which the hooks of the old client are waited for no more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        patience_s: float,
        let_in: Callable[[Link, HelloFrame], None],
    ) -> None:
        self.patience_s: float = patience_s
        self._loop = loop
        self._let_in = let_in
        self._leaving: dict[str, Link] = {}
        self._waiting: dict[str, Waiting] = {}

    def is_leaving(self, id: str) -> bool:
        """Whether somebody of that id is on its way out."""
        return id in self._leaving

    def leave(self, connection: Link) -> None:
        """Take note that the hooks of ``connection`` have yet to end."""
        self._leaving[connection.id] = connection

    def wait(self, id: str, connection: Link, frame: HelloFrame) -> Link | None:
        """Have ``connection`` let in when the id is free; return whom it displaces."""
        displaced = None
        if id in self._waiting:
            displaced, _, timer = self._waiting[id]
        else:
            timer = self._loop.call_later(self.patience_s, self._free, id)
        self._waiting[id] = (connection, frame, timer)
        return displaced

    def left(self, connection: Link) -> None:
        """Take note that the last hook of ``connection`` has ended."""
        if self._leaving.get(connection.id) is connection:
            self._free(connection.id)

    def give_up(self, connection: Link) -> None:
        """Take note that ``connection`` waits no more."""
        for id, (waiting, _, timer) in tuple(self._waiting.items()):
            if waiting is connection:
                timer.cancel()
                del self._waiting[id]

    def _free(self, id: str) -> None:
        self._leaving.pop(id, None)
        if id in self._waiting:
            connection, frame, timer = self._waiting.pop(id)
            timer.cancel()
            self._let_in(connection, frame)
