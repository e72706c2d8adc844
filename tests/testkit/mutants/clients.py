"""Bugs that clients have had, each as a small change of the reference client."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from .reference_client import INBOX_MAX, Client
from .wire import HEADER, REPLY, REQUEST, Frame, encode


class PauseIgnored(Client):
    """A pause changes nothing."""

    def pause(self) -> None:
        pass


class WakeUpLost(Client):
    """Between looking and waiting there is a turn, and what comes in it wakes nobody."""

    async def wait(self) -> None:
        await asyncio.sleep(0)
        await super().wait()


class IdReused(Client):
    """Ids begin again at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.ids = itertools.cycle((1, 2))  # type: ignore[assignment]


class RepliesMatchedByOrder(Client):
    """A reply goes to the request that waits longest, whatever its id is."""

    def settle(self, id: int, payload: bytes) -> None:
        super().settle(next(iter(self.pending), id), payload)


class LateReplyTakenForTheNext(Client):
    """A request is given up early, and its reply taken for that of the next one."""

    def settle(self, id: int, payload: bytes) -> None:
        super().settle(id if id in self.pending else next(iter(self.pending), 0), payload)

    async def request(self, payload: bytes) -> bytes:
        try:
            async with asyncio.timeout(0.2):
                return await super().request(payload)
        except TimeoutError:
            return await super().request(payload)


class PendingHangsOnLoss(Client):
    """A request waits for its timeout though the connection is lost."""

    def fail_pending(self) -> None:
        pass


class OnePendingForgotten(Client):
    """Only the first request fails when the connection is lost."""

    def fail_pending(self) -> None:
        for waiter in list(self.pending.values())[:1]:
            waiter.set_exception(ConnectionError("the connection is lost"))


class TailDroppedAtEof(Client):
    """What is still being handed over when the stream ends is dropped."""

    async def put(self, payload: bytes) -> None:
        asyncio.get_running_loop().call_later(0.05, self.hand_over, payload)

    def hand_over(self, payload: bytes) -> None:
        if not self.is_over:
            self.inbox.append(payload)
            self.wake()


class ChunkTakenForMessage(Client):
    """One read is taken for one frame."""

    async def read(self) -> Frame | None:
        data = await self.reader.read(1 << 16)
        if len(data) < HEADER.size:
            return None
        _, kind, id = HEADER.unpack_from(data)
        return kind, id, data[HEADER.size :]


class HeaderSplit(Client):
    """A header that comes in parts is taken for the end."""

    async def read(self) -> Frame | None:
        header = await self.reader.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        size, kind, id = HEADER.unpack(header)
        return kind, id, await self.reader.readexactly(size)


class CloseDropsOutbox(Client):
    """Frames are collected and sent a little later, and a close forgets them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.outbox: list[bytes] = []

    async def write(self, frame: bytes) -> None:
        self.check()
        self.outbox.append(frame)
        asyncio.get_running_loop().call_later(0.01, self.flush)

    def flush(self) -> None:
        """Send what was collected."""
        if not self.has_ended and not self.is_over:
            self.writer.write(b"".join(self.outbox))
        self.outbox.clear()


class CloseIsAbort(Client):
    """A polite close ends the connection at once."""

    async def close(self) -> None:
        self.is_closing = True
        self.may_receive.set()
        self.wake()
        self.abort()


class CloseWaitsForEver(Client):
    """A close waits for a goodbye that it never asked for."""

    async def close(self) -> None:
        await asyncio.wait([self.listening])


class CloseDoesNothing(Client):
    """A close only takes note that it was called."""

    async def close(self) -> None:
        self.is_closing = True


class AbortNeverTold(Client):
    """Who receives is not told of the end."""

    def over(self) -> None:
        self.is_over = True
        self.fail_pending()
        self.writer.close()


class ConnectionLeftOpen(Client):
    """At the server's goodbye the client does not close its own side."""

    def over(self) -> None:
        self.is_over = True
        self.fail_pending()
        self.wake()

    async def close(self) -> None:
        await super().close()
        self.writer.close()


class TimerLeft(Client):
    """The timer of a request is never cancelled."""

    async def request(self, payload: bytes) -> bytes:
        asyncio.get_running_loop().call_later(3600, self.wake)
        return await super().request(payload)


class TaskLeft(Client):
    """The heartbeat of a connection is never cancelled."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.heart = asyncio.create_task(self.beat())

    async def beat(self) -> None:
        """Do nothing, for ever."""
        while True:
            await asyncio.sleep(30)


class ListeningCancelled(Client):
    """A close cancels who listens, and leaves the connection open."""

    def over(self) -> None:
        self.is_over = True
        self.wake()

    async def close(self) -> None:
        self.listening.cancel()
        await asyncio.wait([self.listening])


class LastMessageAgain(Client):
    """What was received last comes again behind a pause."""

    last: bytes | None = None

    async def receive(self) -> bytes:
        self.last = await super().receive()
        return self.last

    def resume(self) -> None:
        if self.last is not None:
            self.inbox.append(self.last)
        super().resume()


class InboxDropsWhenFull(Client):
    """A message for which there is no room is dropped."""

    async def put(self, payload: bytes) -> None:
        if len(self.inbox) < INBOX_MAX:
            await super().put(payload)


class NewestFirst(Client):
    """Of several messages that wait, the newest is received first."""

    async def receive(self) -> bytes:
        if len(self.inbox) > 1:
            self.inbox = deque(reversed(self.inbox))
        return await super().receive()


class SendDropsWithoutRoom(Client):
    """What there is no room for is dropped."""

    async def write(self, frame: bytes) -> None:
        self.check()
        if self.writer.transport.get_write_buffer_size() < 1 << 15:
            self.writer.write(frame)


class ReplyAsMessage(Client):
    """A reply is also a message."""

    async def take(self, frame: Frame) -> None:
        await super().take(frame)
        if frame[0] == REPLY:
            await self.put(frame[2])


class HalfCloseEndsBoth(Client):
    """To end the own direction ends both."""

    def half_close(self) -> None:
        self.has_ended = True
        self.writer.close()


class FramesInterleaved(Client):
    """Header and payload are sent one after the other, and others send in between."""

    async def write(self, frame: bytes) -> None:
        self.check()
        self.writer.write(frame[: HEADER.size])
        await asyncio.sleep(0)
        if not self.has_ended and not self.is_over:
            self.writer.write(frame[HEADER.size :])
            await self.writer.drain()


class RequestNeverSent(Client):
    """A request that is made while another one waits is not sent."""

    async def request(self, payload: bytes) -> bytes:
        if not self.pending:
            return await super().request(payload)
        waiter: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.pending[next(self.ids)] = waiter
        return await waiter


class RequestSentTwice(Client):
    """A request is repeated when its reply is not there soon."""

    async def request(self, payload: bytes) -> bytes:
        asking = asyncio.ensure_future(super().request(payload))
        _, left = await asyncio.wait([asking], timeout=0.2)
        if left and not self.is_over and not self.has_ended:
            self.writer.write(encode(REQUEST, payload, 0))
        return await asking
