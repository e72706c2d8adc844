"""The ends that these tests talk with: our server with a diary, strangers, and processes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mcws_protocol import (
    Frame,
    HelloFrame,
    Limits,
    Lines,
    Plain,
    Raw,
    WelcomeFrame,
    Wire,
    decode_frame,
    encode_frame,
)
from mcws_server import ConnectedClient, Server

GUARD_S: Final = 30.0
"""Seconds after which a conversation counts as stuck; all take a fraction of it, also on a machine
that is busy with something else."""

LINES: Final = Plain(Lines())

Entry: TypeAlias = tuple[str, Any]
"""What happened at a server, as in ``("message", "hello")``."""


@dataclass(frozen=True)
class RecordingServer:
    """A server that echoes and keeps a diary of what its hooks hear."""

    server: Server
    port: int
    diary: asyncio.Queue[Entry]

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"tcp://127.0.0.1:{self.port}"

    async def next(self, count: int) -> list[Entry]:
        """Return the next ``count`` entries of the diary."""
        return [await self.diary.get() for _ in range(count)]

    async def until_end(self) -> list[Entry]:
        """Return the entries up to the end of a client."""
        entries = await self.next(1)
        while entries[-1][0] != "end":
            entries += await self.next(1)
        return entries


@contextlib.asynccontextmanager
async def recording(
    wire: Wire = LINES,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    echo: bool = True,
) -> AsyncGenerator[RecordingServer]:
    """Run a server for the length of the block, which may not take longer than the guard."""
    diary: asyncio.Queue[Entry] = asyncio.Queue()

    def note_message(message: Raw, client: ConnectedClient) -> object:
        diary.put_nowait(("message", message))
        return client.send(message) if echo else None

    server = Server(limits=limits).on_client_message(note_message)
    server.on_client_connect(lambda client: diary.put_nowait(("connect", client.id)))
    server.on_client_disconnect(lambda client: diary.put_nowait(("end", client.close_code)))
    server.on_client_error(lambda error, client: diary.put_nowait(("error", type(error))))
    async with asyncio.timeout(GUARD_S), server:
        door = await server.listen(0, callback=nothing, wire=wire)
        yield RecordingServer(server, door.port, diary)


def nothing() -> None:
    """Do nothing: a callback for those who do not want one."""


@contextlib.asynccontextmanager
async def stranger(port: int) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect with asyncio's own streams and leave nothing open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def accepting(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
) -> AsyncGenerator[str]:
    """Serve with asyncio's own streams for the length of the block; yields the URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    async with asyncio.timeout(GUARD_S):
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Return the next frame of mcws/1 that is no message."""
    head = await reader.readexactly(6)
    body = await reader.readexactly(int.from_bytes(head[:4], "big") - 2)
    return decode_frame(head[4], head[5], body)


async def greet(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, id: str = ""
) -> WelcomeFrame:
    """Open mcws/1 by hand and return the server's WELCOME."""
    writer.write(encode_frame(HelloFrame(frame_bytes_max=65536, features=1, id=id)))
    frame = await read_frame(reader)
    assert isinstance(frame, WelcomeFrame)
    return frame


@contextlib.contextmanager
def free_port() -> Generator[int]:
    """Yield a port of 127.0.0.1 that nobody listens on, and that nobody else gets meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.asynccontextmanager
async def process(
    *command: str, environment: dict[str, str] | None = None
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a program with pipes to and from it; it is ended with the block."""
    async with asyncio.timeout(GUARD_S):
        program = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        try:
            yield program
        finally:
            # Not ``program.kill()``, which would reap the child behind asyncio's back.
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, signal.SIGKILL)
            # Also closes the pipes, which would be warned about.
            await program.communicate()


def python(*arguments: str) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Run this Python with ``arguments`` in the directory of the tests."""
    return process(sys.executable, *arguments)


async def line_of(program: asyncio.subprocess.Process) -> str:
    """Return the next line that ``program`` prints."""
    assert program.stdout is not None
    return (await program.stdout.readline()).decode().rstrip("\n")


def tell(program: asyncio.subprocess.Process, text: str) -> None:
    """Write ``text`` to the standard input of ``program``."""
    assert program.stdin is not None
    program.stdin.write(text.encode())


def hang_up(program: asyncio.subprocess.Process) -> None:
    """End the standard input of ``program``."""
    assert program.stdin is not None
    program.stdin.close()


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


class LogWaiter(logging.Handler):
    """Waits until a log has so many lines that contain a text."""

    def __init__(self, text: str, count: int) -> None:
        super().__init__(logging.DEBUG)
        self._text = text
        self._missing = count
        self.done = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Count ``record`` if it contains the text."""
        if self._text in record.getMessage():
            self._missing -= 1
            if self._missing == 0:
                self.done.set()


@contextlib.contextmanager
def log_lines(name: str, text: str, count: int) -> Generator[asyncio.Event]:
    """Yield an event that is set when the log ``name`` has ``count`` lines with ``text``."""
    log, waiter = logging.getLogger(name), LogWaiter(text, count)
    level = log.level
    log.addHandler(waiter)
    log.setLevel(logging.DEBUG)
    try:
        yield waiter.done
    finally:
        log.removeHandler(waiter)
        log.setLevel(level)
