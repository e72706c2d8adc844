"""Our own server and client under the suite of life cycles, on both wires."""

from __future__ import annotations

from mcws_client import Client
from mcws_protocol import Lines, Plain
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
from tests.testkit.mutants.own import echo_server

PLAIN = Plain(Lines())


class TestMcws(LifecycleSuite):  # noqa: D101 - eight lines, as a user writes them
    promises = Promise.all() - {Promise.HALF_CLOSE}

    async def start(self, host: Host) -> ServerUnderTest:  # noqa: D102
        server = await echo_server(events := Events())
        return Served.of(server, 8080, events, stop=server.close)

    async def connect(self, host: Host, port: int) -> ClientUnderTest:  # noqa: D102
        client = await Client(f"tcp://server:{port}").connect()
        return Connected.of(client, receive=aiter(client).__anext__)


class TestPlainLines(LifecycleSuite):
    """On a plain wire the next message is the reply, so that an echo would be taken for one."""

    promises = Promise.all() - {Promise.HALF_CLOSE, Promise.REPLIES, Promise.PROMPT}

    async def start(self, host: Host) -> ServerUnderTest:
        """Start an echo server."""
        server = await echo_server(events := Events(), PLAIN)
        return Served.of(server, 8080, events, stop=server.close)

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Connect a client."""
        client = await Client(f"tcp://server:{port}", wire=PLAIN).connect()
        return Connected.of(client, receive=aiter(client).__anext__)
