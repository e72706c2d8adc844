"""Speech: what the bytes on a connection say, in the words of whoever wrote the protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

from mcws_protocol import Codec, Contract, FrameDecoder, Framing, Mcws, Plain, Wire

from ._escaped import raw
from ._meaning import MCWS_FRAMING, Meaning, Sender, Typed, Untyped, framed, said
from ._records import RECORD_BYTES_MAX, RECORDS, is_handshake, may_be_handshake, record

Speaks: TypeAlias = Framing | Wire | Contract[Any, Any]
"""What a connection can be said to speak."""

FRAME_BYTES_MAX: Final = 1 << 24
"""Bytes of the largest frame that is waited for; more is what a length reads as that is none."""

Words: TypeAlias = Callable[[bytes], str]


class Speech:
    """How bytes become frames that people can read.

    ``speaks`` is a framing, a user's own or one of ours; ``Mcws()`` or ``Plain(...)``; a
    ``Contract``; or None, for bytes. ``codec`` decodes what the frames carry, instead of the codec
    of the contract or the wire. Nothing here raises for what was on the wire: what cannot be
    decoded is shown as text, or as its count of bytes.

    Raises:
        TypeError: ``speaks`` is none of these.
        ValueError: the wire of a contract cannot carry what ``codec`` makes.
    """

    def __init__(self, speaks: Speaks | None = None, *, codec: Codec[Any] | None = None) -> None:
        # By what it can do: a framing of a stranger inherits nothing of ours. A class does nothing.
        is_framing = hasattr(speaks, "decoder") and not isinstance(speaks, type)
        if speaks is not None and not is_framing and not isinstance(speaks, Wire | Contract):
            problem = "a framing, a wire or a contract, such as Lines()"
            raise TypeError(f"speaks must be {problem}, not {speaks!r}")
        self._speaks = speaks
        self._codec = codec
        # Once, so that what does not fit is refused here and not where a failure is told.
        self._meaning()

    def conversation(self) -> Conversation:
        """Return what listens to both directions of one connection from its beginning."""
        return Conversation(self._wire(), self._meaning())

    def _wire(self) -> Framing | Wire | None:
        return self._speaks.wire if isinstance(self._speaks, Contract) else self._speaks

    def _meaning(self) -> Meaning:
        if isinstance(self._speaks, Contract):
            return Typed(self._speaks, self._speaks.wire, self._codec)
        if isinstance(self._speaks, Plain) and self._codec is None:
            return Untyped(self._speaks.codec)
        return Untyped(self._codec)


class Conversation:
    """Both directions of one connection, as frames in words."""

    def __init__(self, wire: Framing | Wire | None, meaning: Meaning) -> None:
        tell = framed if isinstance(wire, Mcws) else said
        self._ears: dict[Sender, Ear] = {}
        for sender in ("client", "server"):

            def words(payload: bytes, sender: Sender = sender) -> str:
                """Return the words for a payload of this sender."""
                return tell(meaning, sender, payload)

            self._ears[sender] = Ear(_framing(wire, sender), words)

    def hear(self, sender: Sender, data: bytes) -> tuple[str, ...]:
        """Return the frames that ``data`` completes, then what it has of one that is not complete.

        One line of ASCII each. Never raises, and is empty only if ``data`` is.
        """
        return self._ears[sender].hear(data) if data else ()


def _framing(wire: Framing | Wire | None, sender: Sender) -> Framing | None:
    """Return the framing of one direction; None where it is not known."""
    if isinstance(wire, Plain):
        return (wire.up if sender == "client" else wire.down) or wire.framing
    if isinstance(wire, Mcws):
        return MCWS_FRAMING
    # A wire of a stranger frames as it likes.
    return None if isinstance(wire, Wire) else wire


class Cutter(Protocol):
    """The part of a decoder that is needed here."""

    @property
    def buffered(self) -> int:
        """Bytes of a frame that is not complete."""
        ...

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        ...


class Ear:
    """One direction of one connection."""

    def __init__(self, framing: Framing | None, words: Words) -> None:
        self._cutter: Cutter | None = _decoder(framing)
        self._words = words
        # The first bytes, until they are too many for the beginning of TLS or are not like it.
        self._first: bytes | None = b""

    def hear(self, data: bytes) -> tuple[str, ...]:
        """Return what ``data`` says."""
        fed = data
        if self._first is not None:
            fed = self._first + data
            if may_be_handshake(fed):
                self._first = fed
                return (_part(len(data)),)
            self._first = None
            if is_handshake(fed):
                # Whatever is spoken inside, only the ends of the tunnel can tell.
                self._cutter = RECORDS.decoder(frame_bytes_max=RECORD_BYTES_MAX)
                self._words = record
        return self._cut(fed, len(data))

    def _cut(self, data: bytes, fresh: int) -> tuple[str, ...]:
        """Return the frames in ``data``, of which the last ``fresh`` bytes are new."""
        if self._cutter is None:
            return (raw(data),)
        try:
            payloads = self._cutter.feed(data)
            rest = self._cutter.buffered
            told = [self._words(bytes(payload)) for payload in payloads]
            if rest > 0:
                told.append(_part(min(rest, fresh)))
        except Exception as error:
            # A fault of the stream, or a mistake in a decoder of the user's own: nobody knows where
            # the next frame begins.
            self._cutter = None
            return (f"{raw(data)} ({type(error).__name__})",)
        return tuple(told) or (raw(data),)


def _decoder(framing: Framing | None) -> FrameDecoder | None:
    try:
        return None if framing is None else framing.decoder(frame_bytes_max=FRAME_BYTES_MAX)
    except Exception:
        # A framing under test may be wrong in this too; the failure is told nevertheless.
        return None


def _part(size: int) -> str:
    return f"+{size} B of a frame"
