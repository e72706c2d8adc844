"""The library ``aiohttp``: a handler of WebSockets, as its documentation shows it."""

from __future__ import annotations

from aiohttp import WSMsgType, web

from benchmarks.peers.hosting import KEEPALIVE_S, Order, host

everybody: set[web.WebSocketResponse] = set()


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send each message back."""
    socket = web.WebSocketResponse(heartbeat=KEEPALIVE_S)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def broadcast(request: web.Request) -> web.WebSocketResponse:
    """Send each message to everybody."""
    socket = web.WebSocketResponse(heartbeat=KEEPALIVE_S)
    await socket.prepare(request)
    everybody.add(socket)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            for other in everybody:
                await other.send_bytes(message.data)
    return socket


async def start(order: Order) -> int:
    """Listen; return the port."""
    app = web.Application()
    app.router.add_get("/", broadcast if order.service == "broadcast" else echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return port


if __name__ == "__main__":
    host(start)
