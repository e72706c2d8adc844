"""Tasks and futures: their order, their names and where they wait."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Generator
from typing import Any

import pytest

from mcws_testkit import SimDeadlock, World


def test_sets_of_tasks_and_futures_have_an_order() -> None:
    """The order of a set follows the order of making, whatever lies where in memory."""
    world = World()

    async def main() -> None:
        """Make some and look at sets of them."""
        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(50)]
        futures = [loop.create_future() for _ in range(50)]
        assert list(set(tasks)) == sorted(tasks, key=hash)
        assert list(set(futures)) == sorted(futures, key=hash)
        assert [hash(task) for task in tasks] == sorted(hash(task) for task in tasks)
        assert tasks[0] == tasks[0]
        assert futures[0] != futures[1]
        assert tasks[0] != tasks[1]
        await asyncio.wait(tasks)

    world.run(main())


def test_tasks_have_names_that_are_the_same_in_each_run() -> None:
    """A name counts the tasks and futures of the loop, not those of the whole process."""
    names: list[str] = []

    async def main() -> None:
        """Write down the own name, and one that was given."""
        names.append(getattr(asyncio.current_task(), "get_name", str)())
        named = asyncio.create_task(asyncio.sleep(0), name="mine")
        assert named.get_name() == "mine"
        await named

    World().run(main())
    World().run(main())
    assert names == ["task 1", "task 1"]


def test_deadlock_says_who_waits_where() -> None:
    """The innermost line of each task is named, and the host that it runs on."""
    world = World()

    async def inner() -> None:
        """Wait for ever."""
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        """Wait for a host that waits for ever."""
        await world.host("server").run(inner())

    with pytest.raises(SimDeadlock) as caught:
        world.run(main())
    first, second = caught.value.waiting
    assert first.startswith("task 1: test_deadlock_says_who_waits_where.<locals>.main, waits at ")
    assert " at tests/testkit/test_tasks.py:" in first
    assert first.endswith(" in main")
    assert " on server: " in second
    assert second.endswith(" in inner")


def test_place_is_found_through_generators_and_awaitables() -> None:
    """Old-style awaitables are looked through too."""
    world = World()

    class Waits:
        """Something that can be awaited."""

        def __await__(self) -> Generator[Any, None, None]:
            yield from asyncio.get_running_loop().create_future()

    async def main() -> None:
        """Wait for it."""
        await Waits()

    with pytest.raises(SimDeadlock, match=r"in __await__"):
        world.run(main())


def test_task_without_a_frame_is_named_only() -> None:
    """A coroutine in C has no line."""
    world = World()

    class Bare:
        """A coroutine that is no Python function."""

        def send(self, value: object) -> Any:
            """Wait for ever."""
            future = asyncio.get_running_loop().create_future()
            future._asyncio_future_blocking = True
            return future

        def throw(self, *error: Any) -> Any:
            """End."""
            raise asyncio.CancelledError

        def close(self) -> None:
            """End."""

        def __await__(self) -> Generator[Any, None, None]:
            raise NotImplementedError

    # asyncio takes for a coroutine what is registered as one.
    kind: Any = Coroutine
    kind.register(Bare)

    async def main() -> None:
        """Run it as a task and wait for it."""
        bare: Any = Bare()
        await asyncio.get_running_loop().create_task(bare)

    with pytest.raises(SimDeadlock) as caught:
        world.run(main())
    assert caught.value.waiting[1].startswith("task 2: <")
    assert caught.value.waiting[1].endswith(">")


def test_factory_makes_tasks() -> None:
    """A program may have its own tasks, which are known by their order and checked as well."""
    world = World()
    made: list[str] = []

    def factory(loop: Any, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a plain task."""
        made.append(str(sorted(options)))
        return asyncio.Task(coroutine, loop=loop, **options)

    async def main() -> None:
        """Set it, use it, and take it away."""
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        assert loop.get_task_factory() is factory
        named = loop.create_task(asyncio.sleep(2), name="mine")
        assert named.get_name() == "mine"
        await world.host("server").run(asyncio.sleep(1))
        assert named in world.loop.tasks.pending
        await named
        loop.set_task_factory(None)
        await asyncio.create_task(asyncio.sleep(0))

    world.run(main())
    assert made == ["[]", "['context']"]


def test_factory_is_checked() -> None:
    """What cannot be called makes no tasks."""
    wrong: Any = 5
    with pytest.raises(TypeError, match="task factory must be a callable or None"):
        World().loop.set_task_factory(wrong)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_eager_tasks_work() -> None:
    """A task that ends in its first step needs no turn of the loop."""
    world = World()
    seen: list[str] = []

    async def note() -> None:
        """Write down that it ran."""
        seen.append("ran")

    async def main() -> None:
        """Make an eager task."""
        factory: Any = getattr(asyncio, "eager_task_factory", None)
        asyncio.get_running_loop().set_task_factory(factory)
        task = asyncio.create_task(note())
        assert seen == ["ran"]
        await task

    world.run(main())
