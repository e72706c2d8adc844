"""Bugs that servers have had in what they read and write, each a small change of the reference."""

from __future__ import annotations

import asyncio

from .reference_server import Session
from .wire import HEADER, MESSAGE, Frame, encode


class _ReadingAhead(Session):
    """A session that reads into a queue without end, from which a task handles."""

    def begin(self) -> None:
        super().begin()
        self.queue: asyncio.Queue[Frame] = asyncio.Queue()
        self.worker = asyncio.create_task(self.work())

    async def work(self) -> None:
        """Handle what was read."""
        try:
            while True:
                await super().take(await self.queue.get())
        except ConnectionError:
            return

    async def take(self, frame: Frame) -> None:
        self.queue.put_nowait(frame)


class MessageAfterDisconnect(_ReadingAhead):
    """The end is told at the end of the stream, while messages still wait for the handler."""

    async def end(self) -> None:
        self.leave()
        self.server.events.disconnected(self)
        for _ in range(40):
            await asyncio.sleep(0.1)
        self.worker.cancel()
        await self.close()


class TailDroppedAtEof(_ReadingAhead):
    """What waits for the handler when the stream ends is dropped."""

    async def end(self) -> None:
        self.worker.cancel()
        await super().end()


class InboxUnbounded(_ReadingAhead):
    """All that comes is read, however slow its handling is."""

    async def answer_all(self) -> None:
        while not self.queue.empty():
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        await super().answer_all()

    async def end(self) -> None:
        self.worker.cancel()
        await super().end()


class BufferUnbounded(Session):
    """The server writes and never waits for room."""

    async def send(self, frame: bytes) -> None:
        if not self.is_ending and not self.writer.is_closing():
            self.writer.write(frame)


class RepliesDroppedAtEof(Session):
    """Who ends his own direction does not get the replies that are still to come."""

    async def answer_all(self) -> None:
        pass


class HalfCloseTakenForLoss(Session):
    """The end of the stream is looked for while a handler runs, and ends the connection."""

    async def handle(self, payload: bytes) -> None:
        await self.server.events.message(self, payload)
        if self.reader.at_eof():
            raise ConnectionResetError("the client has gone")
        await self.send(encode(MESSAGE, payload))


class ChunkTakenForMessage(Session):
    """One read is taken for one frame."""

    async def read(self) -> Frame | None:
        data = await self.reader.read(1 << 16)
        if len(data) < HEADER.size:
            return None
        _, kind, id = HEADER.unpack_from(data)
        return kind, id, data[HEADER.size :]


class HeaderSplit(Session):
    """A header that comes in parts is taken for the end."""

    async def read(self) -> Frame | None:
        header = await self.reader.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        size, kind, id = HEADER.unpack(header)
        return kind, id, await self.reader.readexactly(size)


class PayloadSplit(Session):
    """A payload is as much of it as has come."""

    async def read(self) -> Frame | None:
        try:
            size, kind, id = HEADER.unpack(await self.reader.readexactly(HEADER.size))
        except asyncio.IncompleteReadError:
            return None
        return kind, id, await self.reader.read(size)


class LongPayloadTruncated(Session):
    """More than 16 KiB are cut off."""

    async def read(self) -> Frame | None:
        frame = await super().read()
        return frame and (frame[0], frame[1], frame[2][: 16 << 10])


class BufferShared(Session):
    """The bytes of all connections go through one buffer."""

    buffer = bytearray()

    def begin(self) -> None:
        super().begin()
        if len(self.server.sessions) == 1:
            self.buffer.clear()

    async def read(self) -> Frame | None:
        while True:
            if len(self.buffer) >= HEADER.size:
                size, kind, id = HEADER.unpack_from(self.buffer)
                end = HEADER.size + size
                if len(self.buffer) >= end:
                    payload = bytes(self.buffer[HEADER.size : end])
                    del self.buffer[:end]
                    return kind, id, payload
            data = await self.reader.read(1 << 16)
            if not data:
                return None
            self.buffer += data


class WriteAfterEofRaises(Session):
    """An echo behind the end of the own direction raises in the task of the connection."""

    async def send(self, frame: bytes) -> None:
        self.writer.write(frame)
        await self.writer.drain()


class CloseForgotten(Session):
    """The end is told, and the connection stays open."""

    async def close(self) -> None:
        pass
