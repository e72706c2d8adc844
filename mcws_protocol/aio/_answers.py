"""Answers: the requests of the peer, each of which gets exactly one answer."""

from __future__ import annotations

import asyncio
import functools
import math
from contextvars import Context
from typing import Any, Final, Protocol

from .._errors import DecodeError, MessageTooLong, Refused, UnknownMessage
from .._events import ErrorFrame, Payload, RequestFrame
from ._dispatcher import Dispatcher
from ._errand import Errand
from ._handlers import Callback, is_awaitable
from ._hub import Hub
from ._inbox import Turn

# The codes of ERROR that are the library's own (WIRE 4).
NO_HANDLER: Final = 1  # nobody here answers requests of this type
BAD_REQUEST: Final = 2  # the payload does not decode; the reason names the place, never the content
HANDLER_FAILED: Final = 3  # what it raised stays at this end
DEADLINE_PASSED: Final = 4  # the requester has given up by now
TOO_MANY: Final = 5  # `limits.requests_max` handlers run already (FAULTS 8)
CANCELLED: Final = 6  # as the requester asked
DRAINING: Final = 7  # not executed, so it may be asked again elsewhere


class Job:
    """A request of the peer, until it is answered.

    Attributes:
        expires_at: when its deadline passes, in the loop's time; infinite without one.
        is_answered: whether its one answer was given.
    """

    __slots__ = ("errand", "expires_at", "frame", "is_answered", "timer")

    def __init__(self, frame: RequestFrame, now: float) -> None:
        self.frame = frame
        self.expires_at = now + frame.timeout_ms / 1000 if frame.timeout_ms else math.inf
        self.is_answered = False
        self.timer: asyncio.TimerHandle | None = None
        self.errand: Errand | None = None

    def stop(self) -> None:
        """Cancel the handler, if it runs."""
        if self.errand is not None:
            self.errand.cancel()


class Answerer(Protocol):
    """The connection whose requests are answered."""

    def answer(self, frame: ErrorFrame) -> None:
        """Send the error that answers a request; nothing if the connection is closed.

        Raises:
            MessageTooLong: the peer accepts no frame of that length.
        """
        ...

    def reply(self, correlation_id: int, payload: Payload) -> None:
        """Send the reply that answers a request; else as ``answer``."""
        ...

    def request_started(self) -> None:
        """Note that an async handler was called, whose first step is to come."""
        ...

    def request_stepped(self) -> None:
        """Note that an async handler had its first step."""
        ...

    def request_ended(self) -> None:
        """Note that an async handler has really ended."""
        ...


class Answers:
    """The requests of the peer: each gets exactly one answer, at most some run at once.

    Attributes:
        running: async handlers that have not ended, whether answered or not.
        is_draining: whether requests that did not start yet are refused with ERROR 7.
    """

    __slots__ = (
        "_answerer",
        "_context",
        "_dispatcher",
        "_hub",
        "_jobs",
        "is_draining",
        "running",
    )

    def __init__(self, hub: Hub, dispatcher: Dispatcher, answerer: Answerer) -> None:
        self._hub = hub
        self._dispatcher = dispatcher
        self._answerer = answerer
        self._jobs: dict[int, Job] = {}
        # What the contexts of async handlers are copies of.
        self._context: Context | None = None
        self.is_draining = False
        self.running = 0

    def take(self, frame: RequestFrame) -> Turn:
        """Return what answers ``frame`` when its turn comes; its deadline counts from now."""
        job = self._note(frame, self._hub.loop.time())
        return Turn(functools.partial(self._start_late, job), len(frame.payload))

    def start(self, frame: RequestFrame, now: float) -> None:
        """Answer ``frame``, which came at ``now``, since nothing is in its way: the hot path.

        A plain handler needs no job: nothing can arrive before it has returned.
        """
        dispatcher = self._dispatcher
        request: Any = None
        callback: Callback | None = None
        if not self._refusal():
            try:
                request = dispatcher.dialect.decode_request(frame.payload)
            except Exception:  # noqa: S110 - the same again below, with the error that is promised
                pass
            else:
                callback = dispatcher.for_request(request.__class__)
        if callback is None:
            self._start(self._note(frame, now))
            return
        try:
            result = callback(request, dispatcher.client)
            if not is_awaitable(result):
                reply = dispatcher.dialect.encode_reply(request, result)
                self._answerer.reply(frame.correlation_id, reply)
                return
        except (Exception, asyncio.CancelledError) as error:
            self._failed(self._note(frame, now), error, callback)
            return
        self._go_on(self._note(frame, now), request, result, callback)

    def cancel(self, correlation_id: int) -> None:
        """Cancel a request of the peer, whether it runs or waits."""
        job = self._jobs.get(correlation_id)
        if job is not None:
            self._give_up(job, CANCELLED)

    def refuse_waiting(self) -> None:
        """Refuse what has not started, since nothing will start any more."""
        for job in tuple(self._jobs.values()):
            if job.errand is None:
                self._fail(job, DRAINING)

    # Details: from its turn to its answer

    def _note(self, frame: RequestFrame, now: float) -> Job:
        # Before its turn comes, so that CANCEL finds it while it waits too.
        job = Job(frame, now)
        self._jobs[frame.correlation_id] = job
        return job

    def _start_late(self, job: Job) -> None:
        """Start a request that had to wait for its turn, if it is still wanted."""
        if job.is_answered:
            return
        if self._hub.loop.time() >= job.expires_at:
            self._fail(job, DEADLINE_PASSED)
        else:
            self._start(job)

    def _start(self, job: Job) -> None:
        # While it waited a drain may have begun, or others started.
        code = self._refusal()
        if code:
            self._fail(job, code)
            return
        try:
            decode = self._dispatcher.dialect.decode_request
            request = self._dispatcher.carefully(decode, job.frame.payload)
        except UnknownMessage as error:
            # Perhaps of a newer version; nobody here can have a handler for it.
            self._fail(job, NO_HANDLER, str(error))
            self._dispatcher.report(error)
            return
        except DecodeError as error:
            self._fail(job, BAD_REQUEST, str(error))
            self._dispatcher.report(error)
            return
        callback = self._dispatcher.for_request(request.__class__)
        if callback is None:
            self._fail(job, NO_HANDLER)
        else:
            self._call(job, callback, request)

    def _refusal(self) -> int:
        """Return the code of why no request may start; 0 if one may."""
        if self.is_draining:
            return DRAINING
        # Handlers that were cancelled and go on count too, or cancelling would lead past the limit
        # (FAULTS 8).
        return TOO_MANY if self.running >= self._hub.limits.requests_max else 0

    def _call(self, job: Job, callback: Callback, request: Any) -> None:
        try:
            result = callback(request, self._dispatcher.client)
            # A plain handler has answered with what it returned.
            if is_awaitable(result):
                self._go_on(job, request, result, callback)
            else:
                self._reply(job, request, result)
        except (Exception, asyncio.CancelledError) as error:
            self._failed(job, error, callback)

    def _go_on(self, job: Job, request: Any, result: Any, callback: Callback) -> None:
        """Have a worker await what an async handler gave."""
        self.running += 1
        if self._context is None:
            self._context = self._hub.context_for(self._answerer)
        job.errand = self._hub.workers.run(
            self._await(job, request, result, callback),
            # One for each: requests run side by side, and may not see what another one sets.
            self._context.copy(),
            functools.partial(self._stepped, job),
        )
        self._answerer.request_started()

    def _stepped(self, job: Job, waits: bool) -> None:
        """Note the first step of an async handler; one that waits has until its deadline."""
        if waits and not job.is_answered and job.expires_at < math.inf:
            job.timer = self._hub.loop.call_at(job.expires_at, self._give_up, job, DEADLINE_PASSED)
        self._answerer.request_stepped()

    async def _await(self, job: Job, request: Any, result: Any, callback: Callback) -> None:
        try:
            self._reply(job, request, await result)
        except (Exception, asyncio.CancelledError) as error:
            self._failed(job, error, callback)
        finally:
            # Only here is the slot free: a handler may outlive its answer.
            self.running -= 1
            if job.timer is not None:
                job.timer.cancel()
            self._answerer.request_ended()

    def _give_up(self, job: Job, code: int) -> None:
        """Answer with an error now and cancel the handler, once."""
        if not job.is_answered:
            # The answer first: a handler may catch its cancellation and take long to end.
            self._fail(job, code)
            job.stop()

    def _reply(self, job: Job, request: Any, reply: Any) -> None:
        if job.is_answered:
            return
        correlation_id = job.frame.correlation_id
        # One answer has to go: a reply that cannot be encoded or sent is a failed handler.
        payload = self._dispatcher.dialect.encode_reply(request, reply)
        self._answerer.reply(correlation_id, payload)
        # Only now, so that another answer may follow one that could not be sent.
        job.is_answered = True
        # From here on the peer may use the id again (FAULTS 9).
        del self._jobs[correlation_id]

    def _failed(self, job: Job, error: BaseException, callback: Callback) -> None:
        """Answer for a handler that raised; what it raised stays here."""
        if isinstance(error, Refused):
            self._fail(job, error.code, error.reason)
        # Nobody has given it up: whatever it raises is its failure, a cancellation too.
        elif not job.is_answered:
            self._dispatcher.failed(error, callback)
            self._fail(job, HANDLER_FAILED)
        # Given up and answered before; only what it raises besides the cancellation is news.
        elif not isinstance(error, asyncio.CancelledError):
            self._dispatcher.failed(error, callback)

    def _fail(self, job: Job, code: int, reason: str = "") -> None:
        if job.is_answered:
            return
        correlation_id = job.frame.correlation_id
        try:
            self._answer(job, ErrorFrame(correlation_id, code, reason))
        except MessageTooLong:
            # The shortest frame that a peer has to accept carries the code, not every reason.
            self._answer(job, ErrorFrame(correlation_id, code))

    def _answer(self, job: Job, frame: ErrorFrame) -> None:
        # Raises before anything is noted, as above.
        self._answerer.answer(frame)
        job.is_answered = True
        del self._jobs[frame.correlation_id]
