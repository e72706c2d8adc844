"""Errand: a piece of work that a worker does, from the call that asks for it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeAlias, final

Work: TypeAlias = Coroutine[Any, Any, None]


@final
class Errand:
    """Work in a context of its own, inside a task that has another one.

    Its first step is a call, since most work ends with that; what is left is awaited.

    Attributes:
        task: what runs it; None before it begins and after its end.
        is_unwanted: whether it was cancelled before it began.
        on_step: called once, outside of the context, after the first step; its argument says
            whether the work waits for something now. It raises nothing.
    """

    __slots__ = ("_awaited", "_context", "_work", "is_unwanted", "on_step", "task")

    def __init__(
        self, work: Work, context: Context, on_step: Callable[[bool], object] | None = None
    ) -> None:
        self._work = work
        self._context = context
        # What the work waits for first.
        self._awaited: Any = None
        self.task: asyncio.Task[None] | None = None
        self.is_unwanted: bool = False
        self.on_step: Callable[[bool], object] | None = on_step

    def cancel(self) -> None:
        """Cancel the work, if it has not ended."""
        if self.task is not None:
            self.task.cancel()
        else:
            # It begins all the same and its first wait raises, or `finally` would be lost.
            self.is_unwanted = True

    def begin(self) -> bool:
        """Take the first step; return whether something is left to await."""
        waits = False
        try:
            self._awaited = self._context.run(self._work.send, None)
            waits = True
        except (StopIteration, asyncio.CancelledError):
            # It has ended.
            pass
        finally:
            # Whatever it raised, it had its first step.
            if self.on_step is not None:
                self.on_step(waits)
        return waits

    def __await__(self) -> Generator[Any, Any, None]:
        # A task has one context for life, so each step of the work enters the work's own.
        work, run, awaited = self._work, self._context.run, self._awaited
        self._awaited = None
        try:
            while True:
                thrown: BaseException | None = None
                try:
                    yield awaited
                except GeneratorExit:
                    # The task is being destroyed, and so is the work, in its own context.
                    run(work.close)
                    raise
                except BaseException as error:
                    thrown = error
                # Not inside of `except`: what the work raises next would seem to come of it.
                awaited = run(work.send, None) if thrown is None else run(work.throw, thrown)
        except (StopIteration, asyncio.CancelledError):
            return
