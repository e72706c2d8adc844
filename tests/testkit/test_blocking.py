"""Blocking sockets in memory: what a program sees of them, and of their end."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcws_protocol import Lines, iter_frames
from mcws_testkit import CableSocket, Pair, Side, SimDeadlock, SimEscape, socket_pair
from mcws_testkit._blocking import NOTICE_S

Sockets = Pair[CableSocket, CableSocket, Side]


@pytest.fixture
def pair() -> Sockets:
    """Return two sockets."""
    return socket_pair()


def test_socket_pair_is_two_sockets(pair: Sockets) -> None:
    """They are sockets for whoever asks, of the kind of TCP, without a file descriptor."""
    a, b = pair
    assert isinstance(a, socket.socket)
    assert (a.family, a.type, a.proto) == (socket.AF_INET, socket.SOCK_STREAM, 6)
    assert (a.fileno(), a.getsockname(), b.getsockname()) == (-1, b.getpeername(), a.getpeername())
    assert repr(pair) == "<Pair <CableSocket a open>, <CableSocket b open>>"


def test_send_and_recv(pair: Sockets) -> None:
    """What one end sends the other one receives, as far as it wants."""
    a, b = pair
    assert a.send(b"hello") == 5
    a.sendall(bytearray(b" world"))
    a.sendall(b"")
    assert (b.recv(3), b.recv(0), b.recv(100)) == (b"hel", b"", b"lo world")


def test_recv_into(pair: Sockets) -> None:
    """A buffer is filled as far as there is something, or as far as is asked for."""
    a, b = pair
    a.sendall(b"abcdef")
    buffer = bytearray(4)
    assert (b.recv_into(buffer, 1), bytes(buffer)) == (1, b"a\0\0\0")
    assert (b.recv_into(memoryview(buffer)), bytes(buffer)) == (4, b"bcde")


WRONG_NUMBERS: list[tuple[Callable[[CableSocket], object], str]] = [
    (lambda sock: sock.recv(-1), "negative buffersize in recv"),
    (lambda sock: sock.recv_into(bytearray(2), -1), "negative buffersize in recv_into"),
    (lambda sock: sock.recv_into(bytearray(2), 3), "buffer too small for requested bytes"),
    (lambda sock: sock.settimeout(-1), "Timeout value out of range"),
]


@pytest.mark.parametrize(("call", "problem"), WRONG_NUMBERS)
def test_numbers_that_are_wrong(
    pair: Sockets, call: Callable[[CableSocket], object], problem: str
) -> None:
    """They are refused in the words of the real ones."""
    with pytest.raises(ValueError, match=problem):
        call(pair[0])


@pytest.mark.parametrize("call", ["recv", "send"])
def test_flags_that_are_not_there(pair: Sockets, call: str) -> None:
    """What a fake cannot do is said, and not left out silently."""
    argument: Any = 1 if call == "recv" else b"x"
    with pytest.raises(SimEscape, match=rf"{call} with flags 0x2 is not simulated"):
        getattr(pair[0], call)(argument, socket.MSG_PEEK)
    assert pair[0].send(b"x", socket.MSG_NOSIGNAL) == 1


def test_cut_splits_what_is_received(pair: Sockets) -> None:
    """A loop around ``recv`` sees its frames in pieces."""
    a, b = pair
    pair.cable.cut(2, every=1, toward="b")
    a.sendall(b"one\ntwo\n")
    a.close()
    assert list(iter_frames(b.recv, Lines())) == [b"one", b"two"]


def test_stall_holds_back() -> None:
    """Nothing arrives, and after a while nothing can be sent any more."""
    a, b = pair = socket_pair(capacity=4)
    for sock in pair:
        sock.settimeout(0.5)
    pair.cable.stall()
    assert a.send(b"123456") == 4
    with pytest.raises(TimeoutError, match="timed out"):
        a.sendall(b"56")
    with pytest.raises(TimeoutError):
        b.recv(9)
    pair.cable.flow()
    assert b.recv(9) == b"1234"


def test_reset_is_an_error_once(pair: Sockets) -> None:
    """Both ends lose the connection; then it is at its end."""
    for sock in pair:
        sock.sendall(b"x")
    pair.cable.reset()
    for sock in pair:
        assert sock.recv(9) == b"x"
        with pytest.raises(ConnectionResetError) as caught:
            sock.recv(9)
        assert (caught.value.errno, sock.recv(9)) == (errno.ECONNRESET, b"")
        with pytest.raises(BrokenPipeError):
            sock.send(b"x")
        with pytest.raises(OSError, match="not connected"):
            sock.getpeername()


def test_half_open_end(pair: Sockets) -> None:
    """The end that is left hears nothing."""
    pair.cable.half_open("b")
    pair[0].settimeout(1)
    pair[0].sendall(b"hello?")
    with pytest.raises(TimeoutError):
        pair[0].recv(9)


# Ending


def test_shutdown_ends_one_direction(pair: Sockets) -> None:
    """The other direction goes on."""
    a, b = pair
    a.sendall(b"question")
    a.shutdown(socket.SHUT_WR)
    a.shutdown(socket.SHUT_WR)
    assert (b.recv(99), b.recv(99)) == (b"question", b"")
    b.sendall(b"answer")
    assert a.recv(99) == b"answer"
    assert a.getpeername() == b.getsockname()
    with pytest.raises(BrokenPipeError):
        a.send(b"x")
    b.shutdown(socket.SHUT_RDWR)
    for how in (socket.SHUT_RD, socket.SHUT_WR):
        with pytest.raises(OSError, match="not connected"):
            a.shutdown(how)
    with pytest.raises(OSError, match="Invalid argument"):
        a.shutdown(7)
    a.close()


def test_shutdown_of_both_directions(pair: Sockets) -> None:
    """Who wants nothing any more refuses what comes."""
    a, b = pair
    a.shutdown(socket.SHUT_RDWR)
    assert a.recv(9) == b""
    b.sendall(b"x")
    with pytest.raises(ConnectionResetError):
        a.recv(9)
    assert b.recv(9) == b""
    with pytest.raises(BrokenPipeError):
        b.sendall(b"y")


def test_shutdown_of_reading(pair: Sockets) -> None:
    """What arrives all the same can be read."""
    a, b = pair
    b.shutdown(socket.SHUT_RD)
    assert b.recv(9) == b""
    a.sendall(b"x")
    assert (b.recv(9), b.recv(9)) == (b"x", b"")


def test_close_behind_a_shutdown(pair: Sockets) -> None:
    """The end is said once; what comes then is refused."""
    a, b = pair
    a.shutdown(socket.SHUT_WR)
    a.close()
    assert (b.recv(9), b.send(b"x")) == (b"", 1)
    with pytest.raises(BrokenPipeError):
        b.send(b"y")


def test_close_ends_both(pair: Sockets) -> None:
    """The other end reads the end; a second send of its own is an error."""
    a, b = pair
    with a:
        a.sendall(b"x")
    a.close()
    assert (b.recv(9), b.recv(9), repr(a)) == (b"x", b"", "<CableSocket a closed>")
    assert b.send(b"x") == 1
    with pytest.raises(BrokenPipeError):
        b.send(b"x")
    b.close()


def test_close_with_unread_data(pair: Sockets) -> None:
    """The other end may not take for read what nobody read."""
    a, b = pair
    a.sendall(b"x")
    b.close()
    with pytest.raises(ConnectionResetError):
        a.recv(9)
    a.close()


def test_close_that_lingers_not_at_all(pair: Sockets) -> None:
    """This is how programs ask for a reset."""
    a, b = pair
    a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    a.close()
    with pytest.raises(ConnectionResetError):
        b.recv(9)


def test_close_while_the_line_stalls(pair: Sockets) -> None:
    """What comes too late finds nobody, and the sender hears of it."""
    a, b = pair
    pair.cable.stall()
    a.sendall(b"x")
    b.close()
    pair.cable.flow()
    assert a.recv(9) == b""
    with pytest.raises(BrokenPipeError):
        a.send(b"y")


CALLS: list[Callable[[CableSocket], object]] = [
    lambda sock: sock.recv(1),
    lambda sock: sock.send(b"x"),
    lambda sock: sock.shutdown(socket.SHUT_RD),
    lambda sock: sock.getsockname(),
    lambda sock: sock.getpeername(),
    lambda sock: sock.settimeout(1),
    lambda sock: sock.setsockopt(1, 1, 1),
    lambda sock: sock.getsockopt(1, 1),
]


@pytest.mark.parametrize("call", CALLS)
def test_call_of_a_closed_socket(pair: Sockets, call: Callable[[CableSocket], object]) -> None:
    """It is the error of the real ones."""
    pair[0].close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        call(pair[0])


# Waiting


def test_waiting_settings(pair: Sockets) -> None:
    """They are those of real sockets."""
    a, _ = pair
    assert (a.gettimeout(), a.timeout, a.getblocking()) == (None, None, True)
    a.setblocking(False)
    assert (a.gettimeout(), a.getblocking()) == (0.0, False)
    with pytest.raises(BlockingIOError, match="Resource temporarily unavailable"):
        a.recv(1)
    a.setblocking(True)
    assert a.gettimeout() is None


def test_timeout_passes_at_once_where_nobody_else_is(pair: Sockets) -> None:
    """Nobody could send in the meantime."""
    pair[0].settimeout(3600)
    with pytest.raises(TimeoutError, match="timed out"):
        pair[0].recv(1)


def test_deadlock_is_seen_where_nobody_else_is(pair: Sockets) -> None:
    """Instead of hanging, the test is told who waits."""
    with pytest.raises(SimDeadlock, match=r"a\.recv\(\) waits, and no other thread runs"):
        pair[0].recv(1)


def test_recv_waits_for_another_thread(pair: Sockets) -> None:
    """What another thread sends is received, and what it does to the cable is felt."""
    a, b = pair
    with ThreadPoolExecutor() as threads:
        received = threads.submit(b.recv, 9)
        a.sendall(b"x")
        assert received.result() == b"x"
        received = threads.submit(b.recv, 9)
        pair.cable.reset()
        assert isinstance(received.exception(), ConnectionResetError)


def test_send_waits_for_another_thread() -> None:
    """A full line has room again when the other end has read."""
    a, b = socket_pair(capacity=3)
    with ThreadPoolExecutor() as threads:
        sent = threads.submit(a.sendall, b"0123456789")
        got = b""
        while len(got) < 10:
            got += b.recv(2)
        sent.result()
    assert got == b"0123456789"


def test_timeout_among_threads(pair: Sockets) -> None:
    """It passes as long as nothing comes, and no longer."""
    with ThreadPoolExecutor() as threads:
        release = threading.Event()
        threads.submit(release.wait)
        pair[0].settimeout(0.01)
        with pytest.raises(TimeoutError):
            pair[0].recv(1)
        release.set()


@pytest.mark.parametrize("timeout_s", [3, None])
def test_waiting_of_sendall(monkeypatch: pytest.MonkeyPatch, timeout_s: float | None) -> None:
    """A timeout counts from its begin, patience from the last piece that got through."""
    a, b = socket_pair(capacity=1, patience_s=3)
    now_s = 0.0

    def wait(_rest_s: float) -> None:
        """Let two seconds pass, in which another thread reads a byte."""
        nonlocal now_s
        now_s += 2
        b.recv(1)

    other = threading.Thread()
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.current_thread(), other])
    monkeypatch.setattr(a._line, "wait", wait)
    a._bystanders.clear()
    a.settimeout(timeout_s)
    if timeout_s is None:
        a.sendall(b"123456")
        assert now_s == 10
    else:
        with pytest.raises(TimeoutError, match="timed out"):
            a.sendall(b"123456")
        assert now_s == 4


def test_patience_ends_among_threads() -> None:
    """Whoever waits for ever is told so after a while."""
    a, b = socket_pair(patience_s=0.01)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(b.recv, 1)
        with pytest.raises(SimDeadlock, match="no other thread runs anything"):
            a.recv(1)
        assert isinstance(waiting.exception(), SimDeadlock)


@pytest.fixture
def idle() -> Iterator[ThreadPoolExecutor]:
    """A thread that was there before the sockets and waits for work."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(bool).result()
        yield threads


@pytest.mark.parametrize(
    ("timeout_s", "error"), [(None, SimDeadlock), (3600, TimeoutError)], ids=["deadlock", "timeout"]
)
def test_idle_threads_cost_a_moment(
    idle: ThreadPoolExecutor, timeout_s: float | None, error: type[Exception]
) -> None:
    """A thread that never used the cable is not waited for."""
    a, _ = socket_pair(patience_s=3600)
    a.settimeout(timeout_s)
    with pytest.raises(error):
        a.recv(1)


def test_recv_waits_for_a_thread_that_was_idle(idle: ThreadPoolExecutor) -> None:
    """It may come to the cable a little later, and is waited for from then on."""
    a, b = socket_pair()

    def answer() -> None:
        time.sleep(2 * NOTICE_S)
        b.sendall(b"x")

    b.setblocking(False)
    assert isinstance(idle.submit(b.recv, 1).exception(), BlockingIOError)
    idle.submit(answer)
    assert a.recv(1) == b"x"


def test_recv_sees_an_idle_thread_begin(idle: ThreadPoolExecutor) -> None:
    """What a pool's thread does first may come after the call that waits for it."""
    a, b = socket_pair()
    idle.submit(b.sendall, b"x")
    assert a.recv(1) == b"x"


# Files and options


def test_makefile_reads_and_writes(pair: Sockets) -> None:
    """Files of a socket are those of the standard library."""
    a, b = pair
    with a.makefile("wb") as out, b.makefile("rb") as lines:
        out.write(b"one\ntwo\n")
        out.flush()
        assert (lines.readline(), lines.readline()) == (b"one\n", b"two\n")
    with a.makefile("rwb") as both, b.makefile("r", newline="\n") as text:
        both.write(b"three\n")
        both.flush()
        assert text.readline() == "three\n"


def test_makefile_outlives_its_socket(pair: Sockets) -> None:
    """The connection ends with the last one of its files."""
    a, b = pair
    out = a.makefile("wb")
    a.close()
    out.write(b"x")
    out.flush()
    assert b.recv(9) == b"x"
    out.close()
    assert b.recv(9) == b""


def test_options_are_kept(pair: Sockets) -> None:
    """They are what was set, and 0 before that."""
    a, _ = pair
    assert a.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    assert a.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == bytes(8)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    assert a.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
