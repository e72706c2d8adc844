"""FramedClient: a client of the kit, for who has a server to test and no client of his own."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from mcws_protocol import Framing

CHUNK: Final = 1 << 16
"""Bytes of one read at most."""
FRAME_BYTES_MAX: Final = 1 << 20
"""Bytes of a frame that are accepted."""
GOODBYE_S: Final = 30.0
"""Seconds that the server has to end its direction once this end has."""


class FramedClient:
    """Sends and receives the payloads of a framing on streams of asyncio.

    ::

        FramedClient(*await asyncio.open_connection("server", port), Lines())

    Raises:
        ConnectionError: at ``send`` and ``receive``, when the connection has ended.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Framing
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._framing = framing
        self._decoder = framing.decoder(frame_bytes_max=FRAME_BYTES_MAX)
        self._received: deque[bytes] = deque()
        self._has_ended = False
        self._is_closed = asyncio.Event()

    async def send(self, payload: bytes) -> None:
        """Send one payload and wait for room."""
        if self._has_ended or self._writer.is_closing():
            raise ConnectionResetError("the connection has ended")
        self._writer.write(self._framing.encode(payload))
        await self._writer.drain()

    async def receive(self) -> bytes:
        """Return the next payload."""
        while not self._received:
            data = b"" if self._is_closed.is_set() else await self._reader.read(CHUNK)
            if not data:
                self._end()
                raise ConnectionResetError("the connection has ended")
            self._received.extend(self._decoder.feed(data))
        return self._received.popleft()

    def half_close(self) -> None:
        """End the own direction."""
        if not self._has_ended and not self._writer.is_closing():
            self._has_ended = True
            self._writer.write_eof()

    async def close(self) -> None:
        """End the own direction, and both once the server has ended its own."""
        try:
            self.half_close()
            async with asyncio.timeout(GOODBYE_S):
                # Somebody may be receiving; whoever sees the end says so.
                await self._is_closed.wait()
        except (OSError, TimeoutError):
            self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()
        self._end()

    def _end(self) -> None:
        """Take note of the end."""
        self._writer.close()
        self._is_closed.set()
