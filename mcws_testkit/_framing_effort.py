"""FramingEffort: the laws of what a framing may cost, in memory and in work."""

from __future__ import annotations

import tracemalloc
from typing import Final
from unittest import SkipTest

from hypothesis import find, settings

from mcws_protocol import FrameDecoder

from ._framing_laws import FramingLaws
from ._work import Work, copied_by, in_single_bytes, tracing, work_for, work_of

SIZES: Final = (60_000, 12_000, 200)
"""Bytes of a long payload: the first that a framing carries. Above the sizes in which buffers are
usually divided, so that what is done for each of their parts shows."""
STEPS_BYTES: Final = 1_000
"""Bytes of a frame of which each instruction is counted, which takes long."""
FRAMES: Final = 100
"""Frames in one piece, of which each instruction is counted."""
SPARE_BYTES: Final = 4096
"""Bytes that a decoder may hold beside what arrived."""
LINEAR: Final = 4.4
"""Times the work that four times the bytes may cost."""


class FramingEffort(FramingLaws):
    """Laws that count."""

    def test_memory_is_bounded_by_what_arrived(self) -> None:
        """A frame costs what arrived of it and 4 KiB, and nothing once it was handed over."""
        payload = self._longest()
        frame = self.encode(payload)
        head, rest = frame[:64], frame[64:]
        # What is made once, such as the parts of a regular expression, is made by a first run.
        self._decoder(payload).feed(head)
        with tracing():
            decoder = self._decoder(payload)
            start = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            decoder.feed(head)
            peak = tracemalloc.get_traced_memory()[1] - start
            for at in range(0, len(rest) - 1, 100):
                decoder.feed(rest[at : min(at + 100, len(rest) - 1)])
            held = tracemalloc.get_traced_memory()[0] - start
            got = decoder.feed(rest[-1:])
            kept = tracemalloc.get_traced_memory()[0] - start - sum(map(len, got))
        received = len(frame)
        assert peak <= 2 * len(head) + SPARE_BYTES, (
            f"the first {len(head)} of {received} bytes cost {peak} bytes"
        )
        # A bytearray owns up to an eighth more than it holds.
        assert held <= received + received // 8 + SPARE_BYTES, (
            f"{received - 1} bytes of a frame cost {held} bytes"
        )
        assert kept <= SPARE_BYTES, f"{kept} bytes are kept of a frame that was handed over"

    def test_time_is_linear_for_one_frame_in_single_bytes(self) -> None:
        """Four times the bytes cost four times the work, however small the pieces are."""
        payload = self._longest()
        some, more = self._decoder(payload), self._decoder(payload)
        piece = len(payload) // 4
        part = self.encode(payload)[:piece]
        # Besides, a frame may be copied as a whole when it is complete, and its bytes be decoded.
        allowed = int(LINEAR * copied_by(some, in_single_bytes(part))) + 3 * len(payload)
        copied = copied_by(more, in_single_bytes(self.encode(payload)[: 4 * piece]))
        assert copied <= allowed, (
            f"{copied} bytes were copied for {4 * piece}, where {allowed} would be linear"
        )
        size = min(STEPS_BYTES, piece)
        few = work_of(lambda: self._decoder(payload), in_single_bytes(part[:size]))
        limit = few.allowed(LINEAR)
        work_for(self._decoder(payload), in_single_bytes(self.encode(payload)[: 4 * size]), limit)

    def test_time_is_linear_for_many_frames_at_once(self) -> None:
        """Four times the frames in one piece cost four times the work."""
        self.require_frames()
        quiet = settings(database=None, derandomize=True)
        frame = self.encode(find(self.carried(), bool, settings=quiet))
        few = work_of(lambda: self._decoder(frame), [frame * FRAMES], counts_copies=True)
        limit: Work = few.allowed(LINEAR)
        work_for(self._decoder(frame), [frame * FRAMES * 4], limit, counts_copies=True)

    def _decoder(self, payload: bytes) -> FrameDecoder:
        """Return a decoder that accepts ``payload``."""
        return self.framing.decoder(frame_bytes_max=len(payload) * 4000)

    def _longest(self) -> bytes:
        """Return a payload that is as long as such laws need."""
        self.require_frames()
        self.require_boundaries()
        for size in SIZES:
            payload = self.long(size)
            if payload is not None:
                return payload
        raise SkipTest("this framing carries no long payloads")
