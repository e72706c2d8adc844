"""Events: what a machine reports, most of them frames of mcws/1 as fields (WIRE 2).

A plain MESSAGE is reported as its payload, ``bytes`` or ``str``; everything else as one of these.
The same structs go the other way: :func:`encode_frame` makes bytes of them. They are compared by
value, cannot be changed, and hold no reference to the buffer they were cut from.
"""

from __future__ import annotations

from typing import TypeAlias

# Not dataclasses: a frozen one takes four times as long to make, and every request needs some.
import msgspec

from ._errors import RemoteProtocolError

# Bytes inside a frame; `str` where the TEXT flag is set.
Payload: TypeAlias = bytes | str

# The `ext` of HELLO and WELCOME: (type, value) pairs, type 0 to 255.
Extensions: TypeAlias = tuple[tuple[int, bytes], ...]


# The opening. By keyword only where many numbers stand in a row and are easily mixed up.


class HelloFrame(msgspec.Struct, frozen=True, kw_only=True):
    """HELLO, the first frame of a client."""

    frame_bytes_max: int
    """Bytes of the largest frame that the client accepts, 256 to 2**32 - 1."""
    # The window, the incarnation and the rest of the session are 0 without feature 4 (WIRE 2).
    window: int = 0
    keepalive_s: int = 0
    """Seconds, 0 for no opinion."""
    # A sum of 1 requests, 2 streamed replies, 4 sessions, 8 half duplex; used if both set them.
    features: int = 0
    incarnation: int = 0
    attempt: int = 0
    sid: int = 0
    received: int = 0
    id: str = ""
    """What the client calls itself; empty where the server shall assign an id."""
    contract: str = ""
    """``name/version:fingerprint`` or empty."""
    auth: bytes = b""
    ext: Extensions = ()
    version: int = 1


class WelcomeFrame(msgspec.Struct, frozen=True, kw_only=True):
    """WELCOME, the server's consent to a HELLO."""

    frame_bytes_max: int
    """Bytes of the largest frame that the server accepts, 256 to 2**32 - 1."""
    session: int = 0
    sid: int = 0
    received: int = 0
    window: int = 0
    keepalive_s: int = 0
    features: int = 0
    session_ttl_s: int = 0
    id: str = ""
    """What the server calls the client from now on."""
    contract: str = ""
    ext: Extensions = ()


class RejectFrame(msgspec.Struct, frozen=True):
    """REJECT, the server's refusal of an opening."""

    code: int
    retry_after_ms: int = 0
    reason: str = ""


class ChallengeFrame(msgspec.Struct, frozen=True):
    """CHALLENGE, the server's question for a shared key."""

    nonce: bytes
    """32 bytes."""


class AuthFrame(msgspec.Struct, frozen=True):
    """AUTH, the client's proof that it has the shared key."""

    nonce: bytes
    """32 bytes."""
    mac: bytes
    """32 bytes of HMAC-SHA256."""


# Messages and requests


class Numbering(msgspec.Struct, frozen=True):
    """The place of a NUMBERED frame in its session."""

    seq: int
    origin: tuple[int, int] | None = None
    """Incarnation and sequence number it first had; set on REDELIVERED frames only."""


class MessageFrame(msgspec.Struct, frozen=True):
    """MESSAGE with numbering or context; a plain one is reported as its payload."""

    payload: Payload
    numbering: Numbering | None = None
    context: bytes | None = None


class RequestFrame(msgspec.Struct, frozen=True):
    """REQUEST, which gets exactly one REPLY or ERROR."""

    correlation_id: int
    payload: Payload
    timeout_ms: int = 0
    """Milliseconds that the requester waits, 0 for no end."""
    numbering: Numbering | None = None
    context: bytes | None = None


class ReplyFrame(msgspec.Struct, frozen=True):
    """REPLY to a REQUEST."""

    correlation_id: int
    payload: Payload
    numbering: Numbering | None = None


class ErrorFrame(msgspec.Struct, frozen=True):
    """ERROR, the answer to a REQUEST that failed."""

    correlation_id: int
    code: int
    reason: str = ""
    numbering: Numbering | None = None


class CancelFrame(msgspec.Struct, frozen=True):
    """CANCEL of a REQUEST whose answer nobody waits for any more."""

    correlation_id: int


class ItemFrame(msgspec.Struct, frozen=True):
    """ITEM, one element of a streamed reply."""

    correlation_id: int
    payload: Payload
    numbering: Numbering | None = None


class CreditFrame(msgspec.Struct, frozen=True):
    """CREDIT, how many more ITEMs may come."""

    correlation_id: int
    items: int


# Flow: whose turn it is, what arrived and what did not


class TurnFrame(msgspec.Struct, frozen=True):
    """TURN of half duplex: here it is, or please."""

    give: bool


class AckFrame(msgspec.Struct, frozen=True):
    """ACK of all numbered frames up to one."""

    received: int
    window: int


class LossFrame(msgspec.Struct, frozen=True):
    """LOSS, how many best-effort messages were dropped here."""

    count: int


# Liveness and the end


class PingFrame(msgspec.Struct, frozen=True):
    """PING, which is answered by a PONG with the same bytes."""

    payload: bytes = b""
    """At most 8 bytes."""


class PongFrame(msgspec.Struct, frozen=True):
    """PONG, the answer to a PING."""

    payload: bytes = b""


class DrainFrame(msgspec.Struct, frozen=True):
    """DRAIN: finish, then come back at a random moment of the window."""

    window_ms: int
    reason: str = ""


class CloseFrame(msgspec.Struct, frozen=True):
    """CLOSE, the polite end; on a plain wire the end of the stream."""

    code: int = 1000
    reason: str = ""


# What a machine reports that is no frame


class Faulted(msgspec.Struct, frozen=True):
    """The peer broke the protocol; the machine takes nothing more from it."""

    error: RemoteProtocolError


class Ended(msgspec.Struct, frozen=True):
    """The peer's stream ended, on mcws/1 without the CLOSE that should come first."""


class TimedOut(msgspec.Struct, frozen=True):
    """A deadline of the protocol passed; the connection cannot go on."""

    code: int
    """4000 for the opening, 1006 for a silent peer or a CLOSE that was not answered."""
    reason: str


# A frame of mcws/1 as fields.
Frame: TypeAlias = (
    HelloFrame
    | WelcomeFrame
    | RejectFrame
    | ChallengeFrame
    | AuthFrame
    | MessageFrame
    | RequestFrame
    | ReplyFrame
    | ErrorFrame
    | CancelFrame
    | ItemFrame
    | CreditFrame
    | TurnFrame
    | AckFrame
    | LossFrame
    | PingFrame
    | PongFrame
    | DrainFrame
    | CloseFrame
)

# Whatever a machine reports but plain messages.
Event: TypeAlias = Frame | Faulted | Ended | TimedOut

# What a machine reports: plain messages as their payload, everything else as an event.
Received: TypeAlias = Payload | Event
