"""The law of reading headers: both ways to do it read the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol._reader import peek, peek_compiled


@given(header=st.binary(min_size=6, max_size=6), before=st.binary(max_size=3), behind=st.binary())
def test_peek_is_the_same_interpreted_and_compiled(
    header: bytes, before: bytes, behind: bytes
) -> None:
    """The length, and type and flags as one number, wherever the header stands."""
    data = before + header + behind
    assert peek_compiled(data, len(before)) == peek(data, len(before))
