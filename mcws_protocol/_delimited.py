r"""Delimiters: framings in which each frame ends with bytes that no payload contains.

::

    Delimited(b"\r\n\r\n")   │ payload │ 0D 0A 0D 0A │
    Lines()                  │ payload │ 0A │             sent
                             │ payload │ 0A │             received,
                             │ payload │ 0D 0A │          or so
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcws_protocol._errors import FrameTooLong, LocalProtocolError
from mcws_protocol._framing import FramingDefaults, HoldingDecoder

if TYPE_CHECKING:
    from mcws_protocol._framing import FrameDecoder

# Bytes: three times the longest MIME boundary. It bounds what is looked at again when a chunk ends
# inside something that may be a delimiter.
DELIMITER_BYTES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Delimited(FramingDefaults):
    """Frames that end with ``delimiter``, which may be cut anywhere by the stream.

    ::

        │ payload: 0 or more bytes │ delimiter │

    Carries a payload if the first delimiter in the frame is the one at its end: the payload does
    not contain it, nor does its end together with the delimiter make an earlier one (with
    ``b"--"``, ``b"a-"`` would be read as ``b"a"`` and a rest). The limit counts the payload
    without the delimiter.

    Attributes:
        delimiter: 1 to 256 bytes.

    Raises:
        TypeError: ``delimiter`` is not ``bytes``.
        ValueError: it is empty or longer than 256 bytes.
    """

    delimiter: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.delimiter, bytes):
            raise TypeError(f"delimiter must be bytes, not {self.delimiter!r}")
        if not 1 <= len(self.delimiter) <= DELIMITER_BYTES_MAX:
            raise ValueError(
                f"delimiter must have 1 to {DELIMITER_BYTES_MAX} bytes, not {self.delimiter!r}"
            )

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload`` and the delimiter.

        Raises:
            LocalProtocolError: the frame would end before the end of ``payload``.
        """
        frame = payload + self.delimiter
        at = frame.find(self.delimiter)
        if at != len(payload):
            raise LocalProtocolError(
                f"delimiter {self.delimiter!r} would end the frame after {at} of"
                f" {len(payload)} bytes"
            )
        return frame

    def check(self, payload: bytes) -> None:
        """Refuse what ``encode`` refuses.

        Raises:
            LocalProtocolError: the frame would end before the end of ``payload``.
        """
        # A copy more, but one rule only: `check` has to raise exactly when `encode` does.
        self.encode(payload)

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for payloads of 0 to ``frame_bytes_max`` bytes."""
        return _DelimitedDecoder(self.delimiter, b"", frame_bytes_max)


@dataclass(frozen=True, slots=True)
class Lines(FramingDefaults):
    r"""Lines of bytes: each ends with a line feed, before which a carriage return is ignored.

    ::

        │ payload: 0 or more bytes │ 0A │

    Carries what neither contains ``b"\n"`` nor ends with ``b"\r"``. One carriage return is taken
    off, so ``b"a\r\r\n"`` is ``b"a\r"``. A last line without its end is ``IncompleteFrame``. The
    limit counts the payload without the end of line.
    """

    def encode(self, payload: bytes) -> bytes:
        """Return ``payload`` and a line feed.

        Raises:
            LocalProtocolError: ``payload`` contains a line feed or ends with a carriage return.
        """
        self.check(payload)
        return payload + b"\n"

    def check(self, payload: bytes) -> None:
        """Refuse what ``encode`` refuses.

        Raises:
            LocalProtocolError: ``payload`` contains a line feed or ends with a carriage return.
        """
        if b"\n" in payload:
            raise LocalProtocolError("payload contains a line feed")
        # The receiver would take it for a part of the end of the line.
        if payload.endswith(b"\r"):
            raise LocalProtocolError("payload ends with a carriage return")

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for payloads of 0 to ``frame_bytes_max`` bytes."""
        return _DelimitedDecoder(b"\n", b"\r", frame_bytes_max)


class _DelimitedDecoder(HoldingDecoder):
    """Finds delimiters, also across pieces, and never searches a byte of a piece twice.

    ``_seam`` is the end of what waits, as long as an unfinished ending can be: a delimiter that
    began there is found in it and the beginning of the next piece.
    """

    __slots__ = ("_delimiter", "_ending", "_optional", "_seam")

    def __init__(self, delimiter: bytes, optional: bytes, frame_bytes_max: int) -> None:
        super().__init__(frame_bytes_max)
        self._delimiter = delimiter
        self._optional = optional
        self._ending = optional + delimiter
        self._seam = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        found: list[bytes] = []
        if self.buffered:
            # Only the first delimiter can have begun in what waits; `split` finds those behind it.
            start = self._find(data)
            if start is None:
                self._keep(data)
                return found
            # Counted first, since `_take` empties the buffer. Where the delimiter began in what
            # waits, `start` is below 0 and the cut takes that beginning off again.
            size = self.buffered + start
            found.append(self._take(data[: max(start, 0)])[:size])
            self._seam = b""
            # What waits never holds a whole delimiter, so this one ends in `data`.
            data = data[start + len(self._delimiter) :]
        *more, tail = data.split(self._delimiter)
        found = self._accepted(found + more)
        if self.fault is None:
            self._keep(tail)
        return found

    def _find(self, data: bytes) -> int | None:
        """Return where the first delimiter starts, below 0 if that is in what waits."""
        seam = self._seam
        # One byte less than a delimiter: what is found here begins in the seam.
        at = (seam + data[: len(self._delimiter) - 1]).find(self._delimiter)
        if at >= 0:
            return at - len(seam)
        at = data.find(self._delimiter)
        return at if at >= 0 else None

    def _accepted(self, found: list[bytes]) -> list[bytes]:
        """Return the payloads of these frames, up to the first that is too long."""
        # Before the limit is looked at, which counts the payload without the end of the line.
        if self._optional:
            found = [payload.removesuffix(self._optional) for payload in found]
        if max(map(len, found), default=0) <= self._limit:
            return found
        # The size is not told: cut elsewhere, the same bytes would not have shown it.
        self._fail(FrameTooLong(None, self._limit))
        # Good frames in front of a bad one are never lost.
        return found[: next(at for at, one in enumerate(found) if len(one) > self._limit)]

    def _keep(self, data: bytes) -> None:
        """Keep the beginning of a frame, unless it is too long however the frame ends."""
        if not data:
            return
        self.buffered += len(data)
        self._hold(data)
        reach = len(self._ending) - 1
        # An ending of one byte is never cut, and `[-0:]` would be all of it.
        if reach:
            self._seam = (self._seam + data[-reach:])[-reach:]
        # The first comparison is cheap and spares most pieces the second, which looks for the
        # beginning of an ending.
        if self.buffered > self._limit and self.buffered - self._begun() > self._limit:
            self._fail(FrameTooLong(None, self._limit))

    def _begun(self) -> int:
        """Return how many bytes at the end of what waits may belong to the end of the frame."""
        ending = self._ending
        sizes = range(len(ending) - 1, 0, -1)
        return next((size for size in sizes if self._seam.endswith(ending[:size])), 0)
