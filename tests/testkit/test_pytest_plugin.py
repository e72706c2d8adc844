"""Tests of the plugin for pytest."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcws_testkit import pytest_plugin
from mcws_testkit._options import OPTIONS, Options
from mcws_testkit.pytest_plugin import universes

ROOT = Path(__file__).parent.parent.parent
# What a run of pytest that only has the plugin does not have to wait for.
HEAVY = ("hypothesis", "msgspec", "mcws_protocol", "mcws_server", "mcws_client")


class Settings:
    """The parsed command line of a run, as pytest gives it to plugins."""

    def __init__(self, **said: object) -> None:
        defaults = {"mcws_replay": None, "mcws_profile": None, "mcws_trace": "text"}
        self.option = argparse.Namespace(**defaults, mcws_trace_dir=".mcws-traces")
        vars(self.option).update(said)
        self.lines: list[str] = []

    def addinivalue_line(self, name: str, line: str) -> None:
        """Keep a line of the settings."""
        self.lines.append(f"{name}: {line}")


@pytest.fixture(autouse=True)
def _own_options() -> Iterator[None]:
    """Give back to the run of this test what it was told."""
    kept = replace(OPTIONS)
    yield
    vars(OPTIONS).update(vars(kept))


def configure(**said: object) -> None:
    """Configure the plugin with a command line."""
    settings: Any = Settings(**said)
    pytest_plugin.pytest_configure(settings)


def run_pytest(folder: Path, *arguments: str) -> str:
    """Run pytest with the plugin, and nothing else that is installed, in ``folder``."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "mcws_testkit.pytest_plugin", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_plugin_imports_nothing_that_takes_time(tmp_path: Path) -> None:
    """A run of pytest that has the plugin and does not use it imports none of its needs."""
    (tmp_path / "test_it.py").write_text(
        f"import sys\ndef test_it():\n    assert not set({HEAVY!r}) & set(sys.modules)\n"
    )
    assert "1 passed" in run_pytest(tmp_path)


def test_options_reach_tests(tmp_path: Path) -> None:
    """What the command line says is there while tests run."""
    (tmp_path / "test_it.py").write_text(
        "from mcws_testkit._options import OPTIONS, Options\n"
        "def test_it():\n"
        "    assert OPTIONS == Options('0.1', '', 20, 'html', 'here', 'test_it.py::test_it')\n"
    )
    told = ("--mcws-replay=0.1", "--mcws-profile=quick", "--mcws-trace=html")
    assert "1 passed" in run_pytest(tmp_path, *told, "--mcws-trace-dir=here")


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("--mcws-replay=!", "--mcws-replay: no record of choices: '!'"),
        ("--mcws-profile=fast", "expected quick, ci, nightly or a number from 1, not 'fast'"),
        ("--mcws-trace=pdf", "invalid choice: 'pdf'"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, argument: str, problem: str) -> None:
    """What the command line says wrongly is told before any test runs."""
    assert problem in run_pytest(tmp_path, argument)


def test_help_names_the_options(tmp_path: Path) -> None:
    """The help of pytest has a part for simulated networks."""
    told = run_pytest(tmp_path, "--help")
    assert "simulated networks of mcws:" in told
    assert "--mcws-replay=TOKEN" in told


def test_options_are_those_of_the_command_line() -> None:
    """Each option has its place; without any, tests search and show text."""
    said = "0.1 c1.send; server.stop"
    configure(mcws_replay=said, mcws_profile=7, mcws_trace="off", mcws_trace_dir="x")
    pytest_plugin.pytest_runtest_logstart("test_a")
    assert vars(OPTIONS) == vars(Options("0.1", "c1.send; server.stop", 7, "off", "x", "test_a"))
    configure()
    assert vars(OPTIONS) == vars(Options(test="test_a"))


def test_parser_gets_all_options() -> None:
    """Whatever the plugin reads, the parser knows."""
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    found = parser.parse(["--mcws-profile=3", "--mcws-trace=html"])
    assert (found.mcws_replay, found.mcws_profile, found.mcws_trace) == (None, 3, "html")
    assert found.mcws_trace_dir == ".mcws-traces"


def test_token_is_checked() -> None:
    """A token that no failure printed ends the run at once."""
    with pytest.raises(pytest.UsageError, match="no record of choices: 'a!'"):
        configure(mcws_replay="a!")


@pytest.mark.parametrize(
    ("text", "count"), [("quick", 20), ("ci", 200), ("nightly", 10_000), ("1", 1), ("300", 300)]
)
def test_profile_is_a_name_or_a_number(text: str, count: int) -> None:
    """A profile stands for a number of examples."""
    assert universes(text) == count


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "all", "\u0663"])
def test_profile_that_is_none(text: str) -> None:
    """Anything else is refused with what is known."""
    with pytest.raises(argparse.ArgumentTypeError, match="expected quick, ci, nightly"):
        universes(text)
