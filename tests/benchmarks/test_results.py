"""Tests of what a run found: medians, and what is kept as JSON."""

from __future__ import annotations

from pathlib import Path

from benchmarks import results
from benchmarks.results import Row, Sample
from benchmarks.workloads import Figure
from tests.benchmarks.figures import row, run


def test_median_is_that_of_the_rounds() -> None:
    """One round that went wrong does not change the figure."""
    assert row("a", "c", 100, 3, 102).median(Figure.RATE) == 100


def test_figure_names_a_field_of_a_sample() -> None:
    """Each figure is measured."""
    found = Row(
        workload="k",
        peer="c",
        service="echo",
        samples=[Sample(rate=1, connection_kib=2, p99_us=3)],
    )
    assert [found.median(figure) for figure in Figure] == [1, 2, 3]


def test_row_is_found_by_workload_server_and_service() -> None:
    """A server may have several rows in one workload."""
    plain, other = row("g", "c", 1, service="answer"), row("g", "c", 2, service="async-answer")
    found = run(plain, other)
    assert found.row("g", "c", "async-answer") == other
    assert found.row("g", "c", "echo") is None
    assert found.of("g") == [plain, other]


def test_saved_run_is_read_again(tmp_path: Path) -> None:
    """What is saved as JSON is what was measured."""
    found = run(row("a", "c", 1.5, 2.5), skipped={"picows": "absent"})
    path = tmp_path / "new" / "run.json"
    results.save(found, path)
    assert results.load(path) == found
