"""Stage: where a script is played, and what all who play on it share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from ._ends_under_test import ClientUnderTest, ServerUnderTest, called
from ._host import Host
from ._visits import Call, Record
from ._world import World

SAFE_DELAYS_S: Final = 4.0
"""Seconds of delays, all together, that no program may notice by its timeouts."""


class Ends(Protocol):
    """Who makes the ends under test: a ``LifecycleSuite``."""

    async def start(self, host: Host) -> ServerUnderTest:
        """Start a server."""
        ...

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Connect a client."""
        ...

    def payload(self, text: str) -> bytes:
        """Return a message that says ``text``."""
        ...


class Stage:
    """One universe with its record.

    Attributes:
        ends: makes what is under test.
        world: the universe.
        record: what was done and seen.
        port: where the server listens.
    """

    def __init__(self, ends: Ends, world: World, record: Record) -> None:
        self.ends = ends
        self.world = world
        self.record = record
        self.port = 0
        self._is_healed = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def now(self) -> float:
        """The time of the loop."""
        return self.world.loop.time()

    @property
    def is_safe(self) -> bool:
        """Whether the network loses nothing from now on, and delays nothing for long."""
        faults = self.world.faults
        loses = faults.reset or faults.stall or faults.refuse or faults.partition_s
        return self._is_healed or not (loses or faults.delays_s > SAFE_DELAYS_S)

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.world.heal()
        self._is_healed = True

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside the script."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def rest(self, seconds: float) -> None:
        """Wait until all that was begun has ended, or for ``seconds``."""
        left = [task for task in self._tasks if not task.done()]
        if left:
            await asyncio.wait(left, timeout=seconds)

    async def clear(self) -> None:
        """Cancel what has not ended, and raise what went wrong in the suite itself."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


class Actor:
    """A client or the server of a script: calls on its host, one behind the other.

    Attributes:
        stage: where it plays.
        host: where its program runs.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.host = stage.world.host(name)
        self.last: asyncio.Task[None] | None = None

    def queue(self, part: Callable[[], Coroutine[Any, Any, object]]) -> asyncio.Task[None]:
        """Do ``part`` behind what was queued before; return what may be waited for."""
        before = self.last

        async def follow() -> None:
            """Wait for the part before, and do this one."""
            if before is not None:
                await asyncio.wait([before])
            await part()

        self.last = self.stage.background(follow())
        return self.last

    async def make(self, call: Call, work: Callable[[], Any]) -> Any:
        """Call a method under test on the host, and write down how it ended."""

        async def run() -> Any:
            """Call it where its tasks and connections belong to the host."""
            return await called(work())

        result = None
        try:
            result = await self.host.run(run())
        except Exception as error:
            call.error = error
        call.end_s = self.stage.now
        return result
