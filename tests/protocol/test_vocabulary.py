"""Vocabularies: which messages belong to a direction, and how each is encoded and decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Never, Protocol, TypeVar, cast

import msgspec
import pytest

from mcws_protocol._codec import Binary, Codec, Text, Untouched
from mcws_protocol._errors import DecodeError, EncodeError, UnknownMessage
from mcws_protocol._events import Payload
from mcws_protocol._message import Message, Request
from mcws_protocol._structured import Json, MsgPack
from mcws_protocol._vocabulary import Part, Vocabulary

T = TypeVar("T")


class Measured(Message):
    """What messages have in common."""


class Reading(Measured):
    """A message."""

    celsius: float


class Alarm(Message):
    """Another message."""

    text: str = ""


class Config(Message):
    """What answers a request."""

    interval_s: float = 10.0


class GetConfig(Request[Config]):
    """A request."""


class GetBoth(Request[Config | Alarm]):
    """A request with two kinds of answers."""


class Page(Message, Generic[T]):
    """A generic message."""

    items: list[T]


class Foreign:
    """What no codec of ours knows."""


class Odd(Message):
    """A message with a field of no known type."""

    what: Foreign


class GetOdd(Request[Odd]):
    """A request whose answer cannot be decoded."""


class GetTwice(Request[list[int] | tuple[int, ...]]):
    """A request whose answers cannot be told apart."""


class Silent(Request):  # type: ignore[type-arg]  # the mistake under test
    """A request that does not say what answers it."""


class OtherReading(Message, tag="Reading"):
    """A message of a name that another one has."""


@dataclass
class Point:
    """What is no message."""

    x: int


class Loud:
    """A codec of a stranger's, which knows no types."""

    def encode(self, message: Any, /) -> str:
        """Shout."""
        return f"{message}!"

    def decode(self, payload: Payload, /) -> str:
        """Be quiet."""
        assert isinstance(payload, str)
        return payload.removesuffix("!")


def up(kind: Any, codec: Codec[Any] | None = None) -> Vocabulary:
    """Return the vocabulary of one direction."""
    return Vocabulary("up", kind, codec or Json())


# Construction


def test_vocabulary_tells_requests_from_messages() -> None:
    """A frame says which of both it carries, so each has a part of its own."""
    made = up(Reading | GetConfig | Alarm)
    assert made.messages.kinds == (Reading, Alarm)
    assert made.requests.kinds == (GetConfig,)
    assert made.everything.kinds == (Reading, GetConfig, Alarm)


def test_vocabulary_knows_what_answers_requests() -> None:
    """Each request has the part of its replies."""
    made = up(GetConfig | GetBoth | Reading)
    found = {request: part.kinds for request, part in made.replies.items()}
    assert found == {GetConfig: (Config,), GetBoth: (Config, Alarm)}


def test_vocabulary_of_plain_types() -> None:
    """A type of the codec's own may be sent as a message and as a request."""
    made = up(Reading | GetConfig | list[int])
    assert made.messages.kinds == (Reading, list[int])
    assert made.requests.kinds == (GetConfig, list[int])


def test_vocabulary_of_nothing() -> None:
    """Where nothing may be said, there are no kinds and no replies."""
    made = up(Never)
    assert (made.everything.kinds, made.replies, made.titles) == ((), {}, "nothing")


def test_vocabulary_shows_its_types() -> None:
    """The types are shown as a reader knows them."""
    assert up(Reading | Page[int] | None).titles == "Reading | Page[int] | NoneType"


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Foreign, "^up: Foreign cannot be decoded$"),
        (Reading | Odd, r"^up: Odd\.what: Foreign cannot be decoded$"),
        (GetOdd, r"^reply to GetOdd: Odd\.what: Foreign cannot be decoded$"),
        ("Reading", "^up: expected a type, not its name 'Reading'$"),
        (list[int] | tuple[int, ...], "^up: Type unions may not contain more than one array-like"),
        (Reading | OtherReading, "^up: .*must have unique `tag` values"),
        (GetTwice, "^reply to GetTwice: Type unions may not contain more than one array-like"),
        (Silent, "^Silent does not say what answers it"),
    ],
)
def test_vocabulary_of_a_type_that_cannot_be_decoded(kind: Any, problem: str) -> None:
    """A type that does not work is refused at construction, and the error says where it is."""
    with pytest.raises(TypeError, match=problem) as caught:
        up(kind)
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("kind", "codec", "problem"),
    [
        (Reading, Text(), r"^up: Text\(\) carries str, not Reading$"),
        (bytes, Text(), r"^up: Text\(\) carries str, not bytes$"),
        (str | bytes, Binary(), r"^up: Binary\(\) carries bytes, not str$"),
        (Request[bytes], Binary(), r"^up: Binary\(\) carries bytes, not Request\[bytes\]$"),
    ],
)
def test_vocabulary_of_a_codec_for_one_type(kind: Any, codec: Codec[Any], problem: str) -> None:
    """Text carries nothing but ``str``, and Binary nothing but ``bytes``."""
    with pytest.raises(TypeError, match=problem):
        up(kind, codec)


@pytest.mark.parametrize(
    ("kind", "codec", "message"),
    [(str, Text(), "x"), (bytes, Binary(), b"x"), (object, Text(), "x")],
)
def test_vocabulary_of_what_a_codec_carries(kind: Any, codec: Codec[Any], message: Any) -> None:
    """A type of the codec's own is encoded and decoded by it."""
    part = up(kind, codec).messages
    assert part.codec is codec
    assert part.quick_decode(part.encode(message)) == message


def test_vocabulary_of_a_codec_that_knows_no_types() -> None:
    """A stranger's codec carries what it likes; a message is still told by its class."""
    made = up(Reading | str, Loud())
    assert made.messages.encode("hi") == "hi!"
    assert made.messages.encode(Reading(1.5)) == "Reading(celsius=1.5)!"
    assert made.messages.quick_decode("hi!") == "hi"


# Encoding


@pytest.mark.parametrize("codec", [Json(), MsgPack()], ids=repr)
@pytest.mark.parametrize("message", [Reading(1.5), Alarm("x"), Page([1, 2])])
def test_part_encodes_its_messages(codec: Codec[Any], message: Message) -> None:
    """What was encoded is decoded to the same, generic classes too."""
    part = up(Reading | Alarm | Page[int], codec).messages
    assert part.quick_decode(part.encode(message)) == message


@pytest.mark.parametrize("message", [[1, 2], "text", 7, None])
def test_part_encodes_plain_types(message: object) -> None:
    """What is no message cannot be told by its class, so the codec decides."""
    part = up(Reading | list[int]).messages
    assert part.encode(message) == Json().encode(message)


def test_part_encode_a_stranger_raises() -> None:
    """A message that does not belong here is refused, and the error says what does."""
    with pytest.raises(
        EncodeError, match=r"^Config cannot be sent here, expected Reading | Alarm$"
    ):
        up(Reading | Alarm).messages.encode(Config())


@pytest.mark.parametrize("message", ["text", [1], None, Point(1)])
def test_part_encode_what_is_no_message_raises(message: object) -> None:
    """Where only messages are sent, nothing else is."""
    name = type(message).__name__
    with pytest.raises(EncodeError, match=f"^{name} cannot be sent here, expected Reading$"):
        up(Reading).messages.encode(message)


def test_part_encode_a_base_class_raises() -> None:
    """Another end decodes the very types of the contract, not their bases."""
    with pytest.raises(EncodeError, match=r"^Measured cannot be sent here, expected Reading$"):
        up(Reading).messages.encode(Measured())


def test_part_encode_a_stranger_among_plain_types_raises() -> None:
    """Where plain types are sent too, a message that does not belong here is still found."""
    with pytest.raises(EncodeError, match=r"^Alarm cannot be sent here, expected Reading \| str$"):
        up(Reading | str).messages.encode(Alarm())


def test_part_encode_a_request_as_a_message_raises() -> None:
    """A request that is sent as a message would never be answered, so the error says how."""
    problem = r"^GetConfig is a request: send it with request\(\), not with send\(\)$"
    with pytest.raises(EncodeError, match=problem):
        up(Reading | GetConfig).messages.encode(GetConfig())


def test_part_encode_a_request_of_the_other_direction_raises() -> None:
    """Where other requests are sent, a stranger among them is one like any other."""
    with pytest.raises(EncodeError, match=r"^GetBoth cannot be sent here, expected GetConfig$"):
        up(GetConfig).requests.encode(GetBoth())


def test_part_encode_what_cannot_be_expressed_raises() -> None:
    """A message with a field that cannot be encoded is an ``EncodeError`` without its content."""
    wrong = Reading(cast("Any", Foreign()))
    with pytest.raises(EncodeError, match=r"^Reading cannot be encoded: .*Foreign"):
        up(Reading).messages.encode(wrong)


# Debugging


def test_part_encode_checked() -> None:
    """What fits is encoded as always."""
    part = up(Reading).messages
    assert part.encode_checked(Reading(1.5)) == part.encode(Reading(1.5))


@pytest.mark.parametrize(
    ("kind", "message", "problem"),
    [
        (Reading, lambda: Reading(cast("Any", "hot")), r"^Reading is not float at \$\.celsius$"),
        (list[int], lambda: 7, r"^int is not list\[int\]$"),
    ],
)
def test_part_encode_checked_what_does_not_fit_raises(
    kind: Any, message: Callable[[], Any], problem: str
) -> None:
    """A field of another type is found where it is sent; without a path it is the whole."""
    with pytest.raises(EncodeError, match=problem) as caught:
        up(kind).messages.encode_checked(message())
    assert caught.value.__context__ is None


# Decoding


@pytest.mark.parametrize("codec", [Json(), MsgPack()], ids=repr)
def test_part_does_not_know_the_other_frame(codec: Codec[Any]) -> None:
    """A message in the frame of a request, and the reverse, is not known there."""
    made = up(Reading | GetConfig, codec)
    with pytest.raises(UnknownMessage):
        made.requests.codec.decode(made.messages.encode(Reading(1)))
    with pytest.raises(UnknownMessage):
        made.messages.codec.decode(made.requests.encode(GetConfig()))


def test_part_of_nothing_decodes_nothing() -> None:
    """Where nothing may arrive, nothing decodes."""
    with pytest.raises(DecodeError):
        up(Never).messages.codec.decode(b'{"$":"Reading"}')


def test_part_of_one_kind_may_be_made_alone() -> None:
    """A part needs no vocabulary around it."""
    assert Part([Reading], Json()).encode(Reading(1)) == b'{"$":"Reading","celsius":1}'


# Looking up a class


@pytest.mark.parametrize("kind", [Reading, Measured, Message, object, GetConfig, msgspec.Struct])
def test_check_what_arrives(kind: type) -> None:
    """A class that arrives, or the base of one, is accepted; a request by its very class."""
    assert up(Reading | GetConfig).check(kind) is kind


@pytest.mark.parametrize(
    "kind", [Config, GetBoth, Request, int], ids=["other", "request", "base", "native"]
)
def test_check_what_never_arrives_raises(kind: type) -> None:
    """What is not in the contract never arrives, so waiting for it is a mistake."""
    problem = rf"^{kind.__name__} does not arrive here, expected Reading \| GetConfig$"
    with pytest.raises(TypeError, match=problem):
        up(Reading | GetConfig).check(kind)


@pytest.mark.parametrize("kind", ["Reading", None, Reading(1), list[int], Reading | Alarm])
def test_check_what_is_no_class_raises(kind: object) -> None:
    """A message, a name or a union is no class of messages."""
    with pytest.raises(TypeError, match=r"^kind must be a class of messages, not "):
        up(Reading | list[int]).check(kind)


@pytest.mark.parametrize(
    ("kind", "arriving"),
    [(Page[int], Page), (list[int], list), (object, str), (object, bytes), (Point, Point)],
)
def test_check_the_class_of_a_form(kind: Any, arriving: type) -> None:
    """The class of a generic type stands for it, and where anything arrives, anything may."""
    assert up(kind).check(arriving) is arriving


def test_check_what_has_no_class_of_its_own() -> None:
    """An annotated type may be of any class but that of a message."""
    made = up(Annotated[int, msgspec.Meta(ge=0)])
    assert made.check(int) is int
    with pytest.raises(TypeError, match=r"^Reading does not arrive here"):
        made.check(Reading)


def test_check_a_message_where_anything_arrives() -> None:
    """Without a contract nobody knows what arrives, so any class may be asked for."""
    assert up(object, Untouched()).check(Reading) is Reading


# What hides its name, or is nothing


class Elsewhere(Message, tag_field="kind"):
    """A message with its name in another place."""


class Row(Message, array_like=True):
    """A message that is no map."""


@pytest.mark.parametrize("kind", [Elsewhere, Row])
def test_vocabulary_of_what_hides_its_name_raises(kind: Any) -> None:
    """An end that does not know the type could not tell."""
    with pytest.raises(TypeError, match=r"^up: \w+ must be a map with its name under '\$'$"):
        up(kind)


def test_vocabulary_of_an_open_variable_raises() -> None:
    """What it stands for is not known."""
    variable: Any = TypeVar("variable")  # type: ignore[misc]  # the point of the test
    for kind in (variable, list[variable]):
        with pytest.raises(TypeError, match=r"^up: .* leaves a type variable open$"):
            up(kind)


def test_silence_of_a_codec_that_knows_no_types() -> None:
    """Where nothing may be said, nothing decodes and nothing is sent."""
    part = Vocabulary("down", Never, Text()).messages
    with pytest.raises(DecodeError, match=r"^payload is not nothing$"):
        part.codec.decode("hello")
    with pytest.raises(EncodeError, match=r"^str cannot be sent here, expected nothing$"):
        part.codec.encode("hello")
    with pytest.raises(EncodeError, match=r"^str cannot be sent here, expected nothing$"):
        part.encode("hello")


def test_check_a_protocol_raises() -> None:
    """A class that cannot be asked for its subclasses is none of messages."""

    class Shaped(Protocol):
        """A protocol."""

        size: int

    for vocabulary in (Vocabulary("", object, Json(Reading)), up(Reading)):
        with pytest.raises(TypeError, match=r"^Shaped is no class of messages: "):
            vocabulary.check(Shaped)


class Choking(Text):
    """A codec that chokes on what it wrote."""

    def decode(self, payload: Any, /) -> str:
        """Raise what it likes."""
        raise KeyError(payload)


def test_encode_checked_shows_nothing_of_a_codec_that_chokes() -> None:
    """What it raises may contain the message."""
    part = Vocabulary("up", str, Choking()).messages
    with pytest.raises(EncodeError, match=r"^str does not decode: KeyError$") as caught:
        part.encode_checked("secret")
    assert caught.value.__context__ is None
