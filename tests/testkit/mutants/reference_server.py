"""A small clean server on asyncio streams, of which the mutants of servers are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from mcws_testkit import Events

from .wire import MESSAGE, REPLY, REQUEST, Frame, encode, read

BUFFER_MAX: Final = 128 << 10
"""Bytes that wait for one client, above which a broadcast gives it up."""
PATIENCE_S: Final = 10.0
"""Seconds that a client has to read what is left at a drain."""


class Session:
    """One connection of the server."""

    def __init__(
        self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.requests: set[asyncio.Task[None]] = set()
        self.is_ending = False
        self.task = asyncio.current_task()

    async def run(self) -> None:
        """Serve the client until it has gone."""
        self.begin()
        try:
            while (frame := await self.read()) is not None:
                await self.take(frame)
            await self.answer_all()
        except ConnectionError:
            self.lost()
        finally:
            await self.end()

    def begin(self) -> None:
        """Take the client in, and tell it."""
        self.server.sessions[self] = None
        self.server.events.connected(self)

    async def read(self) -> Frame | None:
        """Return the next frame; None at the end."""
        return await read(self.reader)

    async def take(self, frame: Frame) -> None:
        """Handle one frame."""
        kind, id, payload = frame
        if kind == REQUEST:
            self.begin_request(id, payload)
        else:
            await self.handle(payload)

    async def handle(self, payload: bytes) -> None:
        """Handle a message: send it back; if the hook fails, do nothing."""
        try:
            answer = await self.server.events.message(self, payload)
        except Exception:
            return
        await self.send(encode(MESSAGE, answer))

    def begin_request(self, id: int, payload: bytes) -> None:
        """Answer a request in a task of its own."""
        task = asyncio.create_task(self.answer(id, payload))
        self.requests.add(task)
        task.add_done_callback(self.requests.discard)

    async def answer(self, id: int, payload: bytes) -> None:
        """Answer a request."""
        reply = await self.server.events.request(self, payload)
        try:
            await self.send(encode(REPLY, reply, id))
        except ConnectionError:
            # Nobody waits for it any more.
            return

    async def answer_all(self) -> None:
        """Wait until all requests are answered."""
        if self.requests:
            await asyncio.wait(set(self.requests))

    async def send(self, frame: bytes) -> None:
        """Send a frame and wait for room."""
        if not self.is_ending and not self.writer.is_closing():
            self.writer.write(frame)
            await self.writer.drain()

    def lost(self) -> None:
        """Take note that the connection was lost."""

    async def end(self) -> None:
        """Let go of the client, and tell it."""
        for task in self.requests:
            task.cancel()
        self.leave()
        self.server.events.disconnected(self)
        await self.close()

    def leave(self) -> None:
        """Leave the registry."""
        self.server.sessions.pop(self, None)

    async def close(self) -> None:
        """Close the connection."""
        self.writer.close()

    async def drain(self) -> None:
        """Answer what runs, end the own direction, and wait until the client has gone."""
        await self.answer_all()
        self.is_ending = True
        # A connection that was reset, which reading has not told yet, cannot be ended so.
        with suppress(OSError):
            if not self.writer.is_closing():
                self.writer.write_eof()
        task = self.task
        assert task is not None
        await asyncio.wait([task], timeout=PATIENCE_S)
        self.writer.transport.abort()


class Server:
    """A server that echoes messages, answers requests and broadcasts.

    Attributes:
        sessions: those who are connected, in order.
    """

    session: Callable[..., Session] = Session

    def __init__(self) -> None:
        self.events = Events()
        self.port = 0
        self.sessions: dict[Session, None] = {}
        self.tasks: dict[asyncio.Task[None], None] = {}
        self.listener: asyncio.Server | None = None

    async def start(self, port: int = 8080) -> None:
        """Listen."""
        self.port = port
        self.listener = await asyncio.start_server(self.accept, "0.0.0.0", port)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, unless the door was closed when it was half inside."""
        if self.listener is None or not self.listener.is_serving():
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self.tasks[task] = None
        try:
            await self.session(self, reader, writer).run()
        finally:
            del self.tasks[task]

    @property
    def clients(self) -> list[Session]:
        """Those who are connected."""
        return list(self.sessions)

    def broadcast(self, payload: bytes, filter: Callable[[Session], bool] | None = None) -> None:
        """Send something to all clients, or to those whom ``filter`` takes."""
        for session in self.clients:
            if filter is None or filter(session):
                self.send_to(session, encode(MESSAGE, payload))

    def send_to(self, session: Session, frame: bytes) -> None:
        """Send a frame to one client, or give it up if it does not read."""
        if session.is_ending or session.writer.is_closing():
            return
        if session.writer.transport.get_write_buffer_size() > BUFFER_MAX:
            session.writer.transport.abort()
        else:
            session.writer.write(frame)

    async def drain(self) -> None:
        """Let nobody in, and everybody go who has got what is his."""
        self.close_door()
        await asyncio.gather(*(session.drain() for session in self.clients))
        await self.stop()

    async def stop(self) -> None:
        """End everything."""
        self.close_door()
        for session in self.clients:
            session.writer.transport.abort()
        if self.tasks:
            await asyncio.wait(set(self.tasks))

    def close_door(self) -> None:
        """Let nobody in."""
        if self.listener is not None:
            self.listener.close()
