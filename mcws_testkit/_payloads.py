"""Payloads: what a framing or a wire carries, found out by asking it.

Most bytes mean nothing to most framings, so random ones would test little. What is drawn here are
bytes that mean something to some framing, among them those that this one writes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from hypothesis import strategies as st

from mcws_protocol import LocalProtocolError

BOUNDS: Final = (0, 1, 2, 3, 125, 126, 127, 128, 129, 253, 254, 255, 256, 257, 300)
"""Bytes: where the lengths of headers, blocks and fields change in common framings."""
LIKELY: Final = range(301)
"""Bytes of payloads that are tried in any case."""
POSSIBLE: Final = range(301, 4097)
"""Bytes of payloads that are tried where a framing carries none of the likely ones."""
MARKS: Final = (b"\x00", b"\x01", b"-", b"--", b"a", b"\r", b"\n", b"\r\n", b"\xc0", b"\xdb")
"""Bytes that delimit, escape or count somewhere."""
ODD: Final = (b"\xdb\xdc", b"\xdb\xdd", b"\xff", b"\xff" * 4, b"\x80", b"\x80\x00\x00\x00", b"\x7f")
"""Bytes that are broken escapes, lengths without sign, or varints somewhere."""
FILLERS: Final = (b"x", b"\x00", b"7")
"""What a payload is filled with to see whether one of its length is carried."""


def tricky(own: Iterable[bytes] = ()) -> st.SearchStrategy[bytes]:
    """Return bytes, ``own`` among them, of which some mean something to any framing."""
    pieces = st.sampled_from([*MARKS, *ODD, *filter(None, own)])
    return st.one_of(
        st.binary(max_size=300),
        st.lists(pieces, max_size=12).map(b"".join),
        st.lists(pieces | st.binary(max_size=5), max_size=12).map(b"".join),
        st.sampled_from(BOUNDS).map(lambda size: b"x" * size),
    )


def carried(
    check: Callable[[bytes], object], own: Iterable[bytes] = ()
) -> st.SearchStrategy[bytes]:
    """Return payloads for which ``check`` raises no ``LocalProtocolError``.

    Raises:
        ValueError: it refuses all that were tried.
    """
    sizes = carried_sizes(check)
    if not sizes:
        raise ValueError("carries none of the payloads that were tried: declare `payloads`")
    longest = sizes[-1]
    filler = next(one for one in FILLERS if is_carried(check, one * longest))
    # Bytes that may stand anywhere take the place of others, so that long payloads are found where
    # a delimiter may not be in any.
    usual = [value for value in range(256) if is_usual(check, longest, filler, value)]
    table = bytes(v if v in usual else usual[v % len(usual)] for v in range(256))
    lengths = st.sampled_from(sizes) | st.sampled_from([n for n in sizes if n in BOUNDS] or sizes)
    drawn = lengths.flatmap(lambda n: st.binary(min_size=n, max_size=n))
    several = drawn.map(lambda data: data.translate(table)) | lengths.map(lambda n: filler * n)
    # Where all have one length, hardly anything else would have it by chance.
    several = tricky(own) | several if len(sizes) > 1 else drawn | several
    return several.filter(lambda payload: is_carried(check, payload))


def is_carried(check: Callable[[bytes], object], payload: bytes) -> bool:
    """Return whether ``check`` lets ``payload`` pass."""
    with suppress(LocalProtocolError):
        check(payload)
        return True
    return False


def carried_sizes(check: Callable[[bytes], object]) -> list[int]:
    """Return how many bytes a payload may have: all up to 300, else the first beyond them."""
    found = [n for n in LIKELY if any(is_carried(check, one * n) for one in FILLERS)]
    more = (n for n in POSSIBLE if any(is_carried(check, one * n) for one in FILLERS))
    return found or [n for n, _ in zip(more, range(1), strict=False)]


def is_usual(check: Callable[[bytes], object], size: int, filler: bytes, value: int) -> bool:
    """Return whether a byte of this value may be anywhere in a payload of ``size`` bytes."""
    if not size:
        return True
    each = bytes([value])
    return all(is_carried(check, one) for one in (each * size, each + filler * (size - 1)))


def own_bytes(encode: Callable[[bytes], bytes], sizes: Iterable[int]) -> list[bytes]:
    """Return what frames of these sizes have in front of their payload and behind it."""
    found: dict[bytes, None] = {}
    for size in sizes:
        with suppress(LocalProtocolError):
            frame = encode(b"x" * size)
            head, _, tail = frame.partition(b"x" * max(size, 1))
            found |= dict.fromkeys((head[:16], tail[:16], frame[:16]))
    return [part for part in found if part]
