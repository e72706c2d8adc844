"""Streams: what may arrive at a decoder, from whole frames to noise that looks like some."""

from __future__ import annotations

from hypothesis import strategies as st

from ._payloads import tricky


@st.composite
def damaged(draw: st.DrawFn, frames: st.SearchStrategy[bytes]) -> bytes:
    """Draw a frame of which a few bytes are wrong, are missing, or come twice."""
    data = draw(frames)
    for _ in range(draw(st.integers(1, 3))):
        begin, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        part = draw(st.sampled_from((b"", data[begin:end] * 2)) | st.binary(max_size=4))
        data = data[:begin] + part + data[end:]
    return data


def streams(frames: st.SearchStrategy[bytes] | None) -> st.SearchStrategy[bytes]:
    """Return streams of frames, damaged frames and noise; of noise alone where there are no frames."""
    noise = tricky()
    parts = noise if frames is None else st.one_of(noise, frames, damaged(frames))
    return st.lists(parts, max_size=5).map(b"".join)
