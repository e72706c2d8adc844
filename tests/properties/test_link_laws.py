"""The laws of links: whatever members say and whoever comes, goes or is slow, all is relayed once.

Messages are ``(name, number)`` as text, so that each one says who said it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

import mcws_client._client
import mcws_server._link
from mcws_client import Client
from mcws_protocol import Limits, Mcws, Mode
from mcws_server import Delivery, Link, Server
from mcws_server._broadcast import send_to_all
from mcws_testkit import SimLoop
from tests.aio.harness import Lab, settle

NAMES: Final = "abcd"
# Nothing is dropped and nobody is given up: what becomes of them is not what links decide.
LIMITS: Final = Limits(outbox_low_bytes=100, outbox_high_bytes=400, stalled_s=3600)
# Below, at and beyond what fills an outbox.
SIZES: Final = (10, 150, 399, 900)

names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("say"), names, st.sampled_from(SIZES)),
    st.tuples(st.just("say"), names, st.sampled_from(SIZES)),
    st.tuples(st.sampled_from(["stall", "flow"]), names, st.just(0)),
    st.tuples(st.sampled_from(["discard", "add", "leave"]), names, st.just(0)),
    st.tuples(st.just("turn"), st.just("a"), st.integers(1, 30)),
)
# Half of them long enough for much to be under way at once.
histories = st.lists(steps, max_size=60) | st.lists(steps, min_size=30, max_size=60)


@dataclass
class History:
    """A link, all that was said, and all that was relayed.

    Attributes:
        said: the messages of each member that were sent while it was in the link.
        arrived: all messages in the order in which the server's handlers had them.
        relayed: each message with the names of those who got it, in order.
        heard: what each client received.
        discarded: who was taken out at any time.
        left: who has disconnected.
        failures: what went wrong in handlers, the laws at the moment of relaying among it.
    """

    mode: Mode
    server: Server = field(default_factory=lambda: Server(limits=LIMITS))
    remote: dict[str, Client] = field(default_factory=dict[str, Client])
    near: dict[str, Any] = field(default_factory=dict[str, Any])
    said: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in NAMES})
    arrived: list[Any] = field(default_factory=list[Any])
    relayed: list[tuple[str, list[str]]] = field(default_factory=list[tuple[str, list[str]]])
    heard: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in NAMES})
    discarded: set[str] = field(default_factory=set[str])
    left: set[str] = field(default_factory=set[str])
    failures: list[Exception] = field(default_factory=list[Exception])

    async def begin(self) -> None:
        """Connect everybody and link them."""
        self.server.on_client_error(lambda error, client: self.failures.append(error))
        self.server.on_client_message(lambda message, client: self.arrived.append(message))
        self.lab = Lab(self.server, Mcws())
        with mock.patch.object(mcws_client._client, "dial", self.lab.dial):
            for name in NAMES:
                client = self.remote[name] = self.lab.client(id=name)
                client.on_message(lambda message, client: self.heard[client.id].append(message))
                await client.connect()
        await settle()
        self.near = {client.id: client for client in self.server.clients}
        announcer = self.near["a"] if self.mode is Mode.SIMPLEX else None
        self.link: Link[Any, Any] = self.server.link(
            self.near.values(), mode=self.mode, announcer=announcer
        )
        self.last: list[Any] = []

    def relay(self, connections: list[Any], message: str) -> Delivery:
        """Check the laws that hold at the moment of relaying, then relay."""
        speaker = message[0]
        assert [one.id for one in connections] == [
            client.id for client in self.link if client.id != speaker
        ], "it goes to all other members and nobody else"
        assert self.near[speaker] in self.link, "who has left is not relayed"
        if self.mode is Mode.HALF_DUPLEX:
            for one in self.last:
                is_waited_for = one.dispatcher.client in self.link and not one.closed
                assert one.outbox.has_room or not is_waited_for, "two messages are under way"
        self.last = connections
        self.relayed.append((message, [one.id for one in connections]))
        return send_to_all(connections, message)

    async def step(self, kind: str, name: str, number: int) -> None:
        """Do one thing."""
        client, end = self.near[name], self.lab.far[NAMES.index(name)]
        if kind == "turn":
            await settle(number)
        elif kind == "stall":
            end.stall()
        elif kind == "flow":
            end.flow()
        elif kind == "discard":
            self.link.discard(client)
            self.discarded.add(name)
            # Nobody waits for it any more, also if it comes back.
            self.last = [one for one in self.last if one.id != name]
        elif kind == "add":
            self.link.add(client)
        elif name in self.left:
            return
        elif kind == "say":
            message = f"{name}{len(self.said[name]):03}".ljust(number, ".")
            self.said[name].append(message)
            self.remote[name].send(message)
        else:
            self.remote[name].close()
            self.left.add(name)

    async def end(self) -> None:
        """Let everything through, until nothing is under way."""
        for end in self.lab.far:
            end.flow()
        await settle(200)
        await asyncio.sleep(LIMITS.close_s + 2)


def check(history: History) -> None:
    """Check the laws that hold when all is over."""
    assert history.failures == []
    counts = Counter(message for message, _ in history.relayed)
    assert not counts or max(counts.values()) == 1, "each message is relayed once"
    in_turn = [message for message in history.arrived if message in counts]
    assert [message for message, _ in history.relayed] == in_turn, "in the order of arrival"
    for name in NAMES:
        order = [message for message, _ in history.relayed if message[0] == name]
        assert order == sorted(order), "in the order in which it was said"
        is_heard = history.mode is not Mode.SIMPLEX or name == "a"
        if not is_heard:
            assert order == []
        elif name not in history.discarded:
            assert order == history.said[name], "all that a member said"
        received = history.heard[name]
        expected = [message for message, to in history.relayed if name in to]
        # Who has closed drops what is still under way to it.
        assert received == (expected[: len(received)] if name in history.left else expected)
    assert not any(history.near[name] in history.link for name in history.left)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Mode), histories)
@example(
    Mode.HALF_DUPLEX,
    [
        *(("stall", "b", 0), ("say", "a", 900), ("turn", "a", 9), ("say", "c", 10)),
        *(("turn", "a", 9), ("discard", "b", 0), ("add", "b", 0)),
    ],
)
@example(
    Mode.HALF_DUPLEX,
    [("stall", "b", 0), ("say", "a", 900), ("turn", "a", 9), ("say", "c", 10), ("leave", "c", 0)],
)
@example(
    Mode.HALF_DUPLEX,
    [
        *(("stall", "b", 0), ("say", "a", 900), ("turn", "a", 9), ("say", "c", 10)),
        *(("say", "d", 900), ("turn", "a", 9), ("discard", "c", 0)),
    ],
)
def test_link_law_all_is_relayed_once_and_in_order(
    mode: Mode, steps: list[tuple[str, str, int]]
) -> None:
    """Over any history, each message goes once, in order, to all others that are members then."""

    async def scenario() -> None:
        history = History(mode)
        await history.begin()
        with mock.patch.object(mcws_server._link, "send_to_all", history.relay):
            for step in steps:
                await history.step(*step)
            await history.end()
        check(history)
        event(f"{mode.value}, {len(history.relayed) // 5 * 5} or more relayed")
        history.link.close()
        assert not history.server._registry._watchers
        for client in history.server.clients:
            assert client._connection.own.for_message(str) == ()
        history.server.close()
        await asyncio.sleep(60)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    problems: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, problem: problems.append(problem))
        runner.run(scenario())
    assert problems == []
