"""Floor: the right to speak in a half duplex link, held by one message at a time.

A message has the floor until the outbox of everybody who gets it is below high water. Until then
the others wait in the order in which they came. No task waits but for a client that is slow.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from mcws_protocol import ConnectionClosed
from mcws_protocol.aio import Gate, Room

from ._registry import AnyConnection

S = TypeVar("S")


class Said(Gate, Generic[S]):
    """A message that waits for the floor or has it; awaiting it waits until it was handed over.

    Attributes:
        speaker: who said it.
        message: what was said.
        error: why it could not be relayed; raised in who awaits it.
    """

    __slots__ = ("error", "message", "speaker")

    def __init__(self, speaker: S, message: Any) -> None:
        super().__init__()
        self.speaker: S = speaker
        self.message: Any = message
        self.error: Exception | None = None

    def __await__(self) -> Generator[Any, None, None]:
        yield from super().__await__()
        if self.error is not None:
            raise self.error


class Floor(Generic[S]):
    """Who may speak, and who waits for that.

    ``relay(speaker, message)`` queues a message and returns the connections that get it.
    """

    __slots__ = ("_full", "_holder", "_relay", "_waiting")

    def __init__(self, relay: Callable[[S, Any], list[AnyConnection]]) -> None:
        self._relay = relay
        self._holder: Said[S] | None = None
        self._waiting: deque[Said[S]] = deque()
        # Those that the holder waits for; the floor is free while there are none.
        self._full: dict[AnyConnection, asyncio.Task[None]] = {}

    def say(self, speaker: S, message: Any) -> Said[S] | None:
        """Relay ``message`` when it is its turn; None if it was handed over at once.

        Raises:
            Exception: whatever ``relay`` raises, if its turn is now; else who awaits gets it.
        """
        if self._full:
            said = Said(speaker, message)
            self._waiting.append(said)
            return said
        self._hand_over(speaker, message)
        if not self._full:
            return None
        self._holder = Said(speaker, message)
        return self._holder

    def leave(self, speaker: S, connection: AnyConnection) -> None:
        """Forget what ``speaker`` has yet to say, and wait for its ``connection`` no more."""
        for said in [said for said in self._waiting if said.speaker is speaker]:
            self._waiting.remove(said)
            said.open()
        task = self._full.get(connection)
        if task is not None:
            # The floor goes on in a later turn: nothing is relayed inside of this call.
            task.cancel()

    # Details

    def _hand_over(self, speaker: S, message: Any) -> None:
        """Relay ``message``, and have those waited for that have no room behind it."""
        for connection in self._relay(speaker, message):
            # Nobody waits for who is gone, perhaps since this message was one too many.
            if connection.closed:
                continue
            room = connection.outbox.room()
            if isinstance(room, Room):
                task = asyncio.get_running_loop().create_task(has_room(room))
                self._full[connection] = task
                # Not in the task itself, which may be cancelled before it begins.
                task.add_done_callback(functools.partial(self._has_room, connection))

    def _has_room(self, connection: AnyConnection, task: asyncio.Task[None]) -> None:
        del self._full[connection]
        if not self._full:
            self._pass_on()

    def _pass_on(self) -> None:
        """Let the holder go, and whoever follows it speak."""
        # Let go of at once, since it holds on to its message and to who said it.
        holder, self._holder = self._holder, None
        assert holder is not None, "whoever is waited for is waited for by the holder"
        holder.open()
        while self._waiting and not self._full:
            said = self._waiting.popleft()
            try:
                self._hand_over(said.speaker, said.message)
            except Exception as error:
                # Raised in the speaker's handler, whose failure it is.
                said.error = error
            if self._full:
                self._holder = said
            else:
                said.open()


async def has_room(room: Room) -> None:
    """Wait until there is room, or nobody to have room for."""
    with suppress(ConnectionClosed):
        await room
