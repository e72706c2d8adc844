"""Vocabulary: the messages of one direction, and what turns them into payloads and back.

A request and a message that is none are told apart by the frame that carries them (WIRE 2), so each
has a decoder of its own: what comes in the wrong frame is not known there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

from ._codec import Binary, Codec, Text
from ._errors import DecodeError, EncodeError
from ._events import Payload
from ._forms import class_of, has_variables, is_form, members_of, title, titles, union_of
from ._hazard import hazard
from ._message import TAG_FIELD, Message, Request, is_message, is_request, reply_of
from ._schema import undecodable
from ._structured import Structured

# The codecs of one kind of message each.
NATIVE: Final[dict[type, type]] = {Text: str, Binary: bytes}


class Silent:
    """The codec of a direction in which nothing is said, where the codec itself knows no types."""

    def encode(self, message: Any, /) -> Payload:
        """Refuse.

        Raises:
            EncodeError: always.
        """
        raise EncodeError(f"{type(message).__name__} cannot be sent here, expected nothing")

    def decode(self, payload: Payload, /) -> Any:
        """Refuse.

        Raises:
            DecodeError: always.
        """
        raise DecodeError("nothing")


SILENT: Final = Silent()


class Part:
    """Some of the messages of one direction, and the codec for them.

    Attributes:
        kinds: their types.
        codec: turns them into payloads and back.
        encode: returns the payload for a message; raises as ``encode_with_care``.
        quick_decode: ``decode`` without the care for errors.
    """

    __slots__ = ("_is_open", "codec", "encode", "kinds", "quick_decode")

    def __init__(self, kinds: Sequence[Any], codec: Codec[Any]) -> None:
        self.kinds: tuple[Any, ...] = tuple(kinds)
        self.codec: Codec[Any] = codec_for(codec, self.kinds)
        known = frozenset(class_of(kind) for kind in self.kinds if is_message(kind))
        # What is no `Message` cannot be told by its class: a list may be a `list[int]`.
        self._is_open = len(known) < len(self.kinds)
        self.encode: Callable[[Any], Payload] = self._encoder(known)
        self.quick_decode: Callable[[Payload], Any] = getattr(
            self.codec, "quick_decode", self.codec.decode
        )

    def _encoder(self, known: frozenset[type]) -> Callable[[Any], Payload]:
        """Return what encodes messages of the classes ``known`` fast, and others with care."""
        if object in self.kinds:
            # Whatever it is, it is one of these: the codec alone decides.
            return self.codec.encode
        quick: Callable[[Any], Payload] = getattr(self.codec, "quick_encode", self.codec.encode)
        careful = self.encode_with_care

        # The hot path of typed messages. A closure, since each attribute of `self` would cost.
        def encode(message: Any) -> Payload:
            """Return the payload for ``message``; raises as ``encode_with_care``."""
            if message.__class__ in known:
                try:
                    return quick(message)
                except Exception:  # noqa: S110 - the same again, with the error that is promised
                    pass
            return careful(message)

        return encode

    def encode_with_care(self, message: Any) -> Payload:
        """Return the payload for ``message``.

        Raises:
            EncodeError: it is none of these types, or cannot be expressed.
        """
        is_here = any(class_of(kind) in (message.__class__, object) for kind in self.kinds)
        if not is_here and (not self._is_open or isinstance(message, Message)):
            raise self._stranger(message)
        return self.codec.encode(message)

    def encode_checked(self, message: Any) -> Payload:
        """Return the payload for ``message`` after a look at all of its fields; else as ``encode``.

        Raises:
            EncodeError: also where a field is not of its type.
        """
        self.encode(message)
        # Once more, by the way that looks closely.
        payload = self.codec.encode(message)
        try:
            # What the peer will do, so that the mistake shows where it was made.
            self.codec.decode(payload)
        except DecodeError as error:
            at = f" at {error.path}" if error.path else ""
            problem = f"is not {error.expected}{at}"
        except Exception as error:
            # A stranger's codec: what it raises may contain the message.
            problem = f"does not decode: {type(error).__name__}"
        else:
            return payload
        raise EncodeError(f"{type(message).__name__} {problem}")

    def _stranger(self, message: object) -> EncodeError:
        """Return the error for a message that is not one of these."""
        name = type(message).__name__
        if isinstance(message, type):
            return EncodeError(f"expected a message, not the class {message.__name__}")
        if isinstance(message, Request) and not any(map(is_request, self.kinds)):
            return EncodeError(f"{name} is a request: send it with request(), not with send()")
        return EncodeError(f"{name} cannot be sent here, expected {titles(self.kinds)}")


class Vocabulary:
    """The messages of one direction.

    Attributes:
        messages: those that are no requests.
        requests: the requests, with what may be either.
        everything: both, for wires that do not tell them apart.
        replies: what answers each request, by the class of the request.
        codec: what knows all of them.

    Raises:
        TypeError: payloads cannot be decoded to one of the types; it names the type.
    """

    __slots__ = ("codec", "everything", "messages", "replies", "requests")

    def __init__(self, name: str, kind: Any, codec: Codec[Any]) -> None:
        self.codec: Codec[Any] = codec
        kinds = tuple(members_of(kind))
        check_kinds(name, kinds, codec)
        asking = [each for each in kinds if is_request(each)]
        # Where the types are a codec's own, each may be sent as either.
        native = [each for each in kinds if not is_message(each)]
        self.everything: Part = part(name, kinds, codec)
        self.messages: Part = Part([each for each in kinds if not is_request(each)], codec)
        self.requests: Part = Part([*asking, *native], codec)
        self.replies: dict[type, Part] = {}
        for request in asking:
            reply = f"reply to {class_of(request).__name__}"
            kinds = tuple(members_of(reply_of(request)))
            check_kinds(reply, kinds, codec)
            self.replies[class_of(request)] = part(reply, kinds, codec)

    @property
    def titles(self) -> str:
        """The types as a reader knows them."""
        return titles(self.everything.kinds)

    def check(self, kind: object) -> type:
        """Return ``kind`` if it is the class of messages that are among these, or a base of it.

        Raises:
            TypeError: it is no class, or messages of it never come.
        """
        if not isinstance(kind, type):
            raise TypeError(f"kind must be a class of messages, not {kind!r}")
        # A request has one answer, so a handler is for exactly one class.
        try:
            # What handlers of a base class are found by; a `Protocol`, for instance, refuses it.
            issubclass(object, kind)
            is_known = kind in self.replies if is_request(kind) else self._includes(kind)
        except TypeError as error:
            raise TypeError(f"{kind.__name__} is no class of messages: {error}") from None
        if not is_known:
            raise TypeError(f"{kind.__name__} does not arrive here, expected {self.titles}")
        return kind

    def _includes(self, kind: type) -> bool:
        return any(is_part(each, kind) for each in self.everything.kinds)


def part(name: str, kinds: Sequence[Any], codec: Codec[Any]) -> Part:
    """Return the part of ``kinds``.

    Raises:
        TypeError: they cannot be told apart on the wire; it names where.
    """
    try:
        return Part(kinds, codec)
    except TypeError as error:
        # Without a period at the end, as all errors here.
        problem = str(error).partition("\n")[0].rstrip(".")
    raise TypeError(f"{name}: {problem}")


def codec_for(codec: Codec[Any], kinds: Sequence[Any]) -> Codec[Any]:
    """Return what ``codec`` offers for ``kinds``; the codec itself if it knows no types."""
    if tuple(kinds) == (object,):
        # Without a contract the codec is what the application made of it.
        return codec
    bind = getattr(codec, "for_type", None)
    if bind is not None:
        bound: Codec[Any] = bind(union_of(kinds))
        return bound
    return codec if kinds else SILENT


def check_kinds(name: str, kinds: Sequence[Any], codec: Codec[Any]) -> None:
    """Refuse types that ``codec`` cannot carry.

    Raises:
        TypeError: naming where and which.
    """
    for kind in kinds:
        if kind is object:
            continue
        if isinstance(kind, str):
            raise TypeError(f"{name}: expected a type, not its name {kind!r}")
        if not is_form(kind):
            wanted = "a class or a union such as A | B"
            raise TypeError(f"{name}: expected {wanted}, not {kind!r}")
        if isinstance(kind, TypeVar) or has_variables(kind):
            raise TypeError(f"{name}: {title(kind)} leaves a type variable open")
        check_tag(name, kind)
        native = NATIVE.get(type(codec))
        if native is not None and kind is not native:
            raise TypeError(f"{name}: {codec!r} carries {native.__name__}, not {title(kind)}")
        # The first without asking msgspec, which the second does.
        problem = (hazard(kind) or undecodable(kind)) if isinstance(codec, Structured) else ""
        if problem:
            raise TypeError(f"{name}: {problem} cannot be decoded")


def check_tag(name: str, kind: Any) -> None:
    """Refuse a class of messages that hides its name on the wire (WIRE 2).

    Raises:
        TypeError: naming where and which.
    """
    if is_message(kind):
        config = class_of(kind).__struct_config__
        if config.tag_field != TAG_FIELD or config.array_like:
            raise TypeError(
                f"{name}: {title(kind)} must be a map with its name under {TAG_FIELD!r}"
            )


def is_part(known: Any, kind: type) -> bool:
    """Whether some objects of the type ``known`` are of the class ``kind``."""
    known = class_of(known)
    # What has no class of its own, an annotated type, may be of any but a message's; and
    # `Annotated` itself is a class in some versions of Python.
    if known in (object, Annotated) or not isinstance(known, type):
        return known is object or not issubclass(kind, Message)
    return issubclass(known, kind)
