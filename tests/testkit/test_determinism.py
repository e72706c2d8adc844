"""The same schedule gives the same trace: in every process, and however often it is lived."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import pytest

from mcws_testkit import SimLoop, World

pytestmark = pytest.mark.long

ROOT: Final = Path(__file__).parents[2]
SCENARIOS: Final = 1_000
HASH_SEEDS: Final = ("0", "1", "4242")


def test_scenarios_have_one_outcome_in_all_processes() -> None:
    """A thousand worlds have the same trace with any hash seed; each process lives them twice."""
    command = [sys.executable, "-m", "tests.testkit.scenarios", str(SCENARIOS)]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for seed in HASH_SEEDS
    ]
    first, *others = (process.communicate()[0] for process in processes)
    assert len(first.splitlines()) == SCENARIOS
    assert all(other == first for other in others)
    assert not any(process.returncode for process in processes)


def drawn() -> list[object]:
    """Return something from each source of randomness that a program may have."""
    return [
        random.random(),
        random.getrandbits(64),
        random.SystemRandom().random(),
        secrets.token_hex(8),
        uuid.uuid4(),
        os.urandom(4),
    ]


async def draw() -> list[object]:
    """Draw on a loop."""
    return drawn()


def test_randomness_is_the_same_in_each_world() -> None:
    """What a program draws is the same in another world, and another thing the next time in one."""
    with World() as one, World() as other:
        first, second = one.step(draw()), one.step(draw())
        assert [other.step(draw()), other.step(draw())] == [first, second]
        assert not any(value == again for value, again in zip(first, second, strict=True))


def test_randomness_outside_is_not_touched() -> None:
    """Who runs a world in between draws what he would have drawn without it."""
    state, urandom = random.getstate(), os.urandom
    expected = random.random()
    random.setstate(state)
    World().run(draw())
    assert random.random() == expected
    assert os.urandom is urandom
    assert secrets.token_bytes(8) != secrets.token_bytes(8)


def test_generators_that_are_left_are_closed_in_order() -> None:
    """At the end of a loop generators end in the order in which they began."""
    closed: list[int] = []
    kept: list[object] = []

    async def count(number: int) -> AsyncGenerator[int]:
        """Yield for ever, and tell when it ends."""
        try:
            while True:
                yield number
        finally:
            closed.append(number)

    async def begin() -> None:
        """Begin ten generators and leave them."""
        for number in range(10):
            generator = count(number)
            kept.append(generator)
            await anext(generator)

    loop = SimLoop()
    loop.run_until_complete(begin())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert closed == list(range(10))
