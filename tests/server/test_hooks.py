"""What a server calls, when, how often and in which order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import (
    ConnectionClosed,
    DecodeError,
    FrameTooLong,
    HelloFrame,
    IncompleteFrame,
    Limits,
    Lines,
    Mcws,
    Plain,
    Refused,
    RemoteProtocolError,
    RequestFailed,
    Wire,
    encode_frame,
)
from mcws_protocol.aio import Peer
from mcws_server import ConnectedClient, Server
from tests.aio.harness import MakeLab, Raw, settle

LINES = Plain(Lines())
WIRES = pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])
HELLO = encode_frame(HelloFrame(frame_bytes_max=1 << 20, features=1))


class Diary(list[Any]):
    """What happened, in order."""

    def plain(self, name: str) -> Callable[..., None]:
        """Return a plain callback that writes down its name."""
        return lambda *arguments: self.append(name)

    def slow(self, name: str) -> Callable[..., Any]:
        """Return an async callback that writes down its begin and its end."""

        async def callback(*arguments: object) -> str:
            self.append(f"{name} begins")
            await asyncio.sleep(1)
            self.append(f"{name} ends")
            return "done"

        return callback


async def cancel_me() -> None:
    """Cancel the task that runs this."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


def collecting(errors: list[Exception]) -> Server:
    """Return a server that collects what goes wrong."""
    return Server().on_client_error(lambda error, client: errors.append(error))


# Registering


def test_hooks_chain() -> None:
    """Every registering call returns the server, as in the original."""
    server = Server()
    assert (
        server.on_client_connect(print)
        .on_client_disconnect(print)
        .on_client_message(print)
        .on_client_error(print)
        .on_client_request(lambda request, client: request)
    ) is server


@pytest.mark.parametrize(
    "register",
    [
        Server.on_client_connect,
        Server.on_client_disconnect,
        Server.on_client_message,
        Server.on_client_request,
        Server.on_client_error,
    ],
)
def test_hooks_take_callables_only(register: Callable[[Server, Any], Server]) -> None:
    """What cannot be called is refused at once, not when the first client comes."""
    with pytest.raises(TypeError, match="callback must be callable, not None"):
        register(Server(), None)


def test_on_takes_a_class() -> None:
    """``on`` wants a type of messages."""
    with pytest.raises(TypeError, match="kind must be a class of messages, not 'str'"):
        Server().on("str")  # type: ignore[call-overload]  # the point of the test


def test_on_returns_the_function() -> None:
    """A decorated handler can still be called by its name, as in a unit test."""

    def handler(message: str, client: ConnectedClient) -> int:
        return len(message)

    assert Server().on(str)(handler) is handler


def test_second_request_hook_is_refused() -> None:
    """A request has exactly one answer, so there is one hook."""
    server = Server().on_client_request(lambda request, client: request)
    with pytest.raises(ValueError, match="requests are handled by"):
        server.on_client_request(lambda request, client: request)


# Order


@WIRES
async def test_hooks_run_in_order_of_registration(lab: MakeLab, wire: Wire) -> None:
    """Plain and async callbacks of a kind take turns; each ends before the next begins."""
    diary = Diary()
    server = Server()
    for name in ("connect", "message", "disconnect"):
        register = getattr(server, f"on_client_{name}")
        register(diary.plain(f"{name} 1"))
        register(diary.slow(f"{name} 2"))
        register(diary.plain(f"{name} 3"))
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("hello")
    await asyncio.sleep(9)
    await client.close()
    await asyncio.sleep(9)
    assert diary == [
        f"{name} {step}"
        for name in ("connect", "message", "disconnect")
        for step in ("1", "2 begins", "2 ends", "3")
    ]


@WIRES
async def test_connect_hook_comes_before_the_first_message(lab: MakeLab, wire: Wire) -> None:
    """Messages that arrive during a slow connect hook wait for its end."""
    diary = Diary()
    server = Server().on_client_connect(diary.slow("connect"))
    server.on_client_message(lambda message, client: diary.append(message))
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("one")
    client.send("two")
    await asyncio.sleep(0.5)
    assert diary == ["connect begins"]
    await asyncio.sleep(1)
    assert diary == ["connect begins", "connect ends", "one", "two"]


@WIRES
async def test_disconnect_hook_comes_after_the_last_handler(lab: MakeLab, wire: Wire) -> None:
    """The hook runs once, when the slow handler of the last message has ended."""
    diary = Diary()
    server = Server().on_client_message(diary.slow("message"))
    server.on_client_disconnect(diary.plain("disconnect"))
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("one")
    await settle()
    made.far[0].reset()
    await asyncio.sleep(9)
    assert diary == ["message begins", "message ends", "disconnect"]


async def test_disconnect_hook_comes_after_the_last_request(lab: MakeLab) -> None:
    """A request handler that still runs when the connection is lost ends before the hook."""
    diary = Diary()
    server = Server().on_client_request(diary.slow("request"))
    server.on_client_disconnect(diary.plain("disconnect"))
    made = lab(server)
    client = await made.client().connect()
    request = asyncio.ensure_future(client.request("?", timeout=None))
    await settle()
    made.far[0].reset()
    made.near[0].reset()
    await asyncio.sleep(9)
    assert diary == ["request begins", "request ends", "disconnect"]
    assert isinstance(request.exception(), ConnectionError)


async def test_own_hooks_of_a_client_come_last(lab: MakeLab) -> None:
    """Handlers of the server come before those that were registered on one client."""
    diary = Diary()

    def connected(client: ConnectedClient) -> None:
        client.on_message(diary.plain("own message")).on_close(diary.plain("own end"))

    server = Server().on_client_connect(connected)
    server.on_client_message(diary.plain("message")).on_client_disconnect(diary.plain("end"))
    made = lab(server)
    async with made.client() as client:
        client.send("x")
        await settle()
    await settle()
    assert diary == ["message", "own message", "end", "own end"]


async def test_registering_while_dispatching(lab: MakeLab) -> None:
    """A handler that registers another one is heard from the next message on."""
    diary = Diary()
    server = Server()

    def first(message: Any, client: ConnectedClient) -> None:
        diary.append("first")
        server.on_client_message(diary.plain("second"))

    made = lab(server.on_client_message(first))
    client = await made.client().connect()
    client.send("a")
    client.send("b")
    await settle()
    assert diary == ["first", "first", "second"]


async def test_connect_hook_registered_in_a_connect_hook(lab: MakeLab) -> None:
    """It runs for the next client, not for the one that is being let in."""
    diary = Diary()
    server = Server()
    server.on_client_connect(lambda client: server.on_client_connect(diary.plain("late")))
    made = lab(server)
    await made.client().connect()
    assert diary == []
    await made.client().connect()
    assert diary == ["late"]


async def test_on_hears_its_type_only(lab: MakeLab) -> None:
    """``on(str)`` gets text, ``on(bytes)`` gets bytes, the message hook gets both."""
    diary = Diary()
    server = Server()

    @server.on(str)
    def text(message: str, client: ConnectedClient) -> None:
        diary.append(("text", message))

    @server.on(bytes)
    def binary(message: bytes, client: ConnectedClient) -> None:
        diary.append(("bytes", message))

    server.on_client_message(lambda message, client: diary.append(message))
    made = lab(server)
    client = await made.client().connect()
    client.send("a")
    client.send(b"b")
    await settle()
    assert diary == [("text", "a"), "a", ("bytes", b"b"), b"b"]


# Who is there when


@WIRES
async def test_client_is_listed_around_its_hooks(lab: MakeLab, wire: Wire) -> None:
    """It is in ``clients`` in its connect hook and no more in its disconnect hook."""
    server = Server()
    listed: list[bool] = []
    for register in (server.on_client_connect, server.on_client_disconnect):
        register(lambda client: listed.append(client in server.clients))
    made = lab(server, wire)
    client = await made.client().connect()
    await client.close()
    await settle()
    assert listed == [True, False]


@WIRES
async def test_disconnect_hook_knows_the_code(lab: MakeLab, wire: Wire) -> None:
    """``close_code`` and ``close_reason`` are set when the hook runs."""
    ends: list[Any] = []
    server = Server().on_client_disconnect(
        lambda client: ends.append((client.close_code, client.close_reason, client.closed))
    )
    made = lab(server, wire)
    client = await made.client().connect()
    await client.close(3001, "enough")
    await settle()
    assert ends == [(3001, "enough", True) if wire == Mcws() else (1000, "", True)]


@WIRES
@pytest.mark.parametrize("is_async", [False, True])
async def test_connect_hook_that_raises(lab: MakeLab, wire: Wire, is_async: bool) -> None:
    """It closes with 1011, no message is delivered, and the disconnect hook runs once."""
    diary = Diary()

    def refuse(client: ConnectedClient) -> None:
        raise LookupError

    async def refuse_late(client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        raise LookupError

    server = Server().on_client_connect(refuse_late if is_async else refuse)
    server.on_client_message(diary.plain("message"))
    server.on_client_disconnect(lambda client: diary.append(client.close_code))
    made = lab(server, wire)
    client = await made.client().connect()
    with contextlib.suppress(ConnectionClosed):
        client.send("hello")
    await asyncio.sleep(9)
    assert diary == [1011]
    assert client.closed
    assert client.close_code == (1011 if wire == Mcws() else 1000)


async def test_connect_hook_sends_behind_welcome(lab: MakeLab) -> None:
    """What the hook sends is the first message that the client gets."""
    made = lab(Server().on_client_connect(lambda client: client.send("welcome to Server :)")))
    client = await made.client().connect()
    assert await anext(aiter(client)) == "welcome to Server :)"


async def test_connect_hook_may_ask_its_client(lab: MakeLab) -> None:
    """A connect hook may await a request to its own client, with messages waiting behind it."""
    answers: list[Any] = []

    async def ask(client: ConnectedClient) -> None:
        answers.append(await client.request("who are you?"))

    made = lab(Server().on_client_connect(ask).on_client_message(lambda m, c: answers.append(m)))
    client = made.client().on_request(lambda request, client: "a device")
    await client.connect()
    client.send("later")
    await settle()
    assert answers == ["a device", "later"]


@pytest.mark.parametrize("wire", [Mcws(), LINES], ids=["mcws", "lines"])
async def test_client_that_is_closed_before_its_connect_hook(lab: MakeLab, wire: Wire) -> None:
    """Closed in the turn in which it came, it has both hooks or none: never the second alone."""
    diary = Diary()
    server = Server().on_client_connect(diary.plain("connect"))
    server.on_client_disconnect(diary.plain("disconnect"))
    made = lab(server, wire)
    near, far = made.accept(Raw())
    if wire == Mcws():
        far.protocol.data_received(HELLO)
    [client] = server.clients
    client.close()
    near.close()
    await settle()
    assert diary in ([], ["connect", "disconnect"])


@WIRES
async def test_connect_hook_that_is_cancelled(lab: MakeLab, wire: Wire) -> None:
    """A cancelled connect hook has failed: 1011, and the disconnect hook runs."""
    ends: list[int] = []

    @(server := Server()).on_client_connect
    async def come(client: ConnectedClient) -> None:
        await cancel_me()

    server.on_client_disconnect(lambda client: ends.append(client.close_code))
    made = lab(server, wire)
    client = await made.client().connect()
    await asyncio.sleep(9)
    assert ends == [1011]
    assert client.closed


@WIRES
async def test_disconnect_hook_that_is_cancelled(lab: MakeLab, wire: Wire) -> None:
    """A cancelled disconnect hook is the end of it: the server knows that the client is gone."""

    @(server := Server()).on_client_disconnect
    async def go(client: ConnectedClient) -> None:
        await cancel_me()

    made = lab(server, wire)
    client = await made.client().connect()
    await client.close()
    await settle()
    async with asyncio.timeout(60):
        await server.close()


@WIRES
async def test_message_handler_that_is_cancelled(lab: MakeLab, wire: Wire) -> None:
    """A cancelled handler is logged as failed; the next message is handled."""
    diary = Diary()

    @(server := Server()).on_client_message
    async def handle(message: Any, client: ConnectedClient) -> None:
        if not diary:
            diary.append("cancelled")
            await cancel_me()
        diary.append(message)

    made = lab(server, wire)
    client = await made.client().connect()
    client.send("a")
    client.send("b")
    await settle()
    assert diary == ["cancelled", "b"]


# Errors


@WIRES
async def test_error_hook_gets_what_handlers_raise(lab: MakeLab, wire: Wire) -> None:
    """Plain and async handlers alike; the connection stays and later handlers run."""
    errors: list[Exception] = []
    heard: list[Any] = []
    server = collecting(errors)

    @server.on_client_message
    async def fail_late(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(0)
        raise LookupError(message)

    @server.on_client_message
    def fail(message: Any, client: ConnectedClient) -> None:
        raise ValueError(message)

    server.on_client_message(lambda message, client: heard.append(message))
    made = lab(server, wire)
    client = await made.client().connect()
    client.send("a")
    client.send("b")
    await settle()
    assert [type(error) for error in errors] == [LookupError, ValueError] * 2
    assert heard == ["a", "b"]
    assert not client.closed


async def test_error_hook_gets_decode_errors(lab: MakeLab) -> None:
    """What does not decode is reported, without its content, and closes with 1007."""
    errors: list[Exception] = []
    made = lab(collecting(errors), LINES)
    near, _ = made.accept(raw := Raw())
    near.write(b"secret \xff\n")
    await settle()
    [error] = errors
    assert isinstance(error, DecodeError)
    assert "secret" not in str(error)
    assert raw.has_eof


async def test_error_hook_gets_protocol_errors(lab: MakeLab) -> None:
    """A frame that is too long is reported and ends the connection; what came before is handled."""
    diary: list[Any] = []
    server = Server(limits=Limits(frame_bytes_max=256))
    server.on_client_error(lambda error, client: diary.append(type(error)))
    server.on_client_message(lambda message, client: diary.append(message))
    made = lab(server, LINES)
    near, _ = made.accept(raw := Raw())
    near.write(b"good\n" + b"x" * 300)
    await settle()
    assert diary == ["good", FrameTooLong]
    assert raw.has_eof


async def test_error_hook_is_not_told_before_there_is_a_client(lab: MakeLab) -> None:
    """What goes wrong in the opening is logged and refused; no client object is made."""
    errors: list[Exception] = []
    made = lab(collecting(errors))
    near, _ = made.accept(raw := Raw())
    near.write(HELLO + HELLO)
    await settle()
    assert errors == []
    assert raw.has_eof


async def test_error_hook_gets_a_second_hello(lab: MakeLab) -> None:
    """HELLO on an open connection is a protocol error of its client."""
    errors: list[Exception] = []
    made = lab(collecting(errors))
    near, _ = made.accept(Raw())
    near.write(HELLO)
    await settle()
    near.write(HELLO)
    await settle()
    assert [type(error) for error in errors] == [RemoteProtocolError]


async def test_error_hook_gets_a_frame_that_was_cut(lab: MakeLab) -> None:
    """The end of the stream inside a frame is reported."""
    errors: list[Exception] = []
    made = lab(collecting(errors), LINES)
    near, _ = made.accept(Raw())
    near.write(b"half a line")
    near.close()
    await settle()
    assert [type(error) for error in errors] == [IncompleteFrame]


@WIRES
async def test_error_hook_gets_transport_errors(lab: MakeLab, wire: Wire) -> None:
    """A reset is reported once, before the disconnect hook."""
    diary: list[Any] = []
    server = Server().on_client_error(lambda error, client: diary.append(type(error)))
    server.on_client_disconnect(lambda client: diary.append(client.close_code))
    made = lab(server, wire)
    await made.client().connect()
    made.far[0].reset()
    await settle()
    assert diary == [ConnectionResetError, 1006]


async def test_error_hooks_may_be_async_and_may_raise(
    lab: MakeLab, caplog: pytest.LogCaptureFixture
) -> None:
    """One error hook that raises does not keep the others from being told."""
    told: list[str] = []

    def broken(error: Exception, client: ConnectedClient) -> None:
        raise LookupError

    async def broken_late(error: Exception, client: ConnectedClient) -> None:
        raise LookupError

    async def slow(error: Exception, client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        told.append(str(error))

    server = Server().on_client_error(broken).on_client_error(broken_late).on_client_error(slow)

    @server.on_client_message
    def fail(message: Any, client: ConnectedClient) -> None:
        raise ValueError("the first error")

    made = lab(server)
    client = await made.client().connect()
    client.send("x")
    await asyncio.sleep(2)
    assert told == ["the first error"]
    assert sum("error hook" in record.getMessage() for record in caplog.records) == 2


async def test_handler_that_raises_is_logged_with_its_traceback(
    lab: MakeLab, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can catch what a handler raises, so it is logged where it came from."""

    def fail(message: Any, client: ConnectedClient) -> None:
        raise ValueError("why")

    made = lab(Server().on_client_message(fail))
    (await made.client().connect()).send("x")
    await settle()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.name == "mcws.server"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


async def test_request_handler_that_raises(lab: MakeLab) -> None:
    """The request gets ERROR 3 without details, the error hook gets the error."""
    errors: list[Exception] = []

    def fail(request: Any, client: ConnectedClient) -> str:
        raise LookupError("a secret")

    made = lab(collecting(errors).on_client_request(fail))
    client = await made.client().connect()
    with pytest.raises(RequestFailed) as caught:
        await client.request("?")
    assert (caught.value.code, caught.value.reason) == (3, "")
    assert [str(error) for error in errors] == ["a secret"]


async def test_request_handler_that_refuses(lab: MakeLab) -> None:
    """``Refused`` is an answer and no error."""
    errors: list[Exception] = []

    async def refuse(request: Any, client: ConnectedClient) -> str:
        raise Refused(1234, "not today")

    made = lab(collecting(errors).on_client_request(refuse))
    client = await made.client().connect()
    with pytest.raises(RequestFailed) as caught:
        await client.request("?")
    assert (caught.value.code, caught.value.reason) == (1234, "not today")
    assert errors == []


@pytest.mark.parametrize("is_async", [False, True])
async def test_ten_thousand_raises_leave_the_connection(lab: MakeLab, is_async: bool) -> None:
    """FAULTS 20: a handler that always raises costs neither the connection nor a task."""
    logging.getLogger("mcws.server").setLevel(logging.CRITICAL)
    errors: list[Exception] = []

    def fail(message: Any, client: ConnectedClient) -> None:
        raise ValueError(message)

    async def fail_late(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(0)
        raise ValueError(message)

    made = lab(collecting(errors).on_client_message(fail_late if is_async else fail))
    client = await made.client().connect()
    before = len(asyncio.all_tasks())
    for number in range(10_000):
        await client.send(str(number))
    while len(errors) < 10_000:
        await asyncio.sleep(0.01)
    logging.getLogger("mcws.server").setLevel(logging.NOTSET)
    assert [str(error) for error in errors] == [str(number) for number in range(10_000)]
    assert not client.closed
    assert len(asyncio.all_tasks()) <= before + 1


async def test_failed_handler_of_a_closed_connection_is_quiet(
    lab: MakeLab, caplog: pytest.LogCaptureFixture
) -> None:
    """``ConnectionClosed`` of the handler's own client is the end of it, not an error."""
    errors: list[Exception] = []

    async def answer(message: Any, client: ConnectedClient) -> None:
        await asyncio.sleep(1)
        client.send("too late")

    made = lab(collecting(errors).on_client_message(answer))
    client = await made.client().connect()
    client.send("x")
    await settle()
    client.abort()
    await asyncio.sleep(2)
    assert errors == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# Echo, as the original's quick start has it


@WIRES
async def test_echo_server(lab: MakeLab, wire: Wire) -> None:
    """A plain echo handler whose result is ignored sends every message back, in order."""
    made = lab(Server().on_client_message(lambda message, client: client.send(message)), wire)
    client: Client = await made.client().connect()
    texts = [f"message {number}" for number in range(300)]
    for text in texts:
        await client.send(text)
    messages = aiter(client)
    assert [await anext(messages) for _ in texts] == texts


def test_hooks_are_those_of_the_peer_class() -> None:
    """The server's view of a client is the shared surface, plus an id that can be set."""
    assert issubclass(ConnectedClient, Peer)


def test_limits_bind_each_connection() -> None:
    """The limits that a server was made with are those of its clients."""
    assert Server(limits=Limits(requests_max=7)).limits.requests_max == 7
