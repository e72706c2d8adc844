"""Mcws: the machines that it makes, and what it announces in each mode."""

from __future__ import annotations

import pytest

from mcws_protocol._codec import Untouched
from mcws_protocol._half_duplex import HalfDuplexMachine
from mcws_protocol._limits import Limits
from mcws_protocol._mcws import McwsMachine
from mcws_protocol._mcws_wire import Mcws, features_of, lacks_turns
from mcws_protocol._mode import Mode
from mcws_protocol._state import Role

both_roles = pytest.mark.parametrize("role", Role)


@both_roles
def test_machine_of_full_duplex_knows_no_turns(role: Role) -> None:
    """Where both ends may send, the machine is the plain one."""
    assert type(Mcws().machine(role, Limits(), 0.0)) is McwsMachine


@both_roles
@pytest.mark.parametrize("first", Role)
def test_machine_of_half_duplex_has_the_turn_or_not(role: Role, first: Role) -> None:
    """The end that begins has the turn first."""
    machine = Mcws().machine(role, Limits(), 0.0, first=first)
    assert isinstance(machine, HalfDuplexMachine)
    assert machine.turns.is_ours == (first is role)


def test_codec_changes_nothing() -> None:
    """Bytes and text are payloads as they are."""
    assert isinstance(Mcws().codec, Untouched)


def test_features_of_each_mode() -> None:
    """Half duplex is announced by the mode that needs it alone."""
    assert {mode: features_of(mode) for mode in Mode} == {
        Mode.FULL_DUPLEX: 1,
        Mode.HALF_DUPLEX: 9,
        Mode.SIMPLEX: 1,
    }


@pytest.mark.parametrize("features", [0, 1, 8, 9])
def test_half_duplex_needs_a_peer_that_announces_it(features: int) -> None:
    """Only an end that is half duplex itself misses the bit."""
    assert lacks_turns(Mode.HALF_DUPLEX, features) == (features in {0, 1})
    assert not lacks_turns(Mode.FULL_DUPLEX, features)
    assert not lacks_turns(Mode.SIMPLEX, features)
