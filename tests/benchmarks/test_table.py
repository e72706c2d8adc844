"""Tests of the tables: numbers that can be read, best first, and a page between its marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.results import Row, Sample
from benchmarks.targets import judge
from benchmarks.workloads import WORKLOADS, Workload
from tests.benchmarks.figures import row, run


def workload(key: str) -> Workload:
    """Return one workload."""
    [one] = [each for each in WORKLOADS if each.key == key]
    return one


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123, "0.12"), (9.99, "9.99"), (10.04, "10.0"), (99.96, "100.0"), (1234567.8, "1,234,568")],
)
def test_number_has_the_digits_that_matter(value: float, text: str) -> None:
    """Small numbers have decimals, large ones are grouped."""
    assert table.number(value) == text


def test_fastest_is_first_and_compared_with_ours() -> None:
    """More is better; the ratio is that of the medians."""
    rows = [row("a", "mcws-uvloop", 100, 110, 90), row("a", "c", 300, 100, 200)]
    [_, first, second] = table.cells(workload("a"), rows)
    assert first[:4] == ["c", "200", "2.00", "100%"]
    assert second[:4] == ["mcws-uvloop", "100", "1.00", "20%"]


def test_least_memory_is_first() -> None:
    """Where less is better, the least is on top, and there is no latency."""
    rows = [
        Row(workload="e", peer=peer, service="echo", samples=[Sample(connection_kib=kib)])
        for peer, kib in (("picows", 30.0), ("uvloop", 1.5))
    ]
    [head, *lines] = table.cells(workload("e"), rows)
    assert [cells[0] for cells in lines] == ["uvloop", "picows"]
    # Nobody to compare with: ours was not measured.
    assert [cells[2] for cells in lines] == ["", ""]
    assert "p50 µs" not in head


def test_service_is_named_where_there_are_several() -> None:
    """Two rows of one server can be told apart."""
    [_, line] = table.cells(workload("g"), [row("g", "c", 1, service="answer")])
    assert line[0] == "c, answer"


def test_busy_generator_is_marked() -> None:
    """A figure that may be the generator's says so."""
    samples = [Sample(rate=1.0, load_share=0.95)]
    [_, line] = table.cells(
        workload("a"), [Row(workload="a", peer="c", service="echo", samples=samples)]
    )
    assert line[-1] == "95% (!)"


def test_target_says_what_was_wanted() -> None:
    """A target that was measured has a line; the others are counted."""
    found = run(row("b", "mcws-uvloop", 80), row("b", "picows", 10))
    [_, _, line, rest] = table.targets_shown(judge(found)).splitlines()
    assert line.split() == [
        "(b)", "pipelined", "against", "picows", "interpreted", "8.00", ">=", "7.00", "met", "1.00",
    ]  # fmt: skip
    assert rest == f"{len(judge(found)) - 1} targets were not measured"


def test_report_has_every_target() -> None:
    """In the documentation it is said which targets were not measured."""
    text = table.report(run(row("b", "mcws-uvloop", 80), row("b", "picows", 10)))
    assert "| (b) pipelined against picows | interpreted | 8.00 | >= 7.00 | met | 1.00 |" in text
    assert "| (b) pipelined against picows | compiled |  | >= 20.0 | not measured |  |" in text


def test_report_is_written_between_the_marks(tmp_path: Path) -> None:
    """A page keeps its words; only the figures change, however often they are written."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{table.BEGIN}\nold\n{table.END}\n\nafter\n")
    found = run(row("a", "c", 1), skipped={"picows": "absent"})
    table.write(found, page)
    table.write(found, page)
    text = page.read_text()
    assert text.startswith("before\n\n<!-- figures -->\n\nMedians of 3 rounds of 1.0 s.")
    assert text.endswith("Not measured: picows.\n\n<!-- end of figures -->\n\nafter\n")
    assert "old" not in text


def test_page_shows_its_charts(tmp_path: Path) -> None:
    """Charts are named as they are seen from the page."""
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    table.write(run(row("a", "c", 1)), page, tmp_path / "docs" / "charts")
    assert "![ping-pong, 64 connections, 64 bytes](charts/a.svg)" in page.read_text()


def test_report_without_a_page_is_a_page(tmp_path: Path) -> None:
    """A file that is not there is made."""
    table.write(run(row("a", "c", 1)), tmp_path / "new.md")
    text = (tmp_path / "new.md").read_text()
    assert "### (a) ping-pong, 64 connections, 64 bytes\n\n| server |" in text
