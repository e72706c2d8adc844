"""The law of inboxes: order, completeness and fairness, whatever arrives and handlers do."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcws_protocol import ErrorFrame, Limits, Payload, RequestFrame
from mcws_protocol.aio._answers import Answers
from mcws_protocol.aio._dispatcher import Dispatcher
from mcws_protocol.aio._handlers import Handlers, Rest
from mcws_protocol.aio._hub import Hub
from mcws_protocol.aio._inbox import Inbox
from mcws_testkit import SimLoop
from tests.aio.harness import speech

LOG: Final = logging.getLogger("mcws.laws")
LOG.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True)
class Arrival:
    """A message or a request, and what its handler will do.

    Attributes:
        is_request: whether it is a request.
        is_async: whether its handler is.
        naps: seconds of each of the handler's naps; 0 is one turn of the loop.
        outcome: how the handler ends.
    """

    is_request: bool
    is_async: bool
    naps: tuple[float, ...]
    outcome: str


@dataclass(frozen=True)
class Happening:
    """Something else: "pause", "resume", "fill", "drain", "turn", "wait" or "cancel"."""

    kind: str
    number: int = 0


OUTCOMES: Final = ("returns", "raises", "raises cancelled", "cancels itself", "swallows")
arrivals = st.builds(
    Arrival,
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from((0.0, 0.0, 1.0)), max_size=3).map(tuple),
    st.sampled_from(OUTCOMES),
)
happenings = st.builds(
    Happening,
    st.sampled_from(("pause", "resume", "fill", "drain", "turn", "wait", "cancel")),
    st.integers(0, 15),
)
scripts = st.lists(arrivals | arrivals | happenings, max_size=40)


class CountingLoop(SimLoop):
    """A loop in virtual time that counts its turns."""

    turn = 0

    def _turn(self) -> None:
        self.turn += 1
        super()._turn()


class Connection:
    """What a connection does for its inbox, without a transport.

    Attributes:
        called: numbers of arrivals in the order in which their handlers were called.
        stepped: the same for the first steps of handlers.
        turns: how many handlers the inbox started, by turn of the loop.
        given: how many answers each request got.
    """

    def __init__(self, script: list[Arrival | Happening], messages_per_turn: int) -> None:
        handlers = Handlers()
        limits = Limits(messages_per_turn=messages_per_turn, requests_max=1000)
        self.hub = Hub(handlers, limits, LOG, is_server=True)
        self.dispatcher = Dispatcher(self.hub, speech(), "client")
        self.answers = Answers(self.hub, self.dispatcher, self)
        self.inbox = Inbox(self.hub, self)
        self.script = script
        self.called: list[int] = []
        self.stepped: list[int] = []
        self.running: set[int] = set()
        self.ended: list[int] = []
        self.turns: Counter[int] = Counter()
        self.given: Counter[int] = Counter()
        self.is_full = False
        self.is_calling = False
        self.is_direct = False
        handlers.add_message(self.handle)
        handlers.set_request(self.handle)

    # What the inbox calls

    def start_message(self, payload: Payload) -> Rest | None:
        """Handle a message."""
        return self.dispatcher.message(payload)

    def holds_delivery(self) -> bool:
        """Say whether delivery is held."""
        return self.inbox.is_paused or self.is_full

    def deliver(self) -> None:
        """Have the inbox deliver."""
        self.inbox.deliver()

    def cork(self) -> None:
        """Nothing to do."""

    def uncork(self, waits: bool) -> None:
        """Nothing to do."""

    def delivered(self) -> None:
        """Nothing to do."""

    # What answers call

    def answer(self, frame: ErrorFrame) -> None:
        """Count an error."""
        self.given[frame.correlation_id] += 1

    def reply(self, correlation_id: int, payload: Payload) -> None:
        """Count a reply."""
        self.given[correlation_id] += 1

    def request_started(self) -> None:
        """Pass it on, as a connection does."""
        self.inbox.request_started()

    def request_stepped(self) -> None:
        """Pass it on, as a connection does."""
        self.inbox.request_stepped()

    def request_ended(self) -> None:
        """Nothing to do."""

    # What happens

    def arrive(self, number: int, arrival: Arrival) -> None:
        """Take what a read brought, as a connection does."""
        payload = number.to_bytes(2, "big")
        self.is_direct = True
        if arrival.is_request:
            frame = RequestFrame(number, payload)
            if self.inbox.takes_requests:
                self.answers.start(frame, self.hub.loop.time())
            else:
                self.inbox.put(self.answers.take(frame))
        elif self.inbox.is_idle:
            rest = self.start_message(payload)
            if rest is not None:
                self.inbox.work(rest)
        else:
            self.inbox.put(payload)
        self.is_direct = False

    def happen(self, kind: str) -> None:
        """Do what an application or a transport may do at any time; no handler runs in it."""
        self.is_calling = True
        if kind == "pause":
            self.inbox.is_paused = True
            self.inbox.is_idle = False
        elif kind == "resume":
            self.inbox.is_paused = False
            self.inbox.schedule()
        elif kind == "fill":
            self.is_full = True
            self.inbox.is_idle = False
        elif kind == "drain":
            self.is_full = False
            self.inbox.schedule()
        self.is_calling = False

    # Handlers

    def handle(self, payload: bytes, client: Any) -> Any:
        """Be the handler of all messages and requests."""
        number = int.from_bytes(payload, "big")
        arrival = self.script[number]
        assert isinstance(arrival, Arrival)
        assert not self.is_calling, "a handler ran inside of another call"
        assert not self.holds_delivery(), "a handler ran while delivery was held"
        assert not self.busy(), "a handler started before a message's handler had ended"
        self.called.append(number)
        if not self.is_direct:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, CountingLoop)
            self.turns[loop.turn] += 1
        if arrival.is_async:
            if not arrival.is_request:
                self.running.add(number)
            return self.run(number, arrival)
        self.stepped.append(number)
        self.ended.append(number)
        return self.end(arrival.outcome)

    def busy(self) -> bool:
        """Say whether a message's handler has not ended."""
        return any(not self.kind(number).is_request for number in self.running)

    def kind(self, number: int) -> Arrival:
        """Return what arrived under ``number``."""
        arrival = self.script[number]
        assert isinstance(arrival, Arrival)
        return arrival

    def end(self, outcome: str) -> bytes:
        """End as a handler does that cannot await."""
        if outcome == "raises":
            raise ValueError
        if outcome == "raises cancelled":
            raise asyncio.CancelledError
        return b"reply"

    async def run(self, number: int, arrival: Arrival) -> bytes:
        """Be the body of an async handler."""
        self.stepped.append(number)
        try:
            for seconds in arrival.naps:
                await asyncio.sleep(seconds)
            task = asyncio.current_task()
            assert task is not None
            assert not task.cancelling() or arrival.is_request, "a cancelled task was used again"
            if arrival.outcome == "cancels itself":
                task.cancel()
                await asyncio.sleep(1)
            elif arrival.outcome == "swallows":
                task.cancel()
                await asyncio.gather(asyncio.sleep(1), return_exceptions=True)
            return self.end(arrival.outcome)
        except asyncio.CancelledError:
            if arrival.outcome != "swallows":
                raise
            return b"reply"
        finally:
            self.running.discard(number)
            self.ended.append(number)


async def play(
    script: list[Arrival | Happening], messages_per_turn: int, demand: int = 256
) -> Connection:
    """Let the script happen, lift all holds, and wait until all has ended."""
    connection = Connection(script, messages_per_turn)
    connection.hub.workers.demand = demand
    connection.inbox.deliver()
    for number, event in enumerate(script):
        if isinstance(event, Arrival):
            connection.arrive(number, event)
        elif event.kind == "turn":
            await asyncio.sleep(0)
        elif event.kind == "wait":
            await asyncio.sleep(0.5)
        elif event.kind == "cancel":
            connection.answers.cancel(event.number)
        else:
            connection.happen(event.kind)
    for kind in ("resume", "drain"):
        connection.happen(kind)
    await asyncio.sleep(500)
    connection.hub.workers.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return connection


def check(connection: Connection) -> None:
    """Compare what happened with what has to."""
    numbered = [
        (number, event)
        for number, event in enumerate(connection.script)
        if isinstance(event, Arrival)
    ]
    requests = {number for number, event in numbered if event.is_request}
    expected = [number for number, _ in numbered if number in connection.called]
    assert connection.called == expected, "handlers were not called in the order of arrival"
    for number, event in numbered:
        if event.is_request:
            assert connection.given[number] == 1, "a request has exactly one answer"
        else:
            assert connection.called.count(number) == 1, "a message was lost or doubled"
    assert sorted(connection.stepped) == sorted(connection.called) == sorted(connection.ended)
    for place, number in enumerate(connection.stepped):
        if number not in requests:
            before = {other for other in expected if other < number}
            assert before == set(connection.stepped[:place]), "a message overtook an earlier start"
    assert connection.inbox.is_idle
    assert connection.inbox.is_quiet
    assert connection.inbox.size == 0
    assert connection.inbox.starting == 0
    assert connection.answers.running == 0


def run(script: list[Arrival | Happening], messages_per_turn: int, demand: int = 256) -> Connection:
    """Play a script on a loop of its own, which has nothing to complain of and no task left."""
    complaints: list[Any] = []

    async def main() -> Connection:
        connection = await play(script, messages_per_turn, demand)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, "a task was left"
        return connection

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        connection = runner.run(main())
        gc.collect(0)
    assert complaints == []
    return connection


@settings(max_examples=400)
@given(scripts, st.integers(1, 5), st.sampled_from((0, 0, 2, 256)))
@example([Arrival(True, True, (), "returns"), Happening("cancel", 0)], 1, 256)
@example(
    [Arrival(False, True, (), "swallows"), *[Arrival(False, True, (), "raises")] * 2],
    3,
    256,
)
@example([*[Arrival(True, True, (1.0,), "returns")] * 3, Arrival(False, False, (), "")], 5, 0)
def test_inbox_law_order_and_completeness(
    script: list[Arrival | Happening], messages_per_turn: int, demand: int
) -> None:
    """All starts once, in order, one message at a time, outside of calls, each request answered."""
    check(run(script, messages_per_turn, demand))


@settings(max_examples=400)
@given(st.lists(arrivals, min_size=1, max_size=40), st.integers(1, 5), st.booleans())
@example(
    [
        Arrival(True, True, (0.0,), "returns"),
        *[Arrival(False, False, (), "returns")] * 4,
        Arrival(False, True, (), "returns"),
        Arrival(False, False, (), "returns"),
    ],
    5,
    True,
)
def test_inbox_law_fairness(
    script: list[Arrival | Happening], messages_per_turn: int, is_held: bool
) -> None:
    """No turn of the loop starts more handlers of one connection than the limit."""
    if is_held:
        script = [Happening("pause"), *script]
    connection = run(script, messages_per_turn)
    check(connection)
    assert max(connection.turns.values(), default=0) <= messages_per_turn
