"""Drawn frames: all frames of mcws/1, each with any values that its layout can say.

Source: WIRE 1 and 2.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from mcws_protocol import (
    AckFrame,
    AuthFrame,
    CancelFrame,
    ChallengeFrame,
    CloseFrame,
    CreditFrame,
    DrainFrame,
    ErrorFrame,
    Frame,
    HelloFrame,
    ItemFrame,
    LossFrame,
    MessageFrame,
    Numbering,
    Payload,
    PingFrame,
    PongFrame,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    TurnFrame,
    WelcomeFrame,
)

U8: Final = st.integers(0, 0xFF)
U16: Final = st.integers(0, 0xFFFF)
U32: Final = st.integers(0, 0xFFFF_FFFF)
U64: Final = st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)
FRAME_LIMITS: Final = st.integers(256, 0xFFFF_FFFF)
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LABELS: Final = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
PAYLOADS: Final[st.SearchStrategy[Payload]] = st.binary(max_size=60) | TEXTS
NUMBERINGS: Final = st.none() | st.builds(Numbering, U64, st.none() | st.tuples(U64, U64))
CONTEXTS: Final = st.none() | st.binary(max_size=255)
EXTENSIONS: Final = st.lists(st.tuples(U8, st.binary(max_size=20)), max_size=4).map(tuple)
NONCES: Final = st.binary(min_size=32, max_size=32)

HELLOS: Final = st.builds(
    HelloFrame,
    frame_bytes_max=FRAME_LIMITS,
    window=U16,
    keepalive_s=U16,
    features=U32,
    incarnation=U64,
    attempt=U32,
    sid=U64,
    received=U64,
    id=LABELS,
    contract=LABELS,
    auth=st.binary(max_size=50),
    ext=EXTENSIONS,
)
WELCOMES: Final = st.builds(
    WelcomeFrame,
    frame_bytes_max=FRAME_LIMITS,
    session=st.integers(0, 2),
    sid=U64,
    received=U64,
    window=U16,
    keepalive_s=U16,
    features=U32,
    session_ttl_s=U32,
    id=LABELS,
    contract=LABELS,
    ext=EXTENSIONS,
)
FRAMES: Final[st.SearchStrategy[Frame]] = st.one_of(
    st.builds(MessageFrame, PAYLOADS, NUMBERINGS, CONTEXTS),
    st.builds(RequestFrame, U32, PAYLOADS, U32, NUMBERINGS, CONTEXTS),
    st.builds(ReplyFrame, U32, PAYLOADS, NUMBERINGS),
    st.builds(ErrorFrame, U32, U16, TEXTS, NUMBERINGS),
    st.builds(CancelFrame, U32),
    st.builds(ItemFrame, U32, PAYLOADS, NUMBERINGS),
    st.builds(CreditFrame, U32, U32),
    st.builds(TurnFrame, st.booleans()),
    st.builds(AckFrame, U64, U16),
    st.builds(LossFrame, U32),
    st.builds(PingFrame, st.binary(max_size=8)),
    st.builds(PongFrame, st.binary(max_size=8)),
    st.builds(DrainFrame, U32, TEXTS),
    st.builds(CloseFrame, U16, TEXTS),
    HELLOS,
    WELCOMES,
    st.builds(RejectFrame, U16, U32, TEXTS),
    st.builds(ChallengeFrame, NONCES),
    st.builds(AuthFrame, NONCES, NONCES),
)
