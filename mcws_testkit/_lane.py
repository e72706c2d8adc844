"""Lane: the bytes on their way to one end of a simulated connection."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Final, Protocol

from ._agenda import START_S, Agenda
from ._faults import Faults
from ._schedule import Schedule
from ._trace import End, Kind, Trace

HEAD_BYTES: Final = 16
"""Bytes that headers have, mostly."""
DELAYS: Final = 400
"""Steps from no delay to ``Faults.delay_s``: fine enough to meet timers, few enough to shrink."""
RACES: Final = 4
"""Timers that a delivery may race with: the next ones."""
HOPS: Final = 3
"""Turns of the loop by which a delivery that races with a timer may come behind it."""
WINDOW: Final = 64 << 10
"""Bytes under way to one end, the usual window of a receiver; more wait at the sender."""


class Line:
    """What both lanes of one connection share: who runs it, and what may happen to it.

    Attributes:
        number: of the connection, from 1.
        hosts: the names of the hosts at its ends, for the trace.
        is_parted: whether the hosts at its ends cannot reach each other at this time.
        part: keeps these hosts from reaching each other for some seconds.
    """

    def __init__(
        self, number: int, agenda: Agenda, faults: Faults, trace: Trace, budget: Budget
    ) -> None:
        self.number = number
        self.agenda = agenda
        self.schedule: Schedule = agenda.schedule
        self.faults = faults
        self.trace = trace
        self.budget = budget
        self.hosts: dict[End, str] = {}
        self.is_parted = False
        self.part: Callable[[float], None] = lambda _: None

    def tell(
        self,
        end: End,
        kind: Kind,
        data: bytes = b"",
        detail: str = "",
        *,
        is_fault: bool = False,
    ) -> None:
        """Write down what happened."""
        time_s = self.agenda.now - START_S
        host = self.hosts.get(end, "")
        self.trace.tell(time_s, kind, self.number, end, data, detail, is_fault, host)


class Budget:
    """How long all deliveries of a network may still be delayed together.

    Attributes:
        left_s: seconds.
    """

    def __init__(self, left_s: float) -> None:
        self.left_s: float = left_s

    def take(self, seconds: float) -> float:
        """Return as much of ``seconds`` as is left, and take it."""
        taken = min(seconds, self.left_s)
        self.left_s -= taken
        return taken


class Receiver(Protocol):
    """The end that a lane leads to."""

    @property
    def wants_data(self) -> bool:
        """Whether somebody reads there."""
        ...

    def deliver(self, size: int) -> None:
        """Hand over up to ``size`` bytes, or what follows the last one."""
        ...

    def reset_both(self) -> None:
        """End the connection at both ends."""
        ...


class Lane:
    """The bytes on their way to one end, in the order in which they were written.

    Attributes:
        data: written at the other end, not yet read at this one.
        has_fin: whether the end of the stream follows them.
        has_reset: whether a reset is under way that could not get through so far.
        error: what a reset made of this end; who reads gets it behind the bytes.
        is_stalled: whether nothing gets through, and nobody knows.
    """

    def __init__(self, line: Line, end: End, receiver: Receiver, context: Context) -> None:
        self.line = line
        self.end: End = end
        self.data: bytearray = bytearray()
        self.has_fin = False
        self.has_reset = False
        self.error: OSError | None = None
        self.is_stalled: bool = False
        self._receiver = receiver
        self._context = context
        self._is_scheduled = False
        self._is_delayed = False
        self._is_decided = False

    @property
    def room(self) -> int:
        """How many more bytes may be under way."""
        return WINDOW - len(self.data)

    @property
    def is_blocked(self) -> bool:
        """Whether nothing gets through at this time."""
        return self.is_stalled or self.line.is_parted

    def kick(self) -> None:
        """Deliver in the next turn, if there is something to deliver and somebody wants it."""
        if self._is_scheduled or self._is_delayed:
            return
        if self.is_blocked or not self._receiver.wants_data:
            return
        if self.data or self.has_fin or self.error is not None:
            self._is_scheduled = True
            self.line.agenda.io(self.arrive, self._context)

    def clear(self) -> None:
        """Lose what is under way."""
        self.data.clear()

    def arrive(self) -> None:
        """Deliver what the schedule lets through, if this turn is to bring something."""
        if not self._is_scheduled:
            return
        self._is_scheduled = False
        if self.is_blocked or not self._receiver.wants_data:
            return
        if self._is_decided:
            self._is_decided = False
            self._receiver.deliver(len(self.data))
            return
        kind = self.line.schedule.pick(self._kinds())
        if kind is None:
            self._receiver.deliver(len(self.data))
        else:
            kind()

    def _kinds(self) -> list[Callable[[], None]]:
        """Return what may happen to the next delivery, mild things first."""
        faults = self.line.faults
        is_cuttable = faults.cut and len(self.data) > 1
        has_time = self.line.budget.left_s > 0
        return [
            *([self._cut] if is_cuttable else []),
            *([self._delay] if faults.delay_s and has_time else []),
            *([self._race] if faults.race and has_time else []),
            *([self._part] if faults.partition_s else []),
            *([self._reset] if faults.reset else []),
            *([self._stall] if faults.stall else []),
        ]

    def _cut(self) -> None:
        """Deliver a part; the rest is a delivery of its own."""
        last = len(self.data) - 1
        size = self.line.schedule.number(1, last)
        # Half of them inside of what frames begin with, where most decoders are wrong.
        if self.line.schedule.number(0, 1):
            size = 1 + (size - 1) % min(last, HEAD_BYTES)
        text = f"{size} of {len(self.data)} B"
        self._deviate("cut", text, f"cut after {text}")
        self._receiver.deliver(size)

    def _delay(self) -> None:
        """Deliver later."""
        step = self.line.schedule.number(1, DELAYS)
        seconds = self.line.budget.take(self.line.faults.delay_s * step / DELAYS)
        self._deviate("delay", f"{seconds:g} s", f"delayed by {seconds:g} s")
        self._later(self.line.agenda.now + seconds, 0)

    def _race(self) -> None:
        """Deliver together with a timer, right before it or in one of the turns behind it."""
        within = min(self.line.faults.delay_s, self.line.budget.left_s)
        due = self.line.agenda.due_within(within)[:RACES]
        if not due:
            self._receiver.deliver(len(self.data))
            return
        when = due[self.line.schedule.number(0, len(due) - 1)]
        hops = self.line.schedule.number(0, HOPS)
        seconds = self.line.budget.take(when - self.line.agenda.now)
        text = f"{seconds:g} s, {hops} turns behind a timer"
        self._deviate("race", text, f"delayed by {text}")
        self._later(when, hops)

    def _part(self) -> None:
        """Part the hosts at both ends for a while."""
        step = self.line.schedule.number(1, DELAYS)
        seconds = self.line.faults.partition_s * step / DELAYS
        self._deviate("partition", f"{seconds:g} s", f"hosts parted for {seconds:g} s before")
        self.line.part(seconds)

    def _reset(self) -> None:
        """End the connection for both ends, and lose what is under way."""
        self._deviate("reset", "", "connection reset before")
        self._receiver.reset_both()

    def _stall(self) -> None:
        """Let nothing through any more."""
        self._deviate("stall", "", "stalled before")
        self.is_stalled = True

    def _deviate(self, kind: Kind, detail: str, text: str) -> None:
        """Write down what goes wrong, for the trace and for people."""
        what = f"{len(self.data)} B" if self.data else "the end"
        where = f"{what} to the {self.end} of connection {self.line.number}"
        self.line.tell(self.end, kind, detail=detail, is_fault=True)
        self.line.schedule.deviate(f"{where}: {text}")

    def _later(self, when: float, hops: int) -> None:
        """Deliver at a time, ``hops`` turns behind its timers."""
        self._is_delayed = True
        self.line.agenda.at(when, self._hop, hops, context=self._context)

    def _hop(self, hops: int) -> None:
        """Let one more turn pass, or deliver."""
        if hops:
            self.line.agenda.io(lambda: self._hop(hops - 1), self._context)
            return
        self._is_delayed = False
        self._is_decided = True
        self.kick()
