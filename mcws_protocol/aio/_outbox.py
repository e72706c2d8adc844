"""Outbox: what an application may still send on one connection.

Messages are queued in the order of the calls, as long as the limits allow; the hot path of all of
mcws begins here.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from threading import get_ident
from typing import Any, ClassVar, Final

from .._dialect import Dialect
from .._errors import ConnectionClosed, OutboxFull
from .._events import Payload, RequestFrame
from .._limits import Limits, SlowConsumer
from .._native import mypyc_attr
from .._wire import Machine
from ._flusher import Flusher, wrong_thread
from ._outflow import Outflow
from ._pressure import Pressure
from ._waiting import READY, Ready, Room


class Shared(Enum):
    """What became of a frame that goes to many."""

    QUEUED = "queued"
    DROPPED = "dropped"
    TOO_LONG = "too long"
    CLOSED = "closed"
    OVERFLOW = "overflow"
    """There is no room and the policy is to disconnect."""
    SILENT = "silent"
    """This end of the connection sends no messages, whatever the room."""


# A look at a member of an enum costs more than one at a name.
QUEUED: Final = Shared.QUEUED


@mypyc_attr(allow_interpreted_subclasses=True)
class Outbox(Outflow):
    """What is accepted for sending on one connection.

    Attributes:
        dropped: best-effort messages that were left out for a slow reader.
    """

    __slots__ = ("_encode", "_heads", "_is_raw", "dropped")

    # Whether requests may be queued at any time where only one may be under way.
    orders_requests: ClassVar[bool] = False

    # Counted here too, on the hot path; the slot is that of the outflow.
    queued: int

    def __init__(
        self, machine: Machine, dialect: Dialect, limits: Limits, flusher: Flusher
    ) -> None:
        super().__init__(machine, limits, flusher)
        self.dropped: int = 0
        self._encode = dialect.encode
        self._is_raw = dialect.is_raw
        # What goes before short bytes, by their length; empty while that is not so simple.
        self._heads: tuple[bytes, ...] = ()

    def open(self) -> None:
        """Take note that the opening is over, and with it what the peer accepts."""
        if self._is_raw and self.refusal is None:
            self._heads = tuple(self._machine.heads())

    def refuse(self, refusal: ConnectionClosed) -> None:
        """Accept nothing more; what waits is still sent."""
        self._heads = ()
        super().refuse(refusal)

    # To one

    def send(self, message: Any) -> Ready | Room:
        """Encode and queue one message; what is returned waits for room."""
        # The hot path: short bytes that need no codec, no framing, no policy and no waiting.
        if type(message) is bytes and len(message) < len(self._heads):
            head = self._heads[len(message)]
            # `refuse` empties the table, so a closed connection does not come this far.
            queued = self.queued + len(head) + len(message)
            # Below high water nothing has to leave at once, and no limit is reached.
            if queued <= self._high and get_ident() == self._owning_thread:
                parts = self._parts
                if parts is None:
                    parts = self._begin()
                parts.append(head)
                parts.append(message)
                self.queued = queued
                return READY
        return self.write(self._encode(message))

    def write(self, payload: Payload) -> Ready | Room:
        """Queue one message whose payload is ready; what is returned waits for room.

        Raises:
            ConnectionClosed: the connection ended or is ending.
            MessageTooLong: the peer accepts no frame of that length.
            OutboxFull: too much waits already.
            RuntimeError: called from a thread that does not run the loop.
        """
        if get_ident() != self._owning_thread:
            raise wrong_thread()
        if self.refusal is not None:
            raise self._closed()
        parts = self._parts
        if parts is None:
            parts = self._begin()
        before = len(parts)
        # Only the wire knows how long a frame becomes, so it is made first, and taken back if full.
        size = self._machine.send_message(payload, parts)
        if self.queued + size > self._limits.outbox_bytes_max:
            refusal = self._refuses(size)
            if refusal is not None:
                del parts[before:]
                raise refusal
        self.queued += size
        return READY if self.queued <= self._high else self.room()

    def put_bounded(self, frame: RequestFrame) -> None:
        """Queue a frame that the limits bind, a request.

        Raises:
            OutboxFull: too much waits already; else as ``put``.
        """
        # Its head is at least one byte.
        size = len(frame.payload) + 1
        if self.queued + size > self._limits.outbox_bytes_max:
            refusal = self._refuses(size)
            if refusal is not None:
                raise refusal
        self.put(frame)

    def take_back(self, correlation_id: int) -> bool:
        """Forget a request that was not sent yet; return whether there was one: here never."""
        return False

    # To many

    def share(self, message: Any) -> bytes:
        """Return a message as bytes that ``put_shared`` of every connection of this door takes."""
        return self._machine.share(self._encode(message))

    def put_shared(self, data: bytes) -> Shared:
        """Queue a frame that goes to many; never raises, the policy acts instead."""
        if self.refusal is not None:
            return Shared.CLOSED
        if not self._machine.accepts(data):
            return Shared.TOO_LONG
        size = len(data)
        queued = self.queued + size
        # The hot path: below high water nothing has to leave at once, and no limit is reached.
        if queued <= self._high and self._pressure is None:
            parts = self._parts
            if parts is None:
                parts = self._begin()
            parts.append(data)
            self.queued = queued
            return QUEUED
        if queued > self._limits.outbox_bytes_max and self._refuses(size) is not None:
            outcome = self._sacrifice(size)
            if outcome is not Shared.QUEUED:
                return outcome
        parts = self._parts if self._parts is not None else self._begin()
        if self._pressure is not None:
            # The place stays valid: while the transport is blocked no part leaves, and notes and
            # pressure end together.
            self._pressure.note_droppable(len(parts), size)
        parts.append(data)
        self._count(size)
        return Shared.QUEUED

    def put_parts(self, made: Iterable[bytes]) -> None:
        """Queue what a machine wrote by itself, keepalive."""
        for part in made:
            parts = self._parts if self._parts is not None else self._begin()
            parts.append(part)
            self._count(len(part))

    # Details: the limits

    def _refuses(self, size: int) -> Exception | None:
        """Return why ``size`` more bytes are not accepted, after a closer look; None if so."""
        pressure = self._pressure
        if pressure is None:
            # What is above high water leaves at once, so only a blocked transport fills up.
            return None
        # The transport may have passed on much since it was looked at last.
        self._look(pressure)
        if self.queued + size <= self._limits.outbox_bytes_max:
            return None
        pressure.was_full = True
        return OutboxFull(self.queued, self._limits.outbox_bytes_max)

    def _sacrifice(self, size: int) -> Shared:
        """Apply the policy for a broadcast of ``size`` bytes that has no room."""
        policy = self._limits.slow_consumer
        pressure = self._pressure
        if policy is SlowConsumer.DISCONNECT or pressure is None:
            return Shared.OVERFLOW
        if policy is SlowConsumer.DROP_OLDEST and self._parts is not None:
            excess = self.queued + size - self._limits.outbox_bytes_max
            count, freed = pressure.sacrifice(self._parts, excess)
            self._count(-freed)
            self._count_dropped(pressure, count)
            if freed >= excess:
                return Shared.QUEUED
        self._count_dropped(pressure, 1)
        return Shared.DROPPED

    def _count_dropped(self, pressure: Pressure, count: int) -> None:
        pressure.unsaid += count
        self.dropped += count
