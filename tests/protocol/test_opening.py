"""Opening: the bodies of HELLO and WELCOME, and the guess at what came instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from mcws_protocol._errors import RemoteProtocolError
from mcws_protocol._events import HelloFrame, WelcomeFrame
from mcws_protocol._opening import (
    check_id,
    decode_hello,
    decode_welcome,
    encode_hello,
    encode_welcome,
    guess,
)

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mcws1.json").read_text(encoding="utf-8")
)
FULL_HELLO: Final = HelloFrame(
    frame_bytes_max=65_536,
    window=1,
    keepalive_s=2,
    features=3,
    incarnation=4,
    attempt=5,
    sid=6,
    received=7,
    id="däv",
    contract="thermo/1:00",
    auth=b"\xff\x00",
    ext=((9, b"nine"), (255, b"")),
)
FULL_WELCOME: Final = WelcomeFrame(
    frame_bytes_max=65_536,
    session=2,
    sid=3,
    received=4,
    window=5,
    keepalive_s=6,
    features=7,
    session_ttl_s=8,
    id="däv",
    contract="thermo/1:00",
    ext=((9, b"nine"), (255, b"")),
)
LEAST_HELLO: Final = encode_hello(HelloFrame(frame_bytes_max=256))
LEAST_WELCOME: Final = encode_welcome(WelcomeFrame(frame_bytes_max=256))
VERSION_AT: Final = 4
EXT_AT: Final = -2
"""Where the length of ``ext`` stands if there is none."""


@pytest.mark.parametrize("frame", [FULL_HELLO, HelloFrame(frame_bytes_max=256)])
def test_hello_arrives_as_it_was_sent(frame: HelloFrame) -> None:
    """Every field of HELLO comes back."""
    assert decode_hello(encode_hello(frame)) == frame


@pytest.mark.parametrize("frame", [FULL_WELCOME, WelcomeFrame(frame_bytes_max=256)])
def test_welcome_arrives_as_it_was_sent(frame: WelcomeFrame) -> None:
    """Every field of WELCOME comes back."""
    assert decode_welcome(encode_welcome(frame)) == frame


@pytest.mark.parametrize("size", range(len(encode_hello(FULL_HELLO))))
def test_hello_cut_anywhere_is_refused(size: int) -> None:
    """A HELLO that ends early is ``RemoteProtocolError`` 1002, whatever is missing."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_hello(encode_hello(FULL_HELLO)[:size])
    assert caught.value.code == 1002


@pytest.mark.parametrize("size", range(len(encode_welcome(FULL_WELCOME))))
def test_welcome_cut_anywhere_is_refused(size: int) -> None:
    """A WELCOME that ends early is ``RemoteProtocolError`` 1002, whatever is missing."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_welcome(encode_welcome(FULL_WELCOME)[:size])
    assert caught.value.code == 1002


def test_hello_with_a_byte_behind_it_is_refused() -> None:
    """Nothing may stand behind the last field of HELLO."""
    with pytest.raises(RemoteProtocolError, match="HELLO is 1 bytes too long"):
        decode_hello(LEAST_HELLO + b"\0")


def test_welcome_with_a_byte_behind_it_is_refused() -> None:
    """Nothing may stand behind the last field of WELCOME."""
    with pytest.raises(RemoteProtocolError, match="WELCOME is 1 bytes too long"):
        decode_welcome(LEAST_WELCOME + b"\0")


@pytest.mark.parametrize("magic", [b"MCWX", b"mcws", b"\0\0\0\0"])
def test_hello_with_another_magic_is_refused(magic: bytes) -> None:
    """The first four bytes are MCWS in every version."""
    with pytest.raises(RemoteProtocolError, match="HELLO does not begin with MCWS") as caught:
        decode_hello(magic + LEAST_HELLO[4:])
    assert caught.value.code == 1002


@pytest.mark.parametrize("version", [0, 2, 255])
@pytest.mark.parametrize("rest", [LEAST_HELLO[5:], b"", b"another layout"])
def test_hello_of_another_version_is_refused_with_the_highest(version: int, rest: bytes) -> None:
    """Another version is refused with 4006 before its layout is looked at."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_hello(b"MCWS" + bytes([version]) + rest)
    assert caught.value.code == 4006
    assert caught.value.reason == f"version {version} of mcws, the highest spoken here is 1"


@pytest.mark.parametrize("limit", [0, 255])
def test_frame_bytes_max_below_256_is_refused(limit: int) -> None:
    """An end that accepts less could not even be told why it is refused."""
    reason = f"frame_bytes_max is {limit}, at least 256 is required"
    with pytest.raises(RemoteProtocolError, match=reason):
        decode_hello(encode_hello(HelloFrame(frame_bytes_max=limit)))
    with pytest.raises(RemoteProtocolError, match=reason):
        decode_welcome(encode_welcome(WelcomeFrame(frame_bytes_max=limit)))


@pytest.mark.parametrize("session", [3, 255])
def test_welcome_with_an_unknown_session_is_refused(session: int) -> None:
    """A session is not kept, new or resumed."""
    with pytest.raises(RemoteProtocolError, match=f"session {session}, expected 0, 1 or 2"):
        decode_welcome(encode_welcome(WelcomeFrame(frame_bytes_max=256, session=session)))


@pytest.mark.parametrize(("id", "contract"), [("a\nb", ""), ("", "a\x7fb")])
def test_name_with_control_characters_is_refused(id: str, contract: str) -> None:
    """Ids and contracts are shown in logs and must be one clean line."""
    hello = HelloFrame(frame_bytes_max=256, id=id, contract=contract)
    with pytest.raises(RemoteProtocolError, match="control characters in a name in HELLO"):
        decode_hello(encode_hello(hello))
    welcome = WelcomeFrame(frame_bytes_max=256, id=id, contract=contract)
    with pytest.raises(RemoteProtocolError, match="control characters in a name in WELCOME"):
        decode_welcome(encode_welcome(welcome))


def test_name_that_is_not_utf8_is_refused() -> None:
    """Bytes that are no text are no name."""
    body = encode_hello(HelloFrame(frame_bytes_max=256, id="X")).replace(b"X", b"\xff")
    with pytest.raises(RemoteProtocolError, match="text in HELLO is not UTF-8") as caught:
        decode_hello(body)
    assert caught.value.code == 1007


@pytest.mark.parametrize(
    "ext", [b"\x01", b"\x01\x00", b"\x01\x00\x01", b"\x01\x00\x00\x02", b"\x01\xff\xffx"]
)
def test_extension_that_is_not_whole_is_refused(ext: bytes) -> None:
    """The extensions fill ``ext`` exactly."""
    raw = len(ext).to_bytes(2, "big") + ext
    with pytest.raises(RemoteProtocolError, match=r"ext is [0-9]+ bytes too short"):
        decode_hello(LEAST_HELLO[:EXT_AT] + raw)
    with pytest.raises(RemoteProtocolError, match=r"ext is [0-9]+ bytes too short"):
        decode_welcome(LEAST_WELCOME[:EXT_AT] + raw)


def test_extensions_keep_their_order_and_doubles() -> None:
    """Extensions are a list; which are known is for others to say."""
    ext = ((5, b"a"), (0, b""), (5, b"b"))
    assert decode_hello(encode_hello(HelloFrame(frame_bytes_max=256, ext=ext))).ext == ext


BODIES = [
    pytest.param(vector, id=vector["name"])
    for vector in VECTORS["frames"]
    if vector["type"] in {"HELLO", "WELCOME"}
]


@pytest.mark.parametrize("vector", BODIES)
def test_opening_decodes_and_encodes_its_vector(vector: dict[str, Any]) -> None:
    """The bodies of the shared vectors survive both directions."""
    body = bytes.fromhex(vector["hex"])[6:]
    if vector["type"] == "HELLO":
        assert encode_hello(decode_hello(body)) == body
    else:
        assert encode_welcome(decode_welcome(body)) == body


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"\x16\x03\x01\x02\x00\x01", "TLS; is the URL tls:// and this port not"),
        (b"\x16\x03", "TLS"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", "HTTP"),
        (b"POST /submit HTTP/1.0\r\n", "HTTP"),
        (b"CONNECT host:443 HTTP/1.1\r\n", "HTTP"),
        (b"OPTIONS * HTTP/1.1\r\n", "HTTP"),
        (b"hello\r\n", r"text; for lines of text use Plain\(Lines\(\)\)"),
        (b"GETAWAY\n", "text"),
        (b'{"json":\t1}\n', "text"),
        (b"x" * 64 + b"\xff", "text"),
        (b"x" * 63 + b"\xff", "bytes that are not mcws/1"),
        (b"\x16hello", "bytes that are not mcws/1"),
        (b"\xff\xfe", "bytes that are not mcws/1"),
        ("привет".encode(), "bytes that are not mcws/1"),
    ],
)
def test_guess_names_what_came_and_what_to_do(first: bytes, words: str) -> None:
    """One line of a log tells somebody on the wrong port what is wrong (FAULTS 3)."""
    with pytest.raises(RemoteProtocolError, match=words):
        raise RemoteProtocolError(guess(first, "HELLO"))
    assert guess(first, "HELLO").startswith("expected HELLO, got ")
    assert guess(first, "HELLO").isprintable()


def test_guess_says_what_was_expected() -> None:
    """A client waits for WELCOME; an answer of a web server is told from text."""
    guessed = guess(b"HTTP/1.1 400 Bad Request\r\n", "WELCOME")
    assert guessed == "expected WELCOME, got what looks like HTTP; here mcws/1 is spoken, not HTTP"


@pytest.mark.parametrize(
    ("id", "error"),
    [
        (7, TypeError),
        (None, TypeError),
        ("", ValueError),
        ("x" * 256, ValueError),
        ("\u00e9" * 128, ValueError),
        ("line\nfeed", ValueError),
        ("\x9f", ValueError),
        ("\ud800", ValueError),
    ],
)
def test_id_out_of_its_bounds_is_refused(id: object, error: type[Exception]) -> None:
    """An id is text of 1 to 255 bytes without control characters."""
    with pytest.raises(error, match="id must"):
        check_id(id)


@pytest.mark.parametrize("id", ["x", "x" * 255, "\u00e9" * 127, "kiosk 7"])
def test_id_within_its_bounds_is_accepted(id: str) -> None:
    """Every other text is an id."""
    check_id(id)
