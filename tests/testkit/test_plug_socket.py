"""PlugSocket: what a plug reports in turns of a loop, and its calls as those of a socket."""

from __future__ import annotations

import asyncio

import pytest

from mcws_testkit import Cable, settled
from mcws_testkit._plug_socket import ALL, READ_BYTES_MAX, PlugSocket


class Watching:
    """One end of a cable, and what is reported of it.

    Attributes:
        socket: the end.
        told: the reports.
        takes: how many bytes each report of something to read takes; 0 to leave all.
    """

    def __init__(self, cable: Cable, name: str) -> None:
        self.socket = PlugSocket(cable.plug(name), asyncio.get_running_loop())
        self.told: list[object] = []
        self.takes = ALL
        self.socket.poll(self)

    def _read_ready(self, size: int) -> None:
        """Write down a report, and read; once only, if nothing is taken."""
        assert size == ALL
        if self.takes:
            self.told.append(self.socket.receive(self.takes))
        else:
            self.told.append("readable")
        if not self.takes or not self.told[-1]:
            self.socket.unwatch_reads()

    def _write_ready(self) -> None:
        """Write down a report, once only."""
        self.told.append("room")
        self.socket.unwatch_writes()


def join(capacity: int = 4) -> tuple[Cable, Watching, Watching]:
    """Return a cable and both of its ends."""
    cable = Cable("a", "b", capacity=capacity)
    return cable, Watching(cable, "a"), Watching(cable, "b")


async def test_reads_are_reported_in_a_later_turn() -> None:
    """Never inside a call, and not to who does not watch."""
    _, a, b = join()
    assert a.socket.send(b"abcd") == 4
    await settled()
    assert b.told == []
    b.socket.watch_reads()
    assert b.told == []
    await settled()
    assert b.told == [b"abcd"]


async def test_reads_are_reported_until_all_is_read() -> None:
    """What is left is reported again, and so is what follows it."""
    _, a, b = join()
    b.takes = 3
    b.socket.watch_reads()
    a.socket.send(b"abcd")
    a.socket.shut_down()
    await settled()
    assert b.told == [b"abc", b"d", b""]


async def test_reads_are_reported_once_in_a_turn() -> None:
    """However often something has arrived: a selector does not tell more."""
    _, a, b = join()
    b.takes = 1
    b.socket.watch_reads()
    a.socket.send(b"ab")
    a.socket.send(b"cd")
    await asyncio.sleep(0)
    assert b.told == [b"a"]
    await settled()
    assert b.told == [b"a", b"b", b"c", b"d"]


async def test_reads_that_nobody_watches_any_more() -> None:
    """A report that was on its way is none once nobody watches."""
    _, a, b = join()
    b.socket.watch_reads()
    a.socket.send(b"abcd")
    b.socket.unwatch_reads()
    await settled()
    assert b.told == []


async def test_full_line_takes_nothing() -> None:
    """There is no error for it, but a report once there is room."""
    _, a, b = join()
    assert (a.socket.send(b"abcdef"), a.socket.send(b"x")) == (4, 0)
    a.socket.watch_writes()
    await settled()
    assert a.told == []
    b.socket.receive(1)
    assert a.told == []
    await settled()
    assert a.told == ["room"]


async def test_reads_are_reported_before_room() -> None:
    """Both come in one turn, in the order of asyncio's loops."""
    _, a, b = join()
    a.takes = 0
    a.socket.send(b"abcd")
    a.socket.watch_writes()
    a.socket.watch_reads()
    b.socket.receive(4)
    b.socket.send(b"x")
    await settled()
    assert a.told == ["readable", "room"]


async def test_sent_buffer_can_shrink() -> None:
    """Nothing views it any more, also where sending failed."""
    cable, a, _ = join()
    data = bytearray(b"abcdef")
    del data[: a.socket.send(data)]
    cable.reset()
    with pytest.raises(ConnectionResetError):
        a.socket.send(data)
    data.clear()


@pytest.mark.parametrize(
    ("size", "taken"),
    [(ALL, READ_BYTES_MAX), (READ_BYTES_MAX, READ_BYTES_MAX), (READ_BYTES_MAX + 1,) * 2, (1, 1)],
)
async def test_receive_takes_what_fits(size: int, taken: int) -> None:
    """A buffer of any size is filled; who has none gets as much at once as from asyncio."""
    _, a, b = join(capacity=2 * READ_BYTES_MAX)
    a.socket.send(bytes(2 * READ_BYTES_MAX))
    assert len(b.socket.receive(size)) == taken


async def test_close_ends_the_stream() -> None:
    """The other end reads nothing more, and whoever shuts down then is told so."""
    _, a, b = join()
    a.socket.close()
    b.socket.watch_reads()
    await settled()
    assert b.told == [b""]
    b.socket.close()
    with pytest.raises(OSError, match="not connected"):
        a.socket.shut_down()
