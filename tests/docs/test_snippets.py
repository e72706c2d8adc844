"""Snippets: every program in the documentation is run, and prints what the page says."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from docs.pages import PAGES, ROOT, Block, blocks
from mcws_client import Client

PATIENCE_S = 60
"""Seconds after which a program hangs, whatever the machine; none takes a tenth of it."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
REPEATABLE = {"CI": "true", "PYTEST_ADDOPTS": ""}
"""With ``CI``, Hypothesis searches in the same order each time, and a page can show a failure."""
PYTHON = (sys.executable, "-W", "error")


@dataclass(frozen=True)
class Program:
    """Blocks that make one program, with what it prints."""

    block: Block
    source: str
    output: str = ""

    @property
    def place(self) -> str:
        """Where its last block is."""
        return self.block.place


def programs(page: Path) -> list[Program]:
    """Return the programs of ``page``: a block, or one with those that it continues."""
    found: list[Program] = []
    for block in blocks(page):
        if block.language == "python":
            begun = found[-1].source if "continues" in block.marks else ""
            found.append(Program(block, begun + block.text))
        elif block.language == "text" and found and expects(found[-1], block):
            found[-1] = replace(found[-1], output=block.text)
    return found


def expects(program: Program, block: Block) -> bool:
    """Whether ``block`` is what ``program`` prints: the next one below it, or marked so."""
    wanted = program.block.marks & {"prints", "finds"} and not program.output
    return bool(wanted) or "seen" in block.marks


ALL = [program for page in PAGES for program in programs(page)]
DEALING = {"serves", "visits", "tests", "finds"}
ALONE = [program for program in ALL if not program.block.marks & DEALING]
TESTS = [program for program in ALL if "tests" in program.block.marks]
FINDS = [program for program in ALL if "finds" in program.block.marks]
SERVERS = [program for program in ALL if "serves" in program.block.marks]
# Each visitor, with the server right above it.
VISITS = [
    (ALL[index - 1], program)
    for index, program in enumerate(ALL)
    if "visits" in program.block.marks
]
MODULES = {
    mark.removeprefix("module "): program.source
    for program in ALL
    for mark in program.block.marks
    if mark.startswith("module ")
}


def value(program: Program, name: str) -> str:
    """Return what stands behind ``name`` in a mark of a program; nothing without such a mark."""
    marks = (mark.partition(" ") for mark in program.block.marks)
    return next((rest for word, _, rest in marks if word == name), "")


def write(program: Program, folder: Path, port: int = 8080) -> Path:
    """Write ``program`` and the modules of all pages into ``folder``; return its file.

    ``port`` takes the place of 8080 and of nothing else.
    """
    for name, source in MODULES.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    file = folder / (value(program, "file") or f"program_{program.block.line}.py")
    file.write_text(program.source.replace("8080", str(port)), encoding="utf-8")
    return file


@pytest.mark.parametrize("program", ALONE, ids=lambda program: program.place)
def test_program_runs_and_prints_what_the_page_says(program: Program, tmp_path: Path) -> None:
    """A program ends well, is silent on stderr, and prints the block below it."""
    done = subprocess.run(
        [*PYTHON, str(write(program, tmp_path))],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=ENVIRONMENT,
    )
    assert done.stderr == ""
    assert done.stdout == program.output
    assert done.returncode == 0


def run_tests(program: Program, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``program`` as a file of tests, as somebody does who has no settings of his own."""
    file = write(program, folder)
    # pytest-asyncio warns of anybody who has not decided this.
    loops = ("-o", "asyncio_default_fixture_loop_scope=function")
    options = ("-p", "no:cacheprovider", *loops, "--rootdir", str(folder))
    return subprocess.run(
        [*PYTHON, "-m", "pytest", *options, *value(program, "with").split(), file.name],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**ENVIRONMENT, **REPEATABLE},
        cwd=folder,
    )


@pytest.mark.parametrize("program", TESTS, ids=lambda program: program.place)
def test_tests_pass(program: Program, tmp_path: Path) -> None:
    """A file of tests has some, and they pass."""
    done = run_tests(program, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", FINDS, ids=lambda program: program.place)
def test_tests_find_what_the_page_says(program: Program, tmp_path: Path) -> None:
    """A file of tests with a bug in it fails, and says what the page shows, line by line."""
    done = run_tests(program, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    said = [line.strip().removeprefix("E").strip() for line in done.stdout.splitlines()]
    shown = [line.strip() for line in program.output.splitlines() if line.strip()]
    assert [line for line in shown if line not in said] == [], done.stdout


def test_program_says_that_it_prints() -> None:
    """Every program marked as printing has a block with what it prints."""
    marked = (one for one in ALL if one.block.marks & {"prints", "finds"})
    assert [one.place for one in marked if not one.output] == []


def test_marks_are_known() -> None:
    """No mark above a block of Python is misspelt."""
    known = {"continues", "prints", *DEALING, *(f"module {name}" for name in MODULES)}
    strange = (
        one.place
        for one in ALL
        for mark in one.block.marks - known
        if not mark.startswith(("file test_", "with --mcws-"))
    )
    assert list(strange) == []


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


async def started(program: Program, port: int, folder: Path) -> Process:
    """Start ``program`` on ``port``."""
    assert program.source.count("8080") == 1, program.place
    file = write(program, folder, port)
    return await asyncio.create_subprocess_exec(
        *PYTHON, str(file), stdout=PIPE, stderr=PIPE, env=ENVIRONMENT
    )


@asynccontextmanager
async def serving(program: Program, port: int, folder: Path) -> AsyncGenerator[Process]:
    """Run a server as long as the block, and stop it as an operator does if the block has not."""
    server = await started(program, port, folder)
    try:
        assert server.stdout is not None
        assert await server.stdout.readline() == b"server started\n"
        yield server
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()


async def output(process: Process) -> list[str]:
    """Return the lines that ``process`` still prints, once it has ended well and silently."""
    printed, complaints = await process.communicate()
    assert complaints.decode() == ""
    assert process.returncode == 0
    return printed.decode().splitlines()


async def lines(process: Process, count: int) -> list[str]:
    """Return the next ``count`` lines that ``process`` prints."""
    assert process.stdout is not None
    return [(await process.stdout.readline()).decode().rstrip("\n") for _ in range(count)]


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
@pytest.mark.parametrize(("server", "visitor"), VISITS, ids=["untyped", "typed"])
async def test_readme_server_and_client_work_when_pasted(
    server: Program, visitor: Program, tmp_path: Path
) -> None:
    """Server and client of the README talk, and both end well when the server is stopped."""
    port = free_port()
    expected = visitor.output.splitlines()
    assert expected
    async with asyncio.timeout(PATIENCE_S), serving(server, port, tmp_path) as serves:
        visits = await started(visitor, port, tmp_path)
        assert await lines(visits, len(expected)) == expected
        serves.send_signal(signal.SIGTERM)
        assert await output(visits) == []
        assert await output(serves) == []


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
async def test_readme_quick_start_does_what_the_original_did(tmp_path: Path) -> None:
    """The translated quick start greets, answers, and notes connect, message and disconnect."""
    [_, _, quick_start] = SERVERS
    port = free_port()
    async with asyncio.timeout(PATIENCE_S), serving(quick_start, port, tmp_path) as serves:
        async with Client(f"tcp://127.0.0.1:{port}", id="k1") as client:
            messages = aiter(client)
            assert await anext(messages) == "welcome to Server :)"
            client.send("hello")
            assert await anext(messages) == "hi this is from server"
        assert await lines(serves, 3) == [
            "client connected k1",
            "message from k1",
            "client disconnected k1",
        ]
        serves.send_signal(signal.SIGTERM)
        assert await output(serves) == []


def test_programs_are_typed(tmp_path: Path) -> None:
    """Every program passes mypy in strict mode, as a user's own code would."""
    pytest.importorskip("mypy")
    for number, program in enumerate(ALL):
        (tmp_path / f"program_{number}.py").write_text(program.source, encoding="utf-8")
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
            *("--cache-dir", str(tmp_path / "cache"), "--config-file="),
            *("--follow-imports", "silent", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE_S,
        env=ENVIRONMENT,
        cwd=ROOT,
    )
    assert done.stdout + done.stderr == ""
