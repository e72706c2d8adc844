"""NetworkCalls: what an event loop offers for the network, on a simulated one."""

from __future__ import annotations

import asyncio
import socket
import ssl as ssl_module
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Any, Final, TypeVar

from ._agenda import Agenda
from ._escapes import Escapes
from ._network import Network, settle
from ._tls import Tls, secure, upgrade
from ._verdicts import SimEscape

_T = TypeVar("_T")

EXECUTOR_STEPS: Final = 100
"""Hundredths of a second, at most, by which the schedule delays what an executor does."""


class NetworkCalls(Escapes):
    """Servers, connections, TLS and names; also executors, whose functions run at once."""

    network: Network
    _agenda: Agenda

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Return the one address of a host of this world."""
        name = host.decode() if isinstance(host, bytes) else host
        number = 0 if port is None else int(port)
        address = (self.network.names.resolve(name), number)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """Return an address as text."""
        return str(sockaddr[0]), str(sockaddr[1])

    async def create_server(  # type: ignore[override]  # one for all overloads of asyncio
        self,
        protocol_factory: Callable[[], Any],
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        start_serving: bool = True,
        **options: Any,
    ) -> asyncio.AbstractServer:
        """Listen on the host of the code that runs now.

        Raises:
            OSError: the port is in use, or the address is one of another host.
            SimEscape: ``sock`` is given: there are no sockets.
        """
        if sock is not None:
            raise SimEscape("create_server(sock=...)", "give host and port")
        if ssl is not None and not isinstance(ssl, ssl_module.SSLContext):
            raise TypeError("ssl argument must be an SSLContext or None")
        tls = None if ssl is None else Tls(ssl, None, ssl_handshake_timeout, ssl_shutdown_timeout)
        first = host if isinstance(host, str) or host is None else host[0]
        server = self.network.bind(protocol_factory, first, port or 0, tls)
        if start_serving:
            server.open()
            await asyncio.sleep(0)
        return server

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Connect to a host of this world.

        Raises:
            OSError: refused, no such host, or no answer.
            SimEscape: ``sock`` is given: there are no sockets.
        """
        if sock is not None:
            raise SimEscape("create_connection(sock=...)", "give host and port")
        if host is None or port is None:
            raise ValueError("host and port was not specified and no sock specified")
        transport = await self.network.connect(host, int(port))
        protocol = protocol_factory()
        if ssl:
            context = ssl if isinstance(ssl, ssl_module.SSLContext) else None
            tls = Tls(
                context or ssl_module.create_default_context(),
                host if server_hostname is None else server_hostname,
                ssl_handshake_timeout,
                ssl_shutdown_timeout,
            )
            return await secure(self, transport, protocol, tls), protocol
        made: asyncio.Future[None] = self.create_future()
        transport.start(protocol, lambda: settle(made))
        try:
            await made
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def start_tls(
        self,
        transport: Any,
        protocol: Any,
        sslcontext: ssl_module.SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> asyncio.Transport:
        """Secure a connection that is in use."""
        if not isinstance(sslcontext, ssl_module.SSLContext):
            raise TypeError("sslcontext is expected to be an instance of ssl.SSLContext")
        tls = Tls(sslcontext, server_hostname, ssl_handshake_timeout, ssl_shutdown_timeout)
        return await upgrade(self, transport, protocol, tls, is_server=server_side)

    def run_in_executor(  # type: ignore[override]  # asyncio's own loops return a future too
        self, executor: Any, func: Callable[..., _T], *args: Any
    ) -> asyncio.Future[_T]:
        """Run a function in the thread of the loop, at a moment that the schedule chooses."""
        done: asyncio.Future[_T] = self.create_future()

        def work() -> None:
            """Run it unless nobody waits for it any more."""
            if done.cancelled():
                return
            try:
                result = func(*args)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(result)

        self._agenda.io(work, copy_context())
        return done

    def set_default_executor(self, executor: Any) -> None:
        """Do nothing: functions run in the thread of the loop."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Do nothing: there is none."""
