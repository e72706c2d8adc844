"""Frames: fields to bytes and back, checked against the vectors that all languages share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from mcws_protocol import _events
from mcws_protocol._errors import EncodeError, LocalProtocolError, RemoteProtocolError
from mcws_protocol._events import (
    AckFrame,
    AuthFrame,
    ChallengeFrame,
    CloseFrame,
    CreditFrame,
    DrainFrame,
    ErrorFrame,
    Frame,
    HelloFrame,
    MessageFrame,
    Numbering,
    PingFrame,
    PongFrame,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    WelcomeFrame,
)
from mcws_protocol._frames import LAYOUTS, cut, decode_frame, encode_frame

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "mcws1.json").read_text(encoding="utf-8")
)
TYPES: Final = {
    name.removesuffix("Frame").upper(): thing
    for name, thing in vars(_events).items()
    if name.endswith("Frame") and name != "Frame"
}
U64: Final = {"incarnation", "sid", "received"}
BYTES: Final = {"nonce", "mac", "auth", "context"}


def frame_of(name: str, fields: dict[str, Any]) -> Frame:
    """Return the frame that a vector describes."""
    values: dict[str, Any] = {}
    numbers = {key: int(fields[key]) for key in fields if key in {"seq", *ORIGIN}}
    if numbers:
        origin = (numbers[ORIGIN[0]], numbers[ORIGIN[1]]) if ORIGIN[0] in numbers else None
        values["numbering"] = Numbering(numbers["seq"], origin)
    for key, value in fields.items():
        if key not in numbers:
            values[key] = value_of(key, value)
    frame: Frame = TYPES[name](**values)
    return frame


ORIGIN: Final = ("origin_incarnation", "origin_seq")


def value_of(key: str, value: Any) -> Any:
    """Return one field of a vector as Python has it."""
    if key in U64:
        return int(value)
    if key in BYTES:
        return bytes.fromhex(value)
    if key == "payload":
        return value["text"] if "text" in value else bytes.fromhex(value["hex"])
    if key == "ext":
        return tuple((item["type"], bytes.fromhex(item["hex"])) for item in value)
    return bool(value) if key == "give" else value


def decode(raw: bytes) -> Frame | None:
    """Decode a frame that is whole."""
    assert int.from_bytes(raw[:4], "big") == len(raw) - 4
    return decode_frame(raw[4], raw[5], raw[6:])


def named(vectors: list[dict[str, Any]]) -> Any:
    """Return vectors as parameters with their names."""
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


FRAMES: Final = named(VECTORS["frames"])
MALFORMED: Final = named(
    [
        vector
        for vector in VECTORS["bad"]
        if vector["receiver"] == "open"
        and len(vector["hex"]) >= 12
        and "code" not in vector["name"]
    ]
)


@pytest.mark.parametrize("vector", FRAMES)
def test_frame_encodes_to_its_vector(vector: dict[str, Any]) -> None:
    """The fields of a vector become exactly its bytes."""
    frame = frame_of(vector["type"], vector["fields"])
    assert encode_frame(frame).hex() == vector["hex"]


@pytest.mark.parametrize("vector", FRAMES)
def test_frame_decodes_from_its_vector(vector: dict[str, Any]) -> None:
    """The bytes of a vector become exactly its fields, text as ``str`` and bytes as ``bytes``."""
    frame = decode(bytes.fromhex(vector["hex"]))
    assert frame == frame_of(vector["type"], vector["fields"])


def test_vectors_show_every_type() -> None:
    """The vectors leave no frame out."""
    assert {vector["type"] for vector in VECTORS["frames"]} == set(TYPES)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.frame.__name__)
def test_vectors_show_every_flag_of_a_type(layout: Any) -> None:
    """Whatever flag a type may carry, a vector carries it."""
    seen = 0
    for vector in VECTORS["frames"]:
        raw = bytes.fromhex(vector["hex"])
        seen |= raw[5] if raw[4] == layout.kind else 0
    assert seen == layout.flags


@pytest.mark.parametrize("vector", MALFORMED)
def test_frame_malformed_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    """Every malformed body is the peer's fault, and its code says which kind."""
    raw = bytes.fromhex(vector["hex"])
    with pytest.raises(RemoteProtocolError) as caught:
        decode_frame(raw[4], raw[5], raw[6:])
    assert caught.value.code == vector["code"]


@pytest.mark.parametrize("vector", named(VECTORS["skipped"]))
def test_frame_of_an_optional_type_is_skipped(vector: dict[str, Any]) -> None:
    """An unknown type from 0x80 on is no fault, whatever its flags and its body."""
    assert decode(bytes.fromhex(vector["hex"])) is None


@pytest.mark.parametrize("kind", range(0x80, 0x100))
def test_optional_types_begin_at_0x80(kind: int) -> None:
    """The whole upper half is left to what comes later."""
    assert decode_frame(kind, 0xFF, b"anything") is None


KNOWN = {*(layout.kind for layout in LAYOUTS), 1, 2}


@pytest.mark.parametrize("kind", sorted(set(range(0x80)) - KNOWN))
@pytest.mark.parametrize("flags", [0, 1, 0x80])
def test_unknown_type_below_0x80_is_refused(kind: int, flags: int) -> None:
    """The lower half must be understood."""
    with pytest.raises(RemoteProtocolError, match=f"0x{kind:02x}") as caught:
        decode_frame(kind, flags, b"")
    assert caught.value.code == 1002


def test_malformed_body_is_named_without_its_content() -> None:
    """The reason tells what was expected and how much came, never what it was."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode_frame(0x31, 0, b"\x03\xe8" + b"secret" * 50)
    reason = "CloseFrame carries 300 bytes of reason, at most 123 are allowed"
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        (RejectFrame(1002, 0, "r" * 1025), 1024),
        (ErrorFrame(1, 3, "r" * 5000), 1024),
        (DrainFrame(0, "r" * 1025), 1024),
        (CloseFrame(1000, "r" * 124), 123),
    ],
)
def test_reason_too_long_is_cut(frame: Frame, size: int) -> None:
    """A reason is for people: its beginning is better than nothing."""
    decoded = decode(encode_frame(frame))
    assert isinstance(decoded, RejectFrame | ErrorFrame | DrainFrame | CloseFrame)
    assert decoded.reason == "r" * size


@pytest.mark.parametrize(
    ("text", "size", "raw"),
    [
        ("", 0, b""),
        ("abc", 3, b"abc"),
        ("abcd", 3, b"abc"),
        ("aü", 3, b"a\xc3\xbc"),
        ("aü", 2, b"a"),
        ("€€", 5, b"\xe2\x82\xac"),
        ("a\udc80b", 9, b"a?b"),
    ],
)
def test_cut_ends_at_a_character(text: str, size: int, raw: bytes) -> None:
    """No character is split, and a lone surrogate does not stop the words around it."""
    assert cut(text, size) == raw


@pytest.mark.parametrize(
    "frame",
    [
        HelloFrame(frame_bytes_max=2**32),
        HelloFrame(frame_bytes_max=-1),
        HelloFrame(frame_bytes_max=256, window=2**16),
        HelloFrame(frame_bytes_max=256, keepalive_s=2**16),
        HelloFrame(frame_bytes_max=256, incarnation=2**64),
        HelloFrame(frame_bytes_max=256, version=256),
        HelloFrame(frame_bytes_max=256, id="i" * 256),
        HelloFrame(frame_bytes_max=256, contract="ü" * 128),
        HelloFrame(frame_bytes_max=256, id="\udc80"),
        HelloFrame(frame_bytes_max=256, auth=bytes(65_536)),
        HelloFrame(frame_bytes_max=256, ext=((256, b""),)),
        HelloFrame(frame_bytes_max=256, ext=((1, bytes(65_533)),)),
        WelcomeFrame(frame_bytes_max=256, session=256),
        WelcomeFrame(frame_bytes_max=256, id="i" * 256),
        RejectFrame(65_536),
        RejectFrame(1013, 2**32),
        RequestFrame(2**32, b""),
        RequestFrame(1, b"", 2**32),
        ReplyFrame(-1, b""),
        ErrorFrame(1, 65_536),
        CreditFrame(1, 2**32),
        AckFrame(2**64, 0),
        MessageFrame(b"", Numbering(2**64)),
        MessageFrame(b"", Numbering(1, (2**64, 0))),
        MessageFrame(b"", context=bytes(256)),
    ],
    ids=repr,
)
def test_field_that_does_not_fit_cannot_be_sent(frame: Frame) -> None:
    """A value beyond its place is this end's fault, never a wrong frame on the wire."""
    with pytest.raises(LocalProtocolError, match=f"a field of {type(frame).__name__} does not fit"):
        encode_frame(frame)


@pytest.mark.parametrize("frame", [RequestFrame(1, "\udc80"), ReplyFrame(1, "\udc80")])
def test_text_with_a_lone_surrogate_cannot_be_sent(frame: Frame) -> None:
    """Text that UTF-8 cannot express is an ``EncodeError``, as it is in a plain message."""
    with pytest.raises(EncodeError, match="lone surrogate at 0"):
        encode_frame(frame)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_nonce_of_another_length_cannot_be_sent(size: int) -> None:
    """A proof is neither padded nor cut in silence."""
    for frame in (ChallengeFrame(bytes(size)), AuthFrame(bytes(32), bytes(size))):
        with pytest.raises(LocalProtocolError, match=f"{size} bytes where 32 are needed"):
            encode_frame(frame)


@pytest.mark.parametrize("frame", [PingFrame(bytes(9)), PongFrame(bytes(9))])
def test_ping_of_nine_bytes_cannot_be_sent(frame: Frame) -> None:
    """A PING carries eight bytes at most."""
    with pytest.raises(LocalProtocolError, match="9 bytes exceed the 8"):
        encode_frame(frame)
