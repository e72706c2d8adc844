"""Sender: the part of a peer that is on the way of each message, apart from it so as to compile."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Generic

from typing_extensions import TypeVar

from .._codec import Raw
from .._native import mypyc_attr
from ._connection import Connection

Out = TypeVar("Out", default=Raw)


@mypyc_attr(allow_interpreted_subclasses=True)
class Sender(Generic[Out]):
    """One end of a connection, as far as messages leave it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection[Any, Out]) -> None:
        self._connection = connection

    def send(self, message: Out, /) -> Awaitable[None]:
        """Queue one message; never blocks.

        Awaiting what is returned waits until less than ``limits.outbox_high_bytes`` wait. It may be
        cancelled: the message stays queued.

        Raises:
            EncodeError: the codec cannot encode ``message``.
            MessageTooLong: it is longer than the peer accepts.
            OutboxFull: more than ``limits.outbox_bytes_max`` would wait.
            ConnectionClosed: the connection ended or is ending.
            LocalProtocolError: in the mode of this connection this end sends no messages.
            RuntimeError: called from another thread than the loop's.
        In each case nothing was queued.
        """
        return self._connection.outbox.send(message)
