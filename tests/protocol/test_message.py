"""Messages and requests: what they are at run time, and which reply belongs to a request."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import msgspec
import pytest

from mcws_protocol._message import Message, Request, is_message, is_request, reply_of

T = TypeVar("T")
U = TypeVar("U")


class Config(Message):
    """A message."""

    interval_s: float = 10.0


class Parcel(Message):
    """A message with a field that has the name of a tag elsewhere."""

    type: str


class Page(Message, Generic[T]):
    """A generic message."""

    items: list[T]


class GetConfig(Request[Config]):
    """A request."""


class GetFresh(GetConfig):
    """A request that inherits its reply."""


class Mixin:
    """What is no message, in front of one."""

    __slots__ = ()


class GetMixed(Mixin, Request[Config]):
    """A request with another base."""


class Holder(Generic[T]):
    """What is generic and no message."""

    __slots__ = ()


class IntHolder(Holder[int]):
    """What has a generic base of its own."""

    __slots__ = ()


class GetHeld(IntHolder, GetConfig):
    """A request whose first base is generic for another reason."""


class Find(Request[Page[T]], Generic[T]):
    """A generic request."""

    what: T


class FindText(Find[str]):
    """A request whose generic base says the reply."""


class Swap(Request[dict[T, U]], Generic[U, T]):
    """A request whose variables are in another order than in its reply."""


class Half(Swap[T, str]):
    """A request of which one variable is filled."""


class HalfOfInts(Half[int]):
    """A request of which the other variable is filled too."""


class Early(Request["Late"]):
    """A request whose reply is written below."""


class Earlier(Request["list[Late] | None"]):
    """A request whose reply has a name in it."""


class Mirror(Request["Mirror"]):
    """A request that answers itself."""


class Late(Message):
    """A message that is named before it exists."""


class Bare(Request):  # type: ignore[type-arg]  # the mistake under test
    """A request that does not say what answers it."""


class Lost(Request["Nowhere"]):  # type: ignore[name-defined]
    """A request whose reply cannot be found."""


def test_message_cannot_change() -> None:
    """A message may be in several queues at once, so nobody can change it."""
    with pytest.raises(AttributeError, match="immutable"):
        cast("Any", Config()).interval_s = 1.0


def test_message_is_equal_by_value() -> None:
    """Two messages of equal fields are equal, and one key of a dict."""
    assert Config(2.0) == Config(interval_s=2.0)
    assert len({Config(2.0), Config(2.0), Config(3.0)}) == 2


def test_message_has_its_name_first() -> None:
    """On the wire a message is a map with its name under ``"$"``, then its fields."""
    assert list(msgspec.to_builtins(Config()).items()) == [("$", "Config"), ("interval_s", 10.0)]


def test_message_may_have_a_field_type() -> None:
    """The name of a message takes no common word away from its fields."""
    assert msgspec.to_builtins(Parcel("box")) == {"$": "Parcel", "type": "box"}


def test_request_has_its_name_first() -> None:
    """A request is a message, generic or not."""
    assert msgspec.to_builtins(GetConfig()) == {"$": "GetConfig"}
    assert msgspec.to_builtins(FindText("x")) == {"$": "FindText", "what": "x"}


@pytest.mark.parametrize(
    "method", [Config.__mcws_type__, GetConfig.__mcws_asks__, GetConfig().__mcws_ask__]
)
def test_what_is_for_type_checkers_does_nothing(method: Any) -> None:
    """What only a type checker asks has no answer at run time."""
    with pytest.raises(NotImplementedError):
        method()


@pytest.mark.parametrize("kind", [Message, Config, GetConfig, Page[int], Find[int], Request])
def test_is_message_of_a_message(kind: Any) -> None:
    """A class of messages is one, generic or not, a request too."""
    assert is_message(kind)


@pytest.mark.parametrize("kind", [int, dict, list[int], object, "Config", None, Config | Late, T])
def test_is_message_of_anything_else(kind: Any) -> None:
    """Any other type form is none, whatever it is."""
    assert not is_message(kind)
    assert not is_request(kind)


@pytest.mark.parametrize("kind", [Request, GetConfig, GetFresh, Find[int], FindText])
def test_is_request_of_a_request(kind: Any) -> None:
    """A class of requests is one, generic or not."""
    assert is_request(kind)


@pytest.mark.parametrize("kind", [Message, Config, Page[int]])
def test_is_request_of_a_message(kind: Any) -> None:
    """A message that wants no answer is none."""
    assert not is_request(kind)


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        (GetConfig, Config),
        (GetFresh, Config),
        (GetMixed, Config),
        (GetHeld, Config),
        (Find[int], Page[int]),
        (FindText, Page[str]),
        (Swap[int, str], dict[str, int]),
        (Half[int], dict[str, int]),
        (HalfOfInts, dict[str, int]),
        (Early, Late),
        (Earlier, list[Late] | None),
        (Mirror, Mirror),
    ],
)
def test_reply_of_a_request(kind: Any, reply: Any) -> None:
    """The reply is found through bases, type variables and names that are written as text."""
    assert reply_of(kind) == reply


@pytest.mark.parametrize("kind", [Request, Bare, Find, Swap, Half])
def test_reply_of_a_request_that_names_none(kind: Any) -> None:
    """Without a reply, or with a variable for it, a request has no place in a contract."""
    with pytest.raises(TypeError) as caught:
        reply_of(kind)
    name = kind.__name__
    problem = f"{name} does not say what answers it: write class {name}(Request[Reply])"
    assert str(caught.value) == problem


def test_reply_of_a_request_that_names_nothing_known() -> None:
    """A name that stands for nothing is a ``TypeError`` that says both names."""
    with pytest.raises(
        TypeError, match=r"^Lost is answered by Nowhere, which is unknown$"
    ) as caught:
        reply_of(Lost)
    assert caught.value.__cause__ is None
