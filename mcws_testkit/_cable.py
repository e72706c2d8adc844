"""Cable: the in-memory line between two ends, and what a test does to it."""

from __future__ import annotations

import threading
from typing import Final, Generic

from typing_extensions import TypeVar

from ._plug import Plug

CAPACITY: Final = 65536
"""Bytes that a line holds in each direction: sent and not read yet. Linux begins with as many."""

# The names of the ends: "a" and "b", or "server" and "client".
N = TypeVar("N", bound=str, default=str)


class Cable(Generic[N]):
    """The line between two ends of one connection, with the faults of a real one.

    Without any, what is sent arrives at once and whole. ``toward`` is the end in whose direction
    something happens; it happens in both where it is left away. A cable of asyncio's ends is used
    in the thread of their loop, one of blocking sockets in any.

    Attributes:
        names: what the ends are called.
        line: held while anything is done to the line; notified when anything has changed.
    """

    def __init__(self, first: N, second: N, *, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1 byte, not {capacity}")
        self.names: tuple[N, N] = (first, second)
        self.line: threading.Condition = threading.Condition()
        one, other = Plug(capacity), Plug(capacity)
        one.peer, other.peer = other, one
        self._plugs: dict[N, Plug] = {first: one, second: other}
        self._gone: set[N] = set()

    def cut(self, *sizes: int, every: int | None = None, toward: N | None = None) -> None:
        """Split what arrives from now on after so many bytes, and so many behind these, ...

        These are places in the stream: a read ends there, also where it got less than it could,
        and no read waits for them. Behind the last one each read gets at most ``every`` bytes, or
        all there is. The cuts of an earlier call are forgotten.

        Raises:
            ValueError: a size is not above 0.
        """
        for size in (*sizes, 1 if every is None else every):
            if size < 1:
                raise ValueError(f"a cut is behind at least 1 byte, not {size}")
        for plug in self._toward(toward):
            plug.cuts.clear()
            plug.cuts.extend(sizes)
            plug.every = every

    def stall(self, *, toward: N | None = None) -> None:
        """Let nothing through, and nobody know: what is sent waits in the line until it is full."""
        for plug in self._toward(toward):
            plug.stalls = True

    def flow(self, *, toward: N | None = None) -> None:
        """Let everything through again, what waits first."""
        with self.line:
            for name in self._named(toward):
                # Half of a line stays dead, whatever flows.
                if not self._gone:
                    self._plugs[name].stalls = False
                    self._plugs[name].peer.pass_on()

    def reset(self, *, toward: N | None = None) -> None:
        """Lose the connection, as by a reset of a machine on the way: ``ConnectionResetError``.

        What has arrived can still be read, what is under way is lost. The end that is not told, if
        it is only one, hears of it when it sends.
        """
        with self.line:
            for name in self._named(toward):
                self._plugs[name].peer.forget()
                self._plugs[name].lose()

    def half_open(self, gone: N) -> None:
        """Have the end ``gone`` vanish without a word, as a machine that loses its power.

        Nothing arrives there any more and nothing comes from there; the other end is told nothing.
        It is for good; only ``reset`` tells the ends of it.
        """
        with self.line:
            for name in self._named(gone):
                self._gone.add(name)
                plug = self._plugs[name]
                plug.stalls = plug.peer.stalls = True
                plug.forget()

    @property
    def is_half_open(self) -> bool:
        """Whether an end has vanished."""
        return bool(self._gone)

    def written(self, by: N) -> list[bytes]:
        """Return what was sent at an end, in the pieces that the line took."""
        (name,) = self._named(by)
        return list(self._plugs[name].written)

    def plug(self, name: N) -> Plug:
        """Return one end; for those who build transports or sockets of their own on it."""
        return self._plugs[name]

    def __repr__(self) -> str:
        first, second = self.names
        state = "".join(f", {name} is gone" for name in self.names if name in self._gone)
        return f"<Cable {first} - {second}{state}>"

    # Details

    def _named(self, name: N | None) -> tuple[N, ...]:
        if name is None:
            return self.names
        if name not in self.names:
            first, second = self.names
            raise ValueError(f"the ends of this cable are {first!r} and {second!r}, not {name!r}")
        return (name,)

    def _toward(self, name: N | None) -> list[Plug]:
        return [self._plugs[each] for each in self._named(name)]
