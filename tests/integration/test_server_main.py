"""``python -m mcws_server``: its arguments, what it prints and what it answers."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any

import pytest

from mcws_client import Client
from mcws_protocol import WIRES, Lines, Mcws, Plain, Wire
from mcws_server import Server
from mcws_server.__main__ import main, make_parser, make_server, say
from tests.integration._commands import check_help, help_of_module, refusal_of, said_in_ascii
from tests.integration._ends import GUARD_S, line_of, nothing, python, stranger

COMMAND = ("-m", "mcws_server", "--port", "0")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Wire]]:
    """Have servers stop as soon as they listen; returns where they did."""
    doors: list[tuple[str, Wire]] = []

    def run(
        server: Server, port: int, address: str, callback: Callable[[], object], *, wire: Wire
    ) -> None:
        async def listen() -> None:
            async with server:
                door = await server.listen(port, address, callback, wire=wire)
                doors.append((f"{door.address}:{door.port}", wire))

        asyncio.run(listen())

    monkeypatch.setattr(Server, "run", run)
    return doors


@pytest.fixture
def log() -> Generator[logging.Logger]:
    """Return the root of the library's logs, and put its level back in the end."""
    log = logging.getLogger("mcws")
    level = log.level
    yield log
    log.setLevel(level)


def test_main_says_where_it_listens(
    started: list[tuple[str, Wire]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The one line of a server that starts is its URL, as a client takes it."""
    assert main(["--port", "0"]) == 0
    [(where, wire)] = started
    assert capsys.readouterr().out == f"listening on tcp://{where} (wire: mcws)\n"
    assert wire == Mcws()


def test_main_puts_address_of_version_6_in_brackets(
    started: list[tuple[str, Wire]], capsys: pytest.CaptureFixture[str]
) -> None:
    """An address with colons is shown as it must be in a URL."""
    if main(["--port", "0", "--address", "::1"]):
        pytest.skip("this machine does not have ::1")
    assert capsys.readouterr().out.startswith("listening on tcp://[::1]:")


@pytest.mark.parametrize("name", WIRES)
def test_main_takes_each_wire(name: str, started: list[tuple[str, Wire]]) -> None:
    """Each name of a wire opens a door with that wire."""
    assert main(["--port", "0", "--wire", name]) == 0
    assert started[0][1] == WIRES[name]


def test_main_fails_where_port_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be listened on is one line on stderr and exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    expected = f"mcws_server: cannot listen on 127.0.0.1:{port}: the port is in use\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.usefixtures("started")
def test_main_logs_if_verbose(log: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--verbose`` shows the library's own log, and without it nothing is configured."""
    configured: list[dict[str, Any]] = []

    def configure(**options: Any) -> None:
        configured.append(options)

    monkeypatch.setattr(logging, "basicConfig", configure)
    main(["--port", "0"])
    assert (configured, log.level) == ([], logging.NOTSET)
    main(["--port", "0", "--verbose"])
    assert (len(configured), log.level) == (1, logging.DEBUG)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--port", "65536"], "--port: must be 0 to 65535, not '65536'"),
        (["--port", "http"], "--port: must be 0 to 65535, not 'http'"),
        (["--port", "-1"], "--port: must be 0 to 65535, not '-1'"),
        (["--wire", "smoke"], "invalid choice: 'smoke'"),
        (["--echo", "--chat"], "not allowed with argument --echo"),
        (["tcp://127.0.0.1:1"], "unrecognized arguments"),
    ],
)
def test_main_refuses_wrong_arguments(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong arguments are exit code 2, and a line says which and why."""
    assert problem in refusal_of(main, arguments, capsys)


def test_help_names_all_wires_and_has_examples() -> None:
    """The help explains each wire and shows whole commands."""
    check_help(make_parser(), "python -m mcws_server --echo --wire lines")


def test_module_is_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m mcws_server`` runs ``main`` and leaves with its code."""
    text = help_of_module("mcws_server", monkeypatch, capsys)
    assert text.startswith("usage: python -m mcws_server")


async def talk(server: Server, *messages: str) -> list[object]:
    """Send ``messages`` to ``server`` from a client named bob; return what bob got back."""
    async with asyncio.timeout(GUARD_S), server:
        door = await server.listen(0, callback=nothing)
        async with Client(f"tcp://127.0.0.1:{door.port}", id="bob") as client:
            for message in messages:
                await client.send(message)
            await server.drain()
            return [message async for message in client]


async def test_server_shows_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """Each message is printed behind the id of its client, and nobody answers."""
    assert await talk(make_server(), "one", "two") == []
    assert capsys.readouterr().out == "bob: one\nbob: two\n"


async def test_echo_sends_back(capsys: pytest.CaptureFixture[str]) -> None:
    """``--echo`` shows each message and sends it back."""
    assert await talk(make_server(echo=True), "one", "two") == ["one", "two"]
    assert capsys.readouterr().out == "bob: one\nbob: two\n"


async def test_echo_answers_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """``--echo`` answers a request with the request."""
    async with asyncio.timeout(GUARD_S), make_server(echo=True) as server:
        door = await server.listen(0, callback=nothing)
        async with Client(f"tcp://127.0.0.1:{door.port}", id="bob") as client:
            assert await client.request("ping") == "ping"
    assert capsys.readouterr().out == "bob: ping\n"


async def test_chat_sends_to_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """``--chat`` sends a message to all but the one who sent it."""
    async with asyncio.timeout(GUARD_S), make_server(chat=True) as server:
        door = await server.listen(0, callback=nothing)
        url = f"tcp://127.0.0.1:{door.port}"
        async with Client(url, id="anna") as anna, Client(url, id="bob") as bob:
            await anna.send("hello")
            assert await anext(aiter(bob)) == "hello"
            await bob.send("hi anna")
            assert await anext(aiter(anna)) == "hi anna"
    assert capsys.readouterr().out == "anna: hello\nbob: hi anna\n"


def test_say_escapes_what_the_output_cannot_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output of few characters gets escapes for the others, not an error."""
    assert said_in_ascii(say, "grüße", monkeypatch) == b"gr\\xfc\\xdfe\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_process_drains_on_signal(number: signal.Signals) -> None:
    """As a process it echoes lines, ends its streams on a signal and leaves with 0."""
    async with python(*COMMAND, "--echo", "--wire", "lines") as program:
        announcement = await line_of(program)
        port = int(announcement.split()[2].rpartition(":")[2])
        async with stranger(port) as (reader, writer):
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            assert (await line_of(program)).endswith(": hello")
            program.send_signal(number)
            assert await reader.read() == b""
        assert await program.communicate() == (b"", b"")
        assert program.returncode == 0


async def test_process_warns_of_the_wrong_wire() -> None:
    """Who types text at an mcws/1 server shows up on stderr, with the advice to use lines."""
    async with python(*COMMAND) as program:
        port = int((await line_of(program)).split()[2].rpartition(":")[2])
        async with stranger(port) as (reader, writer):
            writer.write(b"hello\n")
            assert await reader.read()
        program.send_signal(signal.SIGINT)
        out, err = await program.communicate()
        assert out == b""
        assert b"use Plain(Lines())" in err
        assert err.count(b"\n") == 1


def test_wire_of_lines() -> None:
    """The name that newcomers need most stands for lines of text."""
    assert WIRES["lines"] == Plain(Lines())
