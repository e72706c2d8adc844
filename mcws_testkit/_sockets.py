"""SimSocket: what ``get_extra_info("socket")`` gives on a simulated network."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any, TypeAlias

Address: TypeAlias = tuple[str, int]
"""Host and port, as sockets of IPv4 have them."""


class SimSocket:
    """Looks like a socket to those who ask where it is bound or set an option on it."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, name: Address, peer: Address | None) -> None:
        self._name = name
        self._peer = peer
        self._options: dict[tuple[int, int], Any] = {}

    def getsockname(self) -> Address:
        """Return where it is bound."""
        return self._name

    def getpeername(self) -> Address:
        """Return who is at the other end.

        Raises:
            OSError: nobody is.
        """
        if self._peer is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self._peer

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """Remember an option; it has no effect."""
        self._options[level, option] = value

    def getsockopt(self, level: int, option: int, size: int = 0) -> Any:
        """Return an option that was set, or 0."""
        return self._options.get((level, option), bytes(size) if size else 0)

    def fileno(self) -> int:
        """Return -1: there is no file descriptor."""
        return -1

    def gettimeout(self) -> float:
        """Return 0, as for all sockets of asyncio."""
        return 0.0

    def __repr__(self) -> str:
        return f"<SimSocket {self._name} to {self._peer}>"
