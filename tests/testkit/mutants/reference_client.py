"""A small clean client on asyncio streams, of which the mutants of clients are made."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Final, Self

from .wire import MESSAGE, REPLY, REQUEST, Frame, encode, read

INBOX_MAX: Final = 5
"""Messages that wait to be received, above which nothing is read."""
CLOSE_S: Final = 30.0
"""Seconds that the server has to say goodbye."""
REQUEST_S: Final = 20.0
"""Seconds that a request may take."""


class Client:
    """A client that sends, receives and requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.inbox: deque[bytes] = deque()
        self.ids = itertools.count(1)
        self.pending: dict[int, asyncio.Future[bytes]] = {}
        # Set whenever the inbox or the state has changed.
        self.changed = asyncio.Event()
        self.may_receive = asyncio.Event()
        self.may_receive.set()
        self.is_closing = False
        self.is_over = False
        self.has_ended = False
        self.listening = asyncio.create_task(self.listen())

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        """Connect to a server."""
        return cls(*await asyncio.open_connection(host, port))

    # What comes

    async def listen(self) -> None:
        """Take what comes until the connection ends."""
        try:
            while (frame := await self.read()) is not None:
                await self.take(frame)
        except ConnectionError:
            # The end is told below, whatever it was.
            pass
        finally:
            self.over()

    async def read(self) -> Frame | None:
        """Return the next frame; None at the end."""
        return await read(self.reader)

    async def take(self, frame: Frame) -> None:
        """Give a message to who receives, and a reply to who asked."""
        kind, id, payload = frame
        if kind == REPLY:
            self.settle(id, payload)
        elif kind == MESSAGE:
            await self.put(payload)

    def settle(self, id: int, payload: bytes) -> None:
        """Give a reply to the request that waits for it, if it still does."""
        waiter = self.pending.get(id)
        if waiter is not None and not waiter.done():
            waiter.set_result(payload)

    async def put(self, payload: bytes) -> None:
        """Keep a message, once there is room for it."""
        while len(self.inbox) >= INBOX_MAX and not self.is_closing:
            await self.wait()
        self.inbox.append(payload)
        self.wake()

    def over(self) -> None:
        """Take note that nothing will come any more."""
        self.is_over = True
        self.fail_pending()
        self.writer.close()
        self.wake()

    def fail_pending(self) -> None:
        """Let all requests fail."""
        for waiter in self.pending.values():
            if not waiter.done():
                waiter.set_exception(ConnectionError("the connection is lost"))

    async def wait(self) -> None:
        """Wait for a change."""
        self.changed.clear()
        await self.changed.wait()

    def wake(self) -> None:
        """Let all look again who wait for a change."""
        self.changed.set()

    async def receive(self) -> bytes:
        """Return the next message."""
        while True:
            await self.may_receive.wait()
            if self.inbox:
                payload = self.inbox.popleft()
                self.wake()
                return payload
            if self.is_over:
                raise ConnectionError("the connection has ended")
            await self.wait()

    def pause(self) -> None:
        """Let nobody receive."""
        self.may_receive.clear()

    def resume(self) -> None:
        """Let everybody receive."""
        self.may_receive.set()

    # What goes

    async def send(self, payload: bytes) -> None:
        """Send a message."""
        await self.write(encode(MESSAGE, payload))

    async def write(self, frame: bytes) -> None:
        """Send a frame and wait for room."""
        self.check()
        self.writer.write(frame)
        await self.writer.drain()

    def check(self) -> None:
        """Refuse to send where nothing can be sent."""
        if self.is_closing or self.is_over or self.has_ended:
            raise ConnectionError("the connection has ended")

    async def request(self, payload: bytes) -> bytes:
        """Return the reply to a request."""
        id = next(self.ids)
        waiter: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.pending[id] = waiter
        try:
            async with asyncio.timeout(REQUEST_S):
                await self.write(encode(REQUEST, payload, id))
                return await waiter
        finally:
            self.pending.pop(id, None)
            waiter.cancel()

    # The end

    def half_close(self) -> None:
        """End the own direction."""
        self.has_ended = True
        if not self.writer.is_closing():
            self.writer.write_eof()

    async def close(self) -> None:
        """End the own direction, wait for the server's goodbye, and go."""
        if not self.has_ended and not self.is_over:
            self.half_close()
        self.is_closing = True
        self.may_receive.set()
        self.wake()
        _, left = await asyncio.wait([self.listening], timeout=CLOSE_S)
        if left:
            self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        self.writer.transport.abort()
