"""Message: what two ends say to each other, as classes; and Request, which names its reply.

Three methods exist for type checkers only. What they return appears nowhere at run time: it lets a
checker infer, from a class or an object, whether it is part of a contract and what answers it.
"""

from __future__ import annotations

from typing import Any, Final, Generic, Protocol, Self, get_args

import msgspec
from typing_extensions import TypeVar, dataclass_transform

from ._forms import class_of, fill, has_variables, resolve

S_co = TypeVar("S_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)


# Where a payload has the name of its type.
TAG_FIELD: Final = "$"


class Ask(Generic[S_co, R_co]):
    """That ``S`` is a request which ``R`` answers; for type checkers only."""


class Is(Generic[S_co, T_co]):
    """That the class of ``S`` is one of ``T``; for type checkers only."""


class Asks(Generic[S_co, T_co, R_co]):
    """That the class of ``S`` is a request of ``T`` which ``R`` answers; for type checkers only."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, frozen=True, tag=True, tag_field="$"):
    """One kind of message; a subclass says which fields it has, each with a type.

    ::

        class Reading(Message):
            celsius: float
            sensor: str = "default"

    Objects cannot change and compare by value. On the wire a message is a map with the name of its
    class under ``"$"`` first, then its fields. A receiver ignores fields that it does not know and
    fills in defaults for those that are missing, so new fields with defaults are compatible.

    Source: WIRE 2.
    """

    @classmethod
    def __mcws_type__(cls) -> Is[Self, Self]:
        raise NotImplementedError


class Request(Message, Generic[R_co]):
    """A message that asks for an answer; the type of the reply belongs to it.

    ::

        class GetConfig(Request[Config]):
            section: str
    """

    def __mcws_ask__(self) -> Ask[Self, R_co]:
        raise NotImplementedError

    @classmethod
    def __mcws_asks__(cls) -> Asks[Self, Self, R_co]:
        raise NotImplementedError


class RequestOf(Protocol[S_co, R_co]):
    """A request that is one of ``S`` and that ``R`` answers."""

    def __mcws_ask__(self) -> Ask[S_co, R_co]: ...


class MessageType(Protocol[S_co, T_co]):
    """A class ``S`` of messages that is one of ``T``."""

    def __mcws_type__(self) -> Is[S_co, T_co]: ...


class RequestType(Protocol[S_co, T_co, R_co]):
    """A class ``S`` of requests that is one of ``T`` and that ``R`` answers."""

    def __mcws_asks__(self) -> Asks[S_co, T_co, R_co]: ...


def is_message(kind: Any) -> bool:
    """Whether a type form is that of a message."""
    kind = class_of(kind)
    return isinstance(kind, type) and issubclass(kind, Message)


def tag_of(kind: Any) -> object:
    """Return the name of a message type on the wire, or the number that stands for it."""
    tag: object = class_of(kind).__struct_config__.tag
    return tag


def is_request(kind: Any) -> bool:
    """Whether a type form is that of a request."""
    kind = class_of(kind)
    return isinstance(kind, type) and issubclass(kind, Request)


def reply_of(kind: Any) -> Any:
    """Return the type form that answers the requests of ``kind``.

    Raises:
        TypeError: it names no reply, or one that cannot be found by its name.
    """
    found = argument_of(class_of(kind), get_args(kind))
    if found is None or isinstance(found, TypeVar) or has_variables(found):
        name = class_of(kind).__name__
        raise TypeError(f"{name} does not say what answers it: write class {name}(Request[Reply])")
    return found


def argument_of(request: type, arguments: tuple[Any, ...]) -> Any:
    """Return what ``request``, of these type arguments, gives to ``Request``; None for nothing."""
    parameters = getattr(request, "__parameters__", ())
    given = dict(zip(parameters, arguments, strict=False))
    # Not by `getattr`: a class without generic bases of its own would show those of its parent.
    for base in vars(request).get("__orig_bases__", request.__bases__):
        origin = class_of(base)
        if not is_request(origin):
            continue
        filled = tuple(fill(resolve(each, request), given) for each in get_args(base))
        if origin is not Request:
            return argument_of(origin, filled)
        return filled[0] if filled else None
    return None
