"""Outbox: the bytes of one connection that wait to be sent.

Frames are queued in the order of the calls and leave together: at the end of the chunk that is
being handled, else once per turn of the loop. What the transport could not pass on counts as
waiting too, so that the limits hold for all that this process keeps in memory for a peer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from threading import get_ident
from typing import Any, Final

from .._codec import Codec, Untouched
from .._errors import ConnectionClosed, OutboxFull
from .._events import Frame, LossFrame, Payload, PongFrame, RequestFrame
from .._limits import Limits, SlowConsumer
from .._wire import Machine
from ._flusher import Flusher, wrong_thread
from ._pressure import Pressure
from ._waiting import READY, Ready, Room

JOIN_MAX: Final = 16_384
"""Bytes up to which parts are joined before writing; beyond it, copying costs more than parts."""


class Shared(Enum):
    """What became of a frame that goes to many."""

    QUEUED = "queued"
    DROPPED = "dropped"
    TOO_LONG = "too long"
    CLOSED = "closed"
    OVERFLOW = "overflow"
    """There is no room and the policy is to disconnect."""


class Outbox:
    """What waits to be sent on one connection.

    Attributes:
        queued: bytes that wait here and in the transport.
        is_corked: whether a chunk is being handled, whose end flushes.
        refusal: why nothing is accepted any more; None while it is.
        dropped: best-effort messages that were left out for a slow reader.
    """

    __slots__ = (
        "_drained",
        "_encode",
        "_flusher",
        "_heads",
        "_high",
        "_is_dirty",
        "_is_raw",
        "_limits",
        "_machine",
        "_parts",
        "_pong",
        "_pressure",
        "_room",
        "_thread",
        "_transport",
        "_when_done",
        "dropped",
        "is_corked",
        "queued",
        "refusal",
    )

    def __init__(
        self, machine: Machine, codec: Codec[Any], limits: Limits, flusher: Flusher
    ) -> None:
        self._machine = machine
        self._encode = codec.encode
        self._is_raw = isinstance(codec, Untouched)
        # What goes before short bytes, by their length; empty while that is not so simple.
        self._heads: Sequence[bytes] = ()
        self._high = limits.outbox_high_bytes
        self._limits = limits
        self._flusher = flusher
        self._thread = flusher.thread
        self._transport: asyncio.WriteTransport | None = None
        self._parts: list[bytes] | None = None
        self._pressure: Pressure | None = None
        self._room: Room | None = None
        self._drained: Room | None = None
        self._pong: bytes | None = None
        self._is_dirty = False
        self._when_done: Callable[[], None] | None = None
        self.queued = 0
        self.dropped = 0
        self.is_corked = False
        self.refusal: ConnectionClosed | None = None

    # Queueing

    def send(self, message: Any) -> Ready | Room:
        """Encode and queue one message; what is returned waits for room."""
        # The hot path: short bytes that need no codec, no framing, no policy and no waiting.
        if type(message) is bytes and len(message) < len(self._heads):
            head = self._heads[len(message)]
            queued = self.queued + len(head) + len(message)
            if queued <= self._high and get_ident() == self._thread:
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
        if get_ident() != self._thread:
            raise wrong_thread()
        if self.refusal is not None:
            raise self._closed()
        parts = self._parts
        if parts is None:
            parts = self._begin()
        before = len(parts)
        size = self._machine.send_message(payload, parts)
        if self.queued + size > self._limits.outbox_bytes_max:
            refusal = self._refuses(size)
            if refusal is not None:
                del parts[before:]
                raise refusal
        self.queued += size
        return READY if self.queued <= self._high else self.room()

    def put(self, frame: Frame) -> None:
        """Queue any other frame; one that answers or ends is accepted at every limit.

        Raises:
            ConnectionClosed: the connection ended or is ending.
            MessageTooLong: the peer accepts no frame of that length.
            LocalProtocolError: the frame may not be sent now.
        """
        if get_ident() != self._thread:
            raise wrong_thread()
        if self.refusal is not None:
            raise self._closed()
        parts = self._parts if self._parts is not None else self._begin()
        self._count(self._machine.send(frame, self._flusher.loop.time(), parts))

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
        if self.queued + size > self._limits.outbox_bytes_max and self._refuses(size) is not None:
            outcome = self._sacrifice(size)
            if outcome is not Shared.QUEUED:
                return outcome
        parts = self._parts if self._parts is not None else self._begin()
        if self._pressure is not None:
            self._pressure.note_droppable(len(parts))
        parts.append(data)
        self._count(size)
        return Shared.QUEUED

    def put_parts(self, made: Iterable[bytes]) -> None:
        """Queue what a machine wrote by itself, keepalive."""
        for part in made:
            parts = self._parts if self._parts is not None else self._begin()
            parts.append(part)
            self._count(len(part))

    def pong(self, payload: bytes) -> None:
        """Answer a PING with the next flush; an answer that waits still is replaced (FAULTS 7)."""
        self._pong = payload
        if self._parts is None:
            self._begin()

    # Waiting

    def room(self) -> Ready | Room:
        """Return what waits until less than high water is queued."""
        self._flusher.check_thread()
        if self._pressure is None:
            self.flush()
        if self.refusal is None and self._has_room():
            return READY
        if self._room is None:
            self._room = Room(self._flusher.loop, self._has_room, self._why_not)
        return self._room

    def drained(self) -> Ready | Room:
        """Return what waits until nothing waits any more, neither here nor in the transport."""
        self._flusher.check_thread()
        self.flush()
        if self.refusal is None and self.is_empty:
            return READY
        if self._drained is None:
            self._drained = Room(self._flusher.loop, self._is_empty, self._why_not)
        if self._transport is not None:
            # Down to zero, so that the transport tells when its buffer is empty.
            self._transport.set_write_buffer_limits(high=0)
        return self._drained

    @property
    def has_room(self) -> bool:
        """Whether no more waits than the high water."""
        return self._has_room()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, neither here nor in the transport."""
        return self._is_empty()

    # Writing

    def open(self) -> None:
        """Take note that the opening is over, and with it what the peer accepts."""
        if self._is_raw and self.refusal is None:
            self._heads = self._machine.heads()

    def attach(self, transport: asyncio.WriteTransport) -> None:
        """Take the transport to write to."""
        self._transport = transport
        self._set_water()

    def flush(self) -> None:
        """Hand what waits to the transport, unless that is blocked."""
        self._is_dirty = False
        transport = self._transport
        if self._pressure is not None or transport is None:
            return
        if self._pong is not None:
            self._answer_ping(self._pong)
        parts, self._parts = self._parts, None
        if parts:
            size, self.queued = self.queued, 0
            self._machine.sent_at = self._flusher.loop.time()
            if len(parts) == 1:
                transport.write(parts[0])
            elif size <= JOIN_MAX:
                transport.write(b"".join(parts))
            else:
                # From Python 3.12 on asyncio never gets rid of an empty part behind all others.
                transport.writelines([part for part in parts if part])
        if self._when_done is not None and self._pressure is None:
            done, self._when_done = self._when_done, None
            done()
        self._wake()

    def pause(self) -> None:
        """Note that the transport cannot pass on what it has."""
        if self._pressure is None and self._transport is not None:
            held = self._transport.get_write_buffer_size()
            self._pressure = Pressure(held, self._flusher.loop.time())
            self.queued += held

    def resume(self) -> None:
        """Note that the transport has passed on what it had."""
        pressure, self._pressure = self._pressure, None
        if pressure is None:
            return
        self.queued -= pressure.held
        if pressure.unsaid and self.refusal is None and self._machine.has_frames:
            self.put(LossFrame(pressure.unsaid))
        self.flush()
        if self._drained is not None and self._is_empty():
            self._set_water()

    def is_stalled(self, now: float) -> bool:
        """Look at the transport; return whether its reader has to be given up (FAULTS 11)."""
        pressure = self._pressure
        if pressure is None:
            return False
        self._look(pressure)
        if not self._has_room() and (pressure.was_full or self._is_awaited()):
            return pressure.stalled_s(now) >= self._limits.stalled_s
        return False

    # Ending

    def refuse(self, refusal: ConnectionClosed) -> None:
        """Accept nothing more; what waits is still sent."""
        if self.refusal is None:
            self.refusal = refusal
            self._heads = ()
            for room in (self._room, self._drained):
                if room is not None:
                    room.fail(self._closed)

    def finish(self, last: Frame, refusal: ConnectionClosed, done: Callable[[], None]) -> None:
        """Queue the last frame, accept nothing more, and call ``done`` when all has left here."""
        parts = self._parts if self._parts is not None else self._begin()
        self.queued += self._machine.send(last, self._flusher.loop.time(), parts)
        self.refuse(refusal)
        self._when_done = done
        self.flush()

    def lose(self, refusal: ConnectionClosed) -> None:
        """Accept nothing more and drop what waits: there is nobody to send it to."""
        self.refuse(refusal)
        self._transport = None
        self._pressure = None
        self._parts = None
        self._when_done = None
        self.queued = 0

    # Details

    def _begin(self) -> list[bytes]:
        """Start a list of parts, which the end of the chunk or else of the turn flushes."""
        parts: list[bytes] = []
        self._parts = parts
        if not self.is_corked and not self._is_dirty:
            self._is_dirty = True
            self._flusher.mark(self)
        return parts

    def _count(self, size: int) -> None:
        """Count ``size`` more bytes; what is above high water leaves at once, if it can.

        So only a blocked transport keeps a connection above high water, and its end of blocking
        is the one thing to wait for.
        """
        self.queued += size
        if self.queued > self._high and self._pressure is None:
            self.flush()

    def _answer_ping(self, payload: bytes) -> None:
        self._pong = None
        if self.refusal is None:
            self.put(PongFrame(payload))

    def _closed(self) -> Exception:
        """Return why nothing is accepted, as an error of its own for each caller."""
        refusal = self.refusal
        assert refusal is not None, "asked for only when it is"
        return ConnectionClosed(refusal.code, refusal.reason)

    def _refuses(self, size: int) -> Exception | None:
        """Return why ``size`` more bytes are not accepted, after a closer look; None if so."""
        pressure = self._pressure
        if pressure is None:
            # What is above high water leaves at once, so only a blocked transport fills up.
            return None
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
            self.queued -= freed
            self._count_dropped(pressure, count)
            if freed >= excess:
                return Shared.QUEUED
        self._count_dropped(pressure, 1)
        return Shared.DROPPED

    def _count_dropped(self, pressure: Pressure, count: int) -> None:
        pressure.unsaid += count
        self.dropped += count

    def _look(self, pressure: Pressure) -> None:
        """Ask the transport how much it still has, since it tells only when it has little."""
        assert self._transport is not None, "without a transport there is no pressure"
        held = self._transport.get_write_buffer_size()
        self.queued += held - pressure.held
        pressure.note(held, self._flusher.loop.time())

    def _set_water(self) -> None:
        limits = self._limits
        if self._transport is not None:
            self._transport.set_write_buffer_limits(
                high=limits.outbox_high_bytes, low=limits.outbox_low_bytes
            )

    def _has_room(self) -> bool:
        return self.queued <= self._high

    def _is_empty(self) -> bool:
        transport = self._transport
        return not self._parts and (transport is None or not transport.get_write_buffer_size())

    def _is_awaited(self) -> bool:
        return any(room is not None and room.is_awaited for room in (self._room, self._drained))

    def _wake(self) -> None:
        if self._room is not None:
            self._room.wake()
        if self._drained is not None:
            self._drained.wake()

    def _why_not(self) -> Exception | None:
        return None if self.refusal is None else self._closed()
