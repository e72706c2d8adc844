"""Modes: the outboxes of connections on which not both ends may always send.

``outbox_for`` chooses when the connection is made, so that full duplex pays for none of it.

Source: WIRE 2 (TURN).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from .._dialect import Dialect
from .._errors import LocalProtocolError
from .._events import Payload, RequestFrame, TurnFrame
from .._half_duplex import HalfDuplexMachine
from .._limits import Limits
from .._message import is_message
from .._mode import Mode
from .._state import Role, State
from .._wire import Machine
from ._flusher import Flusher
from ._hub import Hub
from ._outbox import Outbox, Shared
from ._turn_outbox import TurnOutbox
from ._waiting import Ready, Room

GIVE: Final = TurnFrame(give=True)
PLEASE: Final = TurnFrame(give=False)


class TokenOutbox(TurnOutbox):
    """One end of a half-duplex connection on mcws/1: what has to wait, waits for the token."""

    __slots__ = ("_tokens",)

    def __init__(
        self, machine: HalfDuplexMachine, dialect: Dialect, limits: Limits, flusher: Flusher
    ) -> None:
        super().__init__(machine, dialect, limits, flusher)
        # The machine again, by the type that has turns.
        self._tokens = machine

    def turn(self, frame: TurnFrame) -> None:
        """Take TURN of the peer: what waited leaves, or the turn is given as soon as it can be."""
        if frame.give:
            # All of it, though the peer may ask right behind: that is handled after this.
            self._release()
        else:
            self._tokens.turns.want()

    def _may_leave(self) -> bool:
        return self._tokens.turns.may_send

    def _make(self, payload: Payload, parts: list[bytes]) -> int:
        return self._tokens.make_message(payload, parts)

    def _check(self, frame: RequestFrame) -> None:
        self._tokens.check_request(frame)

    def _left(self) -> None:
        self._tokens.turns.sent()

    def _ask(self) -> None:
        turns = self._tokens.turns
        if not turns.is_ours and not turns.has_asked:
            self._say(PLEASE)

    def _advance(self) -> None:
        """Give the turn to the peer that asked for it, unless an answer is still to come."""
        machine = self._tokens
        if machine.state is not State.OPEN or machine.is_deaf:
            # The turn will never come.
            self._line.clear()
        elif machine.turns.is_wanted and not machine.is_asking:
            self._say(GIVE)
            if self._line:
                self._ask()


class InitiatorOutbox(TurnOutbox):
    """The end of a plain half-duplex connection that begins: what waits, waits for an answer."""

    __slots__ = ("_is_answered",)

    # Requests wait here, in the order of all calls, and not for one another.
    orders_requests: ClassVar[bool] = True

    def __init__(
        self, machine: Machine, dialect: Dialect, limits: Limits, flusher: Flusher
    ) -> None:
        super().__init__(machine, dialect, limits, flusher)
        # Whether the peer answers whatever payload it gets: it cannot tell one from a request.
        native = not all(map(is_message, dialect.outgoing.everything.kinds))
        self._is_answered = dialect.is_answered and native

    def send(self, message: Any) -> Ready | Room:
        """Encode and queue one message; what is returned waits for room."""
        # The dialect refuses what would be answered.
        return super().write(self._encode(message))

    def write(self, payload: Payload) -> Ready | Room:
        """Queue one message whose payload is ready; what is returned waits for room.

        Raises:
            LocalProtocolError: the peer would answer it; else as ever.
        """
        if self._is_answered:
            name = type(payload).__name__
            raise LocalProtocolError(f"each {name} is answered there: send it with request()")
        return super().write(payload)

    def _may_leave(self) -> bool:
        # Behind the end of the peer's stream no answer comes any more.
        return not self._machine.is_asking or self._machine.state is State.CLOSE_RECEIVED

    def _make(self, payload: Payload, parts: list[bytes]) -> int:
        return self._machine.send_message(payload, parts)

    def _check(self, frame: RequestFrame) -> None:
        self._machine.share(frame.payload)

    def _left(self) -> None:
        """Note nothing: the machine knows which request it sent."""

    def _ask(self) -> None:
        """Ask for nothing: the answer gives the turn back."""

    def _advance(self) -> None:
        if self._machine.is_deaf:
            self._line.clear()
        else:
            self._release()


class SilentOutbox(Outbox):
    """The outbox of an end that sends no messages; what answers or ends passes all the same."""

    __slots__ = ()

    why: ClassVar[str]
    """What callers are told."""

    def open(self) -> None:
        """Take note that the opening is over; there is no short way to send nothing."""

    def write(self, payload: Payload) -> Ready | Room:
        """Refuse a message.

        Raises:
            LocalProtocolError: always.
        """
        raise LocalProtocolError(self.why)

    def put_bounded(self, frame: RequestFrame) -> None:
        """Refuse a request.

        Raises:
            LocalProtocolError: always.
        """
        raise LocalProtocolError(self.why)

    def put_shared(self, data: bytes) -> Shared:
        """Leave a frame out that goes to many."""
        return Shared.CLOSED if self.refusal is not None else Shared.SILENT


class AnsweringOutbox(SilentOutbox):
    """The end of a plain half-duplex connection that does not begin."""

    __slots__ = ()

    why: ClassVar[str] = "this end only answers on a plain half-duplex wire"


class ListeningOutbox(SilentOutbox):
    """The client's end of a simplex connection."""

    __slots__ = ()

    why: ClassVar[str] = "only the server sends in simplex mode"


class AnnouncingOutbox(Outbox):
    """The server's end of a simplex connection."""

    __slots__ = ()

    def put_bounded(self, frame: RequestFrame) -> None:
        """Refuse a request.

        Raises:
            LocalProtocolError: always.
        """
        raise LocalProtocolError("nothing may come back in simplex mode, so nothing can be asked")


def outbox_for(mode: Mode, initiator: Role, machine: Machine, dialect: Dialect, hub: Hub) -> Outbox:
    """Return the outbox of one end of a new connection."""
    kind: type[Outbox] = Outbox
    if mode is Mode.SIMPLEX:
        kind = AnnouncingOutbox if hub.is_server else ListeningOutbox
    elif mode is Mode.HALF_DUPLEX:
        if isinstance(machine, HalfDuplexMachine):
            return TokenOutbox(machine, dialect, hub.limits, hub.flusher)
        kind = InitiatorOutbox if machine.role is initiator else AnsweringOutbox
    return kind(machine, dialect, hub.limits, hub.flusher)
