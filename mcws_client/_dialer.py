"""Dialer: from a URL to a connection that is open, or to one clear error."""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from mcws_protocol import ConnectFailed
from mcws_protocol.aio import Connection, Door

from ._line import Line

SCHEMES: Final = ("tcp",)

Dial: TypeAlias = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Gets what makes a protocol, as ``loop.create_connection`` does, and gives it a transport."""

# What users meet most, by errno, in their words; the system words the rest.
WHYS: Final = {
    errno.ECONNREFUSED: "nobody listens there",
    errno.ENETUNREACH: "the network cannot be reached",
    errno.EHOSTUNREACH: "the host cannot be reached",
    errno.ETIMEDOUT: "the host does not answer",
    errno.EACCES: "not permitted",
}


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


def parse_url(url: object) -> Address:
    """Return the host and port of ``tcp://host:port``.

    Raises:
        TypeError: it is not text.
        ValueError: the scheme is not known, or host or port is missing or wrong.
    """
    if not isinstance(url, str):
        raise TypeError(f"url must be a str, not {url!r}")
    try:
        parts = urlsplit(url)
        # Read inside the `try`: it is this access that raises for a port that is none.
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url {url!r}: {error}") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"url {url!r} must begin with tcp://")
    # Port 0 too: nobody can be reached there.
    if not parts.hostname or not port:
        raise ValueError(f"url {url!r} must name host and port, as in tcp://127.0.0.1:8080")
    # Ignored, they would look as if they did something.
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"url {url!r} must have nothing but tcp://host:port")
    return Address(parts.hostname, port)


async def dial(url: str, line: Line, door: Door, by: Dial | None = None) -> None:
    """Make a transport to ``url`` and give it to a new connection of ``line``.

    ``by`` makes the transport in another way than by TCP.

    Raises:
        ConnectFailed: there is no way to the host, nobody listens there, or ``by`` did not call
            its argument.
        TypeError: ``by`` returned nothing that can be awaited.
    """
    is_made = False

    def connect() -> Any:
        """Make the connection of the transport; asyncio calls this."""
        nonlocal is_made
        is_made = True
        return Connection(line.hub, line, door)

    try:
        if by is not None:
            await awaitable(by(connect))
        else:
            address = parse_url(url)
            await line.hub.loop.create_connection(connect, address.host, address.port)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(url, explain(error)) from error
    if not is_made:
        # Nobody would ever open the connection, so its opening would be waited for in vain.
        raise ConnectFailed(url, "dial did not call its argument")


def awaitable(result: Awaitable[object]) -> Awaitable[object]:
    """Return what a ``dial`` returned.

    Raises:
        TypeError: it cannot be awaited.
    """
    # Whatever its type says, it comes from a function of the application.
    if not inspect.isawaitable(result):
        raise TypeError(f"dial must be async or return an awaitable, it returned {result!r}")
    return result


def explain(error: OSError | UnicodeError) -> str:
    """Return why a connection could not be made, in words."""
    # A name that IDNA cannot encode, too long for instance, is no name of a host.
    if isinstance(error, socket.gaierror | UnicodeError):
        return "there is no such host"
    if error.errno is None:
        # Several addresses failed, and asyncio joins their texts; or it is from a user's `dial`.
        return str(error) or type(error).__name__
    return WHYS.get(error.errno, os.strerror(error.errno).lower())
