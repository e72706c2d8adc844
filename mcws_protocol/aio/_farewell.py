"""Farewell: how a connection ends, who has said what, and with which code.

Each end says CLOSE once, then ends its writing side, then waits for the other's end. On a plain
wire the end of the stream is all that there is to say. What the application decides stops delivery
at once; what the peer decides waits until all that arrived before it was handled.

Source: WIRE 4.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, Protocol

from .._errors import ConnectionClosed
from .._events import CloseFrame, Frame
from ._inbox import Inbox
from ._outbox import Outbox

# The code of a connection that ended without anybody saying so; it never travels.
LOST: Final = 1006


class Leaving(Protocol):
    """The connection that ends."""

    outbox: Outbox
    inbox: Inbox

    @property
    def transport(self) -> asyncio.Transport | None:
        """What carries the bytes."""
        ...

    @property
    def has_frames(self) -> bool:
        """Whether the wire has a CLOSE."""
        ...

    def fail_pending(self) -> None:
        """Fail the requests that wait for an answer."""
        ...


class Farewell:
    """The end of one connection, from the first word of it; an open connection has none.

    Attributes:
        received: the peer's CLOSE.
        sent: what this end decided to close with.
        planned: what this end will close with once all that arrived is handled.
        is_deaf: whether what arrives is dropped, since this end closed by its own will.
    """

    __slots__ = ("_has_eof", "_is_written", "_leaving", "is_deaf", "planned", "received", "sent")

    def __init__(self, leaving: Leaving) -> None:
        self.received: CloseFrame | None = None
        self.sent: CloseFrame | None = None
        self.planned: CloseFrame | None = None
        self.is_deaf: bool = False
        self._leaving = leaving
        self._has_eof = False
        self._is_written = False

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

    def error(self) -> ConnectionClosed:
        """Return the error for whoever still wants something from the connection."""
        return ConnectionClosed(self.code, self.reason)

    # What this end does

    def close(self, frame: CloseFrame) -> None:
        """Close by the will of this end: forget what waits for its handlers, say goodbye."""
        self.go_deaf()
        self.say(frame)

    def say(self, frame: CloseFrame) -> None:
        """Say CLOSE behind all that is queued, if it was not said yet."""
        if self._has_eof and self.sent is None and self.received is None:
            # A loss, whose end waits for a transport that cannot send what it holds. There is
            # nothing to say any more, and whoever wants the end shall not wait for it.
            self._transport().abort()
        elif self.sent is None:
            # WIRE 4: the answer to a CLOSE carries the peer's code.
            self.finish(self.received or frame, frame)

    def finish(self, last: Frame, said: CloseFrame) -> None:
        """Send ``last`` behind all that is queued, and nothing after it."""
        # First, since the error for those who wait is made of it.
        self.sent = said
        # Requests before the outbox, which still knows those that wait in it.
        self._leaving.fail_pending()
        self._leaving.outbox.finish(last, self.error(), self._written)

    def go_deaf(self) -> None:
        """Stop delivery: what waits is forgotten, what arrives is dropped."""
        self.is_deaf = True
        self._leaving.inbox.clear()

    def settle(self) -> None:
        """Answer the peer's CLOSE, or carry out a plan, now that all that came is handled."""
        answer = self.received or self.planned
        if answer is not None:
            self.say(answer)

    # What the peer does

    def heard(self, frame: CloseFrame) -> None:
        """Take the peer's CLOSE; on a plain wire, the end of its stream between two frames."""
        self.received = frame
        if self._leaving.has_frames:
            # The peer drops what it still gets, so nobody shall think that it was delivered.
            self._leaving.outbox.refuse(self.error())
        self._leaving.fail_pending()
        if self.sent is None:
            # The answer comes behind the handlers of all that came before (WIRE 4).
            self._leaving.inbox.schedule()
        # Both have said it, and where one direction cannot end alone no end would follow.
        elif self._is_written and not self._can_half_close():
            self._close_transport()

    def heard_eof(self) -> None:
        """Take the end of the peer's stream; without a CLOSE from anybody, that is a loss."""
        self._has_eof = True
        # What waits in the inbox is handled when the transport is gone; nothing can be answered.
        if self.received is None and self.sent is None:
            self._leaving.outbox.refuse(self.error())
            self._leaving.fail_pending()
            self._close_transport()
        elif self._is_written:
            self._close_transport()

    # Details

    def _written(self) -> None:
        """End the writing side: all that this end will ever send has left the outbox."""
        self._is_written = True
        # `close` of a transport still writes what it holds.
        if self._has_eof or (self.received is not None and not self._can_half_close()):
            self._close_transport()
        elif self._can_half_close():
            # The peer's end is still to come; a deadline of the machine bounds the wait. Where the
            # connection was lost and asyncio has yet to say so, there is no direction to end.
            with suppress(OSError):
                self._transport().write_eof()

    def _can_half_close(self) -> bool:
        """Whether the transport can end one direction only; TLS cannot."""
        return self._transport().can_write_eof()

    def _close_transport(self) -> None:
        self._transport().close()

    def _transport(self) -> asyncio.Transport:
        transport = self._leaving.transport
        assert transport is not None, "only a connection that was made says goodbye"
        return transport
