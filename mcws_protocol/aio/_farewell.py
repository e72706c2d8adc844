"""Farewell: how far the end of a connection has come, and with which code.

Source: WIRE 4.
"""

from __future__ import annotations

from typing import Final

from .._errors import ConnectionClosed
from .._events import CloseFrame

LOST: Final = 1006
"""The code of a connection that ended without anybody saying so; it never travels."""


class Farewell:
    """What was said at the end, by whom, and what is still missing.

    Attributes:
        received: the peer's CLOSE.
        sent: what this end decided to close with.
        planned: what this end will close with once all that arrived is handled.
        has_eof: whether the peer's stream ended.
        is_written: whether all that this end will ever send has left.
        is_deaf: whether what arrives is dropped, since this end closed by its own will.
    """

    __slots__ = ("has_eof", "is_deaf", "is_written", "planned", "received", "sent")

    def __init__(self) -> None:
        self.received: CloseFrame | None = None
        self.sent: CloseFrame | None = None
        self.planned: CloseFrame | None = None
        self.has_eof = False
        self.is_written = False
        self.is_deaf = False

    @property
    def code(self) -> int:
        """The received code, else the sent one, else 1006."""
        last = self.received or self.sent
        return LOST if last is None else last.code

    @property
    def reason(self) -> str:
        """The reason that came with the code."""
        last = self.received or self.sent
        return "" if last is None else last.reason

    @property
    def answer(self) -> CloseFrame | None:
        """What to say once all that arrived is handled: the peer's own code comes first."""
        return self.received or self.planned

    @property
    def is_complete(self) -> bool:
        """Whether both ends have said all and the transport may close."""
        return self.is_written and self.has_eof

    def error(self) -> ConnectionClosed:
        """Return the error for whoever still wants something from the connection."""
        return ConnectionClosed(self.code, self.reason)
