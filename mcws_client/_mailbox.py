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
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic

from typing_extensions import TypeVar

from mcws_protocol.aio import Gate

M = TypeVar("M")

# Messages that wait for an iteration before it holds back the connection.
READ_AHEAD: Final = 16

# Bytes that a message counts besides its payload, so that empty messages count too.
LETTER_BYTES: Final = 64

log: Final = logging.getLogger("mcws.client")


class Mailbox:
    """Messages in order of arrival.

    Attributes:
        dropped: messages that nobody asked for in time.
        is_closed: whether none will come any more.
    """

    def __init__(self, bytes_max: int) -> None:
        self.dropped: int = 0
        self.is_closed: bool = False
        self._bytes_max = bytes_max
        # Bytes of what nobody iterates for: the part that is dropped when it grows too large.
        self._unwanted_size = 0
        self._letters: deque[Letter] = deque()
        # How many letters somebody iterates for: the part that holds back the connection.
        self._wanted = 0
        # Whether somebody began or stopped iterating since the letters were sorted.
        self._is_stale = False
        # Weak, so that an iteration that was broken off ends when it is collected.
        self._readers: weakref.WeakSet[Messages[Any]] = weakref.WeakSet()
        self._arrivals: list[asyncio.Future[None]] = []
        # Replaced for each wait, since a gate opens only once.
        self._taken = Gate()

    def __len__(self) -> int:
        return len(self._letters)

    def is_wanted(self, message: object) -> bool:
        """Whether somebody iterates over messages of that type."""
        return any(reader.wants(message) for reader in self._readers)

    def read(self, kind: type[M] | None) -> Messages[M]:
        """Return an iterator over the messages of one type, or over all."""
        messages: Messages[M] = Messages(self, kind)
        self._readers.add(messages)
        self._note_readers()
        # The set forgets a reader without a word, but a connection may be held back for it.
        weakref.finalize(messages, self._note_readers).atexit = False
        return messages

    # Arriving

    def put(self, size: int, message: object, *, is_handled: bool) -> Awaitable[None] | None:
        """Keep ``message``; what is returned waits until whoever iterates has caught up.

        ``size`` is that of the payload in bytes; ``is_handled`` says that a handler got it too.
        """
        if self.is_closed:
            return None
        # The counts below have to be those of the readers that are there now.
        self._sort()
        letter = Letter(size, message, self.is_wanted(message), is_handled)
        self._letters.append(letter)
        self._notify()
        if letter.is_wanted:
            self._wanted += 1
            return self._room() if self._wanted > READ_AHEAD else None
        self._unwanted_size += letter.cost
        self._drop_oldest()
        return None

    # Taking

    def take(self, kind: type[M] | None) -> tuple[M] | None:
        """Return the oldest message of one type, or of any; None if there is none."""
        self._sort()
        for letter in self._letters:
            if kind is None or isinstance(letter.message, kind):
                self._remove(letter)
                # In a tuple, since a codec may give None as a message.
                return (letter.message,)
        return None

    def take_unheard(self, has_handler: Callable[[object], bool]) -> list[Letter]:
        """Return the messages for a handler that came late: nobody handled or iterates over them.

        All others stay, in their order.
        """
        self._sort()
        unheard = [
            letter
            for letter in self._letters
            if not letter.is_wanted and not letter.is_handled and has_handler(letter.message)
        ]
        for letter in unheard:
            self._remove(letter)
        return unheard

    # Ending

    def clear(self) -> None:
        """Forget all messages."""
        self._letters.clear()
        self._unwanted_size = self._wanted = 0
        self._release()

    async def arrival(self) -> None:
        """Wait until another message came, or the end did."""
        arrival = asyncio.get_running_loop().create_future()
        self._arrivals.append(arrival)
        try:
            await arrival
        finally:
            # `_notify` took it out before, unless the wait was cancelled.
            if arrival in self._arrivals:
                self._arrivals.remove(arrival)

    def close(self) -> None:
        """Take note that nothing more will come; what is here can still be read."""
        self.is_closed = True
        self._notify()

    async def _room(self) -> None:
        self._sort()
        while self._wanted > READ_AHEAD:
            self._taken = Gate()
            await self._taken
            self._sort()

    def _release(self) -> None:
        """Let the connection go on, if there is room now."""
        self._taken.open()

    def _note_readers(self) -> None:
        """Take note that the readers changed; it may be the garbage collector that says so."""
        self._is_stale = True
        self._release()

    def _sort(self) -> None:
        """Find out anew who waits for which message, if somebody came or went."""
        if self._is_stale:
            self._is_stale = False
            for letter in self._letters:
                letter.is_wanted = self.is_wanted(letter.message)
            self._wanted = sum(letter.is_wanted for letter in self._letters)
            self._unwanted_size = sum(
                letter.cost for letter in self._letters if not letter.is_wanted
            )

    def _remove(self, letter: Letter) -> None:
        self._letters.remove(letter)
        if letter.is_wanted:
            self._wanted -= 1
            self._release()
        else:
            self._unwanted_size -= letter.cost

    def _notify(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        # All of them: each knows for itself whether the message is of its type.
        for arrival in arrivals:
            if not arrival.done():
                arrival.set_result(None)

    def _drop_oldest(self) -> None:
        """Keep what nobody asked for within its limit, but the newest message at any length."""
        while self._unwanted_size > self._bytes_max:
            oldest = next(letter for letter in self._letters if not letter.is_wanted)
            if oldest is self._letters[-1]:
                return
            self._remove(oldest)
            # Where a handler had it, nothing is lost.
            if not oldest.is_handled:
                self._count_dropped()

    def _count_dropped(self) -> None:
        if not self.dropped:
            # Once, since a device that only sends may drop messages for ever.
            log.warning("messages are dropped: there is no handler and nobody iterates")
        self.dropped += 1


class Letter:
    """One message in a mailbox.

    Attributes:
        size: bytes of its payload.
        message: what was received.
        is_wanted: whether somebody iterates over messages of its type.
        is_handled: whether a handler got it.
    """

    __slots__ = ("is_handled", "is_wanted", "message", "size")

    def __init__(self, size: int, message: Any, is_wanted: bool, is_handled: bool) -> None:
        self.size = size
        self.message = message
        self.is_wanted = is_wanted
        self.is_handled = is_handled

    @property
    def cost(self) -> int:
        """Bytes that it counts."""
        return LETTER_BYTES + self.size


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
        # Another iteration may have taken what woke this one. While it waits it holds no
        # message, so a cancelled wait loses none (FAULTS 22).
        while (taken := mailbox.take(self._kind)) is None:
            if mailbox.is_closed:
                raise StopAsyncIteration
            await mailbox.arrival()
        return taken[0]
