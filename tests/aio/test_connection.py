"""What a connection does in the corners that two polite ends never reach."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from mcws_client import Client
from mcws_protocol import (
    CancelFrame,
    CloseFrame,
    Contract,
    EncodeError,
    ErrorFrame,
    HelloFrame,
    LocalProtocolError,
    Mcws,
    Mode,
    Plain,
    RejectFrame,
    RequestFailed,
    RequestFrame,
    Text,
    encode_frame,
)
from mcws_protocol import Lines as LinesOfText
from mcws_protocol.aio import Unconnected
from mcws_server import ConnectedClient, Server
from tests.aio.harness import Lab, MakeLab, Raw, settle
from tests.aio.thermo import THERMO, Config, GetConfig, Reading

HELLO = encode_frame(HelloFrame(frame_bytes_max=1 << 16, features=1))
EMPTY = b"\0\0\0\x02\x10\x00"


async def welcomed(made: Lab) -> Raw:
    """Return a peer that writes bytes and was welcomed; what it heard so far is forgotten."""
    peer = Raw()
    made.accept(peer)
    peer.end.write(HELLO)
    await settle()
    peer.heard = b""
    return peer


async def test_data_behind_a_backlog(lab: MakeLab) -> None:
    """A read that comes while an earlier one is being handled waits behind it."""
    heard: list[Any] = []
    made = lab(Server().on_client_message(lambda message, client: heard.append(message)))
    peer = await welcomed(made)
    connection = peer.end.other.protocol
    connection.data_received(EMPTY * 300)
    connection.data_received(b"\0\0\0\x03\x10\x00x")
    assert len(heard) == 128
    await settle()
    assert heard == [b""] * 300 + [b"x"]


async def test_close_in_the_middle_of_a_read(lab: MakeLab) -> None:
    """A handler that closes its client is the last one of that client."""
    heard: list[Any] = []

    def hang_up(message: Any, client: ConnectedClient) -> None:
        heard.append(message)
        client.close()

    made = lab(Server().on_client_message(hang_up))
    peer = await welcomed(made)
    peer.end.write(EMPTY * 5)
    await settle()
    assert heard == [b""]


async def test_messages_wait_once_the_outbox_is_full(lab: MakeLab) -> None:
    """A plain handler whose answer has no room is the last one until there is."""
    heard: list[Any] = []

    def answer(message: Any, client: ConnectedClient) -> None:
        heard.append(message)
        client.send("x" * 60_000)

    made = lab(Server().on_client_message(answer))
    peer = await welcomed(made)
    made.far[0].stall()
    peer.end.write(EMPTY * 10)
    await settle()
    assert 1 < len(heard) < 5
    made.far[0].flow()
    await settle(200)
    assert len(heard) == 10


async def test_cancel_reaches_the_handler(lab: MakeLab) -> None:
    """A CANCEL cancels the handler and is answered with ERROR 6; one of nobody is ignored."""
    cancelled: list[str] = []

    async def hang(request: Any, client: ConnectedClient) -> str:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            cancelled.append("yes")
            raise
        return "never"

    made = lab(Server().on_client_request(hang))
    peer = await welcomed(made)
    peer.end.write(encode_frame(CancelFrame(9)))
    peer.end.write(encode_frame(RequestFrame(1, b"q")))
    await settle()
    peer.end.write(encode_frame(CancelFrame(1)) * 2)
    await settle()
    assert cancelled == ["yes"]
    assert peer.heard == encode_frame(ErrorFrame(1, 6))


async def test_requests_wait_behind_a_slow_message(lab: MakeLab) -> None:
    """A request that arrived behind a message starts when the handler of that one has ended."""
    events: list[str] = []

    async def slow(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        events.append("message")

    def answer(request: Any, client: ConnectedClient) -> str:
        events.append("request")
        return "answer"

    made = lab(Server().on_client_message(slow).on_client_request(answer))
    client = await made.client().connect()
    client.send("first")
    assert await client.request("second") == "answer"
    assert events == ["message", "request"]


async def test_draining_server_refuses_new_requests(lab: MakeLab) -> None:
    """A request that comes while the server drains gets ERROR 7, the first one too."""
    server: Server[Any, Any, Any] = Server().on_client_request(lambda request, client: "late")
    server.on_client_message(lambda message, client: asyncio.sleep(2))
    made = lab(server)
    client = await made.client().connect()
    client.send("keeps the server busy")
    await settle()
    draining = asyncio.ensure_future(server.drain())
    await settle()
    with pytest.raises(RequestFailed) as caught:
        await client.request("too late")
    assert caught.value.code == 7
    await draining


async def test_reject_is_said_once(lab: MakeLab) -> None:
    """An opening is refused once, whatever is wrong with it after that."""
    made = lab(Server())
    peer = Raw()
    made.accept(peer)
    connection = peer.end.other.protocol
    connection.reject(RejectFrame(1013, 0, "first"))
    connection.reject(RejectFrame(1013, 0, "second"))
    await settle()
    assert peer.heard == encode_frame(RejectFrame(1013, 0, "first"))


async def test_close_with_after_the_end(lab: MakeLab) -> None:
    """Closing what is lost already changes nothing."""
    made = lab(Server())
    peer = await welcomed(made)
    (connected,) = made.server.clients
    made.far[0].reset()
    await settle()
    await connected.close(4200)
    assert connected.close_code == 1006
    assert not peer.heard


async def test_application_closes_behind_the_peers_close(lab: MakeLab) -> None:
    """The answer to a CLOSE carries the peer's code, whoever asks for it."""

    async def close_late(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        client.close(4300)

    made = lab(Server().on_client_message(close_late))
    peer = await welcomed(made)
    peer.end.write(EMPTY + encode_frame(CloseFrame(4200)))
    await asyncio.sleep(2)
    assert peer.heard == encode_frame(CloseFrame(4200))


async def test_id_of_an_opening_cannot_change(lab: MakeLab) -> None:
    """On mcws/1 the id was agreed on; elsewhere it may be set once."""
    made = lab(Server())
    await made.client(id="kiosk").connect()
    await settle()
    (connected,) = made.server.clients
    with pytest.raises(LocalProtocolError, match="agreed on"):
        connected.id = "other"
    assert connected.id == "kiosk"


async def test_what_a_peer_tells_of_itself(lab: MakeLab) -> None:
    """A client object knows address, id, contract and state, and has room for metadata."""
    made = lab(Server())
    client = await made.client(id="kiosk").connect()
    await settle()
    (connected,) = made.server.clients
    connected.metadata["role"] = "operator"
    assert connected.metadata == {"role": "operator"}
    assert connected.remote_address == ("cable", 1)
    assert (connected.socket, connected.contract, connected.rtt) == (None, "", None)
    assert connected.skipped == 0
    assert repr(connected) == "<ConnectedClient kiosk open>"
    await client.close()
    assert repr(client) == "<Client kiosk closed 1000>"
    assert connected.close_reason == ""


async def test_write_goes_past_the_codec(lab: MakeLab) -> None:
    """``write`` sends a payload as it is; what is none is refused."""
    heard: list[Any] = []
    made = lab(
        Server().on_client_message(lambda message, client: heard.append(message)),
        Plain(LinesOfText()),
    )
    client = await made.client().connect()
    client.write(b"bytes")
    client.write("text")
    with pytest.raises(TypeError, match="expected bytes or str, got int"):
        client.write(7)  # type: ignore[arg-type] # the mistake is the test
    await settle()
    assert heard == ["bytes", "text"]


async def test_handlers_of_one_client(lab: MakeLab) -> None:
    """A client object's own handlers come behind the server's, and can be taken back."""
    events: list[str] = []
    server: Server[Any, Any, Any] = Server()
    server.on_client_message(lambda message, client: events.append(f"server {message}"))
    made = lab(server)
    client = await made.client().connect()
    await settle()
    connected: ConnectedClient = next(iter(server.clients))

    def own(message: Any, client: ConnectedClient) -> None:
        events.append(f"own {message}")

    connected.on_message(own)
    connected.on(bytes)(lambda message, client: events.append("bytes"))
    connected.on_request(lambda request, client: "own answer")
    connected.on_close(lambda client: events.append("closed"))
    assert await client.request("q") == "own answer"
    client.send("a")
    await settle()
    connected.off_message(own)
    connected.off_message(own)
    client.send(b"b")
    await client.close()
    await settle()
    assert events == ["server a", "own a", "server b'b'", "bytes", "closed"]


async def test_handlers_of_a_connection(lab: MakeLab) -> None:
    """A class of one's own registers on the connection itself, and takes back there."""
    heard: list[Any] = []

    def own(message: Any, client: Any) -> None:
        heard.append(message)

    made = lab()
    client = await made.client().connect()
    await settle()
    connection: Any = next(iter(made.server.clients))._connection
    connection.on_message(own)
    client.send("a")
    await settle()
    connection.off_message(own)
    connection.off_message(own)
    client.send("b")
    await settle()
    assert heard == ["a"]


async def test_errors_of_one_client(lab: MakeLab) -> None:
    """A client object's own error hooks hear what goes wrong with it."""
    errors: list[Exception] = []

    def fail(message: Any, client: ConnectedClient) -> None:
        raise ValueError(message)

    made = lab(Server().on_client_message(fail))
    client = await made.client().connect()
    await settle()
    connected: ConnectedClient = next(iter(made.server.clients))
    connected.on_error(lambda error, client: errors.append(error))
    client.send("oops")
    await settle()
    assert [str(error) for error in errors] == ["oops"]


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
async def test_request_with_a_wrong_timeout(lab: MakeLab, timeout: float) -> None:
    """A timeout that is not above zero is refused before anything is sent."""
    made = lab(Server())
    client = await made.client().connect()
    with pytest.raises(ValueError, match="timeout must be above 0 seconds"):
        await client.request("q", timeout=timeout)
    await client.close()


def test_handler_for_what_is_no_type() -> None:
    """``on`` takes a class, and says so before it registers anything."""
    with pytest.raises(TypeError, match="kind must be a class of messages"):
        Client("tcp://127.0.0.1:1").on("text")  # type: ignore[call-overload] # the mistake is the test


async def test_unconnected_client_refuses() -> None:
    """Before it is connected a client sends nothing and says why; what needs no peer works."""
    client = Client("tcp://127.0.0.1:1", wire=Mcws())
    for call in (client.room, client.flush, client.pause, lambda: client.send("x")):
        with pytest.raises(ConnectionError, match="not connected"):
            call()
    with pytest.raises(ConnectionError, match="not connected"):
        client.write(b"x")
    with pytest.raises(ConnectionError, match="not connected"):
        await client.request("q")
    client.resume()
    client.abort()
    await client._connection.close()
    assert (client.closed, client.paused, client.rtt, client.remote_address) == (
        True,
        False,
        None,
        None,
    )
    assert (client.socket, client.close_code, client.close_reason) == (None, 1006, "")


class Careless:
    """A codec of a stranger that raises what it likes, with what the peer sent in it."""

    def encode(self, message: bytes | str, /) -> bytes | str:
        """Return the message."""
        return message

    def decode(self, payload: bytes | str, /) -> bytes | str:
        """Fail."""
        raise KeyError(payload)


async def test_codec_that_raises_what_it_likes(
    lab: MakeLab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A payload that a careless codec chokes on does not decode: 1007, and no content in a log."""
    monkeypatch.setattr(Mcws, "codec", Careless())
    ends: list[int] = []
    made = lab(Server().on_client_disconnect(lambda client: ends.append(client.close_code)))
    client = await made.client().connect()
    client.write("secret")
    await settle()
    assert ends == [1007]
    assert "codec raised KeyError" in caplog.text
    assert "secret" not in caplog.text


async def test_welcome_that_the_client_cannot_read(lab: MakeLab) -> None:
    """A client with small buffers and a long id is rejected, and no hook hears of it."""
    events: list[Any] = []
    made = lab(Server().on_client_connect(events.append).on_client_disconnect(events.append))
    peer = Raw()
    made.accept(peer)
    peer.end.write(encode_frame(HelloFrame(frame_bytes_max=256, id="x" * 255)))
    await settle()
    reason = "frame of 294 bytes exceeds the limit of 256 bytes"
    assert peer.heard == encode_frame(RejectFrame(1009, 0, reason))
    peer.end.close()
    await settle()
    assert events == []


@pytest.mark.parametrize("end", ["loss", "close"])
async def test_request_handler_that_iterates_over_its_own_client(lab: MakeLab, end: str) -> None:
    """The iteration ends with the messages, so that the end does not wait for it for ever."""
    heard: list[Any] = []
    closed: list[int] = []
    made = lab(Server())
    client = made.client().on_close(lambda client: closed.append(client.close_code))

    async def collect(request: Any, client: Client) -> str:
        heard.extend([message async for message in client])
        return "all"

    await client.on_request(collect).connect()
    await settle()
    (connected,) = made.server.clients
    asking = asyncio.ensure_future(connected.request("collect", timeout=None))
    connected.send("one")
    await settle()
    if end == "loss":
        made.near[0].reset()
    else:
        connected.close(4200)
    await settle()
    assert (heard, closed) == (["one"], [1006 if end == "loss" else 4200])
    made.far[0].abort()
    with pytest.raises(ConnectionError):
        await asking


def test_connection_that_was_given_up_ends_no_iteration() -> None:
    """What another connection of the same client runs out of is not what this one reads."""
    client = Client("tcp://127.0.0.1:1")
    client.emptied(Unconnected())
    assert not client._mailbox.is_closed
    client.emptied(client._connection)
    assert client._mailbox.is_closed


# Contracts


@pytest.mark.parametrize("is_debugging", [True, False])
async def test_debug_mode_checks_what_is_sent(lab: MakeLab, is_debugging: bool) -> None:
    """A field of another type shows where it is sent; otherwise the peer finds it."""
    asyncio.get_running_loop().set_debug(is_debugging)
    made = lab(Server(THERMO))
    client = await made.client().connect()
    wrong = Reading(cast("Any", "hot"))
    if is_debugging:
        with pytest.raises(EncodeError, match=r"^Reading is not float at \$\.celsius$"):
            client.send(wrong)
        client.send(Reading(1.0))
        await settle()
        assert not client.closed
    else:
        client.send(wrong)
        await settle()
        assert client.close_code == 1007
    await client.close()


async def test_debug_mode_checks_requests_and_replies(lab: MakeLab) -> None:
    """A request is refused at once, and a wrong reply is the handler's failure."""
    asyncio.get_running_loop().set_debug(True)
    server = Server(THERMO)
    server.on(GetConfig)(lambda request, client: Config(cast("Any", "often")))
    client = await lab(server).client().connect()
    with pytest.raises(EncodeError, match=r"^GetConfig is not str at \$\.section$"):
        await client.request(GetConfig(cast("Any", 7)))
    with pytest.raises(RequestFailed, match="code 3"):
        await client.request(GetConfig())
    await client.close()


@pytest.mark.parametrize("initiator", ["server", "client"])
async def test_plain_end_that_does_not_begin_only_answers(lab: MakeLab, initiator: Any) -> None:
    """In half duplex on a plain wire, whatever the end says that begins is a request."""
    talk: Contract[Any, Any] = Contract(
        "talk",
        version=1,
        up=str,
        down=str,
        wire=Plain(LinesOfText()),
        codec=Text(),
        mode=Mode.HALF_DUPLEX,
        initiator=initiator,
    )
    server = Server(talk).on_client_request(lambda message, client: f"server: {message}")
    client = lab(server).client().on_request(lambda message, client: f"client: {message}")
    await client.connect()
    await settle()
    if initiator == "client":
        assert await client.request("hi") == "server: hi"
    else:
        (connected,) = server.clients
        assert await connected.request("hi") == "client: hi"
    await client.close()
