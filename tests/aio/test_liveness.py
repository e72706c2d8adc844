"""Keepalive and deadlines, in virtual time (WIRE 4, FAULTS 4, 7, 10, 26)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcws_protocol import (
    HelloFrame,
    Lines,
    Mcws,
    PingFrame,
    Plain,
    PongFrame,
    RejectFrame,
    WelcomeFrame,
    encode_frame,
)
from mcws_server import Server
from mcws_testkit import SimLoop
from tests.aio.harness import MakeLab, Raw, settle

HELLO = encode_frame(HelloFrame(frame_bytes_max=1 << 20, features=1))


def counting(codes: list[int]) -> Server[Any, Any, Any]:
    """Return a server that keeps the codes of its clients' ends."""
    return Server().on_client_disconnect(lambda client: codes.append(client.close_code))


async def test_idle_connection_stays_up(lab: MakeLab) -> None:
    """Two ends with nothing to say keep each other alive and measure the way."""
    codes: list[int] = []
    made = lab(counting(codes))
    client = await made.client().connect()
    await asyncio.sleep(3600)
    (connected,) = made.server.clients
    assert codes == []
    assert client.rtt is not None
    assert connected.rtt is not None
    assert sum(len(chunk) for chunk in made.near[0].written) < 10_000


async def test_dead_peer_is_found(lab: MakeLab) -> None:
    """A peer of whom nothing is heard is given up after 2.5 times the keepalive."""
    codes: list[int] = []
    made = lab(counting(codes))
    await made.client().connect()
    await settle()
    made.near[0].stall()
    await asyncio.sleep(49)
    assert codes == []
    await asyncio.sleep(3)
    assert codes == [1006]


async def test_idle_plain_connection_stays_up(lab: MakeLab) -> None:
    """A plain wire has no keepalive: silence is not held against anybody."""
    codes: list[int] = []
    made = lab(counting(codes), Plain(Lines()))
    await made.client().connect()
    await asyncio.sleep(3600)
    assert codes == []


async def test_trickle_is_life(lab: MakeLab) -> None:
    """A peer that sends one byte in 40 seconds is alive."""
    codes: list[int] = []
    made = lab(counting(codes))
    peer = Raw()
    made.accept(peer)
    peer.end.write(HELLO)
    for byte in b"\0\0\0\x06\x10\x00abcd":
        await asyncio.sleep(40)
        peer.end.write(bytes([byte]))
    await settle()
    assert codes == []


async def test_own_pause_is_not_held_against_the_peer(lab: MakeLab) -> None:
    """While this end does not read, it cannot know that the peer is silent."""
    codes: list[int] = []
    go_on = asyncio.Event()
    heard: list[Any] = []

    async def slow(message: Any, client: Any) -> None:
        heard.append(message)
        await go_on.wait()

    made = lab(counting(codes).on_client_message(slow))
    client = await made.client().connect()
    made.near[0].chunk = 4096
    for _ in range(200):
        client.send("x" * 1024)
    await asyncio.sleep(400)
    assert not made.far[0].is_reading()
    go_on.set()
    await settle(2000)
    assert (len(heard), codes) == (200, [])


async def test_own_blocked_loop_is_not_held_against_the_peer(lab: MakeLab) -> None:
    """After this process was stopped for minutes, its peers get time to be heard."""
    codes: list[int] = []
    made = lab(counting(codes))
    await made.client().connect()
    await settle()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    loop.block(300)
    await asyncio.sleep(30)
    assert codes == []


async def test_silent_opening(lab: MakeLab) -> None:
    """Who says nothing for five seconds is rejected with 4000, and is no client before."""
    codes: list[int] = []
    made = lab(counting(codes))
    peer = Raw()
    made.accept(peer)
    await asyncio.sleep(4.5)
    assert peer.heard == b""
    await asyncio.sleep(2)
    assert peer.heard == encode_frame(RejectFrame(4000, 0, "no HELLO within 5 s"))
    await asyncio.sleep(7)
    assert peer.is_lost or peer.has_eof
    assert codes == []
    assert made.server._lobby is not None
    assert not made.server._lobby.crowd


@pytest.mark.parametrize("spacing_s", [0, 4.9])
async def test_ping_flood(lab: MakeLab, spacing_s: float) -> None:
    """Three PINGs in a row that come too early close with 1008."""
    codes: list[int] = []
    made = lab(counting(codes))
    peer = Raw()
    made.accept(peer)
    peer.end.write(HELLO)
    await settle()
    for _ in range(6):
        peer.end.write(encode_frame(PingFrame(b"x")))
        await asyncio.sleep(spacing_s)
    await settle()
    peer.end.close()
    await settle()
    assert codes == [1008]


async def test_unread_pongs_do_not_pile_up(lab: MakeLab) -> None:
    """However many PINGs came, at most one PONG waits for a peer that does not read."""
    made = lab(Server())
    peer = Raw()
    made.accept(peer)
    peer.end.write(HELLO)
    await settle()
    (connected,) = made.server.clients
    made.far[0].stall()
    connected.send("x" * 200_000)
    await settle()
    before = len(made.far[0].written)
    for number in range(4):
        await asyncio.sleep(6)
        peer.end.write(encode_frame(PingFrame(bytes([number]))))
    made.far[0].flow()
    await settle(200)
    late = b"".join(made.far[0].written[before:])
    pongs = [late.count(encode_frame(PongFrame(bytes([number])))) for number in range(4)]
    assert pongs == [0, 0, 0, 1]


async def test_welcome_says_what_was_agreed(lab: MakeLab) -> None:
    """The smaller keepalive of both is agreed on, and the id is the server's."""
    made = lab(Server())
    peer = Raw()
    made.accept(peer)
    hello = HelloFrame(frame_bytes_max=1 << 16, features=0xFF, keepalive_s=7, id="kiosk")
    peer.end.write(encode_frame(hello))
    await settle()
    welcome = WelcomeFrame(frame_bytes_max=(1 << 20) + 64, keepalive_s=7, features=1, id="kiosk")
    assert peer.heard == encode_frame(welcome)
    await asyncio.sleep(8)
    assert encode_frame(PingFrame(b"\0\0\0\x01")) in peer.heard


async def test_no_timer_without_connections(lab: MakeLab) -> None:
    """The last connection takes the sweep with it: an idle server has no timer."""
    made = lab(Server(), Mcws())
    async with made.client():
        await asyncio.sleep(2)
    await settle()
    lobby = made.server._lobby
    assert lobby is not None
    assert lobby.hub._timer is None


async def test_loop_that_is_late_now_and_then_still_finds_a_dead_peer(lab: MakeLab) -> None:
    """Only the time in which this end was blocked is excused, not all the silence before."""
    codes: list[int] = []
    made = lab(counting(codes))
    await made.client().connect()
    await settle()
    made.near[0].stall()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    for _ in range(4):
        await asyncio.sleep(20)
        loop.block(1)
    assert codes == [1006]
