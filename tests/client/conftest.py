"""Tests of a client run in virtual time; those of sockets run on a real loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.aio.harness import Lab, MakeLab, make_lab
from tests.aio.virtual import VirtualLoop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests that open real sockets."""
    config.addinivalue_line("markers", "sockets: opens real sockets on the loopback, in real time")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, LoopFactory]:
    """Make virtual loops, but for tests that open sockets."""
    if item.get_closest_marker("sockets") or item.path.name == "test_main.py":
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualLoop}


@pytest_asyncio.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[MakeLab]:
    """Return what makes a server with clients on cables; in the end, nothing may be left of it."""
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    make, labs = make_lab(monkeypatch), list[Lab]()

    def remember(*arguments: Any, **options: Any) -> Lab:
        labs.append(make(*arguments, **options))
        return labs[-1]

    yield remember
    for made in labs:
        made.server.close()
        for end in (*made.near, *made.far):
            end.flow()
            end.abort()
    await asyncio.sleep(60)
    for made in labs:
        for end in made.near:
            assert not end.protocol._hub.swept
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert problems == []
