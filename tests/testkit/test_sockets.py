"""SimSocket: what programs ask the socket of a transport."""

from __future__ import annotations

import errno
import socket

import pytest

from mcws_testkit._sockets import SimSocket


def test_socket_knows_both_addresses() -> None:
    """It looks like a connected TCP socket without a file descriptor."""
    one = SimSocket(("10.0.0.1", 1), ("10.0.0.2", 2))
    assert one.getsockname() == ("10.0.0.1", 1)
    assert one.getpeername() == ("10.0.0.2", 2)
    assert (one.family, one.type, one.proto) == (socket.AF_INET, socket.SOCK_STREAM, 6)
    assert (one.fileno(), one.gettimeout()) == (-1, 0.0)
    assert repr(one) == "<SimSocket ('10.0.0.1', 1) to ('10.0.0.2', 2)>"


def test_listening_socket_has_no_peer() -> None:
    """Nobody is at its other end."""
    with pytest.raises(OSError, match="not connected") as caught:
        SimSocket(("10.0.0.1", 1), None).getpeername()
    assert caught.value.errno == errno.ENOTCONN


def test_options_are_remembered() -> None:
    """An option has no effect but the one that it can be read."""
    one = SimSocket(("10.0.0.1", 1), None)
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == bytes(8)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
