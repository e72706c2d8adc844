"""Strangers: programs that know nothing of simulations, as pairs of a server and a client.

All hold the same dialogue: the client sends the messages of ``SENT`` one by one, and the server
answers each one with its bytes in reverse.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
import websockets
from aiohttp import web

from mcws_client import Client
from mcws_protocol import Limits, McwsError
from mcws_server import ConnectedClient, Server
from mcws_testkit import World

PORT: Final = 4433
CERTIFICATES: Final = Path(__file__).parent / "certificates"

SENT: Final = (b"first", b"0123456789" * 7_500, b"x", bytes(range(256)) * 80, b"last")
"""Small and large ones in turn; the second one is longer than what is under way at once."""
ANSWERS: Final = tuple(message[::-1] for message in SENT)
BYTES_MAX: Final = 100_000
PATIENCE_S: Final = 150.0
"""How long a client tries. The network may delay all by 90 s, and what stalls stays so until the
client gives up."""


@functools.cache
def server_tls() -> ssl.SSLContext:
    """Return how the host ``server`` proves who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.crt", CERTIFICATES / "server.key")
    return context


@functools.cache
def client_tls() -> ssl.SSLContext:
    """Return how clients check that."""
    return ssl.create_default_context(cafile=CERTIFICATES / "server.crt")


@dataclass
class Diary:
    """What both ends of a dialogue were told by their libraries.

    Attributes:
        up: what the server got.
        down: what the client got.
    """

    up: list[bytes] = field(default_factory=list[bytes])
    down: list[bytes] = field(default_factory=list[bytes])

    def answer(self, message: bytes) -> bytes:
        """Note what the server got and return what it answers."""
        self.up.append(message)
        return message[::-1]

    @property
    def is_whole(self) -> bool:
        """Whether each end got all, once and in order."""
        return (tuple(self.up), tuple(self.down)) == (SENT, ANSWERS)

    @property
    def is_beginning(self) -> bool:
        """Whether each end got a beginning of it: nothing wrong, twice or in another order."""
        up, down = tuple(self.up), tuple(self.down)
        return up == SENT[: len(up)] and down == ANSWERS[: len(down)] and len(down) <= len(up)


Serve: TypeAlias = Callable[[Diary, bool], AbstractAsyncContextManager[object]]
Talk: TypeAlias = Callable[[Diary, bool], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Stranger:
    """One program.

    Attributes:
        serve: opens its server for the length of a block; the second argument asks for TLS.
        talk: is its client, likewise.
        losses: what the client may raise where the network is not kind.
    """

    serve: Serve
    talk: Talk
    losses: tuple[type[Exception], ...]


async def hold(world: World, stranger: Stranger, diary: Diary, *, is_secure: bool) -> None:
    """Let a server and a client talk on hosts of their own; ``diary`` has what both were told."""
    is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    is_over = asyncio.Event()

    async def serve() -> None:
        """Serve until the client has gone."""
        async with stranger.serve(diary, is_secure):
            is_open.set_result(None)
            await is_over.wait()

    serving = world.host("server").run(serve())
    await asyncio.wait({serving, is_open}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if is_open.done():
            await world.host("client").run(stranger.talk(diary, is_secure))
    finally:
        is_over.set()
        await serving


# asyncio's streams


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Read one message, with its length in front."""
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4)))


async def write_message(writer: asyncio.StreamWriter, message: bytes) -> None:
    """Write one message, with its length in front."""
    writer.write(len(message).to_bytes(4))
    writer.write(message)
    await writer.drain()


async def answer_stream(
    diary: Diary, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one client until it has nothing more to say."""
    while not reader.at_eof():
        try:
            message = await read_message(reader)
        except asyncio.IncompleteReadError:
            return
        await write_message(writer, diary.answer(message))


async def ask_stream(
    diary: Diary, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Say all that there is to say, and wait until the server has gone."""
    for message in SENT:
        await write_message(writer, message)
        diary.down.append(await read_message(reader))
    if writer.can_write_eof():
        writer.write_eof()
        assert not await reader.read()
    writer.close()
    await writer.wait_closed()


@contextlib.asynccontextmanager
async def streams_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
    tls: ssl.SSLContext | None,
) -> AsyncGenerator[None]:
    """Serve with streams, and let no client outlive the server."""
    writers: dict[asyncio.StreamWriter, None] = {}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client; that it goes is no error."""
        writers[writer] = None
        with contextlib.suppress(OSError):
            await talk(reader, writer)
            writer.close()
            await writer.wait_closed()
        writer.transport.abort()
        del writers[writer]

    server = await asyncio.start_server(converse, "0.0.0.0", PORT, ssl=tls)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


def serve_streams(diary: Diary, is_secure: bool) -> AbstractAsyncContextManager[object]:
    """Serve with ``asyncio.start_server``."""
    tls = server_tls() if is_secure else None
    return streams_server(functools.partial(answer_stream, diary), tls)


async def talk_streams(diary: Diary, is_secure: bool) -> None:
    """Talk with ``asyncio.open_connection``."""
    async with asyncio.timeout(PATIENCE_S):
        tls = client_tls() if is_secure else None
        reader, writer = await asyncio.open_connection("server", PORT, ssl=tls)
        try:
            await ask_stream(diary, reader, writer)
        finally:
            writer.transport.abort()


STREAMS: Final = Stranger(
    serve_streams, talk_streams, (OSError, TimeoutError, asyncio.IncompleteReadError)
)


# The same, with TLS from the middle on


async def upgrade(
    writer: asyncio.StreamWriter, tls: ssl.SSLContext, server_hostname: str | None = None
) -> None:
    """Turn to TLS.

    Raises:
        ConnectionResetError: the connection ended meanwhile. Where it did without an error, asyncio
            finds no transport in its own hands, on a real loop too.
    """
    transport = writer.transport
    try:
        await writer.start_tls(tls, server_hostname=server_hostname)
    except AttributeError as error:
        # Or the finalizer of the writer would fail as well.
        vars(writer)["_transport"] = transport
        raise ConnectionResetError("lost in the handshake") from error


def serve_upgraded(diary: Diary, is_secure: bool) -> AbstractAsyncContextManager[object]:
    """Serve with streams that turn to TLS when a client asks."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Turn to TLS and answer."""
        if await reader.readline() == b"STARTTLS\n":
            writer.write(b"GO\n")
            await upgrade(writer, server_tls())
            await answer_stream(diary, reader, writer)

    return streams_server(talk, None)


async def talk_upgraded(diary: Diary, is_secure: bool) -> None:
    """Turn to TLS and talk."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("server", PORT)
        try:
            writer.write(b"STARTTLS\n")
            if await reader.readline() == b"GO\n":
                await upgrade(writer, client_tls(), server_hostname="server")
                await ask_stream(diary, reader, writer)
        finally:
            writer.transport.abort()


UPGRADED: Final = Stranger(serve_upgraded, talk_upgraded, STREAMS.losses)


# The websockets library


def serve_websockets(diary: Diary, is_secure: bool) -> AbstractAsyncContextManager[object]:
    """Serve with ``websockets.serve``."""

    async def answer(socket: websockets.ServerConnection) -> None:
        """Answer one client until it has gone."""
        async for message in socket:
            assert isinstance(message, bytes)
            await socket.send(diary.answer(message))

    tls = server_tls() if is_secure else None
    return websockets.serve(answer, "0.0.0.0", PORT, ssl=tls)


async def talk_websockets(diary: Diary, is_secure: bool) -> None:
    """Talk with ``websockets.connect``."""
    url = f"{'wss' if is_secure else 'ws'}://server:{PORT}/"
    tls = client_tls() if is_secure else None
    async with asyncio.timeout(PATIENCE_S), websockets.connect(url, ssl=tls) as socket:
        for message in SENT:
            await socket.send(message)
            answer = await socket.recv()
            assert isinstance(answer, bytes)
            diary.down.append(answer)


WEBSOCKETS: Final = Stranger(
    serve_websockets,
    talk_websockets,
    (OSError, TimeoutError, websockets.WebSocketException),
)


# HTTP: the server of aiohttp, and httpx


@contextlib.asynccontextmanager
async def serve_http(diary: Diary, is_secure: bool) -> AsyncGenerator[None]:
    """Serve with ``aiohttp.web``."""

    async def answer(request: web.Request) -> web.Response:
        """Answer one request."""
        return web.Response(body=diary.answer(await request.read()))

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=5)
    await runner.setup()
    tls = server_tls() if is_secure else None
    await web.TCPSite(runner, "0.0.0.0", PORT, ssl_context=tls).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def talk_http(diary: Diary, is_secure: bool) -> None:
    """Talk with ``httpx``, on a new connection each time.

    On a real network it would keep one, but here sockets have no file descriptor, which it takes
    for the end of the connection.
    """
    url = f"{'https' if is_secure else 'http'}://server:{PORT}/"
    async with (
        asyncio.timeout(PATIENCE_S),
        httpx.AsyncClient(verify=client_tls(), trust_env=False) as client,
    ):
        for message in SENT:
            reply = await client.post(url, content=message)
            reply.raise_for_status()
            diary.down.append(reply.content)


HTTP: Final = Stranger(serve_http, talk_http, (OSError, TimeoutError, httpx.HTTPError))


# Our own


@contextlib.asynccontextmanager
async def serve_mcws(diary: Diary, is_secure: bool) -> AsyncGenerator[None]:
    """Serve with ``mcws_server``."""
    server = Server(limits=Limits(frame_bytes_max=BYTES_MAX))

    def answer(message: bytes | str, client: ConnectedClient) -> object:
        """Answer one message."""
        assert isinstance(message, bytes)
        return client.send(diary.answer(message))

    server.on_client_message(answer)
    await server.listen(PORT, "0.0.0.0", lambda: None)
    try:
        yield
    finally:
        await server.close()


async def talk_mcws(diary: Diary, is_secure: bool) -> None:
    """Talk with ``mcws_client``."""
    client = Client(f"tcp://server:{PORT}", limits=Limits(frame_bytes_max=BYTES_MAX))
    async with asyncio.timeout(PATIENCE_S), client:
        answers = aiter(client)
        for message in SENT:
            await client.send(message)
            answer = await anext(answers)
            assert isinstance(answer, bytes)
            diary.down.append(answer)


MCWS: Final = Stranger(
    serve_mcws, talk_mcws, (OSError, TimeoutError, McwsError, StopAsyncIteration)
)
