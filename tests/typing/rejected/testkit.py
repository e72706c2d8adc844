"""Mistakes with the test kit."""

from __future__ import annotations

import asyncio

from hypothesis import strategies as st

from mcws_client import Client
from mcws_protocol import Json, Lines, Varint
from mcws_server import Server
from mcws_testkit import (
    Act,
    Cable,
    CodecSuite,
    FakeClient,
    FakeConnection,
    Faults,
    FramingSuite,
    Host,
    LifecycleSuite,
    Promise,
    Script,
    ScriptedPeer,
    ServerUnderTest,
    SimLoop,
    Speech,
    Step,
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
from mcws_testkit.strategies import chunkings, frames, messages, payloads, worlds

from ..thermo import Device, Down, GetConfig, Notice, Ok, Reading, SetLed, Stranger, Up, thermo


async def talk() -> str:
    """Do something on a host."""
    return "done"


def make() -> None:
    """Make worlds wrongly."""
    World("chaos")  # E: a name for faults
    World(Faults.chaos)  # E: a method for faults
    World(Faults(), 7)  # E: a seed for choices
    World(speaks="lines")  # E: a name for what is spoken
    World(speaks=Json())  # E: a codec for what is spoken
    World(speaks=Lines)  # E: a class for a framing
    World(grace="5")  # E: no such option
    World(steps_max=1e6)  # E: a count that is no integer
    Faults(cuts=True)  # E: no such fault
    Faults(delay_s="2")  # E: seconds that are text
    Faults().cut = True  # E: faults cannot be changed
    SimLoop("chaos")  # E: a name for faults
    Speech("lines")  # E: a name for what is spoken
    options: WorldOptions = {"universes": 7}  # E: an option of simulate
    worlds(Faults.tcp(), seed=1)  # E: no such option
    worlds(grace_s="5")  # E: seconds that are text
    print(options)


def live(world: World) -> None:
    """Go through a world wrongly."""
    world.run(talk)  # E: a function for a coroutine
    number: int = world.run(talk())  # E: what the program does not return
    world.host(8080)  # E: a port for a name
    world.host("server").run(talk)  # E: a function for a coroutine
    world.partition("server")  # E: only one host
    world.now = 5.0  # E: time passes by itself
    world.trace[0].data  # E: a trace has no index
    print(number, [event.payload for event in world.trace])  # E: no such field


async def run(world: World, host: Host) -> None:
    """Run on hosts wrongly."""
    await world.run(talk())  # E: it has run
    await host.crash()  # E: it has crashed
    number: int = await host.run(talk())  # E: what the program does not return
    text: str = host.run(talk())  # E: nobody awaits it
    host.is_up = False  # E: `crash` is a call
    print(number, text)


simulate("chaos")  # E: a name for faults
simulate(universes="many")  # E: a count that is text
simulate(Faults.tcp(), speak=Lines())  # E: no such option
simulate(Faults.tcp(), speaks=Json())  # E: a codec for what is spoken


@simulate()  # E: a test that is not async
def test_plain(world: World) -> None:
    """Live in no world."""


class TestFraming(FramingSuite):
    """A suite of a framing."""

    framing = Json()  # E: a codec for a framing
    payloads = st.text()  # E: payloads that are text
    examples = "many"  # E: a count that is text


class TestWire(WireSuite):
    """A suite of a wire."""

    wire = Varint()  # E: a framing for a wire


class TestCodec(CodecSuite):
    """A suite of a codec."""

    codec = Varint()  # E: a framing for a codec
    messages = (1, 2)  # E: a tuple for a strategy


class TestServer(LifecycleSuite):
    """A suite of a server."""

    promises = Promise.ECHO  # E: one promise for a set

    def start(self, host: Host) -> ServerUnderTest:  # E: a method that is not async
        """Start nothing."""
        raise NotImplementedError

    async def connect(self, host: Host, port: int) -> Host:  # E: what is no client
        """Connect nothing."""
        return host


def script() -> None:
    """Write scripts wrongly."""
    Step("send")  # E: a name for an act
    Step(Act.FLY)  # E: no such act
    Script([Act.SEND])  # E: acts for steps
    TestServer().live([Step(Act.SEND)], World())  # E: a list for a script
    ScriptedPeer(b"> 220 ready")  # E: bytes for text
    ScriptedPeer().send("220 ready")  # E: text for bytes
    ScriptedPeer().expect(220)  # E: a number for bytes
    ScriptedPeer(timeout=5)  # E: no such option


async def join(server: Server[Up, Down, Device]) -> None:
    """Join ends wrongly."""
    memory_pair("thermo")  # E: a name for a contract
    memory_pair(thermo, wire=Lines())  # E: a framing for a wire
    memory_pair(thermo, ident="k1")  # E: no such option
    connected(thermo)  # E: a contract for a server
    memory_pair(thermo).cable.cut(0.5)  # E: a size that is no integer
    memory_pair(thermo)[0]  # E: nobody entered it
    with memory_pair(thermo):  # E: a plain block for what has to be awaited
        pass
    async with memory_pair(thermo) as (near, far):
        near.send(Reading(celsius=1.0))  # E: a message of the other direction
        far.send(Notice(text="x"))  # E: a message of the other direction
    async with memory_pair(thermo) as pair:
        pair.cable.stall(toward="a")  # E: the name of an end of another cable
        pair.cable.reset("client")  # E: an end without the word
    swapped: Client[Down, Up] = await connected(server)  # E: the directions the wrong way round
    settled().close_code  # E: nobody awaits it
    print(swapped)


async def fake(client: FakeClient[Up, Down], untyped: FakeClient) -> None:
    """Use fakes wrongly."""
    FakeClient("thermo")  # E: a name for a contract
    FakeClient(thermo, answers=Ok())  # E: one answer for many
    FakeClient(thermo, codec=Varint())  # E: a framing for a codec
    FakeConnection(thermo, id=7)  # E: an id that is a number
    client.send(Reading(celsius=1.0))  # E: a message of the other direction
    client.receive(Notice(text="x"))  # E: a message of the other direction
    client.receive(Stranger())  # E: a message that is not in the contract
    await client.ask(SetLed(on=True))  # E: a request of the other direction
    ok: Ok = await client.ask(GetConfig())  # E: the reply of another request
    await client.request(GetConfig())  # E: a request of the other direction
    client.ask(GetConfig()).interval_s  # E: nobody awaits it
    client.lose("gone")  # E: the reason for the code
    client.sent = []  # E: what was sent stays
    client.sent.text  # E: a field of a message for the list
    untyped.receive(Reading(celsius=1.0))  # E: a typed message without a contract
    print(ok)


def wire(protocol: asyncio.Protocol) -> None:
    """Use cables wrongly."""
    pair = socket_pair()
    pair.cable.stall(toward="server")  # E: the name of an end of another cable
    pair.cable.stall("a")  # E: an end without the word
    pair.cable.cut("1")  # E: a size that is text
    pair.cable.half_open()  # E: no end that is gone
    pair[0].sendall("text")  # E: text for bytes
    _, _, _ = socket_pair()  # E: three ends
    stream_pair()[0].write(b"x")  # E: a pair for a writer
    transport_pair(protocol, "b")  # E: a name for a protocol
    transport_pair(protocol, protocol)[0].write("text")  # E: text for bytes
    Cable(1, 2)  # E: numbers for names


def draw(data: st.DataObject) -> None:
    """Draw wrongly."""
    data.draw(payloads(Json()))  # E: a codec for a framing
    data.draw(chunkings("text"))  # E: text for bytes
    messages(thermo, "both")  # E: no such direction
    messages(Reading, "up")  # E: a message for a contract
    frames().type  # E: a field of what nobody has drawn
