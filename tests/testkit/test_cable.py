"""What a test does to a cable, and what transports on it do: all that asyncio's do on a socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcws_testkit import Cable, CableTransport, Pair, Side, settled, transport_pair


class Diary(asyncio.Protocol):
    """Writes down what it hears; what it is told to raise, it raises.

    Attributes:
        heard: the calls, with what they brought.
        keeps: what ``eof_received`` returns.
        raises: by call, what it raises.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.heard: list[Any] = []
        self.keeps = keeps
        self.raises: dict[str, BaseException] = {}

    def note(self, name: str, *values: object) -> None:
        """Write down a call, and raise."""
        self.heard.append((name, *values) if values else name)
        if name in self.raises:
            raise self.raises[name]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Write it down."""
        self.note("made")

    def data_received(self, data: bytes) -> None:
        """Write it down."""
        self.note("data", data)

    def eof_received(self) -> bool:
        """Write it down."""
        self.note("eof")
        return self.keeps

    def pause_writing(self) -> None:
        """Write it down."""
        self.note("pause")

    def resume_writing(self) -> None:
        """Write it down."""
        self.note("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        """Write it down."""
        self.note("lost", type(exc) if exc else None)

    @property
    def data(self) -> list[bytes]:
        """What arrived, piece by piece."""
        return [one[1] for one in self.heard if one[0] == "data"]


class Buffered(asyncio.BufferedProtocol):
    """Gets what arrives in a buffer of its own; writes down all calls."""

    def __init__(self, size: int = 4) -> None:
        self.heard: list[Any] = []
        self.buffer = bytearray(size)
        self.error: Exception | None = None

    def get_buffer(self, sizehint: int) -> bytearray:
        """Give the buffer."""
        if self.error is not None:
            raise self.error
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Write down what came."""
        self.heard.append(bytes(self.buffer[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Write it down."""
        self.heard.append(("lost", type(exc) if exc else None))


Joined = tuple[Diary, Diary, Pair[CableTransport, CableTransport, Side]]


def join(*, keeps: bool = False, capacity: int = 65536) -> Joined:
    """Join two diaries."""
    a, b = Diary(keeps=keeps), Diary(keeps=keeps)
    return a, b, transport_pair(a, b, capacity=capacity)


@pytest.fixture
async def problems() -> list[dict[str, Any]]:
    """Return what the loop is told of exceptions."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: found.append(problem))
    return found


# The line


async def test_write_arrives_in_a_later_turn() -> None:
    """What is written arrives whole, in order, and never inside the call."""
    a, b, (near, _) = join()
    near.write(b"one")
    near.writelines([b"two", bytearray(b"three")])
    assert b.heard == ["made"]
    await settled()
    assert (a.heard, b.heard) == (["made"], ["made", ("data", b"onetwothree")])


async def test_cut_splits_where_it_says() -> None:
    """The next reads end at these places; behind them all comes at once."""
    a, b, pair = join()
    pair.cable.cut(1, 2, toward="b")
    for end in pair:
        end.write(b"abcdef")
    await settled()
    assert (a.data, b.data) == ([b"abcdef"], [b"a", b"bc", b"def"])


async def test_cut_is_a_place_in_the_stream() -> None:
    """A read that got less than its size does not move the cuts behind it."""
    _, b, pair = join()
    pair.cable.cut(3, 2)
    for data in (b"a", b"bcdef"):
        pair[0].write(data)
        await settled()
    assert b.data == [b"a", b"bc", b"de", b"f"]


async def test_cut_every_is_for_all_that_follows() -> None:
    """Behind the sizes each read gets at most so much, until the next call."""
    _, b, pair = join()
    pair.cable.cut(3, every=1)
    pair[0].write(b"abcdef")
    await settled()
    pair.cable.cut()
    pair[0].write(b"ghi")
    await settled()
    assert b.data == [b"abc", b"d", b"e", b"f", b"ghi"]


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 1, "every": -1}])
def test_cut_of_nothing(wrong: dict[str, int]) -> None:
    """A cut has a byte in front of it."""
    with pytest.raises(ValueError, match="a cut is behind at least 1 byte, not"):
        Cable("a", "b").cut(wrong["size"], every=wrong.get("every"))


def test_cable_without_room() -> None:
    """A line that can hold nothing is none."""
    with pytest.raises(ValueError, match="capacity must be at least 1 byte, not 0"):
        Cable("a", "b", capacity=0)


@pytest.mark.parametrize("name", ["stall", "flow", "cut", "reset"])
def test_cable_has_no_such_end(name: str) -> None:
    """An end that the cable does not have is named, with those that it has."""
    with pytest.raises(ValueError, match="the ends of this cable are 'a' and 'b', not 'c'"):
        getattr(Cable("a", "b"), name)(toward="c")


async def test_stall_holds_all_back() -> None:
    """Nothing gets through in that direction, not even the end, until it flows again."""
    a, b, pair = join()
    pair.cable.stall(toward="b")
    for end in pair:
        end.write(b"x")
    await settled()
    pair[0].close()
    await settled()
    assert (a.heard, b.heard) == (["made", ("data", b"x"), ("lost", None)], ["made"])
    pair.cable.flow()
    await settled()
    assert b.heard == ["made", ("data", b"x"), "eof", ("lost", None)]


async def test_stall_fills_the_line() -> None:
    """A line holds what it can; the rest waits in the transport, which says so."""
    a, b, pair = join(capacity=10)
    near, _ = pair
    near.set_write_buffer_limits(high=3)
    pair.cable.stall()
    near.write(b"0123456789abc")
    assert (near.get_write_buffer_size(), a.heard) == (3, ["made"])
    near.write(b"d")
    near.write(b"e")
    assert (near.get_write_buffer_size(), a.heard[1:]) == (5, ["pause"])
    pair.cable.flow()
    await settled()
    assert (a.heard[2:], near.get_write_buffer_size()) == (["resume"], 0)
    assert b"".join(b.data) == b"0123456789abcde"


async def test_reset_ends_both() -> None:
    """Both lose the connection, after what had arrived; what was under way is gone."""
    a, b, pair = join()
    pair.cable.stall(toward="b")
    pair[0].write(b"lost")
    pair[1].write(b"kept")
    pair.cable.reset()
    await settled()
    assert a.heard == ["made", ("data", b"kept"), ("lost", ConnectionResetError)]
    assert b.heard == ["made", ("lost", ConnectionResetError)]


async def test_reset_of_one_end() -> None:
    """The other end hears of it when it sends."""
    a, b, pair = join()
    pair.cable.reset(toward="b")
    await settled()
    assert (a.heard, b.heard) == (["made"], ["made", ("lost", ConnectionResetError)])
    pair[0].write(b"hello?")
    await settled()
    assert a.heard == ["made", ("lost", ConnectionResetError)]


async def test_reset_twice() -> None:
    """A connection that is lost cannot be lost again."""
    a, _, pair = join()
    pair.cable.reset()
    pair.cable.reset()
    await settled()
    assert a.heard == ["made", ("lost", ConnectionResetError)]


async def test_half_open_says_nothing() -> None:
    """Nothing reaches the end that is gone and nothing comes from there, for good."""
    a, b, pair = join()
    pair[1].write(b"arrived before")
    await settled()
    pair.cable.half_open("b")
    for end in pair:
        end.write(b"x")
    pair.cable.flow()
    pair[1].close()
    await settled()
    assert (a.heard[2:], b.heard[1:]) == ([], [("lost", None)])
    assert (pair.cable.is_half_open, repr(pair.cable)) == (True, "<Cable a - b, b is gone>")
    pair.cable.reset()
    await settled()
    assert a.heard[2:] == [("lost", ConnectionResetError)]


async def test_half_open_takes_what_is_under_way() -> None:
    """What the end had sent and nobody received is gone with it."""
    a, _, pair = join()
    pair.cable.stall()
    pair[1].write(b"under way")
    pair.cable.half_open("b")
    pair.cable.flow()
    await settled()
    assert a.data == []


async def test_written_is_what_was_sent() -> None:
    """A cable knows what each end has sent, piece by piece."""
    _, _, pair = join()
    pair[0].write(b"one")
    pair[0].write(b"two")
    assert (pair.cable.written("a"), pair.cable.written("b")) == ([b"one", b"two"], [])
    assert repr(pair.cable) == "<Cable a - b>"


# Reading


async def test_pause_reading_holds_what_arrives() -> None:
    """Nothing is handed over until reading is resumed; asking twice changes nothing."""
    _, b, (near, far) = join()
    far.pause_reading()
    far.pause_reading()
    near.write(b"x")
    await settled()
    assert (b.data, far.is_reading()) == ([], False)
    far.resume_reading()
    far.resume_reading()
    await settled()
    assert (b.data, far.is_reading()) == ([b"x"], True)


async def test_pause_reading_when_made() -> None:
    """A protocol may pause before the first byte."""

    class Shy(Diary):
        """Reads nothing."""

        def connection_made(self, transport: Any) -> None:
            """Pause at once."""
            transport.pause_reading()

    shy = Shy()
    near, _ = transport_pair(Diary(), shy)
    near.write(b"x")
    await settled()
    assert shy.heard == []


async def test_pause_reading_inside_a_read() -> None:
    """The rest of what is there waits."""
    _, b, pair = join()

    class Once(Diary):
        """Pauses with the first piece."""

        def data_received(self, data: bytes) -> None:
            """Pause."""
            super().data_received(data)
            pair[1].pause_reading()

    pair[1].set_protocol(once := Once())
    assert pair[1].get_protocol() is once
    pair.cable.cut(every=1)
    pair[0].write(b"xyz")
    await settled()
    assert (once.heard, b.heard) == ([("data", b"x")], ["made"])


async def test_buffered_protocol_gets_its_buffer_filled() -> None:
    """As much as there is room for comes with each call."""
    buffered = Buffered()
    near, _ = transport_pair(Diary(), buffered)
    near.write(b"abcdef")
    near.close()
    await settled()
    assert buffered.heard == [b"abcd", b"ef", ("lost", None)]


@pytest.mark.parametrize(
    ("size", "error", "lost"),
    [(0, None, RuntimeError), (4, ValueError("x"), ValueError)],
)
async def test_buffered_protocol_without_a_buffer(
    problems: list[dict[str, Any]], size: int, error: Exception | None, lost: type
) -> None:
    """An empty buffer, or none, ends the connection; the loop is told why."""
    buffered = Buffered(size)
    buffered.error = error
    near, _ = transport_pair(Diary(), buffered)
    near.write(b"x")
    await settled()
    assert buffered.heard == [("lost", lost)]
    assert [one["message"] for one in problems] == [
        "Fatal error: protocol.get_buffer() call failed."
    ]


async def test_buffered_protocol_hears_of_a_reset() -> None:
    """An error is one for it too."""
    buffered = Buffered()
    transport_pair(Diary(), buffered).cable.reset()
    await settled()
    assert buffered.heard == [("lost", ConnectionResetError)]


@pytest.mark.parametrize(("call", "message"), [("data", "data_received"), ("eof", "eof_received")])
async def test_protocol_that_raises(
    problems: list[dict[str, Any]], call: str, message: str
) -> None:
    """What a protocol raises ends its connection; the loop is told of it."""
    a, b, (near, far) = join()
    b.raises[call] = ValueError("x")
    near.write(b"x")
    near.write_eof()
    await settled()
    assert b.heard[-1] == ("lost", ValueError)
    assert [(one["message"], one["transport"]) for one in problems] == [
        (f"Fatal error: protocol.{message}() call failed.", far)
    ]
    assert a.heard[-1] == ("lost", None)


async def test_protocol_that_raises_what_a_network_does(problems: list[dict[str, Any]]) -> None:
    """An ``OSError`` is no mistake of the program, whoever raises it."""
    _, b, (near, _) = join()
    b.raises["data"] = OSError("x")
    near.write(b"x")
    await settled()
    assert (b.heard[-1], problems) == (("lost", OSError), [])


async def test_protocol_that_raises_when_writing_pauses(problems: list[dict[str, Any]]) -> None:
    """That is reported, and nothing else happens."""
    a, _, pair = join(capacity=1)
    a.raises = {"pause": ValueError("x"), "resume": ValueError("y")}
    pair[0].set_write_buffer_limits(0)
    pair[0].write(b"xyz")
    await settled()
    assert a.heard == ["made", "pause", "resume"]
    assert [one["message"] for one in problems] == [
        "protocol.pause_writing() failed",
        "protocol.resume_writing() failed",
    ]


async def test_protocol_that_stops_the_program() -> None:
    """A wish to end the program is not swallowed."""
    a, b, (near, far) = join(capacity=1)
    a.raises["pause"] = b.raises["data"] = KeyboardInterrupt()
    near.set_write_buffer_limits(0)
    with pytest.raises(KeyboardInterrupt):
        near.write(b"xyz")
    with pytest.raises(KeyboardInterrupt):
        # What the loop calls; it would end the loop of this test.
        far._read_ready(3)
    for end in (near, far):
        end.abort()
    await settled()


# Writing


async def test_write_limits() -> None:
    """The marks are those of asyncio."""
    _, _, (near, _) = join()
    assert near.get_write_buffer_limits() == (16384, 65536)
    near.set_write_buffer_limits(low=5)
    assert near.get_write_buffer_limits() == (5, 20)
    with pytest.raises(ValueError, match=r"high \(1\) must be >= low \(2\) must be >= 0"):
        near.set_write_buffer_limits(1, 2)


async def test_write_to_a_full_line() -> None:
    """What the line does not take waits, also where nothing waited before."""
    _, b, pair = join(capacity=2)
    pair.cable.stall()
    pair[0].write(b"ab")
    pair[0].write(b"cd")
    assert pair[0].get_write_buffer_size() == 2
    pair.cable.flow()
    await settled()
    assert b"".join(b.data) == b"abcd"


async def test_write_what_is_no_bytes() -> None:
    """Text is refused, as by asyncio; nothing is nothing."""
    _, b, (near, _) = join()
    with pytest.raises(TypeError, match="data argument must be a bytes-like object, not 'str'"):
        near.write("x")  # type: ignore[arg-type]  # the point of the test
    near.write(b"")
    await settled()
    assert b.heard == ["made"]


async def test_write_eof_is_behind_all() -> None:
    """The end of one direction comes behind what waits; nothing can be written then."""
    a, b, (near, far) = join(keeps=True, capacity=2)
    assert near.can_write_eof()
    near.write(b"abc")
    near.write_eof()
    near.write_eof()
    with pytest.raises(RuntimeError, match="Cannot call write"):
        near.write(b"d")
    await settled()
    assert b.heard == ["made", ("data", b"ab"), ("data", b"c"), "eof"]
    far.write(b"still there")
    await settled()
    assert b"".join(a.data) == b"still there"


async def test_eof_is_told_again_to_who_resumes() -> None:
    """Asyncio does so: the end of the stream can be read again."""
    _, b, (near, far) = join(keeps=True)
    near.write_eof()
    await settled()
    far.pause_reading()
    far.resume_reading()
    await settled()
    assert b.heard == ["made", "eof", "eof"]


async def test_close_flushes() -> None:
    """What was written arrives before the end; asking twice changes nothing."""
    a, b, (near, _) = join(capacity=2)
    near.write(b"abcde")
    near.close()
    near.close()
    assert near.is_closing()
    await settled()
    assert b"".join(b.data) == b"abcde"
    assert (a.heard[-1], b.heard[-2:]) == (("lost", None), ["eof", ("lost", None)])
    near.write(b"nobody cares")


async def test_calls_on_an_end_that_was_flushed() -> None:
    """Nothing comes of them; asyncio fails there, having forgotten its loop."""
    a, _, (near, _) = join(capacity=2)
    near.write(b"abcde")
    near.close()
    await settled()
    near.write(b"nobody cares")
    near.abort()
    await settled()
    assert a.heard == ["made", ("lost", None)]


async def test_close_with_unread_data_resets() -> None:
    """The other end may not take for read what nobody read."""
    a, b, (near, far) = join()
    far.pause_reading()
    near.write(b"x")
    await settled()
    far.close()
    await settled()
    assert (a.heard[-1], b.heard[-1]) == (("lost", ConnectionResetError), ("lost", None))


async def test_write_to_who_is_gone_resets() -> None:
    """The first write after the end of the other side brings a reset, the next one fails."""
    a, _, (near, far) = join(keeps=True)
    far.close()
    await settled()
    near.write(b"x")
    await settled()
    assert a.heard == ["made", "eof"]
    near.write(b"y")
    await settled()
    assert a.heard == ["made", "eof", ("lost", BrokenPipeError)]


async def test_write_more_to_who_is_gone() -> None:
    """What waits is dropped with the connection."""
    a, _, pair = join(keeps=True, capacity=1)
    pair.cable.stall()
    pair[0].write(b"xyz")
    pair[0].pause_reading()
    pair.cable.reset()
    await settled()
    assert (a.heard[-1], pair[0].get_write_buffer_size()) == (("lost", ConnectionResetError), 0)


async def test_write_eof_to_who_is_gone() -> None:
    """The end cannot be said on a connection that is lost."""
    _, _, pair = join()
    pair[0].pause_reading()
    pair.cable.reset()
    with pytest.raises(OSError, match="not connected"):
        pair[0].write_eof()


async def test_abort_drops_what_waits() -> None:
    """The end comes at once; what the line had taken still arrives."""
    a, b, (near, _) = join(capacity=2)
    near.write(b"abcd")
    near.abort()
    near.abort()
    await settled()
    assert (a.heard[-1], b.heard[1:]) == (("lost", None), [("data", b"ab"), "eof", ("lost", None)])


@pytest.mark.parametrize("fails", [False, True])
async def test_protocol_of_a_lost_transport(fails: bool) -> None:
    """There is none any more, as in asyncio, whatever the protocol does when it is told."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _problem: None)
    diary = Diary()
    if fails:
        diary.raises["lost"] = LookupError("planned")
    pair = transport_pair(diary, Diary())
    pair[0].close()
    assert pair[0].get_protocol() is diary
    await settled()
    assert diary.heard[-1] == ("lost", None)
    lost: Any = pair[0].get_protocol()
    assert lost is None


async def test_close_then_reset_is_lost_once() -> None:
    """However often a connection ends, its protocol hears of it once."""
    a, _, pair = join()
    pair[0].close()
    pair.cable.reset()
    pair[0].abort()
    await settled()
    assert a.heard == ["made", ("lost", None)]


async def test_close_inside_of_resume_writing_is_lost_once() -> None:
    """A protocol that closes when its writing resumes hears of the end once."""
    a, b, (near, far) = join(capacity=4)
    near.set_write_buffer_limits(high=0)
    a.resume_writing = near.close  # type: ignore[method-assign]
    near.write(b"abcdefgh")
    await settled()
    assert a.heard.count(("lost", None)) == 1
    assert (b"".join(b.data), far.is_closing()) == (b"abcdefgh", True)


async def test_writer_that_does_not_read_hears_of_the_loss() -> None:
    """A full line to who has left fails also for an end that has paused reading."""
    a, _, (near, far) = join(capacity=4)
    near.pause_reading()
    far.close()
    await settled()
    near.write(b"more than fits")
    await settled()
    assert a.heard[-1][0] == "lost"


async def test_extra_info() -> None:
    """A transport has addresses, its cable, and no socket."""
    _, _, pair = join()
    near, far = pair
    assert near.get_extra_info("peername") == far.get_extra_info("sockname")
    assert near.get_extra_info("sockname") == far.get_extra_info("peername")
    assert near.get_extra_info("cable") is pair.cable
    assert near.get_extra_info("socket") is None
    assert repr(near) == "<CableTransport a open>"
    near.close()
    assert repr(near) == "<CableTransport a closing>"
    await settled()
