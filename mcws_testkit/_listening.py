"""SimServer: what listens on a simulated host."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Any, Final, Self

from ._names import LOOPBACK
from ._process import Process
from ._sockets import Address, SimSocket
from ._tls import Tls
from ._transport import SimTransport

WAITS_FOR_CLIENTS: Final = sys.version_info >= (3, 12)
"""Whether ``wait_closed`` of a closed server waits for its connections: not in Python 3.11."""


class SimServer(asyncio.AbstractServer):
    """What ``create_server`` returns.

    Attributes:
        process: whose it is.
        addresses: what it is bound to, as ``getsockname`` tells it; all have the same port.
        context: of who made it; each connection gets a copy.
        on_close: called once it is closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        process: Process,
        addresses: Sequence[Address],
        make_protocol: Callable[[], Any],
        tls: Tls | None,
    ) -> None:
        self.process = process
        self.addresses: tuple[Address, ...] = tuple(addresses)
        self.context: Context = copy_context()
        self.on_close: Callable[[], None] = lambda: None
        self._loop = loop
        self._make_protocol = make_protocol
        self._tls = tls
        self._is_bound = True
        self._is_serving = False
        # A dict, since it keeps the order; a set of objects has another one in each run.
        self._active: dict[SimTransport, None] = {}
        self._backlog: list[SimTransport] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._forever: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[Any, ...]:
        """The sockets, as long as they are bound."""
        return tuple(SimSocket(one, None) for one in self.addresses) if self._is_bound else ()

    @property
    def is_local(self) -> bool:
        """Whether only programs on its own host reach it."""
        return all(host in LOOPBACK for host, _ in self.addresses)

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
        """Let connections come in until this call is cancelled, or the server closed.

        Raises:
            RuntimeError: another call of it runs, or the server was closed.
        """
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        self.open()
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            try:
                self.close()
                await self.wait_closed()
            finally:
                # As in asyncio: nothing else comes out of it.
                raise
        finally:
            self._forever = None

    def close(self) -> None:
        """Let nobody in any more; who is inside stays, who waits in front is reset."""
        if not self._is_bound:
            return
        self._is_bound = self._is_serving = False
        self.on_close()
        for transport in self._backlog:
            transport.reject()
        self._backlog.clear()
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()
        self._wake()

    if sys.version_info >= (3, 13):

        def close_clients(self) -> None:
            """Close each connection."""
            for transport in list(self._active):
                transport.close()

        def abort_clients(self) -> None:
            """End each connection at once."""
            for transport in list(self._active):
                transport.abort()

    async def wait_closed(self) -> None:
        """Wait until it is closed and all its connections have ended.

        If it is closed already, Python 3.11 returns at once, and so does this then.
        """
        if not self._is_bound and not (self._active and WAITS_FOR_CLIENTS):
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def knock(self, transport: SimTransport) -> None:
        """Take a connection that the kernel accepted; the program gets it in the next turn."""
        self._backlog.append(transport)
        transport.kernel.line.agenda.io(self._accept, transport.kernel.context)

    def _accept(self) -> None:
        """Give the next connection that waits to the program."""
        if not self._backlog:
            return
        transport = self._backlog.pop(0)
        try:
            protocol = self._make_protocol()
        except Exception as error:
            self._report(error)
            transport.kill()
            return
        self._active[transport] = None
        transport.on_lost = lambda: self._detach(transport)
        if self._tls is not None:
            protocol = self._tls.serve(self._loop, protocol)
        transport.start(protocol)

    def _report(self, error: Exception) -> None:
        """Tell the loop that a protocol could not be made; asyncio does so in debug mode only."""
        message = "Error on transport creation for incoming connection"
        self._loop.call_exception_handler({"message": message, "exception": error})

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
        where = ", ".join(f"{host}:{port}" for host, port in self.addresses)
        return f"<SimServer {where} on {self.process.host}>"
