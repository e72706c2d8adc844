"""A server as a whole: its arguments, its doors, its states and its end."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    UNTYPED,
    Binary,
    Chunks,
    Codec,
    ConnectionClosed,
    EncodeError,
    Limits,
    Lines,
    ListenFailed,
    Mcws,
    MsgPack,
    Plain,
    Rejected,
    RequestFailed,
    Text,
    Wire,
)
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Delivery, Listener, Server, ServerState
from mcws_server._listener import open_listener
from mcws_server._server import PRIVATE_DOORS_MAX
from tests.aio.cable import connect
from tests.aio.harness import MakeLab, Raw, settle

LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])


def now() -> float:
    """Return the virtual time in seconds."""
    return asyncio.get_running_loop().time()


def state(server: Server[Any, Any, Any]) -> ServerState:
    """Return the state, which type checkers would otherwise take for unchanged."""
    return server.state


def working(seconds: float, diary: list[Any]) -> Server:
    """Return a server whose handlers take ``seconds`` and tell the diary what they did."""
    server = Server()

    @server.on_client_message
    async def handle(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(seconds)
        diary.append(message)

    @server.on_client_request
    async def answer(request: Any, client: ConnectedClient) -> Any:
        await asyncio.sleep(seconds)
        return request

    return server.on_client_disconnect(lambda client: diary.append(client.close_code))


# Arguments


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"contract": "thermo"}, "contract must be a Contract, not 'thermo'"),
        ({"limits": 5}, "limits must be a Limits, not 5"),
        ({"client_factory": None}, "client_factory must be callable, not None"),
    ],
)
def test_server_arguments_of_the_wrong_type(arguments: dict[str, Any], problem: str) -> None:
    """Each argument is refused by name when the server is made."""
    with pytest.raises(TypeError, match=problem):
        Server(**arguments)


def test_server_begins_new() -> None:
    """A server needs no loop and no socket to be made; it says what it is."""
    server = Server(UNTYPED, client_factory=ConnectedClient, limits=Limits(requests_max=1))
    assert (server.state, server.listeners, server.contract) == (ServerState.NEW, (), UNTYPED)
    assert repr(server) == "<Server new, 0 clients>"


@pytest.mark.parametrize(
    ("arguments", "error", "problem"),
    [
        ({"port": "80"}, TypeError, "port must be an int, not '80'"),
        ({"port": True}, TypeError, "port must be an int, not True"),
        ({"port": -1}, ValueError, "port must be 0 to 65535, not -1"),
        ({"port": 65536}, ValueError, "port must be 0 to 65535, not 65536"),
        ({"address": None}, TypeError, "address must be a str, not None"),
        ({"callback": 1}, TypeError, "callback must be callable, not 1"),
        ({"wire": Lines()}, TypeError, r"wire must be a Wire, such as Plain\(Lines\(\)\), not "),
        ({"sock": 3}, TypeError, "sock must be a socket, not 3"),
        (
            {"codec": Text},
            TypeError,
            r"codec must be a codec, such as Json\(\), not <class .*Text'>",
        ),
    ],
)
async def test_listen_arguments_that_are_wrong(
    lab: MakeLab, arguments: dict[str, Any], error: type[Exception], problem: str
) -> None:
    """A wrong argument is an error of its own, and the server stays as it was."""
    server = Server()
    with pytest.raises(error, match=problem):
        await server.listen(**arguments)
    assert (server.state, server.listeners) == (ServerState.NEW, ())


# Listening


async def test_listen_opens_a_door(lab: MakeLab) -> None:
    """Port 0 is chosen by the system; the door says where it is."""
    async with Server() as server:
        listener = await server.listen(0)
        assert state(server) is ServerState.LISTENING
        assert server.listeners == (listener,)
        assert (listener.address, listener.is_open) == ("127.0.0.1", True)
        assert 1 <= listener.port <= 65535
    assert not listener.is_open
    assert state(server) is ServerState.CLOSED


async def test_listen_calls_back_once_when_bound(lab: MakeLab) -> None:
    """The callback runs after binding, not before (the original called it at once)."""
    calls: list[Any] = []
    server = Server()
    listener = await server.listen(0, callback=lambda: calls.append(server.listeners[0].port))
    await settle()
    assert calls == [listener.port]
    await server.close()


async def test_listen_awaits_an_async_callback(lab: MakeLab) -> None:
    """``listen`` returns when the callback is done."""
    calls: list[str] = []

    async def callback() -> None:
        await asyncio.sleep(1)
        calls.append("done")

    async with Server() as server:
        await server.listen(0, "127.0.0.1", callback)
        assert calls == ["done"]


async def test_listen_without_callback_logs_where(
    lab: MakeLab, caplog: pytest.LogCaptureFixture
) -> None:
    """One INFO line says where; with a callback there is none."""
    caplog.set_level(logging.INFO, "mcws.server")
    async with Server() as server:
        listener = await server.listen(0)
        await server.listen(0, callback=lambda: None)
    assert [record.getMessage() for record in caplog.records] == [
        f"listening on 127.0.0.1:{listener.port}"
    ]


async def test_listen_callback_that_raises(lab: MakeLab) -> None:
    """A callback that fails is an error of ``listen``, which then leaves no door open."""

    async def callback() -> None:
        raise LookupError

    server = Server()
    with pytest.raises(LookupError):
        await server.listen(0, callback=callback)
    assert [listener.is_open for listener in server.listeners] == [False]
    await server.close()


async def test_listen_where_the_port_is_in_use(lab: MakeLab) -> None:
    """``ListenFailed`` names address and port; the callback does not run, nothing is open."""
    async with Server() as other:
        port = (await other.listen(0)).port
        server = Server()
        with pytest.raises(ListenFailed, match=f"127.0.0.1:{port}: the port is in use") as caught:
            await server.listen(port, callback=lambda: pytest.fail("called"))
    assert isinstance(caught.value, OSError)
    assert (server.state, server.listeners) == (ServerState.NEW, ())
    await server.listen(port)
    await server.close()


async def test_listen_several_doors(lab: MakeLab) -> None:
    """Each door has its own wire and codec."""
    async with Server() as server:
        await server.listen(0)
        await server.listen(0, wire=LINES)
        await server.listen(0, wire=Plain(Chunks()), codec=Text())
        assert [listener.wire for listener in server.listeners] == [Mcws(), LINES, Plain(Chunks())]
        assert len({listener.port for listener in server.listeners}) == 3
        with pytest.raises(EncodeError):
            server.broadcast(b"\xff")


async def test_listen_after_close(lab: MakeLab) -> None:
    """A server that is closed, or closes, cannot listen again."""
    server = Server()
    await server.close()
    with pytest.raises(RuntimeError, match="the server is closed, it cannot listen again"):
        await server.listen(0)


@WIRES
@pytest.mark.parametrize("method", ["close", "drain"])
async def test_listen_while_stopping(lab: MakeLab, wire: Wire, method: str) -> None:
    """Between the call and the end of the last client there is no way back either."""
    diary: list[Any] = []
    server = working(1, diary)
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("x")
    await settle()
    stopping = asyncio.ensure_future(getattr(server, method)())
    await settle()
    assert state(server) is ServerState.DRAINING
    with pytest.raises(RuntimeError, match="the server is draining"):
        await server.listen(0)
    await stopping


async def test_listen_that_close_overtakes(lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the server is closed while a socket is being bound, the door does not stay open."""
    doors: list[Listener] = []
    real = open_listener

    async def slow(*arguments: Any, **options: Any) -> Listener:
        doors.append(await real(*arguments, **options))
        await asyncio.sleep(1)
        return doors[0]

    monkeypatch.setattr("mcws_server._server.open_listener", slow)
    server = Server()
    listening = asyncio.ensure_future(server.listen(0))
    await settle()
    await server.close()
    with pytest.raises(RuntimeError, match="the server is closed"):
        await listening
    assert (doors[0].is_open, server.listeners) == (False, ())
    assert state(server) is ServerState.CLOSED


async def test_listen_cancelled_in_its_callback(lab: MakeLab) -> None:
    """FAULTS 22: who cancels ``listen`` has no door that nobody knows of."""

    async def callback() -> None:
        await asyncio.sleep(9)

    server = Server()
    listening = asyncio.ensure_future(server.listen(0, callback=callback))
    await asyncio.sleep(1)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert not any(listener.is_open for listener in server.listeners)
    await server.close()


def test_listen_on_a_second_loop() -> None:
    """A server belongs to the loop on which it first listened."""
    server = Server()
    first = asyncio.new_event_loop()
    listener = first.run_until_complete(server.listen(0))
    with pytest.raises(RuntimeError, match="runs on another loop"):
        asyncio.run(server.listen(0))
    first.run_until_complete(server.close())
    first.close()
    assert not listener.is_open


# Serving


async def test_protocol_takes_a_transport(lab: MakeLab) -> None:
    """Whoever has a transport gets a connection of the server, like one that came in by a door."""
    heard: list[Any] = []
    server = Server().on_client_message(lambda message, client: heard.append((message, client)))
    near, _ = connect(raw := Raw(), server.protocol(wire=Plain(Lines())))
    assert state(server) is ServerState.LISTENING
    near.write(b"hello\n")
    await settle()
    assert heard == [("hello", next(iter(server.clients)))]
    server.broadcast("all")
    await server.drain()
    assert (raw.heard, raw.has_eof) == (b"all\n", True)


async def test_protocol_shares_its_door(lab: MakeLab) -> None:
    """However often it is called, a broadcast looks at one door for each wire and codec."""
    server, text = Server(), Text()
    for _ in range(3):
        server.protocol()
        server.protocol(wire=Plain(Lines()))
        server.protocol(wire=Plain(Lines()), codec=text)
    assert len(server._doors) == 3
    with pytest.raises(EncodeError):
        server.broadcast(b"\xff")


class Shouting(Text):
    """A codec of a user, of which no two are equal."""

    def encode(self, message: Any, /) -> str:
        """Return the message in capitals."""
        return str(message).upper()


@pytest.mark.parametrize(
    ("codec", "doors", "heard"),
    [
        (Text, 1, b"all\n"),
        (Binary, 1, b"all\n"),
        (lambda: None, 1, b"all\n"),
        (Shouting, PRIVATE_DOORS_MAX, b"ALL\n"),
    ],
)
async def test_protocol_keeps_few_doors(
    lab: MakeLab, codec: Callable[[], Codec[Any] | None], doors: int, heard: bytes
) -> None:
    """Codecs made anew for each call leave nothing behind, and a broadcast reaches all of them."""
    server = Server()
    raws = [Raw() for _ in range(20)]
    for raw in raws:
        connect(raw, server.protocol(wire=Plain(Lines()), codec=codec()))
    for _ in range(1000):
        server.protocol(wire=Plain(Lines()), codec=codec())
    assert len(server._doors) == len(server._private_doors) == doors
    await settle()
    server.broadcast("all")
    await server.drain()
    assert {bytes(raw.heard) for raw in raws} == {heard}


async def test_protocol_keeps_the_door_that_is_used(lab: MakeLab) -> None:
    """A door that is used again and again stays, however many others come."""
    server = Server()
    server.protocol()
    (door,) = server._doors
    for _ in range(100):
        server.protocol(wire=Plain(Lines()), codec=Shouting())
        server.protocol()
    assert door in server._doors
    assert len(server._doors) == PRIVATE_DOORS_MAX


@pytest.mark.parametrize(
    ("arguments", "error", "problem"),
    [
        ({"wire": Lines()}, TypeError, r"wire must be a Wire, such as Plain\(Lines\(\)\), not "),
        ({"codec": Text}, TypeError, "codec must be a codec"),
        ({"wire": Plain(Lines()), "codec": MsgPack()}, ValueError, "MsgPack"),
    ],
)
async def test_protocol_arguments_that_are_wrong(
    arguments: dict[str, Any], error: type[Exception], problem: str
) -> None:
    """A wrong argument is an error of its own, and the server stays as it was."""
    server = Server()
    with pytest.raises(error, match=problem):
        server.protocol(**arguments)
    assert (server.state, server._doors) == (ServerState.NEW, [])


async def test_protocol_while_stopping(lab: MakeLab) -> None:
    """Who comes while the server drains is sent away; of a closed server there is none."""
    made = lab(Server().on_client_message(lambda message, client: asyncio.sleep(20)))
    client = await made.client().connect()
    client.send("slow")
    await settle()
    draining = asyncio.ensure_future(made.server.drain())
    await settle()
    with pytest.raises(Rejected, match="server stops"):
        await made.client().connect()
    await draining
    with pytest.raises(RuntimeError, match="the server is closed"):
        made.server.protocol()


def test_protocol_without_a_loop() -> None:
    """A connection belongs to a loop that runs."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        Server().protocol()


async def test_serve_forever_before_listen(lab: MakeLab) -> None:
    """There is nothing to serve yet."""
    with pytest.raises(RuntimeError, match=r"call listen\(\) first"):
        await Server().serve_forever()


async def test_serve_forever_ends_with_the_server(lab: MakeLab) -> None:
    """It returns when the server is closed, to everybody who waits, and later at once."""
    server = Server()
    await server.listen(0)
    serving = [asyncio.ensure_future(server.serve_forever()) for _ in range(2)]
    await settle()
    assert not any(task.done() for task in serving)
    await server.close()
    await asyncio.gather(*serving)
    await server.serve_forever()


async def test_serve_forever_cancelled(lab: MakeLab) -> None:
    """Cancelling it closes the server, clients first."""
    diary: list[Any] = []
    made = lab(working(0, diary))
    await made.server.listen(0)
    await made.client().connect()
    serving = asyncio.ensure_future(made.server.serve_forever())
    await settle()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert state(made.server) is ServerState.CLOSED
    assert diary == [1001]


async def test_serve_forever_cancelled_while_draining(lab: MakeLab) -> None:
    """A server that stops already is left to whoever stops it."""
    diary: list[Any] = []
    made = lab(working(5, diary))
    await made.server.listen(0)
    (await made.client().connect()).send("x")
    await settle()
    serving = asyncio.ensure_future(made.server.serve_forever())
    draining = asyncio.ensure_future(made.server.drain())
    await settle()
    serving.cancel()
    await settle()
    assert serving.cancelled()
    await draining
    assert diary == ["x", 1001]


# Draining


@pytest.mark.parametrize(
    "times", [{"window_s": -1}, {"window_s": 31}, {"window_s": 2, "stop_after_s": 1}]
)
async def test_drain_times_that_are_wrong(lab: MakeLab, times: dict[str, float]) -> None:
    """The window lies within the time after which all is stopped."""
    server = Server()
    with pytest.raises(ValueError, match="window_s must be 0 to stop_after_s"):
        await server.drain(**times)
    assert state(server) is ServerState.NEW


async def test_drain_without_clients(lab: MakeLab) -> None:
    """A server that never listened, or has no clients, is closed at once; twice is no error."""
    server, made = Server(), lab()
    made.server._enter()
    for each in (server, made.server, server):
        await each.drain(window_s=5)
        assert each.state is ServerState.CLOSED


@WIRES
async def test_drain_finishes_what_runs(lab: MakeLab, wire: Wire) -> None:
    """Handlers end, what arrived before is handled, then the client is closed with 1001."""
    diary: list[Any] = []
    made = lab(working(1, diary), wire)
    client = await made.client().connect()
    client.send("running")
    client.send("waiting")
    await settle()
    start = now()
    await made.server.drain()
    assert diary == ["running", "waiting", 1001]
    assert now() - start == pytest.approx(2, abs=0.1)
    assert client.close_code == (1001 if wire == Mcws() else 1000)


@WIRES
async def test_drain_waits_for_the_window(lab: MakeLab, wire: Wire) -> None:
    """Within the window clients may go by themselves; then they are closed."""
    made = lab(Server(), wire)
    start = now()
    leaving, staying = [await made.client().connect() for _ in range(2)]
    draining = asyncio.ensure_future(made.server.drain(window_s=3))
    await asyncio.sleep(1)
    await leaving.close()
    assert not staying.closed
    await draining
    assert now() - start == pytest.approx(3, abs=0.1)
    assert staying.closed


async def test_drain_ends_early_when_all_are_gone(lab: MakeLab) -> None:
    """The window is not waited for if nobody needs it."""
    made = lab()
    client = await made.client().connect()
    start = now()
    draining = asyncio.ensure_future(made.server.drain(window_s=10))
    await client.close()
    await draining
    assert now() == pytest.approx(start, abs=0.1)


async def test_drain_lets_running_requests_end(lab: MakeLab) -> None:
    """FAULTS 23: what runs is answered; what comes later gets ERROR 7, "not executed"."""
    made = lab(working(2, []))
    client = await made.client().connect()
    running = asyncio.ensure_future(client.request("a"))
    await settle()
    draining = asyncio.ensure_future(made.server.drain())
    await asyncio.sleep(1)
    with pytest.raises(RequestFailed) as caught:
        await client.request("b")
    assert caught.value.code == 7
    assert await running == "a"
    await draining


async def test_drain_stops_after_its_time(lab: MakeLab) -> None:
    """A handler that hangs is not waited for; the connection is cut, and drain returns."""
    release = asyncio.Event()

    @(server := Server()).on_client_message
    async def hang(message: Any, client: ConnectedClient) -> None:
        await release.wait()

    made = lab(server)
    client = await made.client().connect()
    client.send("x")
    await settle()
    start = now()
    await server.drain(stop_after_s=10)
    assert 10 <= now() - start <= 15
    assert client.closed
    assert state(server) is ServerState.DRAINING
    release.set()
    await settle()
    assert state(server) is ServerState.CLOSED


@WIRES
async def test_drain_from_a_handler(lab: MakeLab, wire: Wire) -> None:
    """A handler that drains its own server does not wait for itself."""
    diary: list[Any] = []

    @(server := Server()).on_client_message
    async def stop(message: Any, client: ConnectedClient) -> None:
        await server.drain()
        diary.append("drained")

    server.on_client_disconnect(lambda client: diary.append(client.close_code))
    made = lab(server, wire)
    clients = [await made.client().connect() for _ in range(2)]
    clients[1].send("stop")
    await asyncio.sleep(1)
    assert diary == [1001, "drained", 1001]
    assert state(server) is ServerState.CLOSED


@pytest.mark.parametrize("hook", ["connect", "disconnect", "error", "request"])
async def test_close_from_any_hook(lab: MakeLab, hook: str) -> None:
    """No hook that closes the server and waits for that waits for itself."""
    closed: list[str] = []
    server = Server()

    async def close(*arguments: Any) -> str:
        await server.close()
        closed.append(hook)
        return "closed"

    getattr(server, f"on_client_{hook}")(close)

    @server.on_client_message
    def fail(message: Any, client: ConnectedClient) -> None:
        raise LookupError

    made = lab(server)
    client = await made.client().connect()
    if hook == "error":
        client.send("x")
    elif hook == "request":
        with pytest.raises(ConnectionClosed):
            await client.request("x")
    elif hook == "disconnect":
        await client.close()
    await asyncio.sleep(9)
    assert closed == [hook]
    assert state(server) is ServerState.CLOSED


async def test_drain_cancelled(lab: MakeLab) -> None:
    """FAULTS 22: the server goes on draining without who asked for it."""
    diary: list[Any] = []
    made = lab(working(2, diary))
    client = await made.client().connect()
    client.send("x")
    await settle()
    draining = asyncio.ensure_future(made.server.drain(window_s=1))
    await settle()
    draining.cancel()
    await settle()
    assert state(made.server) is ServerState.DRAINING
    await client.close()
    await asyncio.sleep(9)
    assert state(made.server) is ServerState.CLOSED
    assert diary == ["x", 1000]


async def test_drain_can_be_asked_for_again(lab: MakeLab) -> None:
    """A second drain, shorter than the first, is obeyed."""
    made = lab()
    await made.client().connect()
    start = now()
    slow = asyncio.ensure_future(made.server.drain(window_s=20))
    await settle()
    await made.server.drain(window_s=1)
    assert now() - start <= 2
    await slow


async def test_leaving_the_block_drains(lab: MakeLab) -> None:
    """``async with server`` ends politely, also by an error."""
    diary: list[Any] = []
    server = working(1, diary)
    made = lab(server)

    async def fail() -> None:
        async with server as entered:
            assert entered is server
            (await made.client().connect()).send("x")
            await settle()
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert diary == ["x", 1001]
    assert state(server) is ServerState.CLOSED


# Closing


@WIRES
async def test_close_lets_running_handlers_end(lab: MakeLab, wire: Wire) -> None:
    """What waits for its handler is dropped, what runs ends, the hook comes last."""
    diary: list[Any] = []
    made = lab(working(1, diary), wire)
    client = await made.client().connect()
    client.send("running")
    client.send("waiting")
    await settle()
    start = now()
    await made.server.close()
    assert diary == ["running", 1001]
    assert now() - start == pytest.approx(1, abs=0.1)
    assert state(made.server) is ServerState.CLOSED


async def test_close_need_not_be_awaited(lab: MakeLab) -> None:
    """It is a plain call that schedules; nothing runs inside it."""
    diary: list[Any] = []
    made = lab(working(0, diary))
    await made.client().connect()
    made.server.close()
    assert diary == []
    await asyncio.sleep(1)
    assert diary == [1001]
    assert state(made.server) is ServerState.CLOSED


async def test_close_before_anything(lab: MakeLab) -> None:
    """A new server is closed at once; so is a closed one."""
    server = Server()
    await server.close()
    await server.close()
    assert (server.state, repr(server)) == (ServerState.CLOSED, "<Server closed, 0 clients>")


async def test_close_while_draining(lab: MakeLab) -> None:
    """Who has no patience left closes; the drain then ends too."""
    made = lab()
    await made.client().connect()
    draining = asyncio.ensure_future(made.server.drain(window_s=20))
    await settle()
    start = now()
    await made.server.close()
    await draining
    assert now() == start


async def test_close_of_who_does_not_answer(lab: MakeLab) -> None:
    """A client that reads nothing is aborted after ``close_s``; nothing waits for ever."""
    diary: list[Any] = []
    made = lab(working(0, diary))
    await made.client().connect()
    made.far[0].stall()
    made.near[0].stall()
    start = now()
    await made.server.close()
    assert 5 <= now() - start <= 6
    assert diary == [1001]


async def test_close_cancelled(lab: MakeLab) -> None:
    """FAULTS 22: cancelling the wait does not cancel the closing."""
    diary: list[Any] = []
    made = lab(working(1, diary))
    (await made.client().connect()).send("x")
    await settle()
    closing = asyncio.ensure_future(made.server.close())
    await settle()
    closing.cancel()
    await asyncio.sleep(2)
    assert diary == ["x", 1001]
    assert state(made.server) is ServerState.CLOSED


# Sending, besides what test_broadcast has


async def test_server_is_generic_in_its_clients(lab: MakeLab) -> None:
    """Filters and ``send_to`` know the class that the factory makes."""

    class Device(ConnectedClient):
        def __init__(self, connection: Connection) -> None:
            super().__init__(connection)
            self.role = "sensor"

    server = Server(client_factory=Device)
    made = lab(server)
    await made.client().connect()
    sensors = [device for device in server.clients if device.role == "sensor"]
    assert server.send_to(sensors, "x") == Delivery(queued=1)
    server.broadcast("x", lambda device: device.role == "sensor")


async def test_send_to_a_client_of_another_server(lab: MakeLab) -> None:
    """It is not one of ours, so it counts as gone; what is no client at all is refused."""
    other = lab()
    await other.client().connect()
    server = lab().server
    assert server.send_to(other.server.clients, "x") == Delivery(closed=1)
    with pytest.raises(TypeError, match="clients must be clients of this server, not 7"):
        server.send_to([7], "x")


# Cancelling whatever waits


@WIRES
@pytest.mark.parametrize("turns", range(12))
async def test_cancelled_handlers_leave_nothing(lab: MakeLab, wire: Wire, turns: int) -> None:
    """FAULTS 22: a task that waits for room, flush, a request or the end is cancelled anywhere."""
    server = Server(limits=Limits(outbox_low_bytes=1, outbox_high_bytes=2))
    made = lab(server, wire)
    client: Client = await made.client().connect()
    client.on_request(lambda request, client: request)
    await settle()
    [connected] = server.clients

    async def use(client: ConnectedClient) -> None:
        await client.send("some text")
        await client.room()
        await client.flush()
        await client.request("?")
        await client.close()
        await server.close()

    task = asyncio.ensure_future(use(connected))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await settle()
    is_open = not connected.closed
    assert (connected in server.clients) == is_open
    if is_open:
        server.broadcast("still there")
    await server.close()


# `run` is a matter of test_runner; here only what it hands over


def test_run_refuses_what_is_no_main() -> None:
    """``main`` is checked before anything is opened."""
    with pytest.raises(TypeError, match="main must be callable, not 5"):
        Server().run(0, main=5)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("main", [None, functools.partial(asyncio.sleep, 0)])
def test_run_hands_over(monkeypatch: pytest.MonkeyPatch, main: Any) -> None:
    """Port, address, callback, wire and codec reach ``listen``, and ``main`` the runner."""
    server, seen = Server(), list[Any]()

    def run(listen: Callable[[], Any], stoppable: Server, main: Any) -> None:
        async def serve() -> None:
            await listen()
            seen.extend((stoppable, main, stoppable.listeners[0].wire))
            await stoppable.close()

        asyncio.run(serve())

    monkeypatch.setattr("mcws_server._server.run_server", run)
    server.run(0, "127.0.0.1", lambda: seen.append("callback"), main=main, wire=LINES)
    assert seen == ["callback", server, main, LINES]
