"""Limits: every figure is of its kind and within its bounds, or is refused at once."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from mcws_protocol._limits import Limits, SlowConsumer

SECONDS = ["opening_s", "keepalive_s", "close_s", "stalled_s"]
COUNTS = [field.name for field in fields(Limits) if field.name not in {*SECONDS, "slow_consumer"}]


def limits(**values: Any) -> Limits:
    """Return limits, with values that a type checker would refuse."""
    return Limits(**values)


def test_limits_by_default_are_valid() -> None:
    """The defaults are those that the wire names: 1 MiB and its header, 8 KiB, 20 s."""
    made = Limits()
    assert (made.frame_bytes_max, made.opening_bytes_max) == (1_048_640, 8192)
    assert (made.opening_s, made.keepalive_s, made.close_s) == (5.0, 20.0, 5.0)
    assert made.slow_consumer is SlowConsumer.DISCONNECT


def test_limits_cannot_be_changed() -> None:
    """One value serves any number of connections, so nobody may change it."""
    with pytest.raises(FrozenInstanceError):
        setattr(Limits(), "opening_s", 1.0)  # noqa: B010 - an assignment is a type error


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [1.5, "1024", None, True])
def test_limit_in_bytes_of_another_kind_is_a_type_error(name: str, value: object) -> None:
    """Bytes and counts are whole numbers; a ``bool`` is none."""
    with pytest.raises(TypeError, match=f"{name} must be int, not {value!r}"):
        limits(**{name: value})


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", ["5", None, False, 1j])
def test_limit_in_seconds_of_another_kind_is_a_type_error(name: str, value: object) -> None:
    """Seconds are ``int`` or ``float``."""
    with pytest.raises(TypeError, match=f"{name} must be float, not "):
        limits(**{name: value})


@pytest.mark.parametrize("name", COUNTS + SECONDS)
@pytest.mark.parametrize("value", [0, -1])
def test_limit_that_is_not_above_zero_is_a_value_error(name: str, value: int) -> None:
    """No limit can be switched off by zero or less."""
    with pytest.raises(ValueError, match=f"{name} must be above 0 and finite, not {value}"):
        limits(**{name: value})


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_limit_in_seconds_that_is_not_finite_is_a_value_error(name: str, value: float) -> None:
    """For ever is no limit, and a comparison with nan would never come true."""
    with pytest.raises(ValueError, match=f"{name} must be above 0 and finite, not {value}"):
        limits(**{name: value})


@pytest.mark.parametrize("name", SECONDS)
def test_limit_in_seconds_may_be_whole(name: str) -> None:
    """An ``int`` of seconds is as good as a ``float``."""
    assert getattr(limits(**{name: 3}), name) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frame_bytes_max", 256),
        ("frame_bytes_max", 2**32 - 1),
        ("opening_bytes_max", 256),
        ("opening_bytes_max", 65_536),
        ("keepalive_s", 1),
        ("keepalive_s", 65_535),
        ("outbox_low_bytes", 1),
        ("outbox_low_bytes", 65_536),
        ("outbox_high_bytes", 16_384),
        ("outbox_high_bytes", 4 << 20),
        ("outbox_bytes_max", 65_536),
        ("inbox_high_bytes", 1),
        ("inbox_high_bytes", 4 << 20),
        ("inbox_bytes_max", 65_536),
        ("requests_max", 1),
        ("messages_per_turn", 1),
    ],
)
def test_limit_at_its_bound_is_accepted(name: str, value: int) -> None:
    """The first and the last value of a range belong to it."""
    assert getattr(limits(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("frame_bytes_max", 255, "frame_bytes_max must be 256 to 4294967295, not 255"),
        ("frame_bytes_max", 2**32, "frame_bytes_max must be 256 to 4294967295, not 4294967296"),
        ("opening_bytes_max", 255, "opening_bytes_max must be 256 to 65536, not 255"),
        ("opening_bytes_max", 65_537, "opening_bytes_max must be 256 to 65536, not 65537"),
        ("keepalive_s", 0.99, "keepalive_s must be 1 to 65535, not 0.99"),
        ("keepalive_s", 65_536, "keepalive_s must be 1 to 65535, not 65536"),
        ("outbox_low_bytes", 65_537, "outbox_low_bytes must be 1 to 65536, not 65537"),
        ("outbox_high_bytes", 16_383, "outbox_low_bytes must be 1 to 16383, not 16384"),
        ("outbox_bytes_max", 65_535, "outbox_high_bytes must be 1 to 65535, not 65536"),
        ("inbox_bytes_max", 65_535, "inbox_high_bytes must be 1 to 65535, not 65536"),
    ],
)
def test_limit_beyond_its_bound_is_a_value_error(name: str, value: float, message: str) -> None:
    """One step outside of a range is refused, with the range in the message."""
    with pytest.raises(ValueError, match=message):
        limits(**{name: value})


@pytest.mark.parametrize("value", ["disconnect", None, 1])
def test_slow_consumer_that_is_no_policy_is_a_type_error(value: object) -> None:
    """A policy is a member of the enum, not its text."""
    with pytest.raises(TypeError, match="slow_consumer must be a SlowConsumer, not "):
        limits(slow_consumer=value)


@pytest.mark.parametrize("policy", SlowConsumer)
def test_slow_consumer_is_any_member(policy: SlowConsumer) -> None:
    """Each policy can be chosen."""
    assert Limits(slow_consumer=policy).slow_consumer is policy


@pytest.mark.parametrize("name", SECONDS)
def test_sweep_follows_the_shortest_limit(name: str) -> None:
    """Five looks fit into the shortest limit in seconds, whichever that is."""
    assert limits(**{name: 2}).sweep_s == 0.4


def test_sweep_is_a_second_at_most() -> None:
    """Long limits do not make the looks rarer than one a second."""
    assert Limits().sweep_s == 1.0
    assert Limits(opening_s=60, keepalive_s=60, close_s=60, stalled_s=60).sweep_s == 1.0
