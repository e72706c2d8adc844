"""MsgPack and Json: what they decode, and what their errors say and never show."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, Never, cast

import msgspec
import pytest

from mcws_protocol._errors import DecodeError, EncodeError, UnknownMessage
from mcws_protocol._message import Message
from mcws_protocol._structured import Json, MsgPack, Structured, describe

SECRET = "s3cr3t"


class Place(msgspec.Struct, frozen=True):
    """A part of a message."""

    floor: int
    rooms: list[int] = []
    names: dict[str, int] = {}


class Reading(Message):
    """A message with parts."""

    celsius: float
    at: Place = Place(0)


class Alarm(Message):
    """A message with a choice."""

    level: Literal["low", "high"] = "low"


class Closed(Message, forbid_unknown_fields=True):
    """A message that takes no other fields."""

    x: int = 0


class Numbered(Message, tag=7):
    """A message whose name is a number, which no end of ours writes."""

    x: int = 0


CODECS: list[type[Structured[Any]]] = [MsgPack, Json]
BOTH = pytest.mark.parametrize("codec", CODECS, ids=["MsgPack", "Json"])


def written(codec: type[Structured[Any]], content: object) -> bytes:
    """Return a payload that holds ``content``, whatever that is."""
    return codec().encode(content)


def refusal(codec: Structured[Any], payload: bytes | str) -> DecodeError:
    """Return the error with which a payload is refused, after a look for what it may not hold."""
    with pytest.raises(DecodeError) as caught:
        codec.decode(payload)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.code == 1007
    return error


# What fits


@BOTH
@pytest.mark.parametrize("message", [Reading(1.5), Reading(1, Place(2, [3], {"a": 4})), Alarm()])
def test_decode_what_was_encoded(codec: type[Structured[Any]], message: Reading | Alarm) -> None:
    """A message comes back as it was."""
    bound = codec().for_type(Reading | Alarm)
    assert type(bound) is codec
    assert bound.decode(bound.encode(message)) == message


@BOTH
def test_decode_into_one_type(codec: type[Structured[Any]]) -> None:
    """A codec that was made for a type gives that type."""
    assert codec(list[int]).decode(written(codec, [1, 2])) == [1, 2]
    assert codec(Reading).decode(written(codec, Reading(1))) == Reading(1.0)


@BOTH
@pytest.mark.parametrize("content", [None, 1, "text", [1, {"a": 2.5}], {"$": "Reading"}])
def test_decode_anything(codec: type[Structured[Any]], content: object) -> None:
    """Without a type anything is decoded, to dicts and lists."""
    assert codec().decode(written(codec, content)) == content


@BOTH
def test_decode_fills_and_ignores(codec: type[Structured[Any]]) -> None:
    """A new field is ignored by an old end, and a missing one gets its default."""
    payload = written(codec, {"$": "Reading", "celsius": 1.5, "new": SECRET})
    assert codec(Reading | Alarm).decode(payload) == Reading(1.5, Place(0))


def test_decode_text() -> None:
    """JSON may come marked as text, which says nothing where types are agreed on."""
    assert Json(Reading).decode('{"$":"Reading","celsius":1}') == Reading(1.0)
    assert MsgPack().decode("\x07") == 7


@BOTH
def test_encode_names_the_message_first(codec: type[Structured[Any]]) -> None:
    """A payload is a map with the name of the message in front."""
    assert list(codec().decode(codec().encode(Alarm()))) == ["$", "level"]


def test_payloads_may_hold_any_bytes() -> None:
    """MessagePack needs a framing that carries any bytes, JSON holds no line end."""
    assert MsgPack.any_bytes
    assert not Json.any_bytes
    assert b"\n" not in Json().encode({"a\n": ["\n"]})


@BOTH
@pytest.mark.parametrize(
    ("kind", "text"),
    [(object, ""), (Reading, "Reading"), (Reading | Alarm, "Reading | Alarm"), (Never, "nothing")],
)
def test_codec_shows_how_it_was_made(codec: type[Structured[Any]], kind: Any, text: str) -> None:
    """The ``repr`` of a codec is the call that makes it."""
    assert repr(codec(kind)) == f"{codec.__name__}({text})"


@BOTH
def test_codec_for_what_msgspec_does_not_know(codec: type[Structured[Any]]) -> None:
    """A type that payloads cannot be decoded to is refused when the codec is made."""
    with pytest.raises(TypeError, match="array-like"):
        codec(cast("Any", list[int] | tuple[int, ...]))


# What does not fit


@BOTH
@pytest.mark.parametrize(
    ("content", "expected", "path"),
    [
        ({"celsius": SECRET}, "float", "$.celsius"),
        ({"celsius": 1, "at": {"floor": SECRET}}, "int", "$.at.floor"),
        ({"celsius": 1, "at": {"floor": 1, "rooms": [1, SECRET]}}, "int", "$.at.rooms[1]"),
        ({"celsius": 1, "at": {"floor": 1, "names": {SECRET: SECRET}}}, "int", "$.at.names[...]"),
        ({"celsius": 1, "at": {SECRET: 1}}, "an object with the field floor", "$.at"),
        ({"celsius": 1, "at": SECRET}, "object", "$.at"),
        ({}, "an object with the field celsius", ""),
    ],
)
def test_decode_a_part_that_does_not_fit(
    codec: type[Structured[Any]], content: dict[str, Any], expected: str, path: str
) -> None:
    """The error says what was expected and where, and nothing of what came."""
    error = refusal(codec(Reading | Alarm), written(codec, {"$": "Reading", **content}))
    assert (error.expected, error.path) == (expected, path)
    assert SECRET not in f"{error} {error.args}"


@BOTH
def test_decode_a_value_that_is_no_choice(codec: type[Structured[Any]]) -> None:
    """A value that msgspec quotes is not shown; its place is."""
    error = refusal(codec(Alarm), written(codec, {"$": "Alarm", "level": SECRET}))
    assert str(error) == "payload is not Alarm at $.level"


@BOTH
@pytest.mark.parametrize("content", [[], "text", 1, None])
def test_decode_what_is_no_map(codec: type[Structured[Any]], content: object) -> None:
    """Of the whole, the error names the messages that are known."""
    error = refusal(codec(Reading | Alarm), written(codec, content))
    assert str(error) == "payload is not Reading | Alarm"


@BOTH
def test_decode_a_field_that_is_forbidden(codec: type[Structured[Any]]) -> None:
    """A field is named by the peer, so neither it nor a place in its name is shown."""
    content = {"$": "Closed", f"{SECRET}` - at `$.{SECRET}": 1}
    error = refusal(codec(Closed), written(codec, content))
    assert (error.expected, error.path) == ("Closed", "")


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", SECRET.encode(), b'{"$":"\xff"}', b'{"$":"Reading","celsius":1}x', "\ud800"],
    ids=repr,
)
def test_decode_what_is_no_json(payload: bytes | str) -> None:
    """What is no JSON at all, bad UTF-8 among it, is named as such."""
    assert str(refusal(Json(Reading), payload)) == "payload is not JSON of Reading"


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\xa5ab", b"\x81\xa1$\xa2\xff\xff", "\ud800"])
def test_decode_what_is_no_messagepack(payload: bytes | str) -> None:
    """What is no MessagePack at all, bad UTF-8 among it, is named as such."""
    assert str(refusal(MsgPack(Reading), payload)) == "payload is not MessagePack of Reading"


@pytest.mark.parametrize("codec", [Json(), MsgPack()], ids=repr)
def test_decode_what_is_nested_too_deeply(codec: Structured[Any]) -> None:
    """Nesting that would exhaust the stack does not decode, and nothing worse."""
    payload = (b"[" if isinstance(codec, Json) else b"\x91") * 100_000
    assert refusal(codec, payload).expected == f"{codec.name} of any value"


@BOTH
@pytest.mark.parametrize("name", ["Newer", "", SECRET * 100, "reading"])
def test_decode_an_unknown_message(codec: type[Structured[Any]], name: str) -> None:
    """A message of a newer version is told apart from one that is wrong."""
    error = refusal(codec(Reading | Alarm), written(codec, {"$": name, "celsius": SECRET}))
    assert isinstance(error, UnknownMessage)
    assert (error.tag, error.expected) == (name, "Reading | Alarm")


@BOTH
@pytest.mark.parametrize("kind", [Reading, Reading | Alarm])
def test_decode_an_unknown_message_twice(codec: type[Structured[Any]], kind: Any) -> None:
    """The second one of a codec is found to be unknown as the first one was."""
    bound = codec(kind)
    for _ in range(2):
        assert isinstance(refusal(bound, written(codec, {"$": "Newer"})), UnknownMessage)


@BOTH
@pytest.mark.parametrize("content", [{"$": 7}, {"$": None}, {"$": ["Reading"]}])
def test_decode_a_message_whose_name_is_no_text(
    codec: type[Structured[Any]], content: object
) -> None:
    """A name of another type is wrong, not new."""
    error = refusal(codec(Reading | Alarm), written(codec, content))
    assert not isinstance(error, UnknownMessage)
    assert (error.expected, error.path) == ("str", "$.$")


@BOTH
def test_decode_a_number_for_a_name(codec: type[Structured[Any]]) -> None:
    """Where names are numbers, an unknown number does not decode, and is not shown."""
    error = refusal(codec(Numbered), written(codec, {"$": 555}))
    assert "555" not in f"{error} {error.args}"


@BOTH
def test_decode_where_nothing_may_come(codec: type[Structured[Any]]) -> None:
    """For ``Never`` any message is unknown, and nothing else fits."""
    bound = codec(Never)
    assert isinstance(refusal(bound, written(codec, Alarm())), UnknownMessage)
    assert str(refusal(bound, written(codec, 1))) == "payload is not nothing"


@BOTH
def test_decode_of_a_plain_type_knows_no_names(codec: type[Structured[Any]]) -> None:
    """Where no message is expected, none is unknown: it is wrong."""
    error = refusal(codec(list[int]), written(codec, Alarm()))
    assert not isinstance(error, UnknownMessage)
    assert str(error) == "payload is not list[int]"


# What cannot be sent


def nested() -> object:
    """Return a list that is nested too deeply."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


UNSENDABLE: dict[str, tuple[Callable[[], object], str]] = {
    "class": (object, "object cannot be encoded: Encoding objects of type object is unsupported"),
    "surrogate": (lambda: "\ud800", "str cannot be encoded: text with a lone surrogate"),
    "nested": (nested, "list cannot be encoded: it is nested too deeply"),
}


@BOTH
@pytest.mark.parametrize("case", UNSENDABLE)
def test_encode_what_cannot_be_expressed(codec: type[Structured[Any]], case: str) -> None:
    """The error says the type and why, and keeps nothing of the content."""
    make, problem = UNSENDABLE[case]
    with pytest.raises(EncodeError) as caught:
        codec().encode(make())
    assert str(caught.value) == problem
    assert caught.value.__context__ is None


@BOTH
def test_encode_a_part_that_cannot_be_expressed(codec: type[Structured[Any]]) -> None:
    """A wrong part is an ``EncodeError``, which is a ``TypeError`` too."""
    with pytest.raises(TypeError, match=r"^Reading cannot be encoded: .*type object") as caught:
        codec(Reading).encode(Reading(cast("Any", object())))
    assert isinstance(caught.value, EncodeError)


@BOTH
def test_encode_does_not_check_types(codec: type[Structured[Any]]) -> None:
    """What can be expressed is encoded, fitting or not: that is the type checker's work."""
    payload = codec(Reading).encode(Reading(cast("Any", "warm")))
    assert codec().decode(payload)["celsius"] == "warm"


def test_encode_decimals() -> None:
    """What msgspec knows beyond JSON travels too."""
    assert Json(Decimal).decode(Json().encode(Decimal("1.50"))) == Decimal("1.50")


def test_describe_an_error_without_text() -> None:
    """An error that says nothing is named by its class."""
    assert describe(ZeroDivisionError()) == "ZeroDivisionError"


# Numbers that JSON does not have


class Measured(Message):
    """A message with numbers inside."""

    value: float | None = None
    more: list[float] = msgspec.field(default_factory=list[float])
    named: dict[str, float] = msgspec.field(default_factory=dict[str, float])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_refuses_what_it_would_write_as_null(number: float) -> None:
    """Nobody could decode it, so it is refused before any effect."""
    for message in (Measured(number), Measured(more=[1.0, number]), Measured(named={"x": number})):
        with pytest.raises(EncodeError, match=r"^Measured cannot be encoded: JSON has no NaN and"):
            Json(Measured).encode(message)
        assert MsgPack(Measured).decode(MsgPack(Measured).encode(message)) is not None


def test_json_writes_null_for_none() -> None:
    """A null that is meant is one."""
    assert Json(Measured).decode(Json(Measured).encode(Measured())) == Measured()


# What a class of the application says


class Guarded(Message):
    """A message that looks at its own content."""

    secret: str

    def __post_init__(self) -> None:
        raise ValueError(f"Expected something better than {self.secret} - at `$.{self.secret}`")


@BOTH
def test_decode_tells_nothing_of_what_a_class_says(codec: type[Structured[Any]]) -> None:
    """It may quote what the peer sent."""
    payload = codec().encode({"$": "Guarded", "secret": "hunter2"})
    with pytest.raises(DecodeError) as caught:
        codec(Guarded).decode(payload)
    assert str(caught.value) == "payload is not Guarded"
    assert "hunter2" not in f"{caught.value.args} {caught.value.__context__!r}"


@BOTH
def test_decode_of_one_class_wants_its_name(codec: type[Structured[Any]]) -> None:
    """Any map would be an object of a class whose fields all have defaults."""
    kinds: list[Any] = [Measured, Measured | None, Measured | int]
    for kind in kinds:
        assert codec(kind).decode(codec().encode({"$": "Measured"})) == Measured()
        with pytest.raises(DecodeError, match=r"^payload is not an object with the field \$$"):
            codec(kind).decode(codec().encode({"value": 1.0}))


@BOTH
def test_codecs_are_no_base_classes(codec: type[Structured[Any]]) -> None:
    """Connections go past their methods, so what a subclass changes would be ignored."""
    with pytest.raises(TypeError, match=r"^this codec is no base class: "):
        type("Zipped", (codec,), {})
