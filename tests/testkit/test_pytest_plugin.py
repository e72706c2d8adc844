"""Tests of the plugin for pytest."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_testkit import Faults, World, memory_pair, pytest_plugin
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


def test_name_of_a_test_is_kept_without_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no test has made a world yet, there is none to forget."""
    monkeypatch.delitem(sys.modules, "mcws_testkit._failures", raising=False)
    pytest_plugin.pytest_runtest_logstart("test_b")
    assert OPTIONS.test == "test_b"
    assert "mcws_testkit._failures" not in sys.modules


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


# The fixtures


async def count_down() -> float:
    """Let an hour pass; return what time it is."""
    await asyncio.sleep(3600)
    return asyncio.get_running_loop().time()


def test_world_of_the_fixture_is_undisturbed(mcws_world: World) -> None:
    """A plain test gets a world in which nothing goes wrong."""
    mcws_world.step(count_down())
    assert (mcws_world.now, mcws_world.faults) == (3600, Faults.benign())


@pytest.mark.mcws(faults=Faults.tcp(), seed=1, grace_s=5.0)
class TestMarkedWorld:
    """Tests whose world has options."""

    def test_options_are_those_of_the_marker(self, mcws_world: World) -> None:
        """A marker of the class holds for each test."""
        assert mcws_world.faults == Faults.tcp()

    @pytest.mark.mcws(faults=Faults.chaos())
    def test_nearest_marker_wins(self, mcws_world: World) -> None:
        """The marker of a test replaces what it names, and leaves the rest."""
        assert mcws_world.faults == Faults.chaos()


async def test_pair_of_the_fixture(mcws_pair: Callable[..., Any]) -> None:
    """Both ends of a connection come from a fixture, without an import."""
    assert mcws_pair is memory_pair


def test_world_of_a_failed_test_is_not_checked(
    mcws_world: World, request: pytest.FixtureRequest
) -> None:
    """What a test did not come to end is no second failure."""
    request.node.stash[pytest_plugin.FAILED] = True
    mcws_world.loop.call_later(1e9, print)


class Asking:
    """A request for a fixture by a test."""

    fixturename = "mcws_world"

    def __init__(self, function: object) -> None:
        self.function = function


def test_test_with_examples_gets_advice() -> None:
    """A test of Hypothesis is refused, with what to do instead."""

    @given(st.none())
    def search(_: None) -> None:
        """Search for nothing."""

    plain, searching = Asking(len), Asking(search)
    pytest_plugin.refuse_examples(cast("Any", plain), "draw it")
    with pytest.raises(pytest.UsageError, match="would share one mcws_world: draw it"):
        pytest_plugin.refuse_examples(cast("Any", searching), "draw it")


USES = """
import asyncio
import pytest
from hypothesis import given, strategies as st

def test_leak(mcws_world):
    async def leave():
        asyncio.get_running_loop().create_task(asyncio.sleep(1e6))
    mcws_world.step(leave())

@given(st.none())
def test_world(mcws_world, none):
    pass

@given(st.none())
def test_pair(mcws_pair, none):
    pass
"""


def test_fixtures_in_a_run_of_pytest(tmp_path: Path) -> None:
    """What a test leaves in its world is its error, and examples are refused with advice."""
    (tmp_path / "test_it.py").write_text(USES)
    told = run_pytest(tmp_path)
    assert "1 passed, 3 errors" in told
    assert "SimLeak" in told
    assert "draw `world=worlds(...)`, or use @simulate(...)" in told
    assert "call `memory_pair(...)` in the test" in told


# With other plugins

TOGETHER = """
import asyncio
import pytest
from mcws_protocol import Lines
from mcws_testkit import *
from tests.testkit.line_server import LineServer

class TestEcho(LifecycleSuite):
    promises = Promise.core()
    examples = 3

    async def start(self, host: Host) -> ServerUnderTest:
        server = await LineServer.start(8080, events := Events())
        return Served.of(server, 8080, events)

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        return FramedClient(*await asyncio.open_connection("server", port), Lines())

@simulate(universes=5)
async def test_simulated(world):
    await asyncio.sleep(1)

@pytest.mark.asyncio
async def test_real():
    await asyncio.sleep(0)

def test_fixture(mcws_world):
    assert mcws_world.now == 0
"""
FAILING = """
import asyncio
from mcws_testkit import simulate

async def greet(reader, writer):
    writer.write(b"hello\\n")
    writer.close()

@simulate(universes=200)
async def test_greeting(world):
    server = await world.host("server").run(asyncio.start_server(greet, "0.0.0.0", 80))
    reader, writer = await asyncio.open_connection("server", 80)
    data = await reader.read(100)
    writer.close()
    server.close()
    assert data == b"hello\\n"
"""


def run_in_parallel(folder: Path, *arguments: str) -> str:
    """Run pytest with all plugins that are installed, in two processes."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_plugin_works_in_parallel(tmp_path: Path) -> None:
    """Suites, simulations, fixtures and tests of pytest-asyncio run in the workers of xdist."""
    (tmp_path / "test_it.py").write_text(TOGETHER)
    assert "6 passed" in run_in_parallel(tmp_path)


def test_failure_in_parallel_can_be_replayed(tmp_path: Path) -> None:
    """A worker's failure has the line that repeats it, which fails alike, in parallel or not."""
    (tmp_path / "test_it.py").write_text(FAILING)
    told = run_in_parallel(tmp_path)
    [(test, token)] = set(re.findall(r"pytest (\S+) (--mcws-replay=\S+)", told))
    assert test == "test_it.py::test_greeting"
    for arguments in ([test, token], [test, token, "-n", "0"]):
        again = run_in_parallel(tmp_path, *arguments)
        assert "1 failed" in again
        assert report_of(again) == report_of(told)


def report_of(output: str) -> str:
    """Return the report of the one failure in the output of pytest."""
    begin = output.index("-- simulation")
    return output[begin : output.index("repeat it with", begin)]
