"""WireSuite: the laws of a wire, ours or a stranger's: two machines and what is between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from unittest import SkipTest

from hypothesis import strategies as st

from mcws_protocol import (
    CloseFrame,
    Ended,
    Faulted,
    Frame,
    LossFrame,
    Machine,
    Payload,
    PongFrame,
    Received,
    RemoteProtocolError,
    ReplyFrame,
    RequestFrame,
    Role,
    State,
    TimedOut,
    TurnFrame,
)

from ._drawn_frames import FRAMES, U32
from ._suite import law
from ._wire_case import Phase, WireCase, heard, other, said, try_to_say
from .strategies import chunkings

ROLES = st.sampled_from(Role)
PHASES = st.sampled_from(Phase)
TIMES = st.floats(0, 1e6)


class WireSuite(WireCase):
    """Tests a wire with two of its machines, any cuts between them, any bytes and any deadlines.

    ::

        class TestMyWire(WireSuite):
            wire = Plain(MyFraming())

    Also for a subclass of ``Wire`` with machines of its own. The laws, each a test:

    - what one end sends the other one receives: all, once, in order, however it was cut;
    - a reply comes with the id of its request; an id in flight is not used again;
    - any bytes, at any phase, give events, of which a fault is the last;
    - the same bytes give the same events, however they were cut;
    - CLOSE is told and answered, and the end inside a message is none;
    - nothing is reported or sent behind the end;
    - ``tick`` acts at ``next_deadline``, not before, and never raises at any time;
    - a peer that is silent, or does not answer a CLOSE, is given up;
    - what cannot be sent changes nothing; sizes are told as they are;
    - ``share``, ``heads`` and ``accepts`` agree with ``send_message``;
    - in half duplex nobody sends without the turn.
    """

    @law
    def test_what_is_sent_arrives(self, data: st.DataObject) -> None:
        """Two machines with any cuts between them lose, change and swap nothing."""
        ends = self.opened()
        for role in data.draw(st.lists(ROLES, max_size=4), label="who speaks"):
            things = data.draw(st.lists(self.news(role), max_size=8), label="things")
            stream = b"".join(said(ends[role], thing) for thing in things)
            pieces = data.draw(chunkings(stream), label="pieces")
            self.check_arrived(heard(ends[other(role)], pieces), things)

    @law
    def test_replies_find_their_requests(self, data: st.DataObject) -> None:
        """Each request is answered once, under its own id, in whatever order."""
        role = data.draw(ROLES, label="who asks")
        ends = self.opened()
        count = data.draw(st.integers(1, 4)) if self.wire.has_frames else 1
        first = data.draw(st.integers(0, 0xFFFF_FFF0), label="first id")
        asked = [RequestFrame(first + n, data.draw(self.carried(role))) for n in range(count)]
        for request in asked:
            events = self.pass_on(ends, role, request)
            self.check_arrived(events, [request if self.wire.has_frames else request.payload])
            assert ends[role].is_asking, f"{request} is asked, but is_asking is false"
        for at, request in enumerate(data.draw(st.permutations(asked), label="order of answers")):
            assert ends[role].is_asking, f"{count - at} requests wait, but is_asking is false"
            reply = ReplyFrame(request.correlation_id, data.draw(self.carried(other(role))))
            said_so = reply if self.wire.has_frames else reply.payload
            self.check_arrived(self.pass_on(ends, other(role), said_so), [reply])
        assert not ends[role].is_asking, "all is answered, but is_asking is true"

    @law
    def test_id_in_flight_is_not_used_again(self, data: st.DataObject) -> None:
        """An id is refused at both ends until its answer came, and free then."""
        self.require_frames()
        role, number = data.draw(ROLES, label="who asks"), data.draw(U32, label="id")
        request = RequestFrame(number, self.some_payload())
        ends = self.opened()
        stream = said(ends[role], request)
        assert try_to_say(ends[role], request) is None, f"{request} was sent twice"
        heard(ends[other(role)], [stream])
        self.pass_on(ends, other(role), ReplyFrame(number, self.some_payload()))
        answered = try_to_say(ends[other(role)], ReplyFrame(number, self.some_payload()))
        assert answered is None, f"request {number} was answered twice"
        assert self.pass_on(ends, role, request) == [request], f"id {number} is not free again"
        events = heard(ends[other(role)], [stream])
        assert [type(event) for event in events] == [Faulted], f"id {number} twice gave {events}"

    @law
    def test_any_bytes_give_events_and_nothing_behind_a_fault(self, data: st.DataObject) -> None:
        """Any bytes, in any cuts and at any phase, give events, of which a fault is the last."""
        phase, role = data.draw(PHASES, label="phase"), data.draw(ROLES, label="end")
        stream = data.draw(self.streams(role), label="stream")
        machine = self.at(phase, role)
        events = heard(machine, data.draw(chunkings(stream), label="pieces"))
        faults = [event for event in events if isinstance(event, Faulted)]
        assert faults in ([], events[-1:]), f"events behind a fault: {events}"
        for fault in faults:
            assert isinstance(fault.error, RemoteProtocolError), f"{fault} names no fault of a peer"
            assert heard(machine, [stream]) == [], f"events behind {fault}"
        self.check_end(machine)

    @law
    def test_events_do_not_depend_on_the_cuts(self, data: st.DataObject) -> None:
        """The same bytes give the same events and the same state, however they arrive."""
        self.require_boundaries()
        phase, role = data.draw(PHASES, label="phase"), data.draw(ROLES, label="end")
        stream = data.draw(self.streams(role), label="stream")
        single = [stream[at : at + 1] for at in range(len(stream))]
        whole = self.at(phase, role)
        expected = comparable(heard(whole, [stream]))
        for pieces in (data.draw(chunkings(stream), label="pieces"), single):
            cut = self.at(phase, role)
            events = comparable(heard(cut, pieces))
            assert events == expected, f"{events} from {len(pieces)} pieces, {expected} from one"
            assert cut.state is whole.state, f"{cut.state} after cuts, {whole.state} without"

    @law
    def test_close_is_told_and_answered(self, data: st.DataObject) -> None:
        """CLOSE arrives behind what was sent, is answered, and leaves both ends closed."""
        role, now = data.draw(ROLES, label="who closes"), data.draw(TIMES, label="now")
        ends = self.opened()
        closing, closed = ends[role], ends[other(role)]
        before = data.draw(st.lists(self.carried(role), max_size=3), label="before")
        stream = b"".join(said(closing, payload) for payload in before)
        stream += said(closing, CloseFrame(), now)
        assert closing.next_deadline() <= now + self.limits.close_s, "CLOSE has no deadline"
        assert try_to_say(closing, self.some_payload()) is None, "a message went behind CLOSE"
        assert try_to_say(closing, CloseFrame()) is None, "CLOSE was said twice"
        events = heard(closed, data.draw(chunkings(stream), label="pieces"))
        if not self.wire.has_frames:
            events += [event for event in closed.receive_eof(1.0) if not isinstance(event, Ended)]
        self.check_arrived(events, [*before, CloseFrame()])
        last_words = try_to_say(closed, self.some_payload())
        assert last_words is not None, "what was queued may go before the answer"
        answer = heard(closing, [last_words + said(closed, CloseFrame())])
        assert answer == ([CloseFrame()] if self.wire.has_frames else []), f"answered by {answer}"
        for machine in (closing, closed):
            machine.receive_eof(1.0)
            machine.lost()
            assert machine.state is State.ENDED, f"{machine.state} behind the end"
            self.check_end(machine)

    @law
    def test_end_inside_a_message_is_no_close(self, data: st.DataObject) -> None:
        """Of a stream that ends inside a message nobody says that it was closed."""
        self.require_boundaries()
        role = data.draw(ROLES, label="who speaks")
        payload = data.draw(self.carried(role).filter(bool), label="payload")
        ends = self.opened()
        stream = said(ends[role], payload)
        # At least one byte of the payload, and not all of the message.
        least = min(len(stream) - len(plain_bytes(payload)) + 1, len(stream) - 1)
        size = data.draw(st.integers(least, len(stream) - 1), label="bytes of the message")
        receiver = ends[other(role)]
        pieces = data.draw(chunkings(stream[:size]), label="pieces")
        events = heard(receiver, pieces) + list(receiver.receive_eof(1.0))
        closes = [event for event in events if isinstance(event, CloseFrame)]
        assert closes == [], f"{size} of {len(stream)} bytes gave {events}"

    @law
    def test_tick_acts_at_its_deadline_and_not_before(self, data: st.DataObject) -> None:
        """``tick`` does nothing before ``next_deadline`` and something at it."""
        machine = self.at(data.draw(PHASES, label="phase"), data.draw(ROLES, label="end"))
        machine.heard_at, machine.sent_at = data.draw(TIMES), data.draw(TIMES)
        for wait_s in data.draw(st.lists(st.floats(0.001, 1e3), max_size=5), label="waits"):
            deadline = machine.next_deadline()
            if deadline == math.inf:
                return
            out: list[bytes] = []
            early = machine.tick(math.nextafter(deadline, -math.inf), out)
            assert (early, out) == ([], []), f"{early} and {out} before {deadline}"
            events = machine.tick(deadline, out)
            assert events or out, f"nothing happened at the deadline {deadline}"
            assert all(isinstance(event, TimedOut) for event in events), f"tick gave {events}"
            machine.heard_at = machine.sent_at = deadline + wait_s

    @law
    def test_tick_never_raises(self, data: st.DataObject) -> None:
        """``tick`` may be called at any time, also at one that has passed."""
        machine = self.at(data.draw(PHASES, label="phase"), data.draw(ROLES, label="end"))
        for now in data.draw(st.lists(TIMES, max_size=8), label="times"):
            machine.tick(now, [])
            machine.excuse(now)
            assert not math.isnan(machine.next_deadline()), "next_deadline is not a number"

    @law
    def test_what_cannot_be_sent_changes_nothing(self, data: st.DataObject) -> None:
        """``send`` appends what it tells, or raises and leaves the machine as it was."""
        phase, role = data.draw(PHASES, label="phase"), data.draw(ROLES, label="end")
        thing = data.draw(FRAMES | self.carried(role), label="what is sent")
        machine, untouched = self.at(phase, role), self.at(phase, role)
        if try_to_say(machine, thing) is None:
            assert machine.state is untouched.state, f"{machine.state} after a refusal"
            assert machine.next_deadline() == untouched.next_deadline(), "the deadline moved"
            assert machine.is_asking == untouched.is_asking, "a refused request counts"

    @law
    def test_shared_bytes_are_those_of_a_message(self, data: st.DataObject) -> None:
        """``share``, ``heads`` and ``accepts`` agree with ``send_message``."""
        role = data.draw(ROLES, label="end")
        payload = data.draw(self.carried(role) | self.limit_payloads(role), label="payload")
        machine = self.opened()[role]
        shared = machine.share(payload)
        accepts = machine.accepts(shared)
        own = try_to_say(machine, payload)
        assert accepts == (own is not None), f"accepts is {accepts}, send_message gave {own!r}"
        assert own in (None, shared), f"share gave {shared[:60]!r}, send_message {own!r}"
        heads = machine.heads()
        if isinstance(payload, bytes) and len(payload) < len(heads):
            assert heads[len(payload)] + payload == shared, f"heads()[{len(payload)}] is wrong"

    @law
    def test_nobody_sends_without_the_turn(self, data: st.DataObject) -> None:
        """In half duplex the end without the turn is refused, and faulted if it sends."""
        if not (self.wire.has_frames if self.turns is None else self.turns):
            raise SkipTest("this wire has no half duplex")
        holder = data.draw(ROLES, label="who is first")
        ends = self.opened(first=holder)
        for _ in range(data.draw(st.integers(0, 3), label="turns given before")):
            self.pass_on(ends, other(holder), TurnFrame(give=False))
            self.pass_on(ends, holder, TurnFrame(give=True))
            holder = other(holder)
        payload = data.draw(self.carried(holder), label="payload")
        self.check_arrived(self.pass_on(ends, holder, payload), [payload])
        silent = ends[other(holder)]
        for thing in (payload, RequestFrame(7, payload), TurnFrame(give=True)):
            assert try_to_say(silent, thing) is None, f"{thing!r} was sent without the turn"
        events = heard(ends[holder], [silent.share(payload)])
        assert [type(event) for event in events] == [Faulted], f"no turn, but {events}"

    def test_silent_peer_is_given_up(self) -> None:
        """An end that hears nothing for long says so, whatever it is told to do until then."""
        self.require_frames()
        for machine in self.opened().values():
            events: list[object] = []
            while not events:
                now = machine.next_deadline()
                assert now <= 3 * self.limits.keepalive_s, f"{machine.role} waits until {now}"
                out: list[bytes] = []
                events += machine.tick(now, out)
                machine.sent_at = now if out else machine.sent_at

    # What they share

    def news(self, role: Role) -> st.SearchStrategy[Payload | Frame]:
        """Return what an end may say at any time and any number of times."""
        payloads: st.SearchStrategy[Payload | Frame] = self.carried(role)
        if not self.wire.has_frames:
            return payloads
        return payloads | st.builds(LossFrame, U32) | st.builds(PongFrame)

    def require_frames(self) -> None:
        """Skip the law if there are no frames but messages."""
        if not self.wire.has_frames:
            raise SkipTest("this wire has messages only")

    def require_boundaries(self) -> None:
        """Skip the law if messages may be split and joined."""
        if not self.keeps_boundaries:
            raise SkipTest("this wire keeps no boundaries")

    def check_arrived(self, got: list[Received], sent: Sequence[Payload | Frame]) -> None:
        """Check that what was sent came, in order and once."""
        expected = list(sent) if self.wire.has_frames else [plain(thing) for thing in sent]
        if self.keeps_boundaries:
            assert got == expected, f"{got} came of {expected}"
            kinds = [type(thing) for thing in got]
            assert kinds == [type(thing) for thing in expected], f"{got} came of {expected}"
        else:
            assert joined(got) == joined(expected), f"{got} came of {expected}"

    def check_end(self, machine: Machine) -> None:
        """Check that the end of a stream is told once at most, and nothing comes behind it."""
        events = machine.receive_eof(2.0)
        ends = [event for event in events if isinstance(event, Ended)]
        assert ends in ([], events[-1:]), f"the end gave {events}"
        assert machine.receive_eof(2.0) == [], "the end is told twice"
        machine.lost()
        assert machine.next_deadline() == math.inf, "something is waited for behind the end"
        peer = self.opened()[other(machine.role)]
        behind = heard(machine, [said(peer, self.some_payload()) * 2])
        news = [event for event in behind if not isinstance(event, Faulted)]
        assert news == [], f"{news} behind the end"


def plain(thing: Payload | Frame) -> Payload | Frame:
    """Return what a wire without frames makes of a payload: it knows no text."""
    if isinstance(thing, ReplyFrame):
        return ReplyFrame(thing.correlation_id, plain_bytes(thing.payload))
    return plain_bytes(thing) if isinstance(thing, bytes | str) else thing


def plain_bytes(payload: Payload) -> bytes:
    """Return a payload as bytes."""
    return payload.encode() if isinstance(payload, str) else payload


def joined(things: Iterable[object]) -> tuple[bytes, list[object]]:
    """Return all messages as one, and what is none."""
    parts = [getattr(thing, "payload", thing) for thing in things]
    rest: list[object] = [part for part in parts if not isinstance(part, bytes)]
    return b"".join(part for part in parts if isinstance(part, bytes)), rest


def comparable(events: Iterable[Received]) -> list[object]:
    """Return events that are equal where they mean the same."""
    return [
        (type(event.error), event.error.code) if isinstance(event, Faulted) else event
        for event in events
    ]
