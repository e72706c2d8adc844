"""Tests of the charts: well-formed, to scale, and every round is in them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart
from benchmarks.results import Row
from benchmarks.workloads import WORKLOADS
from tests.benchmarks.figures import row, run

SVG = "{http://www.w3.org/2000/svg}"
[PING_PONG] = [workload for workload in WORKLOADS if workload.key == "a"]


def drawn(*rows: Row) -> ET.Element:
    """Return the chart of rows as XML."""
    return ET.fromstring(chart.draw(PING_PONG, rows))


def test_every_round_is_a_dot() -> None:
    """The spread is shown, not just the median."""
    picture = drawn(row("a", "mcws-uvloop", 3, 1, 2), row("a", "c", 5, 4))
    assert len(picture.findall(f"{SVG}circle")) == 5


def test_bars_are_to_scale_and_best_first() -> None:
    """Twice the median is twice the length, and ours has a colour of its own."""
    picture = drawn(row("a", "mcws-uvloop", 50), row("a", "c", 100))
    first, second = picture.findall(f"{SVG}rect")
    assert float(first.attrib["width"]) == pytest.approx(2 * float(second.attrib["width"]), abs=0.2)
    assert [bar.attrib["class"] for bar in (first, second)] == ["other", "ours"]


def test_chart_of_nothing_but_zeros_has_a_scale() -> None:
    """A server that did nothing does not break the chart."""
    picture = drawn(row("a", "c", 0))
    assert picture.find(f"{SVG}line") is not None


def test_names_are_escaped() -> None:
    """A name may have any characters."""
    assert "a &lt; b" in chart.draw(PING_PONG, [row("a", "a < b", 1)])


@pytest.mark.parametrize(
    ("most", "step"), [(1, 0.2), (9, 2), (10, 2), (11, 5), (48_000, 10_000), (51_000, 20_000)]
)
def test_scale_has_round_numbers(most: float, step: float) -> None:
    """The lines of the scale are at 1, 2 or 5 times a power of ten."""
    assert chart.step_of(most) == pytest.approx(step)


def test_each_measured_workload_has_a_file(tmp_path: Path) -> None:
    """Charts are named after their workloads."""
    chart.write(run(row("a", "c", 1), row("d-8", "c", 1, service="broadcast")), tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.svg", "d-8.svg"]
