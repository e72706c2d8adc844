"""Chance: what is random for a program while it is simulated."""

from __future__ import annotations

import gc
import os
import random
import secrets

from mcws_testkit._chance import Chance


def draw() -> tuple[float, bytes, str]:
    """Return something from each source."""
    return random.random(), os.urandom(4), secrets.token_hex(4)


def test_chance_is_the_same_each_time() -> None:
    """Two simulations draw the same, and each goes on where it was."""
    one, other = Chance(), Chance()
    with one.govern():
        first = draw()
    with other.govern():
        assert draw() == first
        second = draw()
    with one.govern():
        assert draw() == second != first


def test_chance_outside_is_as_it_was() -> None:
    """Neither the state nor the sources of the process change."""
    state, source = random.getstate(), os.urandom
    with Chance().govern():
        draw()
        assert os.urandom is not source
    assert random.getstate() == state
    assert os.urandom is source


def test_collector_waits() -> None:
    """Garbage is not collected meanwhile, and afterwards only where it was before."""
    with Chance().govern():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with Chance().govern():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
