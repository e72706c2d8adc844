"""World: whole lives, steps, leaks and replays."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import pytest

from mcws_testkit import (
    Faults,
    ReplayedChoices,
    SeededChoices,
    SimDeadlock,
    SimEscape,
    SimLeak,
    SimLivelock,
    World,
)
from mcws_testkit._failures import explain
from tests.testkit._planned import echo, planned


async def exchange(world: World) -> None:
    """Let two devices talk to an echo."""
    server = await world.host("server").run(asyncio.start_server(echo, "0.0.0.0", 80))

    async def talk() -> None:
        """Say a few things, with timers around."""
        reader, writer = await asyncio.open_connection("server", 80)
        try:
            for number in range(5):
                writer.write(b"line %d\n" % number)
                await asyncio.sleep(number / 10)
                await asyncio.to_thread(int)
                assert await reader.readline() == b"line %d\n" % number
        finally:
            writer.close()

    try:
        await asyncio.gather(*(world.host(name).run(talk()) for name in ("one", "two")))
    finally:
        server.close()
        await server.wait_closed()


def left_by(program: Any, **options: Any) -> str:
    """Return what a world says that a program left."""
    with pytest.raises(SimLeak) as caught:
        World(**options).run(program)
    assert len(caught.value.left) == 1, caught.value
    return caught.value.left[0]


def test_run_returns_what_the_program_does() -> None:
    """Or raises what it raises."""
    world = World()
    assert world.run(asyncio.sleep(3, "done")) == "done"
    assert world.now == 3.0

    async def fail() -> None:
        """Fail."""
        raise LookupError

    with pytest.raises(LookupError):
        World().run(fail())


@pytest.mark.parametrize("faults", [Faults.tcp(), Faults.chaos()], ids=["tcp", "chaos"])
@pytest.mark.parametrize("seed", range(40))
def test_same_seed_is_the_same_run_and_replays(faults: Faults, seed: int) -> None:
    """A seed, and the token of its run, give the same trace and the same deviations."""

    def run(choices: Any) -> tuple[str, tuple[str, ...], str]:
        """Return the trace, the deviations and the token of a run."""
        world = World(faults, choices)
        try:
            world.run(exchange(world))
        except (OSError, asyncio.IncompleteReadError, AssertionError):
            assert faults != Faults.tcp()
        return world.trace.digest, world.deviations, world.token

    first = run(SeededChoices(seed))
    assert run(SeededChoices(seed)) == first
    assert run(ReplayedChoices(first[2])) == first


def test_worlds_are_independent() -> None:
    """One after the other, each begins anew."""
    lives = [World() for _ in range(3)]
    for world in lives:
        world.run(exchange(world))
    assert len({world.trace.digest for world in lives}) == 1
    assert all(event.time_s >= 0 for event in lives[-1].trace)


def test_task_that_is_left_is_a_leak() -> None:
    """It is named with the line where it waits, and ended."""
    seen: list[str] = []

    async def wait() -> None:
        """Wait for ever."""
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    async def main() -> None:
        """Leave it."""
        main.task = asyncio.create_task(wait())  # type: ignore[attr-defined]  # kept alive

    text = left_by(main())
    assert "wait, waits at" in text
    assert seen == ["ended"]


def test_task_that_ends_in_time_is_none() -> None:
    """What goes away by itself has some time for it."""
    kept: list[Any] = []

    async def main() -> None:
        """Leave a task that ends."""
        kept.append(asyncio.create_task(asyncio.sleep(59)))

    World().run(main())
    kept.clear()

    async def other() -> None:
        """Leave a task that ends later."""
        kept.append(asyncio.create_task(asyncio.sleep(59)))

    with pytest.raises(SimLeak):
        World(grace_s=10).run(other())


def test_timer_that_is_left_is_a_leak() -> None:
    """It is named with its time."""

    async def main() -> None:
        """Leave it."""
        asyncio.get_running_loop().call_later(3600, print)

    assert left_by(main()).startswith("timer in 3540 s: <TimerHandle")


def test_connection_and_listener_that_are_left_are_leaks() -> None:
    """Each end and each server is named with its host."""
    kept: list[Any] = []

    async def main() -> None:
        """Leave all."""
        kept.append(await asyncio.start_server(echo, "0.0.0.0", 80))
        kept.append(await asyncio.open_connection("main", 80))

    with pytest.raises(SimLeak) as caught:
        World().run(main())
    text = str(caught.value)
    for part in (
        "<SimTransport client of connection 1 open> on main",
        "<SimTransport server of connection 1 open> on main",
        "<SimServer 0.0.0.0:80 on main>",
        "echo, waits at",
    ):
        assert part in text


def test_error_that_nobody_handled_is_a_leak() -> None:
    """What reached the exception handler of the loop is told."""

    async def main() -> None:
        """Tell it something."""
        asyncio.get_running_loop().call_exception_handler({"message": "mine"})

    assert left_by(main()) == "mine"


def test_deadlock_ends_a_world() -> None:
    """And its tasks with it."""
    with pytest.raises(SimDeadlock, match=r"asyncio/locks\.py"):
        World().run(asyncio.wait_for(asyncio.Event().wait(), None))


def test_livelock_ends_a_world() -> None:
    """A task that refuses to end is ended by force."""

    async def spin() -> None:
        """Go round for ever, whatever comes."""
        while True:
            try:
                await asyncio.sleep(0)
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    raise RuntimeError("I will not") from None

    with pytest.raises(SimLivelock, match="spin"):
        World(steps_max=1000).run(spin())


def test_task_that_swallows_cancellation_is_ended_by_force() -> None:
    """Nothing of a world runs in another test."""
    seen: list[str] = []

    async def stubborn() -> None:
        """Wait again and again."""
        try:
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    seen.append("cancelled")
        finally:
            seen.append("closed")

    with pytest.raises(SimDeadlock):
        World().run(stubborn())
    assert seen == ["cancelled"] * 4 + ["closed"]


def test_steps_come_one_by_one() -> None:
    """A world can be lived in pieces; its end checks it, once."""
    world = World()
    kept: list[Any] = []

    async def listen() -> None:
        """Begin."""
        kept.append(await asyncio.start_server(echo, "0.0.0.0", 80))

    world.step(listen())
    world.step(asyncio.sleep(1))
    assert world.now == 1.0
    with pytest.raises(SimLeak, match="SimServer"):
        world.close()
    world.close()


def fail_in(world: World, program: Any, *, close_first: bool) -> None:
    """Fail within the block of a world, which was closed before or has something left."""
    with world:
        if close_first:
            program.close()
            world.close()
        else:
            world.step(program)
        raise LookupError


def test_world_of_a_failed_block_is_not_checked() -> None:
    """The failure is told, not what it left."""
    kept: list[Any] = []

    async def main() -> None:
        """Leave something."""
        kept.append(await asyncio.start_server(echo, "0.0.0.0", 80))

    for close_first in (False, True):
        with pytest.raises(LookupError):
            fail_in(World(), main(), close_first=close_first)


def test_world_heals_by_its_parts() -> None:
    """Hosts can be parted by name, and meet again."""
    world = World()
    world.host("b")

    async def main() -> None:
        """Part and heal."""
        world.partition(world.host("a"), "b")
        world.heal()

    world.run(main())
    assert [event.kind for event in world.trace] == ["heal", "heal"]


def test_what_a_livelock_left_is_ended_by_force() -> None:
    """Connections and tasks that never come to their end are taken away without a word."""
    world, refused = World(steps_max=1000), list[str]()
    kept: list[object] = []
    handle: Any = len

    async def main() -> None:
        """Open a connection, then spin until it was asked five times to end."""
        await world.host("server").run(asyncio.start_server(handle, "0.0.0.0", 80))
        kept.extend(await asyncio.open_connection("server", 80))
        while len(refused) < 5:
            try:
                await asyncio.sleep(0)
            except GeneratorExit:
                refused.append("refused")

    with pytest.raises(SimLivelock):
        world.run(main())
    assert len(refused) >= 4
    assert not world.loop.network.open_ends


def test_hosts_that_do_not_exist_are_not_parted() -> None:
    """A name that is misspelt does not make a test pass for the wrong reason."""
    world = World()
    world.host("server")
    with pytest.raises(ValueError, match="no host 'devcie' in this world"):
        world.partition("server", "devcie")
    world.close()


def test_world_that_has_ended_runs_nothing() -> None:
    """A second life would be checked by nobody."""
    world = World()
    world.run(asyncio.sleep(0))
    for run in (world.run, world.step):
        with pytest.raises(RuntimeError, match="this world has ended: make another one"):
            run(asyncio.sleep(0))


def test_partition_of_the_schedule_does_not_end_one_of_the_test() -> None:
    """Healing ends all partitions; what ends by itself ends no later one."""
    world = World(Faults(partition_s=30.0), planned((1, 0, 399)))

    async def talk() -> float:
        """Part hosts anew once the network has healed, and heal that after a minute."""
        loop = asyncio.get_running_loop()
        server = await world.host("server").run(asyncio.start_server(echo, "0.0.0.0", 80))
        reader, writer = await world.host("client").run(asyncio.open_connection("server", 80))
        writer.write(b"1")
        await asyncio.sleep(1)
        world.heal()
        assert await reader.read(1) == b"1"
        world.partition("server", "client")
        loop.call_later(60, world.heal)
        start = loop.time()
        writer.write(b"2")
        assert await reader.read(1) == b"2"
        writer.close()
        server.close()
        return loop.time() - start

    assert world.run(talk()) == 60
    assert [event.kind for event in world.trace if event.is_fault] == ["partition"]


def test_error_of_a_task_that_is_kept_is_told() -> None:
    """Nobody asks a service for its error that keeps its task, as it should; the world does."""
    world = World()
    kept: list[asyncio.Task[None]] = []

    async def service() -> None:
        """Fail."""
        raise LookupError("the cause")

    async def main() -> None:
        """Start the service."""
        kept.append(asyncio.create_task(service()))
        await asyncio.sleep(1)

    with pytest.raises(SimLeak, match=r"LookupError\('the cause'\) at tests/testkit/test_world.py"):
        world.run(main())


def test_errors_that_nobody_handled_are_part_of_each_report() -> None:
    """A deadlock is often due to an error that came before it."""
    world = World()

    async def main() -> None:
        """Wait for what a callback that failed does not bring."""
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.Event().wait()

    with pytest.raises(SimDeadlock) as caught:
        world.run(main())
    explain(caught.value)
    assert "errors that nobody handled\n  Exception in callback" in caught.value.__notes__[0]


def test_sleeping_for_ever_is_no_event() -> None:
    """A program that waits beside one that sleeps for ever is in a deadlock."""
    world, kept = World(), list[asyncio.Task[None]]()

    async def main() -> None:
        """Wait beside a sleeper."""
        kept.append(asyncio.create_task(asyncio.sleep(math.inf)))
        await asyncio.Event().wait()

    with pytest.raises(SimDeadlock, match="deadlock at 0 s"):
        world.run(main())


def test_end_of_the_process_inside_of_a_clean_up_leaves_nothing() -> None:
    """Also then everything is closed."""
    world, kept = World(), list[asyncio.Task[None]]()

    async def stubborn() -> None:
        """End the process in the end."""
        try:
            await asyncio.Event().wait()
        finally:
            raise SystemExit(3)

    async def main() -> None:
        """Fail while it runs."""
        kept.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(SystemExit):
        world.run(main())
    assert world.loop.is_closed()


def test_worlds_of_two_threads_do_not_run_at_once() -> None:
    """The randomness of a process can have one owner."""
    world, other = World(), World()
    escapes: list[BaseException] = []

    def run() -> None:
        """Run another world."""
        with pytest.raises(SimEscape, match="a second world in another thread") as caught:
            other.run(asyncio.sleep(0))
        escapes.append(caught.value)

    async def main() -> None:
        """Do it while this one runs."""
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    world.run(main())
    assert len(escapes) == 1
