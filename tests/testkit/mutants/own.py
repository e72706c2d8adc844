"""Bugs in our own server and client, each as one method that is replaced for a while."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FunctionType
from typing import Any, Final
from unittest import mock

import pytest

from mcws_client import Client
from mcws_client._mailbox import Mailbox
from mcws_protocol import Mcws, Wire
from mcws_protocol.aio._asked import Asked
from mcws_protocol.aio._inbox import Inbox
from mcws_server import Server
from mcws_server._registry import Registry
from mcws_testkit import (
    ClientUnderTest,
    Connected,
    Events,
    Host,
    LifecycleSuite,
    Promise,
    Served,
    ServerUnderTest,
)


async def echo_server(events: Events, wire: Wire | None = None) -> Server[Any, Any, Any]:
    """Return our server with hooks that log, echo and answer."""
    server = Server()

    @server.on_client_message
    async def echo(message: Any, client: Any) -> None:
        """Send a message back, as text where it came as such."""
        data = await events.message(client, message)
        client.send(data.decode() if isinstance(message, str) else data)

    server.on_client_connect(events.connected).on_client_disconnect(events.disconnected)
    server.on_client_request(lambda request, client: events.request(client, request))
    await server.listen(8080, "0.0.0.0", lambda: None, wire=wire or Mcws())
    return server


class Ours(LifecycleSuite):
    """The suite of our own server and client."""

    promises = Promise.all() - {Promise.HALF_CLOSE}

    async def start(self, host: Host) -> ServerUnderTest:
        """Start an echo server."""
        server = await echo_server(events := Events())
        return Served.of(server, 8080, events, stop=server.close)

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Connect a client."""
        client = await Client(f"tcp://server:{port}").connect()
        return Connected.of(client, receive=aiter(client).__anext__)


def nothing(*_: object) -> None:
    """Do nothing."""


def replaced(owner: type, name: str, bug: Callable[..., Any]) -> AbstractContextManager[Any]:
    """Return what replaces a method while it is entered; skips the test where none can be."""
    if not isinstance(getattr(owner, name), FunctionType):
        pytest.skip("pure build only: compiled code calls the methods that it was compiled with")
    return mock.patch.object(owner, name, bug)


OWN: Final[dict[str, Callable[[], AbstractContextManager[Any]]]] = {
    "registry keeps who has gone": lambda: replaced(Registry, "remove", nothing),
    "requests hang when the connection is lost": lambda: replaced(Asked, "fail", nothing),
    "iteration hangs when the connection is lost": lambda: replaced(Mailbox, "close", nothing),
    "newest message first": lambda: replaced(Inbox, "put", Inbox.put_first),
    "an inbox is never scheduled again": lambda: replaced(Inbox, "_rest", nothing),
}
"""The bugs by what is wrong."""
