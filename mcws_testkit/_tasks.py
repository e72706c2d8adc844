"""Tasks and futures whose order in sets does not depend on where they lie in memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from ._process import Process, current_process


class SimFuture(asyncio.Future[Any]):
    """A future with a number as its hash.

    ``asyncio.wait`` and many programs keep futures in sets, and the order of a set follows the
    hashes. By default these are addresses, which differ from run to run.
    """

    # Set by the loop. Without a constructor of its own it is made as fast as any other future, and
    # many are made.
    number: int

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class SimTask(asyncio.Task[Any]):
    """A task with a number as its hash, that knows the process it runs in."""

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        loop: asyncio.AbstractEventLoop,
        name: str | None,
        context: Context | None,
        number: int,
    ) -> None:
        # Before the rest, which puts the task into a set.
        self._number = number
        self.process: Process | None = (
            current_process.get() if context is None else context.get(current_process)
        )
        super().__init__(coroutine, loop=loop, name=name or f"task {number}", context=context)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def number(self) -> int:
        """The number of the task, in the order in which they were made on its loop."""
        return self._number

    def where(self) -> str:
        """Return who waits where, as one line."""
        host = f" on {self.process.host}" if self.process is not None else ""
        return f"{self.get_name()}{host}: {_named(self)}{_line(self)}"


def _named(task: SimTask) -> str:
    """Return the name of what a task runs."""
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", None) or repr(coroutine))


def _line(task: SimTask) -> str:
    """Return the innermost place where a task waits."""
    awaited: Any = task.get_coro()
    frame = None
    # Through the coroutines that wait for each other, down to the one that waits for a future.
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", getattr(awaited, "gi_frame", None)) or frame
        awaited = getattr(awaited, "cr_await", getattr(awaited, "gi_yieldfrom", None))
    if frame is None:
        return ""
    code = frame.f_code
    return f", waits at {_brief(code.co_filename)}:{frame.f_lineno} in {code.co_name}"


def _brief(file: str) -> str:
    """Return a file as pytest names it: from the working directory on, where it is in there."""
    return file.removeprefix(f"{os.getcwd()}{os.sep}")
