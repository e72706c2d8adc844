"""TurnOutbox: an outbox in which messages and requests wait while the turn is the other end's.

What waits counts in ``room``, ``flush`` and the limits as what waits for the transport does. It
does not hold handlers back: the other end may need them before it can give the turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from .._dialect import Dialect
from .._errors import ConnectionClosed, OutboxFull
from .._events import (
    CloseFrame,
    ErrorFrame,
    Frame,
    LossFrame,
    Payload,
    PongFrame,
    ReplyFrame,
    RequestFrame,
)
from .._limits import Limits, SlowConsumer
from .._state import State
from .._wire import Machine
from ._flusher import Flusher
from ._outbox import Outbox, Shared
from ._waiting import READY, Ready, Room
from ._waiting_line import Waiting, WaitingLine


class TurnOutbox(Outbox, ABC):
    """An outbox that keeps what may not leave yet, in the order of the calls.

    Attributes:
        on_wait: told when something begins to wait.
    """

    __slots__ = ("_done", "_is_cut_off", "_is_releasing", "_last", "_line", "_unsaid", "on_wait")

    def __init__(
        self, machine: Machine, dialect: Dialect, limits: Limits, flusher: Flusher
    ) -> None:
        super().__init__(machine, dialect, limits, flusher)
        self.on_wait: Callable[[], object] = bool  # which does nothing
        self._line = WaitingLine()
        # Whether nothing is read, so that what gives the turn cannot arrive.
        self._is_cut_off = False
        # Whether what waits is leaving, in a loop that may flush, which asks for the same again.
        self._is_releasing = False
        # Broadcasts that were left out and that the peer was not told of yet.
        self._unsaid = 0
        # The last frame, which waits too, and what is called when it has left.
        self._last: Frame | None = None
        self._done: Callable[[], None] = self._no_end

    # What the kinds of half duplex differ in

    @abstractmethod
    def _may_leave(self) -> bool:
        """Whether a message or request may leave now, as far as the turn is concerned."""

    @abstractmethod
    def _make(self, payload: Payload, parts: list[bytes]) -> int:
        """Append a message that leaves later to ``parts``; return how many bytes that made."""

    @abstractmethod
    def _check(self, frame: RequestFrame) -> None:
        """Refuse a request that could not be sent with the turn either."""

    @abstractmethod
    def _left(self) -> None:
        """Note that a message or request left."""

    @abstractmethod
    def _ask(self) -> None:
        """Ask for the turn, if that is possible and has not been done."""

    @abstractmethod
    def _advance(self) -> None:
        """Do what the turn asks for, before a flush."""

    # What is asked of it

    @property
    def waiting(self) -> int:
        """Bytes that wait for the turn; ``queued`` are those that wait for the transport."""
        return self._line.size

    @property
    def is_waiting(self) -> bool:
        """Whether anything waits for the turn."""
        return bool(self._line)

    @property
    def has_room(self) -> bool:
        """Whether handlers need not wait; for the turn they never have to."""
        return self.queued <= self._high

    @property
    def takes_answers(self) -> bool:
        """Whether an answer may still be sent: answers need no turn, and may bring it about."""
        is_leaving = self._last is not None and self._machine.state is State.OPEN
        return is_leaving or super().takes_answers

    def open(self) -> None:
        """Take note that the opening is over; the short way of ``send`` would pass the turn by."""

    # To one

    def write(self, payload: Payload) -> Ready | Room:
        """Queue one message whose payload is ready; what is returned waits for room."""
        if self._may_send():
            room = super().write(payload)
            self._left()
            return room
        self._check_open()
        parts: list[bytes] = []
        size = self._make(payload, parts)
        if self._is_full(size):
            raise self._overflow()
        self._wait(Waiting(size, parts))
        return READY if self._has_room() else self.room()

    def put_bounded(self, frame: RequestFrame) -> None:
        """Queue a request."""
        if self._may_send():
            super().put_bounded(frame)
            self._left()
            return
        self._check_open()
        self._check(frame)
        size = len(frame.payload) + 1
        if self._is_full(size):
            raise self._overflow()
        self._wait(Waiting(size, [], frame))

    def put(self, frame: Frame) -> None:
        """Queue any other frame; answers also while the end waits for the turn."""
        is_answer = isinstance(frame, ReplyFrame | ErrorFrame | PongFrame)
        if is_answer and self._last is not None and self.takes_answers:
            self._say(frame)
        else:
            super().put(frame)

    def put_reply(self, correlation_id: int, payload: Payload) -> None:
        """Queue the reply to a request, also while the end waits for the turn."""
        self.put(ReplyFrame(correlation_id, payload))

    def take_back(self, correlation_id: int) -> bool:
        """Forget a request that waits here; return whether there was one."""
        is_found = self._line.take_back(correlation_id)
        if is_found:
            self._wake()
        return is_found

    # To many

    def put_shared(self, data: bytes) -> Shared:
        """Queue a frame that goes to many; never raises, the policy acts instead."""
        if self._may_send():
            outcome = super().put_shared(data)
            if outcome is Shared.QUEUED:
                self._left()
            return outcome
        if self.refusal is not None:
            return Shared.CLOSED
        if not self._machine.accepts(data):
            return Shared.TOO_LONG
        size = len(data)
        outcome = self._make_room(size) if self._is_full(size) else Shared.QUEUED
        if outcome is Shared.QUEUED:
            self._wait(Waiting(size, [data], is_shared=True))
        return outcome

    # Leaving and ending

    def cut_off(self, *, is_cut_off: bool) -> None:
        """Take note whether reading stopped for a full inbox; ``room`` ignores the turn then.

        The turn is behind what waits for handlers, and one of these may be who waits for room.
        """
        if is_cut_off != self._is_cut_off:
            self._is_cut_off = is_cut_off
            self._wake()

    def flush(self) -> None:
        """Hand what may leave to the transport, unless that is blocked."""
        if self._transport is not None:
            self._advance()
            if self._last is not None and not self._line:
                self._end(self._last)
        super().flush()

    def finish(self, last: Frame, refusal: ConnectionClosed, done: Callable[[], None]) -> None:
        """Accept nothing more; the last frame comes behind all messages, which need the turn.

        Requests that wait are given up: nobody would hear their answers. The end comes within
        ``limits.close_s`` of this call.
        """
        self._line.take_back_all()
        if not self._line:
            super().finish(last, refusal, done)
            return
        self._machine.close_by(self._flusher.loop.time())
        self.refuse(refusal)
        self._last = last
        self._done = done
        self.flush()

    def refuse(self, refusal: ConnectionClosed) -> None:
        """Accept nothing more; what waits is still sent."""
        if self._last is not None and self._machine.has_frames:
            # The peer said CLOSE before this end could: the answer carries its code (WIRE 4).
            self._last = CloseFrame(refusal.code, refusal.reason)
        super().refuse(refusal)

    def lose(self, refusal: ConnectionClosed) -> None:
        """Accept nothing more and drop what waits: there is nobody to send it to."""
        self._last = None
        self._line.clear()
        super().lose(refusal)

    # Details: waiting

    def _may_send(self) -> bool:
        """Whether a new message or request may leave at once: nobody overtakes what waits."""
        return not self._line and self._may_leave()

    def _check_open(self) -> None:
        self._flusher.check_thread()
        if self.refusal is not None:
            raise self._closed()

    def _wait(self, waiting: Waiting) -> None:
        is_first = not self._line
        self._line.put(waiting)
        if is_first:
            self.on_wait()
        self._ask()

    def _release(self) -> None:
        """Have leave what waits, as much of it as may."""
        if self._is_releasing:
            return
        self._is_releasing = True
        try:
            while self._line and self._may_leave():
                self._let_go(self._line.pop())
                self._left()
        finally:
            self._is_releasing = False
        if self._unsaid and self._machine.has_frames and self.refusal is None:
            self._say(LossFrame(self._unsaid))
        self._unsaid = 0

    def _let_go(self, waiting: Waiting) -> None:
        if waiting.frame is not None:
            self._say(waiting.frame)
            return
        parts = self._parts if self._parts is not None else self._begin()
        if waiting.is_shared and self._pressure is not None:
            self._pressure.note_droppable(len(parts), waiting.size)
        parts.extend(waiting.parts)
        self._count(waiting.size)

    def _say(self, frame: Frame) -> None:
        """Queue a frame, also when nothing new is accepted any more."""
        parts = self._parts if self._parts is not None else self._begin()
        self._count(self._machine.send(frame, self._flusher.loop.time(), parts))

    # Details: the end

    def _end(self, last: Frame) -> None:
        """Send the last frame now, or only tell that it is too late for it."""
        self._last = None
        if self._machine.state is State.ENDED:
            self._when_done = self._done
            return
        assert self.refusal is not None, "refused when the end began"
        super().finish(last, self.refusal, self._done)

    def _no_end(self) -> None:
        """Do nothing, as long as no end waits."""

    # Details: the limits

    def _has_room(self) -> bool:
        return self.queued + (0 if self._is_cut_off else self._line.size) <= self._high

    def _is_empty(self) -> bool:
        return not self._line and super()._is_empty()

    def _excess(self, size: int) -> int:
        return self.queued + self._line.size + size - self._limits.outbox_bytes_max

    def _is_full(self, size: int) -> bool:
        """Whether there is no room for ``size`` more bytes, after a closer look."""
        if self._excess(size) <= 0:
            return False
        if self._pressure is not None:
            self._look(self._pressure)
            self._pressure.was_full = self._pressure.was_full or self._excess(size) > 0
        return self._excess(size) > 0

    def _overflow(self) -> OutboxFull:
        return OutboxFull(self.queued + self.waiting, self._limits.outbox_bytes_max)

    def _make_room(self, size: int) -> Shared:
        """Apply the policy for a broadcast of ``size`` bytes that has no room."""
        policy = self._limits.slow_consumer
        if policy is SlowConsumer.DISCONNECT:
            return Shared.OVERFLOW
        count = 0
        if policy is SlowConsumer.DROP_OLDEST:
            count = self._line.leave_out(self._excess(size))
        outcome = Shared.QUEUED if count else Shared.DROPPED
        # Without room it is the new one that is left out.
        self.dropped += count or 1
        self._unsaid += count or 1
        return outcome
