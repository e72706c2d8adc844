"""SimServer: one listening socket of a simulated host."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Self

from ._process import Process
from ._sockets import SimSocket
from ._tls import Tls
from ._transport import SimTransport


class SimServer(asyncio.AbstractServer):
    """What ``create_server`` returns.

    Attributes:
        process: whose it is.
        address: what it is bound to, as ``getsockname`` tells it.
        context: in which its protocols are made and called.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        process: Process,
        address: tuple[str, int],
        make_protocol: Callable[[], Any],
        tls: Tls | None,
        on_close: Callable[[], None],
    ) -> None:
        self.process = process
        self.address = address
        self.context: Context = copy_context()
        self._loop = loop
        self._make_protocol = make_protocol
        self._tls = tls
        self._on_close = on_close
        self._is_bound = True
        self._is_serving = False
        # A dict, since it keeps the order; a set of objects has another one in each run.
        self._active: dict[SimTransport, None] = {}
        self._backlog: list[SimTransport] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._forever: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[Any, ...]:
        """The socket, as long as it is bound."""
        return (SimSocket(self.address, None),) if self._is_bound else ()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return its loop."""
        return self._loop

    def is_serving(self) -> bool:
        """Whether connections come in."""
        return self._is_serving

    async def start_serving(self) -> None:
        """Let connections come in."""
        self.open()
        await asyncio.sleep(0)

    def open(self) -> None:
        """Let connections come in.

        Raises:
            RuntimeError: it was closed.
        """
        if not self._is_bound:
            raise RuntimeError(f"server {self!r} is closed")
        self._is_serving = True

    async def serve_forever(self) -> None:
        """Let connections come in until this call is cancelled, or the server closed."""
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        self.open()
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise
        finally:
            self._forever = None

    def close(self) -> None:
        """Let nobody in any more; who is inside stays, who waits in front is reset."""
        if not self._is_bound:
            return
        self._is_bound = self._is_serving = False
        self._on_close()
        for transport in self._backlog:
            transport.kill(is_reset=True)
        self._backlog.clear()
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()
        self._wake()

    def close_clients(self) -> None:
        """Close each connection, as Python 3.13 has it."""
        for transport in list(self._active):
            transport.close()

    def abort_clients(self) -> None:
        """End each connection at once, as Python 3.13 has it."""
        for transport in list(self._active):
            transport.abort()

    async def wait_closed(self) -> None:
        """Wait until it is closed and all its connections have ended, as from Python 3.12 on."""
        if not self._is_bound and not self._active:
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def knock(self, transport: SimTransport) -> None:
        """Take a connection that the kernel accepted; the program gets it in the next turn.

        Raises:
            ConnectionRefusedError: nobody serves here.
        """
        if not self._is_serving:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        self._backlog.append(transport)
        transport.line.agenda.io(self._accept, self.context)

    def _accept(self) -> None:
        """Give the next connection that waits to the program."""
        if not self._backlog:
            return
        transport = self._backlog.pop(0)
        self._active[transport] = None
        transport.on_lost = lambda: self._detach(transport)
        protocol = self._make_protocol()
        if self._tls is not None:
            protocol = self._tls.serve(self._loop, protocol)
        transport.start(protocol)

    def _detach(self, transport: SimTransport) -> None:
        """Forget a connection that has ended."""
        self._active.pop(transport, None)
        self._wake()

    def _wake(self) -> None:
        """Wake who waits, if there is nothing left to wait for."""
        if self._is_bound or self._active:
            return
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await self.wait_closed()

    def __repr__(self) -> str:
        host, port = self.address
        return f"<SimServer {host}:{port} on {self.process.host}>"
