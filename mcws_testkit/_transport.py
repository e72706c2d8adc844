"""SimTransport: what a program has of one end of a simulated connection."""

from __future__ import annotations

from asyncio import sslproto
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from ._kernel import KernelSocket
from ._process import current_process
from ._socket_transport import SocketTransport


def do_nothing() -> None:
    """Do nothing: what nobody waits for has no consequences."""


class SimTransport(SocketTransport):
    """One end of a connection, as ``asyncio.selector_events`` makes it of a socket.

    What happens to it is written down in the trace, and its callbacks run in the context of the
    process that it belongs to. ``get_protocol`` returns None once the connection is lost, as in
    asyncio.

    Attributes:
        kernel: the socket below.
        is_lost: whether ``connection_lost`` was called, or never will be.
        on_lost: called once it is lost.
    """

    def __init__(self, kernel: KernelSocket, extra: dict[str, Any]) -> None:
        super().__init__(kernel, extra, partial(kernel.line.tell, kernel.end))
        self.kernel = kernel
        self.is_lost: bool = False
        self.on_lost: Callable[[], None] = do_nothing
        self._line = kernel.line

    def start(self, protocol: Any, then: Callable[[], None] = do_nothing) -> None:
        """Tell ``protocol`` soon that its connection is made, then read, then call ``then``."""
        self.set_protocol(protocol)
        # Three callbacks, as in asyncio: if the first one raises, the others still run.
        for step in (lambda: protocol.connection_made(self), self._watch_reads, then):
            self._line.agenda.soon(step, context=self.kernel.context.copy())

    def abort(self) -> None:
        """End both directions at once; the other end sees the end of the stream."""
        if not self.is_lost:
            self._note("abort")
        super().abort()

    # What happens to its process and its host

    def kill(self) -> None:
        """Let the kernel end the connection of a process that is gone."""
        self._end_silently()
        self.kernel.close()

    def reject(self) -> None:
        """Let the kernel reset a connection that no program took."""
        self._end_silently()
        self.kernel.reject()

    def vanish(self) -> None:
        """Lose power: nobody is told."""
        self._end_silently()
        self.kernel.vanish()

    def _end_silently(self) -> None:
        """Do nothing any more, and tell nobody."""
        self._conn_lost = self._closing = self.is_lost = True
        self._buffer.clear()
        if isinstance(self._protocol, sslproto.SSLProtocol):
            # Or it warns of an unclosed transport once it is garbage. In the context of its own
            # process, so that the program hears nothing of it.
            self.kernel.context.copy().run(self._protocol.connection_lost, None)
        self.on_lost()

    # What it does in its own way

    def _check_usable(self) -> None:
        """Fail as asyncio does on a transport that has sent what it had to after ``close``.

        Raises:
            AttributeError: it has, and is lost since.
        """
        if self.is_lost:
            raise AttributeError(f"{self!r} has no socket and no loop any more, as in asyncio")

    def _soon_lost(self, error: BaseException | None) -> None:
        """Tell the protocol in the next turn that the connection is lost."""
        context: Context = copy_context()
        own = self.kernel.context
        if context.get(current_process) is not own.get(current_process):
            # Somebody else ends it, and may be dead by then.
            context = own.copy()
        self._line.agenda.soon(self._lose, error, context=context)

    def _lose(self, error: BaseException | None) -> None:
        """Tell the protocol that the connection is lost, once, and close the socket."""
        if self.is_lost:
            return
        self.is_lost = True
        name = "" if error is None else type(error).__name__
        self._line.tell(self.kernel.end, "lost", detail=name)
        try:
            super()._lose(error)
        finally:
            self._protocol = None
            self.on_lost()

    def __repr__(self) -> str:
        state = "lost" if self.is_lost else "closing" if self._closing else "open"
        return f"<SimTransport {self.kernel.end} of connection {self._line.number} {state}>"
