"""From a URL to a connection that is open, or to one clear error."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from mcws_client import Client
from mcws_client._dialer import Address, explain, parse_url
from mcws_protocol import ConnectFailed, ConnectTimeout, Lines, Plain
from mcws_server import Server
from mcws_testkit import settled
from tests.aio.harness import MakeLab


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("TCP://example.org:1", ("example.org", 1)),
        ("tcp://[::1]:65535", ("::1", 65535)),
        ("tcp://localhost:80", ("localhost", 80)),
    ],
)
def test_parse_url(url: str, address: tuple[str, int]) -> None:
    """Host and port, and nothing else."""
    assert parse_url(url) == Address(*address)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "must begin with tcp://"),
        ("127.0.0.1:8080", "must begin with tcp://"),
        ("ws://127.0.0.1:8080", "must begin with tcp://"),
        ("tcp://", "must name host and port"),
        ("tcp://127.0.0.1", "must name host and port"),
        ("tcp://:8080", "must name host and port"),
        ("tcp://127.0.0.1:0", "must name host and port"),
        ("tcp://127.0.0.1:65536", "Port out of range"),
        ("tcp://127.0.0.1:http", "Port could not be cast"),
        ("tcp://[::1:80", "Invalid IPv6 URL"),
        ("tcp://127.0.0.1:80/path", "must have nothing but"),
        ("tcp://127.0.0.1:80?query", "must have nothing but"),
        ("tcp://127.0.0.1:80#fragment", "must have nothing but"),
        ("tcp://user@127.0.0.1:80", "must have nothing but"),
    ],
)
def test_parse_url_that_is_wrong(url: str, problem: str) -> None:
    """A wrong URL is an error when the client is made, and it is shown."""
    with pytest.raises(ValueError, match=problem) as caught:
        Client(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize("url", [None, 8080, b"tcp://127.0.0.1:8080"])
def test_parse_url_that_is_no_text(url: Any) -> None:
    """Anything but text is refused by type."""
    with pytest.raises(TypeError, match="url must be a str, not "):
        Client(url)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ECONNREFUSED, "x"), "nobody listens there"),
        (OSError(errno.EHOSTUNREACH, "x"), "the host cannot be reached"),
        (OSError(errno.ENETUNREACH, "x"), "the network cannot be reached"),
        (OSError(errno.ETIMEDOUT, "x"), "the host does not answer"),
        (OSError(errno.EACCES, "x"), "not permitted"),
        (OSError(errno.EMFILE, "x"), os.strerror(errno.EMFILE).lower()),
        (OSError("Multiple exceptions: a, b"), "Multiple exceptions: a, b"),
        (BrokenPipeError(), "BrokenPipeError"),
        (socket.gaierror(-2, "x"), "there is no such host"),
        (UnicodeError("label too long"), "there is no such host"),
    ],
)
def test_explain_says_why_in_words(error: OSError | UnicodeError, why: str) -> None:
    """Known causes have words of their own; others keep those of the system."""
    assert explain(error) == why


async def test_dial_in_another_way(lab: MakeLab) -> None:
    """A ``dial`` of one's own gives the transport; nothing looks at the URL."""
    made, calls = lab(), list[asyncio.Protocol]()

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        calls.append(make())
        made.accept(calls[-1])

    async with Client("tcp://no.such.host.invalid:1", dial=dial) as client:
        made.server.broadcast("hello")
        assert await anext(aiter(client)) == "hello"
    assert len(calls) == 1


async def test_dial_in_another_way_that_fails() -> None:
    """What is an ``OSError`` of that way is the error of any other way; the cause is kept."""
    cause = ConnectionRefusedError(errno.ECONNREFUSED, "no modem")

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        raise cause

    with pytest.raises(ConnectFailed, match=r"tcp://modem:1.*nobody listens there") as caught:
        await Client("tcp://modem:1", dial=dial).connect()
    assert caught.value.__cause__ is cause


async def test_dial_in_another_way_that_takes_too_long() -> None:
    """The time for connecting holds for it too."""

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        await asyncio.sleep(100)

    client = Client("tcp://modem:1", dial=dial, connect_timeout=7)
    with pytest.raises(ConnectTimeout, match="not within 7 seconds"):
        await client.connect()


async def test_dial_that_makes_no_connection() -> None:
    """A ``dial`` that forgets its argument is told so at once, instead of a timeout."""

    async def dial(make: Callable[[], asyncio.Protocol]) -> None:
        pass

    with pytest.raises(ConnectFailed, match="dial did not call its argument") as caught:
        await Client("tcp://modem:1", dial=dial).connect()
    assert not isinstance(caught.value, ConnectTimeout)


async def test_dial_that_is_not_async() -> None:
    """A plain function is told what is missing."""

    def dial(make: Callable[[], asyncio.Protocol]) -> Any:
        return 5

    with pytest.raises(TypeError, match="dial must be async or return an awaitable, it returned 5"):
        await Client("tcp://modem:1", dial=dial).connect()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
async def test_dial_reaches_the_server(address: str) -> None:
    """A client talks to the server of its URL."""
    async with Server().on_client_message(lambda message, client: client.send(message)) as server:
        listener = await server.listen(0, wire=Plain(Lines()))
        async with Client(f"tcp://{address}:{listener.port}", wire=Plain(Lines())) as client:
            client.send("hello")
            assert await anext(aiter(client)) == "hello"
            assert client.socket is not None
            assert client.remote_address == ("127.0.0.1", listener.port)


async def test_dial_where_nobody_listens() -> None:
    """``ConnectFailed`` names URL and cause; the client may try again."""
    url = "tcp://127.0.0.1:8080"
    client = Client(url)
    for _ in range(2):
        with pytest.raises(ConnectFailed, match="nobody listens there") as caught:
            await client.connect()
        assert (caught.value.url, isinstance(caught.value, OSError)) == (url, True)
        assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 70 + ".org"])
async def test_dial_where_there_is_no_such_host(host: str) -> None:
    """A name that does not exist, and one that cannot exist, are the same error."""
    with pytest.raises(ConnectFailed, match="there is no such host"):
        await Client(f"tcp://{host}:1").connect()


async def test_dial_where_nobody_answers() -> None:
    """A server that takes connections and says nothing is given up; the connection is closed."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 8080):
        client = Client("tcp://127.0.0.1:8080", connect_timeout=0.05)
        with pytest.raises(ConnectTimeout, match=r"not within 0\.05 seconds"):
            await client.connect()
    await settled()
    assert b"MCWS" in heard
