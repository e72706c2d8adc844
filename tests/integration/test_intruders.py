"""Who comes to an mcws/1 port and does not speak it, or lies (FAULTS 2, 3 and 4)."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from mcws_protocol import (
    CloseFrame,
    HelloFrame,
    LengthPrefixed,
    Limits,
    Mcws,
    MessageFrame,
    Plain,
    RejectFrame,
    Wire,
    encode_frame,
)
from tests.integration._ends import (
    descriptors,
    greet,
    log_lines,
    read_frame,
    recording,
    stranger,
)

CROWD = 200
HELLO = encode_frame(HelloFrame(frame_bytes_max=65536))


def tls_hello() -> bytes:
    """Return what a TLS client says first."""
    context = ssl.create_default_context()
    sent = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="example.org")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


@pytest.mark.parametrize(
    ("data", "guess"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "HTTP", id="http"),
        pytest.param(tls_hello(), "tls://", id="tls"),
        pytest.param(b"hello, is this on?\n", "Plain(Lines())", id="text"),
        pytest.param(b"\xff\xfe\0\1", "another wire", id="noise"),
        pytest.param(b"\0\0\x20\1\1\0", "exceeds the limit of 8192 bytes", id="long"),
        pytest.param(b"\0\0\0\4\x10\1hi", "", id="message"),
        pytest.param(HELLO + b"\0", "bytes after HELLO", id="more"),
    ],
)
async def test_intruder_is_rejected(
    data: bytes, guess: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever comes before HELLO gets REJECT 1002 and one warning that guesses what it was."""
    with caplog.at_level(logging.INFO, "mcws.server"):
        async with recording(Mcws()) as end, stranger(end.port) as (reader, writer):
            writer.write(data)
            frame = await read_frame(reader)
            assert isinstance(frame, RejectFrame)
            assert frame.code == 1002
            assert guess in frame.reason
            assert await reader.read() == b""
            assert len(end.server.clients) == 0
        assert end.diary.empty(), "no hook may hear of a stranger"
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.levelno == logging.WARNING
    assert guess in record.getMessage()


async def test_intruder_makes_no_client_object() -> None:
    """The client factory is not called for who never says HELLO, and the next client is served."""
    async with recording(Mcws()) as end:
        async with stranger(end.port) as (reader, writer):
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert await reader.read()
        async with stranger(end.port) as (reader, writer):
            assert (await greet(reader, writer, "guest")).id == "guest"
        assert await end.next(2) == [("connect", "guest"), ("end", 1006)]


async def open_silently(port: int) -> socket.socket:
    """Return a socket that is connected and says nothing."""
    silent = socket.socket()
    silent.setblocking(False)
    await asyncio.get_running_loop().sock_connect(silent, ("127.0.0.1", port))
    return silent


async def test_silent_sockets_are_gone() -> None:
    """Who says nothing at all is told so and dropped, and its descriptor comes back."""
    limits = Limits(opening_s=0.2, close_s=0.2)
    async with recording(Mcws(), limits=limits) as end:
        before = descriptors()
        with log_lines("mcws.server", "given up", CROWD) as all_given_up:
            crowd = [await open_silently(end.port) for _ in range(CROWD)]
            await all_given_up.wait()
        # Transports that were aborted are closed in the next turn of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert descriptors() == before + CROWD
        for silent in crowd:
            assert silent.recv(6)[4] == 3, "REJECT"
            silent.close()
        assert descriptors() == before
        assert end.diary.empty()


async def test_slow_opening_is_gone() -> None:
    """A HELLO that comes byte by byte has no more time than a silent opening."""
    limits = Limits(opening_s=0.2)
    async with recording(Mcws(), limits=limits) as end, stranger(end.port) as (reader, writer):
        writer.write(HELLO[:10])
        frame = await read_frame(reader)
        assert isinstance(frame, RejectFrame)
        assert frame.code == 4000


async def claim_on_mcws(port: int) -> socket.socket:
    """Return a connected socket whose HELLO is welcome."""
    box = await open_silently(port)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(box, HELLO)
    await loop.sock_recv(box, 65536)
    return box


async def see_all_read(box: socket.socket) -> None:
    """Return when the server has read what others sent before."""
    frame = encode_frame(MessageFrame("there?"))
    loop = asyncio.get_running_loop()
    for _ in range(2):
        await loop.sock_sendall(box, frame)
        assert await loop.sock_recv(box, 65536) == frame


async def test_claimed_length_costs_nothing() -> None:
    """A connection that claims 4 GiB and sends 10 bytes costs less than 2 KiB more than idle."""
    limits = Limits(frame_bytes_max=0xFFFFFFFF)
    async with recording(Mcws(), limits=limits) as end:
        witness = await claim_on_mcws(end.port)
        crowd = [await claim_on_mcws(end.port) for _ in range(CROWD)]
        await end.next(CROWD + 1)
        gc.collect()
        tracemalloc.start()
        try:
            for box in crowd:
                box.send(b"\xff\xff\xff\xff\x10\0" + bytes(10))
            await see_all_read(witness)
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < CROWD * 2048
            assert len(end.server.clients) == CROWD + 1
        finally:
            tracemalloc.stop()
            for box in [witness, *crowd]:
                box.close()


async def open_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do nothing: a plain wire has no opening."""


@pytest.mark.parametrize(
    ("wire", "opening"), [(Mcws(), greet), (Plain(LengthPrefixed()), open_plainly)]
)
async def test_length_above_limit_is_refused_at_once(
    wire: Wire,
    opening: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]],
) -> None:
    """A frame that is too long is refused from its header: 1009, and nobody waits for the body."""
    async with recording(wire) as end, stranger(end.port) as (reader, writer):
        await opening(reader, writer)
        writer.write(b"\xff\xff\xff\xff")
        answer = await reader.read()
        assert answer[6:8] == (b"" if isinstance(wire, Plain) else b"\x03\xf1")
        writer.close()
        assert (await end.until_end())[-1] == ("end", 1009)


async def test_close_frame_before_hello_gets_reject() -> None:
    """Until WELCOME every refusal is a REJECT, also for who begins with CLOSE."""
    async with recording(Mcws()) as end, stranger(end.port) as (reader, writer):
        writer.write(encode_frame(CloseFrame(1000)))
        assert isinstance(await read_frame(reader), RejectFrame)
