"""SimTransport and the socket below it: what protocols are told.

That it agrees with the transports of asyncio is tested in ``tests/integration/test_fidelity.py``;
here each rule has a test of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mcws_testkit import SimLeak
from mcws_testkit._lane import WINDOW
from mcws_testkit._write_limits import HIGH
from tests.testkit._planned import Listener, Pair

FLOOD = bytes(4 * WINDOW)

Story = Callable[[Pair], Coroutine[Any, Any, None]]


class Flowing(Listener):
    """Writes down flow control, and keeps its end open behind the end of the stream."""

    def pause_writing(self) -> None:
        """Be told to pause."""
        self.told.append("pause")

    def resume_writing(self) -> None:
        """Be told to resume."""
        self.told.append("resume")

    def eof_received(self) -> bool:
        """See the end of the stream, and stay."""
        super().eof_received()
        return True


class Failing(Listener):
    """Fails in one of its callbacks."""

    def __init__(self, name: str, error: type[BaseException] = LookupError) -> None:
        super().__init__()
        self._name = name
        self._error = error
        setattr(self, name, self._fail)

    def _fail(self, *_: object) -> None:
        """Fail."""
        raise self._error(self._name)


class Buffered(asyncio.BufferedProtocol):
    """Has a buffer of its own."""

    def __init__(self, size: int) -> None:
        self.told: list[Any] = []
        self.transport: Any = None
        self.buffer = bytearray(size)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        """Say where bytes go."""
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what comes."""
        self.told.append(bytes(self.buffer[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Be told that it is over."""
        self.told.append(None if exc is None else type(exc))


def play(story: Story, client: Any = None, server: Any = None) -> Pair:
    """Play a story on a pair that nothing disturbs."""
    pair = Pair()
    pair.client = client or pair.client
    pair.server = server or pair.server
    pair.play(story(pair))
    return pair


def test_write_arrives_and_close_ends_both() -> None:
    """What was written comes before the end."""

    async def story(pair: Pair) -> None:
        """Write parts and close."""
        pair.client.transport.writelines([b"hel", bytearray(b"lo")])
        pair.client.transport.write(b"")
        pair.client.transport.close()
        pair.client.transport.close()
        assert pair.client.transport.is_closing()
        await pair.world.loop.settle()
        assert pair.server.told == ["made", b"hello", "eof", None]
        assert pair.client.told == ["made", None]
        assert pair.client.transport.get_protocol() is None

    play(story)


def test_write_keeps_what_it_was_given() -> None:
    """A buffer that is changed after the call changes nothing."""

    async def story(pair: Pair) -> None:
        """Write a buffer and change it."""
        data = bytearray(FLOOD)
        pair.client.transport.write(data)
        data[:] = b"x" * len(data)
        await pair.world.loop.settle()
        assert b"".join(pair.server.told[1:]) == FLOOD

    play(story)


def test_window_makes_the_writer_wait() -> None:
    """More than the window waits at the writer, who is told to pause and to resume."""

    async def story(pair: Pair) -> None:
        """Flood a reader that pauses, then reads."""
        pair.server.transport.pause_reading()
        pair.server.transport.pause_reading()
        assert not pair.server.transport.is_reading()
        pair.client.transport.write(FLOOD)
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "pause"]
        assert pair.client.transport.get_write_buffer_size() == 3 * WINDOW
        pair.server.transport.resume_reading()
        pair.server.transport.resume_reading()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "pause", "resume"]
        assert pair.client.transport.get_write_buffer_size() == 0

    play(story, client=Flowing())


def test_close_waits_for_what_is_buffered() -> None:
    """``connection_lost`` comes when all was sent, and so does the end of the stream."""

    async def story(pair: Pair) -> None:
        """Flood and close, twice."""
        pair.server.transport.pause_reading()
        pair.client.transport.write(FLOOD)
        pair.client.transport.close()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "pause"]
        pair.server.transport.resume_reading()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "pause", "resume", None]
        assert sum(map(len, pair.server.told[1:-2])) == len(FLOOD)
        for call in (lambda: pair.client.transport.write(b"x"), pair.client.transport.abort):
            with pytest.raises(AttributeError, match="as in asyncio"):
                call()
        pair.client.transport.abort()

    play(story, client=Flowing())


def test_half_close_keeps_the_other_direction() -> None:
    """After ``write_eof`` one can read, and the peer can write."""

    async def story(pair: Pair) -> None:
        """End one direction, twice."""
        pair.client.transport.write(FLOOD)
        pair.client.transport.write_eof()
        pair.client.transport.write_eof()
        assert pair.client.transport.can_write_eof()
        with pytest.raises(RuntimeError, match="Cannot call write"):
            pair.client.transport.write(b"more")
        await pair.world.loop.settle()
        assert pair.server.told[-1] == "eof"
        pair.server.transport.write(b"answer")
        await pair.world.loop.settle()
        assert pair.client.told == ["made", b"answer"]

    play(story, server=Flowing())


def test_end_of_the_stream_is_told_again_after_a_pause() -> None:
    """An end that is kept open hears of it once more when it reads on, as in asyncio."""

    async def story(pair: Pair) -> None:
        """End, pause and resume."""
        pair.client.transport.write_eof()
        await pair.world.loop.settle()
        pair.server.transport.pause_reading()
        pair.server.transport.resume_reading()
        await pair.world.loop.settle()
        assert pair.server.told == ["made", "eof", "eof"]

    play(story, server=Flowing())


def test_close_with_unread_data_resets() -> None:
    """Who writes or reads then gets an error."""

    async def story(pair: Pair) -> None:
        """Close an end that did not read."""
        pair.server.transport.pause_reading()
        pair.client.transport.write(b"unread")
        await pair.world.loop.settle()
        pair.server.transport.abort()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", ConnectionResetError]

    play(story)


def test_data_for_a_closed_end_resets() -> None:
    """Who has seen the end of the stream gets ``BrokenPipeError`` when it writes on."""

    async def story(pair: Pair) -> None:
        """Write to an end that is gone."""
        pair.client.transport.close()
        await pair.world.loop.settle()
        pair.server.transport.write(b"lost")
        await pair.world.loop.settle()
        assert pair.server.told == ["made", "eof"]
        pair.server.transport.write(b"fails")
        pair.server.transport.write(b"ignored")
        await pair.world.loop.settle()
        assert pair.server.told == ["made", "eof", BrokenPipeError]

    play(story, server=Flowing())


def test_end_behind_a_full_window_is_lost_with_a_reset() -> None:
    """It never came, so the error is the one of a connection that was in use."""

    async def story(pair: Pair) -> None:
        """Flood and abort, then answer."""
        pair.server.transport.pause_reading()
        pair.client.transport.write(FLOOD)
        pair.client.transport.abort()
        await pair.world.loop.settle()
        pair.server.transport.write(b"lost")
        pair.server.transport.write(b"fails")
        await pair.world.loop.settle()
        assert pair.server.told == ["made", ConnectionResetError]

    play(story)


def test_write_eof_after_a_reset_is_an_error() -> None:
    """As ``shutdown`` of a socket has it."""

    async def story(pair: Pair) -> None:
        """End the stream of a connection that is no more."""
        pair.client.transport.close()
        await pair.world.loop.settle()
        pair.server.transport.write(b"lost")
        with pytest.raises(OSError, match="not connected"):
            pair.server.transport.write_eof()

    play(story, server=Flowing())


def test_flood_of_a_closed_end_fails() -> None:
    """Who waits for room learns that there is no use in it."""

    async def story(pair: Pair) -> None:
        """Flood an end that is gone."""
        pair.client.transport.close()
        await pair.world.loop.settle()
        pair.server.transport.write(FLOOD)
        await pair.world.loop.settle()
        assert pair.server.told == ["made", "eof", "pause", BrokenPipeError]

    play(story, server=Flowing())


def test_protocol_may_pause_as_soon_as_it_is_connected() -> None:
    """Nothing is read then."""

    class Pausing(Listener):
        """Pauses at once."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Be connected, and pause."""
            super().connection_made(transport)
            self.transport.pause_reading()

    async def story(pair: Pair) -> None:
        """Write to it."""
        pair.client.transport.write(b"hello")
        await pair.world.loop.settle()
        assert pair.server.told == ["made"]

    play(story, server=Pausing())


@pytest.mark.parametrize("reads", [True, False])
def test_reset_reaches_a_writer_that_waits(reads: bool) -> None:
    """What it has buffered is given up, whether it reads or not."""

    async def story(pair: Pair) -> None:
        """Flood an end that closes without reading."""
        pair.server.transport.pause_reading()
        pair.client.transport.write(FLOOD)
        await pair.world.loop.settle()
        if not reads:
            pair.client.transport.pause_reading()
        pair.server.transport.close()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "pause", ConnectionResetError]

    play(story, client=Flowing())


def test_data_before_a_reset_can_be_read() -> None:
    """The error comes behind it."""

    async def story(pair: Pair) -> None:
        """Pause, get data and a reset, and read on."""
        pair.client.transport.pause_reading()
        pair.server.transport.pause_reading()
        pair.client.transport.write(b"unread")
        pair.server.transport.write(b"read")
        pair.server.transport.close()
        await pair.world.loop.settle()
        assert pair.client.told == ["made"]
        pair.client.transport.resume_reading()
        await pair.world.loop.settle()
        assert pair.client.told == ["made", b"read", ConnectionResetError]

    play(story)


def test_abort_gives_up_what_is_buffered() -> None:
    """The other end sees the end of the stream behind what was under way."""

    async def story(pair: Pair) -> None:
        """Flood and abort."""
        pair.client.transport.write(FLOOD)
        pair.client.transport.abort()
        pair.client.transport.abort()
        await pair.world.loop.settle()
        assert sum(map(len, pair.server.told[1:-2])) == WINDOW
        assert pair.server.told[-2:] == ["eof", None]
        assert pair.client.told == ["made", "pause", None]

    play(story, client=Flowing())


def test_abort_is_told_to_the_trace() -> None:
    """Each time, until the connection is lost."""

    async def story(pair: Pair) -> None:
        """Abort before and behind the loss."""
        pair.client.transport.abort()
        pair.client.transport.abort()
        await pair.world.loop.settle()
        pair.client.transport.abort()
        kinds = [event.kind for event in pair.world.trace if event.end == "client"]
        assert kinds == ["open", "abort", "abort", "lost"]

    play(story)


def test_limits_are_checked_and_heard() -> None:
    """Marks follow from each other; a lower one pauses at once, a higher one resumes later."""

    async def story(pair: Pair) -> None:
        """Set marks."""
        transport = pair.client.transport
        assert transport.get_write_buffer_limits() == (HIGH // 4, HIGH)
        transport.set_write_buffer_limits(low=10)
        assert transport.get_write_buffer_limits() == (10, 40)
        with pytest.raises(ValueError, match="must be >= low"):
            transport.set_write_buffer_limits(1, 2)
        transport.set_write_buffer_limits(10 * WINDOW)
        pair.server.transport.pause_reading()
        transport.write(FLOOD)
        assert pair.client.told == ["made"]
        transport.set_write_buffer_limits()
        transport.set_write_buffer_limits(10 * WINDOW)
        assert pair.client.told == ["made", "pause"]

    play(story, client=Flowing())


def test_only_bytes_are_written() -> None:
    """The error is the one of asyncio."""

    async def story(pair: Pair) -> None:
        """Write text."""
        with pytest.raises(TypeError, match="must be a bytes-like object, not 'str'"):
            pair.client.transport.write("text")

    play(story)


@pytest.mark.parametrize("name", ["data_received", "eof_received"])
def test_error_of_a_protocol_ends_its_connection(name: str) -> None:
    """The loop is told, and so is ``connection_lost``."""

    async def story(pair: Pair) -> None:
        """Let it fail."""
        if name == "data_received":
            pair.client.transport.write(b"hello")
        else:
            pair.client.transport.write_eof()
        await pair.world.loop.settle()
        assert pair.server.told == ["made", LookupError]

    with pytest.raises(SimLeak, match=rf"Fatal error: protocol.{name}\(\) call failed") as caught:
        play(story, server=Failing(name))
    assert len(caught.value.left) == 1


def test_error_in_connection_made_does_not_stop_reading() -> None:
    """As in asyncio, what comes is still handed over."""
    pair = Pair()
    server = Failing("connection_made")
    pair.server = server

    async def story() -> None:
        """Write to it."""
        pair.client.transport.write(b"hello")
        await pair.world.loop.settle()
        assert server.told == [b"hello"]
        pair.client.transport.close()

    with pytest.raises(SimLeak, match="connection_made"):
        pair.play(story())


def test_error_in_flow_control_is_told_to_the_loop() -> None:
    """The connection lives on."""

    async def story(pair: Pair) -> None:
        """Flood."""
        pair.client.transport.write(FLOOD)
        await pair.world.loop.settle()
        assert pair.client.told == ["made"]

    with pytest.raises(SimLeak, match=r"protocol.pause_writing\(\) failed: LookupError"):
        play(story, client=Failing("pause_writing"))


@pytest.mark.parametrize("name", ["data_received", "pause_writing"])
def test_interrupt_in_a_protocol_passes(name: str) -> None:
    """Ctrl-C is nobody's error."""

    async def story(pair: Pair) -> None:
        """Let it happen."""
        pair.client.transport.write(FLOOD)
        await pair.world.loop.settle()

    failing = Failing(name, KeyboardInterrupt)
    ends = {"server" if name == "data_received" else "client": failing}
    with pytest.raises(KeyboardInterrupt):
        play(story, **ends)


def test_buffered_protocol_is_served_piece_by_piece() -> None:
    """No more comes at once than its buffer takes, and the end comes behind all of it."""

    async def story(pair: Pair) -> None:
        """Write more than the buffer takes."""
        pair.client.transport.write(b"hello")
        pair.client.transport.close()
        await pair.world.loop.settle()
        assert pair.server.told == [b"he", b"ll", b"o", None]

    play(story, server=Buffered(2))


def test_buffered_protocol_must_have_room() -> None:
    """An empty buffer is an error of the protocol."""

    async def story(pair: Pair) -> None:
        """Write to it."""
        pair.client.transport.write(b"hello")
        await pair.world.loop.settle()
        assert pair.server.told == [RuntimeError]

    with pytest.raises(SimLeak, match=r"protocol.get_buffer\(\) call failed"):
        play(story, server=Buffered(0))


def test_protocol_can_be_replaced() -> None:
    """What comes then goes to the other one."""
    other = Listener()

    async def story(pair: Pair) -> None:
        """Replace it."""
        assert pair.server.transport.get_protocol() is pair.server
        pair.server.transport.set_protocol(other)
        pair.client.transport.write(b"hello")
        await pair.world.loop.settle()
        assert other.told == [b"hello"]

    play(story)


def test_transport_says_what_it_is() -> None:
    """Its text names the end, the connection and the state."""

    async def story(pair: Pair) -> None:
        """Look at one that closes."""
        transport = pair.client.transport
        assert repr(transport) == "<SimTransport client of connection 1 open>"
        transport.close()
        assert repr(transport) == "<SimTransport client of connection 1 closing>"
        await pair.world.loop.settle()
        assert repr(transport) == "<SimTransport client of connection 1 lost>"
        assert transport.get_extra_info("peername")[1] == 80

    play(story)


def test_connection_that_was_resumed_late_stays_closed() -> None:
    """``resume_reading`` of a closing transport does nothing."""

    async def story(pair: Pair) -> None:
        """Pause, close, resume."""
        pair.server.transport.pause_reading()
        pair.server.transport.close()
        pair.server.transport.resume_reading()
        await pair.world.loop.settle()
        assert pair.server.told == ["made", None]

    play(story)


def test_resume_writing_may_write_more() -> None:
    """What it writes is sent behind the rest."""

    class Writing(Flowing):
        """Writes when it may."""

        def resume_writing(self) -> None:
            """Write more than the window takes, once."""
            super().resume_writing()
            if self.told.count("resume") == 1:
                self.transport.write(FLOOD)

    async def story(pair: Pair) -> None:
        """Flood."""
        pair.client.transport.write(FLOOD)
        await pair.world.loop.settle()
        assert pair.client.told == ["made", "pause", "resume", "pause", "resume"]
        assert sum(map(len, pair.server.told[1:])) == 2 * len(FLOOD)

    play(story, client=Writing())
