"""The frame layout of mcws/1: fields to bytes and back.

::

    0       4      5       6                            4+len
    +-------+------+-------+----------------------------+
    |len:u32|type:8|flags:8| body[len-2]                |
    +-------+------+-------+----------------------------+

All integers are unsigned and big-endian. Most bodies are a few fixed fields and then one tail;
``LAYOUTS`` says which. Nothing here knows in which order frames may come.

Source: WIRE 1, 2.
"""

from __future__ import annotations

import struct
from enum import Enum
from struct import Struct
from typing import Any, Final

import msgspec

from ._codec import utf8
from ._cursor import Cursor
from ._errors import LocalProtocolError, RemoteProtocolError
from ._events import (
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
from ._opening import HELLO, WELCOME, decode_hello, decode_welcome, encode_hello, encode_welcome

# The opening; the types of HELLO and WELCOME are in `_opening`.
REJECT: Final = 0x03
CHALLENGE: Final = 0x04
AUTH: Final = 0x05
# Messages, requests and their answers.
MESSAGE: Final = 0x10
REQUEST: Final = 0x11
REPLY: Final = 0x12
ERROR: Final = 0x13
CANCEL: Final = 0x14
ITEM: Final = 0x15  # streamed replies (feature 2)
CREDIT: Final = 0x16  # streamed replies (feature 2)
TURN: Final = 0x17  # half duplex (feature 8)
ACK: Final = 0x18  # sessions (feature 4)
LOSS: Final = 0x19  # a slow reader is told what it missed (FAULTS 11)
# Liveness.
PING: Final = 0x20
PONG: Final = 0x21
# The end.
DRAIN: Final = 0x30
CLOSE: Final = 0x31

# Types from here on are skipped by a receiver that does not know them.
OPTIONAL: Final = 0x80

# Flags. All but TEXT put bytes in front of the fields, in this order (WIRE 1).
TEXT: Final = 0x01  # the payload is UTF-8 and is handed over as `str`
NUMBERED: Final = 0x02  # part of the sequence of a session (feature 4)
REDELIVERED: Final = 0x04  # may have been handled in a session that was lost
CONTEXT: Final = 0x08  # trace context, or what else an application sends along

# The length, the type and the flags.
HEADER: Final = Struct(">IBB")
HEADER_BYTES: Final = 6
# Bytes of a frame that its own length does not count.
LENGTH_BYTES: Final = 4
# Bytes of a nonce and of a mac, the only fixed fields that are no numbers.
NONCE_BYTES: Final = 32

# The sequence number of NUMBERED, the origin of REDELIVERED, the length of CONTEXT.
_U64: Final = Struct(">Q")
_U64X2: Final = Struct(">QQ")
_U8: Final = Struct(">B")

# The bytes of a plain REQUEST and of a plain REPLY before their payload.
_REQUEST_BYTES: Final = 8
_REPLY_BYTES: Final = 4
_peek_request: Final = Struct(">II").unpack_from
_peek_id: Final = Struct(">I").unpack_from
# A plain REPLY with its header.
REPLY_HEADER: Final = Struct(">IBBI")


class Tail(Enum):
    """What stands behind the fixed fields of a body."""

    NOTHING = "nothing"
    PAYLOAD = "payload"
    """Any bytes; UTF-8 if TEXT is set."""
    REASON = "reason"
    """UTF-8 of bounded length."""
    OPAQUE = "opaque bytes"
    """Bytes of bounded length, a payload that is never text."""


class Layout(msgspec.Struct, frozen=True):
    """How one type of frame lies on the wire."""

    kind: int
    frame: type[Frame]
    fixed: Struct
    fields: tuple[str, ...]
    """The names of the fixed fields, in the order of the wire."""
    tail: Tail = Tail.NOTHING
    tail_bytes_max: int = 0
    """Bytes; for a payload only the length of the frame counts."""
    flags: int = 0
    """The flags that it may carry."""

    @property
    def tail_field(self) -> str:
        """The name of the field that the tail is."""
        return "reason" if self.tail is Tail.REASON else "payload"


_WITH_PAYLOAD: Final = TEXT | NUMBERED | REDELIVERED

# Every frame but HELLO and WELCOME, which have a file of their own.
LAYOUTS: Final[tuple[Layout, ...]] = (
    Layout(REJECT, RejectFrame, Struct(">HI"), ("code", "retry_after_ms"), Tail.REASON, 1024),
    Layout(CHALLENGE, ChallengeFrame, Struct(">32s"), ("nonce",)),
    Layout(AUTH, AuthFrame, Struct(">32s32s"), ("nonce", "mac")),
    # On a connection only those with NUMBERED or CONTEXT come here; plain ones go a shorter way.
    Layout(MESSAGE, MessageFrame, Struct(""), (), Tail.PAYLOAD, flags=_WITH_PAYLOAD | CONTEXT),
    Layout(
        REQUEST,
        RequestFrame,
        Struct(">II"),
        ("correlation_id", "timeout_ms"),
        Tail.PAYLOAD,
        flags=_WITH_PAYLOAD | CONTEXT,
    ),
    Layout(REPLY, ReplyFrame, Struct(">I"), ("correlation_id",), Tail.PAYLOAD, flags=_WITH_PAYLOAD),
    Layout(
        ERROR,
        ErrorFrame,
        Struct(">IH"),
        ("correlation_id", "code"),
        Tail.REASON,
        1024,
        NUMBERED | REDELIVERED,
    ),
    Layout(CANCEL, CancelFrame, Struct(">I"), ("correlation_id",)),
    Layout(ITEM, ItemFrame, Struct(">I"), ("correlation_id",), Tail.PAYLOAD, flags=_WITH_PAYLOAD),
    Layout(CREDIT, CreditFrame, Struct(">II"), ("correlation_id", "items")),
    # `?` takes any byte but 0 for true, so `decode_frame` looks at it once more.
    Layout(TURN, TurnFrame, Struct(">?"), ("give",)),
    Layout(ACK, AckFrame, Struct(">QH"), ("received", "window")),
    Layout(LOSS, LossFrame, Struct(">I"), ("count",)),
    Layout(PING, PingFrame, Struct(""), (), Tail.OPAQUE, 8),
    Layout(PONG, PongFrame, Struct(""), (), Tail.OPAQUE, 8),
    # WIRE 2 names no bound for this reason; it has that of the other long ones.
    Layout(DRAIN, DrainFrame, Struct(">I"), ("window_ms",), Tail.REASON, 1024),
    # 123 bytes, so that it fits into a control frame of WebSocket too.
    Layout(CLOSE, CloseFrame, Struct(">H"), ("code",), Tail.REASON, 123),
)

_BY_KIND: Final = {layout.kind: layout for layout in LAYOUTS}
_BY_FRAME: Final = {layout.frame: layout for layout in LAYOUTS}


# Fields to bytes


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of ``frame``, header included.

    A reason that is too long is cut at a character's border.

    Raises:
        LocalProtocolError: a field does not fit into its place.
        EncodeError: a payload is text with a lone surrogate.
    """
    try:
        if type(frame) is HelloFrame:
            return join(HELLO, 0, encode_hello(frame))
        if type(frame) is WelcomeFrame:
            return join(WELCOME, 0, encode_welcome(frame))
        return _encode(frame, _BY_FRAME[type(frame)])
    # A number or a length that does not fit, or a name with a lone surrogate.
    except (struct.error, UnicodeEncodeError) as error:
        problem = f"a field of {type(frame).__name__} does not fit into its place: {error}"
    # Not `from None` in the `except`, which compiled code ignores.
    raise LocalProtocolError(problem)


def join(kind: int, flags: int, body: bytes) -> bytes:
    """Return a frame of its parts."""
    # The length counts what follows it: type, flags and body.
    return HEADER.pack(len(body) + 2, kind, flags) + body


def _encode(frame: Frame, layout: Layout) -> bytes:
    flags, head = _encode_options(frame)
    fields = [getattr(frame, name) for name in layout.fields]
    for value in fields:
        # A Struct would pad or cut it in silence.
        if isinstance(value, bytes) and len(value) != NONCE_BYTES:
            raise LocalProtocolError(f"{len(value)} bytes where {NONCE_BYTES} are needed")
    fixed = layout.fixed.pack(*fields)
    tail = b""
    if layout.tail is not Tail.NOTHING:
        said: bytes | str = getattr(frame, layout.tail_field)
        if layout.tail is Tail.REASON:
            # A reason only explains, so it may lose its end. Opaque bytes have to come back as they
            # were: what is too long is refused below.
            tail = cut(str(said), layout.tail_bytes_max)
        elif isinstance(said, str):
            # The type of the payload decides, so that flag and payload cannot disagree.
            flags |= TEXT
            tail = utf8(said)
        else:
            tail = said
    if layout.tail is Tail.OPAQUE and len(tail) > layout.tail_bytes_max:
        problem = f"{len(tail)} bytes exceed the {layout.tail_bytes_max} that a PING carries"
        raise LocalProtocolError(problem)
    return join(layout.kind, flags, head + fixed + tail)


def _encode_options(frame: Frame) -> tuple[int, bytes]:
    """Return the flags for numbering and context, and the bytes that they put first."""
    flags, head = 0, b""
    # Few frames have these fields, and those have the flags for them in their layout.
    numbering: Numbering | None = getattr(frame, "numbering", None)
    if numbering is not None:
        flags, head = NUMBERED, _U64.pack(numbering.seq)
        if numbering.origin is not None:
            flags |= REDELIVERED
            head += _U64X2.pack(*numbering.origin)
    context: bytes | None = getattr(frame, "context", None)
    if context is not None:
        flags |= CONTEXT
        head += _U8.pack(len(context)) + context
    return flags, head


def cut(text: str, size: int) -> bytes:
    """Return at most ``size`` bytes of UTF-8, ended at a character's border."""
    # A lone surrogate becomes a question mark: no goodbye fails for its reason.
    raw = text.encode(errors="replace")
    # Only the bytes of a character that the cut went through are ignored: all others are valid.
    return raw if len(raw) <= size else raw[:size].decode(errors="ignore").encode()


# Bytes to fields


def _decode_exchange(kind: int, flags: int, body: bytes) -> RequestFrame | ReplyFrame | None:
    """Return a plain request or reply, the hot path of requests; None for what needs a closer look.

    Raises:
        RemoteProtocolError: text is not UTF-8 (code 1007).
    """
    if flags & ~TEXT or len(body) < _REQUEST_BYTES:
        return None
    at = _REQUEST_BYTES if kind == REQUEST else _REPLY_BYTES
    payload: Payload = body[at:]
    if flags:
        payload = Cursor(b"", _BY_KIND[kind].frame.__name__).text(body[at:])
    if kind == REPLY:
        return ReplyFrame(_peek_id(body)[0], payload)
    correlation_id, timeout_ms = _peek_request(body)
    return RequestFrame(correlation_id, payload, timeout_ms)


def decode_frame(kind: int, flags: int, body: bytes) -> Frame | None:
    """Return the frame that ``body`` holds; None for an unknown type that may be skipped.

    Raises:
        RemoteProtocolError: the type is unknown, a flag is not allowed on it, a field is missing
            or out of its bounds, or text is not UTF-8 (code 1007).
    """
    if kind in (REQUEST, REPLY):
        exchange = _decode_exchange(kind, flags, body)
        if exchange is not None:
            return exchange
    layout = _BY_KIND.get(kind)
    if layout is None:
        return _decode_other(kind, flags, body)
    # An origin says nothing without a place in the present session (WIRE 1).
    if flags & ~layout.flags or flags & (NUMBERED | REDELIVERED) == REDELIVERED:
        raise RemoteProtocolError(f"flags 0x{flags:02x} on a frame of type 0x{kind:02x}")
    cursor = Cursor(body, layout.frame.__name__)
    fields: dict[str, Any] = _decode_options(cursor, flags)
    fields.update(zip(layout.fields, cursor.unpack(layout.fixed), strict=True))
    _decode_tail(cursor, layout, flags, fields)
    cursor.end()
    # There is exactly one byte, or `end` had raised.
    if kind == TURN and body[0] > 1:
        raise RemoteProtocolError(f"TURN says {body[0]}, expected 0 or 1")
    return layout.frame(**fields)


def _decode_other(kind: int, flags: int, body: bytes) -> Frame | None:
    # Before the flags are looked at: whatever they are, such a frame is skipped (WIRE 1).
    if kind >= OPTIONAL:
        return None
    if flags:
        raise RemoteProtocolError(f"flags 0x{flags:02x} on a frame of type 0x{kind:02x}")
    if kind == HELLO:
        return decode_hello(body)
    if kind == WELCOME:
        return decode_welcome(body)
    raise RemoteProtocolError(f"unknown frame type 0x{kind:02x}")


def _decode_options(cursor: Cursor, flags: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if flags & NUMBERED:
        seq = cursor.number(_U64)
        origin = cursor.unpack(_U64X2) if flags & REDELIVERED else None
        fields["numbering"] = Numbering(seq, origin)
    if flags & CONTEXT:
        fields["context"] = cursor.take(cursor.number(_U8))
    return fields


def _decode_tail(cursor: Cursor, layout: Layout, flags: int, fields: dict[str, Any]) -> None:
    if layout.tail is Tail.NOTHING:
        return
    raw = cursor.rest()
    # Its sender should have cut it (WIRE 2). 0 is for payloads: the length of the frame binds them.
    if layout.tail_bytes_max and len(raw) > layout.tail_bytes_max:
        problem = f"{layout.frame.__name__} carries {len(raw)} bytes of {layout.tail.value}"
        raise RemoteProtocolError(f"{problem}, at most {layout.tail_bytes_max} are allowed")
    is_text = layout.tail is Tail.REASON or flags & TEXT
    fields[layout.tail_field] = cursor.text(raw) if is_text else raw
