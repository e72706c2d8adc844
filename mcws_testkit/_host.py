"""Host: one machine of a simulated world, which can be killed, crash and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

from ._loop import SimLoop
from ._names import Place
from ._process import current_process

_T = TypeVar("_T")


class HostDown(Exception):
    """What ran on a host ended with it.

    Attributes:
        host: its name.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"host {host!r} went down")


class Host:
    """One machine of a world: code that runs on it listens and connects with its address.

    Get one by ``world.host(name)``. Hosts find each other by their names.
    """

    def __init__(self, loop: SimLoop, place: Place) -> None:
        self._loop = loop
        self._place = place
        # A dict, since it keeps the order.
        self._running: dict[asyncio.Future[Any], None] = {}

    @property
    def name(self) -> str:
        """The name by which other hosts find it."""
        return self._place.name

    @property
    def address(self) -> str:
        """Its address."""
        return self._place.address

    @property
    def is_up(self) -> bool:
        """Whether programs run on it: not after ``kill`` and ``crash``, until ``restart``."""
        return self._place.process.is_alive

    def run(self, program: Coroutine[Any, Any, _T]) -> asyncio.Future[_T]:
        """Start ``program`` on this host and return what may be awaited for its result.

        All that it starts belongs to the host too. To cancel what is returned cancels the program.

        Raises:
            TypeError: ``program`` is no coroutine.
            HostDown: the host is not up; or, when awaited, it went down before the program ended.
        """
        if not asyncio.iscoroutine(program):
            raise TypeError(
                f"host.run takes a coroutine, as in `host.run(main())`, not {program!r}"
            )
        if not self.is_up:
            program.close()
            raise HostDown(self.name)
        process = self._place.process
        context = copy_context()
        context.run(current_process.set, process)
        task = self._loop.create_task(program, context=context)
        result: asyncio.Future[_T] = self._loop.create_future()
        self._running[result] = None

        def hand_over(_: object) -> None:
            """Give the result of the program to who waits for it."""
            self._running.pop(result, None)
            # Asked for in any case: an error of a program whose host went down is nobody's.
            error = None if task.cancelled() else task.exception()
            if result.done():
                return
            if task.cancelled():
                result.cancel()
            elif error is not None:
                result.set_exception(error)
            else:
                result.set_result(task.result())

        def cancel(_: object) -> None:
            """Cancel the program if who waits for it gave up."""
            if result.cancelled():
                task.cancel()

        task.add_done_callback(hand_over)
        result.add_done_callback(cancel)
        return result

    def kill(self) -> None:
        """End its programs as ``kill -9`` does: the system closes their connections, FIN or RST."""
        self._loop.tasks.bury(self._place.process)
        self._loop.network.kill(self._place)
        self._fail_running()

    def crash(self) -> None:
        """Take the power: nobody is told, and who writes to it hears nothing until it is back."""
        self._loop.tasks.bury(self._place.process)
        self._loop.network.crash(self._place)
        self._fail_running()

    def restart(self) -> None:
        """Be up again, with no program; connections of before are reset when they are used."""
        self._loop.tasks.bury(self._place.process)
        self._loop.network.restart(self._place)
        self._fail_running()

    def _fail_running(self) -> None:
        """Tell those who wait for programs that have ended with their process."""
        ended, self._running = self._running, {}
        for result in ended:
            if not result.done():
                result.set_exception(HostDown(self.name))
                # Nobody has to wait for a program that is gone.
                result.exception()

    def __repr__(self) -> str:
        return f"<Host {self.name} {self.address} {'up' if self.is_up else 'down'}>"
