"""The devices in another language, met by a real server and by one that follows a script."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import examples
from examples import two_doors
from mcws_protocol import (
    CloseFrame,
    ErrorFrame,
    Frame,
    HelloFrame,
    Lines,
    PingFrame,
    Plain,
    PongFrame,
    Raw,
    RejectFrame,
    ReplyFrame,
    RequestFailed,
    RequestFrame,
    WelcomeFrame,
    decode_frame,
    encode_frame,
)
from mcws_server import ConnectedClient, Server

NODE = Path(examples.__file__).parent / "node"
RARELY = "3600"
"""Seconds between readings where a test does not wait for one."""

pytestmark = pytest.mark.needs("node")


@asynccontextmanager
async def node(script: str, port: int, *arguments: str) -> AsyncGenerator[Process]:
    """Run a device that connects to ``port``; it has to end within the block, or is killed."""
    command = ["node", str(NODE / script), str(port), *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def serve_device(server: Server, script: str, *arguments: str) -> None:
    """Serve one device until the server is closed, and see the device end well."""
    async with node(script, server.listeners[0].port, *arguments) as process:
        await server.serve_forever()
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")


async def test_lines_device_answers_line_by_line() -> None:
    """A request on the plain wire gets the device's next line, whatever was asked."""
    answers: list[Raw] = []
    server = Server()

    async def ask(client: ConnectedClient) -> None:
        answers.extend([await client.request("read"), await client.request("läuft?")])
        server.close()

    server.on_client_connect(ask)
    async with asyncio.timeout(20):
        await server.listen(0, wire=Plain(Lines()))
        await serve_device(server, "lines_device.mjs")
    assert str(answers[0]).startswith("free memory: ")
    assert answers[1] == 'error: unknown command "läuft?"'


async def test_mcws_device_opens_streams_answers_and_closes() -> None:
    """The device names itself, sends readings as text, answers a request and takes the close."""
    asked: asyncio.Queue[tuple[str, Raw]] = asyncio.Queue()
    server = Server()

    async def ask(reading: str, client: ConnectedClient) -> None:
        asked.put_nowait((reading, await client.request("read")))
        with pytest.raises(RequestFailed) as refused:
            await client.request("dance")
        assert refused.value.code == 2
        server.close()

    server.on(str)(ask)
    async with asyncio.timeout(20):
        await server.listen(0)
        await serve_device(server, "mcws_device.mjs", "127.0.0.1", "0.05")
    reading, answer = asked.get_nowait()
    assert reading.startswith('{"free_mib":')
    assert str(answer).startswith('{"free_mib":')


class Script:
    """A server by hand: it says and hears single frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, *frames: Frame) -> None:
        """Send ``frames`` as one chunk."""
        self.writer.write(b"".join(encode_frame(frame) for frame in frames))

    async def hear(self) -> Frame | None:
        """Return the next frame."""
        length = int.from_bytes(await self.reader.readexactly(4), "big")
        kind, flags, *body = await self.reader.readexactly(length)
        return decode_frame(kind, flags, bytes(body))


@asynccontextmanager
async def scripted() -> AsyncGenerator[tuple[Script, Process]]:
    """Run the mcws/1 device against a script, which it connects to."""
    arrivals: asyncio.Queue[Script] = asyncio.Queue()
    listener = await asyncio.start_server(
        lambda reader, writer: arrivals.put_nowait(Script(reader, writer)), "127.0.0.1", 0
    )
    port = listener.sockets[0].getsockname()[1]
    async with (
        asyncio.timeout(20),
        listener,
        node("mcws_device.mjs", port, "127.0.0.1", RARELY) as process,
    ):
        script = await arrivals.get()
        try:
            yield script, process
        finally:
            script.writer.close()
            with suppress(ConnectionError):
                await script.writer.wait_closed()


@asynccontextmanager
async def welcomed(keepalive_s: int = 20) -> AsyncGenerator[tuple[Script, Process]]:
    """Run the mcws/1 device against a script until it is welcome."""
    async with scripted() as (script, process):
        await script.hear()
        welcome = WelcomeFrame(frame_bytes_max=4096, keepalive_s=keepalive_s, features=1, id="x")
        script.say(welcome)
        yield script, process


async def test_mcws_device_says_hello_first() -> None:
    """HELLO names the device, its keepalive, and requests as what it can."""
    async with scripted() as (script, _):
        hello = await script.hear()
    assert hello == HelloFrame(frame_bytes_max=4096, keepalive_s=20, features=1, id="node-device")


async def test_mcws_device_rejected_ends_and_says_why() -> None:
    """A REJECT ends the device with an error that quotes the reason."""
    async with scripted() as (script, process):
        await script.hear()
        script.say(RejectFrame(1013, 0, "full"))
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (1, b"rejected: full\n")


async def test_mcws_device_answers_frames_of_one_chunk_in_order() -> None:
    """PONG brings back the bytes of PING; a request that it does not know gets an ERROR."""
    async with welcomed() as (script, _):
        script.say(PingFrame(b"12345678"), RequestFrame(7, "dance"), RequestFrame(8, "read"))
        assert await script.hear() == PongFrame(b"12345678")
        assert await script.hear() == ErrorFrame(7, 2, 'the only request is "read"')
        reply = await script.hear()
        assert isinstance(reply, ReplyFrame)
        assert reply.correlation_id == 8


async def test_mcws_device_reads_past_context() -> None:
    """Trace context in front of a request's payload is not taken for a part of it."""
    async with welcomed() as (script, _):
        script.say(RequestFrame(1, "read", context=b"trace"))
        assert isinstance(await script.hear(), ReplyFrame)


async def test_mcws_device_joins_frames_that_come_in_pieces() -> None:
    """A frame is understood even if each of its bytes comes alone."""
    async with welcomed() as (script, _):
        for byte in encode_frame(PingFrame(b"slow")):
            script.writer.write(bytes([byte]))
            await script.writer.drain()
        assert await script.hear() == PongFrame(b"slow")


async def test_mcws_device_pings_and_gives_up_a_silent_server() -> None:
    """It pings when it has said nothing for the agreed time, and leaves after 2.5 times that."""
    async with welcomed(keepalive_s=1) as (script, process):
        assert await script.hear() == PingFrame(b"")
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (1, b"the server is silent\n")


async def test_mcws_device_answers_close_and_ends() -> None:
    """CLOSE comes back with the same code, then the stream ends and the device too."""
    async with welcomed() as (script, process):
        script.say(CloseFrame(1001, "bye"))
        assert await script.hear() == CloseFrame(1001)
        assert await script.reader.read() == b""
        script.writer.write_eof()
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_mcws_device_closes_on_ctrl_c() -> None:
    """SIGINT makes it say CLOSE 1000 before it ends."""
    async with welcomed() as (script, process):
        script.say(PingFrame(b""))
        await script.hear()
        process.send_signal(signal.SIGINT)
        assert await script.hear() == CloseFrame(1000)
        script.writer.write_eof()
        await process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        pytest.param(b"\0\0\0\1\x20", 1002, id="shorter-than-a-header"),
        pytest.param(b"\0\0\x10\1", 1009, id="longer-than-announced"),
        pytest.param(b"\0\0\0\2\x7f\0", 1002, id="unknown"),
    ],
)
async def test_mcws_device_closes_on_what_it_cannot_read(frame: bytes, code: int) -> None:
    """A fault of the server is answered with the CLOSE that names it."""
    async with welcomed() as (script, _):
        script.writer.write(frame)
        assert await script.hear() == CloseFrame(code)


async def test_mcws_device_skips_types_from_0x80_on() -> None:
    """An unknown frame that may be skipped is skipped."""
    async with welcomed() as (script, _):
        script.writer.write(b"\0\0\0\3\x80\xff?")
        script.say(PingFrame(b"next"))
        assert await script.hear() == PongFrame(b"next")


async def test_two_doors_serve_devices_on_both_wires(capsys: pytest.CaptureFixture[str]) -> None:
    """One server asks the device on lines and the one on mcws/1, and prints what both say."""
    server = two_doors.make_server()
    async with asyncio.timeout(20), server:
        framed = await server.listen(0)
        lines = await server.listen(0, wire=Plain(Lines()))
        said: asyncio.Queue[Raw] = asyncio.Queue()
        server.on_client_message(lambda message, _: said.put_nowait(message))
        # Behind the hook of the example, which asks each device.
        asked: asyncio.Queue[ConnectedClient] = asyncio.Queue()
        server.on_client_connect(asked.put_nowait)
        async with (
            node("lines_device.mjs", lines.port) as liner,
            node("mcws_device.mjs", framed.port, "127.0.0.1", "0.05") as framer,
        ):
            await asyncio.gather(said.get(), asked.get(), asked.get())
            await asyncio.gather(server.drain(), liner.communicate(), framer.communicate())
    printed = capsys.readouterr().out
    assert "answers: free memory:" in printed
    assert 'node-device answers: {"free_mib":' in printed
    assert 'node-device says: {"free_mib":' in printed
