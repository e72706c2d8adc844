"""TLS on simulated connections, by asyncio's own protocol of it."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto
from dataclasses import dataclass
from typing import Any

from ._transport import SimTransport


@dataclass(frozen=True, slots=True)
class Tls:
    """How a connection is secured: what ``ssl=`` and its companions said."""

    context: ssl.SSLContext
    server_hostname: str | None = None
    handshake_timeout: float | None = None
    shutdown_timeout: float | None = None

    def protocol(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: Any,
        waiter: asyncio.Future[None] | None,
        *,
        is_server: bool,
        is_upgrade: bool = False,
    ) -> Any:
        """Return what stands between a transport and the protocol of the program."""
        # There is no public name for it; each loop that has TLS without sockets takes this one.
        make: Any = sslproto.SSLProtocol
        return make(
            loop,
            protocol,
            self.context,
            waiter,
            is_server,
            self.server_hostname,
            ssl_handshake_timeout=self.handshake_timeout,
            ssl_shutdown_timeout=self.shutdown_timeout,
            call_connection_made=not is_upgrade,
        )

    def serve(self, loop: asyncio.AbstractEventLoop, protocol: Any) -> Any:
        """Return what secures a connection that came in."""
        return self.protocol(loop, protocol, None, is_server=True)


async def secure(
    loop: asyncio.AbstractEventLoop, transport: SimTransport, protocol: Any, tls: Tls
) -> asyncio.Transport:
    """Secure a new connection from its first byte; return the transport of the program."""
    waiter = loop.create_future()
    shell = tls.protocol(loop, protocol, waiter, is_server=False)
    # Taken at once: the shell forgets it when the connection is lost.
    secured: asyncio.Transport = shell._app_transport
    transport.start(shell)
    try:
        await waiter
    except BaseException:
        secured.close()
        raise
    return secured


async def upgrade(
    loop: asyncio.AbstractEventLoop,
    transport: asyncio.Transport,
    protocol: Any,
    tls: Tls,
    *,
    is_server: bool,
) -> asyncio.Transport:
    """Secure a connection that is in use; return the transport of the program.

    Raises:
        TypeError: the transport cannot be secured.
    """
    if not getattr(transport, "_start_tls_compatible", False):
        raise TypeError(f"transport {transport!r} is not supported by start_tls()")
    waiter = loop.create_future()
    shell = tls.protocol(loop, protocol, waiter, is_server=is_server, is_upgrade=True)
    transport.pause_reading()
    transport.set_protocol(shell)
    made = loop.call_soon(shell.connection_made, transport)
    resumed = loop.call_soon(transport.resume_reading)
    try:
        await waiter
    except BaseException:
        transport.close()
        made.cancel()
        resumed.cancel()
        raise
    secured: asyncio.Transport = shell._app_transport
    return secured
