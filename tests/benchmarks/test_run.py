"""Tests of the run: who is measured when, and what becomes of those who fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.catalogue import BY_NAME, Peer
from benchmarks.measure import Case, Duration, MeasurementFailed
from benchmarks.results import Sample
from benchmarks.toolchain import Toolchain
from benchmarks.workloads import WORKLOADS, Workload

[ASKED] = [workload for workload in WORKLOADS if workload.key == "g"]


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    """A toolchain that is never asked for anything."""
    return Toolchain(tmp_path, tmp_path)


def plan(rounds: int, *names: str, workload: Workload = ASKED) -> run.Plan:
    """Return a plan of one workload for these servers."""
    return run.Plan([workload], [BY_NAME[name] for name in names], rounds, Duration())


class Measurer:
    """Stands in for the measurement: notes whom it measured, and fails where it is told to."""

    def __init__(self, *fails: str) -> None:
        self.measured: list[str] = []
        self._fails = fails

    def __call__(self, case: Case, toolchain: Toolchain, duration: Duration) -> Sample:
        """Note a case."""
        name = f"{case.peer.name} {case.service}"
        self.measured.append(name)
        if name in self._fails:
            raise MeasurementFailed(f"{case}: no port is free")
        return Sample(rate=float(len(self.measured)))


def use(monkeypatch: pytest.MonkeyPatch, *fails: str) -> Measurer:
    """Put a stand-in in the place of the measurement."""
    measurer = Measurer(*fails)
    monkeypatch.setattr(run, "measure", measurer)
    return measurer


def test_servers_take_turns_back_and_forth(
    monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> None:
    """Every server is measured once before any is measured twice, then in the other direction."""
    measurer = use(monkeypatch)
    rows = run.run_workload(ASKED, plan(3, "mcws-uvloop", "python-socketio"), toolchain, {})
    there = ["mcws-uvloop answer", "python-socketio answer", "mcws-uvloop async-answer"]
    assert measurer.measured == [*there, *reversed(there), *there]
    assert [[sample.rate for sample in row.samples] for row in rows] == [
        [1, 6, 7],
        [2, 5, 8],
        [3, 4, 9],
    ]


def test_long_workload_has_fewer_rounds(
    monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> None:
    """A workload may limit its rounds, but not add to them."""
    measurer = use(monkeypatch)
    few = replace(ASKED, rounds_max=2)
    run.run_workload(few, plan(5, "python-socketio"), toolchain, {})
    run.run_workload(few, plan(1, "python-socketio"), toolchain, {})
    assert len(measurer.measured) == 3


def test_server_that_fails_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others go on; the one that failed is not tried again and has no row."""
    measurer = use(monkeypatch, "python-socketio answer")
    skipped: dict[str, str] = {}
    rows = run.run_workload(ASKED, plan(2, "mcws-uvloop", "python-socketio"), toolchain, skipped)
    assert measurer.measured.count("python-socketio answer") == 1
    assert {row.peer for row in rows} == {"mcws-uvloop"}
    assert skipped == {"(g) python-socketio answer": "(g) python-socketio answer: no port is free"}
    assert "no port is free" in capsys.readouterr().err


def no_obstacle(toolchain: Toolchain, peer: Peer) -> None:
    """Find every server installed."""


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--strict"], 1)])
def test_missed_target_matters_only_where_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], status: int
) -> None:
    """On a busy machine a missed target says little, so it fails a run only with ``--strict``."""
    use(monkeypatch)
    monkeypatch.setattr(Toolchain, "obstacle", no_obstacle)
    arguments = ["--only", "g", "--peers", "mcws-uvloop,python-socketio", "--folder", str(tmp_path)]
    assert run.main([*arguments, *options]) == status
    assert json.loads((tmp_path / "results.json").read_text())["rounds"] == run.ROUNDS
