"""Asyncio's own streams at the other end, on plain wires."""

from __future__ import annotations

import asyncio

import pytest

from mcws_client import Client
from mcws_protocol import (
    Chunks,
    Cobs,
    Delimited,
    Fixed,
    LengthPrefixed,
    Lines,
    Plain,
    Raw,
    Slip,
    Varint,
)
from tests.integration._ends import accepting, recording, stranger

LONG = b"x" * 300
EXAMPLES = [
    pytest.param(Plain(Lines()), "hi", b"hi\n", id="lines"),
    pytest.param(Plain(Chunks()), b"hi", b"hi", id="chunks"),
    pytest.param(Plain(Fixed(3)), b"abc", b"abc", id="fixed"),
    pytest.param(Plain(Delimited(b"--")), b"a-b", b"a-b--", id="delimited"),
    pytest.param(Plain(LengthPrefixed()), b"hi", b"\0\0\0\2hi", id="length"),
    pytest.param(
        Plain(LengthPrefixed(2, byte_order="little", adjustment=-2)),
        b"hi",
        b"\4\0hi",
        id="whole-length",
    ),
    pytest.param(Plain(Varint()), LONG, b"\xac\x02" + LONG, id="varint"),
    pytest.param(Plain(Cobs()), b"\x11\0\x33", b"\2\x11\2\x33\0", id="cobs"),
    pytest.param(Plain(Slip()), b"\1\xc0\2", b"\xc0\1\xdb\xdc\2\xc0", id="slip"),
    pytest.param(Plain(Chunks(), up=Lines(), down=Lines()), "hi", b"hi\n", id="each-way"),
]


@pytest.mark.parametrize(("wire", "message", "frame"), EXAMPLES)
async def test_server_understands_streams(wire: Plain, message: Raw, frame: bytes) -> None:
    """A message written as bytes arrives, and its echo has the same bytes."""
    async with recording(wire) as end, stranger(end.port) as (reader, writer):
        writer.write(frame)
        assert await reader.readexactly(len(frame)) == frame
        (_, _), entry = await end.next(2)
        assert entry == ("message", message)


@pytest.mark.parametrize(("wire", "message", "frame"), EXAMPLES)
async def test_client_understands_streams(wire: Plain, message: Raw, frame: bytes) -> None:
    """A client's message has the expected bytes, and bytes that come become the message."""

    async def echo_frame(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(frame)) == frame
        writer.write(frame)
        assert await reader.read() == b""

    async with accepting(echo_frame) as url, Client(url, wire=wire) as client:
        assert await client.request(message) == message


async def test_server_says_eof_when_drained() -> None:
    """A drained server ends the stream of a stranger, behind all that it had to say."""
    async with recording() as end, stranger(end.port) as (reader, writer):
        writer.write(b"one\ntwo\n")
        await end.next(3)
        drained = asyncio.create_task(end.server.drain())
        assert await reader.read() == b"one\ntwo\n"
        writer.close()
        await drained


async def test_client_iterates_until_stranger_ends() -> None:
    """Iteration ends where the server's stream does, with all lines read and code 1000."""

    async def write_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one\r\ntwo\nthree\n")

    async with accepting(write_lines) as url, Client(url, wire=Plain(Lines())) as client:
        assert [message async for message in client] == ["one", "two", "three"]
        assert client.close_code == 1000


async def test_large_message_comes_back_whole() -> None:
    """A megabyte goes through the limits of both directions and comes back."""
    message = bytes(range(256)) * 4096
    async with recording(Plain(Varint())) as end, stranger(end.port) as (reader, writer):
        writer.write(b"\x80\x80\x40" + message)
        assert await reader.readexactly(3 + len(message)) == b"\x80\x80\x40" + message
