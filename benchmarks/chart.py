"""Charts: one SVG per workload; each round is a dot, the median a bar.

They are readable on light and on dark pages, and have no script and no font of their own. All bars
begin at zero, so that their lengths may be compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from benchmarks.results import Results, Row
from benchmarks.table import heading, number
from benchmarks.workloads import WORKLOADS, Figure, Workload

# Pixels. The names of servers fit into the left margin, the figures into the right one.
WIDTH: Final = 760
LEFT: Final = 190
RIGHT: Final = 80
TOP: Final = 56
ROW: Final = 24
BAR: Final = 14
BOTTOM: Final = 30

TICKS: Final = 5
"""About how many lines the scale has."""

STYLE: Final = """\
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.quiet { fill: #59636e }
.name, .value { dominant-baseline: central }
.name { text-anchor: end }
.tick { text-anchor: middle }
.grid { stroke: #d1d9e0 }
.other { fill: #afb8c1 }
.ours { fill: #54aeff }
.round { fill: #1f2328; fill-opacity: 0.6 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.quiet { fill: #9198a1 }
.grid { stroke: #3d444d }
.other { fill: #656c76 }
.ours { fill: #1f6feb }
.round { fill: #f0f6fc }
}"""


def write(results: Results, folder: Path) -> None:
    """Write a chart for each workload that was measured, named after its key."""
    folder.mkdir(parents=True, exist_ok=True)
    for workload in WORKLOADS:
        if rows := results.of(workload.key):
            path = folder / f"{workload.key}.svg"
            path.write_text(draw(workload, rows), encoding="utf-8")


def draw(workload: Workload, rows: Sequence[Row]) -> str:
    """Return the chart of one workload, best first."""
    figure = workload.figure
    ordered = sorted(rows, key=lambda row: row.median(figure), reverse=figure is Figure.RATE)
    # At least one, so that a chart of nothing but zeros has a scale.
    most = max([1.0, *(value for row in rows for value in row.values(figure))])
    height = TOP + ROW * len(ordered) + BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(heading(workload))}</title>",
        f"<style>{STYLE}</style>",
        f'<text class="title" x="8" y="20">{escape(heading(workload))}</text>',
        f'<text class="quiet" x="8" y="38">{escape(explanation(workload))}</text>',
        *grid(most, height),
    ]
    for index, row in enumerate(ordered):
        lines += bar(row, workload, TOP + ROW * index + ROW / 2, most)
    return "\n".join([*lines, "</svg>"]) + "\n"


def explanation(workload: Workload) -> str:
    """Say what the chart shows and which way is better."""
    better = "more" if workload.figure is Figure.RATE else "less"
    return f"{workload.unit}, {better} is better; a dot for each round, the bar is their median"


def grid(most: float, height: int) -> Iterator[str]:
    """Yield the lines of the scale with their numbers."""
    step = step_of(most)
    for index in range(int(most / step) + 1):
        value = index * step
        x = place(value, most)
        yield f'<line class="grid" x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{height - BOTTOM + 4}"/>'
        yield f'<text class="tick quiet" x="{x}" y="{height - 10}">{value:,.10g}</text>'


def step_of(most: float) -> float:
    """Return a round number that goes into ``most`` a few times."""
    rough = most / TICKS
    unit: float = 10.0 ** math.floor(math.log10(rough))
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)


def place(value: float, most: float) -> float:
    """Return where a value is, from the left."""
    return round(LEFT + value / most * (WIDTH - LEFT - RIGHT), 1)


def bar(row: Row, workload: Workload, y: float, most: float) -> Iterator[str]:
    """Yield the name, the median and the rounds of one server."""
    median = row.median(workload.figure)
    end = place(median, most)
    name = row.peer if len(workload.services) == 1 else f"{row.peer}, {row.service}"
    kind = "ours" if row.peer.startswith("mcws") else "other"
    yield f'<text class="name" x="{LEFT - 8}" y="{y}">{escape(name)}</text>'
    yield (
        f'<rect class="{kind}" x="{LEFT}" y="{y - BAR / 2}"'
        f' width="{round(end - LEFT, 1)}" height="{BAR}" rx="2"/>'
    )
    values = row.values(workload.figure)
    for value in values:
        yield f'<circle class="round" cx="{place(value, most)}" cy="{y}" r="2.5"/>'
    # Behind the last dot, so that it covers none.
    behind = place(max([median, *values]), most) + 8
    yield f'<text class="value" x="{behind}" y="{y}">{number(median)}</text>'
