"""Reference page: what is listed, and that the page is not stale."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import ROOT
from docs.reference import ROOTS, defined, fill, main, names, told

STALE = "".join(
    f"<!-- names: {root} -->\nold\n<!-- end of names -->\n\nbetween\n" for root in ROOTS
)


def test_page_is_not_stale() -> None:
    """The check that ``make docs`` runs passes."""
    command = [sys.executable, "-m", "docs.reference", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_of_a_stale_page_fails_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stale page is named, with what to run, and stays as it is."""
    page = tmp_path / "page.md"
    page.write_text(STALE, encoding="utf-8")
    assert main(["--check"], page=page) == 1
    assert capsys.readouterr().err == "page.md is stale: run python -m docs.reference\n"
    assert page.read_text(encoding="utf-8") == STALE


def test_writing_makes_the_check_pass(tmp_path: Path) -> None:
    """What is written is what is checked, and the text around it is kept."""
    page = tmp_path / "page.md"
    page.write_text(STALE, encoding="utf-8")
    assert main([], page=page) == 0
    assert main(["--check"], page=page) == 0
    assert page.read_text(encoding="utf-8").count("between\n") == len(ROOTS)


def test_fill_without_a_place_for_a_package_fails() -> None:
    """A page that forgot one of the packages is an error that names them all."""
    text = "<!-- names: mcws_client -->\n<!-- end of names -->\n"
    with pytest.raises(ValueError, match=r"expected a place for each of .*mcws_server"):
        fill(text)


def test_told_of_what_nothing_is_said_fails() -> None:
    """A name without a docstring cannot be listed."""
    with pytest.raises(LookupError, match=r"nothing is said of mcws_client\.Nothing"):
        told("mcws_client", "Nothing")


def test_told_is_the_first_line_in_the_words_of_markdown() -> None:
    """Only the first line is told, and code in it is marked as Markdown does."""
    assert told("mcws_server", "ClientContract") == (
        "What a class of one's own needs to serve as `client_factory`."
    )


def test_told_of_a_public_module() -> None:
    """A module tells of what it defines itself, and of what it imports from another one."""
    assert told("mcws_testkit.strategies", "chunkings").startswith("Return pieces that make `data`")
    assert told("mcws_testkit.strategies", "worlds").startswith("Return universes")


def test_names_follow_the_stub() -> None:
    """What belongs together stands together, as in the stubs."""
    assert names("mcws_protocol")[:2] == ["Contract", "UNTYPED"]


def test_defined_takes_what_is_said_below_or_above_a_constant() -> None:
    """A text below a constant is its docstring; without one it is the comment above it."""
    text = '# First of\n# all.\nA = 1\n\nB: int = 2\n"""The second."""\nC = 3\n'
    found = dict(defined(ast.parse(text), text))
    assert found == {"A": "First of all.", "B": "The second.", "C": ""}
