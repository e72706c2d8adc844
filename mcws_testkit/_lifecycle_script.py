"""Script: what clients and their server do, step by step, as Hypothesis draws it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from hypothesis import strategies as st

from ._options import OPTIONS
from ._promises import Promise

CLIENTS: Final = 3
"""Clients of a script, each on a host of its own: two that disturb each other, and one beside."""
CASTING: Final = (1, 1, 1, 2, 2, 3)
"""Who plays a step: mostly the same, so that what a client does meets what it did before."""
STEPS: Final = 10
"""Steps of a script at most; five on average."""
COUNT: Final = 4
"""How often a step may repeat what it does."""
WAITS_S: Final = (0.1, 1.0, 6.0, 25.0)
"""Seconds of the waits: within usual timeouts, and beyond them."""


class Act(Enum):
    """What a step does, in the word with which it is printed."""

    CONNECT = "connect"
    SEND = "send"
    REQUEST = "request"
    WAIT = "wait"
    CLOSE = "close"
    SLOW = "send_slow"
    SLOW_REQUEST = "request_slow"
    BROADCAST = "broadcast"
    SOME = "broadcast_some"
    ABORT = "abort"
    KILL = "kill"
    LARGE = "send_large"
    POISON = "send_poison"
    HALF_CLOSE = "half_close"
    PAUSE = "pause"
    STALL = "stall"
    RESUME = "resume"
    FLOOD = "flood"
    STOP = "stop"
    DRAIN = "drain"
    DIE = "die"


NOTHING: Final = "nothing"
"""A script without a step, as it is printed."""
WAITS: Final = tuple(f"{seconds:g}" for seconds in WAITS_S)
"""The same, as they are printed."""
PRINTED: Final = re.compile(
    rf"wait (?P<wait>{'|'.join(map(re.escape, WAITS))}) s"
    rf"|(?:server|c(?P<client>\d+))\.(?P<act>{'|'.join(act.value for act in Act)})"
    r"(?: x(?P<count>\d+))?(?P<overlaps> &)?"
)
"""A step as it is printed."""
ON_SERVER: Final = {Act.BROADCAST, Act.SOME, Act.STOP, Act.DRAIN, Act.DIE}
"""What the server does, or has done to it."""
COUNTED: Final = {Act.SEND, Act.SLOW, Act.REQUEST, Act.SLOW_REQUEST, Act.BROADCAST}
"""What a step may do several times."""

NEEDS: Final = {
    Act.REQUEST: Promise.REPLIES,
    Act.SLOW_REQUEST: Promise.REPLIES,
    Act.BROADCAST: Promise.BROADCAST,
    Act.SOME: Promise.FILTER,
    Act.POISON: Promise.SURVIVAL,
    Act.HALF_CLOSE: Promise.HALF_CLOSE,
    Act.PAUSE: Promise.PAUSE,
    Act.DRAIN: Promise.DRAIN,
    Act.FLOOD: Promise.BOUNDED,
}
"""The promise without which an act is not part of scripts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``c1.send x3 &`` is three messages of client 1, and not waiting for them.

    A client that has no connection connects first, whatever it does.

    Attributes:
        act: what is done.
        client: by which client, from 1.
        count: how often, from 1; for a wait, how long.
        overlaps: whether the next step follows at once; else all that can happen happens before.
    """

    act: Act
    client: int = 1
    count: int = 1
    overlaps: bool = False

    @property
    def wait_s(self) -> float:
        """The seconds of a wait."""
        return WAITS_S[self.count - 1]

    @classmethod
    def parse(cls, text: str) -> Step:
        """Return the step that is printed as ``text``.

        Raises:
            ValueError: there is none.
        """
        found = PRINTED.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"no step of a script: {text!r}")
        if found["wait"] is not None:
            return cls(Act.WAIT, 1, 1 + WAITS.index(found["wait"]))
        act, count = Act(found["act"]), int(found["count"] or 1)
        return cls(act, int(found["client"] or 1), count, found["overlaps"] is not None)

    def __repr__(self) -> str:
        if self.act is Act.WAIT:
            return f"wait {self.wait_s:g} s"
        who = "server" if self.act in ON_SERVER else f"c{self.client}"
        times = f" x{self.count}" if self.act in COUNTED and self.count > 1 else ""
        return f"{who}.{self.act.value}{times}{' &' if self.overlaps else ''}"


class Script(tuple[Step, ...]):
    """Steps in order; printed as one line."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Script:
        """Return the script that is printed as ``text``.

        Raises:
            ValueError: a step of it is none.
        """
        return cls(Step.parse(part) for part in text.split(";") if part.strip() != NOTHING)

    def __repr__(self) -> str:
        return f"<Script {self}>"

    def _repr_pretty_(self, printer: Any, is_cycle: bool) -> None:
        """Print it as text in failures of Hypothesis, which prints tuples as such."""
        printer.text(repr(self))

    def __str__(self) -> str:
        return "; ".join(map(repr, self)) or NOTHING


def acts_for(promises: Iterable[Promise]) -> list[Act]:
    """Return what scripts may do where only some things are promised, simple acts first."""
    promised = set(promises)
    return [act for act in Act if act not in NEEDS or NEEDS[act] in promised]


def scripts(promises: frozenset[Promise]) -> st.SearchStrategy[Script]:
    """Return scripts of what can be asked of who promises ``promises``, or the one to replay."""
    if OPTIONS.script:
        return st.just(Script.parse(OPTIONS.script))
    steps = st.builds(
        Step,
        st.sampled_from(acts_for(promises)),
        st.sampled_from(CASTING),
        st.integers(1, COUNT),
        st.booleans(),
    )
    return st.builds(_script, st.integers(0, CLIENTS), st.lists(steps, max_size=STEPS))


def _script(connected: int, steps: list[Step]) -> Script:
    """Return a script in which some clients connect before all else."""
    return Script([*(Step(Act.CONNECT, number) for number in range(1, connected + 1)), *steps])
