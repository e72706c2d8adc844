"""Diagram: a trace as a sequence diagram in text.

::

     time s  conn | client                                  server |
      0.000  #1   |---------------- HELLO id=k1 ------------------>|
      0.250  #1   |************* *** delay: 2.5 s *** *************|
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from ._speech import Speech
from ._story import Move, Story, tell
from ._trace import TraceEvent

WIDTH: Final = 100
"""Columns of the whole diagram: what fits beside a traceback on common screens."""
ROWS_MAX: Final = 160
"""Lines that are shown of a long trace, unless told otherwise."""
TEXTS_MAX: Final = 12
"""Frames that are shown of one delivery; the page shows all."""
LANES_MAX: Final = 12
"""Connections whose hosts are listed above the diagram."""
ENDS: Final = ("client", "server")
"""From left to right."""
FILLS: Final = {"middle": ".", "banner": "="}
"""What is around the words of what happens to both ends, unless it is a fault."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What is shown of one event, or of two that both ends did at the same time.

    Attributes:
        move: the event, the first one of two.
        bodies: what stands between the margins, one text for each line.
    """

    move: Move
    bodies: tuple[str, ...]


def draw(trace: Iterable[TraceEvent], speech: Speech, *, rows_max: int = ROWS_MAX) -> str:
    """Return the sequence diagram of a trace: printable ASCII, at most 100 columns wide.

    Of a trace with more lines than ``rows_max`` the middle is left out, except for faults; a line
    says how much is missing.
    """
    story = tell(trace, speech)
    if not story.moves:
        return "nothing happened on the network"
    paper = _Paper(story)
    rows = paper.rows()
    lines = paper.head()
    last: _Row | None = None
    for part in _parts(rows, _kept(rows, rows_max)):
        if isinstance(part, int):
            lines.append(f"{f'... rows left out: {part} ...':^{WIDTH}}".rstrip())
            # So that the next row tells its time.
            last = None
        else:
            lines += paper.lines(part, last)
            last = part
    return "\n".join(lines)


class _Paper:
    """The columns that all rows of a story share."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._time = story.time
        self._time_width = max(8, *(len(self._time(move.event.time_s)) for move in story.moves))
        last = story.lanes[-1].connection if story.lanes else 0
        self._lane_width = max(4, len(f"#{last}"))
        # The blanks between the columns and the two lines take five.
        self._body = WIDTH - self._time_width - self._lane_width - 5

    def head(self) -> list[str]:
        """Return the lines above the first row."""
        lanes = self._story.lanes
        left, right = "client", "server"
        lines: list[str] = []
        if self._story.has_one_pair and lanes:
            left, right = lanes[0].client, lanes[0].server
        else:
            names = [f"#{one.connection} {one.client} -> {one.server}" for one in lanes[:LANES_MAX]]
            if len(lanes) > LANES_MAX:
                names.append(f"and {len(lanes) - LANES_MAX} more")
            lines = _folded(names, WIDTH)
        # Names that are too long for their half lose their end, so that they do not run together.
        half = self._body // 2 - 1
        left, right = left[:half], right[:half]
        ends = f" {left}{right:>{self._body - len(left)}}"
        return [*lines, self._line("time s", "", ends)]

    def rows(self) -> list[_Row]:
        """Return the rows for all events."""
        rows: list[_Row] = []
        for move in self._story.moves:
            row = _Row(move, tuple(self._bodies(move)))
            if rows and (both := self._joined(rows[-1], row)):
                row = _Row(rows.pop().move, (both,))
            rows.append(row)
        return rows

    def lines(self, row: _Row, last: _Row | None) -> list[str]:
        """Return the lines of a row; its time only if it is not that of the row above it."""
        time = self._time(row.move.event.time_s)
        if last is not None and time == self._time(last.move.event.time_s):
            time = ""
        number = row.move.event.connection
        lane = f"#{number}" if number else ""
        first, *others = row.bodies
        return [self._line(time, lane, first), *(self._line("", lane, body) for body in others)]

    def _joined(self, one: _Row, two: _Row) -> str:
        """Return as one line what both ends did at the same time; empty if it is not the same."""
        left, right = one.move.event, two.move.event
        if (one.move.shape, two.move.shape, left.end, right.end) != ("side", "side", *ENDS):
            return ""
        if (left.connection, left.kind, left.time_s) != (
            right.connection,
            right.kind,
            right.time_s,
        ):
            return ""
        if left.is_fault or right.is_fault or (len(one.bodies), len(two.bodies)) != (1, 1):
            return ""
        start, end = one.bodies[0][:-1].rstrip(), two.bodies[0][1:].lstrip()
        room = self._body + 2 - len(start)
        return f"{start}{end:>{room}}" if len(end) < room - 1 else ""

    def _bodies(self, move: Move) -> list[str]:
        """Return what stands between the margins of an event."""
        texts = self._texts(move)
        if move.shape == "arrow":
            return self._arrow(move.event, texts)
        if move.shape == "side":
            side = "<" if move.event.end == "client" else ">"
            return [self._between(f" {text} ", side, " ") for text in texts]
        fill = "*" if move.event.is_fault else FILLS[move.shape]
        if move.shape == "middle":
            return [self._between(f" {text} ", "^", fill) for text in texts]
        return [f"{f' {text} ':{fill}^{self._body + 2}}" for text in texts]

    def _texts(self, move: Move) -> list[str]:
        """Return the words of an event, on as few lines as they fit on."""
        room = self._body - 12
        texts = [*move.texts[:TEXTS_MAX]]
        if len(move.texts) > TEXTS_MAX:
            texts.append(f"and {len(move.texts) - TEXTS_MAX} more")
        if move.sent_s is not None:
            texts[-1] += f" (sent at {self._time(move.sent_s)})"
        folded = _folded([piece for text in texts for piece in _pieces(text, room)], room)
        return [f"*** {text} ***" for text in folded] if move.event.is_fault else folded

    def _arrow(self, event: TraceEvent, texts: Sequence[str]) -> list[str]:
        """Return lines of text and below them the arrow, which has the last of them on it."""
        fill = {"eof": "=", "reset": "x"}.get(event.kind, "-")
        shaft = f"{f' {texts[-1]} ':{fill}^{self._body - 1}}"
        arrow = f"|{shaft}>|" if event.end == "server" else f"|<{shaft}|"
        return [*(self._between(text, "^", " ") for text in texts[:-1]), arrow]

    def _between(self, text: str, side: str, fill: str) -> str:
        return f"|{text:{fill}{side}{self._body}}|"

    def _line(self, time: str, lane: str, body: str) -> str:
        return f"{time:>{self._time_width}}  {lane:<{self._lane_width}} {body}".rstrip()


def _pieces(text: str, room: int) -> list[str]:
    """Return ``text`` in pieces that fit."""
    return [text[at : at + room] for at in range(0, len(text), room)]


def _folded(texts: Sequence[str], room: int) -> list[str]:
    """Return texts on as few lines as they fit on, in order."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(text) + 3 <= room:
            lines[-1] += f" | {text}"
        else:
            lines.append(text)
    return lines


# Long traces


def _parts(rows: Sequence[_Row], kept: AbstractSet[int]) -> Iterator[_Row | int]:
    """Yield the rows that are kept, and between them how many are not."""
    left_out = 0
    for at, row in enumerate(rows):
        if at not in kept:
            left_out += 1
            continue
        if left_out:
            yield left_out
        left_out = 0
        yield row


def _kept(rows: Sequence[_Row], rows_max: int) -> AbstractSet[int]:
    """Return the places of the rows that are shown."""
    if sum(len(row.bodies) for row in rows) <= rows_max:
        return set(range(len(rows)))
    kept: set[int] = set()
    faults = [at for at, row in enumerate(rows) if row.move.event.is_fault]
    # Half is for the end, since that is where it failed. Each fault may cost a gap too.
    _keep(kept, rows, reversed(range(len(rows))), rows_max // 2)
    _keep(kept, rows, reversed(faults), rows_max // 8)
    _keep(kept, rows, range(len(rows)), rows_max // 4)
    # The line that says so would be as long as a single row.
    return kept | {at + 1 for at in kept if at + 1 not in kept and at + 2 in kept}


def _keep(kept: set[int], rows: Sequence[_Row], places: Iterable[int], budget: int) -> None:
    """Add ``places`` to ``kept`` until they have ``budget`` lines."""
    for at in places:
        if at not in kept and budget > 0:
            kept.add(at)
            budget -= len(rows[at].bodies)
