"""Targets: what ours has to reach, as ratios within one run, and whether it did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from benchmarks.results import Results, Row
from benchmarks.workloads import Figure, Service

Build: TypeAlias = Literal["interpreted", "compiled"]
BUILDS: Final[tuple[Build, ...]] = ("interpreted", "compiled")


@dataclass(frozen=True, slots=True)
class Point:
    """One row of the results; without a server, that of ours on the build that is judged."""

    workload: str
    service: Service = "echo"
    peer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One line of the table: a figure of ours, often as a multiple of another one."""

    what: str
    ours: Point
    against: Point | None
    bounds: tuple[float, float]
    """For the interpreted and for the compiled build."""
    figure: Figure = Figure.RATE
    loop: str = "uvloop"

    @property
    def is_most(self) -> bool:
        """Whether less is better."""
        return self.figure is not Figure.RATE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a target on one build."""

    target: Target
    build: Build
    bound: float
    value: float | None
    """None where something was not measured."""
    by_cpu: float | None = None
    """The same ratio from the processor time of each message, which a busy machine disturbs less;
    None where the figure is no ratio of rates."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where something was not measured."""
        if self.value is None:
            return None
        return self.value <= self.bound if self.target.is_most else self.value >= self.bound


def against(
    what: str, workload: str, peer: str, *bounds: float, service: Service = "echo"
) -> Target:
    """Return a target against another server under the same workload."""
    # What answers a call at the peer is of one kind; ours has a plain and an async handler.
    theirs: Service = "answer" if service == "async-answer" else service
    interpreted, compiled = bounds
    return Target(
        what=what,
        ours=Point(workload, service),
        against=Point(workload, theirs, peer),
        bounds=(interpreted, compiled),
    )


def within(what: str, ours: Point, other: Point, interpreted: float, compiled: float) -> Target:
    """Return a target against ours itself."""
    return Target(what=what, ours=ours, against=other, bounds=(interpreted, compiled))


def flooded(loop: str) -> Target:
    """Return the target for those beside a flooder, in microseconds."""
    return Target(
        what=f"(k) healthy p99 with one flooder, {loop}, µs",
        ours=Point("k"),
        against=None,
        bounds=(10_000, 10_000),
        figure=Figure.P99,
        loop=loop,
    )


TARGETS: Final[tuple[Target, ...]] = (
    against("(b) pipelined against picows", "b", "picows", 7, 20),
    against("(b) against the C reference", "b", "c", 0.12, 0.35),
    against("(a) ping-pong against picows", "a", "picows", 0.80, 1.0),
    against("(a) against websockets", "a", "websockets", 2.2, 2.6),
    against("(c) 64 KiB against picows", "c", "picows", 1.1, 1.2),
    against(
        "(d) one at a time against websockets", "d-1", "websockets", 1.5, 1.5, service="broadcast"
    ),
    against("(d) one at a time against picows", "d-1", "picows", 0.8, 0.85, service="broadcast"),
    against("(d) eight at a time against picows", "d-8", "picows", 5, 5.5, service="broadcast"),
    Target(
        what="(e) KiB per idle connection",
        ours=Point("e"),
        against=None,
        bounds=(2.5, 2.3),
        figure=Figure.MEMORY,
    ),
    against("(f) connections against websockets", "f", "websockets", 4.5, 5.5),
    against(
        "(g) requests against python-socketio, plain",
        "g",
        "python-socketio",
        30,
        90,
        service="answer",
    ),
    against(
        "(g) requests against python-socketio, async",
        "g",
        "python-socketio",
        15,
        22,
        service="async-answer",
    ),
    within("(h) typed against bytes on (b)", Point("h-b", "typed-echo"), Point("h-b"), 0.5, 0.25),
    within("(h) typed against bytes on (a)", Point("h-a", "typed-echo"), Point("h-a"), 0.8, 0.8),
    within("(i) async against plain on (b)", Point("i-b", "async-echo"), Point("i-b"), 0.7, 0.55),
    within("(i) async against plain on (a)", Point("i-a", "async-echo"), Point("i-a"), 0.7, 0.7),
    within(
        "(j) (b) at 10,000 connections against 10", Point("j-b-10000"), Point("j-b-10"), 0.75, 0.7
    ),
    flooded("uvloop"),
    flooded("asyncio"),
)


def judge(results: Results) -> list[Verdict]:
    """Return what became of each target on each build."""
    return [
        verdict_on(target, build, bound, results)
        for target in TARGETS
        for build, bound in zip(BUILDS, target.bounds, strict=True)
    ]


def verdict_on(target: Target, build: Build, bound: float, results: Results) -> Verdict:
    """Return what became of one target on one build."""
    ours = find(target.ours, target, build, results)
    if ours is None:
        return Verdict(target, build, bound, None)
    value = ours.median(target.figure)
    if target.against is None:
        return Verdict(target, build, bound, value)
    theirs = find(target.against, target, build, results)
    if theirs is None:
        return Verdict(target, build, bound, None)
    by_cpu = theirs.field_median("cpu_us") / (ours.field_median("cpu_us") or math.inf)
    return Verdict(target, build, bound, value / theirs.median(target.figure), by_cpu)


def find(point: Point, target: Target, build: Build, results: Results) -> Row | None:
    """Return the row that a point stands for on one build."""
    own = f"mcws-{target.loop}" if build == "interpreted" else f"mcws-compiled-{target.loop}"
    return results.row(point.workload, point.peer or own, point.service)
