"""asyncio's streams: frames behind four bytes of length, read and written one by one."""

from __future__ import annotations

import asyncio

from benchmarks.peers.hosting import Order, host, port_of

everybody: list[asyncio.StreamWriter] = []


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Return the next frame with its head; nothing at the end of the stream."""
    try:
        head = await reader.readexactly(4)
        return head + await reader.readexactly(int.from_bytes(head, "big"))
    except asyncio.IncompleteReadError:
        return b""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send each frame back."""
    while frame := await read_frame(reader):
        writer.write(frame)
        await writer.drain()
    writer.close()


async def broadcast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send each frame to everybody."""
    everybody.append(writer)
    while frame := await read_frame(reader):
        for other in everybody:
            other.write(frame)
        await writer.drain()
    everybody.remove(writer)
    writer.close()


async def start(order: Order) -> int:
    """Listen; return the port."""
    talk = broadcast if order.service == "broadcast" else echo
    return port_of(await asyncio.start_server(talk, "127.0.0.1", 0))


if __name__ == "__main__":
    host(start)
