"""Decoding: what one decoder makes of one stream, with the rules that hold after each piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from mcws_protocol import FrameDecoder, Framing, IncompleteFrame, RemoteProtocolError

SHOWN_BYTES: Final = 60
"""Bytes or characters at most that a message shows of each payload or piece."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a stream.

    Attributes:
        payloads: what was decoded, in order.
        fault: what ended the decoding; None if nothing did.
        skipped: bytes that were dropped.
    """

    payloads: list[bytes]
    fault: RemoteProtocolError | None
    skipped: int

    @property
    def told(self) -> tuple[object, ...]:
        """The outcome without the words of the fault, which may say how much had arrived."""
        return (self.payloads, type(self.fault), self.skipped)

    @property
    def words(self) -> str:
        """The words of the fault."""
        return "" if self.fault is None else str(self.fault)


def decoded(framing: Framing, pieces: Sequence[bytes], limit: int, *, ends: bool = True) -> Outcome:
    """Decode ``pieces`` and, if it ``ends``, the end of the stream; up to a fault."""
    decoder = framing.decoder(frame_bytes_max=limit)
    payloads: list[bytes] = []
    received = 0
    for piece in pieces:
        received += len(piece)
        payloads += fed(decoder, piece)
        check_counts(decoder, received)
        if decoder.fault is not None:
            break
    if ends and decoder.fault is None:
        end(decoder)
    return Outcome(payloads, decoder.fault, decoder.skipped)


def fed(decoder: FrameDecoder, piece: bytes) -> list[bytes]:
    """Return what ``piece`` completes; a fault is kept in ``fault`` and not raised yet."""
    try:
        found = decoder.feed(piece)
    except RemoteProtocolError as error:
        raise AssertionError(
            f"feed({shown(piece)}) raised {error!r} at once, so the good frames beside it are lost:"
            " keep it in `fault` and raise it from the next call"
        ) from error
    except Exception as error:
        raise AssertionError(
            f"feed({shown(piece)}) raised {error!r}: whatever arrives, nothing but a"
            " RemoteProtocolError, kept in `fault`"
        ) from error
    for payload in found:
        # What is changed or reused later would change under whoever has it.
        assert type(payload) is bytes, f"feed gave {shown(payload)}, which is no bytes"
    return found


def end(decoder: FrameDecoder) -> None:
    """Tell ``decoder`` the end of the stream; what it raises is its fault from then on."""
    waiting = decoder.buffered
    try:
        decoder.eof()
    except RemoteProtocolError as error:
        raised = error
    except Exception as error:
        raise AssertionError(f"eof() raised {error!r}, which is no RemoteProtocolError") from error
    else:
        assert not waiting, f"eof() said nothing of {waiting} bytes of a frame that is lost"
        return
    assert decoder.fault is raised, (
        f"eof() raised {raised!r}, but `fault` is {decoder.fault!r}, so nothing raises it again"
    )
    assert waiting or not isinstance(raised, IncompleteFrame), (
        "eof() raised IncompleteFrame where `buffered` says that no frame was begun"
    )


def check_counts(decoder: FrameDecoder, received: int) -> None:
    """Check what a decoder says that it holds and has dropped."""
    held, skipped = decoder.buffered, decoder.skipped
    assert held >= 0, f"`buffered` is {held}"
    assert skipped >= 0, f"`skipped` is {skipped}"
    assert held + skipped <= received, (
        f"`buffered` {held} and `skipped` {skipped} are more than the {received} bytes received"
    )


def shown(data: object) -> str:
    """Return bytes, a text, or anything else, as a text that is short enough to read."""
    if isinstance(data, bytes | str) and len(data) > SHOWN_BYTES:
        unit = "bytes" if isinstance(data, bytes) else "characters"
        return f"{data[:SHOWN_BYTES]!r}... ({len(data)} {unit})"
    if isinstance(data, list):
        return f"[{', '.join(map(shown, cast('list[object]', data)))}]"
    return repr(data)
