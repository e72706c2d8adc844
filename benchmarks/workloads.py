"""Workloads: what the servers are asked to do, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias

Service: TypeAlias = Literal[
    "echo", "async-echo", "typed-echo", "broadcast", "answer", "async-answer"
]
"""What a server does with what comes: an echo in a plain handler, in an async one, of a typed
message; a message to everybody; an answer to each request, in a plain or in an async handler."""


class Figure(Enum):
    """What a workload is judged by; the value is the field of a sample."""

    RATE = "rate"
    """Messages, deliveries, connections or answers per second; more is better."""
    MEMORY = "connection_kib"
    """KiB of resident memory per connection; less is better."""
    P99 = "p99_us"
    """Microseconds within which 99 of 100 answers come; less is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the generator does; see the head of ``loadgen.c``."""

    mode: Literal["echo", "broadcast", "connect", "idle"] = "echo"
    connections: int = 64
    window: int = 1
    """Messages under way on each connection; in a broadcast, of all."""
    size: int = 64
    """Bytes of a message."""
    flood: int = 0
    """Messages that the first connection has under way, if it floods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One load, and who is asked to carry it."""

    key: str
    """A letter, which is its chapter, and what tells it from others of the same letter."""
    title: str
    load: Load
    peers: tuple[str, ...]
    services: tuple[Service, ...] = ("echo",)
    figure: Figure = Figure.RATE
    unit: str = "messages/s"
    rounds_max: int | None = None
    """Rounds that it gets at most, where each takes long."""

    @property
    def letter(self) -> str:
        """Its chapter, as ``--only`` names it."""
        return self.key[0]


OURS: Final = ("mcws-uvloop", "mcws-asyncio", "mcws-compiled-uvloop", "mcws-compiled-asyncio")
FASTER: Final = ("mcws-uvloop", "mcws-compiled-uvloop")
WEBSOCKETS: Final = ("websockets", "picows", "aiohttp", "node-ws")
BARE: Final = ("c", "asyncio", "uvloop", "node-net")
ALL: Final = (*OURS, *WEBSOCKETS, *BARE, "streams", "python-socketio", "pyzmq")
GROWING: Final = (*FASTER, "websockets", "picows", "uvloop")

PING_PONG: Final = Load()
PIPELINED: Final = Load(window=64)
CROWDS: Final = (10, 100, 1_000, 10_000)

SINGLE: Final = (
    Workload(key="a", title="ping-pong, 64 connections, 64 bytes", load=PING_PONG, peers=ALL),
    Workload(key="b", title="pipelined, 64 connections, 64 under way", load=PIPELINED, peers=ALL),
    Workload(key="c", title="64 KiB, 64 connections", load=Load(size=1 << 16), peers=ALL),
    *(
        Workload(
            key=f"d-{window}",
            title=f"broadcast to 1,000 clients, {window} at a time",
            load=Load(mode="broadcast", connections=1_000, window=window),
            peers=(*OURS, *WEBSOCKETS, *BARE, "python-socketio"),
            services=("broadcast",),
            unit="deliveries/s",
        )
        for window in (1, 8)
    ),
    Workload(
        key="e",
        title="memory of 5,000 idle connections",
        load=Load(mode="idle", connections=5_000),
        peers=ALL,
        figure=Figure.MEMORY,
        unit="KiB/connection",
        # It hardly differs from round to round.
        rounds_max=2,
    ),
    Workload(
        key="f",
        title="connections opened, 64 at once",
        load=Load(mode="connect", connections=3_000),
        peers=ALL,
        unit="connections/s",
        rounds_max=3,
    ),
    *(
        Workload(
            key=key,
            title=f"requests, {crowd}, 64 in flight on each",
            load=Load(connections=connections, window=64),
            peers=peers,
            services=("answer", "async-answer"),
            unit="answers/s",
        )
        for key, crowd, connections, peers in (
            ("g", "one connection", 1, (*OURS, "python-socketio")),
            ("g-64", "64 connections", 64, (*FASTER, "python-socketio")),
        )
    ),
)


def varied(letter: str, how: str, service: Service) -> tuple[Workload, ...]:
    """Return (a) and (b) for ours alone, with a plain echo and with another one."""
    return tuple(
        Workload(
            key=f"{letter}-{base}",
            title=f"{how} on ({base})",
            load=load,
            peers=FASTER,
            services=("echo", service),
        )
        for base, load in (("a", PING_PONG), ("b", PIPELINED))
    )


def grown(connections: int) -> tuple[Workload, ...]:
    """Return (a), (b) and (d) with so many connections."""
    loads = {
        "a": ("ping-pong", Load(connections=connections)),
        "b": ("pipelined", Load(connections=connections, window=64)),
        "d": ("broadcast, one at a time", Load(mode="broadcast", connections=connections)),
    }
    return tuple(
        Workload(
            key=f"j-{base}-{connections}",
            title=f"{how}, {connections:,} connections",
            load=load,
            peers=GROWING,
            services=("broadcast",) if base == "d" else ("echo",),
            unit="deliveries/s" if base == "d" else "messages/s",
            rounds_max=3,
        )
        for base, (how, load) in loads.items()
    )


FLOODED: Final = Workload(
    key="k",
    title="ping-pong of 63 beside a flooder with 8,192 under way",
    load=Load(flood=8_192),
    peers=(*OURS, "websockets", "picows", "aiohttp", "uvloop", "streams"),
    figure=Figure.P99,
    unit="µs, the slowest of 100",
)

WORKLOADS: Final[tuple[Workload, ...]] = (
    *SINGLE,
    *varied("h", "typed messages", "typed-echo"),
    *varied("i", "async handlers", "async-echo"),
    *(workload for crowd in CROWDS for workload in grown(crowd)),
    FLOODED,
)


def chosen(only: str | None, connections_max: int | None = None) -> list[Workload]:
    """Return the workloads of these letters or keys, up to a number of connections.

    Raises:
        ValueError: a name is neither.
    """
    wanted = None if only is None else set(only.split(","))
    known = {word for workload in WORKLOADS for word in (workload.key, workload.letter)}
    if wanted is not None and not wanted <= known:
        raise ValueError(f"no workload is called {', '.join(sorted(wanted - known))}")
    return [
        workload
        for workload in WORKLOADS
        if wanted is None or wanted & {workload.key, workload.letter}
        if connections_max is None or workload.load.connections <= connections_max
    ]
