"""Tests of what a failure has below its traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcws_testkit import Report, Speech
from mcws_testkit._notes import attach
from mcws_testkit._options import Options

from .thermo import THERMO, disturbed


def report(title: str = "tests/test_a.py::test_b[x]") -> Report:
    """Return a report of a failure."""
    return Report(AssertionError("bad"), (), disturbed(), Speech(THERMO), "pytest", title)


def test_text_is_all_of_it() -> None:
    """By default a failure has the whole report as its note."""
    one = report()
    attach(one, Options())
    assert one.verdict.__notes__ == [one.text()]


def test_trace_can_be_left_away() -> None:
    """Without a trace the schedule and the line to repeat it stay."""
    one = report()
    attach(one, Options(trace="off"))
    [note] = one.verdict.__notes__
    assert "time s" not in note
    assert note.endswith("benign: nothing was disturbed\n\nrepeat it with\n  pytest")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("tests/test_a.py::test_b[x]", "tests-test_a.py-test_b-x"),
        ("", "simulation"),
        ("../..", "simulation"),
        ("x" * 500, "x" * 120),
    ],
)
def test_page_is_written(tmp_path: Path, title: str, name: str) -> None:
    """A page gets a name that every system allows, and the note says where it is."""
    one = report(title)
    attach(one, Options(trace="html", trace_dir=str(tmp_path / "traces")))
    path = tmp_path / "traces" / f"{name}.html"
    assert one.verdict.__notes__[0].endswith(f"see what happened in\n  {path}")
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_page_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that cannot be made is told in the note, and hides no failure."""
    (tmp_path / "file").write_text("")
    one = report()
    attach(one, Options(trace="html", trace_dir=str(tmp_path / "file")))
    assert "no page, since" in one.verdict.__notes__[0]
