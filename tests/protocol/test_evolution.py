"""Evolution: which changes of a type are seen, and how they are told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from mcws_protocol._evolution import Change, compare, compare_messages

CODECS = (msgspec.msgpack, msgspec.json)


def message(*fields: Any, name: str = "Reading", **options: Any) -> Any:
    """Return a message class."""
    tag = options.pop("tag", name)
    return msgspec.defstruct(name, fields, tag=tag, tag_field="$", frozen=True, **options)


def ranged(form: Any, **limits: Any) -> Any:
    """Return a type with constraints."""
    return Annotated[form, Meta(**limits)]


def either(*forms: Any) -> Any:
    """Return a union of forms that are not known to a type checker."""
    first, *rest = forms
    for form in rest:
        first = first | form
    return first


def told(writer: Any, reader: Any) -> list[str]:
    """Return the changes as lines."""
    return [str(change) for change in compare(writer, reader)]


class Colour(enum.Enum):
    """Texts."""

    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    """Numbers."""

    LOW = 1
    HIGH = 2


class Access(enum.Flag):
    """Numbers that combine."""

    READ = 1
    WRITE = 2


class More(enum.Flag):
    """The same and one more."""

    READ = 1
    WRITE = 2
    RUN = 4


# `None` is in both, which a union of them has once.
FIRST: Any = Literal[1, None]  # noqa: PYI061
SECOND: Any = Literal[2, None]  # noqa: PYI061

NAIVE = dt.datetime(2020, 2, 3, 4, 5, 6)  # noqa: DTZ001
SAMPLES: dict[Any, list[Any]] = {
    None: [None],
    bool: [True, False],
    int: [0, 1, -7, 2**64 - 1],
    float: [0.0, 0.5, 1e300],
    str: ["", "a", "red"],
    bytes: [b"", b"ab"],
    ranged(dt.datetime, tz=True): [NAIVE.replace(tzinfo=dt.UTC)],
    ranged(dt.datetime, tz=False): [NAIVE],
    dt.datetime: [NAIVE, NAIVE.replace(tzinfo=dt.UTC)],
    dt.date: [NAIVE.date()],
    ranged(dt.time, tz=True): [dt.time(1, tzinfo=dt.UTC)],
    dt.time: [dt.time(1), dt.time(1, tzinfo=dt.UTC)],
    dt.timedelta: [dt.timedelta(1)],
    Decimal: [Decimal("1.5")],
    UUID: [UUID(int=1)],
    Colour: list(Colour),
    Level: list(Level),
    Access: [Access.READ | Access.WRITE],
    More: [More.RUN],
    Literal["a", 1] | None: ["a", 1, None],
    Literal[True]: [True],
    list[int]: [[], [1, 1]],
    set[int]: [set(), {1}],
    tuple[int, int]: [(1, 2)],
    dict[str, int]: [{}, {"a": 1}],
    dict[int, int]: [{1: 1}],
    msgspec.defstruct("Plain", [("a", int)]): [],
    Any: [None, 1, "a", [1], {"a": 1}],
}
"""Each kind of thing with values, some of which no other kind reads."""


def pairs() -> Iterator[tuple[Any, Any]]:
    """Yield all pairs of kinds."""
    for writer in SAMPLES:
        for reader in SAMPLES:
            yield writer, reader


def decodes(writer: Any, reader: Any) -> bool:
    """Return whether the samples of ``writer`` decode as ``reader`` with both codecs."""
    values = SAMPLES[writer] or [writer(1)]
    try:
        for codec in CODECS:
            for value in values:
                codec.decode(codec.encode(value), type=reader)
    except msgspec.ValidationError:
        return False
    return True


def test_each_pair_of_kinds_is_judged_as_msgspec_does() -> None:
    """For all kinds: nothing is found if and only if the values of one decode as the other."""
    wrong = [(w, r) for w, r in pairs() if decodes(w, r) == bool(compare(w, r))]
    assert wrong == []


def test_each_pair_of_kinds_is_judged_alike_inside_of_a_union() -> None:
    """A union with None reads and writes the same, and None."""
    special = (None, Any, Literal["a", 1] | None)
    for writer, reader in pairs():
        if writer in special or reader in special:
            continue
        found = bool(compare(writer, reader))
        assert bool(compare(writer, either(reader, None))) == found, (writer, reader)
        assert bool(compare(either(writer, None), either(reader, None))) == found
        assert compare(either(writer, None), reader) != []


@pytest.mark.parametrize(
    ("writer", "reader", "problem"),
    [
        (ranged(int, ge=5), ranged(int, ge=4), ""),
        (ranged(int, ge=4), ranged(int, ge=5), "accepts 5 and more, the writer sends 4 and more"),
        (ranged(int, gt=4), ranged(int, ge=5), ""),
        (ranged(int, lt=5), ranged(int, le=4), ""),
        (ranged(int, le=4), ranged(int, le=3), "accepts 3 and less, the writer sends 4 and less"),
        (ranged(int, ge=5), ranged(float, gt=4), ""),
        (ranged(int, ge=5), ranged(float, gt=5), "int is written, float is read"),
        (
            ranged(float, ge=5),
            ranged(float, gt=5),
            "accepts more than 5.0, the writer sends 5.0 and more",
        ),
        (ranged(float, gt=5), ranged(float, ge=5), ""),
        (ranged(float, gt=5), ranged(float, gt=5), ""),
        (ranged(float, lt=5), ranged(float, lt=5), ""),
        (
            ranged(float, le=5),
            ranged(float, lt=5),
            "accepts less than 5.0, the writer sends 5.0 and less",
        ),
        # 2**53 + 1 becomes 2**53 as a float.
        (ranged(int, gt=2**53), ranged(float, gt=2**53), "int is written, float is read"),
        (ranged(int, multiple_of=6), ranged(int, multiple_of=3), ""),
        (
            ranged(int, multiple_of=3),
            ranged(int, multiple_of=6),
            "accepts multiples of 6, the writer sends multiples of 3",
        ),
        (int, ranged(int, multiple_of=2), "accepts multiples of 2, the writer sends any int"),
        (
            float,
            ranged(float, multiple_of=2),
            "accepts multiples of 2.0, the writer sends any float",
        ),
        (ranged(int, multiple_of=2), ranged(float, multiple_of=2), "int is written, float is read"),
        (ranged(int, ge=0, le=9), ranged(float, multiple_of=0.5), ""),
        # Beyond 2**53 a multiple of 3 is none any more as a float.
        (ranged(int, ge=0, le=9, multiple_of=3), ranged(float, multiple_of=3), ""),
        (
            ranged(int, ge=-(2**54), le=0, multiple_of=3),
            ranged(float, multiple_of=3),
            "int is written, float is read",
        ),
        (FIRST | SECOND, FIRST | SECOND, ""),
        (Access, Access | str, ""),
        (Literal[5, 9], ranged(int, ge=5), ""),
        (Literal[4, 6], ranged(int, multiple_of=2), ""),
        (Literal[4, 5], ranged(int, multiple_of=2), "Literal[4, 5] is written, int is read"),
        (Literal["ab"], ranged(str, pattern="b", max_length=2), ""),
        (Literal["ab"], ranged(str, pattern="c"), "Literal['ab'] is written, str is read"),
        (Literal["ab"], ranged(str, max_length=1), "Literal['ab'] is written, str is read"),
        (str, ranged(str, min_length=1), "accepts 1 and more characters, the writer sends any str"),
        (bytes, ranged(bytes, max_length=9), "accepts 0 to 9 bytes, the writer sends any bytes"),
        (ranged(bytes, max_length=9), bytes, ""),
        (ranged(str, pattern="a"), ranged(str, pattern="a"), ""),
        (str, ranged(str, pattern="a"), "accepts matches of 'a', the writer sends any str"),
        (
            ranged(str, pattern="a"),
            ranged(str, pattern="b", min_length=1),
            "accepts matches of 'b' of 1 and more characters, the writer sends matches of 'a'",
        ),
        (UUID, ranged(str, min_length=36, max_length=36), ""),
        (UUID, ranged(str, max_length=35), "UUID is written, str is read"),
        (
            dt.datetime,
            ranged(dt.datetime, tz=True),
            "accepts datetime with a timezone, the writer sends any datetime",
        ),
        (
            ranged(dt.time, tz=True),
            ranged(dt.time, tz=False),
            "accepts time without a timezone, the writer sends time with a timezone",
        ),
        (
            list[int],
            ranged(list[int], max_length=2),
            "accepts 0 to 2 items, the writer sends any list",
        ),
        (
            set[int],
            ranged(set[int], min_length=2),
            "accepts 2 and more items, the writer sends any set",
        ),
        (
            dict[str, int],
            ranged(dict[str, int], max_length=2),
            "accepts 0 to 2 entries, the writer sends any dict",
        ),
        (Literal["a", "b"], Literal["b", "c"], "may be 'a', which the reader does not know"),
        (Colour, Literal["red", "blue", "green"], ""),
        (Literal["red", 1], Colour, "may be 1, which the reader does not know"),
        (More, Access, "Literal[1, 2, 4] is written, Literal[1, 2] is read"),
        (int | str, int, "int | str is written, int is read"),
        (Literal["a", 1], str | int, ""),
        (int | None, int | str | None, ""),
        (int, float | str, ""),
        (Access, int | str, ""),
        # What stands on the wire decides, not what would fit.
        (int, either(ranged(int, ge=5), float), "accepts 5 and more, the writer sends any int"),
        (str, either(ranged(int, ge=5), Any), ""),
        (Decimal, Raw, ""),
        (Raw, Decimal, "Raw is written, Decimal is read"),
        (complex, complex, ""),
        (complex, list[int], "complex is written, list is read"),
        (msgspec.msgpack.Ext, int, "Ext is written, int is read"),
    ],
)
def test_constraints_are_compared_by_meaning(writer: Any, reader: Any, problem: str) -> None:
    """Of two types without fields, the reader's has to take all of the writer's values."""
    assert [change.problem for change in compare(writer, reader)] == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("writer", "reader", "lines"),
    [
        (list[int], list[str], ["list.[...]: int is written, str is read"]),
        (dict[str, int], dict[str, str], ["dict.[...]: int is written, str is read"]),
        (dict[int, int], dict[str, int], ["dict.[key]: int is written, str is read"]),
        (dict[int, int], dict[float, int], []),
        (dict[int | str, int], dict[int | str, int], []),
        # JSON writes 1 and "1" alike.
        (
            dict[str, int],
            dict[int | str, int],
            ["dict: accepts any dict, the writer sends any dict"],
        ),
        (tuple[int, str], tuple[int, int], ["tuple.[1]: str is written, int is read"]),
        (
            tuple[int, int],
            tuple[int],
            ["tuple.[1]: is not known to the reader, which forbids that"],
        ),
        (tuple[int], tuple[int, int], ["tuple.[1]: is required and the writer does not have it"]),
        (tuple[int, int], list[int], []),
        (
            tuple[int, int],
            ranged(list[int], max_length=1),
            ["tuple: tuple is written, list is read"],
        ),
        (tuple[int, int], ranged(set[int], min_length=2), ["tuple: tuple is written, set is read"]),
        (tuple[int, str], list[int], ["tuple.[1]: str is written, int is read"]),
        (ranged(list[int], min_length=2, max_length=2), tuple[int, int], []),
        (list[int], tuple[int, int], ["list: list is written, tuple is read"]),
        # Equal items are one item of a set.
        (
            ranged(list[int], min_length=2),
            ranged(set[int], min_length=2),
            ["list: list is written, set is read"],
        ),
        (ranged(set[int], min_length=2), ranged(set[int], min_length=2), []),
        (ranged(list[int], min_length=1), ranged(set[int], min_length=1), []),
    ],
)
def test_collections_are_compared_by_item(writer: Any, reader: Any, lines: list[str]) -> None:
    """Items, keys and values have to fit, and how many there may be."""
    assert told(writer, reader) == lines


class Pair(NamedTuple):
    """A row with a default."""

    a: int
    b: int = 0


class Keys(TypedDict):
    """A record with a key that may be missing."""

    a: int
    b: NotRequired[int]


@dataclasses.dataclass
class Data:
    """A record."""

    a: int
    b: int = 0


A = ("a", int)
OPTIONAL = ("b", int, 0)
OPEN: Any = msgspec.defstruct("Open", [A, ("b", str, "")], array_like=True)


@pytest.mark.parametrize(
    ("writer", "reader", "lines"),
    [
        (message(A), message(A, OPTIONAL), []),
        (message(A, OPTIONAL), message(A), []),
        (
            message(A),
            message(A, ("b", int)),
            ["Reading.b: is required and the writer does not have it"],
        ),
        (
            message(A, OPTIONAL),
            message(A, forbid_unknown_fields=True),
            ["Reading.b: is not known to the reader, which forbids that"],
        ),
        (
            message(A, OPTIONAL, omit_defaults=True),
            message(A, ("b", int)),
            ["Reading.b: is required and the writer may leave it out"],
        ),
        (message(A, OPTIONAL, omit_defaults=True), message(A, OPTIONAL), []),
        (
            message(A, OPTIONAL, omit_defaults=True),
            message(A, ("b", int, 1)),
            ["Reading.b: has another default than at the writer, who leaves it out"],
        ),
        (message(A, ("b", int | UnsetType, UNSET)), message(A, ("b", int, 1)), []),
        (
            message(A, rename="upper"),
            message(A),
            ["Reading.a: is required and the writer does not have it"],
        ),
        (
            message(A),
            message(A, tag="Measure"),
            ["Reading: tag 'Reading' is written, 'Measure' is read"],
        ),
        (message(A), message(A, tag=1), ["Reading: tag 'Reading' is written, 1 is read"]),
        (
            message(A, array_like=True),
            message(A, array_like=True, tag="M"),
            ["Reading: tag 'Reading' is written, 'M' is read"],
        ),
        (
            message(A),
            message(A, array_like=True),
            ["Reading: is written as an object, is read from an array"],
        ),
        (
            message(A, array_like=True),
            message(A),
            ["Reading: is written as an array, is read from an object"],
        ),
        (message(A, array_like=True), message(A, OPTIONAL, array_like=True), []),
        (
            message(A, array_like=True),
            message(("a", str), array_like=True),
            ["Reading.[1]: int is written, str is read"],
        ),
        (message(A, array_like=True), tuple[str, int], []),
        (message(A), Data, []),
        (Data, message(A), []),
        (Data, Keys, []),
        (Keys, Data, []),
        (Keys, message(A, ("b", int)), ["Keys.b: is required and the writer may leave it out"]),
        (Pair, tuple[int, int], []),
        (tuple[int], Pair, []),
        (list[int], Pair, ["list: list is written, Pair is read"]),
        (ranged(list[int], min_length=1, max_length=2), Pair, []),
        (Data, dict[str, int], []),
        (
            Data,
            dict[str, str],
            ["Data.[a]: int is written, str is read", "Data.[b]: int is written, str is read"],
        ),
        (
            Data,
            dict[int, int],
            [
                "Data.[key]: Literal['a'] is written, int is read",
                "Data.[key]: Literal['b'] is written, int is read",
            ],
        ),
        (Data, ranged(dict[str, int], max_length=1), ["Data: Data is written, dict is read"]),
        (message(A), dict[str, int], ["Reading.[$]: Literal['Reading'] is written, int is read"]),
        (Keys, ranged(dict[str, int], min_length=1), []),
        (Keys, ranged(dict[str, int], min_length=2), ["Keys: Keys is written, dict is read"]),
        (ranged(list[int], min_length=1, max_length=1), OPEN, []),
        (
            list[int],
            OPEN,
            ["list.[1]: int is written, str is read", "list: list is written, Open is read"],
        ),
        (dict[str, int], Data, ["dict: dict is written, Data is read"]),
        (Data, list[int], ["Data: Data is written, list is read"]),
    ],
)
def test_classes_are_compared_by_field(writer: Any, reader: Any, lines: list[str]) -> None:
    """Fields are found by their encoded name or place, whatever makes the class."""
    assert told(writer, reader) == lines


def test_tag_of_another_field_may_be_missing() -> None:
    """The reader of one class does not need its tag, unless it forbids the writer's."""
    writer = msgspec.defstruct("S", [A], tag="S", tag_field="kind")
    assert told(writer, message(A)) == []
    assert told(writer, message(A, forbid_unknown_fields=True)) != []
    assert told(writer, message(A) | message(A, name="Other")) != []
    assert told(Data, message(A) | message(A, name="Other")) != []


def test_union_of_messages_is_compared_by_tag() -> None:
    """Each message that the writer may send has to be one of the reader's."""
    one, two, three = (message(A, name=name) for name in ("One", "Two", "Three"))
    assert told(one | two, two | one | three) == []
    assert told(one | two, one | three) == ["Two: is not known to the reader"]
    assert told(one | two, one) == ["Two: tag 'Two' is written, 'One' is read"]
    changed = message(("a", str), name="Two")
    assert told(one | two, one | changed) == ["Two.a: int is written, str is read"]
    assert told(int | one, one | two) == ["int | One: int | One is written, One | Two is read"]


def test_union_of_rows_is_compared_by_tag() -> None:
    """Messages that are written as arrays are told apart by their first place."""
    one, two = (message(A, name=name, array_like=True) for name in ("One", "Two"))
    assert told(one, one | two) == []
    assert told(tuple[int], one | two) == ["tuple: tuple is written, One | Two is read"]


def test_nested_class_is_told_by_its_own_name() -> None:
    """A change in a class that two messages share is told once, under the name of the class."""
    old, new = (msgspec.defstruct("Inner", [("x", form)]) for form in (int, str))
    writer = message(("a", list[old]), ("b", old | None))  # type: ignore[valid-type]
    reader = message(("a", list[new]), ("b", new | None))  # type: ignore[valid-type]
    assert told(writer, reader) == ["Inner.x: int is written, str is read"]


def test_path_leads_through_collections() -> None:
    """The path names each step between the class and what differs."""
    writer = message(("a", dict[str, list[tuple[int, int]]]))
    reader = message(("a", dict[str, list[tuple[int, str]]]))
    assert told(writer, reader) == ["Reading.a[...][...][1]: int is written, str is read"]


class Tree(Struct, tag=True):
    """A class that contains itself."""

    kids: list[Tree]
    value: int = 0


def test_recursive_types_end() -> None:
    """A class that contains itself is compared once."""
    assert compare(Tree, Tree) == []
    assert compare(Tree, dict[str, Any]) == []
    other = TREES["Tree"]
    assert told(Tree, other) == ["Tree.value: int is written, str is read"]


class Other(Struct, tag="Tree"):
    """The next version of a tree."""

    kids: list[Other]
    value: str = ""


TREES = {"Tree": Other}


def test_unfitting_class_is_told_at_each_place() -> None:
    """What is compared once is still told wherever it stands."""
    writer = message(("a", Data), ("b", Data))
    reader = message(("a", list[int]), ("b", ranged(dict[str, int], max_length=1)))
    again = message(("a", Data | None), ("b", Data | None))
    assert len(told(writer, reader)) == 2
    assert told(again, reader)[0] == "Reading.a: Data | None is written, list is read"


def test_messages_are_compared_by_tag() -> None:
    """A message that only the writer knows counts if asked for; one of the reader's never does."""
    old, new = message(A, name="One"), message(("a", str), name="One")
    two = message(A, name="Two")
    assert compare_messages({"One": old}, {"One": old, "Two": two}) == []
    assert compare_messages({"One": old, "Two": two}, {"One": old}) == []
    assert compare_messages({"One": old, "Two": two}, {"One": new}, strict=True) == [
        Change("One", "a", "int is written, str is read"),
        Change("Two", "", "is not known to the reader"),
    ]


def test_change_is_one_line() -> None:
    """A change reads as type, field and problem."""
    assert str(Change("Reading", "celsius", "float is written, str is read")) == (
        "Reading.celsius: float is written, str is read"
    )
    assert str(Change("Reading", "", "is not known")) == "Reading: is not known"


@pytest.mark.parametrize(
    ("kind", "error"), [(Literal[1.5], TypeError), (message(("a", "Nix")), NameError)]
)
def test_what_msgspec_refuses_is_an_error(kind: Any, error: type[Exception]) -> None:
    """A form that is no type for msgspec cannot be compared."""
    with pytest.raises(error):
        compare(kind, int)
