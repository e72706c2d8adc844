"""The library ``websockets``: its asyncio server, as its documentation shows it."""

from __future__ import annotations

from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.peers.hosting import KEEPALIVE_S, Order, host

everybody: set[ServerConnection] = set()


async def send_back(connection: ServerConnection) -> None:
    """Send each message back."""
    async for message in connection:
        await connection.send(message)


async def send_to_all(connection: ServerConnection) -> None:
    """Send each message to everybody."""
    everybody.add(connection)
    async for message in connection:
        broadcast(everybody, message)


async def start(order: Order) -> int:
    """Listen; return the port."""
    talk = send_to_all if order.service == "broadcast" else send_back
    server = await serve(talk, "127.0.0.1", 0, ping_interval=KEEPALIVE_S)
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


if __name__ == "__main__":
    host(start)
