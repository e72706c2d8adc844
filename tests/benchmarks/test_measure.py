"""Tests of what starts programs, and of what the system tells of them."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import procfs
from benchmarks.catalogue import BY_NAME
from benchmarks.measure import (
    Case,
    Duration,
    MeasurementFailed,
    load_command,
    pinned,
    running,
    typed_payload,
)
from benchmarks.toolchain import Toolchain
from benchmarks.workloads import WORKLOADS, Service, Workload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and affinities")


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    """A toolchain that has built nothing, without a compiled build."""
    return Toolchain(tmp_path, tmp_path / "absent")


def workload(key: str) -> Workload:
    """Return one workload."""
    [one] = [each for each in WORKLOADS if each.key == key]
    return one


def python(toolchain: Toolchain, program: str) -> list[str]:
    """Return what runs a program of Python."""
    return [sys.executable, "-c", program]


def test_program_runs_on_one_core(toolchain: Toolchain) -> None:
    """What is started is pinned; this process is not."""
    before = os.sched_getaffinity(0)
    core, _ = procfs.cores()
    asked = python(toolchain, "import os; print(os.sched_getaffinity(0))")
    with running(asked, core, toolchain, toolchain.folder) as program:
        assert program.line() == f"{{{core}}}"
    assert os.sched_getaffinity(0) == before


def test_program_hears_what_it_is_told(toolchain: Toolchain) -> None:
    """A line goes in and another one comes out."""
    with running(
        python(toolchain, "print(input() * 2)"), 0, toolchain, toolchain.folder
    ) as program:
        program.tell("ab\n")
        assert program.line() == "abab"


def test_program_that_ends_is_reported_with_its_complaint(toolchain: Toolchain) -> None:
    """The error says what the program wrote before it ended."""
    asked = python(toolchain, "raise SystemExit('no port is free')")
    with (
        running(asked, 0, toolchain, toolchain.folder) as program,
        pytest.raises(MeasurementFailed, match="ended: no port is free"),
    ):
        program.line()


def test_affinity_is_given_back_after_an_error() -> None:
    """An error in the block does not leave this process on one core."""
    before = os.sched_getaffinity(0)
    with pytest.raises(RuntimeError), pinned(min(before)):
        raise RuntimeError
    assert os.sched_getaffinity(0) == before


def test_process_has_memory_and_time() -> None:
    """This process has run, and occupied at least what it occupies."""
    mine = os.getpid()
    assert procfs.cpu_s(mine) > 0
    assert procfs.resident_kib(mine) > 0
    assert procfs.peak_kib(mine) >= procfs.resident_kib(mine) * 0.9
    with pytest.raises(ValueError, match="has no VmNothing"):
        procfs.status_kib(mine, "VmNothing")


@pytest.mark.needs("gcc")
@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("echo", ["--wire", "mcws"]),
        ("answer", ["--wire", "mcws-request"]),
        ("typed-echo", ["--payload", "84a124a7"]),
    ],
)
def test_generator_is_told_what_to_do(
    toolchain: Toolchain, service: Service, words: list[str]
) -> None:
    """The wire is that of the service, and typed messages are the bytes of a message."""
    case = Case(workload("b"), BY_NAME["mcws-uvloop"], service)
    command = " ".join(load_command(case, toolchain, Duration(), 8080))
    assert " ".join(words) in command
    assert "--port 8080 --connections 64 --window 64 --bytes 64" in command


def test_typed_message_is_as_long_as_the_others() -> None:
    """Typed and untyped messages are compared at the same size."""
    assert len(typed_payload()) == workload("b").load.size


@pytest.mark.needs("gcc")
def test_program_in_c_is_built_when_it_has_changed(toolchain: Toolchain, tmp_path: Path) -> None:
    """A program is built once, and again after a change of it or of a header."""
    source, header = tmp_path / "source" / "one.c", tmp_path / "source" / "one.h"
    source.parent.mkdir()
    source.write_text('#include "one.h"\nint main(void) { return STATUS; }\n')
    header.write_text("#define STATUS 0\n")
    program = toolchain.build(source)
    built = program.stat().st_mtime_ns
    assert toolchain.build(source).stat().st_mtime_ns == built
    later = program.stat().st_mtime + 10
    os.utime(header, (later, later))
    assert toolchain.build(source).stat().st_mtime_ns != built


def test_absent_programs_are_named(toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot be started is left out with the reason."""
    monkeypatch.setenv("PATH", "")
    assert toolchain.obstacle(BY_NAME["node-net"]) == "node is not installed"
    compiled = BY_NAME["mcws-compiled-uvloop"]
    assert toolchain.obstacle(compiled) == "the compiled build is not installed"
    absent = replace(BY_NAME["picows"], module="no_such_module")
    assert toolchain.obstacle(absent) == "the package picows is not installed"
    assert toolchain.obstacle(BY_NAME["asyncio"]) is None
    assert toolchain.obstacle(BY_NAME["c"]) == "gcc is not installed"


def test_compiled_build_is_not_started_among_its_sources(toolchain: Toolchain) -> None:
    """Where it runs there is nothing of ours but the benchmarks."""
    directory = toolchain.directory(BY_NAME["mcws-compiled-uvloop"])
    assert [path.name for path in directory.iterdir()] == ["benchmarks"]
    assert (directory / "benchmarks" / "peers" / "mcws.py").exists()


def test_servers_know_where_npm_put_its_packages(
    toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node finds its packages, and Python only what is installed."""
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    environment = toolchain.environment
    assert environment["NODE_PATH"] == str(toolchain.folder / "node" / "node_modules")
    assert "PYTHONPATH" not in environment
