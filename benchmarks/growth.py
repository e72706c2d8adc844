"""Growth: one SVG per kind of load that shows how rates change with the number of connections.

Lines go through the medians; each round is a dot. Connections are on a logarithmic scale, rates on
one that begins at zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from benchmarks.chart import step_of
from benchmarks.results import Results, Row
from benchmarks.workloads import CROWDS, WORKLOADS, Figure

# Pixels. The numbers of the scale fit into the left margin, the names into the right one.
WIDTH: Final = 760
HEIGHT: Final = 360
LEFT: Final = 90
RIGHT: Final = 180
TOP: Final = 56
BOTTOM: Final = 40
LINE: Final = 15
"""The least distance of two names, so that both can be read."""

TITLES: Final = {
    "a": "ping-pong",
    "b": "pipelined, 64 under way on each",
    "d": "broadcasts, one at a time",
}

STYLE: Final = """\
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.quiet { fill: #59636e }
.name, .left { dominant-baseline: central }
.left { text-anchor: end }
.tick { text-anchor: middle }
.grid { stroke: #d1d9e0 }
polyline { fill: none; stroke-width: 2 }
.other { stroke: #9198a1 }
.ours { stroke: #218bff }
.round { fill: #1f2328; fill-opacity: 0.6 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.quiet { fill: #9198a1 }
.grid { stroke: #3d444d }
.other { stroke: #656c76 }
.ours { stroke: #388bfd }
.round { fill: #f0f6fc }
}"""

Lines = Mapping[str, Sequence[tuple[int, Row]]]
"""The rows of each server by the number of connections, fewest first."""


def write(results: Results, folder: Path) -> None:
    """Write a chart for each kind of load that was measured with several crowds."""
    folder.mkdir(parents=True, exist_ok=True)
    for base in TITLES:
        if lines := lines_of(results, base):
            path = folder / f"growth-{base}.svg"
            path.write_text(draw(base, lines), encoding="utf-8")


def lines_of(results: Results, base: str) -> Lines:
    """Return what was measured of a load."""
    crowds = {one.key: one.load.connections for one in WORKLOADS}
    lines: dict[str, list[tuple[int, Row]]] = {}
    for key, crowd in crowds.items():
        if key.startswith(f"j-{base}-"):
            for row in results.of(key):
                lines.setdefault(row.peer, []).append((crowd, row))
    return lines


def draw(base: str, lines: Lines) -> str:
    """Return the chart of one kind of load."""
    title = f"(j) {TITLES[base]}, by connections"
    unit = "deliveries/s" if base == "d" else "messages/s"
    rates = [rate for line in lines.values() for _, row in line for rate in row.values(Figure.RATE)]
    # At least one, so that a chart of nothing but zeros has a scale.
    most = max([1.0, *rates])
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<text class="title" x="8" y="20">{escape(title)}</text>',
        f'<text class="quiet" x="8" y="38">{unit}, more is better; a dot for each round,'
        " lines through the medians</text>",
        *scale(most),
        *(part for peer, line in lines.items() for part in curve(peer, line, most)),
        *names(lines, most),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def scale(most: float) -> Iterator[str]:
    """Yield the lines of both scales with their numbers."""
    step = step_of(most)
    for index in range(int(most / step) + 1):
        y = down(index * step, most)
        yield f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>'
        yield f'<text class="left quiet" x="{LEFT - 8}" y="{y}">{index * step:,.10g}</text>'
    for crowd in CROWDS:
        yield (
            f'<text class="tick quiet" x="{across(crowd)}" y="{HEIGHT - BOTTOM + 20}">'
            f"{crowd:,}</text>"
        )


def across(crowd: int) -> float:
    """Return where a number of connections is, from the left."""
    share = math.log(crowd / CROWDS[0]) / math.log(CROWDS[-1] / CROWDS[0])
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def down(rate: float, most: float) -> float:
    """Return where a rate is, from the top."""
    return round(HEIGHT - BOTTOM - rate / most * (HEIGHT - TOP - BOTTOM), 1)


def curve(peer: str, line: Sequence[tuple[int, Row]], most: float) -> Iterator[str]:
    """Yield the line of a server with its dots."""
    points = " ".join(
        f"{across(crowd)},{down(row.median(Figure.RATE), most)}" for crowd, row in line
    )
    kind = "ours" if peer.startswith("mcws") else "other"
    yield f'<polyline class="{kind}" points="{points}"/>'
    for crowd, row in line:
        for rate in row.values(Figure.RATE):
            x, y = across(crowd), down(rate, most)
            yield f'<circle class="round" cx="{x}" cy="{y}" r="2.5"/>'


def names(lines: Lines, most: float) -> Iterator[str]:
    """Yield the names of the servers, each where its line ends, but none over another one."""
    ends = sorted(
        (down(line[-1][1].median(Figure.RATE), most), peer) for peer, line in lines.items()
    )
    free = 0.0
    for y, peer in ends:
        free = max(y, free)
        yield f'<text class="name" x="{WIDTH - RIGHT + 10}" y="{free}">{escape(peer)}</text>'
        free += LINE
