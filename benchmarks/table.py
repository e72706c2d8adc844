"""Tables: the figures of a run as text and as Markdown."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.results import Results, Row
from benchmarks.targets import Verdict, judge
from benchmarks.workloads import WORKLOADS, Figure, Workload

BEGIN: Final = "<!-- figures -->"
END: Final = "<!-- end of figures -->"

BASE: Final = "mcws-uvloop"
"""The server that the others are compared with."""

BUSY: Final = 0.9
"""Share of its core from which on the generator may be what is measured."""


def number(value: float) -> str:
    """Return a number with three digits that matter, or all those before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as text, with columns below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown; the first row is its head."""
    head, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|---|" + "---:|" * (len(rows[0]) - 1), *rest])


def cells(workload: Workload, rows: Sequence[Row]) -> list[list[str]]:
    """Return the table of a workload: best first, under its head."""
    figure = workload.figure
    ordered = sorted(rows, key=lambda row: row.median(figure), reverse=figure is Figure.RATE)
    head = ["server", workload.unit, "of mcws-uvloop", "spread"]
    if figure is Figure.MEMORY:
        head += ["peak MiB"]
    else:
        head += ["CPU µs each", "p50 µs", "p99 µs", "peak MiB", "generator"]
    return [head, *(line(row, workload, base_of(workload, rows)) for row in ordered)]


def base_of(workload: Workload, rows: Sequence[Row]) -> float | None:
    """Return what the others are compared with; None where ours was not measured."""
    for row in rows:
        if (row.peer, row.service) == (BASE, workload.services[0]):
            return row.median(workload.figure)
    return None


def line(row: Row, workload: Workload, base: float | None) -> list[str]:
    """Return the cells of one server."""
    values = row.values(workload.figure)
    median = row.median(workload.figure)
    spread = (max(values) - min(values)) / median if median else 0.0
    found = [
        row.peer if len(workload.services) == 1 else f"{row.peer}, {row.service}",
        number(median),
        f"{median / base:.2f}" if base else "",
        f"{spread:.0%}",
    ]
    peak = number(row.field_median("peak_kib") / 1024)
    if workload.figure is Figure.MEMORY:
        return [*found, peak]
    share = row.field_median("load_share")
    return [
        *found,
        number(row.field_median("cpu_us")),
        latency(row.field_median("p50_us")),
        latency(row.field_median("p99_us")),
        peak,
        f"{share:.0%}{' (!)' if share > BUSY else ''}",
    ]


def latency(microseconds: float) -> str:
    """Return a latency; nothing where none was measured."""
    return f"{microseconds:,.0f}" if microseconds else ""


def heading(workload: Workload) -> str:
    """Return the title of a workload."""
    return f"({workload.key}) {workload.title}"


def shown(workload: Workload, rows: Sequence[Row]) -> str:
    """Return what a terminal shows of a workload."""
    return f"\n{heading(workload)}\n{aligned(cells(workload, rows))}"


def target_cells(verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Return the table of the targets under its head."""
    words = {True: "met", False: "not met", None: "not measured"}
    return [
        ["target", "build", "figure", "wanted", "", "by CPU"],
        *(
            [
                verdict.target.what,
                verdict.build,
                "" if verdict.value is None else number(verdict.value),
                f"{'<=' if verdict.target.is_most else '>='} {number(verdict.bound)}",
                words[verdict.met],
                "" if verdict.by_cpu is None else number(verdict.by_cpu),
            ]
            for verdict in verdicts
        ),
    ]


def targets_shown(verdicts: Sequence[Verdict]) -> str:
    """Return what a terminal shows of the targets: those that were measured, and how many not."""
    judged = [verdict for verdict in verdicts if verdict.met is not None]
    missing = len(verdicts) - len(judged)
    return f"\n{aligned(target_cells(judged))}\n{missing} targets were not measured"


def report(results: Results, charts: str | None = None) -> str:
    """Return a run in Markdown, with the charts of a folder where one is given."""
    facts = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    parts = [
        f"Medians of {results.rounds} rounds of {results.seconds} s. Made with {facts}.",
        "### Targets",
        markdown(target_cells(judge(results))),
    ]
    for workload in WORKLOADS:
        if rows := results.of(workload.key):
            parts.append(f"### {heading(workload)}")
            if charts is not None:
                parts.append(f"![{workload.title}]({charts}/{workload.key}.svg)")
            parts.append(markdown(cells(workload, rows)))
    if results.skipped:
        parts.append("Not measured: " + "; ".join(sorted(results.skipped)) + ".")
    return "\n\n".join(parts)


def write(results: Results, path: Path, charts: Path | None = None) -> None:
    """Write a run into a page between its marks, or as a page of its own.

    The page shows the charts that are in the folder ``charts``, if one is given.
    """
    folder = None if charts is None else os.path.relpath(charts, path.parent)
    text = f"{BEGIN}\n\n{report(results, folder)}\n\n{END}"
    if path.exists():
        page = path.read_text(encoding="utf-8")
        pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
        # A function, since a replacement's backslashes would be read.
        text = re.sub(pattern, lambda _: text, page, flags=re.DOTALL)
        path.write_text(text, encoding="utf-8")
    else:
        path.write_text(text + "\n", encoding="utf-8")
