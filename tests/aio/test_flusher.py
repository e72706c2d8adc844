"""Flusher: once per turn of the loop, in order, whatever one of them raises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcws_protocol.aio._flusher import Flusher


class RecordingOutbox:
    """Writes down when it is flushed, and does what it was told to do then."""

    def __init__(self, name: str, flushed: list[str], act: Callable[[], None]) -> None:
        self._name = name
        self._flushed = flushed
        self._act = act

    def flush(self) -> None:
        """Be flushed."""
        self._flushed.append(self._name)
        self._act()


class Desk:
    """A flusher, and the order of what it flushed."""

    def __init__(self) -> None:
        self.flusher = Flusher(asyncio.get_running_loop())
        self.flushed: list[str] = []

    def mark(self, name: str, act: Callable[[], None] = lambda: None) -> None:
        """Have an outbox flushed."""
        self.flusher.mark(RecordingOutbox(name, self.flushed, act))


async def test_flusher_flushes_in_the_next_turn() -> None:
    """Nothing is written inside the call, everything one turn later, in order."""
    desk = Desk()
    desk.mark("one")
    desk.mark("two")
    assert desk.flushed == []
    await asyncio.sleep(0)
    assert desk.flushed == ["one", "two"]


async def test_flusher_flushes_once() -> None:
    """What was flushed is forgotten."""
    desk = Desk()
    desk.mark("one")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    desk.mark("two")
    await asyncio.sleep(0)
    assert desk.flushed == ["one", "two"]


async def test_flusher_takes_marks_while_it_flushes() -> None:
    """Who is marked meanwhile comes in the turn after."""
    desk = Desk()
    desk.mark("one", lambda: desk.mark("again"))
    await asyncio.sleep(0)
    assert desk.flushed == ["one"]
    await asyncio.sleep(0)
    assert desk.flushed == ["one", "again"]


async def test_flusher_flushes_at_once() -> None:
    """Where it is asked to, with an error reported as well; who was marked still has its turn."""
    desk = Desk()
    problems: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: problems.append(context))

    def fail() -> None:
        raise TypeError("framing")

    desk.mark("marked")
    desk.flusher.flush(RecordingOutbox("one", desk.flushed, fail))
    assert desk.flushed == ["one"]
    assert [str(problem["exception"]) for problem in problems] == ["framing"]
    await asyncio.sleep(0)
    assert desk.flushed == ["one", "marked"]


async def test_flusher_goes_on_behind_an_error() -> None:
    """An outbox that cannot be flushed is reported and does not stop the others."""
    desk = Desk()
    problems: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: problems.append(context))

    def fail() -> None:
        raise TypeError("framing")

    desk.mark("bad", fail)
    desk.mark("good")
    await asyncio.sleep(0)
    assert desk.flushed == ["bad", "good"]
    assert str(problems[0]["exception"]) == "framing"
    assert problems[0]["message"] == "an outbox could not be flushed"


async def test_flusher_accepts_its_own_thread() -> None:
    """A call from the loop's thread is in order."""
    Desk().flusher.check_thread()


async def test_flusher_refuses_another_thread() -> None:
    """A call from elsewhere raises, and names the way to do it."""
    flusher = Desk().flusher
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(flusher.check_thread)
    with pytest.raises(RuntimeError, match=r"use loop\.call_soon_threadsafe"):
        call.result()
