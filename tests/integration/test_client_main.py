"""``python -m mcws_client``: its arguments, what it sends and prints, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import pytest

from mcws_client import Client
from mcws_client import __main__ as command
from mcws_client.__main__ import (
    TypedLines,
    main,
    make_parser,
    open_input,
    say,
)
from mcws_protocol import WIRES, Chunks, Mcws, Plain, RejectFrame, encode_frame
from tests.integration._commands import check_help, help_of_module, refusal_of, said_in_ascii
from tests.integration._ends import (
    GUARD_S,
    LINES,
    accepting,
    free_port,
    hang_up,
    line_of,
    process,
    python,
    read_frame,
    recording,
    tell,
)

Keyboard: TypeAlias = Callable[[bytes], object]

pytestmark = pytest.mark.usefixtures("no_input")


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Have nothing to read on the standard input, unless a test says otherwise."""
    with open(os.devnull, encoding="ascii") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


@contextlib.contextmanager
def typing_into(read: int, write: int, monkeypatch: pytest.MonkeyPatch) -> Generator[Keyboard]:
    """Put ``read`` in place of the standard input; what is yielded writes to ``write``."""
    with open(read, encoding="ascii") as stdin, open(write, "wb", buffering=0) as keys:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield keys.write


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Generator[Keyboard]:
    """Return what writes into a pipe that is the standard input."""
    with typing_into(*os.pipe(), monkeypatch) as write:
        yield write


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Generator[Keyboard]:
    """Return what types at a terminal that is the standard input."""
    keys, screen = os.openpty()
    with typing_into(screen, keys, monkeypatch) as write:
        yield write


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Keyboard]:
    """Return what writes to a file that is the standard input."""
    path = tmp_path / "input"
    path.touch()
    with path.open(encoding="ascii") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield path.write_bytes


async def run(*arguments: str) -> int:
    """Run the command in a thread, beside the servers of this test; return its exit code."""
    return await asyncio.to_thread(main, ["--wait", "0.2", *arguments])


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line on stderr, without the name of the command."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("mcws_client: ")


async def test_file_is_sent_and_echo_printed(
    file: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line of a file is a message, whatever its end, and what comes back is printed."""
    file("one\r\ntwo\n\ngrüße".encode())
    async with recording(Mcws()) as end:
        assert await run(end.url, "--id", "bob") == 0
        messages = [("message", text) for text in ("one", "two", "", "grüße")]
        assert await end.until_end() == [("connect", "bob"), *messages, ("end", 1000)]
    assert capsys.readouterr() == ("one\ntwo\n\ngrüße\n", "")


async def test_terminal_ends_with_control_d(
    terminal: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is typed at a terminal is sent line by line, and Ctrl-D ends the conversation."""
    async with recording() as end:
        running = asyncio.create_task(run(end.url, "--wire", "lines"))
        terminal(b"hello\n")
        assert (await end.next(2))[1] == ("message", "hello")
        terminal(b"\x04")
        assert await running == 0
        assert await end.next(1) == [("end", 1000)]
    assert capsys.readouterr() == ("hello\n", "")


async def test_pipe_stays_open_until_server_closes(
    pipe: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that closes ends the conversation although the input has not ended: code 0."""
    async with recording(Mcws()) as end:
        running = asyncio.create_task(run(end.url))
        pipe(b"hello\n")
        await end.next(2)
        await end.server.drain()
        assert await running == 0
    assert complaint(capsys) == "connection closed with code 1001: 'server stops'"


async def test_server_that_is_lost_is_a_failure(
    pipe: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that breaks off is exit code 1 and one line."""
    async with recording(Mcws()) as end:
        running = asyncio.create_task(run(end.url))
        pipe(b"hello\n")
        await end.next(2)
        next(iter(end.server.clients)).abort()
        assert await running == 1
    assert complaint(capsys) == "connection closed with code 1006; is --wire mcws right?"


async def test_answers_are_waited_for_after_the_input(
    file: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each message after the end of the input starts the wait anew, and the server may end it."""
    file(b"go\n")

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"go\n"
        writer.write(b"1\n2\n")
        await writer.drain()
        writer.write(b"3\n")

    async with accepting(count) as url:
        assert await run(url, "--wire", "lines", "--wait", "inf") == 0
    assert capsys.readouterr().out == "1\n2\n3\n"


async def test_bytes_are_shown_as_text_or_repr(capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are text are shown as text, others as Python writes them."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\0\0\0\2hi\0\0\0\2\xff\0")

    async with accepting(speak) as url:
        assert await run(url, "--wire", "length", "--wait", "inf") == 0
    assert capsys.readouterr().out == "hi\nb'\\xff\\x00'\n"


@pytest.mark.parametrize(
    ("wire", "line", "problem"),
    [
        ("lines", b"\xff", "not sent: bytes that are not UTF-8 at byte 0"),
        ("chunks", b"", "not sent: "),
    ],
)
async def test_line_that_cannot_be_sent(
    wire: str, line: bytes, problem: str, file: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the wire cannot carry is said, the rest is sent, and the exit code is 1."""
    file(line + b"\nrest\n")
    async with recording(WIRES[wire]) as end:
        assert await run(end.url, "--wire", wire) == 1
    output = capsys.readouterr()
    assert output.out == "rest\n"
    assert output.err.startswith(f"mcws_client: {problem}")


async def test_bytes_are_sent_where_the_wire_carries_them(file: Keyboard) -> None:
    """A line that is not UTF-8 goes out as bytes."""
    file(b"\xff\xfe\n")
    async with recording(Mcws()) as end:
        assert await run(end.url) == 0
        assert (await end.next(2))[1] == ("message", b"\xff\xfe")


def test_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens one line says so, and the exit code is 1."""
    with free_port() as port:
        assert main([f"tcp://127.0.0.1:{port}"]) == 1
    assert complaint(capsys) == f"cannot connect to tcp://127.0.0.1:{port}: nobody listens there"


def test_no_such_host(capsys: pytest.CaptureFixture[str]) -> None:
    """A host that does not exist is one line."""
    assert main(["tcp://nowhere.invalid:8080"]) == 1
    assert complaint(capsys).endswith("nowhere.invalid:8080: there is no such host")


def test_unreachable(capsys: pytest.CaptureFixture[str]) -> None:
    """A host that no way leads to is one line."""
    assert main(["tcp://255.255.255.255:8080"]) == 1
    assert complaint(capsys).endswith("the network cannot be reached")


def test_timeout(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that never answers HELLO may speak another wire."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        assert main([url, "--connect-timeout", "0.05"]) == 1
    expected = f"cannot connect to {url}: not within 0.05 seconds; is --wire mcws right?"
    assert complaint(capsys) == expected


async def test_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    """A rejection is shown with its code and reason."""

    async def reject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(encode_frame(RejectFrame(4007, 0, "id in use")))

    async with accepting(reject) as url:
        assert await run(url) == 1
    assert complaint(capsys) == "server rejected the connection with code 4007: 'id in use'"


async def test_text_where_mcws_was_expected(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that answers with text is guessed to be on another wire."""

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 example.org ready\r\n")
        await reader.read()

    async with accepting(welcome) as url:
        assert await run(url) == 1
    line = complaint(capsys)
    assert "looks like text" in line
    assert line.endswith("; is --wire mcws right?")


async def test_mcws_where_lines_were_expected(
    file: Keyboard, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server on mcws/1 ends a client that speaks lines, whose user learns why."""
    file(b"hello\n")
    async with recording(Mcws()) as end:
        assert await run(end.url, "--wire", "lines", "--wait", "inf") == 1
    assert complaint(capsys).endswith("; is --wire lines right?")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "required: url"),
        (["127.0.0.1:8080"], "must begin with tcp://"),
        (["tcp://127.0.0.1"], "must name host and port"),
        (["tcp://127.0.0.1:1", "--wire", "smoke"], "invalid choice: 'smoke'"),
        (["tcp://127.0.0.1:1", "--wait", "-1"], "--wait: must be 0 or more seconds, not '-1'"),
        (["tcp://127.0.0.1:1", "--wait", "nan"], "--wait: must be 0 or more seconds, not 'nan'"),
        (["tcp://127.0.0.1:1", "--wait", "long"], "--wait: must be 0 or more seconds, not 'long'"),
        (["tcp://127.0.0.1:1", "--connect-timeout", "0"], "connect_timeout must be above 0"),
        (["tcp://127.0.0.1:1", "--id", ""], "id must be 1 to 255 bytes long"),
        (["tcp://127.0.0.1:1", "--id", "a", "--wire", "lines"], "'lines' cannot carry an id"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong arguments are exit code 2, and a line says which and why."""
    assert problem in refusal_of(main, arguments, capsys)


def test_help_names_all_wires_and_has_examples() -> None:
    """The help explains each wire and shows whole commands."""
    check_help(make_parser(), "echo hi | python -m mcws_client")


def test_module_is_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m mcws_client`` runs ``main`` and leaves with its code."""
    text = help_of_module("mcws_client", monkeypatch, capsys)
    assert text.startswith("usage: python -m mcws_client")


def test_control_c_is_a_way_to_leave(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C is exit code 0 without a word."""

    async def interrupt(client: Client, source: BinaryIO, wait_s: float) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "converse", interrupt)
    assert main(["tcp://127.0.0.1:1"]) == 0
    assert capsys.readouterr() == ("", "")


class BrokenOutput(io.StringIO):
    """An output that nobody reads any more."""

    def write(self, text: str, /) -> int:
        """Fail as a pipe does."""
        raise BrokenPipeError

    def close(self) -> None:
        """Fail as a pipe does that still has something to write."""
        if not self.closed:
            super().close()
            raise BrokenPipeError


async def test_output_that_nobody_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: Keyboard
) -> None:
    """The end of who reads the output is the end of the conversation, without a word."""
    output = BrokenOutput()
    monkeypatch.setattr(BrokenOutput, "encoding", "utf-8")
    monkeypatch.setattr(sys, "stdout", output)
    file(b"hello\n")
    async with recording(Mcws()) as end:
        assert await run(end.url, "--wait", "inf") == 0
    assert output.closed
    assert capsys.readouterr().err == ""


async def test_input_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An input that breaks is one line and exit code 1."""

    class BrokenInput(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(command, "open_input", BrokenInput)
    async with recording(Mcws()) as end:
        assert await run(end.url) == 1
    assert complaint(capsys) == "[Errno 5] Input/output error"


def test_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a standard input has nothing to send."""
    monkeypatch.setattr(sys, "stdin", None)
    assert open_input().read() == b""


def test_line_that_comes_after_the_end() -> None:
    """What is typed when all is over goes nowhere, and the thread that read it ends."""
    read, write = os.pipe()
    with open(read, "rb") as source, open(write, "wb", buffering=0) as keys:

        async def ask_and_leave() -> None:
            line = asyncio.ensure_future(anext(TypedLines(source)))
            await asyncio.sleep(0)
            line.cancel()

        before = set(threading.enumerate())
        asyncio.run(ask_and_leave())
        [thread] = set(threading.enumerate()) - before
        keys.write(b"too late\n")
        thread.join(GUARD_S)
        assert not thread.is_alive()


def test_say_escapes_what_the_output_cannot_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output of few characters gets escapes for the others, not an error."""
    assert said_in_ascii(say, "grüße", monkeypatch) == b"gr\\xfc\\xdfe\n"


async def test_process_leaves_on_control_c() -> None:
    """As a process it closes politely on SIGINT, although somebody could still type."""
    async with recording(Mcws()) as end, python("-m", "mcws_client", end.url) as program:
        tell(program, "hello\n")
        assert await line_of(program) == "hello"
        program.send_signal(signal.SIGINT)
        assert await program.wait() == 0
        assert (await end.until_end())[-1] == ("end", 1000)
        hang_up(program)
        assert await program.communicate() == (b"", b"")


async def test_process_leaves_when_server_closes() -> None:
    """As a process it ends with the connection, although its input is still open."""
    async with recording(Mcws()) as end, python("-m", "mcws_client", end.url) as program:
        await end.next(1)
        await end.server.drain()
        assert await program.wait() == 0


async def test_process_whose_output_ends() -> None:
    """In front of ``head`` it leaves without a word."""
    async with recording() as end, asyncio.timeout(GUARD_S):
        pipeline = f"seq 9 | {sys.executable} -m mcws_client {end.url} --wire lines | head -n 1"
        async with process("sh", "-c", pipeline) as program:
            assert await program.communicate() == (b"1\n", b"")


def test_wires_are_those_of_newcomers() -> None:
    """The names stand for what they say."""
    assert WIRES["mcws"] == Mcws()
    assert WIRES["lines"] == LINES
    assert WIRES["chunks"] == Plain(Chunks())
