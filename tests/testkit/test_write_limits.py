"""Write limits: each follows from the other one, and together they make sense."""

from __future__ import annotations

import pytest

from mcws_testkit._write_limits import HIGH, USUAL, write_limits


@pytest.mark.parametrize(
    ("high", "low", "limits"),
    [
        (None, None, (HIGH // 4, HIGH)),
        (None, 10, (10, 40)),
        (9, None, (2, 9)),
        (9, 9, (9, 9)),
        (0, None, (0, 0)),
    ],
)
def test_limits_follow_from_each_other(
    high: int | None, low: int | None, limits: tuple[int, int]
) -> None:
    """The low one is a quarter of the high one, unless a program says otherwise."""
    assert write_limits(high, low) == limits


@pytest.mark.parametrize(("high", "low"), [(1, 2), (1, -1), (-1, None)])
def test_limits_that_cannot_be(high: int, low: int | None) -> None:
    """They are not negative, and the low one is not above the high one."""
    with pytest.raises(ValueError, match=rf"high \({high}\) must be >= low \(-?\d\) must be >= 0"):
        write_limits(high, low)


def test_usual_limits() -> None:
    """A transport begins with the limits of who says nothing."""
    assert write_limits() == USUAL
