"""NetworkCalls: what an event loop offers for the network, on a simulated one."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl as ssl_module
from asyncio import events
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any, Final, TypeVar

from ._agenda import Agenda
from ._escapes import Escapes
from ._network import Network, settle
from ._process import current_process
from ._tls import Tls, secure, upgrade
from ._transport import SimTransport
from ._verdicts import SimEscape

_T = TypeVar("_T")

SERVER_OPTIONS: Final = frozenset(
    ("family", "flags", "backlog", "reuse_address", "reuse_port", "keep_alive")
)
"""Options of ``create_server`` that have no effect on a simulated network."""
CLIENT_OPTIONS: Final = frozenset(
    ("family", "proto", "flags", "local_addr", "happy_eyeballs_delay", "interleave")
)
"""Options of ``create_connection`` that have no effect on a simulated network."""


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
        port: int | str | None = None,
        *,
        ssl: ssl_module.SSLContext | None = None,
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
            TypeError: ``ssl`` is no context, or asyncio has no such option.
            ValueError: neither host nor port is given, or a time of TLS without TLS.
        """
        _check_options("create_server", options, SERVER_OPTIONS)
        if sock is not None:
            raise SimEscape("create_server(sock=...)", "give host and port")
        if ssl is not None and not isinstance(ssl, ssl_module.SSLContext):
            raise TypeError("ssl argument must be an SSLContext or None")
        _check_times(ssl, ssl_handshake_timeout, ssl_shutdown_timeout)
        if host is None and port is None:
            raise ValueError("Neither host/port nor sock were specified")
        tls = None if ssl is None else Tls(ssl, None, ssl_handshake_timeout, ssl_shutdown_timeout)
        names = [host] if isinstance(host, str) or host is None else host
        server = self.network.bind(protocol_factory, names, int(port or 0), tls)
        if start_serving:
            await server.start_serving()
        return server

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str | None = None,
        port: int | str | None = None,
        *,
        ssl: ssl_module.SSLContext | bool | None = None,
        sock: Any = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        all_errors: bool = False,
        **options: Any,
    ) -> Any:
        """Connect to a host of this world.

        Raises:
            OSError: refused, no such host, or no answer.
            SimEscape: ``sock`` is given: there are no sockets.
            TypeError: asyncio has no such option.
            ValueError: neither host nor port is given, or a part of TLS without TLS, or TLS without
                the name of the server.
        """
        _check_options("create_connection", options, CLIENT_OPTIONS)
        if sock is not None:
            raise SimEscape("create_connection(sock=...)", "give host and port")
        _check_name(ssl, server_hostname, host)
        _check_times(ssl, ssl_handshake_timeout, ssl_shutdown_timeout)
        if host is None and port is None:
            raise ValueError("host and port was not specified and no sock specified")
        transport = await self._connect(host, int(port or 0), all_errors=all_errors)
        protocol = _made(protocol_factory, transport)
        if ssl:
            context = ssl_module.create_default_context() if isinstance(ssl, bool) else ssl
            name = host if server_hostname is None else server_hostname
            tls = Tls(context, name, ssl_handshake_timeout, ssl_shutdown_timeout)
            return await secure(self, transport, protocol, tls), protocol
        await _begin(self, transport, protocol)
        return transport, protocol

    async def _connect(self, host: str | None, port: int, *, all_errors: bool) -> SimTransport:
        """Connect; raise what fails as asyncio does, in a group if ``all_errors``."""
        try:
            return await self.network.connect(host, port)
        except OSError as error:
            if all_errors and not isinstance(error, socket.gaierror):
                raise ExceptionGroup("create_connection failed", [error]) from None
            raise

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
        context = Context()
        # A thread inherits no context, but it ends with its process.
        context.run(current_process.set, current_process.get())
        work = functools.partial(_work, done, functools.partial(func, *args))
        kinds = ["delay"] if self.network.has_time else []
        if self._agenda.schedule.pick(kinds) is None:
            self._agenda.io(work, context)
        else:
            seconds = self.network.draw_delay("executor")
            self._agenda.at(self._agenda.now + seconds, work, context=context)
        return done

    def set_default_executor(self, executor: Any) -> None:
        """Do nothing: functions run in the thread of the loop."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Do nothing: there is none."""


def _made(protocol_factory: Callable[[], Any], transport: SimTransport) -> Any:
    """Return a new protocol; without one nothing is left of its connection."""
    try:
        return protocol_factory()
    except BaseException:
        transport.kill()
        raise


async def _begin(loop: asyncio.AbstractEventLoop, transport: SimTransport, protocol: Any) -> None:
    """Have a connection begin, and wait until its protocol knows."""
    made: asyncio.Future[None] = loop.create_future()
    transport.start(protocol, lambda: settle(made))
    try:
        await made
    except BaseException:
        transport.close()
        raise


def _work(done: asyncio.Future[_T], function: Callable[[], _T]) -> None:
    """Run a function as a thread would, unless nobody waits for it any more."""
    if done.cancelled():
        return
    loop = asyncio.get_running_loop()
    # In a thread no loop runs: whoever asks for one there gets the error that asyncio gives.
    events._set_running_loop(None)
    try:
        result = function()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(result)
    finally:
        events._set_running_loop(loop)


def _check_options(call: str, options: dict[str, Any], known: frozenset[str]) -> None:
    """Check the names of options that have no effect on a simulated network.

    Raises:
        TypeError: asyncio has none of that name.
    """
    for name in options:
        if name not in known:
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}")


def _check_name(tls: object, server_hostname: str | None, host: str | None) -> None:
    """Check that a name of the server is given with TLS only, and that TLS knows one.

    Raises:
        ValueError: one of both is missing.
    """
    if server_hostname is not None and not tls:
        raise ValueError("server_hostname is only meaningful with ssl")
    if server_hostname is None and tls and not host:
        raise ValueError("You must set server_hostname when using ssl without a host")


def _check_times(tls: object, handshake: float | None, shutdown: float | None) -> None:
    """Check that times of TLS are given with TLS only.

    Raises:
        ValueError: they are given without.
    """
    times = (("ssl_handshake_timeout", handshake), ("ssl_shutdown_timeout", shutdown))
    for name, seconds in times:
        if seconds is not None and not tls:
            raise ValueError(f"{name} is only meaningful with ssl")
