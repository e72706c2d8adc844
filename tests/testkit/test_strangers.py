"""Programs of strangers, unchanged, in the simulation: streams, websockets, HTTP, and our own."""

from __future__ import annotations

import pytest

from mcws_testkit import Faults, World, simulate
from tests.testkit.strangers import (
    HTTP,
    MCWS,
    STREAMS,
    UPGRADED,
    WEBSOCKETS,
    Diary,
    Stranger,
    hold,
)

pytestmark = pytest.mark.long

UNIVERSES = 500

DIALOGUES = [
    pytest.param(STREAMS, False, id="streams"),
    pytest.param(STREAMS, True, id="streams-tls"),
    pytest.param(UPGRADED, True, id="streams-start-tls"),
    pytest.param(WEBSOCKETS, False, id="websockets"),
    pytest.param(WEBSOCKETS, True, id="websockets-tls"),
    pytest.param(HTTP, False, id="http"),
    pytest.param(HTTP, True, id="http-tls"),
    pytest.param(MCWS, False, id="mcws"),
]


@pytest.mark.parametrize(("stranger", "is_secure"), DIALOGUES)
@simulate(Faults.tcp(), universes=UNIVERSES)
async def test_dialogue_is_whole_on_any_network(
    world: World, stranger: Stranger, is_secure: bool
) -> None:
    """Whatever TCP does to every connection, no program notices, and nothing is left of it."""
    diary = Diary()
    await hold(world, stranger, diary, is_secure=is_secure)
    assert diary.is_whole


@pytest.mark.parametrize(("stranger", "is_secure"), DIALOGUES)
@simulate(Faults.chaos(), universes=UNIVERSES)
async def test_dialogue_is_right_in_chaos(
    world: World, stranger: Stranger, is_secure: bool
) -> None:
    """Where connections are lost, what was heard is a beginning of what was said."""
    diary = Diary()
    try:
        await hold(world, stranger, diary, is_secure=is_secure)
    except stranger.losses:
        assert diary.is_beginning
    else:
        assert diary.is_whole
