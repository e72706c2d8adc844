"""Framings: the rules that cut a byte stream into frames, and the loops around them.

A framing is written by anybody: an object with the members of :class:`Framing`, whose decoder has
those of :class:`FrameDecoder`. This file owns the two, the framings that need no header and no
delimiter, and what the decoders of this package share.

::

    Chunks      ┆ any bytes ┆          as they arrive, no boundaries
    Fixed(4)    │ b b b b │            each frame has the same length
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from mcws_protocol._errors import (
    FrameTooLong,
    IncompleteFrame,
    LocalProtocolError,
    RemoteProtocolError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

# Bytes: what the loops accept unless told otherwise; the same as `Limits.frame_bytes_max`.
FRAME_BYTES_MAX: Final = (1 << 20) + 64

# Bytes that the loops ask for at once: what one read of a socket gives on common systems.
READ_BYTES: Final = 64 << 10

# Bytes to which small pieces are gathered, so that a peer that sends single bytes cannot make each
# of them cost an object.
PART_BYTES: Final = 4 << 10

# Bytes from which a piece is worth an object of its own: the object costs a thirtieth of it.
PIECE_BYTES: Final = 1 << 10

# What a decoder does with bytes that no frame contains: end with a fault, or look for the next
# frame.
OnCorruption = Literal["fault", "skip"]


class FrameDecoder(Protocol):
    """Cuts the bytes of one direction of one connection into payloads."""

    @property
    def fault(self) -> RemoteProtocolError | None:
        """What ended the decoding, or None; set at once, raised by the next call."""
        ...

    @property
    def buffered(self) -> int:
        """Bytes received of the frame that is not complete yet; 0 between two frames."""
        ...

    @property
    def skipped(self) -> int:
        """Bytes dropped to find the next frame; 0 for ever with ``on_corruption = "fault"``."""
        ...

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes, in order.

        Raises:
            RemoteProtocolError: the ``fault`` that an earlier call found.
        """
        ...

    def eof(self) -> None:
        """Say that the stream has ended.

        Raises:
            IncompleteFrame: it ended inside a frame.
            RemoteProtocolError: the ``fault`` that an earlier call found.
        """
        ...


class Framing(Protocol):
    """A rule that cuts a byte stream into frames: an immutable, hashable, cheap value."""

    @property
    def keeps_boundaries(self) -> bool:
        """Whether each payload arrives as it was sent, neither split nor joined to another."""
        ...

    @property
    def on_corruption(self) -> OnCorruption:
        """What the decoder does with bytes that no frame contains."""
        ...

    def encode(self, payload: bytes) -> bytes:
        """Return the frame that carries ``payload``.

        Raises:
            LocalProtocolError: the framing cannot carry it.
        """
        ...

    def check(self, payload: bytes) -> None:
        """Do nothing if the framing can carry ``payload``.

        Raises:
            LocalProtocolError: it cannot, exactly when ``encode`` raises.
        """
        ...

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for one stream that accepts payloads of 0 to ``frame_bytes_max`` bytes.

        A longer one is ``FrameTooLong`` as soon as its length is known.
        """
        ...


class ByteReader(Protocol):
    """What ``frames`` reads from; an ``asyncio.StreamReader`` is one."""

    async def read(self, n: int, /) -> bytes:
        """Return 1 to ``n`` bytes, or none at the end of the stream."""
        ...


class FramingDefaults:
    """What most framings of this package say of themselves."""

    __slots__ = ()

    # Not ``ClassVar``: no property of a Protocol is satisfied by one.
    keeps_boundaries: bool = True
    on_corruption: OnCorruption = "fault"


@dataclass(frozen=True, slots=True)
class Chunks(FramingDefaults):
    """Takes each chunk that arrives for a payload: no framing at all.

    Unsafe for messages: the network splits and joins chunks as it likes, so one payload may come
    as several and several as one. Only the order of the bytes is kept. It carries any payload but
    the empty one. The limit counts the bytes of a chunk; the loops read no longer ones.
    """

    keeps_boundaries = False

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload`` as it is.

        Raises:
            LocalProtocolError: it is empty.
        """
        self.check(payload)
        return payload

    def check(self, payload: bytes) -> None:
        """Refuse what ``encode`` refuses.

        Raises:
            LocalProtocolError: ``payload`` is empty.
        """
        if not payload:
            raise LocalProtocolError("an empty payload cannot be seen without framing")

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder that gives every chunk of 1 to ``frame_bytes_max`` bytes."""
        return _ChunksDecoder(frame_bytes_max)


@dataclass(frozen=True, slots=True)
class Fixed(FramingDefaults):
    """Frames that all have the same length, of which every byte is payload.

    The limit counts the whole frame, so a limit below ``frame_bytes`` refuses the first byte.

    Attributes:
        frame_bytes: bytes of every frame, at least 1.

    Raises:
        TypeError: ``frame_bytes`` is not an ``int``.
        ValueError: it is below 1.
    """

    frame_bytes: int

    def __post_init__(self) -> None:
        check_integer("frame_bytes", self.frame_bytes, 1)

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload`` as it is.

        Raises:
            LocalProtocolError: it does not have ``frame_bytes`` bytes.
        """
        self.check(payload)
        return payload

    def check(self, payload: bytes) -> None:
        """Refuse what ``encode`` refuses.

        Raises:
            LocalProtocolError: ``payload`` does not have ``frame_bytes`` bytes.
        """
        if len(payload) != self.frame_bytes:
            raise LocalProtocolError(
                f"payload of {len(payload)} bytes in frames of {self.frame_bytes} bytes"
            )

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder; it accepts nothing if ``frame_bytes`` is above the limit."""
        return _FixedDecoder(self.frame_bytes, frame_bytes_max)


async def frames(
    reader: ByteReader, framing: Framing, *, frame_bytes_max: int = FRAME_BYTES_MAX
) -> AsyncGenerator[bytes, None]:
    """Yield every payload that ``reader`` gives, until the end of its stream.

    May be cancelled at a read; the frame that was being received is then lost.

    Raises:
        RemoteProtocolError: the stream contains something else, or ends inside a frame; what came
            before it was yielded.
    """
    decoder = framing.decoder(frame_bytes_max=frame_bytes_max)
    size = _read_bytes(framing, frame_bytes_max)
    while data := await reader.read(size):
        for payload in decoder.feed(data):
            yield payload
        # Not left to the next `feed`: a peer that sends nothing more would hide the fault for ever.
        if decoder.fault is not None:
            raise decoder.fault
    decoder.eof()


def iter_frames(
    recv: Callable[[int], bytes], framing: Framing, *, frame_bytes_max: int = FRAME_BYTES_MAX
) -> Generator[bytes, None, None]:
    """Yield every payload that ``recv`` gives, until it gives no bytes.

    ``recv`` is as ``socket.recv``: it blocks until there are 1 to ``n`` bytes, or the end.

    Raises:
        RemoteProtocolError: the stream contains something else, or ends inside a frame; what came
            before it was yielded.
    """
    decoder = framing.decoder(frame_bytes_max=frame_bytes_max)
    size = _read_bytes(framing, frame_bytes_max)
    while data := recv(size):
        yield from decoder.feed(data)
        if decoder.fault is not None:
            raise decoder.fault
    decoder.eof()


def _read_bytes(framing: Framing, frame_bytes_max: int) -> int:
    """Return how many bytes to ask for at once."""
    if framing.keeps_boundaries:
        return READ_BYTES
    # Where each chunk is a message, a longer chunk would be a fault that nobody made.
    return max(1, min(READ_BYTES, frame_bytes_max))


# What the framings of this package share


def check_integer(name: str, value: object, least: int, most: int | None = None) -> None:
    """Refuse an argument that is not an integer of ``least`` to ``most``.

    Raises:
        TypeError: ``value`` is not an ``int``, or is a ``bool``.
        ValueError: it is outside of the bounds.
    """
    # `True` is an `int` too, but nobody means 1 by it.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} must be {bounds}, not {value}")


class HoldingDecoder:
    """What the decoders of this package share: the limit, the fault and the bytes that wait.

    Bytes that wait are a list of parts, joined once when their frame is complete: time is linear
    in them however they were cut. Small pieces are gathered, so memory is too.

    Raises:
        TypeError: ``frame_bytes_max`` is not an ``int``.
        ValueError: it is below 0.
    """

    __slots__ = ("_limit", "_parts", "buffered", "fault", "skipped")

    def __init__(self, frame_bytes_max: int) -> None:
        check_integer("frame_bytes_max", frame_bytes_max, 0)
        self._limit = frame_bytes_max
        self._parts: list[bytes | bytearray] = []
        self.buffered: int = 0
        self.fault: RemoteProtocolError | None = None
        self.skipped: int = 0

    def eof(self) -> None:
        """Say that the stream has ended.

        Raises:
            IncompleteFrame: it ended inside a frame.
            RemoteProtocolError: the ``fault`` that an earlier call found.
        """
        if self.buffered:
            # Kept as the fault, so that a second call says the same. It hides no earlier fault,
            # since nothing is buffered behind one.
            self._fail(IncompleteFrame(self.buffered))
        if self.fault is not None:
            raise self.fault

    def _fail(self, fault: RemoteProtocolError) -> None:
        """Keep ``fault`` for the next call and let go of all bytes."""
        self.fault = fault
        self._parts.clear()
        self.buffered = 0

    def _hold(self, data: bytes) -> None:
        """Put ``data`` behind what waits; the caller counts it in ``buffered``."""
        parts = self._parts
        if len(data) >= PIECE_BYTES or not parts:
            parts.append(data)
            return
        last = parts[-1]
        if type(last) is not bytearray:
            parts.append(bytearray(data))
            return
        last += data
        if len(last) >= PART_BYTES:
            # A bytearray owns up to an eighth more than it holds; bytes do not.
            parts[-1] = bytes(last)

    def _take(self, data: bytes) -> bytes:
        """Return what waits and ``data`` behind it as one; nothing waits after it."""
        parts = self._parts
        parts.append(data)
        whole = b"".join(parts)
        parts.clear()
        self.buffered = 0
        return whole


class _ChunksDecoder(HoldingDecoder):
    """Gives back what it is fed."""

    __slots__ = ()

    def feed(self, data: bytes) -> list[bytes]:
        """Return ``data``, if there is any, as the one payload."""
        if self.fault is not None:
            raise self.fault
        if len(data) > self._limit:
            self._fail(FrameTooLong(len(data), self._limit))
            return []
        return [data] if data else []  # no bytes are no chunk


class _FixedDecoder(HoldingDecoder):
    """Cuts at multiples of one length."""

    __slots__ = ("_frame_bytes",)

    def __init__(self, frame_bytes: int, frame_bytes_max: int) -> None:
        super().__init__(frame_bytes_max)
        self._frame_bytes = frame_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        size = self._frame_bytes
        if size > self._limit and data:
            self._fail(FrameTooLong(size, self._limit))
            return []
        found: list[bytes] = []
        position = 0
        if self.buffered and self.buffered + len(data) >= size:
            position = size - self.buffered
            found.append(self._take(data[:position]))
        if not self.buffered:
            # Else all of `data` still belongs to the frame that waits.
            end = len(data) - (len(data) - position) % size
            found += [data[at : at + size] for at in range(position, end, size)]
            position = end
        if position < len(data):
            self.buffered += len(data) - position
            self._hold(data[position:])
        return found
