"""Measures how much slower one long frame is in small pieces than in one.

Run ``python benchmarks/framing.py``. The ratio must be at most 3. No payload is freed before the
end, so that each needs fresh memory, as in a server that hands it on.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from mcws_protocol._prefixed import LengthPrefixed

PAYLOAD_BYTES: Final = 16 << 20
"""Bytes of the frame: far above any cache of pieces."""

PIECE_BYTES: Final = 1 << 10
"""Bytes of a piece: less than any link delivers, so a bad case."""

ROUNDS: Final = 9
"""Pairs of measurements; they alternate, so that a slow moment hits both."""

RATIO_MAX: Final = 3.0
"""The most that small pieces may cost, as a multiple of one piece."""


def measure(pieces: list[bytes], kept: list[bytes]) -> float:
    """Return the seconds that decoding ``pieces`` takes; put the payload into ``kept``."""
    feed = LengthPrefixed().decoder(frame_bytes_max=PAYLOAD_BYTES).feed
    start = time.perf_counter()
    for piece in pieces:
        kept += feed(piece)
    return time.perf_counter() - start


def main() -> int:
    """Print both medians and their ratio; return 1 if it is too high."""
    wire = LengthPrefixed().encode(bytes(PAYLOAD_BYTES))
    pieces = [wire[at : at + PIECE_BYTES] for at in range(0, len(wire), PIECE_BYTES)]
    gc.disable()
    kept: list[bytes] = []
    rounds = [(measure([wire], kept), measure(pieces, kept)) for _ in range(ROUNDS)]
    assert len(kept) == 2 * ROUNDS
    whole: float = statistics.median(pair[0] for pair in rounds)
    cut: float = statistics.median(pair[1] for pair in rounds)
    sys.stdout.write(
        f"{PAYLOAD_BYTES >> 20} MiB whole: {whole * 1e3:.2f} ms\n"
        f"in pieces of {PIECE_BYTES} bytes: {cut * 1e3:.2f} ms\n"
        f"ratio: {cut / whole:.2f}, at most {RATIO_MAX}\n"
    )
    return 1 if cut > RATIO_MAX * whole else 0


if __name__ == "__main__":
    sys.exit(main())
