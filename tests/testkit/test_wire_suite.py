"""WireSuite: what its laws say about a wire of somebody's own."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from mcws_protocol import (
    Chunks,
    Fixed,
    LengthPrefixed,
    Lines,
    Mcws,
    Plain,
    RemoteProtocolError,
    Role,
)
from mcws_testkit import WireSuite
from mcws_testkit._wire_case import Phase, heard
from tests.testkit.mutants import framings


class TestMyWire(WireSuite):
    """A wire of one's own framing, fully tested."""

    wire = Plain(framings.Marked())


class TestMcws(WireSuite):
    """The wire with all that there is."""

    wire = Mcws()
    examples = 30


class TestChunks(WireSuite):
    """A wire without boundaries."""

    wire = Plain(Chunks())
    examples = 10


class TestFixed(WireSuite):
    """Carries payloads of one length."""

    wire = Plain(Fixed(3))
    examples = 10


class TestDeclared(WireSuite):
    """Told what it carries, and that it has no half duplex."""

    wire = Plain(Lines())
    payloads = st.sampled_from((b"one", "two"))
    sample = b"one"
    turns = False
    examples = 10


def test_suite_without_a_wire_says_what_to_declare() -> None:
    """The error is there at the definition of the class."""
    with pytest.raises(TypeError, match=r"declare `wire = MyWire\(\)`"):
        type("TestNone", (WireSuite,), {})


def test_wire_that_carries_nothing_says_what_to_declare() -> None:
    """A wire that only decodes cannot be tested as one."""

    class Silent(WireSuite):
        """Carries nothing."""

        wire = Plain(LengthPrefixed(1, offset=1))

    with pytest.raises(ValueError, match="declare `sample`"):
        Silent().some_payload()


def test_machine_that_raises_is_named() -> None:
    """``receive`` never raises; where it does, the bytes are shown."""

    class Broken:
        """A machine."""

        def receive(self, data: bytes, now: float) -> list[object]:
            """Raise."""
            raise RemoteProtocolError("no")

    with pytest.raises(AssertionError, match=r"receive\(b'x'\) raised RemoteProtocolError"):
        heard(Broken(), [b"x"])  # type: ignore[arg-type]  # enough for this


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("role", Role)
def test_phases_are_reached(phase: Phase, role: Role) -> None:
    """Each phase of a dialogue is made for both ends."""
    assert TestMcws().at(phase, role).role is role
