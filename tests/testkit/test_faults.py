"""Faults: the three sets and their bounds."""

from __future__ import annotations

from dataclasses import fields

import pytest

from mcws_testkit import Faults


def test_benign_faults_are_none() -> None:
    """By default nothing goes wrong."""
    assert Faults.benign() == Faults()
    assert not any(getattr(Faults(), field.name) for field in fields(Faults))


def test_tcp_loses_nothing() -> None:
    """What each connection does in its life ends none."""
    tcp = Faults.tcp()
    assert tcp.cut
    assert tcp.order
    assert tcp.race
    assert 0 < tcp.delay_s < tcp.delays_s
    assert not any((tcp.reset, tcp.stall, tcp.refuse, tcp.partition_s))


def test_chaos_is_all_there_is() -> None:
    """Everything may happen."""
    assert all(getattr(Faults.chaos(), field.name) for field in fields(Faults))


@pytest.mark.parametrize("name", ["delay_s", "delays_s", "partition_s"])
@pytest.mark.parametrize("value", [-1.0, float("inf"), float("nan")])
def test_times_are_finite_and_not_negative(name: str, value: float) -> None:
    """A wrong time is a wrong argument, named with its value."""
    with pytest.raises(
        ValueError, match=rf"{name} must be a number of seconds from 0, not {value}"
    ):
        Faults(**{name: value})  # type: ignore[arg-type]  # all fields of these names are numbers
