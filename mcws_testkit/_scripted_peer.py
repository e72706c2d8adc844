"""ScriptedPeer: the other end of a protocol under test, which plays a script."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from contextlib import suppress
from typing import Any, Final, Self

from ._cable import Cable
from ._cable_transport import CableTransport
from ._pairs import open_stream
from ._script import (
    Act,
    Do,
    Expect,
    ExpectEnd,
    ExpectMatch,
    News,
    ScriptMismatch,
    Step,
    parse,
    play,
)
from ._settled import settled

READ_BYTES_MAX: Final = 65536
"""Bytes of one read."""
RESET: Final = struct.pack("ii", 1, 0)
"""``SO_LINGER`` of a socket whose close is a reset."""


class ScriptedPeer:
    r"""The other end of a connection: it says and expects what a script tells it.

    The script is text, with one step in a line::

        # Empty lines and lines like this one are left out.
        > 220 ready
        < EHLO ...
        ~ MAIL FROM:<\w+@\w+>
        > 250 \
        >> 4f 4b 0d 0a
        << 51 .. .. 0a
        expect eof
        close

    ``>`` sends a line of text, ``<`` expects one, in which three dots stand for anything, ``~`` one
    that matches a regular expression as a whole. A newline is added, unless a backslash ends the
    line. Escapes in text are ``\n \r \t \0 \\`` and ``\x00``. ``>>`` sends and ``<<`` expects bytes
    in hex, with two dots for any one byte. ``eof`` ends the sending direction, ``close`` closes,
    ``reset`` loses the connection; ``expect eof`` and ``expect reset`` wait for the same from the
    other end, with nothing before it.

    The methods add the same steps one by one, for bytes that a program makes. ``newline`` ends the
    lines of text. A step that waits for longer than ``timeout_s`` seconds fails; None waits for
    ever. A script may be played many times.

    Raises:
        ValueError: a line of the script is none of these.
    """

    def __init__(
        self, script: str = "", *, newline: bytes = b"\r\n", timeout_s: float | None = 5.0
    ) -> None:
        self._newline = newline
        self._timeout_s = timeout_s
        self._steps: list[Step] = list(parse(script, newline))
        self._plays = 0
        self._failures: list[ScriptMismatch] = []

    # The script, step by step

    def send(self, data: bytes) -> Self:
        """Send bytes."""
        return self._add(Do(self._next(), f"send({data!r})", data))

    def expect(self, data: bytes) -> Self:
        """Expect exactly these bytes."""
        return self._add(Expect(self._next(), f"expect({data!r})", tuple(data)))

    def expect_match(self, pattern: bytes, *, until: bytes | None = None) -> Self:
        """Expect bytes that match a regular expression as a whole, up to ``until``.

        ``until`` is the newline of the script unless it is given; it is taken, but not matched.
        """
        until = self._newline if until is None else until
        step = ExpectMatch(self._next(), f"expect_match({pattern!r})", re.compile(pattern), until)
        return self._add(step)

    def eof(self) -> Self:
        """End the sending direction."""
        return self._add(Do(self._next(), "eof()", Act.EOF))

    def close(self) -> Self:
        """Close."""
        return self._add(Do(self._next(), "close()", Act.CLOSE))

    def reset(self) -> Self:
        """Lose the connection."""
        return self._add(Do(self._next(), "reset()", Act.RESET))

    def expect_eof(self) -> Self:
        """Expect the end of the stream, and nothing before it."""
        return self._add(ExpectEnd(self._next(), "expect_eof()", is_reset=False))

    def expect_reset(self) -> Self:
        """Expect the loss of the connection, and nothing before it."""
        return self._add(ExpectEnd(self._next(), "expect_reset()", is_reset=True))

    # Playing

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the script on asyncio's streams; as the callback of ``start_server`` too.

        The connection stays open unless the script closes it.

        Raises:
            ScriptMismatch: the other end does something else.
        """
        steps, news = play(self._steps), None
        try:
            while True:
                news = await self._do(steps.send(news), reader, writer)
        except StopIteration:
            self._plays += 1
        except ScriptMismatch as error:
            self._failures.append(error)
            raise

    async def play_against(self, protocol: asyncio.BaseProtocol) -> None:
        """Play the script against an asyncio protocol, in memory, and close.

        Raises:
            ScriptMismatch: the protocol does something else.
        """
        cable = Cable("peer", "protocol")
        transport = CableTransport(cable, "protocol", protocol)
        reader, writer = open_stream(cable, "peer")
        transport.start()
        try:
            await self.play(reader, writer)
        finally:
            writer.close()
            await settled()

    def play_blocking(self, sock: socket.socket) -> None:
        """Play the script on a socket that blocks, real or fake.

        Raises:
            ScriptMismatch: the other end does something else.
        """
        steps, news, before = play(self._steps), None, sock.gettimeout()
        sock.settimeout(self._timeout_s)
        try:
            while True:
                news = self._do_blocking(steps.send(news), sock)
        except StopIteration:
            self._plays += 1
        except ScriptMismatch as error:
            self._failures.append(error)
            raise
        finally:
            # A socket that the script has closed has no settings any more.
            with suppress(OSError):
                sock.settimeout(before)

    def check(self) -> None:
        """Check that the script was played to its end, where nobody awaits ``play``.

        Raises:
            ScriptMismatch: it failed; the first failure.
            AssertionError: it was not played, or not to its end.
        """
        if self._failures:
            raise self._failures[0]
        if not self._plays:
            raise AssertionError("the script was not played to its end")

    # Details

    def _add(self, step: Step) -> Self:
        self._steps.append(step)
        return self

    def _next(self) -> int:
        return self._steps[-1].line + 1 if self._steps else 1

    async def _do(
        self, act: bytes | Act, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> News:
        """Do one act on streams."""
        try:
            async with asyncio.timeout(self._timeout_s):
                match act:
                    case Act.READ:
                        return await reader.read(READ_BYTES_MAX)
                    case Act.EOF:
                        writer.write_eof()
                    case Act.CLOSE:
                        writer.close()
                        with suppress(ConnectionError):
                            await writer.wait_closed()
                    case Act.RESET:
                        reset(writer.transport)
                    case _:
                        writer.write(act)
                        await writer.drain()
        except OSError as error:
            return self._worded(error)
        return None

    def _do_blocking(self, act: bytes | Act, sock: socket.socket) -> News:
        """Do one act on a socket."""
        try:
            match act:
                case Act.READ:
                    return sock.recv(READ_BYTES_MAX)
                case Act.EOF:
                    sock.shutdown(socket.SHUT_WR)
                case Act.CLOSE:
                    sock.close()
                case Act.RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    sock.close()
                case _:
                    sock.sendall(act)
        except OSError as error:
            return self._worded(error)
        return None

    def _worded(self, error: OSError) -> OSError:
        """Return an error that says what it means here."""
        # Without a timeout of ours it is one of the system, ETIMEDOUT, which says enough.
        if isinstance(error, TimeoutError) and self._timeout_s is not None:
            return TimeoutError(f"nothing happened within {self._timeout_s:g} s")
        return error


def reset(transport: asyncio.WriteTransport) -> None:
    """Lose the connection of a transport, on a cable or on a real socket."""
    cable: Cable[Any] | None = transport.get_extra_info("cable")
    sock: socket.socket | None = transport.get_extra_info("socket")
    if cable is not None:
        cable.reset()
    elif sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
