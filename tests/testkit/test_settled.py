"""Settled: nothing is left that could happen without time passing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

import mcws_testkit._settled
from mcws_testkit import SimLivelock, settled


async def turn(count: int, diary: list[int]) -> None:
    """Take so many turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)
    diary.append(count)


async def test_settled_waits_for_what_is_ready() -> None:
    """However many turns it takes, all that can run has run."""
    diary: list[int] = []
    tasks = [asyncio.ensure_future(turn(count, diary)) for count in (1, 1000, 30)]
    await settled()
    assert diary == [1, 30, 1000]
    await asyncio.gather(*tasks)


async def test_settled_does_not_wait_for_time() -> None:
    """What sleeps goes on sleeping; what was cancelled is nothing."""
    sleeping = asyncio.ensure_future(asyncio.sleep(1000))
    await settled()
    asyncio.get_running_loop().call_soon(print).cancel()
    assert not sleeping.done()
    sleeping.cancel()
    await settled()
    assert sleeping.cancelled()


async def test_settled_several_at_once() -> None:
    """Those who wait for rest are no unrest."""
    diary: list[int] = []

    async def wait() -> int:
        await settled()
        return len(diary)

    task = asyncio.ensure_future(turn(20, diary))
    assert list(await asyncio.gather(wait(), wait(), wait())) == [1, 1, 1]
    await task


async def test_settled_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What turns for ever is named."""
    monkeypatch.setattr(mcws_testkit._settled, "TURNS_MAX", 100)
    task = asyncio.ensure_future(turn(1 << 60, []), loop=asyncio.get_running_loop())
    task.set_name("the wheel")
    with pytest.raises(SimLivelock, match="100 callbacks ran, more than") as caught:
        await settled()
    assert "the wheel" in str(caught.value)
    task.cancel()


def run(main: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> None:
    """Run on a loop of another kind."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main)


async def check() -> None:
    """Check that ten turns are waited for."""
    diary: list[int] = []
    task = asyncio.ensure_future(turn(10, diary))
    await settled()
    assert diary == [10]
    await task


def test_settled_on_uvloop() -> None:
    """A loop that tells nothing is given turns enough."""
    uvloop = pytest.importorskip("uvloop")
    run(check(), uvloop.new_event_loop())


async def test_settled_on_a_loop_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no private name of the loop."""
    diary: list[int] = []
    task = asyncio.ensure_future(turn(10, diary))
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "get_running_loop", object)
        await settled()
    assert diary == [10]
    await task


def test_settled_asks_a_loop_that_knows() -> None:
    """A loop that knows when it rests is asked."""

    class Knowing(asyncio.SelectorEventLoop):
        """Knows it."""

        asked = 0

        async def settle(self) -> None:
            """Count."""
            self.asked += 1

    loop = Knowing()
    run(settled(), loop)
    assert loop.asked == 1
