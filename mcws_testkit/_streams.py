"""Streams: what may arrive at a decoder, from whole frames to noise that looks like some."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from ._payloads import tricky

NEW: Final = st.binary(max_size=4)
PLACES: Final = st.integers(0, 1 << 16)
COUNTS: Final = st.integers(1, 3)
DAMAGES: Final = st.sampled_from(("missing", "twice", "new"))


@st.composite
def damaged(draw: st.DrawFn, frames: st.SearchStrategy[bytes]) -> bytes:
    """Draw a frame of which a few bytes are wrong, are missing, or come twice."""
    data = draw(frames)
    for _ in range(draw(COUNTS)):
        begin = draw(PLACES) % (len(data) + 1)
        end = begin + draw(PLACES) % (len(data) - begin + 1)
        damage = draw(DAMAGES)
        part = draw(NEW) if damage == "new" else data[begin:end] * 2
        data = data[:begin] + (b"" if damage == "missing" else part) + data[end:]
    return data


def streams(frames: st.SearchStrategy[bytes] | None) -> st.SearchStrategy[bytes]:
    """Return streams of frames, damaged frames and noise; of noise alone without frames."""
    noise = tricky()
    parts = noise if frames is None else st.one_of(noise, frames, damaged(frames))
    return st.lists(parts, max_size=4).map(b"".join)
