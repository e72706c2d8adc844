"""The library ``python-socketio`` on ``aiohttp``: events, and events that are acknowledged."""

from __future__ import annotations

from typing import Any

import socketio  # type: ignore[import-untyped] # it has none
from aiohttp import web

from benchmarks.peers.hosting import Order, host


def make(service: str) -> Any:
    """Return a server that does what ``service`` says with the event ``message``."""
    server: Any = socketio.AsyncServer(async_mode="aiohttp")

    async def echo(sid: str, text: str) -> None:
        """Send a text back."""
        await server.emit("message", text, to=sid)

    async def broadcast(sid: str, text: str) -> None:
        """Send a text to everybody."""
        await server.emit("message", text)

    async def answer(sid: str, text: str) -> str:
        """Acknowledge an event with its text."""
        return text

    handlers = {"echo": echo, "broadcast": broadcast, "answer": answer}
    server.on("message", handlers[service])
    return server


async def start(order: Order) -> int:
    """Listen; return the port."""
    app = web.Application()
    make(order.service).attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return port


if __name__ == "__main__":
    host(start)
