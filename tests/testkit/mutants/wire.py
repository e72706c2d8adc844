"""The frames of the reference server and client: a length, a kind, an id and a payload."""

from __future__ import annotations

import asyncio
import struct
from typing import Final

HEADER: Final = struct.Struct("!IBI")
"""Bytes of the payload, kind, and the id of a request; 0 for a message."""
MESSAGE, REQUEST, REPLY = range(3)

Frame = tuple[int, int, bytes]
"""Kind, id and payload."""


def encode(kind: int, payload: bytes, id: int = 0) -> bytes:
    """Return one frame."""
    return HEADER.pack(len(payload), kind, id) + payload


async def read(reader: asyncio.StreamReader) -> Frame | None:
    """Return the next frame; None at the end of the stream, also inside a frame."""
    try:
        size, kind, id = HEADER.unpack(await reader.readexactly(HEADER.size))
        return kind, id, await reader.readexactly(size)
    except asyncio.IncompleteReadError:
        return None
