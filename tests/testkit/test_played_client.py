"""PlayedClient: what it takes for a message, and for its connection."""

from __future__ import annotations

import pytest

from mcws_testkit import Trace, TraceEvent
from mcws_testkit._played_client import as_bytes, last_connection


@pytest.mark.parametrize("payload", ["note", b"note", bytearray(b"note"), memoryview(b"note")])
def test_text_and_buffers_are_bytes(payload: object) -> None:
    """Whatever a client hands over, the record has its bytes."""
    assert as_bytes(payload) == b"note"


@pytest.mark.parametrize("nothing", [None, b"", ""])
def test_nothing_is_the_end(nothing: object) -> None:
    """Clients may say by nothing that there is nothing more."""
    with pytest.raises(EOFError):
        as_bytes(nothing)


def test_connection_is_the_last_one_of_the_host() -> None:
    """A client is known in the trace by the connection that its host has opened last."""
    trace = Trace()
    assert last_connection(trace, "c1") == 0
    for number, host in enumerate(["c1", "c1", "c11", "c2"], 1):
        trace.add(TraceEvent(0, "open", number, "client", detail=f"{host} to server port 80"))
    assert last_connection(trace, "c1") == 2
