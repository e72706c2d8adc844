"""Connection: the asyncio protocol that owns one transport and drives one machine.

It opens no socket: whoever makes a transport gives it one. What the machine reports goes to the
inbox, to the requests, to the farewell or to the owner; what this end sends goes to the outbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Generic

from typing_extensions import TypeVar

from .._codec import Raw, expect_raw
from .._errors import (
    DecodeError,
    LocalProtocolError,
    Rejected,
    RemoteProtocolError,
    RequestTimeout,
    shown,
)
from .._events import (
    CloseFrame,
    DrainFrame,
    Faulted,
    HelloFrame,
    Payload,
    RejectFrame,
    TimedOut,
    WelcomeFrame,
)
from .._mode import Mode
from .._native import mypyc_attr
from .._state import Role
from .._wire import check_close
from ._asked import Asked
from ._door import Door
from ._farewell import LOST, Farewell
from ._handlers import Handlers, Rest
from ._hub import Hub
from ._inbox import Turn
from ._matching import Matching
from ._modes import outbox_for
from ._owner import Owner
from ._plain_answers import PlainAnswers
from ._reception import Reception
from ._waiting import Gate, Ready, Room

In = TypeVar("In", default=Raw)
Out = TypeVar("Out", default=Raw)

# The end of a reader that makes no progress (FAULTS 11).
STALLED: Final = CloseFrame(4003, "slow consumer")


@mypyc_attr(allow_interpreted_subclasses=True)
class Connection(Reception, Generic[In, Out]):
    """One transport, one machine, and all that is between them and the handlers.

    Attributes:
        id: what the server calls the client; empty before the opening is over.
        contract: the peer's ``name/version:fingerprint``; empty where it has none.
        door: how it was made.
    """

    __slots__ = (
        "_gate",
        "_is_named",
        "_is_over",
        "_owner",
        "contract",
        "door",
        "id",
    )

    def __init__(self, hub: Hub, owner: Owner[Connection[Any, Any]], door: Door) -> None:
        role = Role.SERVER if hub.is_server else Role.CLIENT
        first = door.initiator if door.mode is Mode.HALF_DUPLEX else None
        machine = door.wire.machine(role, hub.limits, hub.loop.time(), first=first)
        # In debug mode a mistake shall show where it is made, and may cost time.
        dialect = door.dialect.checked() if hub.loop.get_debug() else door.dialect
        outbox = outbox_for(door.mode, door.initiator, machine, dialect, hub)
        skips = hub.is_server and door.mode is Mode.SIMPLEX
        super().__init__(hub, machine, dialect, outbox, skips=skips)
        self.door: Door = door
        self.id: str = ""
        self.contract: str = ""
        self._owner = owner
        self._gate: Gate | None = None
        self._is_named = False
        self._is_over = False
        if not self.has_frames:
            self._tell_requests(door, role)

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
    def skipped(self) -> int:
        """What the peer sent and nobody got, since it is not known here or not allowed."""
        return self.dispatcher.skipped

    @property
    def rtt(self) -> float | None:
        """Seconds between the last PING and its PONG; None before the first."""
        return self._machine.rtt

    @property
    def remote_address(self) -> Any:
        """The peer's address; None where there is none."""
        return None if self.transport is None else self.transport.get_extra_info("peername")

    @property
    def end(self) -> Gate:
        """What waits for the transport to be gone; hooks may still run then."""
        if self._gate is None:
            self._gate = Gate()
            if self.is_lost:
                self._gate.open()
        return self._gate

    def on_message(self, callback: Callable[[In, Any], object]) -> None:
        """Call ``callback(message, client)`` for each message."""
        self.own.add_message(callback)

    def off_message(self, callback: Callable[[In, Any], object]) -> None:
        """Take back the first registration of ``callback``; nothing happens if there is none."""
        self.own.remove_message(callback)

    def write(self, payload: Payload) -> Ready | Room:
        """Queue one payload as it is, past the codec."""
        return self.outbox.write(expect_raw(payload))

    async def request(self, message: Any, timeout: float | None) -> Any:
        """Send a request and return the message that answers it; raises as ``Peer.request``."""
        dialect = self.dispatcher.dialect
        payload = dialect.encode_request(message)
        if self._asked is None:
            self._asked = Asked(self._hub.loop, self)
        match = self.door.match
        matching = None if match is None else Matching(match, message, self.dispatcher)
        try:
            reply = await self._asked.ask(payload, timeout, matching)
        except (RequestTimeout, asyncio.CancelledError):
            if matching is not None:
                self.dispatcher.given_up(matching)
            raise
        try:
            return self.dispatcher.carefully(dialect.decode_reply, message, reply)
        except DecodeError as error:
            if matching is None and not self.has_frames:
                # It was another message, so the reply would be taken for that to the next request.
                self.close_with(CloseFrame(error.code, str(error)))
            raise

    def expect_reply(self, matching: Matching) -> None:
        """Take for the answer to the next request the first message that ``matching`` accepts."""
        self._machine.matching = matching

    def close(self, code: int = 1000, reason: str = "") -> Gate:
        """Say goodbye and end; what is returned waits for the end of the transport."""
        check_close(code, reason)
        self.close_with(CloseFrame(code, reason))
        return self.end

    def abort(self) -> None:
        """End at once; what waits to be sent is dropped."""
        self.farewell.go_deaf()
        # Waiting callers hear of it now, not when asyncio says that the transport is gone.
        self.fail_pending()
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
            self._farewell = Farewell(self)
        return self._farewell

    @property
    def has_opening(self) -> bool:
        """Whether HELLO and WELCOME come before messages."""
        return self._machine.has_opening

    @property
    def has_frames(self) -> bool:
        """Whether the wire has other frames than messages."""
        return self._machine.has_frames

    @property
    def own(self) -> Handlers:
        """The handlers of this connection alone."""
        if self.dispatcher.own is None:
            self.dispatcher.own = Handlers()
        return self.dispatcher.own

    def open(self, client: object) -> None:
        """Begin to deliver to ``client``, the connect hooks first."""
        self.is_open = True
        self.dispatcher.open(client, self)
        self.outbox.open()
        # Messages may have come right behind WELCOME; they wait for the connect hooks.
        self.inbox.put_first(Turn(self._connect, is_hook=True))
        self.inbox.schedule()

    def reject(self, frame: RejectFrame) -> None:
        """Refuse the opening and linger until the client has read why."""
        if not self.closed:
            # REJECT takes the place of CLOSE, which is not possible before WELCOME (WIRE 3).
            self.farewell.finish(frame, CloseFrame(frame.code, frame.reason))

    def close_with(self, frame: CloseFrame) -> None:
        """Close by the will of this end: stop delivery, send what is queued, then CLOSE."""
        if not self.is_lost:
            self.farewell.close(frame)
            self.refuse_requests()
            # The inbox is empty now; the peer's CLOSE is behind what was not read yet.
            self.adjust_reading()

    def wind_down(self, frame: CloseFrame) -> None:
        """Take no new requests, and close when all that has arrived is handled."""
        self.farewell.planned = frame
        if self._answers is not None:
            self._answers.is_draining = True
        self.inbox.schedule()

    def give_up(self, frame: CloseFrame) -> None:
        """End at once, since the peer does not read; ``frame`` says why, but only to this end."""
        if self.farewell.sent is None:
            # Noted but not sent: it would wait behind all that the peer does not read.
            self.farewell.sent = frame
        self.abort()

    def rename(self, id: str) -> None:
        """Take an id that the application chose, where the wire has no opening to say one.

        Raises:
            LocalProtocolError: the wire has an opening, or the application chose before.
        """
        if self._machine.has_opening:
            raise LocalProtocolError("the id was agreed on in the opening and cannot change")
        if self._is_named:
            raise LocalProtocolError("the id was set already")
        # May raise for what cannot be an id; the application may then choose another one.
        self._owner.renamed(self, id)
        self._is_named = True

    # What asyncio calls, besides what arrives

    def on_made(self) -> None:
        """Have the owner take note of the transport."""
        self._owner.made(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Take the end of the transport: fail what waits, deliver the rest, run the hooks."""
        # What was received before the end is still handled (WIRE 4).
        events, self._backlog = self._backlog, None
        if events is not None:
            # Into the inbox, which delivers them in turns that are fair to the others.
            self.inbox.is_idle = False
            self._handle(events)
        self._machine.lost()
        self._hub.unwatch(self)
        self.is_lost = True
        lost = self.farewell.error()
        # Requests before the outbox, which still knows those that wait in it.
        self.fail_pending()
        self.outbox.lose(lost)
        if self._gate is not None:
            self._gate.open()
        # The application never heard of it, so there is no hook to run.
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
            # Handlers were held back while the client did not read.
            self.inbox.schedule()

    # What the hub's sweep calls

    def sweep(self, now: float) -> None:
        """Act on deadlines, and on a reader that does not read."""
        # A peer cannot be heard while nobody listens (FAULTS 10).
        if self._is_reading_paused:
            self._machine.excuse(now)
        if now >= self._machine.next_deadline():
            made: list[bytes] = []
            self._handle([*self._machine.tick(now, made)])
            self.outbox.put_parts(made)
        if self.outbox.is_stalled(now):
            self.give_up(STALLED)

    def excuse(self, seconds: float) -> None:
        """Do not hold a silence of so many seconds against the peer."""
        self._machine.excuse(self._machine.heard_at + seconds)

    # What the inbox calls

    def holds_delivery(self) -> bool:
        """Whether no handler may start now."""
        if (
            self.inbox.is_paused
            or not self.is_open
            or self.outbox.queued > self._hub.held_from_bytes
        ):
            # The end of the connection lifts every hold.
            return not self.is_lost
        return False

    def delivered(self) -> None:
        """Go on with reading, or with the end, now that nothing more can start."""
        self.adjust_reading()
        if self._farewell is None or not self.inbox.is_quiet:
            return
        # The end comes behind the last handler; `request_ended` comes here again.
        if self._answers is not None and self._answers.running:
            if self.is_lost or self._farewell.received is not None:
                self._owner.emptied(self)
            return
        if self.is_lost:
            self._finish_hooks()
        else:
            self._farewell.settle()

    def _tell_requests(self, door: Door, role: Role) -> None:
        """Find the requests of the peer among its messages, where there is no frame for them."""
        # Where only the peer may begin, whatever it says is a request.
        takes_all = door.mode is Mode.HALF_DUPLEX and role is not door.initiator
        dispatcher = self.dispatcher
        if takes_all or dispatcher.dialect.incoming.replies:
            dispatcher.answers = PlainAnswers(dispatcher, self.outbox, takes_all=takes_all)
        if takes_all:
            # Which has the dispatcher look closely at each message.
            dispatcher.is_read = is_nobody

    # What the dispatcher calls

    def undecodable(self, error: DecodeError) -> None:
        """Tell the peer, if it is still there, and take nothing more from it."""
        self.dispatcher.report(error)
        self.farewell.go_deaf()
        self.close_with(CloseFrame(error.code, str(error)))

    # Details: what arrives and concerns the owner

    def on_hello(self, frame: HelloFrame) -> None:
        """Have the owner decide on a client."""
        self._owner.greeted(self, frame)

    def on_welcome(self, frame: WelcomeFrame) -> None:
        """Have the owner go on."""
        self._owner.welcomed(self, frame)

    def on_reject(self, frame: RejectFrame) -> None:
        """Have the owner give up."""
        self._owner.refused(self, Rejected(frame.code, frame.reason, frame.retry_after_ms / 1000))

    def on_drain(self, frame: DrainFrame) -> None:
        """Have the owner know that the server wants to stop."""
        self._owner.draining(self, frame)

    def on_fault(self, event: Faulted) -> None:
        """Tell the peer what it did wrong; what came before it is still handled."""
        error = event.error
        if self.is_open:
            self.dispatcher.report(error)
            self.farewell.say(CloseFrame(error.code, error.reason))
        else:
            self._owner.refused(self, error)

    def on_timeout(self, event: TimedOut) -> None:
        """Give up what took too long."""
        if self.closed or self.is_open:
            self._hub.log.info("connection %s given up: %s", shown(self.id), event.reason)
            self.abort()
        else:
            self._owner.refused(self, RemoteProtocolError(event.reason, event.code))

    def fail_pending(self) -> None:
        """Fail the requests that wait for an answer."""
        if self._asked is not None:
            self._asked.fail(self.farewell.error())

    # Details: hooks

    def _connect(self) -> Rest | None:
        """Run the connect hooks, which may not fail."""
        rest = self._owner.connected(self)
        if rest is not None:
            return self._connect_behind(rest)
        self._check_connected()
        return None

    async def _connect_behind(self, rest: Rest) -> None:
        try:
            await rest
        finally:
            # Also where the hook was cancelled: that is a failure like any other.
            self._check_connected()

    def _check_connected(self) -> None:
        # Nothing else has run so far, so each failure is one of a connect hook.
        if self.dispatcher.failures:
            self.close_with(CloseFrame(1011, "connect hook failed"))

    def _finish_hooks(self) -> None:
        """Run the hooks of the end, once; they are the last that the application hears."""
        if self._is_over:
            return
        # The worker that awaits these hooks ends in `delivered` too, which asks for them again.
        self._is_over = True
        rest = self._owner.ended(self)
        if rest is None:
            self._owner.gone(self)
        else:
            self.inbox.work(self._finish_behind(rest))

    async def _finish_behind(self, rest: Rest) -> None:
        try:
            await rest
        finally:
            self._owner.gone(self)


def is_nobody(message: object) -> bool:
    """Whether anybody reads a message without being a handler: nobody does."""
    return False
