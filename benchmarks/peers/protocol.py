"""A bare protocol: each chunk goes back, or to all, as it came; no framing, no limits."""

from __future__ import annotations

import asyncio

from benchmarks.peers.hosting import Order, host, port_of


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # Not an `isinstance`: the transports of uvloop are none of asyncio's.
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment] # a socket's

    def data_received(self, data: bytes) -> None:
        """Send a chunk back."""
        self.transport.write(data)


class Broadcast(Echo):
    """Sends to everybody what comes from anybody."""

    everybody: list[asyncio.WriteTransport] = []  # noqa: RUF012 - there is one server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Add the transport to everybody's."""
        super().connection_made(transport)
        self.everybody.append(self.transport)

    def data_received(self, data: bytes) -> None:
        """Send a chunk to everybody."""
        for transport in self.everybody:
            transport.write(data)


async def start(order: Order) -> int:
    """Listen; return the port."""
    kind = Broadcast if order.service == "broadcast" else Echo
    return port_of(await asyncio.get_running_loop().create_server(kind, "127.0.0.1", 0))


if __name__ == "__main__":
    host(start)
