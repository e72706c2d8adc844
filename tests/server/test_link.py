"""Links: who hears whom, in which order, when, and what is left when somebody leaves."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    EncodeError,
    Limits,
    Lines,
    Mcws,
    Mode,
    Plain,
    Raw,
    SlowConsumer,
    Wire,
)
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Delivery, Link, Server
from tests.aio.harness import Lab, MakeLab, settle

LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])
MODES = pytest.mark.parametrize("mode", [Mode.FULL_DUPLEX, Mode.HALF_DUPLEX], ids=["full", "half"])
SMALL = Limits(outbox_low_bytes=500, outbox_high_bytes=1000, outbox_bytes_max=4000)
LONG = "x" * 1500
"""A message that fills the outbox of ``SMALL`` above high water, so that its receiver is slow."""


class Party:
    """A server and clients on cables, by name.

    Attributes:
        heard: what each client received, by its name.
        remote: the far ends, which speak.
        near: the server's client objects, which are linked.
    """

    def __init__(self, made: Lab) -> None:
        self.made = made
        self.server: Server[Any, Any, Any] = made.server
        self.heard: dict[str, list[Any]] = {}
        self.remote: dict[str, Client[Any, Any]] = {}
        self.near: dict[str, Any] = {}

    async def join(self, *names: str) -> list[Any]:
        """Connect clients, and return the server's objects of them."""
        for name in names:
            received = self.heard[name] = []
            before = set(map(id, self.server.clients))
            client = self.remote[name] = self.made.client()
            client.on_message(into(received))
            await client.connect()
            await settle()
            [self.near[name]] = [one for one in self.server.clients if id(one) not in before]
        return [self.near[name] for name in names]

    async def say(self, *lines: tuple[str, Raw]) -> None:
        """Have clients speak one after the other."""
        for name, message in lines:
            self.remote[name].send(message)
            await settle()

    def stall(self, name: str) -> None:
        """Let nothing through to a client."""
        self.made.far[list(self.remote).index(name)].stall()

    def flow(self, name: str) -> None:
        """Let everything through again."""
        self.made.far[list(self.remote).index(name)].flow()

    def handlers(self, name: str) -> int:
        """Return how many message handlers a client object has of its own."""
        own = self.near[name]._connection.dispatcher.own
        return 0 if own is None else len(own.for_message(str))


def into(received: list[Any]) -> Callable[[Any, Any], None]:
    """Return a handler that collects messages."""
    return lambda message, client: received.append(message)


# Everybody at any time


@MODES
@WIRES
async def test_link_relays_to_all_others(lab: MakeLab, wire: Wire, mode: Mode) -> None:
    """Each message comes to every other member once, in order, and never back."""
    party = Party(lab(wire=wire))
    await party.join("a", "b", "c", "outside")
    link = party.server.link([party.near[name] for name in "abc"], mode=mode)
    await party.say(("a", "1"), ("b", "2"), ("a", "3"), ("outside", "4"))
    assert party.heard == {"a": ["2"], "b": ["1", "3"], "c": ["1", "2", "3"], "outside": []}
    assert link.mode is mode


async def test_link_relays_messages_as_they_are(lab: MakeLab) -> None:
    """Text stays text, bytes stay bytes, empty stays empty."""
    party = Party(lab())
    party.server.link(await party.join("a", "b"))
    await party.say(("a", "text"), ("a", b"bytes"), ("a", ""))
    assert party.heard["b"] == ["text", b"bytes", ""]


async def test_link_is_one_more_handler(lab: MakeLab) -> None:
    """Messages reach the server's handlers and the client's own before they are relayed."""
    party, events = Party(lab()), list[str]()
    party.server.on_client_message(lambda message, client: events.append("server"))
    a, b = await party.join("a", "b")

    async def own(message: Raw, client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        events.append(f"own, {b._connection.outbox.queued} bytes sent")

    a.on_message(own)
    party.server.link([a, b])
    party.remote["a"].send("x")
    await asyncio.sleep(2)
    assert events == ["server", "own, 0 bytes sent"]
    assert party.heard["b"] == ["x"]


async def test_link_default_is_full_duplex(lab: MakeLab) -> None:
    """Without a mode everybody speaks at any time, whoever is slow."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"))
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    assert link.mode is Mode.FULL_DUPLEX
    assert (party.heard["a"], party.heard["b"], party.heard["c"]) == (["2"], [LONG], [])
    party.flow("c")
    await settle()
    assert party.heard["c"] == [LONG, "2"]


async def test_client_in_several_links_is_relayed_by_each(lab: MakeLab) -> None:
    """A message goes once per link; whoever shares two links with the speaker gets it twice."""
    party = Party(lab())
    a, b, c = await party.join("a", "b", "c")
    party.server.link([a, b])
    both = party.server.link([a, b, c])
    await party.say(("a", "x"))
    assert party.heard == {"a": [], "b": ["x", "x"], "c": ["x"]}
    both.close()
    await party.say(("a", "y"))
    assert party.heard == {"a": [], "b": ["x", "x", "y"], "c": ["x"]}


# One at a time


async def test_half_duplex_waits_for_room(lab: MakeLab) -> None:
    """While a receiver is above high water nobody else is relayed; then it goes on in order."""
    party = Party(lab(limits=SMALL))
    party.server.link(await party.join("a", "b", "c", "d"), mode=Mode.HALF_DUPLEX)
    party.stall("d")
    await party.say(("a", LONG), ("c", "2"), ("b", "3"), ("a", "4"))
    assert (party.heard["b"], party.heard["c"]) == ([LONG], [LONG])
    party.flow("d")
    await settle()
    assert party.heard["d"] == [LONG, "2", "3", "4"]
    assert party.heard["b"] == [LONG, "2", "4"]


async def test_half_duplex_holds_back_only_who_speaks(lab: MakeLab) -> None:
    """A plain ``send`` and a request of another client do not wait for anybody's turn."""
    party = Party(lab(limits=SMALL))
    party.server.on_client_request(lambda request, client: "answer")
    a, b, c = await party.join("a", "b", "c")
    link = party.server.link([a, b, c], mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("a", "held"))
    b.send("plain")
    assert await party.remote["b"].request("q") == "answer"
    assert link.broadcast("all").queued == 3
    await settle()
    assert party.heard["b"] == [LONG, "plain", "all"]
    party.flow("c")
    await settle()
    assert party.heard["b"][-1] == "held"


async def test_half_duplex_gives_up_who_does_not_read(lab: MakeLab) -> None:
    """A receiver that stops reading holds the others for ``stalled_s`` seconds, then it is gone."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    await asyncio.sleep(SMALL.stalled_s - 1)
    assert party.heard["a"] == []
    await asyncio.sleep(3)
    assert party.heard["a"] == ["2"]
    assert (party.near["c"].close_code, len(link)) == (4003, 2)


async def test_half_duplex_goes_on_when_the_slow_one_is_discarded(lab: MakeLab) -> None:
    """Who left the link is not waited for, and is not given up for reading slowly."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    link.discard(party.near["c"])
    assert party.near["a"]._connection.outbox.queued == 0
    await settle()
    assert party.heard["a"] == ["2"]
    await asyncio.sleep(SMALL.stalled_s + 2)
    assert not party.near["c"].closed


async def test_half_duplex_does_not_hold_up_the_end_of_a_server(lab: MakeLab) -> None:
    """A drain ends in its time although messages wait for a member that does not read."""
    party = Party(lab(limits=SMALL))
    party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await party.server.drain(stop_after_s=3)
    assert loop.time() - began < 4
    assert party.near["c"].close_code == 1001


async def test_half_duplex_drops_what_waits_of_who_is_discarded(lab: MakeLab) -> None:
    """A message that waits for its turn is not relayed once its speaker was taken out."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    link.discard(party.near["b"])
    party.flow("c")
    await settle()
    assert party.heard == {"a": [], "b": [LONG], "c": [LONG]}


async def test_half_duplex_relays_what_a_client_said_before_its_end(lab: MakeLab) -> None:
    """A message that waits for its turn is relayed although its speaker has gone meanwhile."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", "last words"))
    party.remote["b"].abort()
    await settle()
    party.flow("c")
    await settle()
    assert party.heard["a"] == ["last words"]
    assert party.near["b"] not in link


async def test_half_duplex_reports_what_cannot_go_down(lab: MakeLab) -> None:
    """A message that cannot be encoded at its turn is the failure of its speaker's handler."""
    party, errors = Party(lab(limits=SMALL)), list[tuple[str, str]]()
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.server.on_client_error(
        lambda error, client: errors.append((type(error).__name__, client.id))
    )
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    # Only a link among several doors, or of other messages down than up, can fail to encode.
    [said] = link._floor._waiting  # type: ignore[union-attr]  # it is half duplex
    said.message = 2
    party.flow("c")
    await settle()
    assert errors == [("EncodeError", party.near["b"].id)]


# One speaks


async def test_simplex_relays_the_announcer_only(lab: MakeLab) -> None:
    """The announcer is heard by all, and nobody else by anybody."""
    party = Party(lab())
    a, b, c = await party.join("a", "b", "c")
    link = party.server.link([b, c], mode=Mode.SIMPLEX, announcer=a)
    assert (link.members, link.announcer) == ((b, c, a), a)
    await party.say(("a", "1"), ("b", "2"), ("a", "3"))
    assert party.heard == {"a": [], "b": ["1", "3"], "c": ["1", "3"]}
    assert [party.handlers(name) for name in "abc"] == [1, 0, 0]


async def test_simplex_announcer_is_one_of_the_clients(lab: MakeLab) -> None:
    """An announcer that is among the clients keeps its place, and is heard once."""
    party = Party(lab())
    a, b = await party.join("a", "b")
    link = party.server.link([a, b], mode=Mode.SIMPLEX, announcer=a)
    await party.say(("a", "1"))
    assert link.members == (a, b)
    assert party.heard == {"a": [], "b": ["1"]}


async def test_simplex_link_goes_on_without_its_announcer(lab: MakeLab) -> None:
    """Once it has left nobody announces, also not who is added later; the server still can."""
    party = Party(lab())
    a, b = await party.join("a", "b")
    link = party.server.link([b], mode=Mode.SIMPLEX, announcer=a)
    assert link.discard(a).announcer is None
    assert party.handlers("a") == 0
    link.add(a)
    await party.say(("a", "1"))
    assert link.broadcast("2").queued == 2
    await settle()
    assert party.heard == {"a": ["2"], "b": ["2"]}


async def test_simplex_announcer_is_gone_already(lab: MakeLab) -> None:
    """A link whose announcer has disconnected before has none."""
    party = Party(lab())
    a, b = await party.join("a", "b")
    await party.remote["a"].close()
    await settle()
    link = party.server.link([b], mode=Mode.SIMPLEX, announcer=a)
    assert (link.members, link.announcer) == ((b,), None)


# Who may be in it


async def test_link_refuses_a_wrong_announcer(lab: MakeLab) -> None:
    """An announcer belongs to simplex, and simplex needs one."""
    party = Party(lab())
    [a] = await party.join("a")
    with pytest.raises(ValueError, match="a simplex link needs an announcer"):
        party.server.link([a], mode=Mode.SIMPLEX)
    for mode, words in ((Mode.FULL_DUPLEX, "full duplex"), (Mode.HALF_DUPLEX, "half duplex")):
        with pytest.raises(ValueError, match=f"has an announcer, this one is {words}"):
            party.server.link([a], mode=mode, announcer=a)


async def test_link_refuses_what_is_no_mode(lab: MakeLab) -> None:
    """The mode is one of the three, not its name."""
    wrong: Any = "simplex"
    with pytest.raises(TypeError, match="mode must be a Mode, such as Mode"):
        lab().server.link([], mode=wrong)


async def test_link_refuses_strangers(lab: MakeLab) -> None:
    """Something that is no client is an error, and then nobody is linked."""
    party = Party(lab())
    [a] = await party.join("a")
    stranger: Any = "b"
    with pytest.raises(TypeError, match="clients must be clients of this server, not 'b'"):
        party.server.link([a, stranger])
    with pytest.raises(TypeError, match="must be clients"):
        party.server.link([a], mode=Mode.SIMPLEX, announcer=stranger)
    with pytest.raises(TypeError, match="must be clients"):
        party.server.link([]).add(stranger)
    assert party.handlers("a") == 0
    assert not party.server._registry._watchers


async def test_link_passes_over_who_is_gone(lab: MakeLab) -> None:
    """A client that has disconnected already is no member, and adding it changes nothing."""
    party = Party(lab())
    a, b = await party.join("a", "b")
    await party.remote["a"].close()
    await settle()
    link = party.server.link([a, b])
    assert link.add(a).members == (b,)
    assert a not in link


async def test_link_is_a_collection_of_its_members(lab: MakeLab) -> None:
    """Order, number, containment and iteration are those of joining; joining twice is once."""
    party = Party(lab())
    a, b, c = await party.join("a", "b", "c")
    link = party.server.link([c, a, c])
    assert link.add(b).add(a).members == (c, a, b)
    assert (len(link), list(link), a in link) == (3, [c, a, b], True)
    assert link.discard(a).discard(a).members == (c, b)
    assert (len(link), a in link, "a" in link) == (2, False, False)
    await party.say(("c", "x"))
    assert party.heard == {"a": [], "b": ["x"], "c": []}


async def test_joining_twice_leaves_one_handler(lab: MakeLab) -> None:
    """Who is in the link already gets no second handler, which would stay behind."""
    party = Party(lab())
    a, b = await party.join("a", "b")
    link = party.server.link([a, b, a]).add(a)
    assert party.handlers("a") == 1
    link.close()
    assert party.handlers("a") == 0


async def test_members_may_leave_while_somebody_iterates(lab: MakeLab) -> None:
    """Iterating goes over those who were in it when it began."""
    party = Party(lab())
    link = party.server.link(await party.join("a", "b"))
    for client in link:
        link.discard(client)
    assert link.members == ()


async def test_link_without_members_stays_usable(lab: MakeLab) -> None:
    """It broadcasts to nobody, checks the message all the same, and takes clients in later."""
    party = Party(lab())
    link: Link[Raw, ConnectedClient] = party.server.link([])
    assert link.broadcast("x") == Delivery()
    wrong: Any = 1
    with pytest.raises(EncodeError):
        link.broadcast(wrong)
    for client in await party.join("a", "b"):
        link.add(client)
    await party.say(("a", "x"))
    assert party.heard["b"] == ["x"]


@pytest.mark.parametrize("leaves", ["discard", "close"])
async def test_link_may_lose_a_member_in_a_handler(lab: MakeLab, leaves: str) -> None:
    """Who is taken out by a handler of a message is not relayed with this very message."""
    party = Party(lab())
    links = list[Link[Any, Any]]()

    @party.server.on(str)
    def leave(message: str, client: ConnectedClient) -> None:
        if leaves == "discard":
            links[0].discard(client)
        else:
            links[0].close()

    links.append(party.server.link(await party.join("a", "b")))
    await party.say(("a", "x"))
    assert party.heard["b"] == []


# Leaving


@MODES
async def test_whoever_disconnects_leaves(lab: MakeLab, mode: Mode) -> None:
    """A client is out of the link, handler included, before its disconnect hook runs."""
    party, seen = Party(lab()), list[tuple[bool, int]]()
    link = party.server.link(await party.join("a", "b", "c"), mode=mode)
    party.server.on_client_disconnect(lambda client: seen.append((client in link, len(link))))
    party.remote["a"].send("last words")
    await party.remote["a"].close()
    await settle()
    assert seen == [(False, 2)]
    assert party.heard["b"] == ["last words"]
    assert party.handlers("a") == 0
    await party.say(("b", "x"))
    assert party.heard["c"] == ["last words", "x"]


async def test_whoever_is_replaced_leaves_at_once(lab: MakeLab) -> None:
    """A newer connection of the same id is another client, and not in the link."""
    made = lab()
    link = made.server.link([])
    made.server.on_client_connect(lambda client: ids.append(client))
    ids: list[Any] = []
    await made.client(id="a").connect()
    await settle()
    link.add(ids[0])
    await made.client(id="a").connect()
    await settle()
    assert (len(ids), link.members) == (2, ())


async def test_closed_link_leaves_nothing_behind(lab: MakeLab) -> None:
    """Closing ends relaying once and for all; members stay connected, without a handler."""
    party = Party(lab())
    clients = await party.join("a", "b")
    link = party.server.link(clients)
    assert not link.closed
    link.close()
    link.close()
    await party.say(("a", "x"))
    assert (link.closed, link.members) == (True, ())
    assert party.heard["b"] == []
    assert list(party.server.clients) == clients
    assert [party.handlers(name) for name in "ab"] == [0, 0]
    assert not party.server._registry._watchers


async def test_closed_link_refuses(lab: MakeLab) -> None:
    """It takes nobody in and sends nothing; discarding is harmless."""
    party = Party(lab())
    [a] = await party.join("a")
    with party.server.link([a]) as link:
        assert link.members == (a,)
    with pytest.raises(RuntimeError, match="the link is closed"):
        link.add(a)
    with pytest.raises(RuntimeError, match="the link is closed"):
        link.broadcast("x")
    assert link.discard(a).closed


async def test_half_duplex_close_lets_handlers_go(lab: MakeLab) -> None:
    """What waits for its turn is dropped, and its handlers end at once."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", "2"))
    link.close()
    await settle()
    assert [party.near[name]._connection.inbox.is_quiet for name in "ab"] == [True, True]
    assert party.heard["a"] == []


async def test_link_keeps_no_client_that_has_left(lab: MakeLab) -> None:
    """Neither a link nor its server holds on to the object of a client that is gone."""
    party = Party(lab(Server(client_factory=Typed, limits=SMALL)))
    link = party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    await party.say(("a", LONG), ("b", LONG))
    party.flow("c")
    await settle()
    gone = weakref.ref(party.near.pop("b"))
    await party.remote.pop("b").close()
    for ends in (party.made.near, party.made.far):
        ends.clear()
    lobby = party.server._lobby
    assert lobby is not None
    # A parked worker keeps the context, and so the connection, that it served last.
    lobby.hub.workers.close()
    await asyncio.sleep(60)
    gc.collect()
    assert gone() is None
    assert len(link) == 2


# What goes wrong


async def test_link_follows_the_policy_for_slow_consumers(lab: MakeLab) -> None:
    """A member that reads too slowly loses messages if that is the policy; nobody else does."""
    limits = Limits(
        outbox_low_bytes=500,
        outbox_high_bytes=1000,
        outbox_bytes_max=4000,
        slow_consumer=SlowConsumer.DROP_NEWEST,
    )
    party, errors = Party(lab(limits=limits)), list[Exception]()
    party.server.on_client_error(lambda error, client: errors.append(error))
    party.server.link(await party.join("a", "b", "c"))
    party.stall("c")
    await party.say(*[("a", f"{number} {LONG}") for number in range(4)])
    assert party.near["c"]._connection.outbox.dropped == 2
    assert (len(party.heard["b"]), errors) == (4, [])


async def test_link_disconnects_slow_consumers_by_default(lab: MakeLab) -> None:
    """A member for whom a message is one too many is aborted with 4003, and leaves."""
    party = Party(lab(limits=SMALL))
    link = party.server.link(await party.join("a", "b", "c"))
    party.stall("c")
    await party.say(*[("a", f"{number} {LONG}") for number in range(4)])
    assert (party.near["c"].close_code, len(link)) == (4003, 2)
    assert len(party.heard["b"]) == 4


async def test_half_duplex_does_not_wait_for_who_was_given_up(lab: MakeLab) -> None:
    """A message that is one too many for a receiver is handed over without it."""
    party = Party(lab(limits=SMALL))
    party.server.link(await party.join("a", "b", "c"), mode=Mode.HALF_DUPLEX)
    party.stall("c")
    party.near["c"].send("x" * 3000)
    await party.say(("a", LONG), ("b", "2"))
    assert party.near["c"].close_code == 4003
    assert (party.heard["a"], party.heard["b"]) == (["2"], [LONG])


@MODES
async def test_link_reports_what_cannot_go_down(lab: MakeLab, mode: Mode) -> None:
    """A message that the codec cannot encode fails for its speaker, and goes to nobody."""
    party, errors = Party(lab(wire=LINES)), list[tuple[str, str]]()
    party.server.link(await party.join("a", "b"), mode=mode)
    party.server.on_client_error(
        lambda error, client: errors.append((type(error).__name__, client.id))
    )
    member: Any = party.near["a"]._connection.own.for_message(int)[0]
    member.__self__.connection.dispatcher.call((member,), 1, party.near["a"])
    await settle()
    assert errors == [("EncodeError", party.near["a"].id)]
    assert party.heard["b"] == []


async def test_link_broadcasts_to_all_members(lab: MakeLab) -> None:
    """The server's message goes to every member once, and to nobody else."""
    party = Party(lab())
    a, b, _ = await party.join("a", "b", "outside")
    assert party.server.link([a, b]).broadcast("x") == Delivery(queued=2)
    await settle()
    assert party.heard == {"a": ["x"], "b": ["x"], "outside": []}


# Classes of one's own


class Minimal:
    """A class that fulfils ``ClientContract`` and no more."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection

    def on_message(self, callback: Callable[[Any, Any], object]) -> None:
        """Pass messages on."""
        self._connection.on_message(callback)

    def write(self, payload: Raw) -> None:
        """Send one payload."""
        self._connection.write(payload)


class Linked(Minimal):
    """A class of one's own that can be in a link."""

    def off_message(self, callback: Callable[[Any, Any], object]) -> None:
        """Pass messages on no more."""
        self._connection.off_message(callback)


class Clinging(Linked):
    """A class of one's own that fails to take a callback back."""

    def off_message(self, callback: Callable[[Any, Any], object]) -> None:
        """Fail."""
        raise LookupError("never let go")


class Typed(ConnectedClient):
    """A subclass with state of its own."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.role = "member"


@pytest.mark.parametrize("factory", [Linked, Typed])
@MODES
async def test_link_of_classes_of_ones_own(lab: MakeLab, factory: Any, mode: Mode) -> None:
    """Subclasses, and classes with ``off_message``, are linked; the server's handlers hear too."""
    party, heard = Party(lab(Server(client_factory=factory))), list[Raw]()
    party.server.on_client_message(into(heard))
    with party.server.link(await party.join("a", "b"), mode=mode):
        await party.say(("a", "x"))
    await party.say(("a", "y"))
    assert (party.heard["b"], heard) == (["x"], ["x", "y"])
    assert party.handlers("b") == (1 if factory is Linked else 0)


async def test_link_needs_a_class_that_takes_callbacks_back(lab: MakeLab) -> None:
    """The error names what is missing; who only listens needs nothing."""
    party = Party(lab(Server(client_factory=Minimal)))
    a, b = await party.join("a", "b")
    with pytest.raises(TypeError, match=r"needs off_message\(callback\), Minimal has none"):
        party.server.link([a, b])
    assert [party.handlers(name) for name in "ab"] == [1, 1]
    with pytest.raises(TypeError, match="Minimal has none"):
        party.server.link([b], mode=Mode.SIMPLEX, announcer=a)


async def test_link_lets_go_of_a_class_that_fails(lab: MakeLab) -> None:
    """What ``off_message`` of the application raises is its own failure; nobody stays for it."""
    party, errors = Party(lab(Server(client_factory=Clinging))), list[Exception]()
    party.server.on_client_error(lambda error, client: errors.append(error))
    link = party.server.link(await party.join("a", "b"))
    link.close()
    await party.say(("a", "x"))
    assert [type(error) for error in errors] == [LookupError, LookupError]
    assert (len(link), party.heard["b"]) == (0, [])


async def test_link_says_what_it_is(lab: MakeLab) -> None:
    """Its text has the mode, and the number of members or the end."""
    party = Party(lab())
    link = party.server.link(await party.join("a", "b"), mode=Mode.HALF_DUPLEX)
    assert repr(link) == "<Link half duplex, 2 members>"
    link.close()
    assert repr(link) == "<Link half duplex, closed>"
