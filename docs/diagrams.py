"""Diagrams: the states of ``docs/lifecycle.md``, drawn from the tables that the code runs on.

``python -m docs.diagrams`` writes them between their markers; with ``--check`` it writes nothing
and exits with 1 if the page differs from the tables.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from mcws_protocol._state import MCWS_CLIENT, MCWS_SERVER, PLAIN, State, Table

PAGE: Final = Path(__file__).with_name("lifecycle.md")
TABLES: Final[dict[str, Table]] = {
    "MCWS_CLIENT": MCWS_CLIENT,
    "MCWS_SERVER": MCWS_SERVER,
    "PLAIN": PLAIN,
}
PLACE: Final = re.compile(
    r"(?P<begin><!-- diagram: (?P<name>\w+) -->\n).*?(?P<end><!-- end of diagram -->)", re.DOTALL
)
"""What stands between two markers and is written anew."""


def main(arguments: Sequence[str] | None = None, *, page: Path = PAGE) -> int:
    """Write the diagrams of ``page``, or check them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.diagrams", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    is_check: bool = parser.parse_args(arguments).check
    before = page.read_text(encoding="utf-8")
    after = fill(before)
    if after == before:
        return 0
    if is_check:
        print(f"{page.name} is stale: run python -m docs.diagrams", file=sys.stderr)
        return 1
    page.write_text(after, encoding="utf-8")
    return 0


def fill(text: str) -> str:
    """Return ``text`` with every diagram drawn anew.

    Raises:
        ValueError: the markers do not name each table exactly once.
    """
    names = [place["name"] for place in PLACE.finditer(text)]
    if sorted(names) != sorted(TABLES):
        raise ValueError(f"expected a place for each of {sorted(TABLES)}, found {sorted(names)}")
    return PLACE.sub(
        lambda place: place["begin"] + draw(TABLES[place["name"]]) + place["end"], text
    )


def draw(table: Table) -> str:
    """Return ``table`` as a Mermaid state diagram in a fenced block."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines(table), "```", ""])


def lines(table: Table) -> Iterator[str]:
    """Yield the lines of a diagram: the states, then what leads from each to which."""
    for state in table:
        yield f'    state "{state.value}" as {state.name}'
    yield f"    [*] --> {next(iter(table)).name}"
    for state, steps in table.items():
        for step, after in steps.items():
            yield f"    {state.name} --> {after.name}: {step.value}"
    yield f"    {State.ENDED.name} --> [*]"


if __name__ == "__main__":
    sys.exit(main())
