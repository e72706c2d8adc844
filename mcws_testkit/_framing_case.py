"""FramingCase: a framing under test, and what its laws draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final
from unittest import SkipTest

from hypothesis import strategies as st

from mcws_protocol import Framing, LocalProtocolError

from ._decoding import shown
from ._payloads import FILLERS
from ._streams import streams
from ._suite import Suite
from .strategies import payloads

AMPLE: Final = 1 << 20
"""Bytes: a limit that no drawn frame comes near."""


class FramingCase(Suite):
    """What a subclass declares, and what the laws make of it.

    Attributes:
        framing: what is tested.
        payloads: what it carries; found out by asking ``framing.check`` if None.
        only_decodes: whether the framing encodes nothing. Then only the laws of any bytes are
            checked, unless ``encode`` is overridden to do what the other end does.
        same_words: whether a fault has to say the same, word for word, however the stream was cut.
        frames_lost: with ``on_corruption = "skip"``, how many good frames behind noise may be lost
            before one is found.
        detects_damage: whether a frame with one bit wrong is never given as a payload, as a
            checksum has it. The bit may be one of a length or a delimiter: a checksum that is
            short, or begins with 0, can miss that. Leave it out where a decoder that looks for the
            next frame may find one inside a payload.
    """

    framing: Framing
    payloads: ClassVar[st.SearchStrategy[bytes] | None] = None
    only_decodes: ClassVar[bool] = False
    same_words: ClassVar[bool] = False
    frames_lost: ClassVar[int] = 1
    detects_damage: ClassVar[bool] = False
    needs: ClassVar[dict[str, str]] = {"framing": "framing = MyFraming()"}

    # What a subclass may say

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of ``payload``; override it where the framing only decodes."""
        return self.framing.encode(payload)

    def known_at(self, payload: bytes, frame: bytes, limit: int) -> int:
        """Return how many bytes of ``frame`` show that ``payload`` is longer than ``limit``.

        By default one more than the limit and all that is not payload in the frame: whatever the
        framing is, more payload than the limit is then among them. Override it to be stricter, or
        milder with a decoder that counts bytes before it knows what they mean.
        """
        return min(limit + 1 + len(frame) - len(payload), len(frame))

    # What the laws draw

    def carried(self) -> st.SearchStrategy[bytes]:
        """Return payloads that the framing carries."""
        self.require_frames()
        if self.payloads is not None:
            return self.payloads
        # Asked once, since that takes some hundred calls.
        return self.once("payloads", lambda: payloads(self.framing))

    def streams(self) -> st.SearchStrategy[bytes]:
        """Return what may arrive."""
        return self.once(
            "streams",
            lambda: streams(self.carried().map(self.encode) if self.has_frames else None),
        )

    def long(self, size: int) -> bytes | None:
        """Return a payload of ``size`` bytes, if the framing carries one that is easy to make."""
        for filler in FILLERS:
            payload = filler * size
            if self.has_frames and refusal(self.encode, payload) is None:
                return payload
        return None

    def times_to_pass(self, payloads: Sequence[bytes], limit: int) -> int:
        """Return how often ``payloads`` have to be sent until a frame of ``limit`` is over."""
        frames = [self.encode(payload) for payload in payloads]
        around = max(len(one) - len(two) for one, two in zip(frames, payloads, strict=True))
        # Twice, since a frame may have two bytes for each of its payload.
        return 1 + 2 * (limit + around) // sum(map(len, frames))

    # Which laws apply

    @property
    def has_frames(self) -> bool:
        """Whether there is anything that makes frames."""
        return not self.only_decodes or type(self).encode is not FramingCase.encode

    def require_frames(self) -> None:
        """Skip the law if there is nothing that makes frames."""
        if not self.has_frames:
            raise SkipTest("this framing only decodes")

    def require_boundaries(self) -> None:
        """Skip the law if payloads may be split and joined."""
        if not self.framing.keeps_boundaries:
            raise SkipTest("this framing keeps no boundaries")

    def check_same(
        self, got: Sequence[bytes], sent: Sequence[bytes], pieces: Sequence[bytes]
    ) -> None:
        """Check that what was sent came, in order and once."""
        if self.framing.keeps_boundaries:
            assert got == sent, f"{shown(pieces)} gave {shown(got)}, sent was {shown(sent)}"
        else:
            assert b"".join(got) == b"".join(sent), f"{shown(got)} came of {shown(sent)}"


def refusal(call: Callable[[bytes], object], payload: bytes) -> LocalProtocolError | None:
    """Return the error with which ``payload`` is refused; None if it is not."""
    try:
        call(payload)
    except LocalProtocolError as error:
        return error
    except Exception as error:
        raise AssertionError(
            f"{shown(payload)} was refused by {error!r}, which is no LocalProtocolError"
        ) from error
    return None
