"""The calls of a socket in memory: those that receive and send, and those that are refused."""

from __future__ import annotations

import errno
import io
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from mcws_testkit import CableSocket, Pair, Side, SimDeadlock, SimEscape, socket_pair
from mcws_testkit._socket_calls import SocketCalls

Sockets = Pair[CableSocket, CableSocket, Side]


@pytest.fixture
def pair() -> Sockets:
    """Return two sockets."""
    return socket_pair()


SENDERS: list[Callable[[CableSocket], object]] = [
    lambda sock: sock.send(b"hello"),
    lambda sock: sock.sendmsg([b"he", bytearray(b"ll"), memoryview(b"o")]),
    lambda sock: sock.sendmsg(iter([b"hello"]), [], socket.MSG_NOSIGNAL, ("192.0.2.2", 50002)),
    lambda sock: sock.sendto(b"hello", ("192.0.2.2", 50002)),
    lambda sock: sock.sendto(b"hello", 0, ("192.0.2.2", 50002)),
    lambda sock: sock.sendfile(io.BytesIO(b"hello")),
    lambda sock: sock.sendfile(io.BytesIO(b"oh, hello!"), 4, 5),
]


@pytest.mark.parametrize("send", SENDERS)
def test_what_sends(pair: Sockets, send: Callable[[CableSocket], object]) -> None:
    """Each call that sends says how many bytes it were, and they arrive."""
    a, b = pair
    assert send(a) == 5
    assert b.recv(99) == b"hello"


def test_sendall_sends_nothing_too(pair: Sockets) -> None:
    """All of any bytes is sent, and of none too."""
    a, b = pair
    a.sendall(bytearray(b"hello"))
    a.sendall(b"")
    assert b.recv(99) == b"hello"


def test_what_receives(pair: Sockets) -> None:
    """Each call that receives returns what a socket of TCP returns."""
    a, b = pair
    a.sendall(b"abcdefghij")
    buffer, other = bytearray(2), bytearray(9)
    assert (b.recv(1), b.recv(0), b.recvfrom(1), b.recvmsg(1)) == (
        b"a",
        b"",
        (b"b", None),
        (b"c", [], 0, None),
    )
    assert (b.recv_into(buffer, 1), bytes(buffer)) == (1, b"d\0")
    assert (b.recvfrom_into(memoryview(buffer)), bytes(buffer)) == ((2, None), b"ef")
    assert b.recvmsg_into([buffer, other]) == (4, [], 0, None)
    assert bytes(buffer + other[:3]) == b"ghij\0"


def test_end_of_the_stream(pair: Sockets) -> None:
    """Each call that receives says it with nothing."""
    a, b = pair
    a.close()
    assert (b.recv(9), b.recvfrom(9), b.recvfrom_into(bytearray(9))) == (
        b"",
        (b"", None),
        (0, None),
    )
    assert (b.recvmsg(9), b.recvmsg_into([bytearray(9)])) == (
        (b"", [], 0, None),
        (0, [], 0, None),
    )


WRONG: list[tuple[Callable[[CableSocket], object], str]] = [
    (lambda sock: sock.recv(-1), "negative buffersize in recv$"),
    (lambda sock: sock.recvfrom(-1), "negative buffersize in recvfrom$"),
    (lambda sock: sock.recv_into(bytearray(2), -1), "negative buffersize in recv_into"),
    (lambda sock: sock.recvfrom_into(bytearray(2), -1), "negative buffersize in recvfrom_into"),
    (lambda sock: sock.recv_into(bytearray(2), 3), "buffer too small for requested bytes"),
    (lambda sock: sock.recvmsg(-1), r"negative buffer size in recvmsg\(\)"),
    (lambda sock: sock.recvmsg(1, -1), "invalid ancillary data buffer length"),
    (lambda sock: sock.recvmsg_into([bytearray(1)], -1), "invalid ancillary data buffer length"),
]


@pytest.mark.parametrize(("call", "problem"), WRONG)
def test_numbers_that_are_wrong(
    pair: Sockets, call: Callable[[CableSocket], object], problem: str
) -> None:
    """They are refused in the words of the real ones."""
    with pytest.raises(ValueError, match=problem):
        call(pair[0])


READ_ONLY: list[tuple[Callable[[CableSocket], object], str]] = [
    (lambda sock: sock.recv_into(UNFIT), r"^recv_into\(\) argument 1 must be read-write"),
    (lambda sock: sock.recvfrom_into(UNFIT), r"^recvfrom_into\(\) argument 1 must be read-write"),
    (
        lambda sock: sock.recvmsg_into([bytearray(1), UNFIT]),
        r"^recvmsg_into\(\) argument 1 must be an iterable of single-segment read-write buffers$",
    ),
]
UNFIT: Any = b"1234"


@pytest.mark.parametrize(("call", "problem"), READ_ONLY)
def test_buffers_that_are_read_only(
    pair: Sockets, call: Callable[[CableSocket], object], problem: str
) -> None:
    """They are refused before anything is received, so that nothing is lost."""
    a, b = pair
    a.sendall(b"abcd")
    with pytest.raises(TypeError, match=problem):
        call(b)
    assert b.recv(9) == b"abcd"


MESSAGES: list[tuple[str, tuple[Any, ...]]] = [
    ("recv", (1,)),
    ("recv_into", (bytearray(1), 0)),
    ("recvfrom", (1,)),
    ("recvfrom_into", (bytearray(1), 0)),
    ("recvmsg", (1, 0)),
    ("recvmsg_into", ([bytearray(1)], 0)),
    ("send", (b"x",)),
    ("sendall", (b"x",)),
    ("sendmsg", ([b"x"], ())),
]


@pytest.mark.parametrize(("call", "arguments"), MESSAGES)
def test_flags_that_are_not_there(pair: Sockets, call: str, arguments: tuple[Any, ...]) -> None:
    """What a fake cannot do is said, with the name of the call, and not left out silently."""
    with pytest.raises(SimEscape, match=rf"^{call} with flags 0x2 is not simulated"):
        getattr(pair[0], call)(*arguments, socket.MSG_PEEK)


@pytest.mark.parametrize(("call", "arguments"), MESSAGES)
def test_deadlock_names_the_call(call: str, arguments: tuple[Any, ...]) -> None:
    """Who waits for ever is told in which call."""
    a, _ = socket_pair(capacity=1)
    if call.startswith("send"):
        a.send(b"x")
    with pytest.raises(SimDeadlock, match=rf"a\.{call}\(\) waits"):
        getattr(a, call)(*arguments)


REFUSED: list[tuple[Callable[[CableSocket], object], str]] = [
    (lambda sock: sock.accept(), "accept is not simulated: the ends of a pair are connected"),
    (lambda sock: sock.bind(("", 0)), "bind is not simulated: the ends"),
    (lambda sock: sock.connect(("", 1)), "connect is not simulated: the ends"),
    (lambda sock: sock.connect_ex(("", 1)), "connect_ex is not simulated: the ends"),
    (lambda sock: sock.listen(), "listen is not simulated: the ends"),
    (lambda sock: sock.detach(), "detach is not simulated: there is no file descriptor"),
    (lambda sock: sock.dup(), "dup is not simulated: there is no file descriptor"),
    (lambda sock: sock.set_inheritable(True), r"set_inheritable\(True\) is not simulated"),
    (lambda sock: sock.sendmsg([b"x"], [(1, 1, b"")]), "sendmsg with ancillary data is not"),
]


@pytest.mark.parametrize(("call", "problem"), REFUSED)
def test_calls_of_other_sockets(
    pair: Sockets, call: Callable[[CableSocket], object], problem: str
) -> None:
    """What an end of a cable cannot do says so, and why."""
    with pytest.raises(SimEscape, match=problem):
        call(pair[0])


CLOSED: list[tuple[str, tuple[Any, ...]]] = [
    *MESSAGES,
    ("recvfrom", (0,)),
    ("recvfrom_into", (bytearray(),)),
    ("recvmsg", (0,)),
    ("recvmsg_into", ([],)),
    ("accept", ()),
    ("bind", (("", 0),)),
    ("connect", (("", 1),)),
    ("listen", ()),
    ("dup", ()),
    ("get_inheritable", ()),
    ("set_inheritable", (False,)),
    ("set_inheritable", (True,)),
]


@pytest.mark.parametrize(("call", "arguments"), CLOSED)
def test_closed_end_comes_first(pair: Sockets, call: str, arguments: tuple[Any, ...]) -> None:
    """What is closed says so, also where the call would be refused or have nothing to do."""
    pair[0].close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        getattr(pair[0], call)(*arguments)


def test_closed_end_that_does_not_raise(pair: Sockets) -> None:
    """Two calls say it by what they return, and two have nothing to ask the system for."""
    a, _ = pair
    a.close()
    assert (a.detach(), a.connect_ex(("", 1))) == (-1, errno.EBADF)
    assert (a.recv(0), a.recv_into(bytearray())) == (b"", 0)


EMPTY: list[tuple[Callable[[CableSocket], object], object]] = [
    (lambda sock: sock.recvfrom(0), (b"", None)),
    (lambda sock: sock.recvfrom_into(bytearray()), (0, None)),
    (lambda sock: sock.recvmsg(0), (b"", [], 0, None)),
    (lambda sock: sock.recvmsg_into([]), (0, [], 0, None)),
]


@pytest.mark.parametrize(("call", "nothing"), EMPTY)
def test_receiving_no_bytes_waits(
    pair: Sockets, call: Callable[[CableSocket], object], nothing: object
) -> None:
    """As a real socket they wait until there would be some, and take none of them."""
    a, b = pair
    b.settimeout(1)
    with pytest.raises(TimeoutError):
        call(b)
    a.sendall(b"x")
    assert (call(b), b.recv(9)) == (nothing, b"x")
    a.close()
    assert call(b) == nothing


ADDRESSES: list[tuple[object, type[Exception], str]] = [
    (0, TypeError, r"\(\): AF_INET address must be tuple, not int$"),
    ("nowhere", TypeError, r"\(\): AF_INET address must be tuple, not str$"),
    (("h", 1, 2), TypeError, r"^AF_INET address must be a pair \(host, port\)$"),
    ((None, 1), TypeError, "^str, bytes or bytearray expected, not NoneType$"),
    (("h", "1"), TypeError, "'str' object cannot be interpreted as an integer"),
    (("h", 1 << 16), OverflowError, r"\(\): port must be 0-65535\.$"),
    (("h", -1), OverflowError, r"\(\): port must be 0-65535\.$"),
]


@pytest.mark.parametrize(("address", "error", "problem"), ADDRESSES)
def test_addresses_that_are_none(
    pair: Sockets, address: Any, error: type[Exception], problem: str
) -> None:
    """They are refused in the words of the real ones, though nothing is sent to them."""
    a, b = pair
    calls: list[Callable[[], object]] = [
        lambda: a.sendto(b"x", address),
        lambda: a.sendto(b"x", 0, address),
        lambda: a.sendmsg([b"x"], [], 0, address),
    ]
    for call in calls:
        with pytest.raises(error, match=problem):
            call()
    b.setblocking(False)
    with pytest.raises(BlockingIOError):
        b.recv(1)


def test_addresses_are_one(pair: Sockets) -> None:
    """More of them are refused, and none."""
    with pytest.raises(TypeError, match=r"^sendto\(\) takes 2 or 3 arguments \(4 given\)$"):
        pair[0].sendto(b"x", 0, ("h", 1), ("h", 2))
    with pytest.raises(TypeError, match="not NoneType"):
        pair[0].sendto(b"x", None)


def test_nobody_inherits(pair: Sockets) -> None:
    """No other process has it, which a program may ask for once more."""
    pair[0].set_inheritable(False)
    assert not pair[0].get_inheritable()


def test_every_call_of_a_socket_is_there() -> None:
    """No public call is left to the base class, which would look for a file descriptor."""
    own = {name for kind in (CableSocket, SocketCalls) for name in vars(kind)}
    left = {name for name in dir(socket.socket) if not name.startswith("_")} - own
    # Of these, the first two only use what is here, and the last one is no call of TCP.
    assert left == {"close", "makefile", "sendmsg_afalg"}


def test_ssl_refuses_it(pair: Sockets) -> None:
    """It is a stream to whoever asks, but has nothing that ``ssl`` could use."""
    assert pair[0].getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
    with pytest.raises((OSError, ValueError), match="descriptor"):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(pair[0], server_hostname="b")


def test_base_alone_is_no_socket() -> None:
    """What receives and sends is the matter of who derives from it."""
    base = SocketCalls.__new__(SocketCalls)
    for call in (lambda: base.recv(1), lambda: base.send(b"x"), base.dup):
        with pytest.raises(NotImplementedError):
            call()
