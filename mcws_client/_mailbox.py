"""Mailbox: messages that wait for ``async for``, or for a handler that comes late.

What arrives before the application has said how it wants to receive is kept, up to a limit; a
client that never asks loses the oldest, counts them, and warns once. While somebody iterates
nothing is lost: a full mailbox holds back the connection instead.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Awaitable
from typing import Any, Final, Generic

from typing_extensions import TypeVar

from mcws_protocol.aio import Gate

M = TypeVar("M")

# Messages that wait for an iteration before it holds back the connection.
READ_AHEAD: Final = 16

log: Final = logging.getLogger("mcws.client")


class Mailbox:
    """Messages in order of arrival.

    Attributes:
        dropped: messages that nobody asked for in time.
        is_closed: whether none will come any more.
    """

    def __init__(self, bytes_max: int) -> None:
        self.dropped = 0
        self.is_closed = False
        self._bytes_max = bytes_max
        self._unwanted_size = 0
        self._messages: deque[Letter] = deque()
        self._wanted = 0
        self._readers: weakref.WeakSet[Messages[Any]] = weakref.WeakSet()
        self._arrivals: list[asyncio.Future[None]] = []
        self._taken = Gate()

    def __len__(self) -> int:
        return len(self._messages)

    def is_wanted(self, message: object) -> bool:
        """Whether somebody iterates over messages of that type."""
        return any(reader.wants(message) for reader in self._readers)

    def read(self, kind: type[M] | None) -> Messages[M]:
        """Return an iterator over the messages of one type, or over all."""
        messages: Messages[M] = Messages(self, kind)
        self._readers.add(messages)
        weakref.finalize(messages, self._release)
        return messages

    def put(self, size: int, message: object, client: object) -> Awaitable[None] | None:
        """Keep ``message``; what is returned waits until whoever iterates has caught up."""
        letter = Letter(size, message, self.is_wanted(message))
        self._messages.append(letter)
        self._notify()
        if letter.is_wanted:
            self._wanted += 1
            return self._room() if self._wanted > READ_AHEAD else None
        self._unwanted_size += size
        self._drop_oldest()
        return None

    def take(self, kind: type[M] | None) -> tuple[M] | None:
        """Return the oldest message of one type, or of any; None if there is none."""
        for letter in self._messages:
            if kind is None or isinstance(letter.message, kind):
                self._remove(letter)
                return (letter.message,)
        return None

    def take_all(self) -> list[Letter]:
        """Return all messages, with the bytes that they had."""
        letters, self._messages = self._messages, deque()
        self._unwanted_size = self._wanted = 0
        self._release()
        return list(letters)

    async def arrival(self) -> None:
        """Wait until another message came, or the end did."""
        arrival = asyncio.get_running_loop().create_future()
        self._arrivals.append(arrival)
        try:
            await arrival
        finally:
            if arrival in self._arrivals:
                self._arrivals.remove(arrival)

    def close(self) -> None:
        """Take note that nothing more will come; what is here can still be read."""
        self.is_closed = True
        self._notify()

    async def _room(self) -> None:
        while self._readers and self._wanted > READ_AHEAD:
            self._taken = Gate()
            await self._taken

    def _release(self) -> None:
        """Let the connection go on: somebody took a message, or stopped iterating."""
        self._taken.open()

    def _remove(self, letter: Letter) -> None:
        self._messages.remove(letter)
        if letter.is_wanted:
            self._wanted -= 1
            self._release()
        else:
            self._unwanted_size -= letter.size

    def _notify(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        for arrival in arrivals:
            if not arrival.done():
                arrival.set_result(None)

    def _drop_oldest(self) -> None:
        """Keep what nobody asked for within its limit."""
        while self._unwanted_size > self._bytes_max:
            self._remove(next(letter for letter in self._messages if not letter.is_wanted))
            if not self.dropped:
                log.warning("messages are dropped: there is no handler and nobody iterates")
            self.dropped += 1


class Letter:
    """One message in a mailbox, with the bytes that its payload had."""

    __slots__ = ("is_wanted", "message", "size")

    def __init__(self, size: int, message: Any, is_wanted: bool) -> None:
        self.size = size
        self.message = message
        self.is_wanted = is_wanted


class Messages(Generic[M]):
    """An asynchronous iterator over messages; it ends when the connection has."""

    __slots__ = ("__weakref__", "_kind", "_mailbox")

    def __init__(self, mailbox: Mailbox, kind: type[M] | None) -> None:
        self._mailbox = mailbox
        self._kind = kind

    def wants(self, message: object) -> bool:
        """Whether ``message`` is of the type that is iterated over."""
        return self._kind is None or isinstance(message, self._kind)

    def __aiter__(self) -> Messages[M]:
        return self

    async def __anext__(self) -> M:
        """Return the next message; cancelling it loses none.

        Raises:
            StopAsyncIteration: the connection ended and all was read.
        """
        mailbox = self._mailbox
        while (taken := mailbox.take(self._kind)) is None:
            if mailbox.is_closed:
                raise StopAsyncIteration
            await mailbox.arrival()
        return taken[0]
