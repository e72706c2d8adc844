"""FakeClient: what it records, what it refuses, and whose handlers it calls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from mcws_protocol import (
    ConnectionClosed,
    Contract,
    EncodeError,
    Lines,
    LocalProtocolError,
    Message,
    NoHandler,
    Plain,
    Refused,
    RequestTimeout,
)
from mcws_server import ConnectedClient
from mcws_testkit import FakeClient, World, settled
from tests.aio.thermo import PLAIN, THERMO, Alarm, Config, GetConfig, Notice, Ok, Reading, SetLed


class Told(Message):
    """A message that arrives otherwise than it was sent."""

    values: Any = None


ANYTHING: Contract[Told, Told] = Contract("anything", version=1, up=Told, down=Told)

# What a handler under test does


def greet(message: Reading, client: ConnectedClient[Any, Any]) -> None:
    """Answer a reading."""
    client.metadata["seen"] = message.celsius
    client.send(Notice(text=f"{message.celsius} from {client.id}"))


async def lead(client: ConnectedClient[Any, Any]) -> Any:
    """Ask, and wait for room as often as one can."""
    reply = await client.request(SetLed(on=False), timeout=1)
    await client.room()
    await client.send(Notice(text=str(reply.since)))
    await client.flush()
    return reply


def test_fake_client_records_what_is_sent() -> None:
    """A plain handler is called in a plain test, without a loop."""
    client = FakeClient(THERMO, id="k1")
    greet(Reading(celsius=3.0), client)
    assert client.sent == [Notice(text="3.0 from k1")]
    assert client.metadata == {"seen": 3.0}
    assert (client.closed, client.close_code, client.contract) == (False, 1006, THERMO.label)
    assert (repr(client), client.remote_address) == ("<FakeClient k1 open>", ("192.0.2.2", 50002))
    assert (client.socket, client.rtt, client.skipped) == (None, None, 0)


def test_fake_client_runs_async_handlers() -> None:
    """An async handler needs a loop only for itself."""
    client = FakeClient(THERMO, answers=[Ok(since=7)])
    assert asyncio.run(lead(client)) == Ok(since=7)
    assert (client.requests, client.sent) == ([SetLed(on=False)], [Notice(text="7")])


def test_fake_client_records_what_would_arrive() -> None:
    """What the codec makes of a message is what counts: a tuple arrives as a list."""
    client = FakeClient(ANYTHING)
    client.send(Told(values=(1, 2)))
    assert client.sent == [Told(values=[1, 2])]


def test_fake_client_without_a_contract() -> None:
    """Messages are bytes and text."""
    client = FakeClient(id="raw")
    client.send("text")
    client.write(b"bytes")
    assert client.sent == ["text", b"bytes"]
    assert client.contract == ""


def test_fake_client_write_goes_past_the_codec() -> None:
    """What is a message is recorded as one, anything else as it is."""
    client = FakeClient(PLAIN)
    client.write('{"$":"Notice","text":"x"}')
    client.write("no json")
    assert client.sent == [Notice(text="x"), "no json"]


@pytest.mark.parametrize("message", [Reading(), Notice(text=1), SetLed(), "text"])  # type: ignore[arg-type]  # one of them is wrong on purpose
def test_fake_client_refuses_what_is_no_message(message: Any) -> None:
    """What a server of that contract cannot send is refused, and nothing is recorded."""
    client = FakeClient(THERMO)
    with pytest.raises(EncodeError):
        client.send(message)
    assert client.sent == []


# Requests


@pytest.mark.parametrize("request_", [Notice(), GetConfig()])
async def test_fake_client_refuses_what_is_no_request(request_: Any) -> None:
    """What a server of that contract cannot ask is refused."""
    client = FakeClient(THERMO, answers=[Ok()])
    with pytest.raises(EncodeError):
        await client.request(request_)
    assert client.requests == []


async def test_fake_client_answers_in_order() -> None:
    """The answers are used up one by one; an error is raised; more can be given."""
    client = FakeClient(THERMO, answers=[Ok(since=1), NoHandler(1)])
    assert await client.request(SetLed()) == Ok(since=1)
    with pytest.raises(NoHandler):
        await client.request(SetLed())
    with pytest.raises(AssertionError, match="no answer for SetLed: give the fake one more"):
        await client.request(SetLed())
    client.answers = deque([Ok(since=2)])
    assert isinstance(client.answers, deque)
    assert await client.request(SetLed()) == Ok(since=2)


async def test_fake_client_answers_by_function() -> None:
    """A function sees each request."""
    client = FakeClient(THERMO, answers=lambda request: Ok(since=int(request.on)))
    assert await client.request(SetLed(on=True)) == Ok(since=1)


async def test_fake_client_answers_by_async_function() -> None:
    """It is awaited, and what it returns is the answer, or is raised if it is an exception."""
    open_door = asyncio.Event()

    async def answer(request: SetLed) -> Ok | NoHandler:
        """Answer once the test has it so."""
        await open_door.wait()
        return Ok(since=1) if request.on else NoHandler(1)

    client = FakeClient(THERMO, answers=answer)
    asked = asyncio.ensure_future(client.request(SetLed(on=True)))
    await settled()
    assert (client.requests, asked.done()) == ([SetLed(on=True)], False)
    open_door.set()
    assert await asked == Ok(since=1)
    with pytest.raises(NoHandler):
        await client.request(SetLed(on=False))


class Slow:
    """Answers too late, and knows whether it was given up.

    Attributes:
        given_up: whether it was cancelled.
        come: set once the answer may come.
    """

    def __init__(self) -> None:
        self.given_up = False
        self.come = asyncio.Event()

    async def __call__(self, request: SetLed) -> Ok:
        """Wait, for ever if need be."""
        try:
            await self.come.wait()
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return Ok(since=1)


def test_fake_client_answer_that_comes_too_late() -> None:
    """An async answer has the time of its request, as one of a real client."""

    async def ask() -> None:
        """Ask twice, in virtual time."""
        client = FakeClient(THERMO, answers=(slow := Slow()))
        with pytest.raises(RequestTimeout) as caught:
            await client.request(SetLed(), timeout=3600)
        assert (caught.value.timeout, slow.given_up, world.now) == (3600, True, 3600)
        slow.come.set()
        assert await client.request(SetLed(), timeout=3600) == Ok(since=1)

    world = World()
    world.run(ask())


async def own_timeout(_request: SetLed) -> Ok:
    """Fail for a timeout of one's own."""
    raise TimeoutError("of its own")


async def test_fake_client_answer_with_a_timeout_of_its_own() -> None:
    """It is an error like any other."""
    with pytest.raises(TimeoutError, match="of its own") as caught:
        await FakeClient(THERMO, answers=own_timeout).request(SetLed())
    assert not isinstance(caught.value, RequestTimeout)


ENDS: dict[str, tuple[Callable[[FakeClient[Any, Any]], object], int]] = {
    "close": (lambda client: client.close(1001, "bye"), 1001),
    "lose": (lambda client: client.lose(1001, "bye"), 1001),
    "abort": (lambda client: client.abort(), 1006),
}


@pytest.mark.parametrize("timeout", [1.0, None])
@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS)
async def test_fake_client_ends_before_the_answer(
    end: Callable[[FakeClient[Any, Any]], object], code: int, timeout: float | None
) -> None:
    """Who waits for an async answer hears of the end, as from a real connection."""
    client = FakeClient(THERMO, answers=(slow := Slow()))
    asked = asyncio.ensure_future(client.request(SetLed(), timeout=timeout))
    await settled()
    end(client)
    await settled()
    error = asked.exception()
    assert isinstance(error, ConnectionClosed)
    assert (error.code, error.maybe_executed, slow.given_up) == (code, True, True)


async def test_fake_client_ends_with_the_answer() -> None:
    """An answer of a connection that has ended meanwhile does not arrive, however late it ends."""
    client = FakeClient(THERMO)

    async def close(_request: SetLed) -> Ok:
        """End the connection, and answer all the same."""
        client.close()
        return Ok()

    client.connection.answers = close
    with pytest.raises(ConnectionClosed):
        await client.request(SetLed())


def test_fake_client_ends_with_the_timeout() -> None:
    """Where both come in one turn, the end is what is told."""
    client = FakeClient(THERMO)

    async def give_up(_request: SetLed) -> Ok:
        """End the connection when the time is over."""
        try:
            await asyncio.Event().wait()
        finally:
            client.close()
        return Ok()

    async def ask() -> None:
        """Ask, in virtual time."""
        with pytest.raises(ConnectionClosed):
            await client.request(SetLed(), timeout=3600)

    client.connection.answers = give_up
    World().run(ask())


async def test_fake_client_answers_that_are_wrong() -> None:
    """An answer that no client of the contract gives is a mistake of the test."""
    client = FakeClient(THERMO, answers=[Config()])
    with pytest.raises(EncodeError):
        await client.request(SetLed())


async def test_fake_client_request_without_time() -> None:
    """The checks of the real one hold."""
    with pytest.raises(ValueError, match="timeout must be above 0 seconds, not 0"):
        await FakeClient(THERMO).request(SetLed(), timeout=0)


# What the client hears


def test_fake_client_receives() -> None:
    """Its own plain handlers have run when the call returns, in order."""
    heard: list[Any] = []
    client = FakeClient(THERMO)
    client.on_message(lambda message, peer: heard.append((message, peer)))
    client.on(Reading)(lambda message, peer: heard.append(message.celsius))
    client.receive(Reading(celsius=1.0))
    client.receive(Alarm(text="x"))
    assert heard == [(Reading(celsius=1.0), client), 1.0, (Alarm(text="x"), client)]


async def test_fake_client_receives_in_async_handlers() -> None:
    """What is returned is awaited for async ones; those behind come later."""
    heard: list[Any] = []

    async def slow(message: Any, client: Any) -> None:
        await asyncio.sleep(0)
        heard.append("slow")

    client = FakeClient(THERMO).on_message(lambda message, peer: peer.send(Notice()))
    client.on_message(slow).on_message(lambda message, peer: heard.append("fast"))
    waiting = client.receive(Reading())
    assert (heard, client.sent) == ([], [Notice()])
    await waiting
    assert heard == ["slow", "fast"]


def test_fake_client_handler_that_raises() -> None:
    """What a handler raises comes out, for the test to see."""

    def fail(message: Any, client: Any) -> None:
        raise KeyError(message)

    with pytest.raises(KeyError):
        FakeClient(THERMO).on_message(fail).receive(Reading())


def test_fake_client_receives_only_what_clients_send() -> None:
    """What no client of the contract sends cannot come."""
    with pytest.raises(EncodeError):
        FakeClient(THERMO).receive(Notice())


async def test_fake_client_asks() -> None:
    """A request is answered by the client's own handler, plain or async."""
    client = FakeClient(THERMO)
    with pytest.raises(NoHandler):
        await client.ask(GetConfig())

    @client.on(GetConfig)
    async def answer(request: GetConfig, peer: Any) -> Config:
        if request.section:
            raise Refused(1234, request.section)
        return Config(interval_s=2.0)

    assert await client.ask(GetConfig()) == Config(interval_s=2.0)
    with pytest.raises(Refused):
        await client.ask(GetConfig(section="x"))
    plain = FakeClient(THERMO).on_request(lambda request, peer: Config(interval_s=3.0))
    assert await plain.ask(GetConfig()) == Config(interval_s=3.0)


def test_fake_client_that_is_paused() -> None:
    """No handler would start, so nothing can be received."""
    client = FakeClient(THERMO).on_message(lambda message, peer: None)
    client.pause()
    assert client.paused
    with pytest.raises(RuntimeError, match="the client is paused"):
        client.receive(Reading())
    client.resume()
    client.receive(Reading())


# The end


CALLS: list[Callable[[FakeClient[Any, Any]], object]] = [
    lambda client: client.send(Notice()),
    lambda client: client.write("x"),
    lambda client: client.room(),
    lambda client: client.flush(),
    lambda client: client.receive(Reading()),
    lambda client: asyncio.run(client.request(SetLed())),
    lambda client: asyncio.run(client.ask(GetConfig())),
]


@pytest.mark.parametrize("call", CALLS)
def test_fake_client_refuses_behind_its_end(call: Callable[[FakeClient[Any, Any]], object]) -> None:
    """Nothing goes out and nothing comes in any more; the codes are those of the end."""
    client = FakeClient(THERMO)
    client.close(1001, "bye")
    client.close()
    client.abort()
    with pytest.raises(ConnectionClosed, match="1001: 'bye'"):
        call(client)
    assert (client.closed, client.close_code, client.close_reason) == (True, 1001, "bye")
    assert client.sent == client.requests == []


async def test_fake_client_close_can_be_awaited() -> None:
    """There is nothing to wait for."""
    client = FakeClient(THERMO)
    await client.close()
    assert client.close_code == 1000


def test_fake_client_close_with_what_is_no_code() -> None:
    """The checks of the real one hold."""
    with pytest.raises(ValueError, match="code must be"):
        FakeClient(THERMO).close(7)


def test_fake_client_that_is_lost() -> None:
    """Its hooks of the end run, with the code of the end."""
    ends: list[int] = []
    for closes in (False, True):
        client = FakeClient(THERMO).on_close(lambda client: ends.append(client.close_code))
        if closes:
            client.close(1001)
        client.lose()
    client = FakeClient(THERMO)
    client.abort()
    assert (ends, client.close_code) == ([1006, 1001], 1006)


def test_fake_client_takes_an_id() -> None:
    """Where the wire has no opening it may be set once, as with the real one."""
    client = FakeClient(wire=Plain(Lines()))
    with pytest.raises(ValueError, match="id"):
        client.id = ""
    client.id = "k1"
    assert client.id == "k1"
    with pytest.raises(LocalProtocolError, match="the id was set already"):
        client.id = "k2"
    with pytest.raises(LocalProtocolError, match="agreed on in the opening"):
        FakeClient(THERMO).id = "k1"
