"""Buffers: which of them a socket can receive into."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from mcws_testkit._buffers import all_writable, writable

UNFIT: list[Any] = [b"abcd", memoryview(b"abcd"), memoryview(bytearray(8))[::2], "text", None]


@pytest.mark.parametrize("buffer", [bytearray(8), array("H", [0] * 4), memoryview(bytearray(8))])
def test_writable_is_bytes(buffer: Any) -> None:
    """Items of any size are seen as bytes, and writing there writes in the buffer."""
    view = writable("recv_into", buffer)
    view[:] = b"abcdefgh"
    assert bytes(buffer) == b"abcdefgh"
    assert all_writable("recvmsg_into", iter([buffer, bytearray()])) == [view, b""]


@pytest.mark.parametrize("buffer", UNFIT)
def test_writable_refuses(buffer: Any) -> None:
    """What cannot be written, or has gaps, is refused in the words of a real socket."""
    kind = type(buffer).__name__
    problem = rf"^call\(\) argument 1 must be read-write bytes-like object, not {kind}$"
    with pytest.raises(TypeError, match=problem):
        writable("call", buffer)
    problem = r"^call\(\) argument 1 must be an iterable of single-segment read-write buffers$"
    with pytest.raises(TypeError, match=problem):
        all_writable("call", [bytearray(1), buffer])
