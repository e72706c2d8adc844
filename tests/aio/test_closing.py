"""How connections end: every crossing of CLOSE, half-close, reset and end of stream (WIRE 4)."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    CloseFrame,
    ConnectionClosed,
    HelloFrame,
    LengthPrefixed,
    Limits,
    Lines,
    Mcws,
    Plain,
    Wire,
    encode_frame,
)
from mcws_server import Server
from tests.aio.harness import Lab, MakeLab, Raw, settle

WIRES = pytest.mark.parametrize("wire", [Mcws(), Plain(Lines())], ids=["mcws", "lines"])

HELLO = encode_frame(HelloFrame(frame_bytes_max=1 << 16, features=1))


class Record:
    """What a server was told of its clients' ends."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.heard: list[Any] = []
        self.server: Server[Any, Any, Any] = (
            Server()
            .on_client_message(lambda message, client: self.heard.append(message))
            .on_client_disconnect(lambda client: self.codes.append(client.close_code))
        )


async def joined(lab: MakeLab, wire: Wire) -> tuple[Record, Lab, Client[Any, Any], Any]:
    """Return a record, its lab, a client and the server's view of it."""
    record = Record()
    made = lab(record.server, wire)
    client = await made.client().connect()
    await settle()
    (connected,) = record.server.clients
    return record, made, client, connected


async def raw(lab: MakeLab, wire: Wire) -> tuple[Record, Lab, Raw]:
    """Return a record, its lab and a peer that writes bytes; on mcws/1 it was welcomed."""
    record = Record()
    made = lab(record.server, wire)
    peer = Raw()
    made.accept(peer)
    if isinstance(wire, Mcws):
        peer.end.write(HELLO)
    await settle()
    return record, made, peer


@WIRES
@pytest.mark.parametrize("closer", ["client", "server"])
async def test_close_ends_both_ends(lab: MakeLab, wire: Wire, closer: str) -> None:
    """Whoever closes, both ends are gone, the hook ran once and nothing is left to send."""
    record, _, client, connected = await joined(lab, wire)
    await (client if closer == "client" else connected).close()
    await settle()
    assert record.codes == [1000]
    assert client.close_code == 1000
    assert client.closed


@pytest.mark.parametrize("closer", ["client", "server"])
async def test_close_code_travels(lab: MakeLab, closer: str) -> None:
    """On mcws/1 both ends end with the code and the reason of the one that closed."""
    record, _, client, connected = await joined(lab, Mcws())
    await (client if closer == "client" else connected).close(4200, "enough")
    await settle()
    assert record.codes == [4200]
    assert (client.close_code, client.close_reason) == (4200, "enough")
    assert (connected.close_code, connected.close_reason) == (4200, "enough")


async def test_closes_that_cross(lab: MakeLab) -> None:
    """Where both close at once, each ends with the code that it received."""
    record, _, client, connected = await joined(lab, Mcws())
    ends = client.close(4201), connected.close(4202)
    await asyncio.gather(*ends)
    await settle()
    assert client.close_code == 4202
    assert record.codes == [4201]


@WIRES
async def test_close_twice(lab: MakeLab, wire: Wire) -> None:
    """A second close changes nothing and waits for the same end."""
    record, _, client, connected = await joined(lab, wire)
    connected.close(4200)
    await connected.close(4300)
    await settle()
    assert client.closed
    assert record.codes == [4200]


@WIRES
async def test_close_sends_what_is_queued(lab: MakeLab, wire: Wire) -> None:
    """What was sent before the close arrives before the end."""
    record, _, client, _ = await joined(lab, wire)
    for number in range(2000):
        client.send(f"{number:100}")
    await client.close()
    await settle()
    assert len(record.heard) == 2000
    assert record.codes == [1000]


@WIRES
async def test_send_after_close(lab: MakeLab, wire: Wire) -> None:
    """Nothing is accepted after the close, and the error says with which code."""
    _, _, client, _ = await joined(lab, wire)
    client.close(4200)
    with pytest.raises(ConnectionClosed, match="code 4200") as caught:
        client.send("late")
    assert caught.value.code == 4200


@WIRES
async def test_peer_that_never_answers(lab: MakeLab, wire: Wire) -> None:
    """Five seconds after the close the connection is aborted, with the code that was sent."""
    record, made, _, connected = await joined(lab, wire)
    made.near[0].stall()
    before = asyncio.get_running_loop().time()
    await connected.close(4200)
    await settle()
    assert record.codes == [4200]
    assert 5 <= asyncio.get_running_loop().time() - before <= 6


@WIRES
async def test_peer_that_never_reads(lab: MakeLab, wire: Wire) -> None:
    """What cannot be sent does not hold up the end for longer than five seconds."""
    record, made, _, connected = await joined(lab, wire)
    made.far[0].stall()
    connected.send("x" * 500_000)
    before = asyncio.get_running_loop().time()
    await connected.close()
    await settle()
    assert record.codes == [1000]
    assert asyncio.get_running_loop().time() - before <= 6


@WIRES
async def test_reset_is_a_loss(lab: MakeLab, wire: Wire) -> None:
    """A reset ends with 1006 and reaches the error hooks."""
    record, made, _, _ = await joined(lab, wire)
    errors: list[Exception] = []
    record.server.on_client_error(lambda error, client: errors.append(error))
    made.far[0].reset()
    await settle()
    assert record.codes == [1006]
    assert [type(error) for error in errors] == [ConnectionResetError]


@WIRES
async def test_abort(lab: MakeLab, wire: Wire) -> None:
    """An abort drops what waits and ends at once."""
    record, made, client, connected = await joined(lab, wire)
    made.far[0].stall()
    connected.send("x" * 500_000)
    connected.abort()
    await settle()
    assert record.codes == [1006]
    assert connected.closed
    with pytest.raises(ConnectionClosed):
        connected.send("late")
    await client.close()


async def test_end_of_stream_without_close(lab: MakeLab) -> None:
    """On mcws/1 the end of the stream alone is a loss, after what came was handled."""
    record, _, peer = await raw(lab, Mcws())
    peer.end.write(b"\0\0\0\x04\x10\x01hi")
    peer.end.write_eof()
    await settle()
    assert record.heard == ["hi"]
    assert record.codes == [1006]


async def test_half_close_on_a_plain_wire(lab: MakeLab) -> None:
    """After the peer's half-close a slow handler's answer still reaches it; the code is 1000."""
    record, _, peer = await raw(lab, Plain(Lines()))

    async def echo(message: Any, client: Any) -> None:
        await asyncio.sleep(3)
        client.send(message)

    record.server.on_client_message(echo)
    peer.end.write(b"slow\n")
    peer.end.write_eof()
    await asyncio.sleep(4)
    assert peer.heard == b"slow\n"
    assert peer.has_eof
    assert record.codes == [1000]


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
async def test_close_is_answered_behind_handlers(lab: MakeLab, code: int) -> None:
    """A CLOSE is answered once, with its code, when what came before it was handled."""
    record, _, peer = await raw(lab, Mcws())
    done: list[Any] = []

    async def slow(message: Any, client: Any) -> None:
        await asyncio.sleep(2)
        done.append(message)

    record.server.on_client_message(slow)
    peer.heard = b""
    peer.end.write(b"\0\0\0\x04\x10\x01hi" + encode_frame(CloseFrame(code, "bye")))
    await settle()
    assert peer.heard == b""
    await asyncio.sleep(3)
    assert done == ["hi"]
    assert peer.heard == encode_frame(CloseFrame(code, "bye"))
    peer.end.close()
    await settle()
    assert record.codes == [code]


@pytest.mark.parametrize(
    ("wire", "bad", "code"),
    [
        (Mcws(), b"\0\0\0\x01", 1002),
        (Mcws(), b"\xff\xff\xff\xff", 1009),
        (Mcws(), b"\0\0\0\x04\x10\x01\xff\xff", 1007),
        (Mcws(), encode_frame(CloseFrame(1000)).replace(b"\x03\xe8", b"\x03\xee"), 1002),
        (Plain(Lines()), b"\xff\xff\n", 1007),
        (Plain(LengthPrefixed()), b"\xff\xff\xff\xff", 1009),
    ],
)
async def test_bytes_that_break_the_wire(lab: MakeLab, wire: Wire, bad: bytes, code: int) -> None:
    """A broken peer is told so and ended, its hooks run, and everyone else is untouched."""
    record, made, peer = await raw(lab, wire)
    other = await made.client().connect()
    peer.end.write(bad)
    await settle()
    peer.end.close()
    await settle()
    assert record.codes == [code]
    other.send("still here")
    await settle()
    assert record.heard[-1] in ("still here", b"still here")


async def test_end_inside_a_frame_on_a_plain_wire(lab: MakeLab) -> None:
    """A stream that ends inside a frame was lost, whatever its end looked like."""
    record, _, peer = await raw(lab, Plain(Lines()))
    peer.end.write(b"whole\nhal")
    peer.end.close()
    await settle()
    assert record.heard == ["whole"]
    assert record.codes == [1006]


@WIRES
async def test_transport_that_cannot_half_close(lab: MakeLab, wire: Wire) -> None:
    """Where one direction cannot end alone, as on TLS, both ends still find the end."""
    record, made, client, _ = await joined(lab, wire)
    made.near[0].half_closes = made.far[0].half_closes = False
    await client.close()
    await settle()
    assert record.codes == [1000]


@WIRES
async def test_close_of_a_connection_that_was_reset(lab: MakeLab, wire: Wire) -> None:
    """A reset that shows only when the own direction is ended does not reach who closes."""
    record, made, client, _ = await joined(lab, wire)

    def refuse() -> None:
        """Raise what ``shutdown`` of a socket raises once the peer has reset the connection."""
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    made.near[0].write_eof = refuse  # type: ignore[method-assign]
    await client.close()
    await settle()
    assert record.codes in ([1000], [1006])


@WIRES
async def test_pending_requests_fail_at_once(lab: MakeLab, wire: Wire) -> None:
    """Losing the connection fails what waits for an answer, and says that it may have run."""
    record, made, client, _ = await joined(lab, wire)
    record.server.on_client_request(lambda request, client: asyncio.sleep(1, request))
    asking = asyncio.ensure_future(client.request("anybody?"))
    await settle()
    made.near[0].reset()
    with pytest.raises(ConnectionClosed) as caught:
        await asking
    assert caught.value.maybe_executed
    assert caught.value.code == 1006


@WIRES
async def test_waiting_for_each_other_does_not_deadlock(lab: MakeLab, wire: Wire) -> None:
    """Handlers of two clients may each await the end of the other."""
    server: Server[Any, Any, Any] = Server()
    gone: list[str] = []

    async def close_the_others(message: Any, client: Any) -> None:
        for other in server.clients:
            if other is not client:
                await other.close()
        gone.append(client.id)

    server.on_client_message(close_the_others)
    made = lab(server, wire)
    clients = [await made.client().connect() for _ in range(2)]
    for client in clients:
        client.send("go")
    await asyncio.sleep(12)
    assert len(gone) == 2
    assert len(server.clients) == 0


@WIRES
@pytest.mark.parametrize("stop", [Server.drain, Server.close])
async def test_stopping_the_server_from_a_handler(
    lab: MakeLab, wire: Wire, stop: Callable[[Any], Any]
) -> None:
    """A handler may await the end of its own server."""
    server: Server[Any, Any, Any] = Server()
    stopped = asyncio.Event()

    async def shut_down(message: Any, client: Any) -> None:
        await stop(server)
        stopped.set()

    server.on_client_message(shut_down)
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("stop")
    async with asyncio.timeout(8):
        await stopped.wait()
    await settle()
    assert len(server.clients) == 0


async def test_bad_payload_behind_a_loss(lab: MakeLab) -> None:
    """What does not decode is reported also when there is nobody left to tell."""
    errors: list[str] = []
    server: Server[Any, Any, Any] = Server().on_client_connect(lambda client: client.pause())
    server.on_client_error(lambda error, client: errors.append(type(error).__name__))
    codes: list[int] = []
    server.on_client_disconnect(lambda client: codes.append(client.close_code))
    made = lab(server, Plain(Lines()))
    peer = Raw()
    made.accept(peer)
    await settle()
    peer.end.write(b"a\n\xff\n")
    await settle()
    made.far[0].reset()
    await settle()
    assert errors == ["ConnectionResetError", "DecodeError"]
    assert codes == [1006]


async def test_echo_of_a_backlog_before_the_end(lab: MakeLab) -> None:
    """Handlers of what came before the end of the stream may still send (a plain wire)."""
    server: Server[Any, Any, Any] = Server()
    server.on_client_message(lambda message, client: client.send(message))
    made = lab(server, Plain(Lines()))
    peer = Raw()
    made.accept(peer)
    await settle()
    peer.end.other.protocol.data_received(b"x\n" * 1000)
    peer.end.other.protocol.eof_received()
    await settle(200)
    assert peer.heard == b"x\n" * 1000
    assert peer.has_eof


async def test_close_reads_on_to_the_end(lab: MakeLab) -> None:
    """A full inbox that had stopped reading is empty then: the peer's CLOSE is not waited for."""
    made = lab(Server(limits=Limits(inbox_high_bytes=1000)))
    client = await made.client().connect()
    await settle()
    (connected,) = made.server.clients
    connected.pause()
    for _ in range(100):
        client.send(bytes(100))
    await settle()
    assert not made.far[0].is_reading()
    began = asyncio.get_running_loop().time()
    await connected.close()
    assert asyncio.get_running_loop().time() == began


@WIRES
@pytest.mark.parametrize("stop", ["close", "drain"])
async def test_server_stops_while_a_lost_client_does_not_read(
    lab: MakeLab, wire: Wire, stop: str
) -> None:
    """A stream that ended without CLOSE, behind a full line, holds up nobody who stops."""
    record, made, _, connected = await joined(lab, wire)
    made.far[0].stall()
    connected.send("x" * 500_000)
    await settle()
    # Half a frame, so that the end of the stream is a loss on a plain wire too.
    made.near[0].write(b"\0")
    made.near[0].write_eof()
    await settle()
    assert connected.closed
    await getattr(made.server, stop)()
    assert record.codes == [1006]


async def test_messages_before_a_loss_are_handled_behind_it(lab: MakeLab) -> None:
    """What one read brought is handled also if the connection ends between two turns."""
    heard: list[object] = []
    made = lab(Server().on_client_message(lambda message, _: heard.append(message)), Plain(Lines()))
    _, far = made.accept(Raw())
    far.protocol.data_received(b"x\n" * 300)
    far.protocol.connection_lost(None)
    await settle()
    assert len(heard) == 300


async def test_hello_of_who_has_gone_is_not_answered(lab: MakeLab) -> None:
    """One that waited for its id may have ended meanwhile."""
    made = lab()
    _, far = made.accept(Raw())
    far.protocol.connection_lost(None)
    lobby = made.server._lobby
    assert lobby is not None
    hello: Any = None
    lobby.greeted(far.protocol, hello)
    assert len(made.server.clients) == 0
