"""The public suites find each planted bug, and none where there is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from mcws_protocol import Lines, Machine, Mcws, Plain, Wire
from mcws_testkit import CodecSuite, FramingSuite, WireSuite
from tests.testkit.mutants import codecs, framings, wires
from tests.testkit.running import first_failure

pytestmark = pytest.mark.long

REFERENCE_EXAMPLES = 50


def framing_suite(made: Any) -> type[FramingSuite]:
    """Return the suite that a user writes for a framing."""

    class TestFraming(FramingSuite):
        """One framing."""

        framing = made
        detects_damage = isinstance(made, framings.Summed)

        def known_at(self, payload: bytes, frame: bytes, limit: int) -> int:
            """Return what a decoder needs that counts digits."""
            if isinstance(made, framings.Summed):
                return min(2 * limit + 3, len(frame))
            return super().known_at(payload, frame, limit)

    return TestFraming


def codec_suite(made: Any) -> type[CodecSuite]:
    """Return the suite that a user writes for a codec."""

    class TestCodec(CodecSuite):
        """One codec."""

        codec = made
        messages = codecs.NOTES
        unencodable = st.just(3)

    return TestCodec


def wire_suite(made: Wire) -> type[WireSuite]:
    """Return the suite that a user writes for a wire."""

    class TestWire(WireSuite):
        """One wire."""

        wire = made

    return TestWire


@pytest.mark.parametrize("mutant", framings.MUTANTS)
def test_framing_mutant_is_found(mutant: type) -> None:
    """A law of framings fails for each framing with a bug."""
    assert first_failure(framing_suite(mutant())) is not None


@pytest.mark.parametrize("mutant", codecs.MUTANTS)
def test_codec_mutant_is_found(mutant: type) -> None:
    """A law of codecs fails for each codec with a bug."""
    assert first_failure(codec_suite(mutant())) is not None


@pytest.mark.parametrize("mutant", wires.MUTANTS)
def test_wire_mutant_is_found(mutant: type[Machine]) -> None:
    """A law of wires fails for each machine with a bug."""
    assert first_failure(wire_suite(wires.wire_of(mutant))) is not None


@pytest.mark.parametrize("reference", framings.REFERENCES)
def test_framing_without_a_bug_passes(reference: type) -> None:
    """No law fails for a framing without a bug."""
    assert first_failure(framing_suite(reference()), REFERENCE_EXAMPLES) is None


def test_codec_without_a_bug_passes() -> None:
    """No law fails for a codec without a bug."""
    assert first_failure(codec_suite(codecs.NoteCodec()), REFERENCE_EXAMPLES) is None


@pytest.mark.parametrize("wire", [Mcws(), Plain(Lines())], ids=repr)
def test_wire_without_a_bug_passes(wire: Wire) -> None:
    """No law fails for a wire without a bug."""
    assert first_failure(wire_suite(wire), REFERENCE_EXAMPLES) is None


def test_mutants_are_many() -> None:
    """There are as many planted bugs as promised."""
    assert len(framings.MUTANTS) >= 25
    assert len(codecs.MUTANTS) >= 12
    assert len(wires.MUTANTS) >= 20
