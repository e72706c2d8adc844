"""The test kit: simulated worlds, suites, fakes and strategies, with the types of who uses them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Never, assert_type

from hypothesis import given
from hypothesis import strategies as st

from mcws_client import Client
from mcws_protocol import Contract, Frame, Framing, Json, Lines, Mcws, Plain, Raw, Varint, Wire
from mcws_server import ConnectedClient, Server
from mcws_testkit import (
    Act,
    BrokenPromise,
    Cable,
    CableSocket,
    CableTransport,
    Choices,
    ClientUnderTest,
    CodecSuite,
    Connected,
    Event,
    Events,
    FakeClient,
    FakeConnection,
    Faults,
    FramedClient,
    FramingSuite,
    Host,
    HostDown,
    Joining,
    LifecycleMachine,
    LifecycleSuite,
    MemoryDial,
    Pair,
    Promise,
    ReplayedChoices,
    Script,
    ScriptedPeer,
    ScriptMismatch,
    SeededChoices,
    Served,
    ServerUnderTest,
    Side,
    SimDeadlock,
    SimError,
    SimEscape,
    SimLeak,
    SimLivelock,
    SimLoop,
    Speech,
    Step,
    Stream,
    Trace,
    WireSuite,
    World,
    WorldOptions,
    connected,
    memory_pair,
    settled,
    simulate,
    socket_pair,
    stream_pair,
    transport_pair,
)
from mcws_testkit.strategies import Direction, chunkings, frames, messages, payloads, worlds

from ..thermo import Alarm, Config, Device, Down, GetConfig, Notice, Ok, Reading, SetLed, Up, thermo

# Worlds.


async def talk(port: int) -> str:
    """Do something on a host."""
    await asyncio.sleep(port)
    return "done"


def live(world: World) -> None:
    """Go through a world."""
    assert_type(world.run(talk(8080)), str)
    assert_type(world.step(talk(8080)), str)
    assert_type(world.now, float)
    assert_type(world.token, str)
    assert_type(world.trace, Trace)
    assert_type(world.deviations, tuple[str, ...])
    assert_type(world.loop, SimLoop)
    assert_type([event.data for event in world.trace if event.kind == "write"], list[bytes])
    with world as entered:
        assert_type(entered, World)


async def run(world: World) -> None:
    """Run programs on hosts."""
    server = world.host("server")
    assert_type(server, Host)
    assert_type(server.run(talk(8080)), asyncio.Future[str])
    assert_type(await server.run(talk(8080)), str)
    assert_type(server.is_up, bool)
    server.crash()
    server.restart()
    world.partition(server, "device")
    world.heal()
    try:
        await server.run(talk(8080))
    except HostDown as error:
        assert_type(error.host, str)


@simulate()
async def test_anything(world: World) -> None:
    """Ask for nothing special."""
    await run(world)


@simulate(Faults.chaos(), universes=200, speaks=thermo, grace_s=5, steps_max=1000)
async def test_chaos(world: World, tmp_path: str) -> int:
    """Ask for a fixture too, and return something."""
    return await world.host(tmp_path).run(asyncio.sleep(1, 7))


class TestServer:
    """Tests as methods."""

    @simulate(Faults(cut=True, delay_s=1), speaks=Lines())
    async def test_method(self, world: World) -> None:
        """Live in a world."""
        await run(world)


assert_type(test_anything, Callable[..., None])
assert_type(test_chaos, Callable[..., None])
assert_type(TestServer().test_method, Callable[..., None])
options: WorldOptions = {"speaks": Speech(thermo, codec=Json()), "grace_s": 1.0}
assert_type(worlds(Faults.tcp(), **options), st.SearchStrategy[World])
assert_type(World(Faults.benign(), SeededChoices(1), **options), World)
seeded: Choices = SeededChoices(7)
replayed: Choices = ReplayedChoices("benign")
assert_type(World(choices=replayed, speaks=Mcws()).speech, Speech)
assert_type(SimLoop(Faults.tcp(), seeded).problems, list[dict[str, Any]])
with asyncio.Runner(loop_factory=SimLoop) as runner:
    assert_type(runner.run(talk(1)), str)


@given(worlds(speaks=Plain(Varint())), st.integers())
def test_by_hand(world: World, port: int) -> None:
    """Draw worlds by hand."""
    assert_type(world.run(talk(port)), str)


def judge(error: SimError | SimEscape | BrokenPromise) -> object:
    """Tell verdicts apart."""
    if isinstance(error, SimDeadlock | SimLivelock):
        return assert_type(error.waiting, tuple[str, ...])
    if isinstance(error, SimLeak):
        return assert_type(error.left, tuple[str, ...])
    if isinstance(error, BrokenPromise):
        return assert_type(error.promises, tuple[Promise, ...])
    return error


# Suites.


class TestFraming(FramingSuite):
    """A framing in two lines."""

    framing = Varint()
    examples = 50


class TestDecoding(FramingSuite):
    """A framing that only decodes."""

    framing = Lines()
    payloads = st.binary(max_size=8)
    only_decodes = True

    def encode(self, payload: bytes) -> bytes:
        """Do what the other end does."""
        return payload + b"\n"


class TestCodec(CodecSuite):
    """A codec."""

    codec = Json()
    messages = st.integers()
    unencodable = st.just(object())

    def equal(self, one: object, other: object) -> bool:
        """Compare in another way."""
        return str(one) == str(other)


class TestWire(WireSuite):
    """A wire."""

    wire = Plain(Varint())
    turns = False


class TestLifecycle(LifecycleSuite):
    """A server."""

    promises = Promise.core() | {Promise.BROADCAST} - {Promise.TIDY}
    examples = 20

    async def start(self, host: Host) -> ServerUnderTest:
        """Start it."""
        events = Events()
        server: Server = Server()
        server.on_client_connect(events.connected)
        server.on_client_message(lambda message, client: events.message(client, message))
        return Served.of(server, 8080, events, stop=server.close)

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Connect to it."""
        return FramedClient(*await asyncio.open_connection("server", port), Lines())


class TestConnecting(TestLifecycle):
    """The same with a client that has other names."""

    async def connect(self, host: Host, port: int) -> Connected:
        """Connect to it."""
        client = await Client(f"tcp://server:{port}").connect()
        return Connected.of(client, receive=aiter(client).__anext__)


class Machine(LifecycleMachine):
    """A state machine."""

    suite = TestLifecycle
    faults = Faults.chaos()


checked: FramingSuite = TestFraming()
assert_type(checked.framing, Framing)
assert_type(FramingSuite.examples, int | None)
assert_type(TestFraming().carried(), st.SearchStrategy[bytes])
assert_type(WireSuite().wire, Wire)
assert_type(TestLifecycle.promises, frozenset[Promise])
assert_type(TestLifecycle.prompt_s, float)
assert_type(LifecycleMachine.suite, type[LifecycleSuite])
assert_type(Events().log, list[Event])
assert_type(Script([Step(Act.SEND, 1, count=3), Step(Act.WAIT)])[0], Step)
TestLifecycle().live(Script([Step(Act.SEND, overlaps=True)]), World())

# Both ends in memory.


async def join(server: Server[Up, Down, Device]) -> None:
    """Join both ends of a contract."""
    async with memory_pair(thermo) as (device, client):
        assert_type(device, ConnectedClient[Up, Down])
        assert_type(client, Client[Up, Down])
        await client.send(Reading(celsius=21.5))
        assert_type(await client.request(GetConfig()), Config)
    async with memory_pair(thermo, id="k1", wire=Mcws()) as pair:
        assert_type(pair.cable.written("server"), list[bytes])
        pair.cable.cut(1, 2, every=3, toward="client")
    async with memory_pair() as (raw, _):
        assert_type(raw, ConnectedClient[Raw, Raw])
        raw.send(b"bytes")
    line = connected(server, connect_timeout=1)
    assert_type(line, Joining[Client[Up, Down]])
    async with line as joined:
        assert_type(joined, Client[Up, Down])
        line.cable.reset()
    assert_type(await connected(server), Client[Up, Down])
    dial = MemoryDial(server)
    async with Client("tcp://memory:1", thermo, dial=dial) as third:
        assert_type(third, Client[Up, Down])
        dial.cable.half_open("server")
    await settled()


# Fakes.


async def fake() -> None:
    """Test what a server does with clients."""
    client = FakeClient(thermo, answers=[Ok()])
    assert_type(client, FakeClient[Up, Down])
    assert_type(client.sent, list[SetLed | Notice])
    assert_type(client.answers, deque[Any] | Callable[[Any], Any])
    assert_type(client.connection, FakeConnection)
    client.send(Notice(text="x"))
    assert_type(await client.request(SetLed(on=True)), Ok)
    assert_type(client.receive(Alarm(text="hot")), Awaitable[None])
    assert_type(await client.ask(GetConfig()), Config)
    await client.lose(1006, "cable")
    untyped = FakeClient(answers=lambda request: request)
    assert_type(untyped.sent, list[Raw])
    assert_type(await untyped.ask("status?"), Raw)
    device: Device = Device(connection := FakeConnection(thermo, id="k1"))
    connection.client = device


assert_type(FakeClient(Contract("push", version=1, up=Never, down=Notice)).sent, list[Notice])


class Reader(asyncio.Protocol):
    """A protocol."""


async def wire() -> None:
    """Have ends without a socket."""
    (reader, writer), other = stream_pair(limit=100)
    assert_type((reader, writer), Stream)
    assert_type(other, tuple[asyncio.StreamReader, asyncio.StreamWriter])
    assert_type(stream_pair(), Pair[Stream, Stream, Side])
    one, _ = transport_pair(Reader(), Reader())
    assert_type(one, CableTransport)
    sockets = socket_pair(patience_s=1)
    assert_type(sockets.cable, Cable[Side])
    here, there = sockets
    assert_type(here, CableSocket)
    assert_type(there.recv(10), bytes)
    sockets.cable.stall(toward="a")
    sockets.cable.flow()
    assert_type(Cable("left", "right").names, tuple[str, str])


async def script() -> None:
    """Play a script."""
    peer = ScriptedPeer("> 220 ready").expect(b"QUIT\r\n").close()
    assert_type(peer, ScriptedPeer)
    server = await asyncio.start_server(peer.play, "127.0.0.1", 0)
    await peer.play_against(Reader())
    peer.play_blocking(socket_pair()[0])
    try:
        peer.check()
    except ScriptMismatch as error:
        assert_type((error.line, error.received), tuple[int, bytes])
    server.close()


# Strategies.


@given(st.data())
def test_strategies(data: st.DataObject) -> None:
    """Draw what protocols have."""
    assert_type(data.draw(payloads(Varint())), bytes)
    assert_type(data.draw(chunkings(b"bytes")), list[bytes])
    assert_type(data.draw(frames()), Frame)
    way: Direction = "up"
    assert_type(messages(thermo, way), st.SearchStrategy[Any])
