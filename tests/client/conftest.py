"""Tests of a client run in the simulation: in virtual time, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from mcws_testkit import SimLoop
from tests.aio.harness import Lab, MakeLab, make_lab


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, type]:
    """Make simulated loops."""
    return {"simulated": SimLoop}


@pytest_asyncio.fixture
async def lab() -> AsyncGenerator[MakeLab]:
    """Return what makes a server with clients on cables; in the end, nothing may be left of it."""
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    labs: list[Lab] = []

    def remember(*arguments: Any, **options: Any) -> Lab:
        labs.append(make_lab(*arguments, **options))
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
