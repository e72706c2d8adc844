"""Judgement: each law on a record that keeps it and on one that breaks it, made by hand."""

from __future__ import annotations

import pytest

from mcws_testkit import BrokenPromise, Event, Promise
from mcws_testkit._events import EventKind
from mcws_testkit._judgement import check
from mcws_testkit._lifecycle_script import Act
from mcws_testkit._visits import Broadcast, Call, Message, Record, Visit


class Case:
    """A record of one client that connected, with what a test adds.

    Attributes:
        record: to be judged.
        visit: its one connection.
    """

    def __init__(self) -> None:
        self.record = Record(Promise.all(), prompt_s=1.0, held_max=100)
        self.visit = Visit("c1.1", is_safe=True, client=object(), connection=1)
        self.visit.calls.append(Call("connect", 0.0, 0.0))
        self.visit.over = (9.0, EOFError())
        self.visit.finished_s = 8.0
        self.record.visits.append(self.visit)
        self.told("connected")

    def told(self, kind: EventKind, payload: bytes = b"", *, session: int = 1) -> None:
        """Let a hook see something."""
        self.record.events.log.append(Event(1.0, kind, session, payload))

    def sent(self, payload: bytes, *, error: Exception | None = None) -> Message:
        """Let the client send something."""
        message = Message("send", 0.0, 0.0, error, payload)
        self.record.payloads[payload] = (self.visit, len(self.visit.sent))
        self.visit.sent.append(message)
        return message

    def asked(self, payload: bytes, end_s: float | None, error: Exception | None = None) -> Message:
        """Let the client ask something; it is its own reply."""
        message = Message("request", 0.0, end_s, error, payload, reply=payload)
        self.record.requests[payload] = self.visit
        self.visit.asked.append(message)
        return message

    def passed(self, *payloads: bytes) -> None:
        """Let messages be sent, seen, sent back and received."""
        for payload in payloads:
            self.sent(payload)
            self.told("message", payload)
            self.visit.received.append((1.0, payload))

    def news(self, payload: bytes, chosen: frozenset[int] | None = None) -> Broadcast:
        """Let the server send something to all."""
        news = Broadcast("broadcast", 1.0, 1.0, None, payload, frozenset({1}), chosen)
        self.record.broadcasts.append(news)
        return news

    def broken(self) -> list[str]:
        """Judge, and return the names of the promises that were broken."""
        if not any(event.kind == "disconnected" for event in self.record.events.log):
            self.told("disconnected")
        try:
            check(self.record)
        except BrokenPromise as verdict:
            return [promise.name for promise in verdict.promises]
        return []


def test_life_without_trouble_breaks_nothing() -> None:
    """Messages, requests and broadcasts that arrive keep all promises."""
    case = Case()
    case.passed(b"one", b"two")
    case.asked(b"what?", 1.0)
    case.told("request", b"what?")
    case.visit.received.append((2.0, case.news(b"news").payload))
    assert case.broken() == []


@pytest.mark.parametrize(
    ("kinds", "promise"),
    [
        (["connected"], "CONNECT"),
        (["disconnected", "disconnected"], "DISCONNECT"),
    ],
)
def test_hooks_told_twice(kinds: list[EventKind], promise: str) -> None:
    """Neither the beginning nor the end of a connection is told twice."""
    case = Case()
    for kind in kinds:
        case.told(kind)
    assert case.broken() == [promise]


@pytest.mark.parametrize(("told", "broken"), [(0, ["CONNECT"]), (1, [])])
def test_silent_client_is_told(told: int, broken: list[str]) -> None:
    """Whose connection was made long ago is among those who were told."""
    case = Case()
    case.record.settled, case.record.told = [case.visit], told
    assert case.broken() == broken


@pytest.mark.parametrize("cause", [Act.CLOSE, Act.STALL])
def test_silent_client_with_trouble_need_not_be_told(cause: Act) -> None:
    """What the script did to a connection may have ended it, or kept its server busy."""
    case = Case()
    case.record.settled = [case.visit]
    case.visit.causes.add(cause)
    assert case.broken() == []


def test_message_before_connect() -> None:
    """A message of a connection that was not told breaks CONNECT, and its end has to be told."""
    case = Case()
    case.passed(b"one")
    case.told("disconnected")
    case.record.events.log[0] = Event(1.0, "connected", 2)
    assert case.broken() == ["CONNECT", "DISCONNECT"]


def test_message_after_disconnect() -> None:
    """What is told behind the end breaks SILENCE."""
    case = Case()
    case.told("disconnected")
    case.passed(b"late")
    assert case.broken() == ["SILENCE"]


def test_end_told_at_stop_only() -> None:
    """An end that shows only when the server stops was missed."""
    case = Case()
    case.record.stopping = 1
    assert case.broken() == ["DISCONNECT"]


def test_killed_server_tells_nothing() -> None:
    """Whose host was killed cannot tell the end."""
    case = Case()
    case.record.is_killed, case.record.down_s, case.visit.finished_s = True, 1.0, None
    case.record.server_calls.append(Call("stop", 1.0, 1.0, OSError()))
    check(case.record)


def test_handlers_run_one_at_a_time() -> None:
    """A message that is told while another one is handled breaks SERIAL; a request does not."""
    case = Case()
    case.asked(b"what?", 1.0)
    case.told("request", b"what?")
    case.told("begun", b"what?")
    case.passed(b"one")
    case.told("begun", b"one")
    case.passed(b"two")
    case.told("done", b"one")
    assert case.broken() == ["SERIAL"]


def test_messages_out_of_order_and_twice() -> None:
    """Holes, repetitions and exchanges break ORDER; what could not be sent may be missing."""
    for seen in ([b"1", b"0", b"2"], [b"0", b"0", b"1", b"2"], [b"0", b"2"]):
        case = Case()
        for payload in (b"0", b"1", b"2"):
            case.sent(payload)
        for payload in seen:
            case.told("message", payload)
        case.visit.received = [(1.0, payload) for payload in (b"0", b"1", b"2")]
        assert case.broken() == ["ORDER"]


def test_message_that_nobody_sent() -> None:
    """What hooks and clients get has been sent by somebody."""
    case = Case()
    case.told("message", b"noise")
    case.visit.received.append((1.0, b"noise"))
    assert case.broken() == ["ORDER", "DELIVERY"]


def test_connection_told_as_two() -> None:
    """The messages of one connection are told of one, and of nobody else's."""
    case = Case()
    case.passed(b"one", b"two")
    case.record.events.log.append(Event(1.0, "connected", 2))
    case.told("disconnected", session=2)
    case.record.events.log[2] = Event(1.0, "message", 2, b"two")
    case.record.events.log[2:4] = reversed(case.record.events.log[2:4])
    case.told("disconnected")
    assert case.broken() == ["PRIVACY"]
    other = Visit("c2.1", is_safe=False)
    case.record.payloads[b"two"] = (other, 0)
    case.record.events.log[3] = Event(1.0, "message", 1, b"two")
    assert "PRIVACY" in case.broken()


def test_registry_is_empty_in_the_end() -> None:
    """When all have gone the server has no clients."""
    case = Case()
    case.record.registry = 1
    assert case.broken() == ["REGISTRY"]


@pytest.mark.parametrize(
    ("causes", "promise"),
    [(set[Act](), "DELIVERY"), ({Act.CLOSE}, "FLUSH"), ({Act.HALF_CLOSE}, "HALF_CLOSE")],
)
def test_message_lost(causes: set[Act], promise: str) -> None:
    """What was sent arrives, under the promise that fits the end of its connection."""
    case = Case()
    case.sent(b"lost")
    case.visit.causes = causes
    case.visit.calls.append(Call("close", 2.0, 3.0))
    assert case.broken()[0] == promise


def test_message_may_be_lost() -> None:
    """What a close gave up, an abort lost or a network that is not safe lost is no breach."""
    for causes, end_s, is_safe in (
        ({Act.CLOSE}, 9.0, True),
        ({Act.ABORT}, 3.0, True),
        (set[Act](), 3.0, False),
    ):
        case = Case()
        case.sent(b"lost")
        case.visit.causes, case.visit.is_safe = causes, is_safe
        case.visit.calls.append(Call("close", 2.0, end_s))
        assert case.broken() == []


def test_send_that_raises() -> None:
    """Nothing may refuse a message on a connection that lives."""
    case = Case()
    case.sent(b"refused", error=ConnectionError())
    assert case.broken() == ["DELIVERY"]


def test_client_receives_what_is_not_its_own() -> None:
    """The message of another one breaks PRIVACY, a reply among messages REPLIES."""
    case = Case()
    case.record.payloads[b"other"] = (Visit("c2.1", is_safe=False), 0)
    case.visit.received.append((1.0, b"other"))
    case.asked(b"what?", 1.0)
    case.visit.received.append((1.0, b"what?"))
    assert case.broken() == ["PRIVACY", "REPLIES"]


def test_echo_missing() -> None:
    """What was seen has to come back."""
    case = Case()
    case.sent(b"one")
    case.told("message", b"one")
    assert case.broken() == ["ECHO"]


def test_echo_twice() -> None:
    """What comes back comes back once."""
    case = Case()
    case.passed(b"one")
    case.visit.received.append((2.0, b"one"))
    assert case.broken() == ["ECHO"]


def test_broadcast_missing_twice_or_late() -> None:
    """Each client gets each broadcast once, in order."""
    for got in ([b"n0"], [b"n0", b"n0", b"n1"], [b"n1", b"n0"]):
        case = Case()
        case.passed(b"one")
        case.news(b"n0")
        case.news(b"n1")
        case.visit.received += [(2.0, payload) for payload in got]
        assert case.broken() == ["BROADCAST"]


def test_broadcast_may_miss_who_does_not_read() -> None:
    """To drop the broadcasts of a slow client is one way to be rid of it."""
    case = Case()
    case.passed(b"one")
    case.news(b"n0")
    case.visit.causes.add(Act.STALL)
    assert case.broken() == []


def test_broadcast_past_its_filter_or_raising() -> None:
    """A filter is obeyed, and a broadcast does not raise."""
    case = Case()
    case.passed(b"one")
    case.visit.received.append((2.0, case.news(b"n0", frozenset()).payload))
    assert case.broken() == ["FILTER"]
    case.record.broadcasts[0].error = OSError()
    assert case.broken() == ["BROADCAST", "FILTER"]


def drained() -> Case:
    """Return a case in which the script drained the server."""
    case = Case()
    case.passed(b"one")
    case.news(b"n0")
    case.record.down_s, case.visit.finished_s = 3.0, None
    case.record.server_calls.append(Call("drain", 3.0, 4.0))
    return case


def test_drain_loses_a_broadcast() -> None:
    """What was sent to all before a drain arrives."""
    assert drained().broken() == ["DRAIN"]


def test_drain_may_lose_a_late_broadcast() -> None:
    """What is sent to all while the server drains need not arrive."""
    case = drained()
    case.record.broadcasts[0].end_s = 8.0
    assert case.broken() == []


def test_drain_loses_a_request() -> None:
    """A request that ran at the drain is answered; one that came later need not be."""
    for draining, expected in ((9, ["DRAIN"]), (0, list[str]())):
        case = drained()
        case.record.broadcasts.clear()
        case.asked(b"what?", 3.5, ConnectionError())
        case.told("request", b"what?")
        case.record.draining = draining
        assert case.broken() == expected
        case.visit.causes.add(Act.KILL)
        assert case.broken() == []


def test_message_while_paused() -> None:
    """Nothing is received between pause and resume."""
    case = Case()
    case.passed(b"one")
    case.visit.paused.append((0, 1))
    assert case.broken() == ["PAUSE"]


def test_calls_that_do_not_return() -> None:
    """Every call ends, at the server and at clients, and so does receiving."""
    case = Case()
    case.record.server_calls.append(Call("stop", 1.0))
    case.visit.calls.append(Call("close", 1.0))
    case.visit.over = None
    case.told("disconnected")
    with pytest.raises(BrokenPromise) as caught:
        check(case.record)
    for text in ("server stop() did not return", "c1.1 close() did not", "does not know that"):
        assert text in str(caught.value)


def test_client_outlives_its_server() -> None:
    """Who is connected when the server ends is ended too."""
    case = Case()
    case.record.down_s = 3.0
    assert case.broken() == ["CLOSING"]


def test_stop_that_raises() -> None:
    """The end of a server raises nothing, and the failure has its error as its cause."""
    case = Case()
    error = OSError("not connected")
    case.record.server_calls.append(Call("stop", 1.0, 1.0, error))
    case.told("disconnected")
    with pytest.raises(BrokenPromise, match="not connected") as caught:
        check(case.record)
    assert caught.value.__cause__ is error


def test_connection_ended_by_nobody() -> None:
    """A connection that nothing ends lives until the suite ends it."""
    case = Case()
    case.visit.finished_s = None
    assert case.broken() == ["LIVENESS"]


def test_reply_wrong_missing_or_late() -> None:
    """A request gets its own reply; one that timed out for good reason is no breach."""
    case = Case()
    case.asked(b"what?", 1.0).reply = b"that"
    assert case.broken() == ["REPLIES"]
    case = Case()
    case.asked(b"what?", 5.0, TimeoutError())
    assert case.broken() == []
    case.visit.asked[0].end_s = 1.0
    assert case.broken() == ["REPLIES"]


def test_request_handled_twice() -> None:
    """A request is handled once."""
    case = Case()
    case.asked(b"what?", 1.0)
    case.told("request", b"what?")
    case.told("request", b"what?")
    assert case.broken() == ["REPLIES"]


def test_request_that_hangs() -> None:
    """A request ends soon after its connection, and ends at all."""
    case = Case()
    case.visit.is_safe = False
    case.record.lost_s[1] = 2.0
    case.asked(b"what?", 3.0, ConnectionError())
    assert case.broken() == []
    case.asked(b"why?", 3.5, ConnectionError())
    assert case.broken() == ["PROMPT"]
    case.visit.asked[1].end_s = None
    assert case.broken() == ["PROMPT"]


def test_server_that_holds_too_much() -> None:
    """What the server holds is bounded."""
    case = Case()
    case.record.held_bytes = 101
    assert case.broken() == ["BOUNDED"]


def test_only_what_is_promised_is_asked_for() -> None:
    """A breach of what nobody promised is none."""
    case = Case()
    case.record.registry = 1
    case.record.promises = Promise.all() - {Promise.REGISTRY}
    assert case.broken() == []


def test_many_breaches_are_cut() -> None:
    """A failure names the first breaches and counts the others."""
    case = Case()
    for number in range(20):
        case.told("message", b"%d" % number)
    case.told("disconnected")
    with pytest.raises(BrokenPromise, match="and 12 more") as caught:
        check(case.record)
    assert caught.value.promises == (Promise.ORDER,)
