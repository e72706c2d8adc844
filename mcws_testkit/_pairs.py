"""Pairs: two ends that are joined by a cable, as asyncio's streams or as transports."""

from __future__ import annotations

import asyncio
from typing import Final, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from ._cable import CAPACITY, Cable
from ._cable_transport import CableTransport

Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""One end, as ``asyncio.open_connection`` gives it."""
Side: TypeAlias = Literal["a", "b"]
"""What the ends of a pair are called, the first one first."""

LINE_BYTES_MAX: Final = 64 << 10
"""The longest line that a reader takes, as in asyncio."""

A = TypeVar("A")
B = TypeVar("B")
S = TypeVar("S", bound=str, default=Side)


class Pair(tuple[A, B], Generic[A, B, S]):  # noqa: SLOT001 (a tuple has no room for them)
    """Two ends, to be unpacked, and the cable between them.

    Attributes:
        cable: what a test cuts, stalls and resets.
    """

    cable: Cable[S]

    def __new__(cls, first: A, second: B, cable: Cable[S]) -> Pair[A, B, S]:
        """Join two ends that are on ``cable``."""
        pair = super().__new__(cls, (first, second))
        pair.cable = cable
        return pair

    def __repr__(self) -> str:
        first, second = self
        return f"<Pair {first!r}, {second!r}>"


def stream_pair(
    *, limit: int = LINE_BYTES_MAX, capacity: int = CAPACITY
) -> Pair[Stream, Stream, Side]:
    """Return two ends as asyncio's streams, on the loop that runs.

    Each is a ``(reader, writer)``::

        (reader, writer), (other_reader, other_writer) = stream_pair()

    The cable calls them ``"a"`` and ``"b"``; ``"b"`` has accepted ``"a"``, so it is the server for
    ``writer.start_tls``. ``limit`` is that of asyncio's readers, ``capacity`` the number of bytes
    that the line holds in each direction.
    """
    cable: Cable[Side] = Cable("a", "b", capacity=capacity)
    first = open_stream(cable, "a", limit)
    return Pair(first, open_stream(cable, "b", limit, is_accepted=True), cable)


def transport_pair(
    a: asyncio.BaseProtocol, b: asyncio.BaseProtocol, *, capacity: int = CAPACITY
) -> Pair[CableTransport, CableTransport, Side]:
    """Join two protocols and return their transports, on the loop that runs.

    Both have heard ``connection_made`` then, ``a`` first. The cable calls them ``"a"`` and
    ``"b"``; it holds ``capacity`` bytes in each direction.
    """
    cable: Cable[Side] = Cable("a", "b", capacity=capacity)
    first, second = CableTransport(cable, "a", a), CableTransport(cable, "b", b)
    first.start()
    second.start()
    return Pair(first, second, cable)


def open_stream(
    cable: Cable[S], name: S, limit: int = LINE_BYTES_MAX, *, is_accepted: bool = False
) -> Stream:
    """Return one end of a cable as asyncio's streams.

    One that is accepted is like that of ``asyncio.start_server``: it is the server of a TLS.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    made: list[asyncio.StreamWriter] = []

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the writer that the protocol makes of an end that is accepted."""
        made.append(writer)

    # The protocol tells by its callback which end it is.
    protocol = asyncio.StreamReaderProtocol(reader, accepted if is_accepted else None, loop=loop)
    transport = CableTransport(cable, name, protocol)
    transport.start()
    return reader, made[0] if made else asyncio.StreamWriter(transport, protocol, reader, loop)
