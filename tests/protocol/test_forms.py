"""Type forms: unions, generic classes and names, as they are written in a contract."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Never, NoReturn, Optional, Union

import pytest
from typing_extensions import TypeAliasType, TypeVar

from mcws_protocol._forms import (
    class_of,
    fill,
    has_variables,
    is_union,
    members_of,
    resolve,
    title,
    titles,
    unalias,
    union_of,
)

T = TypeVar("T")
U = TypeVar("U")


class Reading:
    """A class."""


class Alarm:
    """Another class."""


class Page(Generic[T]):
    """A generic class."""


# What type checkers let nobody write outside of a class: forms with open variables.
one: Any = T
other: Any = U
lists: Any = list
dicts: Any = dict
pages: Any = Page

Both = TypeAliasType("Both", Reading | Alarm)
More = TypeAliasType("More", Both | int)


@pytest.mark.parametrize(
    ("kind", "found"), [(Page[int], Page), (Page, Page), (list[int], list), (int, int), ("x", "x")]
)
def test_class_of_a_form(kind: Any, found: Any) -> None:
    """What has type arguments is of the class behind them, all else is itself."""
    assert class_of(kind) is found


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (Reading, [Reading]),
        (Reading | Alarm, [Reading, Alarm]),
        (Union[Reading, Alarm], [Reading, Alarm]),  # noqa: UP007 - written the other way
        (Optional[Reading], [Reading, type(None)]),  # noqa: UP045 - written the other way
        (None, [type(None)]),
        (Never, []),
        (NoReturn, []),
        (Both, [Reading, Alarm]),
        (More, [Reading, Alarm, int]),
        (Both | Reading, [Reading, Alarm]),
        (Page[int] | list[int], [Page[int], list[int]]),
        ("Reading", ["Reading"]),
    ],
)
def test_members_of_a_form(kind: Any, members: list[Any]) -> None:
    """A union is what it consists of, each once and in order, behind aliases too."""
    assert list(members_of(kind)) == members


@pytest.mark.parametrize(
    ("kind", "is_one"),
    [(int | str, True), (Union[int, str], True), (int, False), (Page, False)],  # noqa: UP007
)
def test_is_union_of_a_form(kind: Any, is_one: bool) -> None:
    """Both ways to write a union are one."""
    assert is_union(kind) is is_one


@pytest.mark.parametrize("kinds", [[Reading], [Reading, Alarm], [Page[int], int]])
def test_union_of_kinds(kinds: list[Any]) -> None:
    """The union of some types consists of just these."""
    assert list(members_of(union_of(kinds))) == kinds


def test_union_of_nothing() -> None:
    """The union of no types is what nothing is of."""
    assert union_of([]) is Never


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (Reading, "Reading"),
        (Reading | Alarm, "Reading | Alarm"),
        (Reading | None, "Reading | NoneType"),
        (Page[Reading], "Page[Reading]"),
        (list[Reading], "list[Reading]"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (object, "any value"),
        (Never, "nothing"),
        (NoReturn, "nothing"),
        (Any, "Any"),
    ],
)
def test_title_of_a_form(kind: Any, shown: str) -> None:
    """A type is shown as a reader knows it, without modules."""
    assert title(kind) == shown


def test_titles_of_forms() -> None:
    """Several types are shown as their union, none as nothing."""
    assert titles([Reading, list[Alarm]]) == "Reading | list[Alarm]"
    assert titles([]) == "nothing"


@pytest.mark.parametrize(
    ("kind", "has"), [(Page, True), (pages[one], True), (Page[int], False), (int, False)]
)
def test_has_variables(kind: Any, has: bool) -> None:
    """A generic class with nothing given for its variables has variables."""
    assert has_variables(kind) is has


@pytest.mark.parametrize(
    ("kind", "filled"),
    [
        (one, int),
        (lists[one], list[int]),
        (dicts[one, lists[other]], dicts[int, lists[other]]),
        (pages[one] | None, Page[int] | None),
        (str, str),
        (list[str], list[str]),
    ],
)
def test_fill_a_form(kind: Any, filled: Any) -> None:
    """Variables for which something was given are replaced, all else stays."""
    assert fill(kind, {one: int}) == filled


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("Reading", Reading),
        ("Page[Alarm]", Page[Alarm]),
        ("list[Reading] | None", list[Reading] | None),
        (list["Reading"], list[Reading]),
        (Annotated["Reading", 1], Annotated[Reading, 1]),
        (int, int),
    ],
)
def test_resolve_a_name(kind: Any, meant: Any) -> None:
    """A name stands for what it is called in the module of the class that uses it."""
    assert resolve(kind, Reading) == meant


def test_resolve_the_class_itself() -> None:
    """A class inside of a function is not in its module, but it knows its own name."""

    class Local:
        """A class that no module has."""

    assert resolve("list[Local]", Local) == list[Local]


def test_resolve_in_an_unknown_module() -> None:
    """A class whose module was never imported still resolves what needs none."""
    stray = type("Stray", (), {"__module__": "nowhere"})
    assert resolve("Stray", stray) is stray
    assert resolve(int, stray) is int


def test_resolve_an_unknown_name() -> None:
    """A name that stands for nothing is a ``TypeError`` that says where."""
    with pytest.raises(TypeError, match=r"^Reading is answered by Nowhere, which is unknown$"):
        resolve("Nowhere", Reading)


# Aliases with parameters


ItemT = TypeVar("ItemT")
SomeOf = TypeAliasType("SomeOf", list[ItemT] | None, type_params=(ItemT,))
SomeOrText = TypeAliasType("SomeOrText", SomeOf[ItemT] | str, type_params=(ItemT,))


def test_members_of_an_alias_with_parameters() -> None:
    """What was given for a parameter is in the members, and not the parameter."""
    assert tuple(members_of(SomeOf[int])) == (list[int], type(None))
    assert tuple(members_of(SomeOrText[bytes])) == (list[bytes], type(None), str)
    assert unalias(SomeOf[int]) == list[int] | None
    assert unalias(int) is int
