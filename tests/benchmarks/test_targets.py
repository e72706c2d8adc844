"""Tests of the targets: ratios within one run, and whether they are reached."""

from __future__ import annotations

import pytest

from benchmarks.catalogue import BY_NAME
from benchmarks.results import Results, Row, Sample
from benchmarks.targets import BUILDS, TARGETS, Build, Point, Verdict, judge
from benchmarks.workloads import WORKLOADS, Figure
from tests.benchmarks.figures import row, run

PIPELINED = "(b) pipelined against picows"
IDLE = "(e) KiB per idle connection"


def verdict(found: Results, what: str, build: Build = "interpreted") -> Verdict:
    """Return what became of one target."""
    [one] = [each for each in judge(found) if (each.target.what, each.build) == (what, build)]
    return one


@pytest.mark.parametrize(("rate", "met"), [(69.9, False), (70.0, True), (70.1, True)])
def test_ratio_of_medians_is_judged(rate: float, met: bool) -> None:
    """Ours over theirs has to reach the bound."""
    one = verdict(run(row("b", "mcws-uvloop", 1, rate, 900), row("b", "picows", 10)), PIPELINED)
    assert one.value == pytest.approx(rate / 10)
    assert one.met is met


def test_compiled_build_has_its_own_bound() -> None:
    """The same ratio may do for one build and not for the other."""
    rates = (row("b", name, 100) for name in ("mcws-uvloop", "mcws-compiled-uvloop"))
    found = run(*rates, row("b", "picows", 10))
    assert [verdict(found, PIPELINED, build).met for build in BUILDS] == [True, False]


@pytest.mark.parametrize(("kib", "met"), [(2.4, True), (2.5, True), (2.6, False)])
def test_memory_is_judged_from_above(kib: float, met: bool) -> None:
    """Less memory is better, and it is compared with nobody's."""
    sample = Sample(connection_kib=kib)
    found = run(Row(workload="e", peer="mcws-uvloop", service="echo", samples=[sample]))
    assert verdict(found, IDLE).met is met


def test_ratio_by_cpu_is_that_of_the_time_for_each_message() -> None:
    """Half the processor time is twice as good, whatever the rates were."""
    found = run(row("b", "mcws-uvloop", 1, cpu_us=2.0), row("b", "picows", 1, cpu_us=4.0))
    assert verdict(found, PIPELINED).by_cpu == 2.0


@pytest.mark.parametrize("rows", [(), ("mcws-uvloop",), ("picows",)])
def test_target_without_both_rows_is_not_judged(rows: tuple[str, ...]) -> None:
    """What was not measured is neither met nor missed."""
    one = verdict(run(*(row("b", peer, 1) for peer in rows)), PIPELINED)
    assert (one.value, one.met) == (None, None)


POINTS = [
    point for target in TARGETS for point in (target.ours, target.against) if point is not None
]


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_point_of_a_target_is_measured(point: Point) -> None:
    """Each target is about rows that a whole run has."""
    [workload] = [one for one in WORKLOADS if one.key == point.workload]
    peers = [point.peer] if point.peer else ["mcws-uvloop", "mcws-compiled-uvloop"]
    for peer in peers:
        assert peer in workload.peers
        assert point.service in workload.services
        assert point.service in BY_NAME[peer].wires


def test_figure_of_a_target_is_that_of_its_workload() -> None:
    """What is judged is what the workload measures."""
    figures: dict[str, Figure] = {one.key: one.figure for one in WORKLOADS}
    assert all(target.figure is figures[target.ours.workload] for target in TARGETS)
