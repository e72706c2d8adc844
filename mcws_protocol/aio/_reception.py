"""Reception: what arrives on one connection, from bytes to the inbox, the requests and the end.

Parsing never waits for handlers: everything but messages and requests acts when it is parsed. One
read may bring thousands of messages; after ``limits.messages_per_turn`` the other connections get
their turn first.

Source: FAULTS 28.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from .._dialect import Dialect
from .._errors import MessagesLost
from .._events import (
    CancelFrame,
    CloseFrame,
    DrainFrame,
    Ended,
    ErrorFrame,
    Faulted,
    HelloFrame,
    LossFrame,
    Payload,
    PingFrame,
    Received,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    TimedOut,
    TurnFrame,
    WelcomeFrame,
)
from .._native import mypyc_attr
from .._wire import Machine
from ._answers import NO_HANDLER, Answers
from ._asked import Asked
from ._dispatcher import Dispatcher
from ._farewell import Farewell
from ._handlers import Rest
from ._hub import Hub
from ._inbox import Inbox, Turn
from ._modes import TokenOutbox
from ._outbox import Outbox
from ._turn_outbox import TurnOutbox


@mypyc_attr(allow_interpreted_subclasses=True)
class Reception(ABC):
    """The receiving half of a connection.

    Attributes:
        outbox: what waits to be sent.
        inbox: what waits for its handlers.
        dispatcher: calls the handlers.
        transport: asyncio's; None before there is one.
        is_open: whether the opening is over and the application knows of the connection.
        is_lost: whether the transport is gone.
    """

    __slots__ = (
        "_answers",
        "_asked",
        "_backlog",
        "_eof_waits",
        "_farewell",
        "_hub",
        "_is_reading_paused",
        "_machine",
        "_skips",
        "dispatcher",
        "inbox",
        "is_lost",
        "is_open",
        "outbox",
        "transport",
    )

    def __init__(
        self, hub: Hub, machine: Machine, dialect: Dialect, outbox: Outbox, *, skips: bool
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_open: bool = False
        self.is_lost: bool = False
        self.outbox: Outbox = outbox
        if isinstance(outbox, TurnOutbox):
            # The turn may have to be read from behind a full inbox.
            outbox.on_wait = self.adjust_reading
        self.dispatcher: Dispatcher = Dispatcher(hub, dialect, self)
        self.inbox: Inbox = Inbox(hub, self)
        self._hub = hub
        self._machine = machine
        # Made when they are needed: most connections never ask, and all end only once.
        self._asked: Asked | None = None
        self._answers: Answers | None = None
        self._farewell: Farewell | None = None
        # What one read brought beyond one turn; None while all of it fits.
        self._backlog: list[Received] | None = None
        self._eof_waits = False
        # Whether the mode has no messages from the peer.
        self._skips = skips
        self._is_reading_paused = False

    @property
    @abstractmethod
    def farewell(self) -> Farewell:
        """How far the end has come."""

    @abstractmethod
    def holds_delivery(self) -> bool:
        """Whether no handler may start now."""

    @abstractmethod
    def delivered(self) -> None:
        """Go on, now that nothing more can start."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take the transport."""
        self.transport = transport
        self.outbox.attach(transport)
        self._hub.watch(self)
        self.on_made()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the peer."""
        events = self._machine.receive(data, self._hub.loop.time())
        if self._skips:
            events = self._without_messages(events)
        if not self.is_open and self._hub.is_server and events and type(events[-1]) is Faulted:
            # A HELLO with a fault right behind it is refused as a whole: nobody was let in yet.
            events = events[-1:]
        if self._backlog is None:
            self._take(events)
        else:
            # Behind the rest, should the transport bring more after `pause_reading`.
            self._backlog.extend(events)

    def eof_received(self) -> bool:
        """Take the end of the peer's stream; this end decides when its own is over."""
        # Handlers of the backlog may still send, so the machine hears of the end behind them.
        self._eof_waits = self._backlog is not None
        if not self._eof_waits:
            self._take([*self._machine.receive_eof(self._hub.loop.time())])
        # True keeps this end's direction open: what came is still handled and answered.
        return True

    # Turns

    def _take(self, events: list[Received]) -> None:
        """Handle what one read brought, or as much of it as one turn allows."""
        budget = self._hub.messages_per_turn
        if len(events) > budget:
            self._backlog = events[budget:]
            events = events[:budget]
            # The others come first (FAULTS 28); with reading paused the rest does not grow.
            self._hub.loop.call_soon(self._take_backlog)
            self.adjust_reading()
        # All that handlers send meanwhile leaves in one write.
        self.outbox.is_corked = True
        try:
            self._handle(events)
        finally:
            self.outbox.is_corked = False
            self.outbox.flush()

    def _take_backlog(self) -> None:
        events, self._backlog = self._backlog, None
        if events is None:
            return
        self._take(events)
        self.adjust_reading()
        self._take_late_eof()

    def _take_late_eof(self) -> None:
        """Take the end of the stream that had to wait, if nothing is in front of it any more."""
        # Asked in a function of its own: the caller's type checker would believe what it set.
        if self._eof_waits and self._backlog is None:
            self.eof_received()

    def _without_messages(self, events: list[Received]) -> list[Received]:
        """Return ``events`` without what a peer that only listens may not send; count it."""
        kept: list[Received] = []
        for event in events:
            if isinstance(event, RequestFrame):
                self.answer(ErrorFrame(event.correlation_id, NO_HANDLER))
            # A CANCEL came with its request, in this very chunk.
            if isinstance(event, bytes | str | RequestFrame):
                self.dispatcher.skipped += 1
            elif not isinstance(event, CancelFrame):
                kept.append(event)
        return kept

    def _handle(self, events: list[Received]) -> None:
        """Handle messages at once while nothing is in their way, else have them wait."""
        inbox, outbox, dispatcher = self.inbox, self.outbox, self.dispatcher
        high = self._hub.held_from_bytes
        late: list[Payload] = []
        for event in events:
            if type(event) is bytes or type(event) is str:
                if not inbox.is_idle:
                    late.append(event)
                    continue
                rest = dispatcher.message(event)
                if rest is not None:
                    inbox.work(rest)
                # Only a blocked transport keeps so much here, so `resume_writing` will go on.
                elif outbox.queued > high:
                    inbox.is_idle = False
            else:
                # The inbox is idle only when that is empty, so nothing is overtaken.
                if late:
                    self._queue(*late)
                    late.clear()
                act = ACTIONS.get(type(event))
                if act is not None:
                    act(self, event)
        if late:
            self._queue(*late)

    def _queue(self, *items: Payload | Turn) -> None:
        """Have ``items`` wait for their turn, unless this end wants no more."""
        if self._farewell is None or not self._farewell.is_deaf:
            self.inbox.put(*items)
            if self.inbox.size > self._hub.limits.inbox_high_bytes:
                self.adjust_reading()

    def adjust_reading(self) -> None:
        """Read unless too much waits; an answer or a turn that is to come widens the limit."""
        transport = self.transport
        if transport is None or self.is_lost or transport.is_closing():
            return
        limits = self._hub.limits
        limit = limits.inbox_high_bytes
        if self.inbox.size > limit and self._waits_for_peer():
            limit = limits.inbox_bytes_max
        is_full = self.inbox.size > limit
        self.outbox.cut_off(is_cut_off=is_full)
        pauses = self._backlog is not None or is_full
        if pauses == self._is_reading_paused:
            return
        self._is_reading_paused = pauses
        if pauses:
            transport.pause_reading()
        else:
            # The peer was not silent, this end did not listen.
            self._machine.excuse(self._hub.loop.time())
            transport.resume_reading()

    def _waits_for_peer(self) -> bool:
        """Whether this end waits for an answer or for the turn, behind what it has not read."""
        return (self._asked is not None and self._asked.waiting > 0) or self.outbox.is_waiting

    # What the inbox calls

    def start_message(self, payload: Payload) -> Rest | None:
        """Call the handlers of one message."""
        return self.dispatcher.message(payload)

    def deliver(self) -> None:
        """Have the inbox deliver, with all that this sends leaving at once."""
        self.outbox.is_corked = True
        try:
            self.inbox.deliver()
        finally:
            self.outbox.is_corked = False
            self.outbox.flush()

    def cork(self) -> None:
        """Have all that a worker's handlers send leave at once."""
        self.outbox.is_corked = True

    def uncork(self, waits: bool) -> None:
        """Have it leave, now that they have ended, or that one waits."""
        self.outbox.is_corked = False
        self._hub.flusher.flush(self.outbox)

    # Events

    @abstractmethod
    def on_made(self) -> None:
        """Have the owner take note of the transport."""

    @abstractmethod
    def sweep(self, now: float) -> None:
        """Act on deadlines."""

    @abstractmethod
    def excuse(self, seconds: float) -> None:
        """Do not hold a silence of so many seconds against the peer."""

    def on_request(self, frame: RequestFrame) -> None:
        """Have a request of the peer wait for its turn, or answer it at once."""
        if self._answers is None:
            self._answers = Answers(self._hub, self.dispatcher, self)
            # The first request may come after the plan to stop.
            planned = None if self._farewell is None else self._farewell.planned
            self._answers.is_draining = planned is not None
        may_start = self.inbox.takes_requests
        if may_start and self._farewell is None:
            # The hot path: nothing is in its way, and nothing waits for its end.
            self._answers.start(frame, self._machine.heard_at)
            if self.outbox.queued > self._hub.held_from_bytes:
                self.inbox.is_idle = False
            return
        self._queue(self._answers.take(frame))
        if self._farewell is not None and self._farewell.is_deaf:
            self.refuse_requests()
        elif may_start:
            # Nothing was in its way, so its turn is now: the inbox alone decides on turns.
            self.inbox.deliver()

    def refuse_requests(self) -> None:
        """Refuse the peer's requests that will not start any more, if it is not too late."""
        # An end that waits for the turn to say the last does not get it before they are settled.
        if self._answers is not None and self.outbox.takes_answers:
            self._answers.refuse_waiting()

    def on_answer(self, frame: ReplyFrame | ErrorFrame) -> None:
        """Settle a request of this end."""
        assert self._asked is not None, "the machine drops answers to what was never asked"
        self._asked.settle(frame)

    def on_cancel(self, frame: CancelFrame) -> None:
        """Cancel a request of the peer."""
        assert self._answers is not None, "the machine drops a CANCEL of what was never asked"
        self._answers.cancel(frame.correlation_id)

    def on_ping(self, frame: PingFrame) -> None:
        """Answer a PING with the next flush."""
        self.outbox.pong(frame.payload)

    def on_turn(self, frame: TurnFrame) -> None:
        """Take the turn, or the peer's wish to have it."""
        assert isinstance(self.outbox, TokenOutbox), (
            "the machine refuses it where there is no token"
        )
        self.outbox.turn(frame)

    def on_loss(self, frame: LossFrame) -> None:
        """Tell the application that the peer dropped messages."""
        self.dispatcher.report(MessagesLost(frame.count))

    def on_close(self, frame: CloseFrame) -> None:
        """Take the peer's CLOSE."""
        self.farewell.heard(frame)

    def on_end(self, event: Ended) -> None:
        """Take the end of the peer's stream."""
        self.farewell.heard_eof()

    @abstractmethod
    def on_hello(self, frame: HelloFrame) -> None:
        """Have the owner decide on a client."""

    @abstractmethod
    def on_welcome(self, frame: WelcomeFrame) -> None:
        """Have the owner go on."""

    @abstractmethod
    def on_reject(self, frame: RejectFrame) -> None:
        """Have the owner give up."""

    @abstractmethod
    def on_drain(self, frame: DrainFrame) -> None:
        """Have the owner know that the server wants to stop."""

    @abstractmethod
    def on_fault(self, event: Faulted) -> None:
        """Tell the peer what it did wrong."""

    @abstractmethod
    def on_timeout(self, event: TimedOut) -> None:
        """Give up what took too long."""

    # What the answers to requests call

    def answer(self, frame: ErrorFrame) -> None:
        """Send the error that answers a request; nothing if the connection is closed."""
        outbox = self.outbox
        if outbox.refusal is None or outbox.takes_answers:
            outbox.put(frame)

    def reply(self, correlation_id: int, payload: Payload) -> None:
        """Send the reply to a request; nothing if the connection is closed."""
        outbox = self.outbox
        if outbox.refusal is None or outbox.takes_answers:
            outbox.put_reply(correlation_id, payload)

    def request_started(self) -> None:
        """Have the next message wait until an async request handler had its first step."""
        self.inbox.request_started()

    def request_stepped(self) -> None:
        """Have the next message go on, if that was the last first step to wait for."""
        self.inbox.request_stepped()

    def request_ended(self) -> None:
        """Go on with the end, if that is what waits for the last handler."""
        if self._farewell is not None:
            # `delivered` has looked before and found this handler still running.
            self.inbox.schedule()


# What is done on each event; PONG needs nothing more than the machine does.
ACTIONS: Final[dict[type, Callable[[Any, Any], None]]] = {
    # A lambda where a subclass does it: the function of this class would be the abstract one.
    HelloFrame: lambda connection, frame: connection.on_hello(frame),
    WelcomeFrame: lambda connection, frame: connection.on_welcome(frame),
    RejectFrame: lambda connection, frame: connection.on_reject(frame),
    RequestFrame: Reception.on_request,
    ReplyFrame: Reception.on_answer,
    ErrorFrame: Reception.on_answer,
    CancelFrame: Reception.on_cancel,
    PingFrame: Reception.on_ping,
    LossFrame: Reception.on_loss,
    TurnFrame: Reception.on_turn,
    DrainFrame: lambda connection, frame: connection.on_drain(frame),
    CloseFrame: Reception.on_close,
    Ended: Reception.on_end,
    Faulted: lambda connection, event: connection.on_fault(event),
    TimedOut: lambda connection, event: connection.on_timeout(event),
}
