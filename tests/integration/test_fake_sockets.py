"""Fake sockets against real ones: the same script has the same results and the same errors."""

from __future__ import annotations

import io
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import example, given
from hypothesis import strategies as st

from mcws_testkit import socket_pair

Step: TypeAlias = tuple[Any, ...]
"""The end that acts, 0 or 1, the name of the method, and its arguments."""

CALLS: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(st.just("send"), st.binary(max_size=5)),
    st.tuples(st.just("sendall"), st.binary(max_size=5)),
    st.tuples(st.just("recv"), st.integers(0, 7)),
    st.tuples(st.just("recv_into"), st.integers(0, 7)),
    st.tuples(st.just("sendmsg"), st.lists(st.binary(max_size=3), max_size=3)),
    st.tuples(st.just("sendto"), st.binary(max_size=5), st.just(("127.0.0.1", 9))),
    st.tuples(st.just("recvfrom"), st.integers(0, 7)),
    st.tuples(st.just("recvfrom_into"), st.integers(0, 7)),
    st.tuples(st.just("recvmsg"), st.integers(0, 7)),
    st.tuples(st.just("recvmsg_into"), st.lists(st.integers(0, 3))),
    st.tuples(st.just("sendfile"), st.integers(0, 3), st.none() | st.integers(0, 9)),
    st.tuples(
        st.just("shutdown"), st.sampled_from([socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR])
    ),
    st.tuples(st.just("close")),
    st.tuples(st.just("linger")),
    st.tuples(st.just("getpeername")),
    st.tuples(st.just("getsockname")),
    st.tuples(st.just("timeout"), st.sampled_from([0.0, 0.001])),
)
STEPS = st.lists(st.tuples(st.integers(0, 1), CALLS).map(lambda step: (step[0], *step[1])))


@dataclass(frozen=True)
class Failed:
    """An error as far as programs tell errors apart.

    Attributes:
        kind: its type.
        number: the errno, if it has one.
    """

    kind: type[Exception]
    number: int | None


def act(sock: socket.socket, name: str, *arguments: Any) -> object:
    """Do one step and return what a program sees of it."""
    try:
        if name == "linger":
            return sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if name == "timeout":
            sock.settimeout(*arguments)
            return sock.gettimeout(), sock.getblocking()
        if name == "recv_into":
            buffer = bytearray(arguments[0])
            return sock.recv_into(buffer), bytes(buffer)
        if name == "recvfrom_into":
            buffer = bytearray(arguments[0])
            return sock.recvfrom_into(buffer)[0], bytes(buffer)
        if name == "recvmsg_into":
            buffers = [bytearray(size) for size in arguments[0]]
            return sock.recvmsg_into(buffers), buffers
        if name == "sendfile":
            return sock.sendfile(io.BytesIO(b"content"), *arguments)
        result = getattr(sock, name)(*arguments)
    except (OSError, ValueError) as error:
        return Failed(type(error), getattr(error, "errno", None))
    # Addresses differ, and only whether there is one is the question.
    return "an address" if name.startswith("get") else result


def play(pair: Sequence[socket.socket], steps: list[Step]) -> list[object]:
    """Play a script on two ends and return all results."""
    for sock in pair:
        sock.settimeout(0.001)
    return [act(pair[int(step[0])], *step[1:]) for step in steps]


@contextmanager
def real_pair() -> Generator[tuple[socket.socket, socket.socket]]:
    """Join two real sockets over the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = socket.create_connection(listener.getsockname())
        second, _ = listener.accept()
    with first, second:
        for sock in (first, second):
            # Else small pieces wait for an acknowledgement that comes when it likes.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield first, second


@given(STEPS)
@example([(0, "send", b"a"), (1, "close"), (0, "recv", 1), (0, "recv", 1), (0, "send", b"b")])
@example([(0, "shutdown", 1), (1, "shutdown", 1), (0, "getpeername"), (0, "shutdown", 0)])
@example([(0, "close"), (1, "send", b"a"), (1, "send", b"a"), (1, "recv", 1), (1, "send", b"a")])
@example([(0, "shutdown", 2), (1, "send", b"a"), (1, "recv", 1), (0, "recv", 1), (1, "recv", 1)])
@example([(0, "close"), (0, "timeout", 0.0), (0, "sendfile", 0, None)])
def test_fake_sockets_do_what_real_ones_do(steps: list[Step]) -> None:
    """Results, types of errors and their numbers are the same for any script of one thread."""
    with real_pair() as pair:
        expected = play(pair, steps)
    assert play(socket_pair(), steps) == expected
