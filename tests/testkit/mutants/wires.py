"""Wires with one bug each; those without are ``Mcws()`` and ``Plain(Lines())`` themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mcws_protocol import (
    CloseFrame,
    Event,
    Faulted,
    Frame,
    Limits,
    Lines,
    LocalProtocolError,
    Machine,
    Payload,
    Plain,
    Received,
    ReplyFrame,
    RequestFrame,
    Role,
    State,
    Wire,
)
from mcws_protocol._half_duplex import HalfDuplexMachine
from mcws_protocol._mcws import McwsMachine
from mcws_protocol._mcws_wire import Mcws
from mcws_protocol._plain import PlainMachine


class IdReuse(McwsMachine):
    """Lets a request go under an id that is in flight."""

    def _check_ids(self, frame: Frame) -> None:
        if not isinstance(frame, RequestFrame):
            super()._check_ids(frame)


class IdReuseAccepted(McwsMachine):
    """Takes a second request under an id that is in flight."""

    def _owe(self, correlation_id: int) -> None:
        self._owed = (self._owed or set()) | {correlation_id}


class IdNeverFree(McwsMachine):
    """Never forgets the id of a request."""

    def _is_answer(self, correlation_id: int) -> bool:
        return self._asked is not None and correlation_id in self._asked


class ReplyToWrongRequest(McwsMachine):
    """Gives a reply to the oldest request."""

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return events, with the ids of others."""
        oldest = min(self._asked or {0})
        return [
            ReplyFrame(oldest, event.payload) if isinstance(event, ReplyFrame) else event
            for event in super().receive(data, now)
        ]


class DeadlineNeverTold(McwsMachine):
    """Waits for the answer to its CLOSE and tells nobody until when."""

    def next_deadline(self) -> float:
        """Return no deadline of a close."""
        return math.inf if self.state is State.CLOSE_SENT else super().next_deadline()


class DeadlineTooEarly(McwsMachine):
    """Acts a second before its deadline."""

    def next_deadline(self) -> float:
        """Return a second more than there is."""
        return super().next_deadline() + 1


class DeadPeerKept(McwsMachine):
    """Takes its own PINGs for life."""

    def tick(self, now: float, out: list[bytes]) -> list[Event]:
        """Ping and believe."""
        events = super().tick(now, out)
        if out:
            self.heard_at = now
        return events


class EventAfterFault(McwsMachine):
    """Goes on to read behind a fault."""

    def _fault(self, error: object) -> Faulted:
        fault = super()._fault(error)  # type: ignore[arg-type]  # as it came
        self._deaf = False
        return fault


class EventAfterClose(McwsMachine):
    """Reads on behind the CLOSE of the peer, and reports it twice."""

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return events, with a second CLOSE."""
        events = super().receive(data, now)
        return events + [event for event in events if isinstance(event, CloseFrame)]


class CloseUnanswered(McwsMachine):
    """Says nothing to a CLOSE but takes itself for closed."""

    def send(self, frame: Frame, now: float, out: list[bytes]) -> int:
        """Say anything but a second CLOSE."""
        if isinstance(frame, CloseFrame) and self.state is State.CLOSE_RECEIVED:
            return super().send(frame, now, [])
        return super().send(frame, now, out)


class LastWordsRefused(McwsMachine):
    """Lets nothing go any more once the peer said CLOSE."""

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Say it while the dialogue is open."""
        if self.state is State.CLOSE_RECEIVED:
            raise LocalProtocolError("too late")
        return super().send_message(payload, out)


class LostAtHeader(McwsMachine):
    """Loses a message whose chunk ends behind its header."""

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return events; what is just a header is no frame yet."""
        if len(data) == 6 and self.state is State.OPEN and data[4] == 0x10:
            return []
        return super().receive(data, now)


class TextBecomesBytes(McwsMachine):
    """Forgets that a message was text."""

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return events without text."""
        found = super().receive(data, now)
        return [event.encode() if isinstance(event, str) else event for event in found]


class SizeWithoutHeader(McwsMachine):
    """Tells the bytes of the payload instead of those that were appended."""

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Send and count too little."""
        return super().send_message(payload, out) - 6


class LimitAppliedToWrongSide(McwsMachine):
    """Refuses what its own limit allows and the peer's does not ask for."""

    def accepts(self, shared: bytes) -> bool:
        """Whether the payload is below a limit that nobody named."""
        return len(shared) < 4096


class RefusalClosesAnyway(McwsMachine):
    """Is closed by a CLOSE that it refused to send."""

    def send(self, frame: Frame, now: float, out: list[bytes]) -> int:
        """Say it, and set the deadline before looking."""
        self._deadline = min(self._deadline, now + 1)
        return super().send(frame, now, out)


class TurnIgnored(HalfDuplexMachine):
    """Sends without the turn."""

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Say it in any case."""
        return self.make_message(payload, out)


class SpeakerWithoutTurnHeard(HalfDuplexMachine):
    """Listens to a peer that does not have the turn."""

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return events, whoever has the turn."""
        return McwsMachine.receive(self, data, now)


class EndToldTwice(PlainMachine):
    """Tells the end of the stream whenever it is told."""

    def receive_eof(self, now: float) -> list[Event]:
        """Return the end."""
        self._has_eof = False
        return super().receive_eof(now)


class TailForgotten(PlainMachine):
    """Takes the end inside a frame for a close."""

    def receive_eof(self, now: float) -> list[Event]:
        """Return the end, which is always polite."""
        return [
            CloseFrame() if isinstance(event, Faulted) else event
            for event in super().receive_eof(now)
        ]


class ReplyIsMessage(PlainMachine):
    """Takes the reply for a message like any other."""

    def _find_reply(self, events: list[Received], asked: int) -> None:
        self._asked = None


class FaultHidesMessages(PlainMachine):
    """Reports only the fault where messages came in front of it."""

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return the fault alone."""
        events = super().receive(data, now)
        return [event for event in events if isinstance(event, Faulted)] or events


MUTANTS = (
    *(one for one in McwsMachine.__subclasses__() if one.__module__ == __name__),
    *(one for one in HalfDuplexMachine.__subclasses__() if one.__module__ == __name__),
    *(one for one in PlainMachine.__subclasses__() if one.__module__ == __name__),
)


@dataclass(frozen=True)
class Mutated(Mcws):
    """mcws/1 with other machines."""

    machines: type[McwsMachine]

    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> McwsMachine:
        """Return the machine of one end."""
        makes: type[McwsMachine] = self.machines
        if issubclass(makes, HalfDuplexMachine) == (first is None):
            return super().machine(role, limits, now, first=first)
        return makes(role, limits, now, first) if first else makes(role, limits, now)  # type: ignore[call-arg]  # half duplex


@dataclass(frozen=True)
class MutatedLines(Plain):
    """Lines with other machines."""

    machines: type[PlainMachine] = PlainMachine

    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> PlainMachine:
        """Return the machine of one end."""
        return self.machines(role, limits, now, self.framing, self.framing)


def wire_of(machines: type[Machine]) -> Wire:
    """Return a wire that makes such machines."""
    if issubclass(machines, PlainMachine):
        return MutatedLines(Lines(), machines=machines)
    assert issubclass(machines, McwsMachine)
    return Mutated(machines)
