"""Diagrams: what is drawn, and that the page with them is not stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docs.diagrams import PAGE, TABLES, draw, fill, main
from docs.pages import ROOT
from mcws_protocol import State
from mcws_protocol._state import Step, Table

STALE = "".join(
    f"<!-- diagram: {name} -->\nold\n<!-- end of diagram -->\n\nbetween\n" for name in TABLES
)


def test_page_is_not_stale() -> None:
    """The check that ``make docs`` runs passes."""
    command = [sys.executable, "-m", "docs.diagrams", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_of_a_stale_page_fails_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stale page is named, with what to run, and stays as it is."""
    page = tmp_path / "page.md"
    page.write_text(STALE, encoding="utf-8")
    assert main(["--check"], page=page) == 1
    assert capsys.readouterr().err == "page.md is stale: run python -m docs.diagrams\n"
    assert page.read_text(encoding="utf-8") == STALE


def test_writing_makes_the_check_pass(tmp_path: Path) -> None:
    """What is written is what is checked, and the text around it is kept."""
    page = tmp_path / "page.md"
    page.write_text(STALE, encoding="utf-8")
    assert main([], page=page) == 0
    assert main(["--check"], page=page) == 0
    assert page.read_text(encoding="utf-8").count("between\n") == len(TABLES)


def test_fill_without_a_place_for_a_table_fails() -> None:
    """A page that forgot one of the tables is an error that names them all."""
    text = "<!-- diagram: PLAIN -->\n<!-- end of diagram -->\n"
    with pytest.raises(ValueError, match=r"expected a place for each of .*MCWS_CLIENT"):
        fill(text)


def test_draw_shows_every_step_of_a_table() -> None:
    """Each step is one arrow, between the first state and the end."""
    table: Table = {
        State.OPEN: {Step.SEND_CLOSE: State.CLOSE_SENT},
        State.CLOSE_SENT: {Step.END: State.ENDED},
        State.ENDED: {},
    }
    assert draw(table).splitlines() == [
        "```mermaid",
        "stateDiagram-v2",
        '    state "open" as OPEN',
        '    state "close sent" as CLOSE_SENT',
        '    state "ended" as ENDED',
        "    [*] --> OPEN",
        "    OPEN --> CLOSE_SENT: send CLOSE",
        "    CLOSE_SENT --> ENDED: the stream ends",
        "    ENDED --> [*]",
        "```",
    ]


@pytest.mark.parametrize("name", TABLES)
def test_page_has_as_many_arrows_as_the_table_has_steps(name: str) -> None:
    """No step of a table is missing on the page."""
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- diagram: {name} -->")[2]
    drawn = text.partition("<!-- end of diagram -->")[0]
    steps = sum(map(len, TABLES[name].values()))
    assert drawn.count("-->") == steps + len(["[*] --> first", "ENDED --> [*]"])
