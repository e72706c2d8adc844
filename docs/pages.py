"""Pages: the Markdown of this project, cut into what the tests of the documentation look at.

What the marks above a block mean is in ``CONTRIBUTING.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)

BLOCK: Final = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]* -->\n)*)^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
SPAN: Final = re.compile(r"`([^`]+)`")
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
ROW: Final = re.compile(r"^\|(.+)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What stands between two fences, with the marks above it."""

    page: Path
    line: int
    """Of its first line inside the page, counted from 1."""
    language: str
    text: str
    marks: frozenset[str]

    @property
    def place(self) -> str:
        """Where it is, as an editor understands it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read(page: Path) -> str:
    """Return the text of ``page``."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of ``page``, in order."""
    text = read(page)
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start("text")) + 1,
            language=found["language"],
            text=found["text"],
            marks=frozenset(re.findall(r"<!-- (.*?) -->", found["marks"])),
        )
        for found in BLOCK.finditer(text)
    ]


def prose(page: Path) -> str:
    """Return the text of ``page`` without its fenced blocks."""
    return BLOCK.sub("", read(page))


def spans(text: str) -> list[str]:
    """Return the pieces of ``text`` that are set as code, each on one line."""
    return [" ".join(span.split()) for span in SPAN.findall(text)]


def links(page: Path) -> list[str]:
    """Return where the links of ``page`` point to."""
    return LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of ``page``, made as GitHub makes them."""
    titles = (title.lower().replace("`", "") for title in HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


def table(page: Path, first: str) -> list[list[str]]:
    """Return the rows, as cells, of the table whose first heading is ``first``.

    Raises:
        ValueError: there is no such table.
    """
    text = prose(page)
    start = text.find(f"| {first} |")
    if start < 0:
        raise ValueError(f"{page.name} has no table that begins with {first!r}")
    rows = ROW.findall(text[start:].split("\n\n", 1)[0])
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]
