"""Types that msgspec must not be asked about, since it would corrupt memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypedDict

import msgspec
import pytest
from msgspec import Meta
from typing_extensions import TypeAliasType

from mcws_protocol._contract import Contract
from mcws_protocol._hazard import hazard
from mcws_protocol._message import Message, Request

Word = Annotated[str, Meta(pattern="^a")]
Few = Annotated[int, Meta(ge=1)]
Small = Annotated[dict[str, int], Meta(max_length=3)]
Titled = Annotated[str, Meta(title="a title")]


@dataclass
class Point:
    """A dataclass with a union that clashes."""

    at: dict[str, Word | tuple[int, ...]]


class Pair(NamedTuple):
    """A named tuple with a union that clashes."""

    both: Few | tuple[int, int]


class Bag(TypedDict):
    """A typed dict with a union that clashes."""

    content: Small | tuple[int, int]


class Leaf(msgspec.Struct):
    """A struct with a union that clashes."""

    name: Word | list[int]


class Tree(msgspec.Struct):
    """A struct that has itself inside, and another one that clashes."""

    below: Tree | None
    leaves: list[Leaf]


class Ring(msgspec.Struct):
    """A struct that has itself inside, and nothing else."""

    following: Ring | None


class Lost(msgspec.Struct):
    """A struct with a field of a type that nobody knows."""

    what: Nowhere  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable]  # noqa: F821


class Named(Message):
    """A message with a union that clashes."""

    name: Word | list[int] = ""


class Fine(Message):
    """A message without one."""


Alias = TypeAliasType("Alias", Word | list[int])


@pytest.mark.parametrize(
    "kind",
    [
        Word | list[int],
        Word | set[int],
        Word | frozenset[int],
        Word | tuple[int, ...],
        Word | tuple,
        Word | dict[str, int],
        Few | tuple[int, int],
        Annotated[str, Meta(min_length=1)] | tuple[int, int],
        Annotated[bytes, Meta(max_length=1)] | tuple[int, int],
        Small | tuple[int, int],
        list[Word | list[int]],
        Annotated[list[Word | list[int]], Meta(max_length=1)],
        Alias,
        Point,
        Pair,
        Bag,
        Tree,
    ],
)
def test_hazard_of_members_that_clash(kind: Any) -> None:
    """Wherever such a union is, it is found without msgspec, and named."""
    assert " beside a " in hazard(kind)


@pytest.mark.parametrize(
    "kind",
    [
        str,
        Word | int | None,
        Few | list[int],
        Few | tuple[int, ...],
        Titled | list[int],
        Annotated[int, "a remark"] | tuple[int, int],
        dict[str, int] | tuple[int, int],
        tuple[int, int] | str,
        list[Few] | None,
        Ring,
        Lost,
        Fine,
        None,
    ],
)
def test_no_hazard(kind: Any) -> None:
    """All others msgspec can be asked about."""
    assert hazard(kind) == ""


def test_contract_with_a_hazard_raises() -> None:
    """It is a ``TypeError`` that says where, in place of a crash."""
    problem = (
        r"^up: Annotated.* \| list\[int\], a str with a pattern beside a collection, cannot be"
    )
    with pytest.raises(TypeError, match=problem):
        Contract("c", version=1, up=Named, down=Fine)


def test_reply_with_a_hazard_raises() -> None:
    """Replies are looked at as well."""

    class Ask(Request[Named]):
        """A request."""

    with pytest.raises(TypeError, match=r"^reply to Ask: .* cannot be decoded$"):
        Contract("c", version=1, up=Ask, down=Fine)
