"""Strategies: what Hypothesis draws for protocols.

::

    @given(st.data())
    def test_mine(data: st.DataObject) -> None:
        payload = data.draw(payloads(MyFraming()))
        for piece in data.draw(chunkings(MyFraming().encode(payload))):
            ...
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias, get_origin

from hypothesis import strategies as st

from mcws_protocol import Contract, Frame, Framing, Json, Message, MsgPack, Payload, Role

from ._drawn_frames import FRAMES, TEXTS
from ._payloads import BOUNDS, carried, own_bytes
from ._values import values_of
from ._worlds import worlds

__all__ = ["Direction", "chunkings", "frames", "messages", "payloads", "worlds"]

Direction: TypeAlias = Literal["up", "down"]
"""From client to server, or from server to client."""

STEPS: Final = st.sampled_from([0, 0, 0, 0, 1, 2, 3, 7])
"""Bytes of pieces that all have the same size; 0 for any sizes."""
PLACES: Final = st.lists(st.integers(0, 1 << 16), max_size=12)
"""Where to cut, not bounded by the length of the data, so that one strategy serves all."""


def chunkings(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Return pieces that make ``data``: some of them empty, at times each of a single byte.

    The simplest are all bytes in one piece.
    """
    return _pieces(data)


@st.composite
def _pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Draw pieces of ``data``."""
    # Before the step, also where it is not used: what takes fewer choices counts as simpler.
    places = draw(PLACES)
    step = draw(STEPS)
    if step:
        return [data[at : at + step] for at in range(0, len(data), step)]
    cuts = sorted(place % (len(data) + 1) for place in places)
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


def payloads(framing: Framing) -> st.SearchStrategy[bytes]:
    """Return payloads that ``framing`` carries, of 0 to 300 bytes where it has a choice.

    Among them are the empty one, those at which headers grow, and bytes that look like delimiters,
    escapes and the headers of the framing itself.

    Raises:
        ValueError: ``framing.check`` refuses all that were tried.
    """
    try:
        return carried(framing.check, own_bytes(framing.encode, BOUNDS))
    except ValueError as error:
        raise ValueError(f"{framing!r} {error}") from None


def frames() -> st.SearchStrategy[Frame]:
    """Return frames of mcws/1, of each type and with any values that its layout can say."""
    return FRAMES


def messages(contract: Contract[Any, Any], direction: Direction) -> st.SearchStrategy[Any]:
    """Return what one direction of a contract carries: its messages and its requests.

    Fields keep to their types and constraints. A type of the codec's own is left to ``from_type``.

    Raises:
        ValueError: nothing is said in that direction.
    """
    if direction not in ("up", "down"):
        raise ValueError(f"direction must be 'up' or 'down', not {direction!r}")
    role = Role.SERVER if direction == "up" else Role.CLIENT
    kinds = contract.incoming(role).everything.kinds
    if not kinds:
        raise ValueError(f"nothing goes {direction} in {contract!r}")
    return st.one_of([_values(contract, kind) for kind in kinds])


def _values(contract: Contract[Any, Any], kind: Any) -> st.SearchStrategy[Any]:
    """Return the values of one type of messages."""
    if kind is object:
        # Without a contract.
        raw: st.SearchStrategy[Payload] = st.binary(max_size=60) | TEXTS
        return raw
    # Of a codec's own types msgspec knows nothing, not even whether it knows them.
    is_native = isinstance(contract.codec, MsgPack | Json)
    return values_of(kind) if is_native or _is_message(kind) else st.from_type(kind)


def _is_message(kind: Any) -> bool:
    """Return whether a type is that of a message, of a generic class included."""
    kind = get_origin(kind) or kind
    return isinstance(kind, type) and issubclass(kind, Message)
