"""Settled: waiting until all that can happen without time passing has happened."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from ._verdicts import SimLivelock

TURNS_MAX: Final = 100_000
"""Turns of a loop after which it is taken for one that never comes to rest."""
BLIND_TURNS: Final = 200
"""Turns of a loop that does not tell what is ready: far more than any handler of a test needs."""

_waiting: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, int]] = WeakKeyDictionary()
"""How many wait on each loop: they see each other as ready, and may not wait for that."""


@runtime_checkable
class Settling(Protocol):
    """A loop that knows when it has come to rest, such as that of a simulation."""

    async def settle(self) -> None:
        """Return when nothing is ready and nothing is under way without time passing."""
        ...


async def settled() -> None:
    """Return when all that is under way has arrived and all that can run has run.

    Time does not pass: what waits for a timer goes on waiting. On a simulated loop this is exact.
    On asyncio's own loops it returns when nothing but its callers is ready to run. That covers
    fakes, handlers, tasks and callbacks; what only the system knows it cannot cover: bytes that
    are in a real socket, threads, subprocesses. Loops that do not tell what is ready, such as
    uvloop's, are given 200 turns.

    Raises:
        SimLivelock: it goes on for ever, 100000 turns of the loop and more.
    """
    loop = asyncio.get_running_loop()
    # Where asyncio's own loops have what is ready to run; there is no public way to ask.
    ready: Collection[asyncio.Handle] | None = getattr(loop, "_ready", None)
    if isinstance(loop, Settling):
        await loop.settle()
    elif ready is not None:
        await _turn_until_idle(loop, ready)
    else:
        for _ in range(BLIND_TURNS):
            await asyncio.sleep(0)


async def _turn_until_idle(
    loop: asyncio.AbstractEventLoop, ready: Collection[asyncio.Handle]
) -> None:
    """Turn a loop until nothing is ready but those who wait for that.

    Raises:
        SimLivelock: that does not happen.
    """
    _waiting[loop] = _waiting.get(loop, 0) + 1
    try:
        for _ in range(TURNS_MAX):
            await asyncio.sleep(0)
            # This caller runs, so it is not ready; each other one that turns is, once.
            if sum(not handle.cancelled() for handle in ready) < _waiting[loop]:
                return
    finally:
        _waiting[loop] -= 1
    tasks = [repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    raise SimLivelock(loop.time(), TURNS_MAX, sorted(tasks))
