"""Errand: one piece of work, its first step, its context and its end."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any

import pytest

from mcws_protocol.aio._errand import Errand

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


async def drive(work: Coroutine[Any, Any, None], context: Context) -> None:
    """Do an errand to its end, in this task."""
    errand = Errand(work, context)
    if errand.begin():
        await errand


# Contexts


async def test_errand_is_that_of_the_work() -> None:
    """Work sees and changes its own context, across everything that it awaits."""
    seen: list[str] = []

    async def work() -> None:
        COLOUR.set("red")
        await asyncio.sleep(0)
        seen.append(COLOUR.get())
        await asyncio.create_task(child())

    async def child() -> None:
        seen.append(COLOUR.get())

    context = copy_context()
    await drive(work(), context)
    assert seen == ["red", "red"]
    assert context[COLOUR] == "red"
    assert COLOUR.get() == "none"


async def test_errand_passes_exceptions_out() -> None:
    """What work raises comes out."""

    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("work")

    with pytest.raises(ValueError, match="work"):
        await drive(work(), copy_context())


async def test_errand_passes_exceptions_in() -> None:
    """What is awaited raises inside of the work, which may go on and await more."""

    async def work() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(KeyError("inner"))
        with pytest.raises(KeyError):
            await future
        await asyncio.sleep(0)

    await drive(work(), copy_context())


async def test_errand_leaves_no_trace_of_handled_exceptions() -> None:
    """An error raised after another one was handled does not seem to come of that."""

    async def work() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9), 1)
        raise ValueError("work")

    with pytest.raises(ValueError, match="work") as caught:
        await drive(work(), copy_context())
    assert "During handling" not in "".join(traceback.format_exception(caught.value))


def test_errand_closes_its_work() -> None:
    """Work that is destroyed instead of resumed runs its ``finally`` in its context."""
    seen: list[str] = []

    async def work() -> None:
        COLOUR.set("red")
        try:
            await asyncio.sleep(0)
        finally:
            seen.append(COLOUR.get())

    errand = Errand(work(), copy_context())
    assert errand.begin()
    driver = errand.__await__()
    next(driver)
    driver.close()
    assert seen == ["red"]


# The first step


@pytest.mark.parametrize("waits", [False, True])
async def test_errand_tells_of_its_first_step(waits: bool) -> None:
    """Once, outside of its context, and whether it waits."""
    told: list[tuple[bool, str]] = []

    async def work() -> None:
        COLOUR.set("red")
        if waits:
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    errand = Errand(work(), copy_context(), lambda waits: told.append((waits, COLOUR.get())))
    assert errand.begin() is waits
    assert told == [(waits, "none")]
    if waits:
        await errand
    assert told == [(waits, "none")]


async def test_errand_tells_of_a_first_step_that_raised() -> None:
    """Who waits for the first step does not wait for ever."""
    told: list[bool] = []

    async def work() -> None:
        raise KeyError("work")

    with pytest.raises(KeyError):
        Errand(work(), copy_context(), told.append).begin()
    assert told == [False]


@pytest.mark.parametrize("waits", [False, True])
async def test_errand_ends_with_a_cancellation(waits: bool) -> None:
    """Work that was cancelled has ended like any other."""

    async def work() -> None:
        if waits:
            await asyncio.sleep(0)
        raise asyncio.CancelledError

    await drive(work(), copy_context())


# Cancelling


def test_errand_that_did_not_begin_is_unwanted() -> None:
    """Who runs it has to know."""

    async def work() -> None:
        """Do nothing."""

    coroutine = work()
    errand = Errand(coroutine, copy_context())
    unwanted = [errand.is_unwanted]
    errand.cancel()
    unwanted.append(errand.is_unwanted)
    assert unwanted == [False, True]
    coroutine.close()


async def test_errand_cancels_the_task_that_runs_it() -> None:
    """Once it began, its task is what can be cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(9))
    work = asyncio.sleep(0)
    errand = Errand(work, copy_context())
    errand.task = task
    errand.cancel()
    assert task.cancelling() == 1
    assert not errand.is_unwanted
    work.close()
