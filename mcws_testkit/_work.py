"""Work: what a decoder does for a stream, counted without a clock.

Three things can grow faster than the stream does: the instructions of the interpreter, the bytes
that are copied, and the bytes that are searched. Copies show as memory that is allocated while a
piece is fed, since a copy and its original exist at the same time.
"""

from __future__ import annotations

import math
import sys
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, SupportsIndex, TypeAlias, overload

from mcws_protocol import FrameDecoder

SEARCHES: Final = frozenset({"find", "index", "rfind", "rindex", "count"})
"""Methods of bytes that look at all of them if they are called with one argument."""

SMALL: Final = 512
"""Bytes up to which a copy is taken for one of those that a piece costs in any case."""

TraceFunction: TypeAlias = Callable[[FrameType, str, object], Any]


class TooMuch(AssertionError):
    """More work than was allowed."""


@dataclass(slots=True)
class Work:
    """How much was done.

    Attributes:
        steps: instructions of the interpreter.
        copied: bytes allocated.
        searched: bytes looked at by one call.
    """

    steps: int = 0
    copied: int = 0
    searched: int = 0

    def allowed(self, times: float) -> Work:
        """Return so many times this much, and a little for what happens once."""
        return Work(*(int(times * n) + 4096 for n in (self.steps, self.copied, self.searched)))


class Watched(bytes):
    """Bytes that count how many of them are searched, as do the bytes made of them."""

    work: Work = Work()

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Watched: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | Watched:
        """Return an item, or a slice that counts too."""
        taken = super().__getitem__(key)
        return taken if isinstance(taken, int) else Watched(taken)

    def __add__(self, other: Any) -> Watched:
        """Return both, which count too."""
        return Watched(super().__add__(other))

    def __radd__(self, other: Any) -> Any:
        """Return both, which count too."""
        # The ``+=`` of a bytearray copies the new bytes only, so it is left to itself.
        return NotImplemented if isinstance(other, bytearray) else Watched(other + bytes(self))

    def __contains__(self, key: Any) -> bool:
        """Search from the beginning."""
        Watched.work.searched += len(self)
        return super().__contains__(key)

    def find(self, *arguments: Any) -> int:
        """Search from a start."""
        Watched.work.searched += self._reach(arguments)
        return super().find(*arguments)

    def index(self, *arguments: Any) -> int:
        """Search from a start."""
        Watched.work.searched += self._reach(arguments)
        return super().index(*arguments)

    def split(self, sep: Any = None, maxsplit: SupportsIndex = -1) -> list[bytes]:
        """Search everywhere."""
        Watched.work.searched += len(self)
        return [Watched(part) for part in super().split(sep, maxsplit)]

    def _reach(self, arguments: tuple[Any, ...]) -> int:
        """Return how many bytes are behind the start of a search."""
        return max(0, len(self) - (arguments[1] if arguments[1:] else 0))


def in_single_bytes(data: bytes) -> list[bytes]:
    """Return ``data`` in the smallest pieces there are."""
    return [data[at : at + 1] for at in range(len(data))]


def copied_by(decoder: FrameDecoder, pieces: Sequence[bytes]) -> int:
    """Return how many bytes are copied to feed ``pieces``, in copies that are not small."""
    copied = 0
    feed = decoder.feed
    with tracing():
        for piece in pieces:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            feed(piece)
            made = tracemalloc.get_traced_memory()[1] - before
            copied += made if made > SMALL else 0
    return copied


def work_of(
    decoders: Callable[[], FrameDecoder], pieces: Sequence[bytes], *, counts_copies: bool = False
) -> Work:
    """Return the work that it takes to feed ``pieces`` to a decoder that knows its way.

    Twice, since from Python 3.12 on instructions are counted only of code that was traced before.
    """
    work_for(decoders(), pieces, counts_copies=counts_copies)
    return work_for(decoders(), pieces, counts_copies=counts_copies)


def work_for(
    decoder: FrameDecoder,
    pieces: Sequence[bytes],
    allowed: Work | None = None,
    *,
    counts_copies: bool = False,
) -> Work:
    """Return the work that it takes to feed ``pieces``; counting copies takes longer.

    Raises:
        TooMuch: it is more than ``allowed``; as soon as it is, where it would take long.
    """
    Watched.work = work = Work()
    watched = [Watched(piece) for piece in pieces]
    feed = decoder.feed
    traced = tracing() if counts_copies else nullcontext()
    with traced, instructions(work, allowed, counts_copies=counts_copies):
        for piece in watched:
            feed(piece)
    if allowed is not None:
        check(work, allowed)
    return work


def check(work: Work, allowed: Work) -> None:
    """Check that no more than ``allowed`` was done.

    Raises:
        TooMuch: it was more.
    """
    for name in Work.__slots__:
        done, most = getattr(work, name), getattr(allowed, name)
        if done > most:
            raise TooMuch(f"{name}: {done} where {most} would be linear")


@contextmanager
def tracing() -> Generator[None, None, None]:
    """Trace allocations, also if somebody does already."""
    was_tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        yield
    finally:
        if not was_tracing:
            tracemalloc.stop()


@contextmanager
def instructions(
    work: Work, allowed: Work | None, *, counts_copies: bool
) -> Generator[None, None, None]:
    """Count the instructions of all calls that are made inside, what they search and copy."""
    tracer, profiler = sys.gettrace(), sys.getprofile()
    # The functions of this file are entered too, those of `Watched` among them, and are few.
    count = _counter(work, math.inf if allowed is None else allowed.steps)
    sys.setprofile(_searches(work))
    sys.settrace(_with_copies(work, count) if counts_copies else count)
    try:
        yield
    finally:
        sys.settrace(tracer)  # pragma: no cover - who measures is back behind this line
        sys.setprofile(profiler)


def _counter(work: Work, most: float) -> TraceFunction:
    """Return what counts each instruction, and raises when it is too much."""

    def count(frame: FrameType, event: str, argument: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        work.steps += 1
        if work.steps > most:
            # At once: what grows with the square would take minutes to end.
            raise TooMuch(f"steps: more than the {most} that would be linear")
        return count

    return count


def _with_copies(work: Work, count: TraceFunction) -> TraceFunction:
    """Return what counts besides the bytes that each instruction allocates."""
    before = 0

    def look(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal before
        made = tracemalloc.get_traced_memory()[1] - before
        work.copied += made if made > SMALL else 0
        count(frame, event, argument)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        return look

    return look


def _searches(work: Work) -> Callable[[FrameType, str, object], None]:
    """Return what counts the bytes of long buffers that are searched from their beginning."""

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event != "c_call" or argument.__name__ not in SEARCHES:
            return
        buffer = argument.__self__
        # Beside the instruction is how many arguments it has: with two, the search has a start.
        if isinstance(buffer, bytearray) and frame.f_code.co_code[frame.f_lasti + 1] == 1:
            work.searched += len(buffer)

    return note
