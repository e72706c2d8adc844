"""Modes: what two ends of one connection may say in each mode, on both wires."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import pytest

from mcws_client import Client
from mcws_protocol import (
    CloseFrame,
    ConnectionClosed,
    Contract,
    ErrorFrame,
    HelloFrame,
    Json,
    Limits,
    Lines,
    LocalProtocolError,
    Mcws,
    Message,
    MessageFrame,
    Mode,
    NoHandler,
    Plain,
    Rejected,
    RejectFrame,
    RemoteProtocolError,
    RequestFrame,
    RequestTimeout,
    Role,
    Text,
    TurnFrame,
    WelcomeFrame,
    decode_frame,
    encode_frame,
)
from mcws_protocol.aio._modes import (
    AnnouncingOutbox,
    AnsweringOutbox,
    InitiatorOutbox,
    ListeningOutbox,
    TokenOutbox,
)
from mcws_protocol.aio._outbox import Outbox
from mcws_server import ConnectedClient, Server
from mcws_server._broadcast import Delivery
from tests.aio.harness import Lab, MakeLab, Raw, settle

PLAIN: Final = Plain(Lines())
GIVE: Final = TurnFrame(give=True)
PLEASE: Final = TurnFrame(give=False)
HALF: Final = Mode.HALF_DUPLEX
WIRES: Final = pytest.mark.parametrize("wire", [Mcws(), PLAIN], ids=["mcws", "lines"])
BOTH: Final = pytest.mark.parametrize("first", Role)


class Pair:
    """A server and one client of it.

    Attributes:
        server: the server's view of the client.
        heard: what each end's message handlers got.
    """

    def __init__(self, made: Lab, client: Client[Any, Any]) -> None:
        self.made = made
        self.client = client
        self.server: ConnectedClient[Any, Any] = next(iter(made.server.clients))
        self.heard: dict[Role, list[Any]] = {role: [] for role in Role}
        client.on_message(lambda message, peer: self.heard[Role.CLIENT].append(message))
        self.server.on_message(lambda message, peer: self.heard[Role.SERVER].append(message))

    def peer(self, role: Role) -> Any:
        """Return what the end ``role`` sends by."""
        return self.server if role is Role.SERVER else self.client

    def frames(self, role: Role) -> list[Any]:
        """Return what the end ``role`` has written, but for the opening."""
        end = self.made.far[0] if role is Role.SERVER else self.made.near[0]
        return frames(b"".join(end.written))[1:]


def frames(data: bytes) -> list[Any]:
    """Return the frames that ``data`` consists of."""
    found: list[Any] = []
    while data:
        size = 4 + int.from_bytes(data[:4], "big")
        found.append(decode_frame(data[4], data[5], data[6:size]))
        data = data[size:]
    return found


def other(role: Role) -> Role:
    """Return the other end."""
    return Role.CLIENT if role is Role.SERVER else Role.SERVER


async def pair(
    lab: MakeLab,
    wire: Any = None,
    mode: Mode = HALF,
    first: Role = Role.SERVER,
    **limits: Any,
) -> Pair:
    """Return a server and a client that are connected."""
    server: Server[Any, Any, Any] = Server(limits=Limits(**limits))
    made = lab(server, wire, mode=mode, initiator=first)
    client = await made.client(limits=Limits(**limits)).connect()
    await settle()
    return Pair(made, client)


async def raw_client(lab: MakeLab, first: Role = Role.SERVER) -> tuple[Lab, Raw, Any]:
    """Return a lab, a peer that writes bytes and keeps turns, and the server's view of it."""
    made = lab(mode=HALF, initiator=first)
    peer = Raw()
    made.accept(peer)
    peer.end.write(encode_frame(HelloFrame(frame_bytes_max=1 << 16, features=9)))
    await settle()
    peer.heard = b""
    return made, peer, next(iter(made.server.clients))


def heard(peer: Raw) -> list[Any]:
    """Return the frames that a peer of bytes has heard since it was asked last."""
    data, peer.heard = peer.heard, b""
    return frames(data)


def into(got: list[Any]) -> Callable[[Any, Any], None]:
    """Return a handler that collects messages."""
    return lambda message, client: got.append(message)


def echo(message: Any, client: Any) -> None:
    """Say that something came."""
    client.send("echo")


# Both wires


@WIRES
@BOTH
async def test_much_that_waits_leaves_in_order(lab: MakeLab, wire: Any, first: Role) -> None:
    """Thousands of messages, many times high water, leave in one turn, and the end behind them."""
    made = await pair(lab, wire, first=first)
    replier(made, other(first))
    # On a plain wire the answer is waited for, on mcws/1 the turn.
    sender = made.peer(first if wire is PLAIN else other(first))
    asking = asyncio.ensure_future(made.peer(first).request("?")) if wire is PLAIN else None
    await asyncio.sleep(0)
    texts = [f"{number:100}" for number in range(2000)]
    for text in texts:
        sender.send(text)
    if asking is not None:
        assert await asking == "=?"
    await sender.close()
    await settle()
    got = made.heard[other(first) if wire is PLAIN else first]
    assert [text for text in got if text != "?"] == texts


# Who gets which outbox


@pytest.mark.parametrize(
    ("wire", "mode", "server", "client"),
    [
        (Mcws(), Mode.FULL_DUPLEX, Outbox, Outbox),
        (PLAIN, Mode.FULL_DUPLEX, Outbox, Outbox),
        (Mcws(), HALF, TokenOutbox, TokenOutbox),
        (PLAIN, HALF, InitiatorOutbox, AnsweringOutbox),
        (Mcws(), Mode.SIMPLEX, AnnouncingOutbox, ListeningOutbox),
        (PLAIN, Mode.SIMPLEX, AnnouncingOutbox, ListeningOutbox),
    ],
)
async def test_outbox_is_chosen_with_the_connection(
    lab: MakeLab, wire: Any, mode: Mode, server: type, client: type
) -> None:
    """What a mode costs, only its own connections pay."""
    made = await pair(lab, wire, mode)
    assert type(made.server._connection.outbox) is server
    assert type(made.client._connection.outbox) is client


async def test_initiator_may_be_the_client(lab: MakeLab) -> None:
    """On a plain wire either end may be the one that begins."""
    made = await pair(lab, PLAIN, HALF, Role.CLIENT)
    assert type(made.server._connection.outbox) is AnsweringOutbox
    assert type(made.client._connection.outbox) is InitiatorOutbox


# Half duplex on mcws/1: agreeing on it


async def test_server_rejects_a_client_that_knows_no_turns(lab: MakeLab) -> None:
    """A client in another mode is refused with 4004 and a reason, and nobody meets it."""
    made = lab(mode=HALF)
    with pytest.raises(Rejected) as caught:
        await made.client(mode=Mode.FULL_DUPLEX).connect()
    assert caught.value.code == 4004
    assert "the mode here is half duplex, which HELLO does not announce" in str(caught.value)
    assert not made.server.clients


async def test_server_rejects_a_device_that_knows_no_turns(lab: MakeLab) -> None:
    """A device without a contract has to announce half duplex all the same."""
    made = lab(mode=HALF)
    peer = Raw()
    made.accept(peer)
    peer.end.write(encode_frame(HelloFrame(frame_bytes_max=256, features=1)))
    await settle()
    (reject,) = heard(peer)
    assert isinstance(reject, RejectFrame)
    assert (reject.code, reject.retry_after_ms) == (4004, 0)


async def test_client_declines_a_server_that_knows_no_turns(lab: MakeLab) -> None:
    """``connect`` raises, and the server hears why: CLOSE 4004 reaches it."""
    codes: list[tuple[int, str]] = []
    server = Server().on_client_disconnect(
        lambda client: codes.append((client.close_code, client.close_reason))
    )
    # What is sent right behind WELCOME is dropped.
    server.on_client_connect(lambda client: client.send("welcome"))
    client = lab(server).client(mode=HALF)
    with pytest.raises(RemoteProtocolError, match="half duplex, which WELCOME does not") as caught:
        await client.connect()
    assert caught.value.code == 4004
    await settle()
    assert codes == [(4004, caught.value.reason)]
    assert client.state.name == "NEW"


@BOTH
async def test_both_announce_half_duplex(lab: MakeLab, first: Role) -> None:
    """HELLO and WELCOME have bit 8 in this mode, and in no other."""
    made = await pair(lab, first=first)
    for end, kind in ((made.made.near[0], HelloFrame), (made.made.far[0], WelcomeFrame)):
        (frame,) = frames(end.written[0])[:1]
        assert isinstance(frame, kind)
        assert frame.features == 9


# Half duplex on mcws/1: the turn


@BOTH
async def test_holder_sends_at_once(lab: MakeLab, first: Role) -> None:
    """Who has the turn asks nobody."""
    made = await pair(lab, first=first)
    made.peer(first).send("a")
    made.peer(first).write(b"b")
    await settle()
    assert made.heard[other(first)] == ["a", b"b"]
    assert made.frames(other(first)) == []


@BOTH
async def test_other_end_asks_once_and_sends_with_the_turn(lab: MakeLab, first: Role) -> None:
    """What waits leaves in the order of the calls, whatever the kinds of them."""
    made = await pair(lab, first=first)
    sender = made.peer(other(first))

    def answer(request: Any, peer: Any) -> str:
        """Note a request among the messages."""
        made.heard[first].append(request)
        return "answer"

    made.peer(first).on_request(answer)
    sender.send("a")
    asking = asyncio.ensure_future(sender.request("b"))
    await asyncio.sleep(0)
    sender.write(b"c")
    sender.send(b"d")
    await asking
    await settle()
    assert made.heard[first] == ["a", "b", b"c", b"d"]
    assert made.frames(other(first))[0] == PLEASE
    assert made.frames(other(first)).count(PLEASE) == 1
    assert made.frames(first)[0] == GIVE


async def test_broadcast_waits_for_the_turn_in_order(lab: MakeLab) -> None:
    """A broadcast has its place among the messages; it counts as queued."""
    made = await pair(lab, first=Role.CLIENT)
    made.server.send("a")
    assert made.made.server.send_to([made.server], "b") == Delivery(queued=1)
    made.server.send("c")
    await settle()
    assert made.heard[Role.CLIENT] == ["a", "b", "c"]


async def test_two_idle_ends_that_start_at_once(lab: MakeLab) -> None:
    """The one without the turn waits for it; both are heard and neither is a fault."""
    made = await pair(lab)
    made.client.send("up")
    made.server.send("down")
    await settle()
    assert made.heard == {Role.SERVER: ["up"], Role.CLIENT: ["down"]}
    assert not made.client.closed


async def test_turn_is_not_given_before_the_answer(lab: MakeLab) -> None:
    """The holder waits for its own requests; asked, it sends one more message and no second."""
    _, peer, server = await raw_client(lab)
    asking = asyncio.ensure_future(server.request("q"))
    await settle()
    server.send("before")
    peer.end.write(encode_frame(PLEASE) * 2)
    await settle()
    for text in ("one more", "too late", "later"):
        server.send(text)
    await settle()
    assert heard(peer) == [
        RequestFrame(0, "q", 5000),
        MessageFrame("before"),
        MessageFrame("one more"),
    ]
    peer.end.write(b"\0\0\0\x06\x12\0\0\0\0\0")
    assert await asking == b""
    await settle()
    assert heard(peer) == [GIVE, PLEASE]
    peer.end.write(encode_frame(MessageFrame("mine")) + encode_frame(GIVE) + encode_frame(PLEASE))
    await settle()
    assert heard(peer) == [MessageFrame("too late"), MessageFrame("later"), GIVE]


async def test_broadcast_is_the_one_more_too(lab: MakeLab) -> None:
    """Behind it everything waits, as behind a message."""
    made, peer, server = await raw_client(lab)
    asking = asyncio.ensure_future(server.request("q"))
    await settle()
    peer.end.write(encode_frame(PLEASE))
    await settle()
    made.server.broadcast("one")
    made.server.broadcast("two")
    peer.end.write(encode_frame(ErrorFrame(0, 1)))
    with pytest.raises(NoHandler):
        await asking
    await settle()
    assert heard(peer)[1:] == [MessageFrame("one"), GIVE, PLEASE]
    peer.end.write(encode_frame(GIVE))
    await settle()
    assert heard(peer) == [MessageFrame("two")]


async def test_request_is_the_one_more_too(lab: MakeLab) -> None:
    """Then the turn waits for its answer as well."""
    _, peer, server = await raw_client(lab)
    asking = [asyncio.ensure_future(server.request("q"))]
    await settle()
    peer.end.write(encode_frame(PLEASE))
    await settle()
    asking += [asyncio.ensure_future(server.request(text)) for text in ("one", "two")]
    await settle()
    peer.end.write(encode_frame(ErrorFrame(0, 1)))
    await settle()
    assert [frame.payload for frame in heard(peer)] == ["q", "one"]
    peer.end.write(encode_frame(ErrorFrame(1, 1)))
    await settle()
    assert heard(peer) == [GIVE, PLEASE]
    peer.end.write(encode_frame(GIVE))
    await settle()
    assert heard(peer) == [RequestFrame(2, "two", 5000)]
    server.abort()
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(failure) for failure in failures] == [NoHandler] * 2 + [ConnectionClosed]


@pytest.mark.parametrize("frame", [MessageFrame(b"m"), RequestFrame(1, b"r"), GIVE], ids=repr)
async def test_peer_without_the_turn_breaks_the_protocol(lab: MakeLab, frame: Any) -> None:
    """It is closed with 1002, and no handler saw what it sent."""
    _, peer, server = await raw_client(lab)
    got: list[Any] = []
    server.on_message(into(got))
    peer.end.write(encode_frame(frame))
    await settle()
    (last,) = heard(peer)
    assert isinstance(last, CloseFrame)
    assert last.code == 1002
    assert got == []


async def test_message_that_comes_with_the_turn_stays_in_order(lab: MakeLab) -> None:
    """A handler that sends while the turn is on its way does not overtake what waits."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    server.on_message(echo)
    server.send("waits")
    await settle()
    peer.end.write(encode_frame(MessageFrame(b"m")) + encode_frame(GIVE))
    await settle()
    assert heard(peer) == [PLEASE, MessageFrame("waits"), MessageFrame("echo")]


async def test_handler_that_awaits_send_does_not_keep_the_turn_away(lab: MakeLab) -> None:
    """The turn is behind more than an inbox holds, so what is echoed does not wait for it."""
    small: dict[str, Any] = {
        "inbox_high_bytes": 1000,
        "inbox_bytes_max": 2000,
        "outbox_high_bytes": 100,
    }
    made = await pair(lab, outbox_low_bytes=50, outbox_bytes_max=100_000, **small)

    async def answer(message: Any, client: Any) -> None:
        """Send it back, as slowly as it goes."""
        await client.send(message)

    made.client.on_message(answer)
    texts = [f"{number:50}" for number in range(1000)]
    for text in texts:
        made.server.send(text)
    await asyncio.sleep(1)
    assert made.heard[Role.CLIENT] == texts
    assert made.heard[Role.SERVER] == texts


# Half duplex on mcws/1: giving up and ending


async def test_request_that_was_not_sent_is_taken_back(lab: MakeLab) -> None:
    """Cancelled or late before its turn, it leaves no trace, and its id is free."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    asking = asyncio.ensure_future(server.request("cancelled", timeout=None))
    await settle()
    asking.cancel()
    with pytest.raises(RequestTimeout):
        await server.request("late", timeout=0.5)
    server.send("after")
    peer.end.write(encode_frame(GIVE))
    await settle()
    assert heard(peer) == [PLEASE, MessageFrame("after")]
    connection = server._connection
    assert connection._asked is not None
    assert (connection._asked._answers, connection._asked.waiting) == ({}, 0)


async def test_request_that_was_sent_is_cancelled_as_ever(lab: MakeLab) -> None:
    """CANCEL needs no turn; the turn waits for the answer that it brings about."""
    made = await pair(lab)
    made.client.on_request(lambda request, client: asyncio.sleep(1000))
    asking = asyncio.ensure_future(made.server.request("q", timeout=None))
    await settle()
    made.client.send("up")
    await settle()
    assert made.heard[Role.SERVER] == []
    asking.cancel()
    await settle()
    assert made.heard[Role.SERVER] == ["up"]


@BOTH
async def test_close_waits_for_the_turn(lab: MakeLab, first: Role) -> None:
    """What was accepted is heard before CLOSE; nothing more is accepted meanwhile."""
    made = await pair(lab, first=first)
    sender = made.peer(other(first))
    sender.send("a")
    sender.send("b")
    end = sender.close(3000, "bye")
    assert sender.closed
    with pytest.raises(ConnectionClosed):
        sender.send("c")
    await end
    await settle()
    assert made.heard[first] == ["a", "b"]
    assert made.frames(other(first))[-1] == CloseFrame(3000, "bye")
    assert made.peer(first).close_code == 3000


async def test_close_gives_up_requests_that_wait(lab: MakeLab) -> None:
    """A request without its turn fails and never leaves; with nothing else, CLOSE goes at once."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    asking = asyncio.ensure_future(server.request("q"))
    await settle()
    server.close()
    with pytest.raises(ConnectionClosed):
        await asking
    await settle()
    assert heard(peer) == [PLEASE, CloseFrame(1000)]


async def test_close_waits_no_longer_than_it_may(lab: MakeLab) -> None:
    """A peer that keeps the turn is aborted ``limits.close_s`` after the call."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    server.send("a")
    began = asyncio.get_running_loop().time()
    await server.close()
    took_s = asyncio.get_running_loop().time() - began
    assert 5.0 <= took_s <= 6.0
    assert heard(peer) == [PLEASE]
    assert server.close_code == 1000


async def test_close_that_got_the_turn_late_ends_in_time(lab: MakeLab) -> None:
    """The time counts from the call, not from the CLOSE that had to wait."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    server.send("a")
    began = asyncio.get_running_loop().time()
    end = server.close()
    await asyncio.sleep(3)
    peer.end.write(encode_frame(GIVE))
    await end
    assert asyncio.get_running_loop().time() - began <= 6.0
    assert heard(peer) == [PLEASE, MessageFrame("a"), CloseFrame(1000)]


@pytest.mark.parametrize("is_polite", [True, False])
async def test_end_of_the_peer_ends_the_waiting(lab: MakeLab, is_polite: bool) -> None:
    """Its CLOSE is answered at once, with its code; without one, the end is a loss."""
    made, peer, server = await raw_client(lab, Role.CLIENT)
    server.send("a")
    end = server.close(3000)
    await settle()
    began = asyncio.get_running_loop().time()
    if is_polite:
        peer.end.write(encode_frame(CloseFrame(3001, "me too")))
        await settle()
        assert heard(peer) == [PLEASE, CloseFrame(3001, "me too")]
    peer.end.write_eof()
    await settle()
    peer.end.close()
    await end
    assert asyncio.get_running_loop().time() == began
    assert server.close_code == (3001 if is_polite else 3000)
    assert not made.server.clients


async def test_peers_close_drops_what_waits(lab: MakeLab) -> None:
    """Who said CLOSE discards what comes; nothing is sent to it, and CLOSE is answered."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    server.send("a")
    room = server.flush()
    peer.end.write(encode_frame(CloseFrame(3001)))
    await settle()
    assert heard(peer) == [PLEASE, CloseFrame(3001)]
    with pytest.raises(ConnectionClosed):
        await room


async def test_fault_of_the_peer_ends_the_waiting(lab: MakeLab) -> None:
    """Nothing is read behind a fault, so the turn never comes: CLOSE goes at once."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    server.send("a")
    peer.end.write(b"\0\0\0\x02\x7f\0")
    await settle()
    assert [type(frame) for frame in heard(peer)] == [TurnFrame, CloseFrame]


async def test_fault_behind_the_close_ends_the_waiting(lab: MakeLab) -> None:
    """Also where this end had decided to close and waits for the turn."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    server.send("a")
    server.close()
    peer.end.write(b"\0\0\0\x02\x7f\0")
    await settle()
    assert heard(peer) == [PLEASE, CloseFrame()]


async def test_loss_fails_what_waits(lab: MakeLab) -> None:
    """Requests and ``flush`` that wait for the turn hear of the end."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    asking = asyncio.ensure_future(server.request("q"))
    await settle()
    server.send("a")
    flushed = server.flush()
    peer.end.reset()
    server.abort()
    with pytest.raises(ConnectionClosed):
        await asking
    with pytest.raises(ConnectionClosed):
        await flushed
    assert server._connection.outbox.waiting == 0


async def test_requests_of_the_peer_are_answered_while_the_end_waits(lab: MakeLab) -> None:
    """Without answers the peer could not give the turn: those that wait and come get ERROR 7."""
    _, peer, server = await raw_client(lab, Role.CLIENT)
    release = asyncio.Event()

    async def answer(request: Any, client: Any) -> str:
        """Take time."""
        await release.wait()
        return "answer"

    server.on_request(answer)
    peer.end.write(encode_frame(RequestFrame(1, b"runs")))
    await settle()
    server.pause()
    peer.end.write(encode_frame(RequestFrame(2, b"waits")))
    await settle()
    server.send("a")
    server.close()
    await settle()
    assert heard(peer) == [PLEASE, ErrorFrame(2, 7)]
    peer.end.write(encode_frame(RequestFrame(3, b"comes")))
    await settle()
    release.set()
    await settle()
    refusal, reply = heard(peer)
    assert (refusal, reply.correlation_id, reply.payload) == (ErrorFrame(3, 7), 1, "answer")
    peer.end.write(encode_frame(GIVE))
    await settle()
    assert heard(peer) == [MessageFrame("a"), CloseFrame()]


async def test_answer_of_a_handler_that_runs_goes_out_while_the_end_waits(lab: MakeLab) -> None:
    """``close`` stops no handler that runs, and its answer may bring the turn."""
    made = await pair(lab)
    release = asyncio.Event()

    async def answer(request: Any, client: Any) -> str:
        """Take time."""
        await release.wait()
        return "answer"

    made.client.on_request(answer)
    asking = asyncio.ensure_future(made.server.request("q"))
    await settle()
    made.client.send("up")
    made.client.close()
    await settle()
    assert made.heard[Role.SERVER] == []
    release.set()
    assert await asking == "answer"
    await settle()
    assert made.heard[Role.SERVER] == ["up"]


async def test_full_inbox_does_not_hide_the_turn(lab: MakeLab) -> None:
    """Who waits for the turn reads on, so that a handler may await the room that it brings."""
    made = await pair(
        lab, first=Role.CLIENT, inbox_high_bytes=200, outbox_low_bytes=1, outbox_high_bytes=20
    )

    async def echo_slowly(message: Any, client: Any) -> None:
        """Send back, with backpressure."""
        await client.send(message)

    made.server.on_message(echo_slowly)
    texts = [f"{index:020}" for index in range(50)]
    for text in texts:
        made.client.send(text)
    await asyncio.sleep(5)
    assert made.heard[Role.CLIENT] == texts


async def test_waiting_for_the_turn_does_not_hold_handlers_back(lab: MakeLab) -> None:
    """The peer gives the turn when its request is answered, so that one has to start."""
    made = await pair(lab, first=Role.CLIENT, outbox_low_bytes=1, outbox_high_bytes=10)
    made.server.on_request(lambda request, client: asyncio.sleep(1, "answer"))
    asking = [asyncio.ensure_future(made.client.request("q", timeout=None)) for _ in range(2)]
    await settle()
    made.server.send("x" * 100)
    assert await asyncio.gather(*asking) == ["answer"] * 2
    await settle()
    assert made.heard[Role.CLIENT] == ["x" * 100]


async def test_server_drains_its_half_duplex_clients(lab: MakeLab) -> None:
    """What waits for the turn is said before the end of a drain, too."""
    made = await pair(lab, first=Role.CLIENT)
    made.server.send("last words")
    await made.made.server.drain()
    await settle()
    assert made.heard[Role.CLIENT] == ["last words"]
    assert made.client.close_code == 1001


# Half duplex on a plain wire


def replier(made: Pair, role: Role, seconds: float = 1.0) -> None:
    """Have the end ``role`` answer each message that begins with a question mark."""

    async def reply(peer: Any, message: str) -> None:
        """Take time, then answer."""
        await asyncio.sleep(seconds)
        peer._connection.outbox.reply(f"={message}")

    tasks: list[Any] = []

    def hear(message: str, peer: Any) -> None:
        """Answer what is a request."""
        if message.startswith("?"):
            tasks.append(asyncio.ensure_future(reply(peer, message)))

    made.peer(role).on_message(hear)


@BOTH
async def test_plain_initiator_waits_for_each_answer(lab: MakeLab, first: Role) -> None:
    """While a request is unanswered everything else waits, in the order of the calls."""
    made = await pair(lab, PLAIN, first=first)
    replier(made, other(first))
    sender, got = made.peer(first), made.heard[other(first)]
    sender.send("a")
    asking = [asyncio.ensure_future(sender.request("?1"))]
    await asyncio.sleep(0)
    sender.send("b")
    asking.append(asyncio.ensure_future(sender.request("?2")))
    await asyncio.sleep(0)
    sender.send("c")
    await settle()
    assert got == ["a", "?1"]
    await asyncio.sleep(1)
    await settle()
    assert got == ["a", "?1", "b", "?2"]
    assert await asyncio.gather(*asking) == ["=?1", "=?2"]
    await settle()
    assert got == ["a", "?1", "b", "?2", "c"]


class Note(Message):
    """A message that wants no answer, and says so by its type."""

    text: str


async def test_plain_initiator_writes_nothing_that_is_answered(lab: MakeLab) -> None:
    """Past the codec as through it: only a request may be what the peer answers."""
    contract = Contract("t", version=1, up=str, down=str, codec=Text(), wire=PLAIN, mode=HALF)
    made = lab(Server(contract))
    client = made.client().on_request(lambda request, peer: f"={request}")
    await client.connect()
    await settle()
    server = next(iter(made.server.clients))
    for say in (server.send, server.write):
        with pytest.raises(LocalProtocolError, match=r"each str is answered there: send it with"):
            say("x")
    assert await server.request("x") == "=x"


async def test_plain_initiator_writes_what_is_not_answered(lab: MakeLab) -> None:
    """A payload of typed messages is told by what it says."""
    contract = Contract("t", version=1, up=Note, down=Note, codec=Json(), wire=PLAIN, mode=HALF)
    made = lab(Server(contract))
    got: list[Any] = []
    await made.client().on_message(into(got)).connect()
    await settle()
    server = next(iter(made.server.clients))
    server.send(Note(text="a"))
    server.write(b'{"$":"Note","text":"b"}')
    await settle()
    assert got == [Note(text="a"), Note(text="b")]


@BOTH
async def test_plain_answering_end_only_answers(lab: MakeLab, first: Role) -> None:
    """It cannot send, write or ask; a broadcast leaves it out without an error."""
    made = await pair(lab, PLAIN, first=first)
    silent = made.peer(other(first))
    why = "this end only answers on a plain half-duplex wire"
    with pytest.raises(LocalProtocolError, match=why):
        silent.send("x")
    with pytest.raises(LocalProtocolError, match=why):
        silent.write("x")
    with pytest.raises(LocalProtocolError, match=why):
        await silent.request("x")
    await settle()
    assert made.heard[first] == []
    assert not silent.closed


async def test_broadcast_leaves_out_who_is_only_answered(lab: MakeLab) -> None:
    """Such a client counts as dropped, and as no slow one; a closed one as closed."""
    made = await pair(lab, PLAIN, first=Role.CLIENT)
    server = made.made.server
    assert server.send_to([made.server], "x") == Delivery(dropped=1)
    server.broadcast("x")
    made.server.close()
    assert server.send_to([made.server], "x").closed == 1
    await settle()
    assert made.heard[Role.CLIENT] == []


async def test_plain_request_that_was_not_sent_is_taken_back(lab: MakeLab) -> None:
    """Given up before its turn it closes nothing; given up behind it, it closes as ever."""
    made = await pair(lab, PLAIN)
    replier(made, Role.CLIENT, 2.0)
    asking = asyncio.ensure_future(made.server.request("?1"))
    await settle()
    with pytest.raises(RequestTimeout):
        await made.server.request("?2", timeout=0.5)
    assert await asking == "=?1"
    with pytest.raises(RequestTimeout):
        await made.server.request("?3", timeout=0.5)
    # It was open before, or this had been `ConnectionClosed`.
    assert made.server.closed
    assert made.heard[Role.CLIENT] == ["?1", "?3"]


async def test_plain_close_waits_for_the_answer(lab: MakeLab) -> None:
    """What was accepted leaves behind the answer; the request fails at once."""
    made = await pair(lab, PLAIN)
    replier(made, Role.CLIENT)
    asking = asyncio.ensure_future(made.server.request("?1"))
    await settle()
    made.server.send("a")
    end = made.server.close()
    with pytest.raises(ConnectionClosed):
        await asking
    await end
    await settle()
    assert made.heard[Role.CLIENT] == ["?1", "a"]


async def test_plain_end_of_the_peer_frees_what_waits(lab: MakeLab) -> None:
    """Behind the end of its stream no answer comes, but the peer may still read."""
    made = lab(Server(), PLAIN, mode=HALF)
    peer = Raw()
    made.accept(peer)
    await settle()
    server = next(iter(made.server.clients))
    asking = asyncio.ensure_future(server.request("?"))
    await settle()
    server.send("a")
    peer.end.write_eof()
    with pytest.raises(ConnectionClosed):
        await asking
    await settle()
    assert peer.heard == b"?\na\n"


async def test_plain_fault_ends_the_waiting(lab: MakeLab) -> None:
    """Nothing is read behind a fault, so no answer comes: the end is not put off."""
    made = lab(Server(limits=Limits(frame_bytes_max=256)), PLAIN, mode=HALF)
    peer = Raw()
    made.accept(peer)
    await settle()
    server = next(iter(made.server.clients))
    asking = asyncio.ensure_future(server.request("?"))
    await settle()
    server.send("a")
    peer.end.write(bytes(1000))
    with pytest.raises(ConnectionClosed):
        await asking
    await settle()
    assert peer.heard == b"?\n"
    assert peer.has_eof


async def test_plain_fault_behind_the_close_ends_the_waiting(lab: MakeLab) -> None:
    """Also where this end had decided to close and waits for an answer."""
    made = lab(Server(limits=Limits(frame_bytes_max=256)), PLAIN, mode=HALF)
    peer = Raw()
    made.accept(peer)
    await settle()
    server = next(iter(made.server.clients))
    asking = asyncio.ensure_future(server.request("?"))
    await settle()
    server.send("a")
    server.close()
    with pytest.raises(ConnectionClosed):
        await asking
    peer.end.write(bytes(1000))
    await settle()
    assert (peer.heard, peer.has_eof) == (b"?\n", True)


async def test_plain_request_that_the_wire_cannot_carry(lab: MakeLab) -> None:
    """It is refused at the call, also where it would have to wait."""
    made = await pair(lab, PLAIN)
    asking = asyncio.ensure_future(made.server.request("?"))
    await settle()
    with pytest.raises(LocalProtocolError):
        await made.server.request("two\nlines")
    made.server.abort()
    with pytest.raises(ConnectionClosed):
        await asking


async def test_reply_on_a_closed_connection(lab: MakeLab) -> None:
    """An answer that comes too late is refused as everything else."""
    made = await pair(lab, PLAIN)
    made.client.close()
    with pytest.raises(ConnectionClosed):
        made.client._connection.outbox.reply("late")


# Half duplex on both wires: requests that never left


@WIRES
@pytest.mark.parametrize("end", ["close", "abort", "drop", "peer"])
async def test_request_that_never_left_was_not_executed(lab: MakeLab, wire: Any, end: str) -> None:
    """Whatever ends the connection, only what was sent may have been executed."""
    made = await pair(lab, wire)
    if wire is not PLAIN:
        made.client.on_request(lambda request, client: asyncio.sleep(1000))
    sent = asyncio.ensure_future(made.server.request("?1"))
    await settle()
    asking = made.server if wire is PLAIN else made.client
    waits = asyncio.ensure_future(asking.request("?2"))
    await settle()
    match end:
        case "close" | "abort":
            getattr(asking, end)()
        case "drop":
            made.made.far[0].abort()
        case _:
            made.peer(Role.CLIENT if asking is made.server else Role.SERVER).close()
    failures = await asyncio.gather(sent, waits, return_exceptions=True)
    await settle()
    assert [getattr(failure, "maybe_executed", None) for failure in failures] == [True, False]
    assert "?2" not in made.heard[Role.CLIENT] + made.heard[Role.SERVER]


# Simplex


@WIRES
async def test_simplex_goes_down_only(lab: MakeLab, wire: Any) -> None:
    """The server sends and broadcasts; the client can neither send nor write nor ask."""
    made = await pair(lab, wire, Mode.SIMPLEX)
    made.server.send("a")
    made.made.server.broadcast("b")
    await settle()
    assert made.heard[Role.CLIENT] == ["a", "b"]
    why = "only the server sends in simplex mode"
    with pytest.raises(LocalProtocolError, match=why):
        made.client.send(b"x")
    with pytest.raises(LocalProtocolError, match=why):
        made.client.write("x")
    with pytest.raises(LocalProtocolError, match=why):
        await made.client.request("x")


@WIRES
async def test_simplex_server_cannot_ask(lab: MakeLab, wire: Any) -> None:
    """Nothing may come back, so there is no answer to wait for."""
    made = await pair(lab, wire, Mode.SIMPLEX)
    with pytest.raises(LocalProtocolError, match="nothing may come back in simplex mode"):
        await made.server.request("x")
    assert not made.server.closed


@WIRES
async def test_simplex_drops_and_counts_what_comes_up(lab: MakeLab, wire: Any) -> None:
    """No handler sees a message of a client that sends all the same; the connection stays."""
    made = lab(Server(), wire, mode=Mode.SIMPLEX)
    client = await made.client(mode=Mode.FULL_DUPLEX).connect()
    await settle()
    both = Pair(made, client)
    for text in ("a", "b", "c"):
        client.send(text)
    await settle()
    assert both.heard[Role.SERVER] == []
    assert both.server._connection.skipped == 3
    both.server.send("down")
    await settle()
    assert both.heard[Role.CLIENT] == ["down"]


async def test_simplex_refuses_requests(lab: MakeLab) -> None:
    """A request gets ERROR 1 and is counted, its CANCEL is nothing; PING is answered as ever."""
    made = lab(Server(), mode=Mode.SIMPLEX)
    made.server.on_client_request(lambda request, client: "answer")
    client = await made.client(mode=Mode.FULL_DUPLEX).connect()
    with pytest.raises(NoHandler) as caught:
        await client.request("x")
    assert caught.value.code == 1
    near = made.near[0]
    near.write(b"\0\0\0\x0a\x11\0\0\0\0\x07\0\0\0\0" + b"\0\0\0\x06\x14\0\0\0\0\x07")
    near.write(b"\0\0\0\x02\x20\0")
    await settle()
    assert made.far[0].protocol.skipped == 2
    assert made.far[0].written[-1].endswith(b"\0\0\0\x02\x21\0")
    await client.close()
