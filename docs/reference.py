"""Reference: ``docs/reference.md``, every public name with the first line of what is said of it.

``python -m docs.reference`` writes the tables between their markers, in the order of ``stubs/``;
with ``--check`` it writes nothing and exits with 1 if the page differs from the sources.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from docs.pages import ROOT, read

PAGE: Final = Path(__file__).with_name("reference.md")
ROOTS: Final = (
    "mcws_server",
    "mcws_client",
    "mcws_protocol",
    "mcws_protocol.aio",
    "mcws_testkit",
    "mcws_testkit.strategies",
)
PLACE: Final = re.compile(
    r"(?P<begin><!-- names: (?P<root>[\w.]+) -->\n).*?(?P<end><!-- end of names -->)", re.DOTALL
)
"""What stands between two markers and is written anew."""


def main(arguments: Sequence[str] | None = None, *, page: Path = PAGE) -> int:
    """Write the tables of ``page``, or check them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    is_check: bool = parser.parse_args(arguments).check
    before = read(page)
    after = fill(before)
    if after == before:
        return 0
    if is_check:
        print(f"{page.name} is stale: run python -m docs.reference", file=sys.stderr)
        return 1
    page.write_text(after, encoding="utf-8")
    return 0


def fill(text: str) -> str:
    """Return ``text`` with every table written anew.

    Raises:
        ValueError: the markers do not name each package root exactly once.
    """
    roots = [place["root"] for place in PLACE.finditer(text)]
    if sorted(roots) != sorted(ROOTS):
        raise ValueError(f"expected a place for each of {sorted(ROOTS)}, found {sorted(roots)}")
    return PLACE.sub(lambda place: place["begin"] + table(place["root"]) + place["end"], text)


def table(root: str) -> str:
    """Return the names of a package root with what each is, as a table."""
    rows = (f"| `{name}` | {told(root, name)} |" for name in names(root))
    return "\n".join(["", "| name | what it is |", "|---|---|", *rows, "", ""])


def names(root: str) -> list[str]:
    """Return the public names of a package root, in the order of its stub.

    What the stub does not have comes last; ``tests/stubs`` tells of it.
    """
    exported: list[str] = list(importlib.import_module(root).__all__)
    page = ast.parse(read(place(ROOT / "stubs", root, ".pyi")))
    order = [name for name, _ in defined(page) if name in exported]
    return list(dict.fromkeys([*order, *exported]))


def told(root: str, name: str) -> str:
    """Return the first line of what the sources say of a name.

    Raises:
        LookupError: they say nothing.
    """
    entry = place(ROOT, root, ".py")
    # Some names are imported for type checkers only, and by others when they are used.
    imports = [
        node for node in ast.walk(ast.parse(read(entry))) if isinstance(node, ast.ImportFrom)
    ]
    homes = [node.module for node in imports if name in {alias.name for alias in node.names}]
    for path in (entry, *(entry.parent / f"{home}.py" for home in homes)):
        # The first one that says something: an overload may leave it to the last one.
        all_said = (
            docs for known, docs in defined(ast.parse(read(path)), read(path)) if known == name
        )
        if said := next(filter(None, all_said), ""):
            return said.strip().splitlines()[0].replace("``", "`").replace("|", "\\|")
    raise LookupError(f"nothing is said of {root}.{name}")


def place(folder: Path, root: str, ending: str) -> Path:
    """Return the file of a package or of a public module, in the sources or the stubs."""
    path = folder / root.replace(".", "/")
    return path / f"__init__{ending}" if path.is_dir() else path.with_suffix(ending)


def defined(module: ast.Module, text: str = "") -> Iterator[tuple[str, str]]:
    """Yield what a module defines at its top, with what is said of it there."""
    lines = text.splitlines()
    for node, after in zip(module.body, [*module.body, None][1:], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            yield ast.unparse(target), below(after) or above(lines, node.lineno)


def below(node: ast.stmt | None) -> str:
    """Return the text that stands by itself behind a constant; nothing if none does."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def above(lines: Sequence[str], number: int) -> str:
    """Return the comment that ends just above a line, as one line; nothing if there is none."""
    comment: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.startswith("# "):
            break
        comment.insert(0, line.removeprefix("# "))
    return " ".join(comment)


if __name__ == "__main__":
    sys.exit(main())
