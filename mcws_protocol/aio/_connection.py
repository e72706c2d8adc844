"""Connection: the asyncio protocol that owns one transport and drives one machine.

It opens no socket: whoever makes a transport gives it one. What the machine reports goes to the
inbox, to the requests, to the farewell or to the owner; what this end sends goes to the outbox.
"""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic

from typing_extensions import TypeVar

from .._codec import Codec, Raw, expect_raw
from .._errors import (
    DecodeError,
    LocalProtocolError,
    MessagesLost,
    Rejected,
    RemoteProtocolError,
    RequestTimeout,
    shown,
)
from .._events import (
    CancelFrame,
    CloseFrame,
    DrainFrame,
    Ended,
    ErrorFrame,
    Faulted,
    Frame,
    HelloFrame,
    LossFrame,
    Payload,
    PingFrame,
    Received,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    TimedOut,
    WelcomeFrame,
)
from .._state import Role
from .._wire import Wire, check_close
from ._dispatcher import Dispatcher, Rest
from ._farewell import LOST, Farewell
from ._handlers import Handlers
from ._hub import Hub
from ._inbox import Inbox, Turn
from ._outbox import Outbox
from ._requests import Answers, Asked
from ._waiting import Gate, Ready, Room

In = TypeVar("In", default=Raw)
Out = TypeVar("Out", default=Raw)

STALLED: Final = CloseFrame(4003, "slow consumer")


class Door:
    """How connections are made: those of one door share their wire and codec.

    Attributes:
        wire: makes their machines.
        codec: the wire's own unless another one is given.
    """

    __slots__ = ("codec", "wire")

    def __init__(self, wire: Wire, codec: Codec[Any] | None = None) -> None:
        self.wire = wire
        self.codec: Codec[Any] = wire.codec if codec is None else codec


class Owner(ABC):
    """The server or client that a connection works for."""

    __slots__ = ()

    @abstractmethod
    def made(self, connection: Connection[Any, Any], /) -> None:
        """Take note of a connection that got its transport."""

    def greeted(self, connection: Connection[Any, Any], frame: HelloFrame, /) -> None:
        """Decide on a client that said HELLO; only a server hears it."""

    def welcomed(self, connection: Connection[Any, Any], frame: WelcomeFrame, /) -> None:
        """Go on: the server said WELCOME; only a client hears it."""

    def draining(self, connection: Connection[Any, Any], frame: DrainFrame, /) -> None:
        """Take note that the server wants to stop; only a client hears it."""

    @abstractmethod
    def refused(self, connection: Connection[Any, Any], error: Exception, /) -> None:
        """Give up: the opening failed, or the transport was lost before its end."""

    @abstractmethod
    def connected(self, connection: Connection[Any, Any], /) -> Rest | None:
        """Run the connect hooks; return what is left to await."""

    @abstractmethod
    def ended(self, connection: Connection[Any, Any], /) -> Rest | None:
        """Run the hooks of the end; return what is left to await."""

    @abstractmethod
    def gone(self, connection: Connection[Any, Any], /) -> None:
        """Forget a connection whose last hook has ended."""

    @abstractmethod
    def renamed(self, connection: Connection[Any, Any], id: str, /) -> None:
        """Give a connection the id that the application chose for it."""


class Connection(Generic[In, Out]):
    """One transport, one machine, and all that is between them and the handlers.

    Attributes:
        id: what the server calls the client; empty before the opening is over.
        contract: the peer's ``name/version:fingerprint``; empty where it has none.
        outbox: what waits to be sent.
        inbox: what waits for its handlers.
        dispatcher: calls the handlers.
        door: how it was made.
        transport: asyncio's; None before there is one.
        is_open: whether the opening is over and the application knows of the connection.
        is_lost: whether the transport is gone.
    """

    __slots__ = (
        "_answers",
        "_asked",
        "_backlog",
        "_codec",
        "_farewell",
        "_gate",
        "_hub",
        "_is_named",
        "_is_over",
        "_is_reading_paused",
        "_machine",
        "_owner",
        "contract",
        "dispatcher",
        "door",
        "id",
        "inbox",
        "is_lost",
        "is_open",
        "outbox",
        "transport",
    )

    def __init__(self, hub: Hub, owner: Owner, door: Door) -> None:
        role = Role.SERVER if hub.is_server else Role.CLIENT
        self._hub = hub
        self._owner = owner
        self._codec = door.codec
        self._machine = door.wire.machine(role, hub.limits, hub.loop.time())
        self.outbox = Outbox(self._machine, self._codec, hub.limits, hub.flusher)
        self.dispatcher = Dispatcher(hub, self._codec, self)
        self.inbox = Inbox(hub, self)
        self.transport: asyncio.Transport | None = None
        self.door = door
        self.id = ""
        self.contract = ""
        self.is_open = False
        self.is_lost = False
        self._asked: Asked | None = None
        self._answers: Answers | None = None
        self._backlog: list[Received] | None = None
        self._farewell: Farewell | None = None
        self._gate: Gate | None = None
        self._is_reading_paused = False
        self._is_over = False
        self._is_named = False

    # What an application may ask of it, through a client object or a class of its own

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.outbox.refusal is not None

    @property
    def close_code(self) -> int:
        """The received close code, else the sent one, else 1006."""
        return LOST if self._farewell is None else self._farewell.code

    @property
    def close_reason(self) -> str:
        """The reason that came with the close code."""
        return "" if self._farewell is None else self._farewell.reason

    @property
    def paused(self) -> bool:
        """Whether the application asked to hold delivery."""
        return self.inbox.is_paused

    @property
    def rtt(self) -> float | None:
        """Seconds between the last PING and its PONG; None before the first."""
        return self._machine.rtt

    @property
    def own(self) -> Handlers:
        """The handlers of this connection alone."""
        if self.dispatcher.own is None:
            self.dispatcher.own = Handlers()
        return self.dispatcher.own

    def on_message(self, callback: Callable[[In, Any], object]) -> None:
        """Call ``callback(message, client)`` for each message."""
        self.own.add_message(callback)

    def write(self, payload: Payload) -> Ready | Room:
        """Queue one payload as it is, past the codec."""
        return self.outbox.write(expect_raw(payload))

    @property
    def end(self) -> Gate:
        """What waits for the transport to be gone; hooks may still run then."""
        if self._gate is None:
            self._gate = Gate()
            if self.is_lost:
                self._gate.open()
        return self._gate

    @property
    def has_opening(self) -> bool:
        """Whether HELLO and WELCOME come before messages."""
        return self._machine.has_opening

    @property
    def remote_address(self) -> Any:
        """The peer's address; None where there is none."""
        return None if self.transport is None else self.transport.get_extra_info("peername")

    @property
    def has_frames(self) -> bool:
        """Whether the wire has other frames than messages."""
        return self._machine.has_frames

    async def request(self, message: Any, timeout: float | None) -> Any:
        """Send a request and return the message that answers it.

        Raises:
            RequestTimeout: no answer within ``timeout`` seconds.
            RequestFailed: the peer answered with an error.
            ConnectionClosed: the connection ended before the answer came.
            DecodeError: the answer does not decode.
            OutboxFull: too much waits to be sent; MessageTooLong, EncodeError: as in ``send``.
        """
        payload = self._codec.encode(message)
        if self._asked is None:
            self._asked = Asked(self._hub.loop)
        asked = self._asked
        if self._machine.has_frames:
            return self.dispatcher.decode(await self._ask(asked, payload, timeout))
        try:
            async with asyncio.timeout(timeout), asked.turn:
                reply = await self._ask(asked, payload, None)
        except TimeoutError:
            raise RequestTimeout(timeout or 0.0) from None
        return self.dispatcher.decode(reply)

    def close(self, code: int = 1000, reason: str = "") -> Gate:
        """Say goodbye and end; what is returned waits for the end of the transport."""
        check_close(code, reason)
        self.close_with(CloseFrame(code, reason))
        return self.end

    def abort(self) -> None:
        """End at once; what waits to be sent is dropped."""
        self._go_deaf()
        self._fail_pending()
        if self.transport is not None and not self.is_lost:
            self.outbox.lose(self.farewell.error())
            self.transport.abort()

    def pause(self) -> None:
        """Hold delivery; what arrives waits, and above the limits reading pauses."""
        self.inbox.is_paused = True
        self.inbox.is_idle = False

    def resume(self) -> None:
        """Deliver again, from the next turn of the loop on."""
        self.inbox.is_paused = False
        self.inbox.schedule()

    # What the owner asks of it

    @property
    def farewell(self) -> Farewell:
        """How far the end has come; made with the first word of it."""
        if self._farewell is None:
            self._farewell = Farewell()
        return self._farewell

    def put(self, frame: Frame) -> None:
        """Queue a frame that is no message."""
        self.outbox.put(frame)

    def open(self, client: object) -> None:
        """Begin to deliver to ``client``, the connect hooks first."""
        self.is_open = True
        self.dispatcher.client = client
        self.dispatcher.on_bad_payload = self._undecodable
        self.dispatcher.is_closed = self._is_refusing
        self.inbox.put_first(Turn(self._connect))
        self.inbox.schedule()

    def reject(self, frame: RejectFrame) -> None:
        """Refuse the opening and linger until the client has read why."""
        if not self.closed:
            self._finish(frame, CloseFrame(frame.code, frame.reason))

    def close_with(self, frame: CloseFrame) -> None:
        """Close by the will of this end: stop delivery, send what is queued, then CLOSE."""
        if not self.closed or (self._farewell is not None and self._farewell.sent is None):
            self._go_deaf()
            self._finish(frame, frame)

    def say_drain(self, frame: DrainFrame) -> None:
        """Tell the peer that this end wants to stop, where the wire has words for it."""
        if self._machine.has_frames and not self.closed:
            self.outbox.put(frame)

    def wind_down(self, frame: CloseFrame) -> None:
        """Take no new requests, and close when all that has arrived is handled."""
        self.farewell.planned = frame
        if self._answers is not None:
            self._answers.is_draining = True
        self.inbox.schedule()

    def rename(self, id: str) -> None:
        """Take an id that the application chose, where the wire has no opening to say one.

        Raises:
            LocalProtocolError: the wire has an opening, or the application chose before.
        """
        if self._machine.has_opening:
            raise LocalProtocolError("the id was agreed on in the opening and cannot change")
        if self._is_named:
            raise LocalProtocolError("the id was set already")
        self._owner.renamed(self, id)
        self._is_named = True

    # What asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take the transport."""
        self.transport = transport
        self.outbox.attach(transport)
        self._hub.watch(self)
        self._owner.made(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the peer."""
        events = self._machine.receive(data, self._hub.loop.time())
        if self._backlog is not None:
            self._backlog.extend(events)
        else:
            self._take(events)

    def eof_received(self) -> bool:
        """Take the end of the peer's stream; this end decides when its own is over."""
        events: list[Received] = [*self._machine.receive_eof(self._hub.loop.time())]
        if self._backlog is not None:
            self._backlog.extend(events)
        elif events:
            self._take(events)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end of the transport: fail what waits, deliver the rest, run the hooks."""
        if self._backlog is not None:
            events, self._backlog = self._backlog, None
            self._handle(events)
        self._machine.lost()
        self._hub.unwatch(self)
        self.is_lost = True
        lost = self.farewell.error()
        self.outbox.lose(lost)
        self._fail_pending()
        if self._gate is not None:
            self._gate.open()
        if not self.is_open:
            self._owner.refused(self, lost if error is None else error)
            return
        if error is not None:
            self.dispatcher.report(error)
        self.inbox.schedule()

    def pause_writing(self) -> None:
        """Take note that the transport cannot pass on what it has."""
        self.outbox.pause()

    def resume_writing(self) -> None:
        """Take note that the transport can pass on more."""
        self.outbox.resume()
        if self._hub.is_server:
            self.inbox.schedule()

    # What the hub's sweep calls

    def sweep(self, now: float) -> None:
        """Act on deadlines, and on a reader that does not read."""
        if self._is_reading_paused:
            self._machine.excuse(now)
        if now >= self._machine.next_deadline():
            made: list[bytes] = []
            for event in self._machine.tick(now, made):
                self._control(event)
            self.outbox.put_parts(made)
        if self.outbox.is_stalled(now):
            self.give_up(STALLED)

    def excuse(self, now: float) -> None:
        """Do not hold the silence up to ``now`` against the peer."""
        self._machine.excuse(now)

    def give_up(self, frame: CloseFrame) -> None:
        """End at once, since the peer does not read; ``frame`` says why, but only to this end."""
        if self.farewell.sent is None:
            self.farewell.sent = frame
        self.abort()

    # What the inbox calls

    def start_message(self, payload: Payload) -> Rest | None:
        """Call the handlers of one message."""
        return self.dispatcher.message(payload)

    def holds_delivery(self) -> bool:
        """Whether no handler may start now; the end of the connection lifts every hold."""
        if self.is_lost:
            return False
        if self.inbox.is_paused or not self.is_open:
            return True
        return self._hub.is_server and not self.outbox.has_room

    def deliver(self) -> None:
        """Have the inbox deliver, with all that this sends leaving at once."""
        self.outbox.is_corked = True
        try:
            self.inbox.deliver()
        finally:
            self.outbox.is_corked = False
            self.outbox.flush()

    def delivered(self) -> None:
        """Go on with reading, or with the end, now that nothing more can start."""
        self._adjust_reading()
        farewell = self._farewell
        if farewell is None or not self.inbox.is_quiet:
            return
        if self._answers is not None and self._answers.running:
            return
        if self.is_lost:
            self._finish_hooks()
        elif farewell.sent is None and farewell.answer is not None:
            # Only now, so that messages before the peer's CLOSE were handled first.
            self._finish(farewell.answer, farewell.answer)

    # What requests call

    def answer(self, frame: ReplyFrame | ErrorFrame) -> None:
        """Send the one answer to a request; nothing if the connection is closed."""
        if not self.closed:
            self.outbox.put(frame)

    def request_started(self) -> None:
        """Have the next message wait until an async request handler had its first step."""
        self.inbox.request_started()

    def request_ended(self) -> None:
        """Go on with the end, if that is what waits for the last handler."""
        if self._farewell is not None:
            self.inbox.schedule()

    def _is_refusing(self) -> bool:
        return self.outbox.refusal is not None

    # Details: receiving

    def _take(self, events: list[Received]) -> None:
        """Handle what one read brought, or as much of it as one turn allows."""
        budget = self._hub.limits.messages_per_turn
        if len(events) > budget:
            self._backlog = events[budget:]
            events = events[:budget]
            self._hub.loop.call_soon(self._take_backlog)
            self._adjust_reading()
        self.outbox.is_corked = True
        try:
            self._handle(events)
        finally:
            self.outbox.is_corked = False
            self.outbox.flush()

    def _take_backlog(self) -> None:
        if self._backlog is not None:
            events, self._backlog = self._backlog, None
            self._take(events)
            self._adjust_reading()

    def _handle(self, events: list[Received]) -> None:
        inbox, outbox, message = self.inbox, self.outbox, self.dispatcher.message
        high = self._hub.limits.outbox_high_bytes if self._hub.is_server else math.inf
        for event in events:
            if type(event) is bytes or type(event) is str:
                if not inbox.is_idle:
                    self._queue(event)
                    continue
                rest = message(event)
                if rest is not None:
                    inbox.work(rest)
                elif outbox.queued > high:
                    inbox.is_idle = False
            else:
                self._control(event)

    def _queue(self, item: Any) -> None:
        """Have ``item`` wait for its turn, unless this end wants no more."""
        if self._farewell is None or not self._farewell.is_deaf:
            self.inbox.put(item)
            if self.inbox.size > self._hub.limits.inbox_high_bytes:
                self._adjust_reading()

    def _control(self, event: Received) -> None:
        """Act on everything but messages, at once: parsing never waits for handlers."""
        act = ACTIONS.get(type(event))
        if act is not None:
            act(self, event)

    def _requested(self, frame: RequestFrame) -> None:
        if self._answers is None:
            self._answers = Answers(self._hub, self.dispatcher, self._codec, self)
            planned = None if self._farewell is None else self._farewell.planned
            self._answers.is_draining = planned is not None
        was_idle = self.inbox.is_idle
        self._queue(self._answers.take(frame))
        if was_idle:
            self.inbox.deliver()

    def _answered(self, frame: ReplyFrame | ErrorFrame) -> None:
        if self._asked is not None:
            self._asked.settle(frame)

    def _cancelled(self, frame: CancelFrame) -> None:
        if self._answers is not None:
            self._answers.cancel(frame.correlation_id)

    def _pinged(self, frame: PingFrame) -> None:
        self.outbox.pong(frame.payload)

    def _lost_messages(self, frame: LossFrame) -> None:
        self.dispatcher.report(MessagesLost(frame.count))

    def _greeted(self, frame: HelloFrame) -> None:
        self._owner.greeted(self, frame)

    def _welcomed(self, frame: WelcomeFrame) -> None:
        self._owner.welcomed(self, frame)

    def _rejected(self, frame: RejectFrame) -> None:
        self._owner.refused(self, Rejected(frame.code, frame.reason, frame.retry_after_ms / 1000))

    def _draining(self, frame: DrainFrame) -> None:
        self._owner.draining(self, frame)

    # Details: ending

    def _closed(self, frame: CloseFrame) -> None:
        """Take the peer's CLOSE; on a plain wire, the end of its stream between two frames."""
        farewell = self.farewell
        farewell.received = frame
        if self._machine.has_frames:
            # The peer drops what it still gets, so nobody shall think that it was delivered.
            self.outbox.refuse(farewell.error())
        self._fail_pending()
        if farewell.sent is None:
            self.inbox.schedule()
        elif farewell.is_written and not self._can_half_close():
            self._close_transport()

    def _faulted(self, event: Faulted) -> None:
        """Tell the peer what it did wrong; what came before it is still handled."""
        error = event.error
        if not self.is_open:
            self._owner.refused(self, error)
            return
        self.dispatcher.report(error)
        self._finish_once(CloseFrame(error.code, error.reason))

    def _undecodable(self, error: DecodeError) -> None:
        self.dispatcher.report(error)
        self._go_deaf()
        self._finish_once(CloseFrame(error.code, str(error)))

    def _ended(self, event: Ended) -> None:
        """Take the end of the peer's stream; without a CLOSE before it, that is a loss."""
        farewell = self.farewell
        farewell.has_eof = True
        if farewell.received is None and farewell.sent is None:
            self.outbox.refuse(farewell.error())
            self._fail_pending()
            self._close_transport()
        elif farewell.is_complete:
            self._close_transport()

    def _timed_out(self, event: TimedOut) -> None:
        """Give up what took too long."""
        if self.closed or self.is_open:
            self._hub.log.info("connection %s given up: %s", shown(self.id), event.reason)
            self.abort()
        else:
            self._owner.refused(self, RemoteProtocolError(event.reason, event.code))

    def _connect(self) -> Rest | None:
        """Run the connect hooks, which may not fail."""
        rest = self._owner.connected(self)
        if rest is None:
            self._check_connected()
            return None
        return self._connect_behind(rest)

    async def _connect_behind(self, rest: Rest) -> None:
        await rest
        self._check_connected()

    def _check_connected(self) -> None:
        if self.dispatcher.failures:
            self.close_with(CloseFrame(1011, "connect hook failed"))

    def _finish_once(self, frame: CloseFrame) -> None:
        if self.farewell.sent is None:
            self._finish(frame, frame)

    def _finish(self, last: Frame, said: CloseFrame) -> None:
        """Send ``last`` behind all that is queued and nothing after it."""
        farewell = self.farewell
        farewell.sent = said
        self.outbox.finish(last, farewell.error(), self._written)
        self._fail_pending()

    def _written(self) -> None:
        """End the writing side: all that this end will ever send has left the outbox."""
        farewell = self.farewell
        farewell.is_written = True
        if farewell.has_eof or (farewell.received is not None and not self._can_half_close()):
            self._close_transport()
        elif self.transport is not None and self._can_half_close():
            self.transport.write_eof()

    def _can_half_close(self) -> bool:
        return self.transport is not None and self.transport.can_write_eof()

    def _close_transport(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _go_deaf(self) -> None:
        """Stop delivery: what waits is forgotten, what arrives is dropped."""
        self.farewell.is_deaf = True
        self.inbox.clear()

    def _fail_pending(self) -> None:
        if self._asked is not None:
            self._asked.fail(self.farewell.error())

    def _finish_hooks(self) -> None:
        """Run the hooks of the end, once; they are the last that the application hears."""
        if self._is_over:
            return
        self._is_over = True
        rest = self._owner.ended(self)
        if rest is None:
            self._owner.gone(self)
        else:
            self.inbox.work(self._finish_behind(rest))

    async def _finish_behind(self, rest: Rest) -> None:
        await rest
        self._owner.gone(self)

    def _adjust_reading(self) -> None:
        """Read unless too much waits; an answer that this end waits for widens the limit."""
        transport = self.transport
        if transport is None or self.is_lost:
            return
        limits = self._hub.limits
        is_asking = self._asked is not None and self._asked.waiting > 0
        limit = limits.inbox_bytes_max if is_asking else limits.inbox_high_bytes
        pauses = self._backlog is not None or self.inbox.size > limit
        if pauses == self._is_reading_paused or transport.is_closing():
            return
        self._is_reading_paused = pauses
        if pauses:
            transport.pause_reading()
        else:
            self._machine.excuse(self._hub.loop.time())
            transport.resume_reading()

    # Details: requests

    async def _ask(self, asked: Asked, payload: Payload, timeout: float | None) -> Payload:
        correlation_id, answer = asked.add()
        try:
            self.outbox.put_bounded(RequestFrame(correlation_id, payload, milliseconds(timeout)))
        except BaseException:
            asked.drop(correlation_id)
            raise
        self._adjust_reading()
        timer = None
        if timeout is not None:
            timer = self._hub.loop.call_later(timeout, expire, answer, timeout)
        try:
            return await answer
        finally:
            if timer is not None:
                timer.cancel()
            if asked.abandon(correlation_id):
                self._stop_waiting(correlation_id)

    def _stop_waiting(self, correlation_id: int) -> None:
        """Tell the peer that nobody waits; where that cannot be said, close."""
        if self.closed:
            return
        if self._machine.has_frames:
            self.outbox.put(CancelFrame(correlation_id))
        else:
            # A late reply could be taken for the answer to the next request.
            self.close_with(CloseFrame(1008, "a request was given up"))


ACTIONS: Final[dict[type, Callable[[Any, Any], None]]] = {
    HelloFrame: Connection._greeted,
    WelcomeFrame: Connection._welcomed,
    RejectFrame: Connection._rejected,
    RequestFrame: Connection._requested,
    ReplyFrame: Connection._answered,
    ErrorFrame: Connection._answered,
    CancelFrame: Connection._cancelled,
    PingFrame: Connection._pinged,
    LossFrame: Connection._lost_messages,
    DrainFrame: Connection._draining,
    CloseFrame: Connection._closed,
    Faulted: Connection._faulted,
    Ended: Connection._ended,
    TimedOut: Connection._timed_out,
}
"""What is done on each event; PONG needs nothing more than the machine does."""


def milliseconds(timeout: float | None) -> int:
    """Return a timeout as REQUEST carries it: rounded up, 0 for none."""
    return 0 if timeout is None else min(math.ceil(timeout * 1000), 0xFFFF_FFFF)


def expire(answer: asyncio.Future[Any], timeout: float) -> None:
    """Fail a request whose time is over."""
    if not answer.done():
        answer.set_exception(RequestTimeout(timeout))
