"""Schemas: what is part of one, and what is not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import subprocess
import sys
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NotRequired,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from mcws_protocol._schema import describe, fingerprint, undecodable

T = TypeVar("T")


class Node(Struct, tag=True, tag_field="$", frozen=True):
    """A class that contains itself."""

    name: str
    kids: list[Node] = []


class Left(Struct, tag=True):
    """One of two classes that contain each other."""

    right: Right | None = None


class Right(Struct, tag=True):
    """The other one."""

    left: Left | None = None


class Box(Struct, Generic[T], tag=True):
    """A generic class."""

    content: T


class Colour(enum.Enum):
    """Plain values with names."""

    RED = "red"
    BLUE = "blue"


class Access(enum.IntFlag):
    """Values that combine."""

    READ = 1
    WRITE = 2


class Place(NamedTuple):
    """A row with a default."""

    x: int
    y: int = 0


class Options(TypedDict):
    """A record with a key that may be missing."""

    a: int
    b: NotRequired[str]


@dataclasses.dataclass
class Data:
    """A record."""

    a: int


def struct(*fields: Any, name: str = "S", **options: Any) -> Any:
    """Return a new struct class."""
    return msgspec.defstruct(name, fields, **options)


def test_record_has_tag_names_types_and_defaults() -> None:
    """All of a struct that is on the wire is in its schema, and no more."""
    kind = struct(
        ("one_field", Annotated[int, Meta(ge=1, title="One", description="The first")]),
        ("b", float, 1.5),
        tag="T",
        tag_field="$",
        rename="camel",
        forbid_unknown_fields=True,
        omit_defaults=True,
    )
    assert describe(kind) == {
        "is": "record",
        "of": {
            "oneField": {"type": {"is": "int", "ge": 1}},
            "b": {"type": {"is": "float"}, "value": 1.5, "omissible": True},
        },
        "tag": "T",
        "tag_field": "$",
        "closed": True,
    }


def test_row_has_tag_and_places() -> None:
    """A struct that is written as an array has places, its tag being the first one."""
    kind = struct(("a", int), ("b", int, 2), tag="T", array_like=True)
    assert describe(kind) == {
        "is": "row",
        "of": [
            {"type": {"is": "values", "of": ["T"]}},
            {"type": {"is": "int"}},
            {"type": {"is": "int"}, "value": 2},
        ],
    }


DIFFERENT = [
    *(None, bool, int, float, str, bytes, dt.datetime, dt.date, dt.time, dt.timedelta),
    *(Decimal, UUID, Any, Raw, msgspec.msgpack.Ext, complex),
    *(list[int], set[int], dict[str, int], dict[int, int], tuple[int], list[str]),
    *(Colour, Access, Literal[1], Literal["1"], Literal[True], Literal[1, 2]),
    *(int | None, str | None, int | str, list[int | None]),
    *(Annotated[int, Meta(ge=1)], Annotated[int, Meta(le=1)], Annotated[int, Meta(multiple_of=2)]),
    *(Annotated[float, Meta(ge=1)], Annotated[float, Meta(gt=1)]),
    *(Annotated[float, Meta(le=1)], Annotated[float, Meta(lt=1)]),
    *(Annotated[str, Meta(pattern="a")], Annotated[str, Meta(min_length=1)]),
    *(Annotated[str, Meta(max_length=1)], Annotated[bytes, Meta(max_length=1)]),
    *(Annotated[list[int], Meta(max_length=1)], Annotated[dict[str, int], Meta(max_length=1)]),
    *(Annotated[dt.datetime, Meta(tz=True)], Annotated[dt.datetime, Meta(tz=False)]),
    *(Annotated[dt.time, Meta(tz=True)], Annotated[dt.time, Meta(tz=False)]),
    *(Node, list[Node], Left, Right, Box[int], Box[str], Place, Options),
    struct(),
    struct(tag="A"),
    struct(tag="B"),
    struct(tag=1),
    struct(tag="A", tag_field="$"),
    struct(array_like=True),
    struct(forbid_unknown_fields=True),
    struct(("a", int)),
    struct(("b", int)),
    struct(("a", int), array_like=True),
    struct(("a", int, 0)),
    struct(("a", int, 1)),
    struct(("a", int, 1), omit_defaults=True),
    struct(("a", int | UnsetType, UNSET)),
    struct(("a", list[int], [])),
    struct(("a", list[int], msgspec.field(default_factory=lambda: [1]))),
]


def test_different_types_have_different_schemas() -> None:
    """What is not the same on the wire, or not checked in the same way, is told apart."""
    found = [fingerprint(describe(kind)) for kind in DIFFERENT]
    assert len(set(found)) == len(DIFFERENT)


EQUAL: list[tuple[Any, Any]] = [
    (int | str | None, None | str | int),  # the order is the point
    (Node | None, None | Node),
    (list[int], tuple[int, ...]),
    (set[int], frozenset[int]),
    (bytes, bytearray),
    (bytes, memoryview),
    (Annotated[int, Meta(gt=4)], Annotated[int, Meta(ge=5)]),
    (Annotated[int, Meta(lt=4)], Annotated[int, Meta(le=3)]),
    (Annotated[int, Meta(multiple_of=1)], int),
    (Annotated[str, Meta(min_length=0)], str),
    (Annotated[float, Meta(ge=1)], Annotated[float, Meta(ge=1.0)]),
    (Annotated[int, Meta(title="a", extra={"b": 1})], int),
    (Colour, Literal["blue", "red"]),
    (Literal[None, 1], Literal[1] | None),  # noqa: PYI061  # both are allowed
    (Literal["a"] | Literal["b"], Literal["b", "a"]),  # noqa: PYI030
    (Literal[None], None),  # noqa: PYI061
    (struct(("a", int)), Data),
    (struct(("a", int), name="A"), struct(("a", int), name="B")),
    (struct(("a", int), ("b", str)), struct(("b", str), ("a", int))),
    (struct(("a", int), rename=str.upper), struct(("A", int))),
    (Place, struct(("x", int), ("y", int, 0), array_like=True, forbid_unknown_fields=True)),
    (Options, struct(("a", int), ("b", str | UnsetType, UNSET))),
    (Box[Node], struct(("content", Node), tag="Box")),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_is_not_on_the_wire_is_not_in_the_schema(one: Any, other: Any) -> None:
    """Neither the names of untagged classes nor the order of anything nor docstrings count."""
    assert describe(one) == describe(other)


def test_recursion_names_how_far_up() -> None:
    """A class inside of itself is how many classes up it is, wherever the outermost one is."""
    node = describe(Node)
    assert describe(list[Node]) == {"is": "array", "of": node}
    assert isinstance(node, dict)
    assert node["of"]["kids"]["type"] == {"is": "array", "of": {"up": 0}}
    assert '"up": 1' in msgspec.json.format(msgspec.json.encode(describe(Left))).decode()


def test_two_structs_of_one_name_are_told_apart() -> None:
    """A class is what it contains, not how it is called."""
    one, other = struct(("a", int), name="S"), struct(("b", int), name="S")
    assert describe(struct(("x", one), ("y", other))) != describe(struct(("x", one), ("y", one)))


@pytest.mark.parametrize(
    ("default", "written"),
    [
        (b"ab", "YWI="),
        (dt.date(2020, 2, 3), "2020-02-03"),
        (Colour.RED, "red"),
        (Decimal("1.50"), "1.50"),
        (None, None),
        (frozenset({3, 1, 2}), [1, 2, 3]),
        (object(), None),
        (frozenset({1, "a"}), None),
    ],
)
def test_default_is_written_as_on_the_wire(default: object, written: object) -> None:
    """A default is what it becomes, in one order; None if that is not known."""
    described = describe(struct(("a", Any, default)))
    assert described == {
        "is": "record",
        "of": {"a": {"type": {"is": "any"}, "value": written}},
    }


@pytest.mark.parametrize("make", [list, dict, set])
def test_factory_of_something_empty_is_called(make: Any) -> None:
    """A default that is made anew is known if it is empty; others are not called."""
    described: Any = describe(struct(("a", Any, msgspec.field(default_factory=make))))
    assert described["of"]["a"]["value"] == ({} if make is dict else [])
    described = describe(struct(("a", Any, msgspec.field(default_factory=lambda: 1 / 0))))
    assert described["of"]["a"] == {"type": {"is": "any"}, "factory": True}


class Config(Struct):
    """A class with something that has no place in a message."""

    socket: complex


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (int, ""),
        (Node, ""),
        (Left, ""),
        (complex, "complex"),
        (complex | None, "complex"),
        (list[complex], "complex"),
        (dict[str, complex], "complex"),
        (dict[complex, str], "complex"),
        (list[Config], "Config.socket: complex"),
        (tuple[int, complex], "tuple[1]: complex"),
        (struct(("a", tuple[()])), ""),
        (Literal[1.5], "Literal may only contain"),
        (int | complex, "Type unions containing a custom type"),
        (list["Nowhere"], "'Nowhere'"),  # type: ignore[name-defined]  # noqa: F821  # it is nowhere
        (struct(("a", "Nowhere")), "'Nowhere'"),
    ],
)
def test_undecodable_names_type_and_place(kind: Any, found: str) -> None:
    """What msgspec cannot decode is named with the place where it is."""
    assert found in undecodable(kind)
    assert bool(undecodable(kind)) == bool(found)


def test_undecodable_names_the_class_with_an_unknown_annotation() -> None:
    """Who reads it finds the class, and what it names."""
    problem = undecodable(struct(("a", "Nowhere")))
    assert problem == "S, which names the unknown 'Nowhere',"


PINNED = {
    "int": "ba4617dad0d5cc25",
    "node": "6de3c005c6a8c9aa",
    "left": "e0fdf303ed683e7b",
    "union": "9f9645e4f9ccaae6",
    "options": "82400c6eb918583a",
    "colour": "78dca14bf39388c9",
    "moment": "f4bd51d7e343db7f",
    "pattern": "2fb590c8d161bbc4",
}


def vectors() -> dict[str, str]:
    """Return fingerprints of types in which each kind of thing appears."""
    kinds: dict[str, Any] = {
        "int": int,
        "node": Node,
        "left": Left,
        "union": Node | Place | None,
        "options": Options,
        "colour": Colour | None,
        "moment": Annotated[dt.datetime, Meta(tz=True)],
        "pattern": Annotated[str, Meta(pattern="^ü", max_length=9)],
    }
    return {name: fingerprint(describe(kind)) for name, kind in kinds.items()}


def test_fingerprints_never_change() -> None:
    """A fingerprint is what peers of other versions compare: it stays as it is."""
    assert vectors() == PINNED


def test_fingerprint_takes_texts_in_order() -> None:
    """Parts, their order and their number count."""
    found = {fingerprint(*parts) for parts in [(), ("a",), ("a", "b"), ("b", "a"), ("ab",)]}
    assert len(found) == 5
    assert all(len(digits) == 16 and int(digits, 16) >= 0 for digits in found)


def test_fingerprint_is_the_same_in_each_process() -> None:
    """Neither the seed of hashes nor the process counts."""
    script = (
        "from typing import Literal; from mcws_protocol._schema import *;"
        "print(fingerprint(describe(Literal['a', 'b', 'c'] | int | None | set[str])))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(found) == 1
