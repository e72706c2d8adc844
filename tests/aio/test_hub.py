"""Hub: the one timer of all connections, and the contexts of their handlers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from mcws_protocol import Limits
from mcws_protocol.aio._handlers import Handlers
from mcws_protocol.aio._hub import BLOCKED_S, HANDLING, Hub
from mcws_testkit import SimLoop

LOG = logging.getLogger("mcws.test")
COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


def make_hub(**limits: Any) -> Hub:
    """Return a hub on the running loop."""
    return Hub(Handlers(), Limits(**limits), LOG, is_server=True)


class RecordingConnection:
    """Writes down when it is swept, and does what it was told to do then."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.swept: list[float] = []
        self.excused: list[float] = []
        self._act = act

    def sweep(self, now: float) -> None:
        """Be swept."""
        self.swept.append(now)
        self._act()

    def excuse(self, seconds: float) -> None:
        """Be excused."""
        self.excused.append(seconds)


def pass_time(seconds: float) -> None:
    """Block the loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    loop.block(seconds)


def timers() -> int:
    """Return how many timers the loop has."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return len(loop.waiting_timers)


async def test_sweep_comes_once_a_second() -> None:
    """One timer looks at every connection."""
    hub = make_hub()
    one, other = RecordingConnection(), RecordingConnection()
    hub.watch(one)
    hub.watch(other)
    assert timers() == 1
    await asyncio.sleep(3.5)
    assert [now - 1000 for now in one.swept] == [1, 2, 3]
    assert one.swept == other.swept
    assert one.excused == []


async def test_sweep_comes_more_often_for_short_limits() -> None:
    """A limit of a second is looked at five times within it."""
    hub = make_hub(close_s=1.0)
    connection = RecordingConnection()
    hub.watch(connection)
    await asyncio.sleep(1.1)
    assert len(connection.swept) == 5


async def test_sweep_does_not_begin_without_connections() -> None:
    """A hub alone has no timer, and ends the one it had with the last connection."""
    hub = make_hub()
    one, other = RecordingConnection(), RecordingConnection()
    assert timers() == 0
    hub.watch(one)
    hub.watch(other)
    hub.unwatch(one)
    assert timers() == 1
    hub.unwatch(other)
    hub.unwatch(other)
    assert timers() == 0
    await asyncio.sleep(5)
    assert one.swept == other.swept == []


async def test_sweep_begins_again() -> None:
    """After a time without connections the next one is swept."""
    hub = make_hub()
    hub.watch(RecordingConnection())
    hub.unwatch(next(iter(hub.swept)))
    connection = RecordingConnection()
    hub.watch(connection)
    await asyncio.sleep(1.1)
    assert len(connection.swept) == 1


async def test_sweep_in_which_the_last_connection_goes() -> None:
    """Leaving within the sweep ends the timer."""
    hub = make_hub()
    connection = RecordingConnection(lambda: hub.unwatch(connection))
    hub.watch(connection)
    await asyncio.sleep(5)
    assert len(connection.swept) == 1
    assert timers() == 0


async def test_sweep_in_which_connections_take_turns() -> None:
    """Leaving and coming within the sweep leaves one timer, not two."""
    hub = make_hub()
    second = RecordingConnection()

    def take_turns() -> None:
        hub.unwatch(first)
        hub.watch(second)

    first = RecordingConnection(take_turns)
    hub.watch(first)
    await asyncio.sleep(3.5)
    assert timers() == 1
    assert len(second.swept) == 2


async def test_sweep_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """The deadlines of all others hold, in this sweep and in the next ones."""

    def fail() -> None:
        raise KeyError("sweep")

    hub = make_hub()
    bad, good = RecordingConnection(fail), RecordingConnection()
    hub.watch(bad)
    hub.watch(good)
    await asyncio.sleep(2.5)
    assert len(good.swept) == len(bad.swept) == 2
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize(("late_s", "is_excused"), [(0.0, False), (0.2, False), (0.3, True)])
async def test_sweep_that_is_late_excuses_silence(late_s: float, is_excused: bool) -> None:
    """The time in which this end was blocked, and no more, is not held against the peer."""
    hub = make_hub()
    connection = RecordingConnection()
    hub.watch(connection)
    assert 0.2 < BLOCKED_S < 0.3
    pass_time(1.0 + late_s)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(connection.swept) == 1
    assert connection.excused == ([pytest.approx(late_s)] if is_excused else [])


async def test_sweep_after_a_late_one_is_in_time_again() -> None:
    """The next sweep comes a second after the late one, and excuses nothing."""
    hub = make_hub()
    connection = RecordingConnection()
    hub.watch(connection)
    pass_time(30.0)
    await asyncio.sleep(1.1)
    assert [now - 1000 for now in connection.swept] == [30, 31]
    assert len(connection.excused) == 1


async def test_context_knows_whose_handlers_run() -> None:
    """Every connection has a context of its own, grown from the one of the hub's making."""
    COLOUR.set("red")
    hub = make_hub()
    COLOUR.set("green")
    one, other = object(), object()
    context = hub.context_for(one)
    context.run(COLOUR.set, "blue")
    assert context[HANDLING] is one
    assert hub.context_for(other)[HANDLING] is other
    assert hub.context_for(other)[COLOUR] == "red"
    assert HANDLING.get() is None


async def test_run_lends_a_worker() -> None:
    """Work runs in a worker, in the context that it is given."""
    hub = make_hub()
    seen: list[str] = []
    context = copy_context()
    context.run(COLOUR.set, "red")

    async def work() -> None:
        seen.append(COLOUR.get())

    errand = hub.run(work(), context)
    await asyncio.sleep(0)
    assert seen == ["red"]
    assert errand.task is None
    hub.workers.close()


def test_hub_belongs_to_a_loop() -> None:
    """Outside of a running loop there is no hub."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        make_hub()
