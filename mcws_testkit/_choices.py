"""Choices: the one source of all that may go one way or another.

A choice is a number between two bounds, and the lower bound is always the benign one. A shrinker
that makes numbers small thereby takes faults away, and a run whose numbers are all as low as
possible is the one that nothing disturbs.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, Protocol

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Of the numbers in a token, so that a long run has a short line."""
NOTHING: Final = "benign"
"""The token of a run in which every choice is the benign one."""


class Choices(Protocol):
    """Where a simulation gets its choices from."""

    def integer(self, low: int, high: int) -> int:
        """Return a number from ``low``, the benign choice, to ``high``, both included."""
        ...


class BenignChoices:
    """Always the benign choice."""

    def integer(self, low: int, high: int) -> int:
        """Return ``low``."""
        return low


class SeededChoices:
    """Random choices that are the same for the same seed, on every machine."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (nothing here is a secret)

    def integer(self, low: int, high: int) -> int:
        """Return any of the numbers, each as likely."""
        return self._random.randint(low, high)


class ReplayedChoices:
    """The choices of a run that was recorded; benign where it had no more.

    Raises:
        ValueError: the token is none that ``Recorder`` made.
    """

    def __init__(self, token: str) -> None:
        self._left = iter(parse_token(token))

    def integer(self, low: int, high: int) -> int:
        """Return the next number of the record, or the nearest one that is allowed here."""
        return min(low + next(self._left, 0), high)


class Recorder:
    """Passes on the choices of another source and writes them down.

    Args:
        source: where the choices come from.
    """

    def __init__(self, source: Choices) -> None:
        self._source = source
        self._made: list[int] = []

    def integer(self, low: int, high: int) -> int:
        """Return what the other source chooses."""
        value = self._source.integer(low, high)
        self._made.append(value - low)
        return value

    @property
    def token(self) -> str:
        """The run as text, for ``ReplayedChoices``."""
        return make_token(self._made)


def make_token(values: Sequence[int]) -> str:
    """Return choices, counted from the benign one, as text; benign ones at the end are left out."""
    last = max((index for index, value in enumerate(values, 1) if value), default=0)
    return ".".join(_digits(value) for value in values[:last]) or NOTHING


def parse_token(token: str) -> list[int]:
    """Return the choices of a token, counted from the benign one.

    Raises:
        ValueError: the token is not what ``make_token`` makes.
    """
    if token == NOTHING:
        return []
    try:
        if not set(token) <= {*DIGITS, "."}:
            raise ValueError
        return [int(part, len(DIGITS)) for part in token.split(".")]
    except ValueError:
        raise ValueError(f"no record of choices: {token[:64]!r}") from None


def _digits(value: int) -> str:
    """Return a number in the digits of tokens."""
    head, last = divmod(value, len(DIGITS))
    return (_digits(head) if head else "") + DIGITS[last]
