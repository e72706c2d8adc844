"""Ours, as an application has it: all hooks, all limits, keepalive and fairness are on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from benchmarks.peers.hosting import Order, host
from mcws_protocol import Contract, Message, MsgPack, Raw
from mcws_server import ConnectedClient, Server


class Reading(Message):
    """A typed message as devices send it; with MsgPack, the one below has 64 bytes."""

    device: str
    celsius: float
    tags: list[str]


CONTRACT: Final = Contract("bench", version=1, up=Reading, down=Reading, codec=MsgPack())
READING: Final = Reading(device="thermometer-00017", celsius=21.5, tags=["roof"])


def echo(server: Server) -> None:
    """Send each message back, in a plain handler."""

    @server.on(bytes)
    def send_back(message: bytes, client: ConnectedClient) -> None:
        """Send a message back."""
        client.send(message)


def async_echo(server: Server) -> None:
    """Send each message back, in an async handler that waits for room."""

    @server.on(bytes)
    async def send_back(message: bytes, client: ConnectedClient) -> None:
        """Send a message back."""
        await client.send(message)


def broadcast(server: Server) -> None:
    """Send each message to everybody."""

    @server.on(bytes)
    def send_to_all(message: bytes, client: ConnectedClient) -> None:
        """Send a message to everybody."""
        server.broadcast(message)


def answer(server: Server) -> None:
    """Answer each request with itself, in a plain handler."""

    def send_back(request: Raw, client: ConnectedClient) -> Raw:
        """Answer a request."""
        return request

    server.on_client_request(send_back)


def async_answer(server: Server) -> None:
    """Answer each request with itself, in an async handler."""

    async def send_back(request: Raw, client: ConnectedClient) -> Raw:
        """Answer a request."""
        return request

    server.on_client_request(send_back)


SERVICES: Final[dict[str, Callable[[Server], None]]] = {
    "echo": echo,
    "async-echo": async_echo,
    "broadcast": broadcast,
    "answer": answer,
    "async-answer": async_answer,
}


def untyped(service: str) -> Server:
    """Return a server of bytes."""
    server = Server()
    SERVICES[service](server)
    return server


def typed() -> Server[Reading, Reading]:
    """Return a server that sends typed messages back."""
    server = Server(CONTRACT)

    @server.on(Reading)
    def send_back(reading: Reading, client: ConnectedClient[Reading, Reading]) -> None:
        """Send a message back."""
        client.send(reading)

    return server


class Hooks:
    """What an application does when clients come and go: it counts."""

    def __init__(self, server: Server[Any, Any]) -> None:
        self.came = self.went = self.failed = 0
        server.on_client_connect(self.count_in).on_client_disconnect(self.count_out)
        server.on_client_error(self.count_error)

    def count_in(self, client: ConnectedClient[Any, Any]) -> None:
        """Count one in."""
        self.came += 1

    def count_out(self, client: ConnectedClient[Any, Any]) -> None:
        """Count one out."""
        self.went += 1

    def count_error(self, error: Exception, client: ConnectedClient[Any, Any]) -> None:
        """Count an error."""
        self.failed += 1
        sys.stderr.write(f"{error}\n")


async def start(order: Order) -> int:
    """Listen; return the port."""
    server = typed() if order.service == "typed-echo" else untyped(order.service)
    Hooks(server)
    return (await server.listen(0, "127.0.0.1", lambda: None)).port


if __name__ == "__main__":
    host(start)
