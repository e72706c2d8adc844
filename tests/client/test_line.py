"""One connection of a client, from its first attempt to its last hook."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest

from mcws_client._line import Line
from mcws_protocol import (
    CloseFrame,
    ConnectionClosed,
    DrainFrame,
    HelloFrame,
    Limits,
    Lines,
    LocalProtocolError,
    Mcws,
    Mode,
    Plain,
    Rejected,
    RejectFrame,
    RemoteProtocolError,
    WelcomeFrame,
    Wire,
    encode_frame,
)
from mcws_protocol.aio import Connection, Door, Handlers, Hub
from tests.aio.cable import End, connect
from tests.aio.harness import Raw, settle

HELLO = HelloFrame(frame_bytes_max=1 << 20, id="a")
WELCOME = WelcomeFrame(frame_bytes_max=1 << 20, id="from the server", contract="")


class Phone:
    """A client that writes down what its line tells, and a server's end of the cable.

    Attributes:
        told: what the line told.
        far: what the server heard.
        server: the server's end of the cable.
    """

    def __init__(self, wire: Wire | None = None, mode: Mode = Mode.FULL_DUPLEX) -> None:
        self.told: list[Any] = []
        self.handlers = Handlers()
        hub = Hub(self.handlers, Limits(), logging.getLogger("mcws.client"), is_server=False)
        self.line = Line(hub, self, HELLO)
        door = Door(wire or Mcws(), mode=mode)
        self.connection: Connection[Any, Any] = Connection(hub, self.line, door)
        self.far = Raw()
        self.server: End | None = None

    def opened(self, connection: Connection[Any, Any], /) -> None:
        """Take the open connection."""
        self.told.append("opened")
        connection.open(self)

    def ended(self, connection: Connection[Any, Any], /) -> None:
        """Take its end."""
        self.told.append(("ended", connection.close_code))

    def emptied(self, connection: Connection[Any, Any], /) -> None:
        """Take that nothing more arrives."""
        self.told.append("emptied")

    async def dial(self) -> End:
        """Join the line to the server; return the server's end."""
        _, self.server = connect(self.connection, self.far)
        await settle()
        return self.server


async def test_line_says_hello() -> None:
    """On mcws/1 the first bytes are HELLO; nothing is open before the answer."""
    phone = Phone()
    await phone.dial()
    assert phone.far.heard == encode_frame(HELLO)
    assert (phone.line.opened.done(), phone.told) == (False, [])


async def test_line_is_open_with_welcome(caplog: pytest.LogCaptureFixture) -> None:
    """WELCOME brings the id, opens the connection, and makes one INFO line."""
    caplog.set_level(logging.INFO, "mcws.client")
    phone = Phone()
    server = await phone.dial()
    server.write(encode_frame(WELCOME))
    await phone.line.opened
    assert phone.connection.id == "from the server"
    assert phone.told == ["opened"]
    assert [record.getMessage() for record in caplog.records] == [
        "connected to ('cable', 1) as 'from the server'"
    ]


async def test_line_is_open_at_once_where_there_is_no_opening() -> None:
    """On a plain wire nobody has to consent."""
    phone = Phone(Plain(Lines()))
    await phone.dial()
    assert phone.line.opened.done()
    assert (phone.told, phone.far.heard) == (["opened"], b"")


async def test_line_rejected() -> None:
    """REJECT fails the attempt with all that it says, and ends the connection."""
    phone = Phone()
    server = await phone.dial()
    server.write(encode_frame(RejectFrame(1013, 2500, "full")))
    with pytest.raises(Rejected) as caught:
        await phone.line.opened
    error = caught.value
    assert (error.code, error.reason, error.retry_after_s) == (1013, "full", 2.5)
    await settle()
    assert phone.far.is_lost or phone.far.has_eof
    assert phone.told == []


async def test_line_answered_in_another_wire() -> None:
    """Text where WELCOME should be is a protocol error of the server."""
    phone = Phone()
    server = await phone.dial()
    server.write(b"hello\r\n")
    with pytest.raises(RemoteProtocolError):
        await phone.line.opened


@pytest.mark.parametrize("is_reset", [False, True])
async def test_line_lost_in_the_opening(is_reset: bool) -> None:
    """The end of the stream and a reset are both ``ConnectionClosed``; the cause is kept."""
    phone = Phone()
    server = await phone.dial()
    assert server.other is phone.connection.transport
    if is_reset:
        server.other.reset()
    else:
        server.close()
    with pytest.raises(ConnectionClosed) as caught:
        await phone.line.opened
    assert caught.value.code == 1006
    assert isinstance(caught.value.__cause__, ConnectionResetError) == is_reset


async def test_line_given_up_before_it_was_made() -> None:
    """A transport that comes after the attempt was given up is ended at once."""
    phone = Phone()
    phone.line.give_up()
    server = await phone.dial()
    assert phone.far.heard == b""
    assert server.other.is_closing()


async def test_line_given_up_in_the_opening() -> None:
    """Nothing is left open, and a WELCOME that is on its way changes nothing."""
    phone = Phone()
    server = await phone.dial()
    server.write(encode_frame(WELCOME))
    phone.line.give_up()
    await settle()
    assert phone.line.opened.cancelled()
    assert phone.told == []
    assert phone.far.is_lost


async def test_line_welcomed_after_it_was_given_up() -> None:
    """If WELCOME is handed over all the same, the connection is ended."""
    phone = Phone()
    server = await phone.dial()
    phone.line.opened.cancel()
    server.write(encode_frame(WELCOME))
    await settle()
    assert phone.told == []
    assert phone.far.has_eof


async def test_line_fails_once() -> None:
    """A second failure, and giving up behind it, change nothing and warn of nothing."""
    phone = Phone()
    await phone.dial()
    phone.line.refused(phone.connection, ConnectionClosed(1001, "first"))
    phone.line.refused(phone.connection, ConnectionClosed(1002, "second"))
    phone.line.give_up()
    assert str(phone.line.opened.exception()) == "connection closed with code 1001: 'first'"


async def test_line_that_failed_is_given_up_quietly() -> None:
    """A failure that nobody waited for is no "exception was never retrieved" in the log."""
    problems: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    phone = Phone()
    await phone.dial()
    phone.line.refused(phone.connection, ConnectionClosed(1001))
    phone.line.give_up()
    await settle()
    del phone
    gc.collect()
    assert problems == []


async def test_line_drained(caplog: pytest.LogCaptureFixture) -> None:
    """DRAIN is one clean line in the log; the connection goes on."""
    caplog.set_level(logging.INFO, "mcws.client")
    phone = Phone()
    server = await phone.dial()
    server.write(encode_frame(WELCOME))
    server.write(encode_frame(DrainFrame(1000, "new version\n\x1b[2J")))
    await settle()
    assert caplog.records[-1].getMessage() == r"the server drains: 'new version\n\x1b[2J'"
    assert not phone.connection.closed


async def test_line_runs_hooks_in_order(caplog: pytest.LogCaptureFixture) -> None:
    """Connect hooks at the beginning, hooks of the end at the end, then the client is told."""
    caplog.set_level(logging.INFO, "mcws.client")
    phone = Phone()

    async def goodbye(client: Any) -> None:
        phone.told.append("hook begins")
        await asyncio.sleep(1)
        phone.told.append("hook ends")

    def hello(client: Any) -> None:
        phone.told.append("connect")

    phone.handlers.connects = (hello,)
    phone.handlers.ends = (goodbye,)
    server = await phone.dial()
    server.write(encode_frame(WELCOME))
    await settle()
    server.write(encode_frame(CloseFrame(3000, "bye")))
    server.write_eof()
    await asyncio.sleep(2)
    assert phone.told == ["opened", "connect", "hook begins", "hook ends", ("ended", 3000)]
    assert caplog.records[-1].getMessage() == "disconnected with 3000"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_line_gives_no_ids() -> None:
    """Only a server names clients."""
    phone = Phone(Plain(Lines()))
    await phone.dial()
    with pytest.raises(LocalProtocolError, match="only the server gives ids"):
        phone.connection.rename("b")


# Modes


async def test_line_declines_a_welcome_without_its_mode() -> None:
    """The attempt fails behind the server's answer to CLOSE 4004, which reached it."""
    phone = Phone(mode=Mode.HALF_DUPLEX)
    server = await phone.dial()
    server.write(encode_frame(WELCOME))
    await settle()
    problem = "the mode here is half duplex, which WELCOME does not announce"
    assert phone.far.heard.endswith(encode_frame(CloseFrame(4004, problem)))
    assert not phone.line.opened.done()
    server.write(encode_frame(CloseFrame(4004)))
    server.close()
    with pytest.raises(RemoteProtocolError, match=problem) as caught:
        await phone.line.opened
    assert (caught.value.code, phone.told) == (4004, [])


async def test_line_declines_once() -> None:
    """What comes behind such a WELCOME changes nothing, be it a fault; nor does a silent server."""
    phone = Phone(mode=Mode.HALF_DUPLEX)
    server = await phone.dial()
    server.write(encode_frame(WELCOME) + b"\0\0\0\x02\x7f\0")
    await settle()
    assert encode_frame(CloseFrame(4004))[4:8] in phone.far.heard
    assert not phone.line.opened.done()
    with pytest.raises(RemoteProtocolError) as caught:
        await phone.line.opened
    assert caught.value.code == 4004


async def test_line_takes_a_welcome_with_its_mode() -> None:
    """Bit 8 is all that half duplex asks for."""
    phone = Phone(mode=Mode.HALF_DUPLEX)
    server = await phone.dial()
    server.write(encode_frame(WelcomeFrame(frame_bytes_max=256, features=9)))
    await phone.line.opened
    assert phone.told == ["opened"]
