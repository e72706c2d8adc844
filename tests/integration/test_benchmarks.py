"""A run of the benchmarks: ours beside a bare protocol, under the generator in C."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from benchmarks import results, run
from benchmarks.toolchain import Toolchain
from tests.integration._ends import accepting, process

pytestmark = [
    pytest.mark.needs("gcc"),
    pytest.mark.skipif(sys.platform != "linux", reason="needs epoll and affinities"),
]

SERVERS = "mcws-asyncio,asyncio"


def test_quick_run_measures_ours_and_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that is asked for is measured, checked byte by byte, and written."""
    page, charts = tmp_path / "page.md", tmp_path / "charts"
    assert not run.main(
        [
            *("--quick", "--only", "a,d-8,k", "--peers", SERVERS, "--folder", str(tmp_path)),
            *("--json", str(tmp_path / "run.json")),
            *("--markdown", str(page), "--svg", str(charts)),
        ]
    )
    found = results.load(tmp_path / "run.json")
    assert found.skipped == {}
    measured = [(row.workload, row.peer) for row in found.rows]
    assert measured == [
        ("a", "mcws-asyncio"),
        ("a", "asyncio"),
        ("d-8", "mcws-asyncio"),
        ("d-8", "asyncio"),
        ("k", "mcws-asyncio"),
    ]
    for row in found.rows:
        [sample] = row.samples
        assert sample.rate > 0
        assert sample.cpu_us > 0
        assert sample.peak_kib > 0
        assert 0 < sample.load_share <= 1
    assert "| mcws-asyncio |" in page.read_text()
    assert len(list(charts.iterdir())) == 3
    assert "(k) healthy p99 with one flooder, asyncio, µs" in capsys.readouterr().out


def test_quick_run_of_what_is_special_to_ours(tmp_path: Path) -> None:
    """Openings, requests, typed messages and async handlers are measured too."""
    pytest.importorskip("uvloop")
    arguments = ["--quick", "--only", "g,h-a,i-a", "--folder", str(tmp_path)]
    assert not run.main([*arguments, "--peers", "mcws-uvloop"])
    found = results.load(tmp_path / "results.json")
    assert found.skipped == {}
    services = {(row.workload, row.service) for row in found.rows}
    assert {("g", "async-answer"), ("h-a", "typed-echo"), ("i-a", "async-echo")} <= services


async def test_generator_sees_a_wrong_byte(tmp_path: Path) -> None:
    """A server that sends back something else is an error, not a figure."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send back what comes in capitals."""
        while data := await reader.read(1 << 16):
            writer.write(data.upper())

    loadgen = str(Toolchain(tmp_path, tmp_path).loadgen)
    async with accepting(shout) as url:
        port = url.rpartition(":")[2]
        async with process(loadgen, "--port", port, "--connections", "2") as generator:
            _, complaint = await generator.communicate()
            assert generator.returncode == 1
            assert complaint == b"what came back is not what was sent\n"


def test_unknown_server_is_refused(tmp_path: Path) -> None:
    """A name that no server has is an error that says so."""
    with pytest.raises(ValueError, match="no server is called nobody"):
        run.main(["--quick", "--peers", "nobody", "--folder", str(tmp_path)])
