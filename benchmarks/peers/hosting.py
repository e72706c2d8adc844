"""Hosting: the loop that a peer runs on, and how it tells where it listens."""

from __future__ import annotations

import asyncio
import importlib
import resource
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

KEEPALIVE_S: Final = 20.0
"""Seconds after which peers that can ping a silent client do: our default, and that of
``websockets``."""


@dataclass(frozen=True)
class Order:
    """What the command line says: ``LOOP SERVICE``."""

    loop: str
    service: str


def host(start: Callable[[Order], Awaitable[int]]) -> None:
    """Start a server, print the port that it listens on, and serve until killed."""
    order = Order(*sys.argv[1:3])
    raise_file_limit()
    with asyncio.Runner(loop_factory=loop_factory(order.loop)) as runner:
        runner.run(serve(start, order))


def raise_file_limit() -> None:
    """Allow as many connections as the system does."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop of that name; None for asyncio's own."""
    if name == "asyncio":
        return None
    uvloop: Any = importlib.import_module("uvloop")
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def serve(start: Callable[[Order], Awaitable[int]], order: Order) -> None:
    """Start a server, print its port and wait for ever."""
    announce(await start(order))
    await asyncio.Event().wait()


def announce(port: int) -> None:
    """Tell who started this process where it listens."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def port_of(server: Any) -> int:
    """Return the port of a server with one socket."""
    port: int = server.sockets[0].getsockname()[1]
    return port
