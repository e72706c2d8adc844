"""Node's ``net`` at the other end, as a client and as a server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Final

import pytest

from mcws_client import Client
from mcws_protocol import (
    Chunks,
    LengthPrefixed,
    Lines,
    Mcws,
    Plain,
    Raw,
    RequestFailed,
    Wire,
)
from mcws_server import ConnectedClient
from tests.integration._ends import RecordingServer, line_of, process, recording

pytestmark = pytest.mark.needs("node")

CLIENT: Final = """
const socket = require('net').connect(+process.env.PORT, '127.0.0.1');
const expected = +process.env.BYTES;
let seen = Buffer.alloc(0);
socket.on('data', (data) => {
  seen = Buffer.concat([seen, data]);
  if (seen.length === expected) socket.end();
});
socket.on('close', () => console.log(seen.toString('hex')));
socket.write(Buffer.from(process.env.DATA, 'hex'));
"""
"""Sends DATA, ends when BYTES bytes have come, and prints them."""

SERVER: Final = """
const server = require('net').createServer((socket) => {
  socket.on('data', (data) => socket.write(data));
  socket.on('end', () => { socket.end(); server.close(); });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""
"""Echoes to one client until that ends, and prints its port."""

FRAMES: Final = """
function frame(type, flags, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(6);
  head.writeUInt32BE(body.length + 2, 0);
  head[4] = type;
  head[5] = flags;
  return Buffer.concat([head, body]);
}
function u(bytes, value) {
  const raw = Buffer.alloc(bytes);
  raw.writeUIntBE(value, 0, Math.min(bytes, 6));
  return bytes > 6 ? Buffer.concat([Buffer.alloc(bytes - 6), raw.subarray(0, 6)]) : raw;
}
const short = (text) => Buffer.concat([u(1, Buffer.byteLength(text)), Buffer.from(text)]);
const hello = (id) => frame(0x01, 0, 'MCWS', u(1, 1), u(4, 65536), u(2, 0), u(2, 20), u(4, 1),
  u(8, 0), u(4, 0), u(8, 0), u(8, 0), short(id), short(''), u(2, 0), u(2, 0));
const welcome = (id) => frame(0x02, 0, u(1, 0), u(8, 0), u(8, 0), u(2, 0), u(2, 20),
  u(4, 65536), u(4, 1), u(4, 0), short(id), short(''), u(2, 0));
function each(socket, take) {
  let buffer = Buffer.alloc(0);
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data]);
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE(0)) {
      const end = 4 + buffer.readUInt32BE(0);
      take(buffer[4], buffer[5], buffer.subarray(6, end));
      buffer = buffer.subarray(end);
    }
  });
}
const note = (...things) => console.log(JSON.stringify(things));
"""
"""What both ends of mcws/1 need, from WIRE 1 and 2 alone: 250 lines of C would look like it."""

MCWS_CLIENT: Final = (
    FRAMES
    + """
const socket = require('net').connect(+process.env.PORT, '127.0.0.1');
socket.write(hello('node'));
each(socket, (type, flags, body) => {
  if (type === 0x02) {
    note('WELCOME', body.subarray(34, 34 + body[33]).toString());
    socket.write(frame(0x20, 0, 'ping'));
    socket.write(frame(0x10, 1, 'text'));
    socket.write(frame(0x10, 0, [0xff, 0]));
    socket.write(frame(0x11, 1, u(4, 7), u(4, 5000), 'twice '));
    socket.write(frame(0x90, 0xff, 'from the future'));
  } else if (type === 0x10) {
    note('MESSAGE', flags, body.toString('hex'));
  } else if (type === 0x11) {
    note('REQUEST', body.subarray(8).toString());
    socket.write(frame(0x12, 1, body.subarray(0, 4), 'from node'));
  } else if (type === 0x12) {
    note('REPLY', body.readUInt32BE(0), body.subarray(4).toString());
  } else if (type === 0x21) {
    note('PONG', body.toString());
  } else if (type === 0x31) {
    note('CLOSE', body.readUInt16BE(0), body.subarray(2).toString());
    socket.write(frame(0x31, 0, body.subarray(0, 2)));
    socket.end();
  } else {
    note('UNEXPECTED', type);
  }
});
socket.on('close', () => note('GONE'));
"""
)
"""Speaks mcws/1 to our server and prints each frame that comes."""

MCWS_SERVER: Final = (
    FRAMES
    + """
const server = require('net').createServer((socket) => {
  each(socket, (type, flags, body) => {
    if (type === 0x01) {
      note('HELLO', body.subarray(0, 4).toString(), body[4]);
      socket.write(welcome('given'));
      socket.write(frame(0x20, 0, 'hi'));
    } else if (type === 0x10) {
      socket.write(frame(0x10, flags, body));
    } else if (type === 0x11 && body.subarray(8).toString() === 'please') {
      socket.write(frame(0x12, 1, body.subarray(0, 4), 'granted'));
    } else if (type === 0x11) {
      socket.write(frame(0x13, 0, body.subarray(0, 4), u(2, 1234), 'not today'));
    } else if (type === 0x21) {
      note('PONG', body.toString());
    } else if (type === 0x31) {
      note('CLOSE', body.readUInt16BE(0), body.subarray(2).toString());
      socket.write(frame(0x31, 0, body.subarray(0, 2)));
      socket.end();
      server.close();
    } else {
      note('UNEXPECTED', type);
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""
)
"""Speaks mcws/1 to one client of ours and prints what it says."""

WIRES: Final = [
    pytest.param(Plain(Lines()), b"one\ntwo\n", ["one", "two"], id="lines"),
    pytest.param(
        Plain(LengthPrefixed()),
        b"\0\0\0\3one\0\0\0\0\0\0\0\2\n\0",
        [b"one", b"", b"\n\0"],
        id="length",
    ),
]


def node(
    script: str, **environment: object
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Run ``script``, which finds ``environment`` in capital letters."""
    texts = {name.upper(): str(value) for name, value in environment.items()}
    return process("node", "-e", script, environment=texts)


async def note_of(program: asyncio.subprocess.Process) -> list[Any]:
    """Return the next note that a script prints."""
    note: list[Any] = json.loads(await line_of(program))
    return note


async def connected_to(end: RecordingServer) -> ConnectedClient:
    """Return the client that connects next."""
    [(_, id)] = await end.next(1)
    client = end.server.client(id)
    assert client is not None
    return client


@pytest.mark.parametrize(("wire", "data", "messages"), WIRES)
async def test_node_client(wire: Wire, data: bytes, messages: list[Raw]) -> None:
    """What Node sends arrives message by message, and Node gets the echo."""
    async with recording(wire) as end:
        async with node(CLIENT, port=end.port, data=data.hex(), bytes=len(data)) as program:
            assert await line_of(program) == data.hex()
        assert [message for _, message in (await end.until_end())[1:]] == [*messages, 1000]


@pytest.mark.parametrize(("wire", "data", "messages"), WIRES)
async def test_node_server(wire: Wire, data: bytes, messages: list[Raw]) -> None:
    """A Node server echoes each message, and our close ends it."""
    async with node(SERVER) as program:
        url = f"tcp://127.0.0.1:{await line_of(program)}"
        async with Client(url, wire=wire) as client:
            for message in messages:
                assert await client.request(message) == message
        assert await program.wait() == 0


async def test_node_server_of_the_original() -> None:
    """The original's style, bytes without any framing, works with a Node server too."""
    async with node(SERVER) as program:
        url = f"tcp://127.0.0.1:{await line_of(program)}"
        async with Client(url, wire=Plain(Chunks())) as client:
            assert await client.request("hello") == b"hello"
        assert await program.wait() == 0


async def test_node_client_on_mcws() -> None:
    """A client written from the wire's page alone opens, talks, asks, answers and closes."""
    async with recording(Mcws()) as end, node(MCWS_CLIENT, port=end.port) as program:
        end.server.on_client_request(lambda request, client: str(request) * 2)
        client = await connected_to(end)
        assert await note_of(program) == ["WELCOME", "node"]
        assert await end.next(2) == [("message", "text"), ("message", b"\xff\0")]
        notes = sorted([await note_of(program) for _ in range(4)])
        assert notes == [
            ["MESSAGE", 0, "ff00"],
            ["MESSAGE", 1, b"text".hex()],
            ["PONG", "ping"],
            ["REPLY", 7, "twice twice "],
        ]
        assert await client.request("who?") == "from node"
        assert await note_of(program) == ["REQUEST", "who?"]
        await client.close(3000, "enough")
        assert await note_of(program) == ["CLOSE", 3000, "enough"]
        assert await note_of(program) == ["GONE"]
        assert await end.next(1) == [("end", 3000)]


async def test_node_server_on_mcws() -> None:
    """Our client opens, talks, asks and closes with a server written from the wire's page."""
    async with node(MCWS_SERVER) as program:
        async with Client(f"tcp://127.0.0.1:{await line_of(program)}") as client:
            messages = aiter(client)
            assert client.id == "given"
            assert await note_of(program) == ["HELLO", "MCWS", 1]
            assert await note_of(program) == ["PONG", "hi"]
            await client.send("text")
            await client.send(b"\xff")
            assert [await anext(messages), await anext(messages)] == ["text", b"\xff"]
            assert await client.request("please") == "granted"
            with pytest.raises(RequestFailed, match="1234: 'not today'"):
                await client.request("now")
            await client.close(1001, "bye")
        assert await note_of(program) == ["CLOSE", 1001, "bye"]
        assert await program.wait() == 0
