"""A loop whose clock jumps to the next timer, so that no test waits and none is flaky."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class JumpingSelector(selectors.BaseSelector):
    """Asks the real selector, but moves the clock instead of waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """As the real one."""
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """As the real one."""
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """As the real one."""
        return self._real.get_map()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; without any, let ``timeout`` pass at once."""
        ready = self._real.select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing can happen any more: the test waits for ever")
            self.now += max(timeout, 0)
        return ready

    def close(self) -> None:
        """As the real one."""
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; without sockets it is exact and deterministic."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now

    def block(self, seconds: float) -> None:
        """Let time pass as a handler does that never awaits."""
        self._jumping.now += seconds
