"""Scripts of the life of a connection, and what each of its ends sees of it on any event loop.

A script says for both ends how they behave and what they do, moment by moment; between two moments
the network comes to rest. So what an end sees does not depend on how fast the machine is, and the
same script can be played on real sockets and in the simulation.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from hypothesis import strategies as st

End: TypeAlias = Literal["client", "server"]
Action: TypeAlias = str
"""What an end does: a method of ``Deeds``, then its number if it has one."""
Moment: TypeAlias = tuple[tuple[End, Action], ...]
"""What happens before the network comes to rest again: who does what."""
Entry: TypeAlias = tuple[str | int, ...]
"""What an end saw: the name of a callback and what it got, or an error."""

FLOOD: Final = 1 << 20
"""Bytes that fit into no window."""
ROW: Final = 251
"""The period of all that is written; a prime, so that no loss of a power of two goes unseen."""
CONTENT: Final = bytes(range(ROW)) * (FLOOD // ROW + 2)


@dataclass(frozen=True)
class Habits:
    """How an end behaves.

    Attributes:
        buffer: the size of the buffer of a ``BufferedProtocol``; 0 for a ``Protocol``.
        keeps_open: what ``eof_received`` returns.
        reactions: what it does when a callback comes for the first time.
    """

    buffer: int = 0
    keeps_open: bool = False
    reactions: tuple[tuple[str, tuple[Action, ...]], ...] = ()


@dataclass(frozen=True)
class Script:
    """The life of one connection.

    Attributes:
        client: how the client behaves.
        server: how the server behaves.
        moments: who does what, one row for each moment.
    """

    client: Habits
    server: Habits
    moments: tuple[Moment, ...]

    @property
    def is_flooded(self) -> bool:
        """Whether more is written than a window takes: sizes then depend on the window."""
        actions = [action for moment in self.moments for _, action in moment]
        for habits in (self.client, self.server):
            actions += itertools.chain.from_iterable(do for _, do in habits.reactions)
        return "flood" in actions


class Deeds:
    """What an end can do; each method is an action."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._written = 0

    def write(self, size: int) -> None:
        """Write some bytes."""
        start = self._take(size)
        self._transport.write(CONTENT[start : start + size])

    def _take(self, size: int) -> int:
        """Return where the next bytes begin; before they are written, since that may write more."""
        start = self._written % ROW
        self._written += size
        return start

    def flood(self) -> None:
        """Write more than any window takes."""
        self.write(FLOOD)

    def lines(self, size: int) -> None:
        """Write some bytes in two parts."""
        if self._transport.is_closing():
            # On a transport that closes, ``writelines`` of Python 3.12 fails by accident.
            self.write(size)
            return
        start = self._take(size)
        self._transport.writelines([CONTENT[start : start + 1], CONTENT[start + 1 : start + size]])

    def text(self) -> None:
        """Write what cannot be written."""
        wrong: Any = "text"
        self._transport.write(wrong)

    def end(self) -> None:
        """End the writing side."""
        self._transport.write_eof()

    def pause(self) -> None:
        """Stop reading."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def limit(self, high: int) -> None:
        """Set the mark at which writing pauses."""
        self._transport.set_write_buffer_limits(high)

    def bad_limit(self) -> None:
        """Set marks that cannot be."""
        self._transport.set_write_buffer_limits(1, 2)

    def close(self) -> None:
        """End the connection behind all that was written."""
        self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def trip(self) -> None:
        """Fail in a callback."""
        raise LookupError("planned")


class Journal:
    """What one end saw, in order; what comes in pieces is one entry, however it was cut.

    Attributes:
        entries: all of it.
    """

    def __init__(self, habits: Habits) -> None:
        self.entries: list[Entry] = []
        self._habits = habits
        self._left = dict(habits.reactions)
        self._deeds: Deeds | None = None
        self._read = 0

    def connection_made(self, transport: Any) -> None:
        """Be connected."""
        self._deeds = Deeds(transport)
        self._saw("made")

    def data(self, data: bytes) -> None:
        """Read bytes, which must be those that follow the ones before."""
        start = self._read % ROW
        assert data == CONTENT[start : start + len(data)], "other bytes than were written"
        self._read += len(data)
        if self.entries[-1][0] == "data":
            data_before = self.entries.pop()[1]
            assert isinstance(data_before, int)
            self._saw("data", data_before + len(data))
        else:
            self._saw("data", len(data))

    def eof_received(self) -> bool:
        """See the end of the stream."""
        self._saw("eof")
        return self._habits.keeps_open

    def pause_writing(self) -> None:
        """Be told that too much waits."""
        self._saw("pause_writing")

    def resume_writing(self) -> None:
        """Be told that little waits."""
        self._saw("resume_writing")

    def connection_lost(self, exc: Exception | None) -> None:
        """Be told that it is over."""
        self._saw("lost", type(exc).__name__)

    def do(self, action: Action) -> None:
        """Do something, and write down what that raises."""
        try:
            self._do(action)
        except Exception as error:
            self.entries.append((action, type(error).__name__))

    def _do(self, action: Action) -> None:
        """Do something."""
        name, *numbers = action.split()
        deed: Callable[..., None] = getattr(self._deeds, name)
        deed(*map(int, numbers))

    def _saw(self, name: str, *what: str | int) -> None:
        """Write it down, and react to it."""
        self.entries.append((name, *what))
        for action in self._left.pop(name, ()):
            if action == "trip":
                self._do(action)
            self.do(action)


class Player(Journal, asyncio.Protocol):
    """An end with the usual protocol."""

    def data_received(self, data: bytes) -> None:
        """Read bytes."""
        self.data(data)


class BufferedPlayer(Journal, asyncio.BufferedProtocol):
    """An end with a buffer of its own."""

    def __init__(self, habits: Habits) -> None:
        super().__init__(habits)
        self._buffer = bytearray(habits.buffer)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Say where bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read bytes."""
        self.data(bytes(self._buffer[:nbytes]))


def player(habits: Habits) -> Any:
    """Return the protocol of an end."""
    return BufferedPlayer(habits) if habits.buffer else Player(habits)


async def play(
    script: Script,
    connect: Callable[[Any, Any], Awaitable[Callable[[], Awaitable[None]]]],
    settle: Callable[[], Awaitable[None]],
) -> list[list[Entry]]:
    """Play a script; return what the client, the server and the event loop saw.

    Args:
        script: what happens.
        connect: connects a client and a server protocol, and returns what stops listening.
        settle: waits until the network has come to rest.
    """
    ends: dict[End, Any] = {"client": player(script.client), "server": player(script.server)}
    told: list[Entry] = []

    def tell(_: object, context: dict[str, Any]) -> None:
        """Write down what reaches the handler of the loop."""
        told.append(("told", type(context["exception"]).__name__))

    asyncio.get_running_loop().set_exception_handler(tell)
    stop = await connect(ends["client"], ends["server"])
    await settle()
    for moment in script.moments:
        for end, action in moment:
            ends[end].do(action)
        await settle()
    for end in ends.values():
        end.do("abort")
    await settle()
    await stop()
    return [_comparable(script, entries) for entries in (*(e.entries for e in ends.values()), told)]


def _comparable(script: Script, entries: list[Entry]) -> list[Entry]:
    """Return what does not depend on the size of the window.

    In a flood, how much is read until somebody ends it depends on that.
    """
    if not script.is_flooded:
        return entries
    return [entry[:1] if entry[0] == "data" else entry for entry in entries]


SIZES: Final = st.sampled_from((0, 1, 5, 99, 100, 101, 1000))
CALM: Final = ("end", "pause", "pause", "resume", "resume", "close", "abort", "bad_limit", "text")


def actions(*, floods: bool) -> st.SearchStrategy[Action]:
    """Return things that an end does."""
    writes = SIZES.map("write {}".format)
    if floods:
        # Low marks only: a high one is passed whenever the kernel takes a little more. And no
        # ``writelines``, which from Python 3.12 on tries to send although older data waits.
        limits = st.sampled_from((0, 1, 1000, 1 << 16)).map("limit {}".format)
        return st.one_of(writes, st.just("flood"), st.just("flood"), limits, st.sampled_from(CALM))
    # An empty part makes the ``writelines`` of Python 3.12 spin for ever.
    lines = SIZES.filter(lambda size: size > 1).map("lines {}".format)
    return st.one_of(writes, lines, st.sampled_from(CALM))


@st.composite
def habits(draw: st.DrawFn, *, floods: bool, is_flooded: bool) -> Habits:
    """Return how an end behaves."""
    # What happens in the middle of a flood depends on where it was cut; and an end that closes
    # when it may write again is told of its loss twice by asyncio, whose second call fails.
    places = ("made", "eof") if floods or is_flooded else ("made", "data", "eof")
    places = (*places, "pause_writing") if floods else places
    do = st.one_of(actions(floods=floods), st.just("trip"))
    reaction = st.tuples(st.sampled_from(places), st.lists(do, min_size=1, max_size=3).map(tuple))
    reactions = draw(st.lists(reaction, max_size=2, unique_by=lambda one: one[0]))
    sizes = (0, 0, 1 << 14) if floods or is_flooded else (0, 0, 1, 100, 1 << 14)
    return Habits(draw(st.sampled_from(sizes)), draw(st.booleans()), tuple(reactions))


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Return the life of a connection, in which one end at most floods the other.

    If both did, the sizes of the windows would decide which of them is done first.
    """
    flooder = draw(st.sampled_from((None, "client", "server")))
    is_client, is_server = flooder == "client", flooder == "server"

    def deeds(end: End) -> st.SearchStrategy[tuple[End, Action]]:
        """Return things that one end does."""
        return actions(floods=flooder == end).map(lambda action: (end, action))

    deed = st.one_of(deeds("client"), deeds("server"))
    moment = st.lists(deed, min_size=1, max_size=3).map(tuple)
    moments: list[Moment] = draw(st.lists(moment, max_size=12))
    client = draw(habits(floods=is_client, is_flooded=is_server))
    server = draw(habits(floods=is_server, is_flooded=is_client))
    return Script(client, server, tuple(moments))
