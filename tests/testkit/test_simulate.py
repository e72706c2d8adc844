"""``@simulate``: what it runs, what it finds and how small that is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from mcws_testkit import Faults, ReplayedChoices, World, simulate
from mcws_testkit._worlds import worlds


async def serve_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, with a planted bug: a chunk is taken for a line."""
    while data := await reader.read(100):
        writer.write(data if data.endswith(b"\n") else b"half a line\n")
    writer.close()


async def talk(world: World) -> None:
    """Send lines to a server that takes chunks for lines."""
    server = await world.host("server").run(asyncio.start_server(serve_chunks, "0.0.0.0", 80))

    async def lines() -> None:
        """Send some."""
        reader, writer = await asyncio.open_connection("server", 80)
        try:
            for number in range(3):
                writer.write(b"line %d\n" % number)
                assert await reader.readline() == b"line %d\n" % number
        finally:
            writer.close()

    try:
        await world.host("device").run(lines())
    finally:
        server.close()


def test_bug_shrinks_to_the_one_deviation_that_it_needs() -> None:
    """Of all that went wrong, one cut is left; and its token alone shows the bug again."""
    failed: list[World] = []

    @settings(max_examples=300, database=None, deadline=None)
    @given(world=worlds(Faults.tcp()))
    def search(world: World) -> None:
        """Live in one universe."""
        try:
            world.run(talk(world))
        except AssertionError:
            failed.append(world)
            raise

    with pytest.raises(AssertionError):
        search()
    smallest = failed[-1]
    assert len(smallest.deviations) == 1
    assert "cut after 1 of 7 B" in smallest.deviations[0]
    again = World(Faults.tcp(), ReplayedChoices(smallest.token))
    with pytest.raises(AssertionError):
        again.run(talk(again))
    assert again.trace.digest == smallest.trace.digest


def test_every_universe_is_lived_in() -> None:
    """So many worlds, each another one; the benign one is among them."""
    seen: list[World] = []

    @simulate(universes=20)
    async def live(world: World) -> None:
        """Note the world."""
        seen.append(world)
        await asyncio.sleep(1)

    live()
    # A program that asks for nothing that may go wrong has few universes.
    assert 1 <= len(seen) <= 20
    assert seen[0].faults == Faults.tcp()


def test_fixtures_and_options_are_passed_on() -> None:
    """Other arguments come from pytest, options go to each world."""
    seen: list[Any] = []

    @simulate(Faults.benign(), universes=1, grace_s=5.0)
    async def live(name: str, world: World) -> None:
        """Note the arguments."""
        seen.append((name, world.faults))
        asyncio.get_running_loop().call_later(4, seen.append, "late")

    live(name="fixture")
    assert seen == [("fixture", Faults.benign()), "late"]


def test_only_async_tests_of_a_world_are_simulated() -> None:
    """Others are told at once."""
    decorate: Any = simulate()
    with pytest.raises(TypeError, match="must be async"):
        decorate(print)

    async def without() -> None:
        """Have no world."""

    with pytest.raises(TypeError, match="must have an argument `world`"):
        decorate(without)


def test_exhausted_example_has_no_world() -> None:
    """All choices are made before a world begins, so nothing has to end when they run out."""

    class Over:
        """A source that is over."""

        def integer(self, low: int, high: int) -> int:
            """End the example."""
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        World(Faults.tcp(), Over())


def test_loop_factory_of_pytest_asyncio(tmp_path: Path) -> None:
    """Tests of pytest-asyncio run on it when a hook of a conftest says so."""
    (tmp_path / "conftest.py").write_text(
        "from mcws_testkit import SimLoop\n"
        "def pytest_asyncio_loop_factories(config, item):\n"
        "    return {'simulated': SimLoop}\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import asyncio, pytest\n"
        "@pytest.mark.asyncio\n"
        "async def test_day():\n"
        "    await asyncio.sleep(86_400)\n"
        "    assert type(asyncio.get_running_loop()).__name__ == 'SimLoop'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_failure_is_explained_where_it_is_raised() -> None:
    """Whoever runs the test, its error has the report of its world, once."""

    @simulate(Faults.benign(), universes=1)
    async def fail(world: World) -> None:
        """Fail."""
        raise LookupError(f"at {world.now}")

    with pytest.raises(LookupError, match=r"at 0\.0") as caught:
        fail()
    reports = [note for note in caught.value.__notes__ if note.startswith("-- simulation")]
    assert len(reports) == 1
    assert "--mcws-replay=" in reports[0]
