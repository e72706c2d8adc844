"""A server of somebody who has never heard of us: lines, on the streams of asyncio."""

from __future__ import annotations

import asyncio
from typing import Self

from mcws_testkit import Events


class LineServer:
    """Sends each line back."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._writers: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._listener: asyncio.Server | None = None

    @classmethod
    async def start(cls, port: int, events: Events) -> Self:
        """Listen."""
        server = cls(events)
        server._listener = await asyncio.start_server(server._serve, "0.0.0.0", port)
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._listener is None or not self._listener.is_serving():
            writer.close()
            return
        self._writers[writer] = asyncio.current_task()
        self._events.connected(writer)
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                writer.write(await self._events.message(writer, line[:-1]) + b"\n")
                await writer.drain()
        except ConnectionError:
            # The end is told below, whatever it was.
            pass
        finally:
            self._events.disconnected(writer)
            del self._writers[writer]
            writer.close()

    async def stop(self) -> None:
        """Let nobody in, and everybody go."""
        if self._listener is not None:
            self._listener.close()
        for writer in self._writers:
            writer.transport.abort()
        left = [task for task in self._writers.values() if task is not None]
        if left:
            await asyncio.wait(left)
