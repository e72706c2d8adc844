"""Letting connections in, giving them ids and client objects, and seeing them out."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    CloseFrame,
    ConnectionClosed,
    DrainFrame,
    Frame,
    HelloFrame,
    Limits,
    Lines,
    LocalProtocolError,
    Mcws,
    Mode,
    Plain,
    Rejected,
    RejectFrame,
    RequestFailed,
    WelcomeFrame,
    Wire,
    decode_frame,
    encode_frame,
)
from mcws_protocol.aio import Connection, Door
from mcws_server import ConnectedClient, Server, ServerState
from tests.aio.cable import End, connect
from tests.aio.harness import Lab, MakeLab, Raw, settle

LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])


def now() -> float:
    """Return the virtual time in seconds."""
    return asyncio.get_running_loop().time()


def hello(id: str = "", keepalive_s: int = 0, contract: str = "") -> bytes:
    """Return a HELLO."""
    return encode_frame(
        HelloFrame(
            frame_bytes_max=1 << 20, features=1, id=id, keepalive_s=keepalive_s, contract=contract
        )
    )


def heard(raw: Raw) -> list[Frame | None]:
    """Return the frames that a raw peer received."""
    frames: list[Frame | None] = []
    rest = raw.heard
    while rest:
        size, kind, flags = struct.unpack_from(">IBB", rest)
        frames.append(decode_frame(kind, flags, rest[6 : 4 + size]))
        rest = rest[4 + size :]
    return frames


def by_plain_door(made: Lab) -> tuple[Raw, End, ConnectedClient]:
    """Let a client in by a second door, one of lines; return both its ends and its object."""
    lobby = made.server._enter()
    door = Door(LINES)
    connection: Connection[Any, Any] = Connection(lobby.hub, lobby, door)
    near, _ = connect(raw := Raw(), connection)
    return raw, near, connection.dispatcher.client


class Diary(list[Any]):
    """What hooks are told, with the number of the client in order of arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[int, int] = {}
        self.told = asyncio.Event()

    def server(self, goodbye_s: float | None = 0.0) -> Server:
        """Return a server whose disconnect hook takes ``goodbye_s`` seconds; None: until told."""

        async def goodbye(client: ConnectedClient) -> None:
            self.append(f"{self.number(client)} goes with {client.close_code}")
            await (self.told.wait() if goodbye_s is None else asyncio.sleep(goodbye_s))
            self.append(f"{self.number(client)} is gone")

        def come(client: ConnectedClient) -> None:
            self.append(f"{self.number(client)} comes")

        return Server().on_client_connect(come).on_client_disconnect(goodbye)

    def number(self, client: object) -> int:
        """Return the number of ``client``."""
        return self.numbers.setdefault(id(client), len(self.numbers) + 1)


# The opening


@pytest.mark.parametrize(
    ("data", "guess"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
        (b"hello\n", "text"),
        (encode_frame(CloseFrame()), ""),
        (hello() + b"x", ""),
        (b"\x00\x00\x20\x01", ""),
    ],
    ids=["http", "tls", "text", "another frame", "bytes behind", "too long"],
)
async def test_opening_is_refused(
    lab: MakeLab, caplog: pytest.LogCaptureFixture, data: bytes, guess: str
) -> None:
    """FAULTS 3: anything but HELLO gets REJECT 1002 and one line; no client object is made."""
    made = lab(Server(client_factory=lambda connection: pytest.fail("a client was made")))
    near, _ = made.accept(raw := Raw())
    near.write(data)
    await settle()
    [reject] = heard(raw)
    assert isinstance(reject, RejectFrame)
    assert reject.code == 1002
    [record] = caplog.records
    assert guess in record.getMessage()
    assert raw.has_eof


async def test_opening_takes_too_long(lab: MakeLab) -> None:
    """Who says nothing gets REJECT 4000 after ``opening_s`` and is forgotten."""
    made = lab(limits=Limits(opening_s=2))
    _, far = made.accept(raw := Raw())
    await asyncio.sleep(1)
    assert heard(raw) == []
    await asyncio.sleep(2)
    [reject] = heard(raw)
    assert isinstance(reject, RejectFrame)
    assert reject.code == 4000
    await asyncio.sleep(9)
    assert far.is_closing()


async def test_opening_is_lost(lab: MakeLab, caplog: pytest.LogCaptureFixture) -> None:
    """A connection that ends before HELLO leaves no trace and no warning."""
    made = lab()
    near, _ = made.accept(Raw())
    near.close()
    await settle()
    assert caplog.records == []
    assert len(made.server._enter().crowd) == 0


async def test_contract_mismatch_names_both(lab: MakeLab) -> None:
    """A client of another contract gets REJECT 4004."""
    made = lab()
    near, _ = made.accept(raw := Raw())
    near.write(hello(contract="thermo/2:0123456789abcdef"))
    await settle()
    [reject] = heard(raw)
    assert isinstance(reject, RejectFrame)
    assert reject.code == 4004
    assert reject.reason == "contract is thermo/2:0123456789abcdef, here it is no contract"


@pytest.mark.parametrize(("theirs", "agreed"), [(0, 20), (7, 7), (99, 20)])
async def test_welcome_agrees_on_keepalive(lab: MakeLab, theirs: int, agreed: int) -> None:
    """The smaller wish counts; 0 is none."""
    made = lab()
    near, _ = made.accept(raw := Raw())
    near.write(hello(id="a", keepalive_s=theirs))
    await settle()
    [welcome] = heard(raw)
    assert isinstance(welcome, WelcomeFrame)
    assert (welcome.id, welcome.keepalive_s, welcome.features) == ("a", agreed, 1)


async def test_hostile_id_is_one_clean_line(lab: MakeLab, caplog: pytest.LogCaptureFixture) -> None:
    """FAULTS 19: marks that reorder text come out as escapes, and long ids are cut."""
    caplog.set_level(logging.INFO)
    made = lab()
    near, _ = made.accept(Raw())
    near.write(hello(id="\u202e" * 80))
    await settle()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.isascii()
    assert "\\u202e" in line
    assert len(line) < 150


async def test_connections_are_logged(lab: MakeLab, caplog: pytest.LogCaptureFixture) -> None:
    """One INFO line when a client comes, one when it goes."""
    caplog.set_level(logging.INFO, "mcws.server")
    made = lab()
    async with made.client(id="a"):
        pass
    lines = [record.getMessage() for record in caplog.records if record.name == "mcws.server"]
    assert lines == ["client 'a' connected from ('cable', 1)", "client 'a' disconnected with 1000"]


async def test_messages_without_handlers_are_counted(
    lab: MakeLab, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody handles is dropped, with one WARNING for all of it."""
    made = lab()
    client = await made.client().connect()
    for _ in range(5):
        client.send("x")
    await settle()
    assert made.server._enter().unheard_count == 5
    assert [record.levelname for record in caplog.records] == ["WARNING"]


# The client object


@WIRES
async def test_factory_that_raises(
    lab: MakeLab, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """The client is refused, without details, the error is logged, and the server lives on."""
    calls: list[Connection] = []

    def factory(connection: Connection) -> ConnectedClient:
        calls.append(connection)
        if len(calls) == 1:
            raise LookupError("a secret")
        return ConnectedClient(connection)

    hooks: list[str] = []
    server = Server(client_factory=factory)
    server.on_client_connect(lambda client: hooks.append("connect"))
    server.on_client_disconnect(lambda client: hooks.append("disconnect"))
    made = lab(server, wire)
    _, _ = made.accept(raw := Raw())
    made.near[0].write(hello() if wire == Mcws() else b"")
    await settle()
    assert heard(raw) == (
        [RejectFrame(1011, 0, "no client object could be made")] * (wire == Mcws())
    )
    assert raw.has_eof
    assert any("client_factory" in record.getMessage() for record in caplog.records)
    assert hooks == []
    await made.client().connect()
    assert len(server.clients) == 1


@WIRES
@pytest.mark.parametrize("end", [Connection.abort, Connection.close])
async def test_factory_that_ends_the_connection(
    lab: MakeLab, wire: Wire, end: Callable[[Connection], object]
) -> None:
    """A factory may turn a client away; no hook is told of who never was a client."""

    def factory(connection: Connection) -> ConnectedClient:
        end(connection)
        return ConnectedClient(connection)

    server = Server(client_factory=factory)
    server.on_client_connect(lambda client: pytest.fail("connected"))
    server.on_client_disconnect(lambda client: pytest.fail("disconnected"))
    made = lab(server, wire)
    made.accept(Raw())
    made.near[0].write(hello() if wire == Mcws() else b"")
    await asyncio.sleep(9)
    assert len(server.clients) == 0
    assert len(server._enter().crowd) == 0


@WIRES
async def test_factory_that_returns_one_object_twice(lab: MakeLab, wire: Wire) -> None:
    """Two connections cannot share a client object; the second one is refused."""
    made_once: list[ConnectedClient] = []

    def factory(connection: Connection) -> ConnectedClient:
        if not made_once:
            made_once.append(ConnectedClient(connection))
        return made_once[0]

    server = Server(client_factory=factory)
    made = lab(server, wire)
    await made.client().connect()
    made.accept(raw := Raw())
    made.near[1].write(hello() if wire == Mcws() else b"")
    await settle()
    assert list(server.clients) == made_once
    assert raw.has_eof


async def test_factory_whose_class_has_no_on_message(lab: MakeLab) -> None:
    """A class that does not fulfil the contract is a failed factory."""

    def factory(connection: Connection) -> Any:
        """Make what no type checker lets pass."""
        return object()

    made = lab(Server(client_factory=factory))
    with pytest.raises(Rejected, match=r"1011.*no client object could be made"):
        await made.client().connect()


# Takeover


async def test_takeover_waits_for_the_old_ones_hooks(lab: MakeLab) -> None:
    """FAULTS 17: 4002, out of the registry at once, slow hooks end, then the new one comes."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=1))
    old = await made.client(id="a").connect()
    start = now()
    connecting = asyncio.ensure_future(made.client(id="a").connect())
    await settle()
    assert made.server.client("a") is None
    assert (old.close_code, connecting.done()) == (4002, False)
    new = await connecting
    await settle()
    assert now() - start == pytest.approx(1)
    assert diary == ["1 comes", "1 goes with 4002", "1 is gone", "2 comes"]
    assert [client.id for client in made.server.clients] == ["a"]
    assert not new.closed


async def test_takeover_waits_for_the_old_ones_handlers(lab: MakeLab) -> None:
    """A handler that runs ends first; what it still wants to send raises."""
    diary = Diary()
    server = diary.server()

    @server.on_client_message
    async def work(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        diary.append("handled")

    made = lab(server)
    old = await made.client(id="a").connect()
    old.send("x")
    await settle()
    await made.client(id="a").connect()
    await settle()
    assert diary == ["1 comes", "handled", "1 goes with 4002", "1 is gone", "2 comes"]


async def test_takeover_of_hooks_that_hang(lab: MakeLab) -> None:
    """Hooks that never end are waited for 5 s, not longer."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=None))
    await made.client(id="a").connect()
    start = now()
    await made.client(id="a").connect()
    await settle()
    assert now() - start == pytest.approx(5)
    assert diary == ["1 comes", "1 goes with 4002", "2 comes"]
    diary.told.set()


async def test_takeover_of_hooks_that_end_late(lab: MakeLab) -> None:
    """The late end of the old one's hooks does not hit the new one of the same id."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=8))
    await made.client(id="a").connect()
    new = await made.client(id="a").connect()
    [connected] = made.server.clients
    await asyncio.sleep(5)
    assert diary == ["1 comes", "1 goes with 4002", "2 comes", "1 is gone"]
    assert made.server.client("a") is connected
    assert not new.closed


async def test_takeover_of_who_does_not_read(lab: MakeLab) -> None:
    """An old connection that answers nothing is gone after 5 s, and the new one is there."""
    diary = Diary()
    made = lab(diary.server())
    await made.client(id="a").connect()
    made.far[0].stall()
    made.near[0].stall()
    start = now()
    await made.client(id="a").connect()
    assert now() - start <= 6
    await asyncio.sleep(2)
    assert diary[-2:] == ["1 is gone", "2 comes"] or diary[-3:] == [
        "2 comes",
        "1 goes with 4002",
        "1 is gone",
    ]
    assert len(made.server.clients) == 1


async def test_takeover_three_in_a_row(lab: MakeLab) -> None:
    """Of those who wait only the newest is let in; the other one is rejected with 4002."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=1))
    await made.client(id="a").connect()
    second, third = made.client(id="a"), made.client(id="a")
    waiting = asyncio.ensure_future(second.connect())
    await settle()
    await third.connect()
    with pytest.raises(Rejected) as caught:
        await waiting
    assert caught.value.code == 4002
    await settle()
    assert diary == ["1 comes", "1 goes with 4002", "1 is gone", "2 comes"]


async def test_takeover_chain(lab: MakeLab) -> None:
    """One after the other takes over; at every moment at most one of the id is bound."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=1))
    for _ in range(4):
        await made.client(id="a").connect()
        await settle()
        assert len(made.server.clients) == 1
    assert diary == ["1 comes"] + [
        line
        for old in (1, 2, 3)
        for line in (f"{old} goes with 4002", f"{old} is gone", f"{old + 1} comes")
    ]


async def test_takeover_by_impatient_clients(lab: MakeLab) -> None:
    """The 5 s count from the first replacement: who dials every 2 s still gets in."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=None))
    await made.client(id="a").connect()
    start = now()
    attempts: list[asyncio.Task[Client]] = []
    for _ in range(4):
        attempts.append(asyncio.ensure_future(made.client(id="a").connect()))
        await asyncio.sleep(2)
    await asyncio.wait(attempts[2:3])
    assert [attempt.exception() is None for attempt in attempts[:3]] == [False, False, True]
    assert now() - start == pytest.approx(8)
    diary.told.set()
    await asyncio.wait(attempts)


@pytest.mark.parametrize("end", [End.reset, End.close])
async def test_takeover_loss_while_waiting(lab: MakeLab, end: Callable[[End], None]) -> None:
    """Who is lost while it waits never becomes a client; the next one does."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=3))
    await made.client(id="a").connect()
    waiting = asyncio.ensure_future(made.client(id="a").connect())
    await settle()
    for each in (made.far[1], made.near[1]):
        end(each)
    with pytest.raises(ConnectionClosed):
        await waiting
    await asyncio.sleep(1)
    assert made.server._enter()._takeovers._waiting == {}
    await made.client(id="a").connect()
    await settle()
    assert diary == ["1 comes", "1 goes with 4002", "1 is gone", "2 comes"]


async def test_takeover_loss_in_the_turn_of_the_welcome(lab: MakeLab) -> None:
    """For who hung up in the very turn in which its wait ends no client is made."""
    done, clients = asyncio.Event(), list[ConnectedClient]()

    def factory(connection: Connection) -> ConnectedClient:
        clients.append(ConnectedClient(connection))
        return clients[-1]

    async def goodbye(client: ConnectedClient) -> None:
        await done.wait()

    server = Server(client_factory=factory).on_client_disconnect(goodbye)
    made = lab(server)
    await made.client(id="a").connect()
    near, far = made.accept(Raw())
    near.write(hello(id="a"))
    await settle()
    far.protocol.eof_received()
    done.set()
    await settle()
    assert len(clients) == 1
    assert len(server.clients) == 0


async def test_takeover_without_an_id(lab: MakeLab) -> None:
    """Clients that the server names never replace each other."""
    made = lab()
    for _ in range(20):
        await made.client().connect()
    assert len({client.id for client in made.server.clients}) == 20


async def test_removal_never_hits_another(lab: MakeLab) -> None:
    """Whatever end the old one comes to, the new one of its id stays (original's findIndex)."""
    made = lab(Diary().server(goodbye_s=1))
    old = await made.client(id="a").connect()
    await made.client(id="a").connect()
    [connected] = made.server.clients
    await old.close()
    made.near[0].abort()
    await asyncio.sleep(9)
    assert list(made.server.clients) == [connected]


# Renaming


async def test_rename_takes_over(lab: MakeLab) -> None:
    """On a plain wire a client that gets an id in use replaces who had it, at once."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=1), LINES)
    first = await made.client().connect()
    await made.client().connect()
    one, other = made.server.clients
    one.id = "a"
    other.id = "a"
    assert list(made.server.clients) == [other]
    assert made.server.client("a") is other
    await asyncio.sleep(2)
    assert first.closed
    assert list(made.server.clients) == [other]
    assert diary == ["1 comes", "2 comes", "1 goes with 4002", "1 is gone"]


async def test_rename_takes_over_from_another_wire(lab: MakeLab) -> None:
    """A plain client may take the id of one on mcws/1, which hears 4002."""
    made = lab()
    client = await made.client(id="a").connect()
    _, _, plain = by_plain_door(made)
    plain.id = "a"
    await settle()
    assert client.close_code == 4002
    assert list(made.server.clients) == [plain]


async def test_rename_to_the_own_id(lab: MakeLab) -> None:
    """Taking the id that was assigned changes nothing and replaces nobody."""
    made = lab(wire=LINES)
    client = await made.client().connect()
    [connected] = made.server.clients
    connected.id = str(connected.id)
    await settle()
    assert not client.closed
    assert list(made.server.clients) == [connected]


async def test_rename_to_an_id_that_somebody_waits_for(lab: MakeLab) -> None:
    """Never two of an id: the plain client that took it meanwhile is replaced in its turn."""
    made = lab(Diary().server(goodbye_s=1))
    await made.client(id="a").connect()
    waiting = asyncio.ensure_future(made.client(id="a").connect())
    await settle()
    raw, near, plain = by_plain_door(made)
    plain.id = "a"
    await asyncio.sleep(1.5)
    near.close()
    await waiting
    assert raw.has_eof
    assert [client.id for client in made.server.clients] == ["a"]
    assert plain not in made.server.clients


async def test_rename_of_who_is_being_replaced(lab: MakeLab) -> None:
    """A client that left the registry gets its name and stays out of it."""
    made = lab(Diary().server(goodbye_s=1))
    _, _, plain = by_plain_door(made)
    await settle()
    connecting = asyncio.ensure_future(made.client(id=plain.id).connect())
    await settle()
    plain.id = "b"
    assert made.server.client("b") is None
    await connecting
    assert [client.id for client in made.server.clients] == [connecting.result().id]


async def test_rename_is_for_plain_wires(lab: MakeLab) -> None:
    """An id that the opening agreed on stays."""
    made = lab()
    await made.client(id="a").connect()
    [connected] = made.server.clients
    with pytest.raises(LocalProtocolError):
        connected.id = "b"
    assert made.server.client("a") is connected


# Draining


async def test_drain_rejects_who_has_not_said_hello(lab: MakeLab) -> None:
    """Until WELCOME every refusal is a REJECT; the silent one does not hold the drain."""
    made = lab()
    made.accept(raw := Raw())
    await settle()
    start = now()
    await made.server.drain(window_s=1)
    assert heard(raw) == [RejectFrame(1001, 1000, "server stops")]
    assert now() - start <= 1 + 6
    assert made.server.state is ServerState.CLOSED


async def test_drain_rejects_who_comes_too_late(lab: MakeLab) -> None:
    """HELLO during the drain gets REJECT 1001 with a hint when to try again."""
    made = lab()
    await made.client().connect()
    draining = asyncio.ensure_future(made.server.drain(window_s=5))
    await settle()
    with pytest.raises(Rejected) as caught:
        await made.client().connect()
    assert (caught.value.code, caught.value.retry_after_s) == (1001, 1.0)
    assert not draining.done()
    await draining


async def test_drain_shuts_out_plain_clients(lab: MakeLab) -> None:
    """Who comes by a plain door during the drain is cut, and no hook is told."""
    server = Server()
    made = lab(server, LINES)
    await made.client().connect()
    draining = asyncio.ensure_future(server.drain(window_s=5))
    await settle()
    server.on_client_connect(lambda client: pytest.fail("let in"))
    _, far = made.accept(Raw())
    await settle()
    assert far.is_closing()
    await draining


async def test_drain_rejects_who_waits_to_take_over(lab: MakeLab) -> None:
    """Nobody is let in while the server stops, not even who said HELLO before."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=2))
    await made.client(id="a").connect()
    waiting = asyncio.ensure_future(made.client(id="a").connect())
    await settle()
    await made.server.drain(window_s=10)
    with pytest.raises(Rejected, match="code 1001"):
        await waiting
    assert "2 comes" not in diary


async def test_close_cuts_who_waits_to_take_over(lab: MakeLab) -> None:
    """``close`` ends who waits; only the one that was connected had hooks."""
    diary = Diary()
    made = lab(diary.server(goodbye_s=2))
    await made.client(id="a").connect()
    waiting = asyncio.ensure_future(made.client(id="a").connect())
    await settle()
    await made.server.close()
    with pytest.raises(ConnectionClosed):
        await waiting
    assert diary == ["1 comes", "1 goes with 4002", "1 is gone"]


async def test_drain_tells_those_who_can_hear_it(lab: MakeLab) -> None:
    """DRAIN with the window goes to mcws/1 clients, then CLOSE 1001; who is closing is spared."""
    made = lab()
    near, _ = made.accept(raw := Raw())
    near.write(hello(id="a"))
    made.accept(closing := Raw())
    made.near[1].write(hello(id="b"))
    await settle()
    b = made.server.client("b")
    assert b is not None
    b.close()
    await made.server.drain(window_s=1.5)
    notice = DrainFrame(1500, "server stops")
    assert heard(raw)[1:] == [notice, CloseFrame(1001, "server stops")]
    assert heard(closing)[1:] == [CloseFrame()]


async def test_drain_gives_up_who_does_not_go(lab: MakeLab) -> None:
    """After ``stop_after_s`` a client that reads nothing is cut; its hook runs."""
    diary = Diary()
    made = lab(diary.server())
    made.server.on_client_message(lambda message, client: None)
    await made.client().connect()
    [connected] = made.server.clients
    made.far[0].stall()
    made.near[0].stall()
    connected.pause()
    made.near[0].write(b"")
    start = now()
    await made.server.drain(stop_after_s=3)
    assert now() - start <= 3 + 1
    assert diary[-1] == "1 is gone"
    assert made.server.state is ServerState.CLOSED


async def test_drain_answers_requests_that_did_not_start(lab: MakeLab) -> None:
    """Those that run end, those that come get ERROR 7."""
    server = Server()

    @server.on_client_request
    async def work(request: Any, client: ConnectedClient) -> str:
        await asyncio.sleep(2)
        return "done"

    made = lab(server)
    client = await made.client().connect()
    running = asyncio.ensure_future(client.request("a"))
    await settle()
    draining = asyncio.ensure_future(server.drain())
    await asyncio.sleep(1)
    with pytest.raises(RequestFailed, match="code 7"):
        await client.request("b")
    assert await running == "done"
    await draining


async def test_drain_passes_over_who_was_rejected(
    lab: MakeLab, caplog: pytest.LogCaptureFixture
) -> None:
    """Who lingers after a REJECT is not refused twice."""
    caplog.set_level(logging.INFO)
    made = lab()
    made.accept(raw := Raw())
    made.near[0].write(b"hello\n")
    await settle()
    await made.server.drain()
    assert len(heard(raw)) == 1
    assert sum("refused" in record.getMessage() for record in caplog.records) == 1
    assert not any("rejected" in record.getMessage() for record in caplog.records)


# Waiting for the end from inside


@WIRES
async def test_close_from_a_handler_does_not_wait_for_it(lab: MakeLab, wire: Wire) -> None:
    """It waits for all others, hooks included, and returns while its own client is still there."""
    diary = Diary()
    server = diary.server(goodbye_s=1)

    @server.on_client_message
    async def stop(message: Any, client: ConnectedClient) -> None:
        await server.close()
        diary.append("stopped")

    made = lab(server, wire)
    client = await made.client().connect()
    await made.client().connect()
    client.send("stop")
    await asyncio.sleep(9)
    assert diary[2:] == [
        "2 goes with 1001",
        "2 is gone",
        "stopped",
        "1 goes with 1001",
        "1 is gone",
    ]
    assert server.state is ServerState.CLOSED


@WIRES
@pytest.mark.parametrize("method", ["close", "drain"])
async def test_stop_from_two_handlers_at_once(lab: MakeLab, wire: Wire, method: str) -> None:
    """Two handlers that wait for the end of the server do not wait for each other."""
    server, ends = Server(), list[float]()
    start = now()

    @server.on_client_message
    async def stop(message: Any, client: ConnectedClient) -> None:
        await getattr(server, method)()
        ends.append(now() - start)

    made = lab(server, wire)
    for client in [await made.client().connect() for _ in range(2)]:
        client.send("stop")
    await asyncio.sleep(9)
    assert ends == [0, 0]
    assert server.state is ServerState.CLOSED


async def test_close_outside_waits_for_handlers_that_wait(lab: MakeLab) -> None:
    """Who waits outside of any handler waits for all of them."""
    server, diary = Server(), list[str]()

    @server.on_client_message
    async def stop(message: Any, client: ConnectedClient) -> None:
        await server.close()
        await asyncio.sleep(1)
        diary.append("handled")

    made = lab(server)
    for client in [await made.client().connect() for _ in range(2)]:
        client.send("stop")
    await settle()
    await server.close()
    assert diary == ["handled", "handled"]


async def test_close_waits_for_several_who_ask(lab: MakeLab) -> None:
    """Any number of tasks may wait for the end, and be cancelled meanwhile."""
    made = lab(Diary().server(goodbye_s=1))
    for _ in range(3):
        await made.client().connect()
    waits = [asyncio.ensure_future(made.server.close()) for _ in range(3)]
    await settle()
    waits[1].cancel()
    await asyncio.wait(waits)
    assert [wait.cancelled() for wait in waits] == [False, True, False]


async def test_own_hooks_of_the_end(lab: MakeLab) -> None:
    """Hooks of the end that one client has come behind those of the server."""
    diary = Diary()
    server = diary.server()
    made = lab(server)
    client = await made.client().connect()
    [connected] = server.clients
    connected.on_close(lambda client: diary.append("its own"))
    await client.close()
    await settle()
    assert diary == ["1 comes", "1 goes with 1000", "1 is gone", "its own"]


async def test_class_of_its_own_is_adopted(lab: MakeLab) -> None:
    """Messages reach the server's handlers through an object that is no ``ConnectedClient``."""

    class Minimal:
        def __init__(self, connection: Connection) -> None:
            self.on_message = connection.on_message
            self.write = connection.write

    heard: list[Any] = []
    server = Server(client_factory=Minimal)
    server.on_client_message(lambda message, client: heard.append((message, type(client))))
    made = lab(server)
    client = await made.client().connect()
    client.send("x")
    await settle()
    assert heard == [("x", Minimal)]


# Modes


async def test_client_that_knows_no_turns_is_rejected(lab: MakeLab) -> None:
    """Where the mode is half duplex, HELLO has to announce it; the reason says so."""
    made = lab(mode=Mode.HALF_DUPLEX)
    near, _ = made.accept(raw := Raw())
    near.write(hello(id="a"))
    await settle()
    problem = "the mode here is half duplex, which HELLO does not announce"
    assert heard(raw) == [RejectFrame(4004, 0, problem)]
    assert not made.server.clients


@pytest.mark.parametrize(
    ("mode", "features"), [(Mode.FULL_DUPLEX, 1), (Mode.HALF_DUPLEX, 9), (Mode.SIMPLEX, 1)]
)
async def test_welcome_announces_the_mode(lab: MakeLab, mode: Mode, features: int) -> None:
    """Of what the client announced, that which belongs to the mode."""
    made = lab(mode=mode)
    near, _ = made.accept(raw := Raw())
    near.write(encode_frame(HelloFrame(frame_bytes_max=256, features=0xFFFF_FFFF)))
    await settle()
    (welcome,) = heard(raw)
    assert isinstance(welcome, WelcomeFrame)
    assert welcome.features == features
