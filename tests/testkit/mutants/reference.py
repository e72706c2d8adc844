"""The reference server and client under the suite; mutants replace one of them."""

from __future__ import annotations

from typing import ClassVar

from mcws_testkit import ClientUnderTest, Host, LifecycleSuite, ServerUnderTest

from .reference_client import Client
from .reference_server import Server


class Reference(LifecycleSuite):
    """The suite of the reference, with all promises."""

    server: ClassVar[type[Server]] = Server
    client: ClassVar[type[Client]] = Client

    async def start(self, host: Host) -> ServerUnderTest:
        """Start a server."""
        server = self.server()
        await server.start()
        return server

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Connect a client."""
        return await self.client.connect("server", port)
