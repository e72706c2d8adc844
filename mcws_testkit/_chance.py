"""Chance: what programs take for random while they are simulated, the same in each run."""

from __future__ import annotations

import gc
import os
import random
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from ._verdicts import SimEscape

_OWNER: Final = threading.RLock()
"""Held by the thread whose simulation runs: the sources of a process cannot serve two of them."""


class Chance:
    """Takes the place of the randomness of this process while a simulation runs.

    Ids, masks and nonces reach the wire, so a run could not be repeated if they differed. The
    module ``random`` goes on from a state that belongs to the simulation, and ``os.urandom`` gives
    bytes that look random; ``secrets``, ``uuid.uuid4`` and ``random.SystemRandom`` take theirs from
    it. A program needs no hook for this, and outside of the run everything is as it was.

    The collector of garbage waits too: it calls finalizers at moments that depend on all that this
    process did before. What is not in a cycle goes at once, as ever.

    Not repeatable are the bytes of TLS, since OpenSSL draws them by itself, a ``random.Random()``
    without a seed, which asks the system, and what a program takes from the clock of the machine,
    or from the order of a set of objects that hash by address.
    """

    def __init__(self) -> None:
        self._bytes = random.Random(0)  # noqa: S311 (nothing in a simulation is a secret)
        self._state = self._bytes.getstate()

    @contextmanager
    def govern(self) -> Generator[None]:
        """Decide for the length of the block.

        Raises:
            SimEscape: a simulation runs in another thread.
        """
        if not _OWNER.acquire(blocking=False):
            raise SimEscape("a second world in another thread", "run one after the other")
        # What `secrets` and `SystemRandom` call has this name in `random` since Python 2.4.
        module: Any = random
        outside = random.getstate(), os.urandom, module._urandom, gc.isenabled()
        random.setstate(self._state)
        os.urandom = module._urandom = self._bytes.randbytes
        gc.disable()
        try:
            yield
        finally:
            self._state = random.getstate()
            state, os.urandom, module._urandom, collects = outside
            random.setstate(state)
            if collects:
                gc.enable()
            _OWNER.release()
