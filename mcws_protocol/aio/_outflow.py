"""Outflow: the bytes of one connection that wait to be sent, and how they leave.

Frames leave together: at the end of the chunk that is being handled, else once per turn of the
loop. What the transport could not pass on counts as waiting too, so that the limits hold for all
that this process keeps in memory for a peer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from .._errors import ConnectionClosed
from .._events import Frame, LossFrame, Payload, PongFrame
from .._limits import Limits
from .._native import mypyc_attr
from .._wire import Machine
from ._flusher import Flusher
from ._pressure import Pressure
from ._waiting import READY, Ready, Room

# Bytes up to which parts are joined before writing; beyond it, copying costs more than parts.
JOIN_MAX: Final = 16_384


@mypyc_attr(allow_interpreted_subclasses=True)
class Outflow:
    """What waits to be sent on one connection; it accepts frames of the connection itself.

    Attributes:
        queued: bytes that wait here and in the transport.
        is_corked: whether a chunk is being handled, whose end flushes.
        refusal: why nothing is accepted any more; None while it is.
    """

    __slots__ = (
        "_drained",
        "_flusher",
        "_high",
        "_is_dirty",
        "_limits",
        "_machine",
        "_owning_thread",
        "_parts",
        "_pong",
        "_pressure",
        "_room",
        "_transport",
        "_when_done",
        "is_corked",
        "queued",
        "refusal",
    )

    def __init__(self, machine: Machine, limits: Limits, flusher: Flusher) -> None:
        self.queued: int = 0
        self.is_corked: bool = False
        self.refusal: ConnectionClosed | None = None
        self._machine = machine
        self._limits = limits
        self._high = limits.outbox_high_bytes
        self._flusher = flusher
        self._owning_thread = flusher.thread
        self._transport: asyncio.WriteTransport | None = None
        # Made with the first part and gone with the flush: an idle connection has no list.
        self._parts: list[bytes] | None = None
        self._pressure: Pressure | None = None
        self._room: Room | None = None
        self._drained: Room | None = None
        # The one PONG that may wait; a younger one takes its place.
        self._pong: bytes | None = None
        self._is_dirty = False
        self._when_done: Callable[[], None] | None = None

    def put(self, frame: Frame) -> None:
        """Queue any other frame; one that answers or ends is accepted at every limit.

        Raises:
            ConnectionClosed: the connection ended or is ending.
            MessageTooLong: the peer accepts no frame of that length.
            LocalProtocolError: the frame may not be sent now.
        """
        self._flusher.check_thread()
        if self.refusal is not None:
            raise self._closed()
        parts = self._parts if self._parts is not None else self._begin()
        self._count(self._machine.send(frame, self._flusher.loop.time(), parts))

    def put_reply(self, correlation_id: int, payload: Payload) -> None:
        """Queue the reply to a request; else as ``put``."""
        if self.refusal is not None:
            raise self._closed()
        parts = self._parts if self._parts is not None else self._begin()
        machine = self._machine
        # No look at the clock: only the end of a dialogue begins a deadline.
        self.queued += machine.send_reply(correlation_id, payload, machine.heard_at, parts)
        if self.queued > self._high:
            self._count(0)

    def reply(self, payload: Payload) -> None:
        """Queue an answer that travels as a message, as on a plain wire; accepted at every limit.

        It needs no turn, in whatever mode.

        Raises:
            ConnectionClosed: the connection ended or is ending.
            LocalProtocolError: the wire cannot carry the payload.
        """
        self._flusher.check_thread()
        if not self.takes_answers:
            raise self._closed()
        parts = self._parts if self._parts is not None else self._begin()
        self._count(self._machine.send_message(payload, parts))

    def pong(self, payload: bytes) -> None:
        """Answer a PING with the next flush; an answer that waits still is replaced (FAULTS 7)."""
        self._pong = payload
        if self._parts is None:
            # An empty list is enough to have a flush scheduled, which puts the PONG in.
            self._begin()

    # Waiting

    def room(self) -> Ready | Room:
        """Return what waits until less than high water is queued."""
        self._flusher.check_thread()
        if self._pressure is None:
            # What only waits for the end of the turn leaves now, and is no reason to wait.
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
        return self.queued <= self._high

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, neither here nor in the transport."""
        return self._is_empty()

    @property
    def is_waiting(self) -> bool:
        """Whether anything waits for more than the transport."""
        return False

    def cut_off(self, *, is_cut_off: bool) -> None:
        """Take note whether reading stopped for a full inbox, where messages wait for the peer."""

    @property
    def takes_answers(self) -> bool:
        """Whether the answer to a request or a PING may still be sent."""
        return self.refusal is None

    # Writing

    def attach(self, transport: asyncio.WriteTransport) -> None:
        """Take the transport to write to."""
        self._transport = transport
        self._set_water()

    def flush(self) -> None:
        """Hand what waits to the transport, unless that is blocked."""
        self._is_dirty = False
        transport, pressure = self._transport, self._pressure
        # While the transport is blocked all waits here, where it can be counted and dropped.
        if pressure is not None or transport is None:
            return
        if self._pong is not None:
            self._answer_ping(self._pong)
        parts, self._parts = self._parts, None
        if parts:
            # Before writing, from inside of which `pause` may count what the transport holds.
            size, self.queued = self.queued, 0
            # Sent is what was handed over, not what was queued, for keepalive too (WIRE 4).
            self._machine.sent_at = self._flusher.loop.time()
            if len(parts) == 1:
                transport.write(parts[0])
            elif size <= JOIN_MAX:
                transport.write(b"".join(parts))
            else:
                # From Python 3.12 on asyncio never gets rid of an empty part behind all others.
                transport.writelines([part for part in parts if part])
        # Writing may have blocked the transport in this very call.
        if self._when_done is not None and self._pressure is None:
            done, self._when_done = self._when_done, None
            done()
        if self._room is not None or self._drained is not None:
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
        # One LOSS per blocking, however many messages that cost (FAULTS 11).
        if pressure.unsaid and self.refusal is None and self._machine.has_frames:
            self.put(LossFrame(pressure.unsaid))
        self.flush()
        # Else `flush` has blocked it again, and the next `resume` looks once more.
        if self._drained is not None and self._is_empty():
            self._set_water()

    def is_stalled(self, now: float) -> bool:
        """Look at the transport; return whether its reader has to be given up (FAULTS 11)."""
        pressure = self._pressure
        if pressure is None:
            return False
        self._look(pressure)
        # Above high water alone is no harm: nobody waits, and the limit bounds it (FAULTS 11).
        if not self._has_room() and (pressure.was_full or self._is_awaited()):
            return pressure.stalled_s(now) >= self._limits.stalled_s
        return False

    # Ending

    def refuse(self, refusal: ConnectionClosed) -> None:
        """Accept nothing more; what waits is still sent."""
        if self.refusal is None:
            self.refusal = refusal
            for room in (self._room, self._drained):
                if room is not None:
                    room.fail(self._closed)

    def finish(self, last: Frame, refusal: ConnectionClosed, done: Callable[[], None]) -> None:
        """Queue the last frame, accept nothing more, and call ``done`` when all has left here."""
        parts = self._parts if self._parts is not None else self._begin()
        # Past every limit: an end that had no room would never come.
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
        if self.takes_answers:
            # Nothing goes behind the last frame.
            self.put(PongFrame(payload))

    def _closed(self) -> Exception:
        """Return why nothing is accepted, as an error of its own for each caller."""
        refusal = self.refusal
        assert refusal is not None, "asked for only when it is"
        # One object raised in several places would collect the tracebacks of all.
        return ConnectionClosed(refusal.code, refusal.reason)

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
