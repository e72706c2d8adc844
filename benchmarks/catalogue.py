"""Catalogue: the servers that are compared, how each is started and what it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from benchmarks.workloads import Service


class Kind(Enum):
    """What runs a server."""

    PYTHON = "python"
    COMPILED = "compiled"
    """The Python of a second environment, in which our own modules are compiled."""
    NODE = "node"
    C = "c"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peer:
    """One server under one name; there is one object for each."""

    name: str
    kind: Kind
    program: str
    """A module or a file of ``benchmarks/peers``."""
    wires: Mapping[Service, str]
    """What it does, and in which of the generator's wires."""
    loop: str = "uvloop"
    package: str = ""
    """What has to be installed for it, in the words of its registry."""
    module: str = ""
    """What can be imported then."""
    about: str = ""
    """What its author would want to be said beside its figures."""


def same_wire(wire: str) -> dict[Service, str]:
    """Return the wires of a server that echoes and broadcasts."""
    return {"echo": wire, "broadcast": wire}


RAW: Final = same_wire("raw")
WS: Final = same_wire("ws")
MCWS: Final[Mapping[Service, str]] = {
    "echo": "mcws",
    "async-echo": "mcws",
    "typed-echo": "mcws",
    "broadcast": "mcws",
    "answer": "mcws-request",
    "async-answer": "mcws-request",
}
# Its handlers of events are coroutines or functions; `call` at the other end waits for either.
SOCKETIO: Final[Mapping[Service, str]] = {
    "echo": "socketio",
    "broadcast": "socketio",
    "answer": "socketio-call",
}

BARE_ABOUT: Final = "No framing, no limits: each chunk goes back as it came. A bound, no library."
WS_ABOUT: Final = "HTTP upgrade, masked frames from the client"
OUR_ABOUT: Final = "Own framing and opening; all limits, hooks, keepalive and fair turns are on."


def ours(name: str, kind: Kind, loop: str) -> Peer:
    """Return our own server."""
    return Peer(name=name, kind=kind, program="mcws", wires=MCWS, loop=loop, about=OUR_ABOUT)


PEERS: Final[tuple[Peer, ...]] = (
    ours("mcws-uvloop", Kind.PYTHON, "uvloop"),
    ours("mcws-asyncio", Kind.PYTHON, "asyncio"),
    ours("mcws-compiled-uvloop", Kind.COMPILED, "uvloop"),
    ours("mcws-compiled-asyncio", Kind.COMPILED, "asyncio"),
    Peer(
        name="websockets",
        kind=Kind.PYTHON,
        program="websockets",
        wires=WS,
        package="websockets",
        module="websockets",
        about=f"{WS_ABOUT}; a write per message; keepalive, limits and queues as by default.",
    ),
    Peer(
        name="picows",
        kind=Kind.PYTHON,
        program="picows",
        wires=WS,
        package="picows",
        module="picows",
        about=f"{WS_ABOUT}; compiled; a write per message; automatic pings; no queue.",
    ),
    Peer(
        name="aiohttp",
        kind=Kind.PYTHON,
        program="aiohttp",
        wires=WS,
        package="aiohttp",
        module="aiohttp",
        about=f"{WS_ABOUT}; parts are compiled; a whole HTTP server; heartbeat is on.",
    ),
    Peer(
        name="python-socketio",
        kind=Kind.PYTHON,
        program="socketio",
        wires=SOCKETIO,
        package="python-socketio",
        module="socketio",
        about="Events in JSON on Engine.IO on WebSocket, by aiohttp; rooms and acknowledgements.",
    ),
    Peer(
        name="pyzmq",
        kind=Kind.PYTHON,
        program="zmq",
        wires={"echo": "zmtp"},
        package="pyzmq",
        module="zmq",
        about="ROUTER that blocks, no asyncio; I/O by a C++ thread, which shares the core here.",
    ),
    Peer(
        name="streams",
        kind=Kind.PYTHON,
        program="streams",
        wires=same_wire("prefixed"),
        about="asyncio's streams, four bytes of length; a write and a drain per message.",
    ),
    Peer(name="c", kind=Kind.C, program="echo.c", wires=RAW, about=BARE_ABOUT),
    Peer(
        name="asyncio",
        kind=Kind.PYTHON,
        program="protocol",
        wires=RAW,
        loop="asyncio",
        about=BARE_ABOUT,
    ),
    Peer(name="uvloop", kind=Kind.PYTHON, program="protocol", wires=RAW, about=BARE_ABOUT),
    Peer(name="node-net", kind=Kind.NODE, program="net.js", wires=RAW, about=BARE_ABOUT),
    Peer(
        name="node-ws",
        kind=Kind.NODE,
        program="ws.js",
        wires=WS,
        package="ws",
        about=f"{WS_ABOUT}; a write per message; no keepalive.",
    ),
)

BY_NAME: Final = {peer.name: peer for peer in PEERS}
