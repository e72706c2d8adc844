"""Messages that wait for ``async for``, or for a handler that comes late."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
from collections.abc import Awaitable
from typing import Any

import pytest

from mcws_client._mailbox import LETTER_BYTES, READ_AHEAD, Mailbox, Messages
from tests.aio.harness import settle

ANY: type[Any] | None = None


def filled(*messages: Any, bytes_max: int = 1 << 20) -> Mailbox:
    """Return a mailbox in which these messages wait."""
    mailbox = Mailbox(bytes_max)
    for message in messages:
        put(mailbox, message)
    return mailbox


def put(mailbox: Mailbox, message: Any, *, is_handled: bool = False) -> Awaitable[None] | None:
    """Put a message into ``mailbox``, as long as its text."""
    return mailbox.put(len(str(message)), message, is_handled=is_handled)


def everything(message: object) -> bool:
    """Say that there is a handler for everything."""
    return True


async def take(messages: Messages[Any], count: int) -> list[Any]:
    """Return the next ``count`` messages."""
    return [await anext(messages) for _ in range(count)]


# Keeping


async def test_mailbox_keeps_order() -> None:
    """What came before anybody asked is there, in order of arrival."""
    mailbox = filled("a", "b", "c")
    assert len(mailbox) == 3
    assert await take(mailbox.read(ANY), 3) == ["a", "b", "c"]
    assert len(mailbox) == 0


@pytest.mark.parametrize(("excess", "dropped"), [(-1, 0), (0, 0), (1, 1)])
async def test_mailbox_limit(excess: int, dropped: int, caplog: pytest.LogCaptureFixture) -> None:
    """At the limit all is kept; one byte more costs the oldest message, and one WARNING."""
    mailbox = Mailbox(3 * (LETTER_BYTES + 10))
    for number in range(3):
        mailbox.put(10 + (excess if number == 2 else 0), number, is_handled=False)
    assert mailbox.dropped == dropped
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * dropped
    assert mailbox.take(ANY) == (dropped,)


async def test_mailbox_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many are dropped, one line says so and a counter counts them."""
    mailbox = filled(*range(1000), bytes_max=10 * (LETTER_BYTES + 3))
    assert len(mailbox) == 10
    assert mailbox.dropped == 990
    assert len(caplog.records) == 1
    assert mailbox.take(ANY) == (990,)


async def test_mailbox_counts_empty_messages() -> None:
    """Messages without a byte are bounded too."""
    mailbox = Mailbox(10 * LETTER_BYTES)
    for _ in range(1000):
        mailbox.put(0, b"", is_handled=False)
    assert len(mailbox) == 10


async def test_mailbox_keeps_the_newest_at_any_length() -> None:
    """A message longer than the limit is not lost before anybody could ask for it."""
    mailbox = Mailbox(100)
    mailbox.put(5000, "long", is_handled=False)
    assert (len(mailbox), mailbox.dropped) == (1, 0)
    mailbox.put(1, "newer", is_handled=False)
    assert mailbox.dropped == 1
    assert await take(mailbox.read(ANY), 1) == ["newer"]


async def test_mailbox_does_not_count_what_was_handled() -> None:
    """A message that a handler had and an iteration left behind is forgotten quietly."""
    mailbox = Mailbox(3 * (LETTER_BYTES + 1))
    messages = mailbox.read(ANY)
    put(mailbox, "h", is_handled=True)
    del messages
    for text in "abc":
        put(mailbox, text)
    assert (len(mailbox), mailbox.dropped) == (3, 0)


# Iterating


async def test_messages_wait_for_the_next() -> None:
    """An iteration waits until something comes."""
    mailbox = Mailbox(100)
    reading = asyncio.ensure_future(take(mailbox.read(ANY), 1))
    await settle()
    assert not reading.done()
    put(mailbox, "a")
    assert await reading == ["a"]


async def test_messages_end_with_the_mailbox() -> None:
    """Closing ends all iterations, those that wait and those that read the rest first."""
    mailbox = filled("a")
    waiting = asyncio.ensure_future(anext(mailbox.read(int), None))
    await settle()
    mailbox.close()
    assert await waiting is None
    assert [message async for message in mailbox.read(ANY)] == ["a"]
    assert [message async for message in mailbox.read(ANY)] == []


@pytest.mark.parametrize("first", ["cancel", "put"])
async def test_messages_cancelled_lose_nothing(first: str) -> None:
    """FAULTS 22: a cancelled wait takes no message, also not in the turn in which one comes."""
    mailbox = Mailbox(1000)
    messages = mailbox.read(ANY)
    readings = [asyncio.ensure_future(take(messages, 1)) for _ in range(2)]
    await settle()
    if first == "cancel":
        readings[0].cancel()
    put(mailbox, "a")
    readings[0].cancel()
    await asyncio.wait({readings[0]})
    assert readings[0].cancelled()
    assert await readings[1] == ["a"]
    assert (mailbox._arrivals, len(mailbox)) == ([], 0)


async def test_messages_cancelled_before_anything_came() -> None:
    """Nothing of a cancelled wait is left behind."""
    mailbox = Mailbox(1000)
    reading = asyncio.ensure_future(take(mailbox.read(ANY), 1))
    await settle()
    reading.cancel()
    await asyncio.wait({reading})
    assert mailbox._arrivals == []


async def test_messages_of_one_type() -> None:
    """An iteration over a type leaves the others where they are."""
    mailbox = filled("a", b"1", "b", b"2")
    assert await take(mailbox.read(bytes), 2) == [b"1", b"2"]
    assert await take(mailbox.read(str), 2) == ["a", "b"]


async def test_messages_go_to_one_of_several_iterations() -> None:
    """Each message is read once, by whoever asks first."""
    mailbox = Mailbox(1000)
    readings = [asyncio.ensure_future(take(mailbox.read(ANY), 2)) for _ in range(3)]
    await settle()
    for number in range(6):
        put(mailbox, number)
    got = [await reading for reading in readings]
    assert sorted(itertools.chain.from_iterable(got)) == list(range(6))


async def test_messages_break_and_go_on() -> None:
    """Another iteration goes on where one was broken off."""
    mailbox = filled("a", "b", "c")
    async for message in mailbox.read(ANY):
        assert message == "a"
        break
    assert [mailbox.take(ANY), mailbox.take(ANY)] == [("b",), ("c",)]


# Holding back


async def test_iteration_holds_back_the_connection() -> None:
    """Up to the read-ahead nothing waits; beyond it ``put`` returns what waits for the reader."""
    mailbox = Mailbox(1)
    messages = mailbox.read(ANY)
    waits = [put(mailbox, number) for number in range(READ_AHEAD)]
    assert waits == [None] * READ_AHEAD
    wait = put(mailbox, "one more")
    assert wait is not None
    held = asyncio.ensure_future(wait)
    await settle()
    assert not held.done()
    assert await anext(messages) == 0
    await held
    assert mailbox.dropped == 0


async def test_reader_that_goes_away_lets_go() -> None:
    """When nobody iterates any more the connection goes on."""
    mailbox = Mailbox(10_000)
    messages = mailbox.read(ANY)
    wait = [put(mailbox, number) for number in range(READ_AHEAD + 1)][-1]
    assert wait is not None
    held = asyncio.ensure_future(wait)
    await settle()
    del messages
    await held
    assert put(mailbox, "unwanted") is None
    assert len(mailbox) == READ_AHEAD + 2


async def test_reader_in_a_cycle_lets_go() -> None:
    """A reader that only the garbage collector finds is a reader that went away."""
    mailbox = Mailbox(10_000)
    cycle: list[Any] = [mailbox.read(ANY)]
    cycle.append(cycle)
    wait = [put(mailbox, number) for number in range(READ_AHEAD + 1)][-1]
    assert wait is not None
    held = asyncio.ensure_future(wait)
    await settle()
    del cycle
    gc.collect()
    await held


async def test_readers_of_another_type_are_not_held_back() -> None:
    """What a reader left behind does not count for those that iterate over something else."""
    mailbox = Mailbox(100_000)
    texts = mailbox.read(str)
    wait = [put(mailbox, "text") for _ in range(READ_AHEAD + 1)][-1]
    assert wait is not None
    held = asyncio.ensure_future(wait)
    await settle()
    del texts
    binary = mailbox.read(bytes)
    await held
    for _ in range(READ_AHEAD):
        assert put(mailbox, b"1") is None
    assert await anext(binary) == b"1"


async def test_what_waits_is_wanted_when_a_reader_comes() -> None:
    """Messages from before an iteration are safe from the limit as soon as it has begun."""
    mailbox = filled("a", "b", bytes_max=2 * (LETTER_BYTES + 1))
    texts = mailbox.read(str)
    for number in range(10):
        put(mailbox, number)
    assert await take(texts, 2) == ["a", "b"]


async def test_clear_lets_go() -> None:
    """Forgetting all messages frees whoever was held back."""
    mailbox = Mailbox(1000)
    messages = mailbox.read(ANY)
    wait = [put(mailbox, number) for number in range(READ_AHEAD + 1)][-1]
    assert wait is not None
    held = asyncio.ensure_future(wait)
    await settle()
    mailbox.clear()
    await held
    assert len(mailbox) == 0
    put(mailbox, "new")
    assert await anext(messages) == "new"


async def test_put_after_close() -> None:
    """What comes after the end is forgotten."""
    mailbox = Mailbox(1000)
    mailbox.close()
    assert put(mailbox, "late") is None
    assert len(mailbox) == 0


# For a handler that comes late


async def test_unheard_messages_are_handed_out_in_order() -> None:
    """A late handler gets what nobody handled and nobody iterates for."""
    mailbox = filled("a", b"1", "b")
    letters = mailbox.take_unheard(lambda message: isinstance(message, str))
    assert [(letter.message, letter.size) for letter in letters] == [("a", 1), ("b", 1)]
    assert await take(mailbox.read(ANY), 1) == [b"1"]


async def test_handled_messages_are_not_handed_out_again() -> None:
    """No handler gets a message twice, also when the iteration that kept it has ended."""
    mailbox = Mailbox(1000)
    messages = mailbox.read(ANY)
    put(mailbox, "handled", is_handled=True)
    put(mailbox, "read only")
    assert mailbox.take_unheard(everything) == []
    del messages
    assert [letter.message for letter in mailbox.take_unheard(everything)] == ["read only"]
    assert len(mailbox) == 1


def test_is_wanted() -> None:
    """A message is wanted while somebody iterates over its type."""
    mailbox = Mailbox(1000)
    assert not mailbox.is_wanted("a")
    texts = mailbox.read(str)
    assert (mailbox.is_wanted("a"), mailbox.is_wanted(b"1")) == (True, False)
    assert aiter(texts) is texts
    del texts
    assert not mailbox.is_wanted("a")
