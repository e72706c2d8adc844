"""Tasks and futures whose order in sets does not depend on where they lie in memory."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import weakref
from collections.abc import Coroutine
from contextvars import Context
from traceback import walk_tb
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
    """A task with a number as its hash."""

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
        super().__init__(coroutine, loop=loop, name=name or f"task {number}", context=context)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class Tasks:
    """The tasks and futures of one loop, numbered in the order in which they were made.

    Attributes:
        factory: makes tasks in place of ``SimTask``, as ``set_task_factory`` said; or None.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.factory: Any = None
        self._loop = loop
        self._numbers = itertools.count(1)
        self._number_of: weakref.WeakKeyDictionary[asyncio.Task[Any], int] = (
            weakref.WeakKeyDictionary()
        )
        self._buried: list[asyncio.Task[Any]] = []

    def future(self) -> SimFuture:
        """Return a new future."""
        future = SimFuture(loop=self._loop)
        future.number = next(self._numbers)
        return future

    def task(
        self, coroutine: Any, name: str | None, context: Context | None, options: dict[str, Any]
    ) -> asyncio.Task[Any]:
        """Run a coroutine as a new task."""
        number = next(self._numbers)
        if self.factory is None:
            made: asyncio.Task[Any] = SimTask(coroutine, self._loop, name, context, number)
        else:
            options = options if context is None else {**options, "context": context}
            made = self.factory(self._loop, coroutine, **options)
            if name is not None:
                made.set_name(name)
        self._number_of[made] = number
        return made

    def bury(self, process: Process) -> None:
        """Keep the tasks of a process that ends until the loop does.

        Nobody wakes them any more, so they would be garbage, and what their coroutines do when
        they are collected would happen at any time.
        """
        self._buried += (task for task in self.pending if _process(task) is process)

    @property
    def pending(self) -> list[asyncio.Task[Any]]:
        """Those that have not ended, in order; those of hosts that went down too."""
        return sorted(asyncio.all_tasks(self._loop), key=self._place)

    @property
    def living(self) -> list[asyncio.Task[Any]]:
        """Those that have not ended and whose process still runs, in order."""
        return [task for task in self.pending if _is_alive(task)]

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors of tasks of living processes that nobody has asked for, one line for each."""
        ended = ((number, task) for task, number in self._number_of.items() if task.done())
        tasks: list[Any] = [task for _, task in sorted(ended, key=lambda one: one[0])]
        # What asyncio's own warning goes by has no public name.
        return tuple(
            f"{task.get_name()}: {told(task._exception)}"
            for task in tasks
            if task._log_traceback and _is_alive(task)
        )

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who waits where, one line for each living task."""
        return tuple(_where(task) for task in self.living)

    def _place(self, task: asyncio.Task[Any]) -> tuple[float, int, str]:
        """Return what tasks are sorted by: those that a program made by itself come last."""
        name = task.get_name()
        # Their names are numbered by asyncio.
        return self._number_of.get(task, float("inf")), len(name), name


def told(error: BaseException) -> str:
    """Return an error in one line, with the innermost place that it is from."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    return f"{error!r}" + (f" at {_brief(places[-1][0])}:{places[-1][1]}" if places else "")


def _process(task: asyncio.Task[Any]) -> Process | None:
    """Return the process that a task belongs to, whoever made it."""
    # Python 3.11 has no `get_context`; what an object refers to is known all the same.
    contexts = (one for one in gc.get_referents(task) if isinstance(one, Context))
    context = next(contexts, None)
    return None if context is None else context.get(current_process)


def _is_alive(task: asyncio.Task[Any]) -> bool:
    """Whether the process of a task still runs."""
    process = _process(task)
    return process is None or process.is_alive


def _where(task: asyncio.Task[Any]) -> str:
    """Return who waits where, as one line."""
    process = _process(task)
    host = f" on {process.host}" if process is not None else ""
    return f"{task.get_name()}{host}: {_named(task)}{_line(task)}"


def _named(task: asyncio.Task[Any]) -> str:
    """Return the name of what a task runs."""
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", None) or repr(coroutine))


def _line(task: asyncio.Task[Any]) -> str:
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
