"""The opening frames of mcws/1, HELLO and WELCOME, and a guess at what came instead.

::

    HELLO    "MCWS" version:8 frame_bytes_max:u32 window:u16 keepalive_s:u16 features:u32
             incarnation:u64 attempt:u32 sid:u64 received:u64
             id_len:8 id  contract_len:8 contract  auth_len:u16 auth  ext_len:u16 ext
    WELCOME  session:8 sid:u64 received:u64 window:u16 keepalive_s:u16 frame_bytes_max:u32
             features:u32 session_ttl_s:u32
             id_len:8 id  contract_len:8 contract  ext_len:u16 ext

Source: WIRE 2, 3.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from ._cursor import Cursor, has_controls
from ._errors import RemoteProtocolError, shown
from ._events import Extensions, HelloFrame, WelcomeFrame
from ._limits import FRAME_BYTES_FLOOR

# The types of these two are here, since `_frames`, which has all others, imports this file.
HELLO: Final = 0x01
WELCOME: Final = 0x02
MAGIC: Final = b"MCWS"
# The highest version of the wire that this library speaks.
VERSION: Final = 1
# The code of a REJECT for a version that is not spoken.
CODE_VERSION: Final = 4006

# Bytes of an id; its length travels in one byte.
ID_BYTES_MAX: Final = 255

# The first words of HTTP requests; a browser that was pointed at the port sends one.
HTTP_WORDS: Final = frozenset(
    {b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH"}
)

# The numbers as WIRE 2 lists them: of HELLO behind its version, of WELCOME from the beginning.
_HELLO: Final = Struct(">IHHIQIQQ")
_WELCOME: Final = Struct(">BQQHHIII")
_U8: Final = Struct(">B")
_U16: Final = Struct(">H")
_EXTENSION: Final = Struct(">BH")
_BEGINNING: Final = MAGIC + _U8.pack(VERSION)
# What nearly every opening carries: extensions of no bytes.
_NO_EXT: Final = _U16.pack(0)


def encode_hello(frame: HelloFrame) -> bytes:
    """Return the body of a HELLO."""
    fixed = _HELLO.pack(
        frame.frame_bytes_max,
        frame.window,
        frame.keepalive_s,
        frame.features,
        frame.incarnation,
        frame.attempt,
        frame.sid,
        frame.received,
    )
    names = _short(frame.id) + _short(frame.contract)
    auth = _U16.pack(len(frame.auth)) + frame.auth
    return MAGIC + _U8.pack(frame.version) + fixed + names + auth + _encode_ext(frame.ext)


def decode_hello(body: bytes) -> HelloFrame:
    """Return the HELLO that ``body`` holds.

    Raises:
        RemoteProtocolError: it is no HELLO, or (code 4006) one of another version.
    """
    cursor = Cursor(body, "HELLO")
    # First of all, since another version may have moved whatever is behind it (WIRE 3).
    if not body.startswith(_BEGINNING):
        raise _wrong_beginning(cursor)
    cursor.take(len(_BEGINNING))
    limit, window, keepalive_s, features, incarnation, attempt, sid, received = cursor.unpack(
        _HELLO
    )
    id, contract = _labels(cursor)
    auth = cursor.counted(2)
    ext = _decode_ext(cursor)
    cursor.end()
    _check_limit(limit)
    return HelloFrame(
        frame_bytes_max=limit,
        window=window,
        keepalive_s=keepalive_s,
        features=features,
        incarnation=incarnation,
        attempt=attempt,
        sid=sid,
        received=received,
        id=id,
        contract=contract,
        auth=auth,
        ext=ext,
    )


def _wrong_beginning(cursor: Cursor) -> RemoteProtocolError:
    """Return the error for a HELLO of something else, or of another version."""
    if cursor.take(len(MAGIC)) != MAGIC:
        return RemoteProtocolError("HELLO does not begin with MCWS")
    version = cursor.number(_U8)
    problem = f"version {version} of mcws, the highest spoken here is {VERSION}"
    return RemoteProtocolError(problem, CODE_VERSION)


def encode_welcome(frame: WelcomeFrame) -> bytes:
    """Return the body of a WELCOME."""
    fixed = _WELCOME.pack(
        frame.session,
        frame.sid,
        frame.received,
        frame.window,
        frame.keepalive_s,
        frame.frame_bytes_max,
        frame.features,
        frame.session_ttl_s,
    )
    return fixed + _short(frame.id) + _short(frame.contract) + _encode_ext(frame.ext)


def decode_welcome(body: bytes) -> WelcomeFrame:
    """Return the WELCOME that ``body`` holds.

    Raises:
        RemoteProtocolError: a field is missing or out of its bounds.
    """
    cursor = Cursor(body, "WELCOME")
    session, sid, received, window, keepalive_s, limit, features, ttl_s = cursor.unpack(_WELCOME)
    id, contract = _labels(cursor)
    ext = _decode_ext(cursor)
    cursor.end()
    _check_limit(limit)
    # 0 none is kept, 1 a new one, 2 resumed (WIRE 2).
    if session > 2:
        raise RemoteProtocolError(f"WELCOME has session {session}, expected 0, 1 or 2")
    return WelcomeFrame(
        frame_bytes_max=limit,
        session=session,
        sid=sid,
        received=received,
        window=window,
        keepalive_s=keepalive_s,
        features=features,
        session_ttl_s=ttl_s,
        id=id,
        contract=contract,
        ext=ext,
    )


def guess(first: bytes, expected: str) -> str:
    """Return what the first bytes of a stream look like instead of ``expected``, for one line.

    ``first`` holds at least one byte and is not the beginning of a frame of mcws/1.
    """
    # The first record of TLS: its type, then the major version.
    if first[:2] == b"\x16\x03":
        return f"expected {expected}, got what looks like TLS; is the URL tls:// and this port not?"
    # A server hears a request; a client that was pointed at a web server, the line of its status.
    if first.split(b" ", 1)[0] in HTTP_WORDS or first.startswith(b"HTTP/"):
        return f"expected {expected}, got what looks like HTTP; here mcws/1 is spoken, not HTTP"
    if all(32 <= byte < 127 or byte in b"\r\n\t" for byte in first[:64]):
        hint = "for lines of text use Plain(Lines())"
        return f"expected {expected}, got what looks like text; {hint}"
    return f"expected {expected}, got bytes that are not mcws/1; is the other end on another wire?"


def _short(text: str) -> bytes:
    # What is too long for one byte, or not UTF-8, is told by `encode_frame`, for all fields alike.
    raw = text.encode()
    return _U8.pack(len(raw)) + raw


def _labels(cursor: Cursor) -> tuple[str, str]:
    id = cursor.label(cursor.counted(1))
    contract = cursor.label(cursor.counted(1))
    return id, contract


def _encode_ext(ext: Extensions) -> bytes:
    if not ext:
        return _NO_EXT
    raw = b"".join(_EXTENSION.pack(kind, len(value)) + value for kind, value in ext)
    return _U16.pack(len(raw)) + raw


def _decode_ext(cursor: Cursor) -> Extensions:
    raw = cursor.counted(2)
    if not raw:
        return ()
    inner = Cursor(raw, "ext")
    # Whatever their types are: whoever reads them skips those that it does not know (WIRE 2).
    found: list[tuple[int, bytes]] = []
    while inner.left:
        kind, size = inner.unpack(_EXTENSION)
        found.append((kind, inner.take(size)))
    return tuple(found)


def _check_limit(limit: int) -> None:
    if limit < FRAME_BYTES_FLOOR:
        problem = f"frame_bytes_max is {limit}, at least {FRAME_BYTES_FLOOR} is required"
        raise RemoteProtocolError(problem)


def check_id(id: object) -> None:
    """Refuse what cannot be an id.

    Raises:
        TypeError: it is not text.
        ValueError: it is empty, longer than 255 bytes of UTF-8, or has control characters.

    Source: WIRE 2.
    """
    if not isinstance(id, str):
        raise TypeError(f"id must be a str, not {id!r}")
    try:
        size = len(id.encode())
    except UnicodeEncodeError:
        size = -1
    # Not `from None` in the `except`, which compiled code ignores.
    if size < 0:
        raise ValueError(f"id must be UTF-8, it has a lone surrogate: {shown(id)}")
    if not 1 <= size <= ID_BYTES_MAX:
        raise ValueError(f"id must be 1 to {ID_BYTES_MAX} bytes long, not {size}")
    if has_controls(id):
        raise ValueError(f"id must not have control characters: {shown(id)}")
