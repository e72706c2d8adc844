"""Tests of the charts of growth: a line for each server, and names that can be read."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks import growth
from benchmarks.results import Row
from tests.benchmarks.figures import row, run

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*rows: Row) -> ET.Element:
    """Return the chart of pipelined rows as XML."""
    return ET.fromstring(growth.draw("b", growth.lines_of(run(*rows), "b")))


def heights(line: ET.Element) -> list[float]:
    """Return how far from the top the points of a line are."""
    return [float(point.partition(",")[2]) for point in line.attrib["points"].split()]


def test_line_goes_through_the_medians() -> None:
    """A point is as high as its median, whatever the order of the rows was."""
    picture = drawn(row("j-b-1000", "c", 40, 50, 100), row("j-b-10", "c", 100))
    [line] = picture.findall(f"{SVG}polyline")
    assert heights(line) == [growth.down(100, 100), growth.down(50, 100)]
    assert len(picture.findall(f"{SVG}circle")) == 4


def test_ours_has_a_colour_of_its_own() -> None:
    """Each server has a line, and ours is found at a glance."""
    picture = drawn(row("j-b-10", "mcws-uvloop", 1), row("j-b-10", "picows", 2))
    assert {line.attrib["class"] for line in picture.findall(f"{SVG}polyline")} == {"ours", "other"}


def test_names_do_not_cover_each_other() -> None:
    """Lines that end at the same place have names below each other."""
    picture = drawn(*(row("j-b-10", peer, 5) for peer in ("c", "picows", "uvloop")))
    found = [text for text in picture.findall(f"{SVG}text") if text.attrib["class"] == "name"]
    places = [float(text.attrib["y"]) for text in found]
    assert [two - one for one, two in itertools.pairwise(places)] == [growth.LINE] * 2


def test_each_step_of_the_crowd_is_as_wide() -> None:
    """Ten times the connections are the same distance everywhere."""
    assert growth.across(10) == growth.LEFT
    assert growth.across(10_000) == growth.WIDTH - growth.RIGHT
    widths = [growth.across(10 * crowd) - growth.across(crowd) for crowd in (10, 100, 1_000)]
    assert max(widths) - min(widths) < 0.2


def test_only_what_was_measured_has_a_file(tmp_path: Path) -> None:
    """A load without rows has no chart."""
    growth.write(run(row("j-b-10", "c", 1), row("a", "c", 1)), tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["growth-b.svg"]
