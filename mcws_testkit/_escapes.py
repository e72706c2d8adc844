"""Escapes: what programs may ask an event loop for and a simulation does not have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn, TypeVarTuple, Unpack

from ._verdicts import SimEscape

_Ts = TypeVarTuple("_Ts")

BY_STREAMS = "use create_connection, create_server or asyncio's streams"


class Escapes(asyncio.AbstractEventLoop):
    """Raises ``SimEscape`` for each call that would leave the simulation, and names it."""

    def add_reader(self, fd: Any, callback: Callable[[Unpack[_Ts]], Any], *args: *_Ts) -> NoReturn:
        """Raise: there are no file descriptors."""
        raise SimEscape("loop.add_reader", BY_STREAMS)

    def add_writer(self, fd: Any, callback: Callable[[Unpack[_Ts]], Any], *args: *_Ts) -> NoReturn:
        """Raise: there are no file descriptors."""
        raise SimEscape("loop.add_writer", BY_STREAMS)

    def remove_reader(self, fd: Any) -> bool:
        """Return that there was none."""
        return False

    def remove_writer(self, fd: Any) -> bool:
        """Return that there was none."""
        return False

    def add_signal_handler(
        self, sig: int, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts
    ) -> NoReturn:
        """Raise: signals are of the real process."""
        raise SimEscape("loop.add_signal_handler", "call what the signal would call")

    def remove_signal_handler(self, sig: int) -> bool:
        """Return that there was none."""
        return False

    async def create_datagram_endpoint(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: only TCP is simulated."""
        raise SimEscape("loop.create_datagram_endpoint")

    async def create_unix_connection(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: only TCP is simulated."""
        raise SimEscape("loop.create_unix_connection", "use create_connection")

    async def create_unix_server(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: only TCP is simulated."""
        raise SimEscape("loop.create_unix_server", "use create_server")

    async def connect_accepted_socket(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.connect_accepted_socket", "use create_server")

    async def connect_read_pipe(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no pipes."""
        raise SimEscape("loop.connect_read_pipe")

    async def connect_write_pipe(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no pipes."""
        raise SimEscape("loop.connect_write_pipe")

    async def subprocess_exec(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: processes run in real time."""
        raise SimEscape("loop.subprocess_exec")

    async def subprocess_shell(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: processes run in real time."""
        raise SimEscape("loop.subprocess_shell")

    async def sendfile(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no file descriptors."""
        raise SimEscape("loop.sendfile", "write what the file contains")

    async def sock_recv(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_recv", BY_STREAMS)

    async def sock_recv_into(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_recv_into", BY_STREAMS)

    async def sock_recvfrom(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_recvfrom")

    async def sock_recvfrom_into(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_recvfrom_into")

    async def sock_sendto(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_sendto")

    async def sock_sendall(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_sendall", BY_STREAMS)

    async def sock_connect(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_connect", BY_STREAMS)

    async def sock_accept(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_accept", BY_STREAMS)

    async def sock_sendfile(self, *_: Any, **__: Any) -> NoReturn:
        """Raise: there are no sockets."""
        raise SimEscape("loop.sock_sendfile")
