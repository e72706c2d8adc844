"""Notes: what a failure has below its traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ._options import Options
from ._page import page
from ._report import Report

NAME_MAX: Final = 120
"""Characters of a file's name, which no system refuses."""


def attach(report: Report, options: Options) -> None:
    """Add a note to the verdict of ``report``, in the form that ``options`` ask for.

    Each test has one page, and the last failure of it is what stays there: the one that Hypothesis
    shrank.
    """
    if options.trace == "text":
        _add(report.verdict, report.text())
        return
    note = report.text(has_diagram=False)
    if options.trace == "html":
        note += f"\n\nsee what happened in\n  {_written(report, Path(options.trace_dir))}"
    _add(report.verdict, note)


def _add(error: BaseException, note: str) -> None:
    """Add a note, also to an error that is a frozen dataclass."""
    notes: list[str] = [*getattr(error, "__notes__", ()), note]
    BaseException.__setattr__(error, "__notes__", notes)


def _written(report: Report, folder: Path) -> str:
    """Return where the page is, or why it is not: a full disk must not hide the failure."""
    name = re.sub(r"[^a-zA-Z0-9_.-]+", "-", report.title).strip("-.")[-NAME_MAX:] or "simulation"
    path = folder / f"{name}.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(page(report), "utf-8")
    except OSError as error:
        return f"no page, since {path} cannot be written: {error.strerror}"
    return str(path)
