"""Fake transports against real ones: the same script has the same callbacks, in the same order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from hypothesis import example, given
from hypothesis import strategies as st

from mcws_testkit import transport_pair

Step: TypeAlias = tuple[Any, ...]
"""The end that acts, 0 or 1, the name of the method, and its arguments."""
Diary: TypeAlias = list[tuple[Any, ...]]
Joined: TypeAlias = list[asyncio.Transport]

TURNS = 12
"""Turns of the loop after each step: the loopback needs no time, only that the loop looks."""

CALLS: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(st.just("write"), st.binary(max_size=5)),
    st.tuples(
        st.sampled_from(["pause_reading", "resume_reading", "write_eof", "close", "abort"]),
    ),
)
STEPS = st.lists(st.tuples(st.integers(0, 1), CALLS).map(lambda step: (step[0], *step[1])))


class Noting(asyncio.Protocol):
    """Writes down what one end hears, in the diary of both."""

    def __init__(self, diary: Diary, end: int, *, keeps: bool) -> None:
        self.diary = diary
        self.end = end
        self.keeps = keeps

    def connection_made(self, transport: Any) -> None:
        """Take the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Write it down."""
        self.diary.append((self.end, "data", data))

    def eof_received(self) -> bool:
        """Write it down."""
        self.diary.append((self.end, "eof"))
        return self.keeps

    def connection_lost(self, exc: Exception | None) -> None:
        """Write it down."""
        self.diary.append((self.end, "lost", type(exc)))


async def turn() -> None:
    """Let the loop look at its sockets."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def play(
    join: Callable[[Noting, Noting], Awaitable[Joined]], steps: list[Step], keeps: tuple[bool, bool]
) -> list[Diary]:
    """Play a script on two ends; return what each of them heard, and what the calls raised."""
    diaries: list[Diary] = [[], []]
    ends = await join(*[Noting(diaries[end], end, keeps=keeps[end]) for end in (0, 1)])
    for step in steps:
        end = int(step[0])
        try:
            getattr(ends[end], step[1])(*step[2:])
        except (OSError, RuntimeError) as error:
            diaries[end].append((end, "raised", type(error)))
        await turn()
        diaries[end].append((end, "is", ends[end].is_closing()))
    heard = [list(diary) for diary in diaries]
    for transport in ends:
        transport.abort()
    await turn()
    return heard


async def join_fakes(first: Noting, second: Noting) -> Joined:
    """Join two protocols by a cable."""
    return [*transport_pair(first, second)]


async def join_sockets(first: Noting, second: Noting) -> Joined:
    """Join two protocols over the loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: second, "127.0.0.1", 0)
    try:
        await loop.create_connection(lambda: first, *server.sockets[0].getsockname())
        while not hasattr(second, "transport"):
            await asyncio.sleep(0)
    finally:
        server.close()
    await turn()
    return [first.transport, second.transport]


@given(STEPS, st.tuples(st.booleans(), st.booleans()))
@example([(0, "pause_reading"), (1, "write", b"a"), (0, "close")], (True, True))
@example([(0, "write_eof"), (1, "pause_reading"), (1, "resume_reading")], (True, True))
@example([(0, "close"), (1, "write", b"a"), (1, "write", b"b")], (True, True))
@example([(0, "pause_reading"), (1, "abort"), (0, "write", b"a"), (0, "write_eof")], (True, False))
def test_fake_transports_do_what_real_ones_do(steps: list[Step], keeps: tuple[bool, bool]) -> None:
    """Each end hears the same, and each call raises the same, whatever the script does."""
    with asyncio.Runner() as runner:
        expected = runner.run(play(join_sockets, steps, keeps))
        assert runner.run(play(join_fakes, steps, keeps)) == expected
