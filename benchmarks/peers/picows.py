"""The library ``picows``: a listener of its own, as its documentation shows it."""

from __future__ import annotations

from typing import Any, cast

import picows
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from benchmarks.peers.hosting import KEEPALIVE_S, Order, host, port_of


class Echo(WSListener):
    """Sends back each message."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Send a message back."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.BINARY, WSMsgType.TEXT):
            self.answer(transport, frame)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        """Send a message back."""
        # The view is valid during this call, and what the socket does not take is copied.
        transport.send(frame.msg_type, frame.get_payload_as_memoryview())


class Broadcast(Echo):
    """Sends to everybody what comes from anybody."""

    everybody: set[WSTransport] = set()  # noqa: RUF012 - there is one server

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Add a client to everybody."""
        self.everybody.add(transport)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        """Send a message to everybody."""
        payload = frame.get_payload_as_bytes()
        for other in self.everybody:
            other.send(WSMsgType.BINARY, payload)


async def start(order: Order) -> int:
    """Listen; return the port."""
    kind = Broadcast if order.service == "broadcast" else Echo

    def listener(_: object) -> WSListener:
        """Return what hears of one client."""
        return kind()

    # Untyped, since its own types have gaps.
    server = await cast("Any", picows).ws_create_server(
        listener,
        "127.0.0.1",
        0,
        enable_auto_ping=True,
        auto_ping_idle_timeout=KEEPALIVE_S,
    )
    return port_of(server)


if __name__ == "__main__":
    host(start)
