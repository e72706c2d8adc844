"""ScriptedPeer: what its lines mean, on streams, on sockets and against protocols."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcws_testkit import ScriptedPeer, ScriptMismatch, settled, socket_pair, stream_pair
from mcws_testkit._scripted_peer import reset

SMTP = r"""
    # A mail is sent.
    > 220 ready
    < EHLO ...
    > 250-here\x20we\r\n250 are

    ~ MAIL FROM:<(\w+)@\w+>
    > 25\
    > 0 OK
    expect eof
    close
"""


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
    """Be the client of ``SMTP``."""
    heard = [await reader.readline()]
    writer.write(b"EHLO me\r\n")
    heard += [await reader.readline(), await reader.readline()]
    writer.write(b"MAIL FROM:<a@b>\r\n")
    heard.append(await reader.readline())
    writer.write_eof()
    heard.append(await reader.read())
    writer.close()
    return heard


async def play(peer: ScriptedPeer, *said: bytes, ends: bool = True) -> bytes:
    """Play against one who says all at once; return what was heard."""
    ours, (reader, writer) = stream_pair()
    for data in said:
        writer.write(data)
    if ends:
        writer.write_eof()
    try:
        await peer.play(*ours)
        ours[1].close()
        return await reader.read()
    finally:
        ours[1].close()
        writer.close()
        await settled()


async def test_script_of_lines() -> None:
    """Both ends come to their end; what was heard is what the script says."""
    ours, theirs = pair = stream_pair()
    pair.cable.cut(every=1)
    peer = ScriptedPeer(SMTP)
    heard, _ = await asyncio.gather(talk(*theirs), peer.play(*ours))
    assert heard == [b"220 ready\r\n", b"250-here we\r\n", b"250 are\r\n", b"250 OK\r\n", b""]
    peer.check()


async def test_script_of_bytes() -> None:
    """Hex says and expects bytes, some of which may be any."""
    peer = ScriptedPeer("<< 00 02 .. .. \n >> 0001 ff")
    assert await play(peer, b"\0\2hi") == b"\0\1\xff"


async def test_script_step_by_step() -> None:
    """The methods add the same steps, for bytes that a program makes."""
    peer = ScriptedPeer(newline=b"\n").expect(b"\0a").send(b"x").expect_match(rb"\d+")
    peer.expect_match(rb"a.c", until=b";").expect_eof().send(b"y").eof().close()
    assert await play(peer, b"\0a12\nabc;") == b"xy"


@pytest.mark.parametrize(
    ("script", "data"),
    [
        (r"> \\ \t \0 \x7f", b"\\ \t \0 \x7f\r\n"),
        (r"> \\" + "\\", b"\\"),
        (r"> a\\", b"a\\\r\n"),
        (">", b"\r\n"),
        ("> é", "é\r\n".encode()),
    ],
)
async def test_script_escapes(script: str, data: bytes) -> None:
    """Text is UTF-8 with the usual escapes; a lone backslash leaves the newline away."""
    assert await play(ScriptedPeer(script)) == data


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("hello", "expected one of '> ', '< '"),
        (r"> \q", r"no escape: \\q"),
        (">> 0g", "non-hexadecimal"),
        ("<< 0", "non-hexadecimal"),
        ("~ (", "unterminated subpattern"),
        ("< a...\\", "ends with its line"),
    ],
)
def test_script_that_is_wrong(line: str, problem: str) -> None:
    """A line that is none is named when the script is made."""
    with pytest.raises(ValueError, match=problem) as caught:
        ScriptedPeer("\n" + line)
    assert str(caught.value).startswith("line 2 of the script: ")


# What goes wrong


@pytest.mark.parametrize(
    ("script", "said", "message"),
    [
        (
            "< MAIL FROM:<a@b>",
            b"MAIL FROM:<c@b>\r\n",
            r"""line 2 of the script: < MAIL FROM:<a@b>
  expected  MAIL FROM:<a@b>\r\n
  received  MAIL FROM:<c@b>\r\n
                       ^ byte 11""",
        ),
        (
            "<< 00 .. 02",
            b"\0\xff\3",
            r"""line 2 of the script: << 00 .. 02
  expected  \x00??\x02
  received  \x00\xff\x03
                    ^ byte 2""",
        ),
        (
            "< it's",
            b"it",
            r"""line 2 of the script: < it's
  expected  it's\r\n
  received  it
  the stream ended""",
        ),
        (
            "< a...",
            b"b\r\n",
            r"""line 2 of the script: < a...
  expected  a line like a.*
  received  b""",
        ),
        (
            "~ a+",
            b"",
            """line 2 of the script: ~ a+
  expected  a line like a+
  received  nothing
  the stream ended""",
        ),
        (
            "expect eof",
            b"more",
            """line 2 of the script: expect eof
  expected  the end of the stream
  received  more""",
        ),
        (
            "expect reset",
            b"",
            """line 2 of the script: expect reset
  expected  a reset
  received  nothing
  the stream ended""",
        ),
        (
            "< a",
            b"a\r\nb",
            """line 3 of the script: (its end)
  expected  nothing more
  received  b""",
        ),
        (
            "< a\nexpect eof",
            b"a\r\nb",
            """line 3 of the script: expect eof
  expected  the end of the stream
  received  b""",
        ),
    ],
)
async def test_mismatch_says_what_came(script: str, said: bytes, message: str) -> None:
    """The line of the script, what it expects, and what came, with the place where they differ."""
    peer = ScriptedPeer("\n" + script)
    with pytest.raises(ScriptMismatch) as caught:
        await play(peer, said)
    assert str(caught.value) == message
    with pytest.raises(ScriptMismatch):
        peer.check()


async def test_mismatch_has_values() -> None:
    """They are attributes; what is long is cut in the text only."""
    with pytest.raises(ScriptMismatch, match=r"x\.\.\. \(1000 bytes\)") as caught:
        await play(ScriptedPeer("< a"), b"x" * 1000)
    error = caught.value
    assert (error.line, error.step, error.expected) == (1, "< a", r"a\r\n")
    assert error.received == b"x" * 1000


async def test_mismatch_where_nothing_comes() -> None:
    """A step waits for a while, then it says so."""
    with pytest.raises(ScriptMismatch, match=r"nothing happened within 0\.01 s"):
        await play(ScriptedPeer("< a", timeout_s=0.01), ends=False)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("< a", "the connection was lost: ConnectionResetError"),
        ("> a\n< b", "the connection was lost: ConnectionResetError"),
    ],
)
async def test_mismatch_where_the_connection_is_lost(script: str, why: str) -> None:
    """A reset that no line expects is a failure."""
    ours, theirs = pair = stream_pair()
    pair.cable.reset()
    with pytest.raises(ScriptMismatch, match=why):
        await ScriptedPeer(script).play(*ours)
    for _, writer in (ours, theirs):
        writer.close()


async def test_script_that_was_not_played() -> None:
    """A peer that nobody talked with is a failure where one looks."""
    with pytest.raises(AssertionError, match="was not played to its end"):
        ScriptedPeer("> a").check()


async def test_script_expects_a_reset() -> None:
    """It is what the other end or the line does."""
    ours, theirs = pair = stream_pair()
    pair.cable.reset()
    await ScriptedPeer("expect reset").play(*ours)
    await ScriptedPeer().expect_reset().play(*ours)
    for _, writer in (ours, theirs):
        writer.close()


@pytest.mark.parametrize("peer", [ScriptedPeer("reset"), ScriptedPeer().reset()])
async def test_script_resets(peer: ScriptedPeer) -> None:
    """The other end loses its connection."""
    ours, (reader, writer) = stream_pair()
    await peer.play(*ours)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    for each in (writer, ours[1]):
        each.close()


async def test_script_resets_what_is_no_socket() -> None:
    """What has neither a cable nor a socket, such as a pipe, is aborted."""

    class Pipe(asyncio.Transport):
        """A transport that knows nothing of itself."""

        is_aborted = False

        def abort(self) -> None:
            """Note it."""
            self.is_aborted = True

    reset(pipe := Pipe())
    assert pipe.is_aborted


async def test_script_closes_behind_a_reset() -> None:
    """Closing what is lost is no failure."""
    ours, theirs = pair = stream_pair()
    pair.cable.reset()
    await ScriptedPeer("close").play(*ours)
    theirs[1].close()


# Sockets


def in_thread(peer: ScriptedPeer, theirs: Callable[[Any], Any]) -> Any:
    """Play on one socket while another thread has the other one; return what that returns."""
    a, b = socket_pair()
    with ThreadPoolExecutor() as threads, a, b:
        other = threads.submit(theirs, b)
        peer.play_blocking(a)
        return other.result()


def test_script_on_sockets() -> None:
    """The same script, for code that blocks."""

    def talk(sock: socket.socket) -> list[bytes]:
        with sock.makefile("rwb") as file:
            heard = [file.readline()]
            file.write(b"EHLO me\r\nMAIL FROM:<a@b>\r\n")
            file.flush()
            sock.shutdown(socket.SHUT_WR)
            return [*heard, file.read()]

    peer = ScriptedPeer(SMTP)
    heard = in_thread(peer, talk)
    assert heard == [b"220 ready\r\n", b"250-here we\r\n250 are\r\n250 OK\r\n"]
    peer.check()


def test_script_on_one_thread() -> None:
    """What is there already needs no second thread; the settings of the socket stay."""
    a, b = socket_pair()
    b.settimeout(7)
    a.sendall(b"hello\r\n")
    ScriptedPeer("< hello\n> bye\neof").play_blocking(b)
    assert (a.recv(99), a.recv(99), b.gettimeout()) == (b"bye\r\n", b"", 7)


def test_script_resets_a_socket() -> None:
    """The other end loses its connection."""
    a, b = socket_pair()
    ScriptedPeer("reset").play_blocking(b)
    with pytest.raises(ConnectionResetError):
        a.recv(9)


def test_mismatch_on_sockets() -> None:
    """A time that is over, and a connection that is lost, are failures."""
    a, b = socket_pair()
    peer = ScriptedPeer("< a", timeout_s=0.5)
    with pytest.raises(ScriptMismatch, match=r"nothing happened within 0\.5 s"):
        peer.play_blocking(a)
    b.close()
    a.sendall(b"x")
    with pytest.raises(ScriptMismatch, match="BrokenPipeError"):
        ScriptedPeer("> a").play_blocking(a)


def test_timeout_of_the_system_keeps_its_words() -> None:
    """Without a timeout of the script, ETIMEDOUT is that of the connection."""
    error = TimeoutError(errno.ETIMEDOUT, "Connection timed out")
    assert ScriptedPeer(timeout_s=None)._worded(error) is error


# Protocols


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def __init__(self) -> None:
        self.is_lost = False

    def connection_made(self, transport: Any) -> None:
        """Take the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note it."""
        self.is_lost = True


async def test_script_against_a_protocol() -> None:
    """A protocol needs no server; it is closed in the end."""
    echo = Echo()
    await ScriptedPeer("> hello\n< hello").play_against(echo)
    assert echo.is_lost
    with pytest.raises(ScriptMismatch):
        await ScriptedPeer("> hello\n< bye").play_against(Echo())


@pytest.mark.parametrize("script", ["< hello\n> bye\nclose", "< hello\nreset"])
async def test_script_as_a_server(script: str) -> None:
    """``play`` is what ``asyncio.start_server`` calls; a reset works on real sockets too."""
    peer = ScriptedPeer(script)
    server = await asyncio.start_server(peer.play, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\r\n")
        if "reset" in script:
            with pytest.raises(ConnectionResetError):
                await reader.read()
        else:
            assert await reader.read() == b"bye\r\n"
        writer.close()
    peer.check()
