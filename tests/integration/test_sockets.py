"""Python's blocking sockets at the other end, and all the ways in which they leave."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from mcws_client import Client
from mcws_protocol import (
    ConnectionClosed,
    HelloFrame,
    IncompleteFrame,
    LengthPrefixed,
    Mcws,
    MessageFrame,
    Plain,
    Wire,
    encode_frame,
)
from tests.integration._ends import GUARD_S, LINES, greet, recording, stranger

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that sends a reset."""
HELLO = encode_frame(HelloFrame(frame_bytes_max=65536, id="box"))


@contextmanager
def blocking(port: int) -> Generator[socket.socket]:
    """Connect a blocking socket."""
    with socket.create_connection(("127.0.0.1", port), timeout=GUARD_S) as box:
        yield box


def read_all(box: socket.socket) -> bytes:
    """Return what comes until the end of the stream."""
    with box.makefile("rb") as stream:
        return stream.read()


def speak_and_half_close(port: int, data: bytes) -> bytes:
    """Send ``data``, end the writing side, and return all that comes until the end."""
    with blocking(port) as box:
        box.sendall(data)
        box.shutdown(socket.SHUT_WR)
        return read_all(box)


def speak_and_reset(port: int, data: bytes) -> None:
    """Send ``data``, wait for an answer, and reset the connection."""
    with blocking(port) as box:
        box.sendall(data)
        assert box.recv(65536)
        box.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def speak_by_bytes(port: int, data: bytes, size: int) -> bytes:
    """Send ``data`` in segments of one byte and return ``size`` bytes of answer."""
    with blocking(port) as box, box.makefile("rb") as stream:
        box.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(data)):
            box.sendall(data[index : index + 1])
        return stream.read(size)


async def test_half_close_gets_all_answers() -> None:
    """After a half-close the server still sends what it has, then ends with 1000."""
    lines = b"".join(b"%d\n" % number for number in range(1000))
    async with recording() as end:
        assert await asyncio.to_thread(speak_and_half_close, end.port, lines) == lines
        entries = await end.next(1002)
        assert entries[-2:] == [("message", "999"), ("end", 1000)]


async def test_half_close_on_mcws_is_a_loss() -> None:
    """End of stream without CLOSE is 1006, after the messages before it were handled."""
    async with recording(Mcws(), echo=False) as end, stranger(end.port) as (reader, writer):
        await greet(reader, writer, "box")
        writer.write(encode_frame(MessageFrame("bye")))
        writer.write_eof()
        assert await reader.read() == b""
        assert await end.next(3) == [("connect", "box"), ("message", "bye"), ("end", 1006)]


@pytest.mark.parametrize(("wire", "data"), [(LINES, b"hi\n"), (Mcws(), HELLO)])
async def test_reset_is_1006(wire: Wire, data: bytes) -> None:
    """A connection that was reset ends with 1006, and its error hook hears why."""
    async with recording(wire) as end:
        await asyncio.to_thread(speak_and_reset, end.port, data)
        entries = await end.until_end()
        assert entries[-2:] == [("error", ConnectionResetError), ("end", 1006)]


@pytest.mark.parametrize(
    ("wire", "data"), [(LINES, b"half a line"), (Plain(LengthPrefixed()), b"\0\0\0\5hi")]
)
async def test_eof_inside_frame_is_1006(wire: Wire, data: bytes) -> None:
    """What a frame lacks is reported, never delivered."""
    async with recording(wire) as end:
        assert await asyncio.to_thread(speak_and_half_close, end.port, data) == b""
        entries = await end.next(3)
        assert entries[1:] == [("error", IncompleteFrame), ("end", 1006)]


async def test_byte_by_byte_lines() -> None:
    """Lines that come in segments of one byte are the same lines."""
    data = b"alpha\nbeta\ngamma\n"
    async with recording() as end:
        assert await asyncio.to_thread(speak_by_bytes, end.port, data, len(data)) == data


async def test_byte_by_byte_mcws() -> None:
    """An opening that comes in segments of one byte is an opening."""
    async with recording(Mcws()) as end:
        answer = await asyncio.to_thread(speak_by_bytes, end.port, HELLO, 5)
        assert answer[4] == 2, "WELCOME"
        assert await end.next(1) == [("connect", "box")]


async def test_client_of_server_that_resets() -> None:
    """A client whose server resets ends with 1006, and a request in flight says so."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def reset_first() -> None:
            box, _ = door.accept()
            with box:
                assert box.recv(65536) == b"are you there?\n"
                box.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        async with asyncio.timeout(GUARD_S):
            resetting = asyncio.create_task(asyncio.to_thread(reset_first))
            client = Client(f"tcp://127.0.0.1:{door.getsockname()[1]}", wire=LINES)
            async with client:
                with pytest.raises(ConnectionClosed) as raised:
                    await client.request("are you there?")
            await resetting
        assert (raised.value.code, raised.value.maybe_executed) == (1006, True)


async def test_client_reset_in_the_opening() -> None:
    """A reset before WELCOME is ``ConnectionClosed``, not the bare error of the system."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def reset_hello() -> None:
            box, _ = door.accept()
            with box:
                assert box.recv(65536)
                box.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        async with asyncio.timeout(GUARD_S):
            resetting = asyncio.create_task(asyncio.to_thread(reset_hello))
            with pytest.raises(ConnectionClosed):
                await Client(f"tcp://127.0.0.1:{door.getsockname()[1]}").connect()
            await resetting
