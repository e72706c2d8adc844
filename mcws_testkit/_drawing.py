"""Drawing: a story as SVG, time downwards, a lane with two lifelines for each connection.

::

    corner │ heads        client      server
    ───────┼──────────────────────────────────
    axis   │ lanes          │──────────>│
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from ._escaped import line
from ._story import Lane, Move, Story

AXIS_WIDTH: Final = 96
HEAD_HEIGHT: Final = 46
MARGIN: Final = 24
"""From the border of a lane to its lifeline."""
LANE_WIDTHS: Final = {0: 720, 1: 720, 2: 500, 3: 400}
"""By how many lanes there are; more are as wide as what follows."""
LANE_WIDTH_LEAST: Final = 340
ROW_HEIGHTS: Final = {"arrow": 34, "side": 24, "middle": 30, "banner": 34}
PAUSE_HEIGHT: Final = 8
"""Between two rows of different times."""
CHAR_WIDTH: Final = 7.3
"""Of a character of the fixed font, so that a text is cut before it leaves its lane."""
BANNER_WIDTH: Final = 900
"""What is sure to be on a screen."""
BANNER_MAX: Final = 80
"""Characters that fit into it, and into the only lane."""
DATA_MAX: Final = 1024
"""Bytes of one event that the page has: a write may have megabytes."""
SAYS_MAX: Final = 4000
"""Characters of one event that the page has besides the bytes."""

_WHO: Final = {"receive": "delivery to the", "eof": "end of stream to the", "reset": "reset to the"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """The four parts, each an ``svg`` element."""

    corner: str
    heads: str
    axis: str
    lanes: str


def drawing(story: Story) -> Drawing:
    """Return the drawing of a story."""
    return _Plan(story).drawing()


class _Plan:
    """Where everything stands."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._lane_width = LANE_WIDTHS.get(len(story.lanes), LANE_WIDTH_LEAST)
        self._left = {lane.connection: at * self._lane_width for at, lane in enumerate(story.lanes)}
        self._width = max(1, len(story.lanes)) * self._lane_width
        self._tops, self._height = _tops(story)
        self._in_row = Counter(self._tops)

    def drawing(self) -> Drawing:
        """Return all four parts."""
        moves = [self._move(at, move) for at, move in enumerate(self._story.moves)]
        return Drawing(
            _svg("corner", AXIS_WIDTH, HEAD_HEIGHT, [_text(AXIS_WIDTH - 12, 28, "seconds")]),
            _svg("heads", self._width, HEAD_HEIGHT, [self._head(one) for one in self._story.lanes]),
            _svg("time", AXIS_WIDTH, self._height, self._times()),
            _svg("moves", self._width, self._height, [*self._lives(), *moves]),
        )

    def _times(self) -> list[str]:
        parts: list[str] = []
        last = ""
        for top, move in zip(self._tops, self._story.moves, strict=True):
            time = self._story.time(move.event.time_s)
            if time != last:
                y = top + ROW_HEIGHTS[move.shape] // 2 + 4
                parts.append(_text(AXIS_WIDTH - 12, y, time))
                parts.append(f'<path d="M{AXIS_WIDTH - 6} {y - 4}h6"/>')
            last = time
        return parts

    def _head(self, lane: Lane) -> str:
        left = self._left[lane.connection]
        right = left + self._lane_width
        room = int((self._lane_width / 2 - 40) / CHAR_WIDTH)
        middle = 'text-anchor="middle" class="number"'
        shade = ""
        if left // self._lane_width % 2:
            shade = _lane(left, self._lane_width, HEAD_HEIGHT)
        ends = [
            shade,
            _text(left + 8, 28, line(lane.client, room)),
            _text(left + self._lane_width // 2, 28, f"#{lane.connection}", middle),
            _text(right - 8, 28, line(lane.server, room), 'text-anchor="end"'),
        ]
        return "".join(ends)

    def _lives(self) -> list[str]:
        """Return the lanes, and the lifelines in them, from the first event to the loss."""
        lost = {move.event.connection for move in self._story.moves if move.event.kind == "lost"}
        spans: dict[int, tuple[int, int]] = {}
        for top, move in zip(self._tops, self._story.moves, strict=True):
            if move.event.connection:
                middle = top + ROW_HEIGHTS[move.shape] // 2
                first, _ = spans.get(move.event.connection, (middle, middle))
                spans[move.event.connection] = first, middle
        # Every other lane is shaded, since the server of one stands beside the client of the next.
        lines = [
            _lane(left, self._lane_width, self._height) for left in [*self._left.values()][1::2]
        ]
        for connection, (first, last) in spans.items():
            stop = last + 8 if connection in lost else self._height
            left, right = self._ends(connection)
            lines.append(
                f'<path class="life" d="M{left} {first - 8}V{stop}M{right} {first - 8}V{stop}"/>'
            )
        return lines

    def _ends(self, connection: int) -> tuple[int, int]:
        left = self._left[connection]
        return left + MARGIN, left + self._lane_width - MARGIN

    def _move(self, at: int, move: Move) -> str:
        event, top, height = move.event, self._tops[at], ROW_HEIGHTS[move.shape]
        kinds = ["move", move.shape, event.kind]
        if move.shape == "arrow":
            kinds.append("up" if event.end == "server" else "down")
        elif event.end == "server" and move.shape == "side":
            kinds.append("right")
        if event.is_fault:
            kinds.append("fault")
        left = self._left.get(event.connection, 0)
        width = self._lane_width if event.connection else self._width
        hit = f'<rect class="hit" x="{left}" y="{top}" width="{width}" height="{height}" rx="3"/>'
        says = _says(move, self._story)
        label = f"{self._story.time(event.time_s)} s, {_title(move)}: {says[:200]}"
        data = _attributes({**_data(move, self._story, says), "y": str(top + height // 2)})
        marks = {"kinds": " ".join(kinds), "label": escape(label)}
        return (
            f'<g id="m{at}" role="option" class="{marks["kinds"]}" aria-label="{marks["label"]}"'
            f"{data}>{hit}{self._shape(at, move)}</g>"
        )

    def _shape(self, at: int, move: Move) -> str:
        """Return what is seen of an event."""
        top = self._tops[at]
        if move.shape == "banner":
            return self._banner(line(_says(move, self._story, " | "), BANNER_MAX), top + 5)
        left, right = self._ends(move.event.connection)
        room = int((right - left - 28) / CHAR_WIDTH)
        says = line(_says(move, self._story, " | "), room)
        if move.shape == "middle":
            width = int(len(says) * CHAR_WIDTH) + 28
            middle = (left + right) // 2
            return _plate(middle - width // 2, top + 3, width) + _text(middle, top + 19, says)
        if move.shape == "side":
            x, anchor = (left, left + 12) if move.event.end == "client" else (right, right - 12)
            # The other end may have the other half of the row.
            says = line(says, room if self._in_row[top] == 1 else room // 2)
            dot = f'<circle class="dot" cx="{x}" cy="{top + 12}" r="4"/>'
            return dot + _text(anchor, top + 16, says)
        y = top + 25
        start, end, back = (left, right, -9) if move.event.end == "server" else (right, left, 9)
        return (
            f'{_text((left + right) // 2, y - 8, says)}<path class="shaft" d="M{start} {y}H{end}"/>'
            f'<path class="tip" d="M{end} {y}l{back} -4.5v9z"/>'
        )

    def _banner(self, says: str, top: int) -> str:
        """Return a line over all lanes, which says it as often as the screen may have a part."""
        count = max(1, self._width // BANNER_WIDTH)
        step = self._width // count
        texts = [_text(step // 2 + at * step, top + 16, says) for at in range(count)]
        return _plate(0, top, self._width) + "".join(texts)


def _tops(story: Story) -> tuple[list[int], int]:
    """Return where each event begins, downwards, and the height of them all.

    What several ends did at the same time, all the same, has one row: connections are opened and
    lost at both ends.
    """
    tops: list[int] = []
    top = bottom = PAUSE_HEIGHT
    row: object = None
    taken: set[tuple[int, str]] = set()
    last_s = 0.0
    for move in story.moves:
        event = move.event
        place = (event.connection, event.end)
        same = (move.shape, event.kind, event.is_fault, story.time(event.time_s))
        if move.shape != "side" or same != row or place in taken:
            is_later = bool(tops) and event.time_s > last_s
            top = bottom + (PAUSE_HEIGHT if is_later else 0)
            bottom = top + ROW_HEIGHTS[move.shape]
            taken = set()
        row, last_s = same, event.time_s
        taken.add(place)
        tops.append(top)
    return tops, bottom + PAUSE_HEIGHT


# Words and marks


def _says(move: Move, story: Story, between: str = "\n") -> str:
    text = between.join(move.texts)
    if move.sent_s is not None and between != "\n":
        text += f" (sent at {story.time(move.sent_s)})"
    return text if len(text) <= SAYS_MAX else f"{text[:SAYS_MAX]}..."


def _title(move: Move) -> str:
    event = move.event
    if not event.end:
        return event.kind
    if move.shape == "middle":
        return f"{event.kind} on the way to the {event.end}"
    return f"{_WHO.get(event.kind, f'{event.kind} at the')} {event.end}"


def _data(move: Move, story: Story, says: str) -> dict[str, str]:
    """Return what the page tells of an event that is chosen."""
    event = move.event
    return {
        "time": story.time(event.time_s),
        "title": _title(move) + (", a fault of the schedule" if event.is_fault else ""),
        "lane": f"#{event.connection}" if event.connection else "",
        "where": line(event.host),
        "sent": "" if move.sent_s is None else story.time(move.sent_s),
        "says": says,
        "size": str(len(event.data) or ""),
        "hex": event.data[:DATA_MAX].hex(),
    }


def _lane(x: int, width: int, height: int) -> str:
    return f'<rect class="lane" x="{x}" width="{width}" height="{height}"/>'


def _plate(x: int, y: int, width: int) -> str:
    return f'<rect class="plate" x="{x}" y="{y}" width="{width}" height="24" rx="4"/>'


def _attributes(data: Mapping[str, str]) -> str:
    return "".join(f' data-{name}="{escape(value)}"' for name, value in data.items() if value)


def _text(x: int, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{escape(text)}</text>'.replace(" >", ">", 1)


def _svg(kind: str, width: int, height: int, parts: list[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg class="{kind}" {size}>{"".join(parts)}</svg>'
