"""The laws of the modes: who sends when, on both wires, whatever the two ends want and when."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from mcws_client import Client
from mcws_protocol import (
    CancelFrame,
    ConnectionClosed,
    Contract,
    DecodeError,
    ErrorFrame,
    LengthPrefixed,
    Limits,
    LocalProtocolError,
    Mcws,
    Message,
    MessageFrame,
    Mode,
    OutboxFull,
    Plain,
    ReplyFrame,
    Request,
    RequestFailed,
    RequestFrame,
    RequestTimeout,
    Role,
    SlowConsumer,
    TurnFrame,
    Wire,
    decode_frame,
)
from mcws_protocol.aio import Door
from mcws_server import ConnectedClient, Server
from mcws_testkit import SimLoop
from tests.aio.cable import End
from tests.aio.harness import Lab, settle

SETTLED_S: Final = 30.0
"""Virtual seconds after which all that was accepted has to be there: ten handlers in a row."""
PLAIN: Final = Plain(LengthPrefixed(4))
LIMITS: Final = Limits(
    # Nobody is taken for dead while a cable is stalled, and little fits into an outbox.
    keepalive_s=1000,
    outbox_low_bytes=50,
    outbox_high_bytes=200,
    outbox_bytes_max=1000,
    inbox_high_bytes=400,
    stalled_s=1000,
    slow_consumer=SlowConsumer.DROP_NEWEST,
)


class Answer(Message):
    """What answers ``Ask``."""

    raw: bytes


class Say(Message):
    """A message that says something."""

    raw: bytes


class Ask(Request[Answer]):
    """A request, which a plain wire tells from other messages by its type only."""

    raw: bytes


# What happens


@dataclass(frozen=True)
class Step:
    """One thing that one end, or the cable at it, does.

    Attributes:
        what: "send", "request", "broadcast", "cancel", "pause", "resume", "stall", "flow", "close"
            or "wait".
        role: the end.
        size: bytes of what is sent.
        seconds: of a wait, of a handler that answers, or of a timeout.
        answers: whether the handler of what is sent sends something back besides.
    """

    what: str
    role: Role = Role.SERVER
    size: int = 0
    seconds: float = 0.0
    answers: bool = False


WHATS = ("send", "send", "send", "request", "request", "broadcast", "cancel", "pause", "resume")
steps = st.builds(
    Step,
    st.sampled_from((*WHATS, "stall", "flow", "wait", "wait", "turn", "turn")),
    st.sampled_from(Role),
    st.integers(0, 150),
    st.sampled_from((0.0, 0.1, 1.0, 2.5)),
    st.booleans(),
)
closes = st.builds(Step, st.just("close"), st.sampled_from(Role))


@dataclass(frozen=True)
class History:
    """What two ends do, and how the cable between them cuts what they say."""

    initiator: Role
    steps: list[Step]
    chunks: dict[Role, int]
    end: Step | None = None


histories = st.builds(
    History,
    st.sampled_from(Role),
    st.lists(steps, min_size=3, max_size=40),
    st.fixed_dictionaries({role: st.sampled_from((1, 3, 40, 1 << 18)) for role in Role}),
    st.none() | closes,
)


WHOLE = dict.fromkeys(Role, 1 << 18)
AT_ONCE = History(Role.SERVER, [Step("send", role) for role in Role], WHOLE)
"""Two idle ends that start at once."""
ENDS = History(Role.SERVER, [Step("send", Role.CLIENT)] * 2, WHOLE, Step("close", Role.CLIENT))
"""An end that closes while it waits for the turn."""


# What is seen on the wire


@dataclass
class Tap:
    """What one end has written: where each of its messages and requests ends."""

    end: End
    is_plain: bool
    unread: bytes = b""
    parsed: int = 0
    ends_at: int = 0

    @property
    def is_in_flight(self) -> bool:
        """Whether a message or request of this end has not arrived completely."""
        written = sum(map(len, self.end.written))
        return self.ends_at > written - self.end.get_write_buffer_size()

    def frames(self, data: bytes) -> list[Any]:
        """Return the frames that ``data`` completes; those of a plain wire as messages."""
        found: list[Any] = []
        self.unread += data
        while len(self.unread) >= 4:
            size = 4 + int.from_bytes(self.unread[:4], "big")
            if len(self.unread) < size:
                break
            raw, self.unread = self.unread[:size], self.unread[size:]
            self.parsed += size
            if self.is_plain:
                frame: Any = MessageFrame(msgspec.msgpack.decode(raw[4:])["raw"])
            else:
                frame = decode_frame(raw[4], raw[5], raw[6:])
            found.append(frame)
            if isinstance(frame, MessageFrame | RequestFrame):
                self.ends_at = self.parsed
        return found


class Line:
    """Both directions of one cable, with the law that is checked on each write."""

    def __init__(self, near: End, far: End, *, is_plain: bool, first: Role) -> None:
        self.taps = {Role.CLIENT: Tap(near, is_plain), Role.SERVER: Tap(far, is_plain)}
        self.holder = first
        self.first = first
        self.is_plain = is_plain
        # Requests without an answer, by who asked.
        self.asked: dict[Role, set[int]] = {role: set() for role in Role}
        self.seen: dict[Role, set[int]] = {role: set() for role in Role}
        self.problems: list[str] = []
        for role, tap in self.taps.items():
            self._watch(role, tap)

    def _watch(self, role: Role, tap: Tap) -> None:
        write = tap.end.write
        # What went before the tap was put in is the opening.
        tap.parsed = sum(map(len, tap.end.written))

        def watched(data: Any) -> None:
            """Judge what is written, then write it."""
            if not tap.end.is_closing():
                for frame in tap.frames(bytes(data)):
                    self._judge(role, frame)
            write(data)

        tap.end.write = watched  # type: ignore[method-assign]  # the tap sits on the cable

    def _judge(self, role: Role, frame: Any) -> None:
        other = Role.CLIENT if role is Role.SERVER else Role.SERVER
        if isinstance(frame, MessageFrame | RequestFrame) and self.taps[other].is_in_flight:
            self.problems.append(f"{role} sends {frame} while {other} does")
        if self.is_plain:
            assert isinstance(frame, MessageFrame)
            assert isinstance(frame.payload, bytes)
            self._judge_plain(role, frame.payload[:1])
            return
        match frame:
            case RequestFrame():
                self._check(frame, self.holder is role)
                self.asked[role].add(frame.correlation_id)
                self.seen[role].add(frame.correlation_id)
            case MessageFrame():
                self._check(frame, self.holder is role)
            case ReplyFrame() | ErrorFrame():
                self.asked[other].discard(frame.correlation_id)
            case CancelFrame():
                self._check(frame, frame.correlation_id in self.seen[role])
            case TurnFrame(give=True):
                self._check(frame, self.holder is role and not self.asked[role])
                self.holder = other
            case _:
                pass

    def _judge_plain(self, role: Role, kind: bytes) -> None:
        if role is not self.first:
            self._check(kind, kind == b"=" and bool(self.asked[self.first]))
            self.asked[self.first].clear()
            return
        # Behind the end of the other's stream no answer is waited for.
        self._check(kind, not self.asked[role] or any(t.end.has_ended for t in self.taps.values()))
        if kind == b"?":
            self.asked[role].add(0)

    def _check(self, what: object, is_fine: bool) -> None:
        if not is_fine:
            self.problems.append(f"{what} was not to be sent now")


# The two ends


class Side:
    """One end and what its application did and heard."""

    def __init__(self) -> None:
        self.peer: Any = None
        self.said: list[bytes] = []
        self.heard: list[bytes] = []
        self.asked: list[asyncio.Task[Any]] = []


class World:
    """A server and one client, their cable, and what became of a history."""

    def __init__(self, history: History, wire: Wire, mode: Mode, client_mode: Mode) -> None:
        self.history = history
        self.is_plain = wire is PLAIN
        self.sides = {role: Side() for role in Role}
        self.count = 0
        self.server: Server[Any, Any, Any] = Server(
            self._contract(wire, mode),
            client_factory=ConnectedClient,
            limits=LIMITS,
        )
        self.lab = Lab(self.server, wire)
        self.client: Client[Any, Any] = self.lab.client(limits=LIMITS)
        # A client that does not keep to what it agreed on.
        self.client._door = Door.of(self._contract(wire, client_mode), Role.CLIENT, wire)
        self.server.on_client_message(self._handler(Role.SERVER))
        self.server.on_client_request(self._answerer(Role.SERVER))
        self.client.on_message(self._handler(Role.CLIENT))
        self.client.on_request(self._answerer(Role.CLIENT))

    def _contract(self, wire: Wire, mode: Mode) -> Contract[Any, Any]:
        """Return the contract of one end, which may be in another mode than the other's."""
        initiator: Any = self.history.initiator.value
        both: Any = Say | Ask
        return Contract(
            "laws", version=1, up=both, down=both, wire=wire, mode=mode, initiator=initiator
        )

    async def play(self, watch: Callable[[World], None]) -> None:
        """Connect, do all that the history says, and let everything come to rest."""
        await self.client.connect()
        await settle()
        self.sides[Role.SERVER].peer = next(iter(self.server.clients))
        self.sides[Role.CLIENT].peer = self.client
        for end, role in ((self.lab.near[0], Role.CLIENT), (self.lab.far[0], Role.SERVER)):
            end.chunk = self.history.chunks[role]
        watch(self)
        for step in self.history.steps:
            await self._do(step)
        for end in (self.lab.near[0], self.lab.far[0]):
            end.flow()
        for side in self.sides.values():
            side.peer.resume()
        if self.history.end is not None:
            self.sides[self.history.end.role].peer.close()
        await asyncio.sleep(SETTLED_S)

    async def finish(self) -> None:
        """Take everything down."""
        self.client.abort()
        self.server.close()
        tasks = [task for side in self.sides.values() for task in side.asked]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await settle()

    async def _do(self, step: Step) -> None:
        side = self.sides[step.role]
        end = self.lab.far[0] if step.role is Role.SERVER else self.lab.near[0]
        match step.what:
            case "send":
                self.send(step.role, self.payload(step, b"!"))
            case "request":
                task = asyncio.ensure_future(self._request(step))
                side.asked.append(task)
            case "broadcast":
                self._broadcast(self.payload(step, b"!"))
            case "cancel":
                if side.asked:
                    side.asked[-1].cancel()
            case "wait":
                await asyncio.sleep(step.seconds)
            case "turn":
                await asyncio.sleep(0)
            case "pause" | "resume":
                getattr(side.peer, step.what)()
            case _:
                getattr(end, step.what)()

    def payload(self, step: Step, kind: bytes) -> bytes:
        """Return a payload like no other: its kind, what its handler shall do, and its number."""
        self.count += 1
        order = f"{step.seconds} {int(step.answers)} {self.count} ".encode()
        return kind + order + b"." * step.size

    def send(self, role: Role, payload: bytes) -> None:
        """Send, and note what was accepted."""
        side = self.sides[role]
        with contextlib.suppress(OutboxFull, ConnectionClosed, LocalProtocolError):
            side.peer.send(Say(payload))
            side.said.append(payload)

    def _broadcast(self, payload: bytes) -> None:
        if self.server.send_to(self.server.clients, Say(payload)).queued:
            self.sides[Role.SERVER].said.append(payload)

    async def _request(self, step: Step) -> None:
        side = self.sides[step.role]
        payload = self.payload(step, b"?")
        timeout = 0.5 if step.answers else None
        problems = (OutboxFull, ConnectionClosed, LocalProtocolError, RequestTimeout, RequestFailed)
        # In simplex mode on a plain wire the next message is taken for the reply.
        with contextlib.suppress(*problems, DecodeError):
            side.said.append(payload)
            reply = await side.peer.request(Ask(payload), timeout=timeout)
            assert reply.raw == b"=" + payload, "the answer to something else"

    def _handler(self, role: Role) -> Callable[[Any, Any], Any]:
        side = self.sides[role]

        def handle(message: Say, peer: Any) -> Any:
            """Note a message, and perhaps send one back."""
            side.heard.append(message.raw)
            seconds, answers, *_ = message.raw[1:].split(b" ")
            if int(answers):
                self.send(role, self.payload(Step("send", size=10), b"!"))
            return asyncio.sleep(0.01) if float(seconds) == 0.1 else None

        return handle

    def _answerer(self, role: Role) -> Callable[[Any, Any], Any]:
        side = self.sides[role]

        async def answer(request: Ask, peer: Any) -> Answer:
            """Note a request, take the time that it says, and perhaps send something besides."""
            side.heard.append(request.raw)
            seconds, answers, *_ = request.raw[1:].split(b" ")
            if int(answers):
                self.send(role, self.payload(Step("send", size=10), b"!"))
            await asyncio.sleep(float(seconds))
            return Answer(b"=" + request.raw)

        return answer


def run(
    history: History,
    wire: Wire,
    mode: Mode,
    check: Callable[[World], None],
    *,
    watch: Callable[[World], None] = lambda world: None,
    client_mode: Mode | None = None,
) -> None:
    """Play ``history`` in virtual time and check the world that it leaves."""

    async def main() -> None:
        """Play, check and clean up."""
        world = World(history, wire, mode, mode if client_mode is None else client_mode)
        await world.play(watch)
        try:
            check(world)
        finally:
            await world.finish()

    with asyncio.Runner(loop_factory=SimLoop) as runner:
        runner.run(main())


def messages(payloads: list[bytes]) -> list[bytes]:
    """Return those that are no requests."""
    return [payload for payload in payloads if payload[:1] == b"!"]


def is_in_order(part: list[bytes], whole: list[bytes]) -> bool:
    """Whether ``part`` is ``whole`` with some left out."""
    rest = iter(whole)
    return all(payload in rest for payload in part)


def check_half_duplex(history: History, wire: Wire) -> None:
    """Play ``history`` in half duplex and check all that holds there."""
    lines: list[Line] = []

    def watch(world: World) -> None:
        """Tap the cable."""
        near, far = world.lab.near[0], world.lab.far[0]
        lines.append(Line(near, far, is_plain=world.is_plain, first=history.initiator))

    def check(world: World) -> None:
        """Look at the wire, then at both applications."""
        assert not lines[0].problems
        peers = [side.peer for side in world.sides.values()]
        for role, other in ((Role.CLIENT, Role.SERVER), (Role.SERVER, Role.CLIENT)):
            said, heard = world.sides[role].said, world.sides[other].heard
            assert is_in_order(heard, said)
            # Whoever closes is heard to the end; the other one talks to somebody who left.
            closer = None if history.end is None else history.end.role
            if not any(peer.closed for peer in peers) or (closer is role and not world.is_plain):
                assert messages(heard) == messages(said)

    run(history, wire, Mode.HALF_DUPLEX, check, watch=watch)


@given(histories)
@example(AT_ONCE)
@example(ENDS)
def test_half_duplex_of_mcws(history: History) -> None:
    """Only the holder of the turn sends, never two at once, and all that was accepted arrives."""
    check_half_duplex(history, Mcws())


@given(histories)
@example(AT_ONCE)
def test_half_duplex_of_a_plain_wire(history: History) -> None:
    """The initiator waits for answers, the other end only answers; what was accepted arrives."""
    check_half_duplex(history, PLAIN)


@given(
    st.sampled_from(Role),
    st.sampled_from(Role),
    st.integers(1, 300),
    st.integers(0, 150),
    st.integers(400, 4000),
    st.sampled_from((1, 3, 128)),
)
@example(Role.SERVER, Role.SERVER, 300, 150, 400, 128)
def test_burst_with_an_echo_ends(
    first: Role, sender: Role, count: int, size: int, inbox_bytes_max: int, per_turn: int
) -> None:
    """A handler that awaits what it sends back comes to an end, however little an inbox holds."""
    limits = replace(
        LIMITS,
        inbox_bytes_max=inbox_bytes_max,
        outbox_bytes_max=1 << 20,
        messages_per_turn=per_turn,
    )
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        runner.run(
            echo_burst(first, sender, [bytes([n % 256]) * size for n in range(count)], limits)
        )


async def echo_burst(first: Role, sender: Role, said: list[bytes], limits: Limits) -> None:
    """Send all of ``said`` at once to an end that sends each back, and check what comes of it."""
    contract: Contract[Any, Any] = Contract(
        "laws", version=1, up=Say, down=Say, mode=Mode.HALF_DUPLEX, initiator=first.value
    )
    server: Server[Any, Any, Any] = Server(contract, limits=limits)
    lab = Lab(server, Mcws())
    client: Client[Any, Any] = lab.client(limits=limits)
    await client.connect()
    await settle()
    ends: dict[Role, Any] = {Role.SERVER: next(iter(server.clients)), Role.CLIENT: client}
    near = ends.pop(sender)
    (far,) = ends.values()
    heard: list[bytes] = []

    async def echo(message: Say, peer: Any) -> None:
        """Send it back and wait for room."""
        await peer.send(message)

    def hear(message: Say, peer: Any) -> None:
        """Note what came back."""
        heard.append(message.raw)

    far.on_message(echo)
    near.on_message(hear)
    for raw in said:
        near.send(Say(raw))
    await asyncio.sleep(SETTLED_S)
    assert heard == said
    client.abort()
    server.close()
    await settle()


def check_simplex(history: History, wire: Wire, client_mode: Mode) -> None:
    """Play ``history`` with a simplex server and check that nothing came up."""

    def check(world: World) -> None:
        """Look at both applications."""
        up, down = world.sides[Role.CLIENT], world.sides[Role.SERVER]
        assert not down.heard
        assert is_in_order(up.heard, down.said)
        skipped = world.lab.far[0].protocol.skipped
        if client_mode is Mode.SIMPLEX:
            assert not messages(up.said)
            assert not skipped
        # A client that asks on a plain wire takes the next message for the answer.
        takes_all = client_mode is Mode.SIMPLEX or wire is not PLAIN
        if takes_all and not world.client.closed:
            assert messages(up.heard) == messages(down.said)
            if client_mode is Mode.FULL_DUPLEX:
                assert skipped >= len(messages(up.said))

    run(history, wire, Mode.SIMPLEX, check, client_mode=client_mode)


modes = st.sampled_from((Mode.SIMPLEX, Mode.FULL_DUPLEX))


@given(histories, modes)
def test_simplex_of_mcws(history: History, client_mode: Mode) -> None:
    """Nothing that a client sends is delivered, whether it keeps to the mode or not."""
    check_simplex(history, Mcws(), client_mode)


@given(histories, modes)
def test_simplex_of_a_plain_wire(history: History, client_mode: Mode) -> None:
    """Nothing that a client sends is delivered, whether it keeps to the mode or not."""
    check_simplex(history, PLAIN, client_mode)
