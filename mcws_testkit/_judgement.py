"""Judgement: which promises a record breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from . import _call_laws as calls
from . import _hook_laws as hooks
from . import _stream_laws as streams
from ._facts import Breach, Facts
from ._promises import Promise
from ._visits import Record

LAWS: Final[Sequence[Callable[[Facts], Iterator[Breach]]]] = (
    hooks.told_once,
    hooks.silent_told,
    hooks.ends_told,
    hooks.one_at_a_time,
    hooks.in_order,
    hooks.each_his_own,
    hooks.none_registered,
    streams.arrives,
    streams.nothing_strange,
    streams.echoes,
    streams.broadcasts,
    streams.pauses,
    calls.all_return,
    calls.ends_well,
    calls.lets_in,
    calls.replies,
    calls.fails_soon,
    calls.drains,
    calls.stays_small,
)
"""All that is looked at."""


ROWS: Final = 8
"""Breaches that a failure names; the first ones tell most."""


class BrokenPromise(AssertionError):
    """Ends under test broke what they promised.

    Attributes:
        promises: which promises, in the order of the laws.
    """

    def __init__(self, breaches: Sequence[Breach]) -> None:
        self.promises: tuple[Promise, ...] = tuple(
            dict.fromkeys(promise for promise, _ in breaches)
        )
        rows = [f"{promise.name}: {text}" for promise, text in breaches[:ROWS]]
        if len(breaches) > ROWS:
            rows.append(f"and {len(breaches) - ROWS} more")
        words = [f"({promise.name}: {promise.value})" for promise in self.promises]
        super().__init__("\n  ".join(["broken promises", *rows, *words]))


def check(record: Record) -> None:
    """Look whether a record keeps what is promised.

    Raises:
        BrokenPromise: it does not.
    """
    facts = Facts(record)
    breaches = [one for law in LAWS for one in law(facts) if one[0] in record.promises]
    if breaches:
        raise BrokenPromise(breaches) from _first_error(record)


def _first_error(record: Record) -> BaseException | None:
    """Return the first exception that a method under test raised, as the likely cause."""
    calls = [call for visit in record.visits for call in (*visit.calls, *visit.sent, *visit.asked)]
    calls += [*record.server_calls, *record.broadcasts]
    failed = [call for call in calls if call.error is not None]
    return min(failed, key=lambda call: call.start_s).error if failed else None
