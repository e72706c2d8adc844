"""Asked: the requests that this end sent, until their answers came."""

from __future__ import annotations

import asyncio
import math
from typing import Final, Protocol

from .._errors import ConnectionClosed, RequestTimeout, request_failed
from .._events import CancelFrame, CloseFrame, ErrorFrame, Payload, ReplyFrame, RequestFrame
from ._matching import Matching
from ._outbox import Outbox

# How many correlation ids there are.
IDS: Final = 1 << 32

# What a plain wire closes with when a request is given up: its late reply could be taken for the
# answer to the next one.
GIVEN_UP: Final = CloseFrame(1008, "a request was given up")

Answer = asyncio.Future[Payload]


class Asking(Protocol):
    """The connection that asks."""

    outbox: Outbox

    @property
    def has_frames(self) -> bool:
        """Whether the wire has ids for requests."""
        ...

    def expect_reply(self, matching: Matching) -> None:
        """Take for the answer to the next request the first message that ``matching`` accepts."""
        ...

    def adjust_reading(self) -> None:
        """Read on if a full inbox stopped it: the answer is behind what waits there."""
        ...

    def close_with(self, frame: CloseFrame) -> None:
        """Close the connection."""
        ...


class Asked:
    """The requests of this end by correlation id.

    An id stays taken until its answer came, also when nobody waits for it any more: a late answer
    must not be taken for that of a younger request.

    Attributes:
        waiting: requests whose answer somebody waits for.
    """

    __slots__ = ("_answers", "_asking", "_loop", "_next_id", "_turn", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, asking: Asking) -> None:
        self.waiting = 0
        self._loop = loop
        self._asking = asking
        self._next_id = 0
        self._answers: dict[int, Answer | None] = {}
        # Held by the one request that may be under way where the wire has no ids.
        self._turn = asyncio.Lock()

    async def ask(
        self, payload: Payload, timeout: float | None, matching: Matching | None = None
    ) -> Payload:
        """Send a request and return the payload that answers it.

        ``matching`` tells the answer from other messages where the wire has no ids. Cancelling it
        tells the peer; where that cannot be said, the connection closes.

        Raises:
            RequestTimeout: no answer within ``timeout`` seconds.
            RequestFailed: the peer answered with an error.
            ConnectionClosed: the connection ended before the answer came.
        """
        # An outbox that orders them lets one leave when the one before it was answered.
        if self._asking.has_frames or self._asking.outbox.orders_requests:
            return await self._ask(payload, timeout)
        try:
            # The wait for the turn counts too: the caller said how long an answer may take.
            async with asyncio.timeout(timeout), self._turn:
                if matching is not None:
                    self._asking.expect_reply(matching)
                return await self._ask(payload, None, is_matched=matching is not None)
        except TimeoutError:
            # Without a timeout nothing raises TimeoutError; `or` is for the type checker.
            error = RequestTimeout(timeout or 0.0)
        # Not `from None` in the `except`, which compiled code ignores.
        raise error

    def settle(self, frame: ReplyFrame | ErrorFrame) -> None:
        """Give an answer to who waits for it; one that nobody waits for is ignored."""
        # The id is free again, also where None says that nobody waits any more.
        answer = self._answers.pop(frame.correlation_id, None)
        if answer is None:
            return
        self.waiting -= 1
        # The timeout may have come first, in this very turn of the loop.
        if answer.done():
            return
        if isinstance(frame, ReplyFrame):
            answer.set_result(frame.payload)
        else:
            answer.set_exception(request_failed(frame.code, frame.reason))

    def fail(self, error: ConnectionClosed) -> None:
        """Fail all that is waited for: no answer will come."""
        answers, self._answers = self._answers, {}
        self.waiting = 0
        for correlation_id, answer in answers.items():
            # What waits for its turn shall not be asked any more; of what left nothing here knows
            # how far it came, so it says what cannot be ruled out.
            may_be_heard = not self._asking.outbox.take_back(correlation_id)
            if answer is not None and not answer.done():
                answer.set_exception(ConnectionClosed(error.code, error.reason, may_be_heard))

    async def _ask(
        self, payload: Payload, timeout: float | None, *, is_matched: bool = False
    ) -> Payload:
        correlation_id = self._free_id()
        frame = RequestFrame(correlation_id, payload, milliseconds(timeout))
        # First, since it may raise; then nothing was noted.
        self._asking.outbox.put_bounded(frame)
        answer: Answer = self._loop.create_future()
        self._answers[correlation_id] = answer
        self.waiting += 1
        self._asking.adjust_reading()
        timer = None
        if timeout is not None:
            # Not `asyncio.timeout`, which cancels the task: what is awaited here simply fails.
            timer = self._loop.call_later(timeout, expire, answer, timeout)
        try:
            return await answer
        finally:
            if timer is not None:
                timer.cancel()
            self._abandon(correlation_id, is_matched)

    def _free_id(self) -> int:
        # After a wrap-around an old request may still be in flight (FAULTS 9).
        while self._next_id in self._answers:
            self._next_id = (self._next_id + 1) % IDS
        correlation_id = self._next_id
        self._next_id = (correlation_id + 1) % IDS
        return correlation_id

    def _abandon(self, correlation_id: int, is_matched: bool) -> None:
        """Wait no more; if the answer is still missing, say so to the peer."""
        # The answer came, or the end of the connection.
        if self._answers.get(correlation_id) is None:
            return
        self.waiting -= 1
        if self._asking.outbox.take_back(correlation_id):
            # Nobody has heard of it.
            del self._answers[correlation_id]
            return
        # The id stays taken: CANCEL is answered too (WIRE 2).
        self._answers[correlation_id] = None
        if is_matched:
            # A late reply will not be taken for another one: it is a message like any other.
            del self._answers[correlation_id]
        elif not self._asking.has_frames:
            self._asking.close_with(GIVEN_UP)
            return
        if self._asking.outbox.refusal is None:
            self._asking.outbox.put(CancelFrame(correlation_id))


def milliseconds(timeout: float | None) -> int:
    """Return a timeout as REQUEST carries it: rounded up, 0 for none."""
    # Rounded down, half a millisecond would be 0 and mean no end. Four bytes end at 49 days.
    return 0 if timeout is None else math.ceil(min(timeout * 1000, 0xFFFF_FFFF))


def expire(answer: Answer, timeout: float) -> None:
    """Fail a request whose time is over."""
    if not answer.done():
        answer.set_exception(RequestTimeout(timeout))
