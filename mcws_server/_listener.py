"""Listener: one door of a server, a socket that connections come in through."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import Any

from mcws_protocol import ListenFailed, Wire
from mcws_protocol.aio import Connection, Door, Hub, Owner

# Connections that the kernel keeps for a server that is busy; Linux cuts it at somaxconn.
BACKLOG = 1024

# The usual mistakes by errno, in words that say what to change; the system words the rest.
WHYS = {
    errno.EADDRINUSE: "the port is in use",
    errno.EACCES: "no permission for this port",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}


class Listener:
    """One door of a server: where it listens, and how those who come in talk.

    Attributes:
        wire: what is spoken behind this door.
        address: the address that the socket is bound to; the path of a Unix socket.
        port: the port that the socket is bound to, also where 0 was asked for; 0 for a Unix socket.
    """

    def __init__(self, server: asyncio.Server, wire: Wire) -> None:
        self._server = server
        self.wire = wire
        # A host name may bind several sockets; the first one speaks for all.
        name: Any = server.sockets[0].getsockname()
        # IPv6 gives four values and a Unix socket a text; any tuple begins with host and port.
        self.address: str = name[0] if isinstance(name, tuple) else str(name)
        self.port: int = name[1] if isinstance(name, tuple) else 0

    @property
    def is_open(self) -> bool:
        """Whether connections still come in here."""
        return self._server.is_serving()

    def close(self) -> None:
        """Let nobody in any more; who is inside stays."""
        self._server.close()

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<Listener {self.address}:{self.port} {self.wire!r} {state}>"


async def open_listener(
    hub: Hub,
    owner: Owner[Connection[Any, Any]],
    door: Door,
    where: tuple[str, int] | socket.socket,
    *,
    reuse_port: bool,
) -> Listener:
    """Bind a socket, or take one that is bound, and let connections in.

    Raises:
        ListenFailed: the socket cannot be bound; nothing is left open.
    """

    def connect() -> Any:
        """Make the connection of one transport; asyncio calls this for each."""
        return Connection(hub, owner, door)

    try:
        # Bound first and opened by `start`: if `create_server` did both and were cancelled in
        # between, an open socket would be left that nobody knows.
        if isinstance(where, socket.socket):
            server = await hub.loop.create_server(
                connect, sock=where, backlog=BACKLOG, start_serving=False
            )
        else:
            address, port = where
            server = await hub.loop.create_server(
                connect,
                address,
                port,
                backlog=BACKLOG,
                reuse_port=reuse_port or None,
                start_serving=False,
            )
        await start(server)
    # A host name that IDNA cannot encode is a `UnicodeError`.
    except (OSError, OverflowError, UnicodeError) as error:
        address, port = ("socket", 0) if isinstance(where, socket.socket) else where
        raise ListenFailed(address, port, explain(error)) from error
    return Listener(server, door.wire)


async def start(server: asyncio.Server) -> None:
    """Let connections in; leave nothing open if that fails or is cancelled."""
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise


def explain(error: Exception) -> str:
    """Return why a socket could not be bound, in words."""
    # First, since its errno is a number of another table.
    if isinstance(error, socket.gaierror):
        return "there is no such address"
    if str(error).startswith("could not bind on any address"):
        # From Python 3.12 on asyncio says so itself, without an errno.
        return WHYS[errno.EADDRNOTAVAIL]
    if isinstance(error, OSError) and error.errno is not None:
        return WHYS.get(error.errno, os.strerror(error.errno).lower())
    return str(error)
