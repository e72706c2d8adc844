"""SocketTransport: what its socket is asked for, and what its protocol is told.

That its heirs agree with the transports of asyncio is tested in ``tests/integration``; here the
socket is a double, which shows each call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mcws_testkit import settled
from mcws_testkit._socket_transport import Poller, SocketTransport


class ScriptedSocket:
    """Has the room and the answers that a test gives it, and writes down what it is asked for.

    Attributes:
        asked: the calls, with the bytes of those that send; not those that begin or end to watch.
        room: how many bytes ``send`` takes.
        answers: what ``receive`` returns or raises, in order.
        error: what ``send`` raises.
        watches: whether somebody watches, by what for.
    """

    _poller: Poller

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.room = 100
        self.answers: list[bytes | OSError] = []
        self.error: OSError | None = None
        self.watches = {"reads": False, "writes": False}

    def poll(self, poller: Poller) -> None:
        """Keep who is told."""
        self._poller = poller

    def read_ready(self, size: int) -> None:
        """Report that there is something to read."""
        self._poller._read_ready(size)

    def write_ready(self) -> None:
        """Report that there is room."""
        self._poller._write_ready()

    def watch_reads(self) -> None:
        """Write it down."""
        self.watches["reads"] = True

    def unwatch_reads(self) -> None:
        """Write it down."""
        self.watches["reads"] = False

    def watch_writes(self) -> None:
        """Write it down."""
        self.watches["writes"] = True

    def unwatch_writes(self) -> None:
        """Write it down."""
        self.watches["writes"] = False

    def send(self, data: bytes | bytearray) -> int:
        """Take what there is room for."""
        if self.error is not None:
            raise self.error
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.asked.append(taken)
        return len(taken)

    def receive(self, size: int) -> bytes:
        """Return the next answer."""
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        self.answers[:0] = [answer[size:]] if answer[size:] else []
        return answer[:size]

    def shut_down(self) -> None:
        """Write it down."""
        self.asked.append("shut down")

    def close(self) -> None:
        """Write it down."""
        self.asked.append("close")


class Diary(asyncio.Protocol):
    """Writes down what it hears, and does what a test wants it to.

    Attributes:
        heard: the calls, with what they brought.
        does: by call, what it does; the result is that of the call.
    """

    def __init__(self, **does: Callable[[], object]) -> None:
        self.heard: list[Any] = []
        self.does = does

    def note(self, name: str, *values: object) -> Any:
        """Write down a call, and do what is to be done."""
        self.heard.append((name, *values) if values else name)
        return self.does[name]() if name in self.does else None

    def data_received(self, data: bytes) -> None:
        """Write it down."""
        self.note("data", data)

    def eof_received(self) -> bool | None:
        """Write it down."""
        return bool(self.note("eof"))

    def pause_writing(self) -> None:
        """Write it down."""
        self.note("pause")

    def resume_writing(self) -> None:
        """Write it down."""
        self.note("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        """Write it down."""
        self.note("lost", exc)


class Buffered(asyncio.BufferedProtocol):
    """Has a buffer of its own, of any kind, and writes down what it hears."""

    def __init__(self, buffer: Any) -> None:
        self.heard: list[Any] = []
        self.buffer = buffer

    def get_buffer(self, sizehint: int) -> Any:
        """Return the buffer, or fail."""
        if isinstance(self.buffer, BaseException):
            raise self.buffer
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Write it down."""
        self.heard.append(bytes(memoryview(self.buffer).cast("B")[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Write it down."""
        self.heard.append(("lost", type(exc)))


@pytest.fixture
async def problems() -> list[dict[str, Any]]:
    """Return what the loop is told of exceptions."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: found.append(problem))
    return found


def made(protocol: asyncio.BaseProtocol, note: Any = None) -> tuple[ScriptedSocket, Any]:
    """Return a socket and a transport on it."""
    socket = ScriptedSocket()
    notes = () if note is None else (note,)
    transport = SocketTransport(socket, {"name": "value"}, *notes)
    transport.set_protocol(protocol)
    return socket, transport


def failing(error: BaseException) -> Callable[[], object]:
    """Return what raises an error."""

    def fail() -> object:
        """Raise it."""
        raise error

    return fail


# Writing


async def test_write_is_sent_at_once() -> None:
    """Nobody waits for room where there is some, and nothing that is not bytes is sent."""
    socket, transport = made(Diary())
    transport.write(memoryview(b"ab"))
    transport.writelines([b"c", bytearray(b"d")])
    transport.write(b"")
    with pytest.raises(TypeError, match="must be a bytes-like object, not 'str'"):
        transport.write("text")
    assert (socket.asked, socket.watches["writes"]) == ([b"ab", b"cd"], False)
    assert (transport.get_extra_info("name"), transport.can_write_eof()) == ("value", True)


async def test_write_waits_for_room() -> None:
    """What did not fit is sent piece by piece, in order, until nothing waits."""
    socket, transport = made(Diary())
    socket.room = 2
    transport.write(b"abc")
    transport.write(b"def")
    assert (transport.get_write_buffer_size(), socket.watches["writes"]) == (4, True)
    for watches in (True, False):
        socket.room = 3
        socket.write_ready()
        assert socket.watches["writes"] is watches
    assert socket.asked == [b"ab", b"cde", b"f"]


async def test_write_tells_the_protocol_of_the_limits() -> None:
    """It pauses above the high one and resumes at the low one, each time once."""
    diary = Diary()
    socket, transport = made(diary)
    socket.room = 0
    transport.set_write_buffer_limits(high=3, low=1)
    transport.write(b"abc")
    assert diary.heard == []
    transport.write(b"d")
    transport.write(b"e")
    assert (diary.heard, transport.get_write_buffer_limits()) == (["pause"], (1, 3))
    for room, told in ((3, ["pause"]), (1, ["pause", "resume"]), (1, ["pause", "resume"])):
        socket.room = room
        socket.write_ready()
        assert diary.heard == told


async def test_limit_that_is_set_below_what_waits() -> None:
    """It pauses at once."""
    diary = Diary()
    socket, transport = made(diary)
    socket.room = 0
    transport.write(b"ab")
    transport.set_write_buffer_limits(high=1)
    assert diary.heard == ["pause"]


@pytest.mark.parametrize("waits", [False, True])
async def test_write_eof_is_behind_all(waits: bool) -> None:
    """The stream is ended once nothing waits; nothing is written then."""
    socket, transport = made(Diary())
    socket.room = 1 if waits else 2
    transport.write(b"ab")
    transport.write_eof()
    transport.write_eof()
    with pytest.raises(RuntimeError, match=r"Cannot call write\(\) after write_eof\(\)"):
        transport.write(b"c")
    assert ("shut down" in socket.asked) is not waits
    if waits:
        socket.room = 1
        socket.write_ready()
    assert socket.asked[-1] == "shut down"


@pytest.mark.parametrize("waits", [False, True])
async def test_write_to_a_lost_connection(problems: list[dict[str, Any]], waits: bool) -> None:
    """The error of the socket ends the connection; what waits is dropped, what follows ignored."""
    diary = Diary()
    socket, transport = made(diary)
    if waits:
        socket.room = 0
        transport.write(b"ab")
    socket.error = ConnectionResetError()
    if waits:
        socket.write_ready()
    else:
        transport.write(b"ab")
    transport.write(b"ignored")
    assert (transport.get_write_buffer_size(), socket.watches["writes"]) == (0, False)
    await settled()
    assert (diary.heard, problems) == ([("lost", socket.error)], [])


# Reading


async def test_read_is_handed_over() -> None:
    """As much as the socket says, to the protocol of that time."""
    first, second = Diary(), Diary()
    socket, transport = made(first)
    socket.answers = [b"abc"]
    socket.read_ready(2)
    transport.set_protocol(second)
    socket.read_ready(2)
    assert (first.heard, second.heard) == ([("data", b"ab")], [("data", b"c")])
    assert transport.get_protocol() is second


async def test_read_into_a_buffer() -> None:
    """No more than fits, and no more than the socket says; its items may have any size."""
    buffered = Buffered(memoryview(bytearray(4)).cast("H"))
    socket, _ = made(buffered)
    socket.answers = [b"abcdefg"]
    for size in (100, 2, 100):
        socket.read_ready(size)
    assert buffered.heard == [b"abcd", b"ef", b"g"]


@pytest.mark.parametrize(
    ("buffer", "error"),
    [(b"", RuntimeError), (None, TypeError), (LookupError("x"), LookupError)],
)
async def test_read_without_a_buffer(
    problems: list[dict[str, Any]], buffer: object, error: type
) -> None:
    """A protocol that has no room for a byte loses its connection; the loop is told why."""
    buffered = Buffered(buffer)
    socket, _ = made(buffered)
    socket.read_ready(1)
    await settled()
    assert buffered.heard == [("lost", error)]
    message = "Fatal error: protocol.get_buffer() call failed."
    assert [one["message"] for one in problems] == [message]


@pytest.mark.parametrize("buffer", [b"abcd", "text", memoryview(bytearray(8))[::2]])
async def test_read_into_a_buffer_that_is_read_only(
    problems: list[dict[str, Any]], buffer: object
) -> None:
    """It costs the connection, as the error of a real socket would; nothing is read."""
    buffered = Buffered(buffer)
    socket, transport = made(buffered)
    socket.answers = [b"xyz"]
    socket.read_ready(3)
    assert (transport.is_closing(), socket.answers) == (True, [b"xyz"])
    await settled()
    assert buffered.heard == [("lost", TypeError)]
    assert [one["message"] for one in problems] == ["Fatal read error on socket transport"]


async def test_read_of_an_error(problems: list[dict[str, Any]]) -> None:
    """What a network does is told to the protocol only."""
    diary = Diary()
    socket, _ = made(diary)
    socket.answers = [ConnectionResetError()]
    socket.read_ready(1)
    await settled()
    assert (diary.heard[0][0], problems) == ("lost", [])


@pytest.mark.parametrize("keeps", [False, True])
async def test_end_of_the_stream(keeps: bool) -> None:
    """The protocol says whether it goes on writing; reading is over."""
    diary = Diary(eof=lambda: keeps)
    socket, transport = made(diary)
    transport._watch_reads()
    socket.answers = [b""]
    socket.read_ready(1)
    assert (socket.watches["reads"], transport.is_closing()) == (False, not keeps)
    await settled()
    assert diary.heard == (["eof"] if keeps else ["eof", ("lost", None)])


async def test_pause_reading() -> None:
    """The socket is watched as long as the protocol wants to read."""
    socket, transport = made(Diary())
    transport._watch_reads()
    for call, reads in (
        ("resume_reading", True),
        ("pause_reading", False),
        ("pause_reading", False),
        ("_watch_reads", False),
        ("resume_reading", True),
        ("close", False),
        ("resume_reading", False),
        ("pause_reading", False),
    ):
        getattr(transport, call)()
        assert (socket.watches["reads"], transport.is_reading()) == (reads, reads)


# Errors of protocols


async def test_protocol_that_raises(problems: list[dict[str, Any]]) -> None:
    """It loses its connection; the loop is told which call of which protocol failed."""
    error = LookupError("planned")
    diary = Diary(data=failing(error))
    socket, transport = made(diary)
    socket.answers = [b"x"]
    socket.read_ready(1)
    await settled()
    assert diary.heard[1:] == [("lost", error)]
    message = "Fatal error: protocol.data_received() call failed."
    what = {"message": message, "exception": error, "transport": transport, "protocol": diary}
    assert problems == [what]


async def test_protocol_that_raises_when_it_pauses(problems: list[dict[str, Any]]) -> None:
    """That is told to the loop, and nothing else happens."""
    diary = Diary(pause=failing(LookupError("planned")))
    socket, transport = made(diary)
    socket.room = 0
    transport.set_write_buffer_limits(0)
    transport.write(b"x")
    assert (transport.is_closing(), diary.heard) == (False, ["pause"])
    assert [one["message"] for one in problems] == ["protocol.pause_writing() failed"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_protocol_that_stops_the_program(error: type[BaseException]) -> None:
    """A wish to end the program is not swallowed, whichever call has it."""
    wish = error()
    socket, transport = made(Diary(data=failing(wish), pause=failing(wish)))
    transport.set_write_buffer_limits(0)
    socket.room = 0
    socket.answers = [b"x"]
    with pytest.raises(error):
        socket.read_ready(1)
    with pytest.raises(error):
        transport.write(b"x")
    transport.set_protocol(Buffered(wish))
    with pytest.raises(error):
        socket.read_ready(1)


# Ending


@pytest.mark.parametrize("waits", [False, True])
async def test_close_flushes(waits: bool) -> None:
    """The loss is told once all is sent, in a later turn if nothing waits, and then the end."""
    diary = Diary()
    socket, transport = made(diary)
    socket.room = 1 if waits else 2
    transport.write(b"ab")
    transport.close()
    transport.close()
    assert (transport.is_closing(), diary.heard) == (True, [])
    transport.write_eof()
    transport.write(b"c")
    await settled()
    assert (diary.heard == []) is waits
    if waits:
        socket.room = 2
        socket.write_ready()
    assert (diary.heard, socket.asked[-1]) == ([("lost", None)], "close")
    assert socket.asked[:-1] == ([b"a", b"bc"] if waits else [b"ab"])


async def test_abort_drops_what_waits(problems: list[dict[str, Any]]) -> None:
    """It is told once, in a later turn; the socket is closed, whatever the protocol does."""
    diary = Diary(lost=failing(LookupError("planned")))
    socket, transport = made(diary)
    socket.room = 0
    transport.write(b"ab")
    transport.abort()
    transport.abort()
    assert (diary.heard, transport.is_closing(), socket.watches["writes"]) == ([], True, False)
    await settled()
    assert (diary.heard, socket.asked) == ([("lost", None)], [b"", "close"])
    assert len(problems) == 1


async def test_resume_writing_may_close() -> None:
    """Who ends the connection there is told of its loss at once."""
    diary = Diary()
    socket, transport = made(diary)
    diary.does["resume"] = transport.close
    socket.room = 0
    transport.set_write_buffer_limits(0)
    transport.write(b"x")
    socket.room = 1
    socket.write_ready()
    assert diary.heard == ["pause", "resume", ("lost", None)]


# Notes


async def test_notes_come_before_what_follows() -> None:
    """Whoever keeps a trace hears of each happening once, with its bytes."""
    notes: list[tuple[object, ...]] = []

    def note(*what: object) -> None:
        """Write it down."""
        notes.append(what)

    socket, transport = made(Diary(), note)
    transport.write(b"ab")
    socket.answers = [b"cd", b""]
    for call in ("pause_reading", "resume_reading", "write_eof"):
        getattr(transport, call)()
        getattr(transport, call)()
    socket.read_ready(9)
    transport.pause_reading()
    socket.read_ready(9)
    transport.resume_reading()
    await settled()
    names = ["write", "pause", "resume", "write_eof", "receive", "pause", "eof", "close"]
    assert [one[0] for one in notes] == names
    assert [one[1:] for one in notes if len(one) > 1] == [(b"ab",), (b"cd",)]
