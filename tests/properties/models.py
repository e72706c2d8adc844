"""Random message types, their values and their next versions, for the laws of contracts.

A ``Spec`` is a type as a value: it can be built twice, into two classes that are equal on the
wire, and changed in one place. ``values_of`` and ``corners`` work for any type form.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from msgspec import Meta, Struct, inspect

PATTERNS: Final = {
    "^a": ("a", "ab", "a" * 60),
    "z$": ("z", "bz", "b" * 60 + "z"),
    "^[xyz]*$": ("", "xy", "x" * 60),
}
"""Patterns with texts that match; no text of one pattern's matches all others."""

UTC: Final = dt.UTC


# Types as values


@dataclass(frozen=True)
class Leaf:
    """A type without parts."""

    form: Any


@dataclass(frozen=True)
class Choice:
    """Two or more values, as a ``Literal`` or an enum."""

    values: tuple[int | str, ...]
    as_enum: bool = False


@dataclass(frozen=True)
class Many:
    """Equal items."""

    kind: type
    item: Spec
    low: int = 0
    high: int | None = None


@dataclass(frozen=True)
class Fixed:
    """A tuple."""

    items: tuple[Spec, ...]


@dataclass(frozen=True)
class Table:
    """A dict."""

    key: Leaf
    value: Spec
    low: int = 0
    high: int | None = None


@dataclass(frozen=True)
class Either:
    """A union."""

    members: tuple[Spec, ...]


@dataclass(frozen=True)
class Field:
    """A field of a model; ``optional`` if it has a default."""

    name: str
    spec: Spec
    optional: bool = False


Flavour: TypeAlias = Literal["struct", "array", "dataclass", "typeddict", "namedtuple"]


@dataclass(frozen=True)
class Model:
    """A class with fields."""

    name: str
    fields: tuple[Field, ...]
    flavour: Flavour = "struct"
    tag: str | None = None
    closed: bool = False
    omits: bool = False


Spec: TypeAlias = Leaf | Choice | Many | Fixed | Table | Either | Model

NONE: Final = Leaf(None)


# Building


def build(spec: Spec, base: type[Struct] = Struct) -> Any:
    """Return a new type form; its tagged structs are subclasses of ``base``."""
    match spec:
        case Leaf():
            return spec.form
        case Choice():
            if spec.as_enum:
                return enum.Enum("Choice", {f"v{value}": value for value in spec.values})
            return Literal[spec.values]
        case Many():
            form: Any = build(spec.item, base)
            form = tuple[form, ...] if spec.kind is tuple else spec.kind[form]  # type: ignore[index]  # list, set
            return bounded(form, spec)
        case Fixed():
            return tuple[tuple(build(item, base) for item in spec.items)]  # type: ignore[misc]  # not static
        case Table():
            key, value = spec.key.form, build(spec.value, base)
            return bounded(dict.__class_getitem__((key, value)), spec)
        case Either():
            return union_of(build(member, base) for member in spec.members)
        case Model():
            return build_model(spec, base)


def union_of(forms: Iterable[Any]) -> Any:
    """Return the union of type forms."""
    first, *rest = forms
    for form in rest:
        first = first | form
    return first


def bounded(form: Any, spec: Many | Table) -> Any:
    """Return ``form`` with the lengths of ``spec``."""
    low = spec.low or None
    free = low is None and spec.high is None
    return form if free else Annotated[form, Meta(min_length=low, max_length=spec.high)]


def build_model(spec: Model, base: type[Struct] = Struct) -> Any:
    """Return a new class."""
    # Fields with defaults come last where the order of fields is on the wire.
    forms = [(field, build(field.spec, base)) for field in spec.fields]
    match spec.flavour:
        case "typeddict":
            fields = {f.name: NotRequired[form] if f.optional else form for f, form in forms}
            return TypedDict(spec.name, fields)  # type: ignore[operator]  # not static
        case "namedtuple":
            made: Any = NamedTuple(spec.name, [(f.name, form) for f, form in forms])  # type: ignore[misc]  # not static
            made._field_defaults = {f.name: default(form) for f, form in forms if f.optional}
            made.__new__.__defaults__ = tuple(made._field_defaults.values())
            return made
        case "dataclass":
            rows = [
                (f.name, form, maker(form)) if f.optional else (f.name, form)
                for f, form in sorted(forms, key=lambda pair: pair[0].optional)
            ]
            return dataclasses.make_dataclass(spec.name, rows)
        case _:
            return build_struct(spec, forms, base)


def build_struct(spec: Model, forms: list[tuple[Field, Any]], base: type[Struct]) -> Any:
    """Return a new struct class."""
    fields: list[Any] = [
        (f.name, form, struct_default(form)) if f.optional else (f.name, form) for f, form in forms
    ]
    return msgspec.defstruct(
        spec.name,
        fields,
        bases=(base if spec.tag else Struct,),
        tag=spec.tag,
        tag_field="$" if spec.tag else None,
        frozen=True,
        kw_only=True,
        array_like=spec.flavour == "array",
        forbid_unknown_fields=spec.closed,
        omit_defaults=spec.omits,
    )


def default(form: Any) -> Any:
    """Return the value that a missing field of this type gets."""
    return corners(form)[0]


def maker(form: Any) -> Any:
    """Return the default for a dataclass."""
    return dataclasses.field(default_factory=lambda: default(form))


def struct_default(form: Any) -> Any:
    """Return the default for a struct: the value itself where that cannot change."""
    value = default(form)
    if isinstance(value, int | float | str | bytes | Decimal | UUID | dt.date | enum.Enum | None):
        return value
    return msgspec.field(default_factory=lambda: default(form))


# Values


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return the values of any type form that has no class inside of itself."""
    return of_node(inspect.type_info(kind))


def of_node(node: inspect.Type) -> st.SearchStrategy[Any]:
    """Return the values of a node of ``type_info``."""
    match node:
        case inspect.Metadata():
            return of_node(node.type)
        case inspect.UnionType():
            return st.one_of([of_node(part) for part in node.types])
        case inspect.ListType():
            return st.lists(of_node(node.item_type), **sizes(node))
        case inspect.VarTupleType():
            return st.lists(of_node(node.item_type), **sizes(node)).map(tuple)
        case inspect.SetType():
            return st.sets(of_node(node.item_type), **sizes(node))
        case inspect.FrozenSetType():
            return st.frozensets(of_node(node.item_type), **sizes(node))
        case inspect.DictType():
            return st.dictionaries(of_node(node.key_type), of_node(node.value_type), **sizes(node))
        case inspect.TupleType():
            return st.tuples(*map(of_node, node.item_types))
        case inspect.TypedDictType():
            rows = {f.name: of_node(f.type) for f in node.fields if f.required}
            rest = {f.name: of_node(f.type) for f in node.fields if not f.required}
            return st.fixed_dictionaries(rows, optional=rest)
        case inspect.StructType() | inspect.DataclassType() | inspect.NamedTupleType():
            return st.builds(node.cls, **{f.name: of_node(f.type) for f in node.fields})
        case _:
            return scalars(node)


def sizes(node: Any) -> Any:
    """Return how long a collection may be, and not too long for a test."""
    low = node.min_length or 0
    return {"min_size": low, "max_size": low + 3 if node.max_length is None else node.max_length}


def scalars(node: inspect.Type) -> st.SearchStrategy[Any]:
    """Return the values of a node without parts."""
    match node:
        case inspect.IntType():
            return integers(node)
        case inspect.FloatType():
            return floats(node)
        case inspect.StrType(pattern=None):
            alphabet = st.characters(exclude_categories=["Cs"])
            return st.text(alphabet, **sizes(node))
        case inspect.StrType():
            return st.sampled_from(corners_of(node))
        case inspect.BytesType():
            return st.binary(**sizes(node))
        case inspect.DateTimeType():
            return moments(node.tz)
        case inspect.TimeType():
            return times(node.tz)
        case inspect.DecimalType():
            return st.decimals(allow_nan=False, allow_infinity=False)
        case inspect.TimeDeltaType():
            return st.timedeltas(dt.timedelta(-10_000), dt.timedelta(10_000))
        case inspect.DateType():
            return st.dates()
        case inspect.UUIDType():
            return st.uuids()
        case _:
            return st.sampled_from(corners_of(node))


def integers(node: inspect.IntType) -> st.SearchStrategy[int]:
    """Return integers in 64 bits."""
    low = -(2**63) if node.ge is None else node.ge
    high = 2**63 - 1 if node.le is None else node.le
    step = node.multiple_of or 1
    low = low if node.gt is None else node.gt + 1
    high = high if node.lt is None else node.lt - 1
    return st.integers(-(-low // step), high // step).map(lambda count: count * step)


def floats(node: inspect.FloatType) -> st.SearchStrategy[float]:
    """Return finite floats."""
    if node.multiple_of is not None:
        step = node.multiple_of
        return st.integers(-1000, 1000).map(lambda count: float(count * step))
    low = node.ge if node.gt is None else math.nextafter(node.gt, math.inf)
    high = node.le if node.lt is None else math.nextafter(node.lt, -math.inf)
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def moments(tz: bool | None) -> st.SearchStrategy[dt.datetime]:
    """Return points in time that no timezone pushes out of the calendar."""
    zones: Any = {True: st.just(UTC), False: st.none(), None: st.sampled_from([UTC, None])}[tz]
    return st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001


def times(tz: bool | None) -> st.SearchStrategy[dt.time]:
    """Return times of the day."""
    return st.times(timezones={True: st.just(UTC), False: st.none()}.get(bool(tz), st.none()))


# Corners: few values, but at each bound and of each kind


def corners(kind: Any) -> list[Any]:
    """Return values at the bounds of a type form, a most usual one first."""
    return corners_of(inspect.type_info(kind))


def corners_of(node: inspect.Type) -> list[Any]:
    """Return values at the bounds of a node."""
    match node:
        case inspect.Metadata():
            return corners_of(node.type)
        case inspect.UnionType():
            return [value for part in node.types for value in corners_of(part)]
        case inspect.ListType():
            return runs(node, list)
        case inspect.VarTupleType():
            return runs(node, tuple)
        case inspect.SetType():
            return runs(node, set)
        case inspect.FrozenSetType():
            return runs(node, frozenset)
        case inspect.DictType():
            return tables(node)
        case inspect.TupleType():
            return [tuple(row) for row in crossed([corners_of(part) for part in node.item_types])]
        case inspect.StructType() | inspect.DataclassType() | inspect.NamedTupleType():
            names = [field.name for field in node.fields]
            rows = crossed([corners_of(field.type) for field in node.fields])
            made = [node.cls(**dict(zip(names, row, strict=True))) for row in rows]
            optional = {field.name for field in node.fields if not field.required}
            first = {n: v for n, v in zip(names, rows[0], strict=True) if n not in optional}
            return [*made, node.cls(**first)]
        case inspect.TypedDictType():
            names = [field.name for field in node.fields]
            rows = crossed([corners_of(field.type) for field in node.fields])
            whole = [dict(zip(names, row, strict=True)) for row in rows]
            needed = {field.name for field in node.fields if field.required}
            return [*whole, {n: v for n, v in whole[0].items() if n in needed}]
        case _:
            return list(simple_corners(node))


def crossed(columns: list[list[Any]]) -> list[list[Any]]:
    """Return rows in which each value of each column appears once beside usual ones."""
    usual = [column[0] for column in columns]
    rows = [usual]
    for index, column in enumerate(columns):
        rows += [[*usual[:index], value, *usual[index + 1 :]] for value in column[1:]]
    return rows


def runs(node: Any, make: Any) -> list[Any]:
    """Return the shortest collection, one around each item, and the longest one."""
    items = corners_of(node.item_type)
    low = node.min_length or 0
    high = low + 12 if node.max_length is None else node.max_length
    rest = items * low if make in (list, tuple) else list(islice(stock(node.item_type), low))
    found: list[Any] = [make(rest[:low])]
    found += [make([item, *rest[: low - 1]] if low else [item]) for item in items if high]
    many = (items * high)[:high] if make in (list, tuple) else islice(stock(node.item_type), high)
    return [*found, make(many)]


def tables(node: inspect.DictType) -> list[Any]:
    """Return the shortest dict, one around each value, and the longest one."""
    low = node.min_length or 0
    high = low + 12 if node.max_length is None else node.max_length
    keys = list(islice(stock(node.key_type), high))
    values = corners_of(node.value_type)
    found: list[Any] = [dict.fromkeys(keys[:low], values[0])]
    for value in values if high else ():
        found.append({**dict.fromkeys(keys[:low], values[0]), keys[0]: value})
    return [*found, dict.fromkeys(keys, values[0])]


def stock(node: inspect.Type) -> Iterator[Any]:
    """Yield as many different values of a type for keys and sets as anybody wants."""
    for number in range(100):
        texts: dict[Any, Any] = {inspect.IntType: number, inspect.StrType: str(number)}
        yield texts.get(type(node), UUID(int=number))


def simple_corners(node: inspect.Type) -> Iterable[Any]:
    """Return values at the bounds of a node without parts."""
    match node:
        case inspect.IntType():
            return int_corners(node)
        case inspect.FloatType():
            return float_corners(node)
        case inspect.StrType(pattern=None):
            return [text * "b" for text in text_sizes(node)] + ["a" * text_sizes(node)[-1]]
        case inspect.StrType():
            low, high = node.min_length or 0, node.max_length or 1000
            assert node.pattern is not None
            return [text for text in PATTERNS[node.pattern] if low <= len(text) <= high]
        case inspect.BytesType():
            return [size * b"b" for size in text_sizes(node)]
        case inspect.DateTimeType():
            naive = dt.datetime(2020, 2, 3)  # noqa: DTZ001
            both = [naive.replace(tzinfo=UTC), naive]
            return both if node.tz is None else [both[not node.tz]]
        case inspect.TimeType():
            clock = [dt.time(1, 2, tzinfo=UTC), dt.time(1, 2)]
            return clock if node.tz is None else [clock[not node.tz]]
        case inspect.EnumType():
            return node.cls
        case inspect.LiteralType():
            return node.values
        case _:
            return PLAIN[type(node)]


PLAIN: Final[dict[type[inspect.Type], list[Any]]] = {
    inspect.NoneType: [None],
    inspect.BoolType: [True, False],
    inspect.DateType: [dt.date(2020, 2, 3)],
    inspect.TimeDeltaType: [dt.timedelta(0), dt.timedelta(1, 2, 3)],
    inspect.DecimalType: [Decimal("1.25"), Decimal(1), Decimal("1.23456789012345")],
    inspect.UUIDType: [UUID(int=0), UUID(int=7)],
    inspect.AnyType: [None, 1, "b", 1.5, [], {}],
}


def text_sizes(node: Any) -> list[int]:
    """Return the lengths of a text worth a try."""
    low = node.min_length or 0
    high = low + 60 if node.max_length is None else node.max_length
    return [low, min(low + 1, high), high]


def int_corners(node: inspect.IntType) -> list[int]:
    """Return integers at and beside the bounds."""
    if node.multiple_of is not None:
        return [count * node.multiple_of for count in (0, 1, -1, 10**6, -(10**6))]
    low = node.ge if node.gt is None else node.gt + 1
    high = node.le if node.lt is None else node.lt - 1
    if low is None and high is None:
        return [0, 1, -1, 2**63 - 1, -(2**63), 2**64 - 1]
    if low is None:
        return [high or 0, (high or 0) - 1, -(2**63)]
    return [low, low + 1, 2**63 - 1 if high is None else high]


def float_corners(node: inspect.FloatType) -> list[float]:
    """Return floats at and beside the bounds."""
    if node.multiple_of is not None:
        return [float(count * node.multiple_of) for count in (0, 1, -1, 10**6, -(10**6))]
    low = node.ge if node.gt is None else math.nextafter(node.gt, math.inf)
    high = node.le if node.lt is None else math.nextafter(node.lt, -math.inf)
    if low is None and high is None:
        return [0.0, 0.3, -0.7, 1e300, -1e300]
    if low is None:
        return [float(high or 0), (high or 0) - 0.3, -1e300]
    return [float(low), low + 0.3, 1e300 if high is None else float(high)]


# Strategies


def ann(form: Any, **limits: Any) -> Leaf:
    """Return a constrained leaf."""
    return Leaf(Annotated[form, Meta(**limits)])


def ranges(form: type) -> st.SearchStrategy[Leaf]:
    """Return a number with bounds, or of a multiple; both would be too clever for the oracle."""
    low, high = st.sampled_from(["ge", "gt"]), st.sampled_from(["le", "lt"])
    bound = st.integers(-50, 50)

    def pair(names: tuple[str, str], start: int, size: int) -> Leaf:
        return ann(form, **{names[0]: start, names[1]: start + size})

    return st.one_of(
        st.tuples(low | high, bound).map(lambda given: ann(form, **dict([given]))),
        st.builds(pair, st.tuples(low, high), bound, st.integers(5, 50)),
        st.integers(2, 6).map(lambda step: ann(form, multiple_of=step)),
    )


LENGTHS: Final = st.one_of(
    st.integers(2, 9).map(lambda high: {"max_length": high}),
    st.integers(1, 4).map(lambda low: {"min_length": low}),
    st.integers(1, 4).flatmap(
        lambda low: st.integers(low + 2, 12).map(lambda n: {"min_length": low, "max_length": n})
    ),
)
TEXTS: Final = LENGTHS | st.sampled_from(list(PATTERNS)).map(lambda text: {"pattern": text})
ZONES: Final = st.booleans().map(lambda tz: {"tz": tz})


def constrained(form: Any) -> st.SearchStrategy[Leaf] | None:
    """Return the constraints that a plain type may have, None if none."""
    if form in (int, float):
        return ranges(form)
    limits = {str: TEXTS, bytes: LENGTHS, dt.datetime: ZONES, dt.time: ZONES}.get(form)
    return None if limits is None else limits.map(lambda given: ann(form, **given))


STRINGS: Final = (str, bytes, dt.datetime, dt.date, dt.time, dt.timedelta, Decimal, UUID)
SCALARS: Final = (bool, int, float, *STRINGS)
KEYS: Final = (str, int)


def leaves(forms: Iterable[Any] = SCALARS) -> st.SearchStrategy[Leaf]:
    """Return plain and constrained types."""
    options: list[st.SearchStrategy[Leaf]] = []
    for form in forms:
        limited = constrained(form)
        options.append(st.just(Leaf(form)) if limited is None else st.just(Leaf(form)) | limited)
    return st.one_of(options)


def choices(values: Iterable[int | str]) -> st.SearchStrategy[Choice]:
    """Return enums and literals of two values or more."""
    some = st.lists(st.sampled_from(list(values)), min_size=2, max_size=4, unique=True)
    return st.builds(Choice, some.map(lambda found: tuple(sorted(found, key=str))), st.booleans())


LITERALS: Final = choices("abcde") | choices(range(6))


def spans() -> st.SearchStrategy[tuple[int, int | None]]:
    """Return the lengths of a collection."""
    return st.tuples(st.sampled_from([0, 0, 1]), st.none() | st.integers(3, 6))


def collections(parts: st.SearchStrategy[Spec]) -> st.SearchStrategy[Spec]:
    """Return lists, tuples, sets and dicts."""
    # Sets of few possible values would have a length that no type says.
    items = st.sampled_from([Leaf(int), Leaf(str), Leaf(UUID)])

    def many(kind: type, item: Spec, span: tuple[int, int | None]) -> Spec:
        return Many(kind, item, *span)

    def table(key: type, value: Spec, span: tuple[int, int | None]) -> Spec:
        return Table(Leaf(key), value, *span)

    return st.one_of(
        st.builds(many, st.sampled_from([list, tuple]), parts, spans()),
        st.builds(many, st.sampled_from([set, frozenset]), items, spans()),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: Fixed(tuple(found))),
        st.builds(table, st.sampled_from(KEYS), parts, spans()),
    )


@st.composite
def models(
    draw: st.DrawFn,
    parts: st.SearchStrategy[Spec],
    *,
    prefix: str = "",
    tag: bool | None = None,
) -> Model:
    """Return classes; ``prefix`` sets their names apart from those of others."""
    count = draw(st.integers(0, 3))
    fields = [Field(f"{prefix}f{i}", draw(parts), draw(st.booleans())) for i in range(count)]
    fields.sort(key=lambda field: field.optional)
    tagged = draw(st.booleans()) if tag is None else tag
    flavours: list[Flavour] = ["struct", "struct", "array"]
    if not tagged:
        flavours += ["dataclass", "typeddict", *(["namedtuple"] if fields else [])]  # type: ignore[list-item]  # literals
    flavour = draw(st.sampled_from(flavours)) if tag is None else "struct"
    name = f"{prefix}M{draw(st.integers(0, 99))}"
    struct = flavour in ("struct", "array")
    closed = struct and draw(st.booleans())
    omits = flavour == "struct" and draw(st.booleans())
    return Model(name, tuple(fields), flavour, name if tagged else None, closed, omits)


@st.composite
def unions(draw: st.DrawFn, parts: st.SearchStrategy[Spec], prefix: str) -> Spec:
    """Return unions that msgspec takes: one type for each thing on the wire."""
    slots: list[st.SearchStrategy[Spec]] = [
        st.just(NONE),
        st.just(Leaf(bool)),
        leaves([int]) | choices(range(6)),
        leaves([float]),
        leaves(STRINGS) | choices("abcde"),
        collections(parts),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(slots))), min_size=1, max_size=3, unique=True))
    members: list[Any] = [draw(slots[index]) for index in sorted(chosen)]
    if not any(isinstance(member, Table) for member in members):
        tagged: Any = models(parts, prefix=prefix, tag=True)
        members += draw(st.lists(tagged, max_size=2, unique_by=lambda model: model.name))
    if any(isinstance(member, Many | Table | Fixed) for member in members):
        # A constraint beside a collection corrupts memory (msgspec 0.22.0), at once or later.
        members = [plain(member) for member in members]
    return members[0] if len(members) == 1 else Either(tuple(members))


def plain(spec: Spec) -> Spec:
    """Return a leaf without its constraints; anything else as it is."""
    return Leaf(getattr(spec.form, "__origin__", spec.form)) if isinstance(spec, Leaf) else spec


def specs(depth: int = 2, prefix: str = "") -> st.SearchStrategy[Spec]:
    """Return all types, with classes and collections ``depth`` deep."""
    simple = leaves() | LITERALS
    if depth == 0:
        return simple
    parts = st.deferred(lambda: specs(depth - 1, prefix))
    deep = collections(parts) | models(parts, prefix=prefix) | unions(parts, prefix)
    return simple | deep


def messages() -> st.SearchStrategy[Model]:
    """Return messages as specs: tagged structs."""
    return models(specs(), tag=True)


def message_types(base: type[Struct] = Struct) -> st.SearchStrategy[Any]:
    """Return messages: new tagged structs, subclasses of ``base``."""
    return messages().map(lambda spec: build(spec, base))


def renamed(spec: Model, name: str) -> Model:
    """Return a model of another name; its tag follows."""
    return replace(spec, name=name, tag=name if spec.tag else None)
