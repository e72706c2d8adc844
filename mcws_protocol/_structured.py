"""The codecs that know types: MsgPack and Json, which check what they decode.

Both are msgspec's, with two differences: errors never show what a peer sent, and a message of a
type that is not known is told apart from one that is wrong.

Source: FAULTS 18, WIRE 2.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, Generic, Never, NoReturn, final

import msgspec
from typing_extensions import TypeForm, TypeVar

from ._errors import DecodeError, EncodeError, UnknownMessage
from ._events import Payload
from ._forms import members_of, title, union_of
from ._message import TAG_FIELD, is_message, tag_of

K = TypeVar("K", default=object)
N = TypeVar("N")

# What msgspec says of a value that does not fit: what was expected, and where. A value that it
# quotes ends with another quotation mark, so it cannot pass for a place.
EXPECTED: Final = re.compile(r"Expected (?P<kind>.*?)(?:, got|$)")
MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]*)`$")
PLACE: Final = re.compile(r" - at (?:`key` in )?`(?P<path>[^`]*)`$")

# The one text that quotes a name of the peer's in the way of a place.
FOREIGN_FIELD: Final = "Object contains unknown field"


NOT_A_BASE: Final = "this codec is no base class: one of your own has encode, decode and for_type"
"""Connections go past the methods of the two, so a subclass would be ignored."""


class Tag(msgspec.Struct):
    """The part of a payload that names the type of the message."""

    name: str = msgspec.field(name=TAG_FIELD)


class Nothing(msgspec.Struct, tag="", tag_field=TAG_FIELD):
    """What is decoded to where nothing may arrive: no payload fits.

    Beside a message it has msgspec ask for a name, which it does not of one type alone.
    """

    never: Annotated[int, msgspec.Meta(gt=0, lt=0)]


# What stands for a type that msgspec does not know: what anything is decoded to, and nothing.
STANDS_FOR: Final[dict[Any, Any]] = {object: Any, Never: Nothing, NoReturn: Nothing}


class Structured(ABC, Generic[K]):
    """What both codecs share.

    Attributes:
        kind: the type that is decoded to.
        quick_encode: ``encode`` without the care for errors: whatever it raises, ``encode`` raises
            what is right.
        quick_decode: the same for ``decode``.
    """

    __slots__ = ("_tags", "kind", "quick_decode", "quick_encode")

    any_bytes: ClassVar[bool]
    """Whether payloads may hold any bytes, which not every framing can carry."""
    name: ClassVar[str]
    """What the format is called."""

    def __init__(self, kind: TypeForm[K] = object) -> None:  # type: ignore[assignment]  # the default of K
        self.kind: Any = kind
        self.quick_encode: Callable[[Any], bytes] = self._encoder()
        self.quick_decode: Callable[[Any], K] = self._decoder(target(kind))
        # Made with the first payload that does not decode.
        self._tags: frozenset[object] | None = None

    @abstractmethod
    def for_type(self, kind: TypeForm[N], /) -> Structured[N]:
        """Return the same codec for another type."""

    def encode(self, message: K, /) -> bytes:
        """Return the payload for ``message``; its type is not checked.

        Raises:
            EncodeError: ``message`` cannot be expressed.
        """
        try:
            payload = self.quick_encode(message)
            self._check(message, payload)
            return payload
        except Exception as error:
            problem = describe(error)
        raise EncodeError(f"{type(message).__name__} cannot be encoded: {problem}")

    def decode(self, payload: Payload, /) -> K:
        """Return the message that ``payload`` holds.

        Raises:
            UnknownMessage: its type is not one of those that are decoded to.
            DecodeError: it is not what its type says.
        """
        text = None
        # Raised outside of `except`, so that no error of msgspec's, which quotes content, hangs on
        # ours.
        try:
            # The mark for text says nothing where types are agreed on (WIRE 1).
            return self.quick_decode(payload.encode() if isinstance(payload, str) else payload)
        except msgspec.ValidationError as error:
            # With a cause it is what a class of the application's says of a value, which it quotes.
            text = "" if error.__cause__ is not None else str(error)
        except Exception:  # noqa: S110 - no message at all
            pass
        if text is None:
            raise DecodeError(f"{self.name} of {title(self.kind)}")
        raise self._unknown(payload) or self._misfit(text)

    def _check(self, message: object, payload: bytes) -> None:
        """Refuse a message that ``payload`` does not say, though encoding it succeeded."""

    def _unknown(self, payload: Payload) -> UnknownMessage | None:
        """Return the error for a message of a type that is not known; None if it is."""
        if self._tags is None:
            self._tags = tags_of(self.kind)
        if not self._tags:
            return None
        try:
            tag = self._decoder(Tag)(payload).name
        except Exception:
            return None
        return None if tag in self._tags else UnknownMessage(title(self.kind), tag)

    def _misfit(self, text: str) -> DecodeError:
        """Return the error that says what msgspec says in ``text``, without any value."""
        place = None if text.startswith(FOREIGN_FIELD) else PLACE.search(text)
        path = "" if place is None else place["path"]
        says = text if place is None else text[: place.start()]
        expected = EXPECTED.match(says)
        # Of the whole, the type says more than that it is an object.
        if expected is not None and path:
            return DecodeError(expected["kind"].replace("`", ""), path)
        missing = MISSING.match(says)
        if missing is not None:
            return DecodeError(f"an object with the field {missing['field']}", path)
        return DecodeError(title(self.kind), path)

    @abstractmethod
    def _encoder(self) -> Callable[[Any], bytes]:
        """Return what encodes."""

    @abstractmethod
    def _decoder(self, kind: Any) -> Callable[[Any], Any]:
        """Return what decodes to ``kind``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.kind is object else title(self.kind)})"


@final
class MsgPack(Structured[K]):
    """MessagePack: small and fast; the codec of a contract that names no other.

    ``kind`` is the type that is decoded to: ``MsgPack(Reading | Alarm)``. Without it anything is
    decoded, to dicts and lists. A contract asks for the types that it needs by itself.

    Raises:
        TypeError: payloads cannot be decoded to ``kind``.

    Source: https://github.com/msgpack/msgpack/blob/master/spec.md
    """

    __slots__ = ()

    any_bytes: ClassVar[bool] = True
    name: ClassVar[str] = "MessagePack"

    def __init_subclass__(cls) -> None:
        raise TypeError(NOT_A_BASE)

    def for_type(self, kind: TypeForm[N], /) -> MsgPack[N]:
        """Return this codec for another type."""
        return MsgPack(kind)

    def _encoder(self) -> Callable[[Any], bytes]:
        return msgspec.msgpack.Encoder().encode

    def _decoder(self, kind: Any) -> Callable[[Any], Any]:
        return msgspec.msgpack.Decoder(kind).decode


@final
class Json(Structured[K]):
    """JSON in UTF-8: readable, and any language has it; bytes travel as base64.

    ``kind`` as in ``MsgPack``. A payload holds no line end, so it travels on ``Lines()`` too.

    Raises:
        TypeError: payloads cannot be decoded to ``kind``.

    Source: RFC 8259.
    """

    __slots__ = ()

    any_bytes: ClassVar[bool] = False
    name: ClassVar[str] = "JSON"

    def __init_subclass__(cls) -> None:
        raise TypeError(NOT_A_BASE)

    def for_type(self, kind: TypeForm[N], /) -> Json[N]:
        """Return this codec for another type."""
        return Json(kind)

    def _encoder(self) -> Callable[[Any], bytes]:
        return msgspec.json.Encoder().encode

    def _check(self, message: object, payload: bytes) -> None:
        """Refuse a float that JSON does not have: msgspec writes null, which nobody decodes."""
        # A look at each number costs more than encoding it, so `quick_encode` goes without.
        if b"null" in payload and has_nonfinite(msgspec.to_builtins(message)):
            raise ValueError("JSON has no NaN and no infinity")

    def _decoder(self, kind: Any) -> Callable[[Any], Any]:
        return msgspec.json.Decoder(kind).decode


def has_nonfinite(value: Any) -> bool:
    """Whether there is a NaN or an infinity in what a message is made of."""
    kind: str = value.__class__.__name__
    if kind == "float":
        return not math.isfinite(value)
    if kind == "dict":
        return any(map(has_nonfinite, (*value, *value.values())))
    return kind in {"list", "tuple", "set", "frozenset"} and any(map(has_nonfinite, value))


def target(kind: Any) -> Any:
    """Return what msgspec decodes to for ``kind``."""
    if kind in STANDS_FOR:
        return STANDS_FOR[kind]
    members = tuple(members_of(kind))
    # Of one class alone msgspec would take any map for an object of it.
    messages = [member for member in members if is_message(member)]
    is_alone = len(messages) == 1 and isinstance(tag_of(messages[0]), str)
    return union_of((*members, Nothing)) if is_alone else kind


def describe(error: Exception) -> str:
    """Return why a message cannot be encoded, without any of its content."""
    # An error of text holds all of it; the others name types and bounds.
    if isinstance(error, UnicodeError):
        return "text with a lone surrogate"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error) or type(error).__name__


def tags_of(kind: Any) -> frozenset[object]:
    """Return the names of the messages that ``kind`` is a union of."""
    info = msgspec.inspect.type_info(STANDS_FOR.get(kind, kind))
    members = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return frozenset(
        member.tag
        for member in members
        if isinstance(member, msgspec.inspect.StructType) and member.tag_field == TAG_FIELD
    )
