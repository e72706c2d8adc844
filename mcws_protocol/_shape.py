"""Shape: what a type is on the wire, whatever class describes it in Python.

``list`` and ``tuple[int, ...]`` are one shape, as are an enum and the ``Literal`` of its values,
or a dataclass and an untagged struct. Schema and Evolution look at shapes only. Class names stay
beside them for whoever reads an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag
from typing import Final, Literal, NamedTuple, TypeAlias, cast, get_origin

from msgspec import NODEFAULT, Struct, inspect

Value: TypeAlias = bool | int | str
"""What an enum or a ``Literal`` may consist of."""

Made: TypeAlias = Literal["value", "factory", "unset"] | None
"""Where the value of a missing field comes from; ``unset``: the field stays missing."""

# Calling a function of the user's could do anything; these make something empty.
EMPTY: Final[frozenset[object]] = frozenset((list, dict, set, frozenset, tuple, bytearray))


class Length(NamedTuple):
    """How long a text or a collection may be."""

    low: int = 0
    high: int | None = None


ANY_LENGTH: Final = Length()


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A type without constraints."""

    kind: Literal["null", "bool", "date", "timedelta", "decimal", "uuid", "ext"]


@dataclass(frozen=True, slots=True, eq=False)
class Anything:
    """What is not looked at: ``Any``, and ``Raw``, which takes nothing inside of a union."""

    kind: Literal["any", "raw"]


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number in a range; an ``int`` has inclusive bounds only."""

    kind: Literal["int", "float"]
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Characters or bytes."""

    kind: Literal["str", "bytes"]
    length: Length = ANY_LENGTH
    pattern: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A point in time; ``tz`` says whether it is aware, None that it may be either."""

    kind: Literal["datetime", "time"]
    tz: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One of some values; of a flag also what they combine to."""

    values: tuple[Value, ...]
    flag: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """Any number of equal items; ``distinct`` in a set."""

    item: Shape
    length: Length
    distinct: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """Any number of equal entries."""

    key: Shape
    value: Shape
    length: Length


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A field of a record or a place in a row.

    Attributes:
        shape: what it holds.
        required: whether it has to be there when it is read.
        omissible: whether it may be missing from what is written.
        made: where its value comes from if it is missing.
        default: this value; what a factory makes if that is known to be empty, else None.
    """

    shape: Shape
    required: bool = True
    omissible: bool = False
    made: Made = None
    default: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Fields by name. ``fields`` is filled after the record is made: it may contain itself."""

    name: str
    fields: dict[str, Member]
    tag: str | int | None = None
    tag_field: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Places by number, a tag being the first one; ``closed`` if more would be an error."""

    name: str
    places: list[Member]
    tag: str | int | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A class that msgspec knows nothing of."""

    cls: type


Single: TypeAlias = (
    Atom | Anything | Number | Text | Moment | Values | Array | Map | Record | Row | Foreign
)


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """A union of two or more."""

    members: tuple[Single, ...]


Shape: TypeAlias = Single | OneOf


def shape_of(kind: object) -> Shape:
    """Return the shape of a type form.

    Raises:
        TypeError: msgspec does not take it.
        NameError: an annotation in it refers to nothing.
    """
    return _Reading().shape(inspect.type_info(kind))


def singles(shape: Shape) -> tuple[Single, ...]:
    """Return the members of a union, or what is none as the only one."""
    return shape.members if isinstance(shape, OneOf) else (shape,)


_ATOMS: Final[dict[type[inspect.Type], Atom]] = {
    inspect.NoneType: Atom("null"),
    inspect.BoolType: Atom("bool"),
    inspect.DateType: Atom("date"),
    inspect.TimeDeltaType: Atom("timedelta"),
    inspect.DecimalType: Atom("decimal"),
    inspect.UUIDType: Atom("uuid"),
    inspect.ExtType: Atom("ext"),
}


class _Reading:
    """Turns the nodes of one ``type_info`` into shapes; a class that is met again is one shape."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # By the identity of the node: `type_info` makes one node for each class.
        self._known: dict[int, Record | Row] = {}

    def shape(self, node: inspect.Type) -> Shape:
        """Return the shape of ``node``."""
        match node:
            case inspect.Metadata():
                return self.shape(node.type)
            case inspect.LiteralType():
                return _union(_literals(node.values))
            case inspect.UnionType():
                parts = [single for part in node.types for single in singles(self.shape(part))]
                return _union(parts)
            case inspect.StructType() | inspect.NamedTupleType():
                return self._known.get(id(node)) or self._class(node)
            case inspect.DataclassType() | inspect.TypedDictType():
                return self._known.get(id(node)) or self._class(node)
            case _:
                return self._collection(node) or _scalar(node)

    def _collection(self, node: inspect.Type) -> Single | None:
        match node:
            case inspect.ListType() | inspect.VarTupleType():
                return Array(self.shape(node.item_type), _length(node))
            case inspect.SetType() | inspect.FrozenSetType():
                return Array(self.shape(node.item_type), _length(node), distinct=True)
            case inspect.TupleType():
                places = [Member(self.shape(item)) for item in node.item_types]
                return Row("tuple", places, closed=True)
            case inspect.DictType() | inspect.FrozenDictType():
                return Map(self.shape(node.key_type), self.shape(node.value_type), _length(node))
            case _:
                return None

    def _class(
        self,
        node: inspect.StructType
        | inspect.NamedTupleType
        | inspect.DataclassType
        | inspect.TypedDictType,
    ) -> Record | Row:
        name, omits = node.cls.__name__, False
        tag: str | int | None = None
        shape: Record | Row
        match node:
            case inspect.NamedTupleType():
                shape = Row(name, [], closed=True)
            case inspect.StructType(array_like=True, tag=tag):
                shape = Row(name, [], tag, closed=node.forbid_unknown_fields)
            case inspect.StructType(tag=tag):
                closed = node.forbid_unknown_fields
                shape = Record(name, {}, tag, node.tag_field, closed)
                omits = _omits(node.cls)
            case _:
                shape = Record(name, {})
        # Known before its fields are read, so that they may refer to it.
        self._known[id(node)] = shape
        members = [(field.encode_name, self._member(field, omits=omits)) for field in node.fields]
        if isinstance(shape, Record):
            shape.fields.update(members)
        else:
            places = [] if tag is None else [Member(Values((tag,)))]
            shape.places.extend((*places, *(member for _, member in members)))
        return shape

    def _member(self, field: inspect.Field, *, omits: bool) -> Member:
        shape = self.shape(field.type)
        if field.default is not NODEFAULT:
            return Member(shape, False, omits, "value", field.default)
        if field.default_factory is not NODEFAULT:
            if field.default_factory in EMPTY:
                return Member(shape, False, omits, "value", field.default_factory())
            return Member(shape, False, False, "factory")
        # Neither required nor a default: `UNSET`, or a key that a TypedDict may lack.
        return Member(shape) if field.required else Member(shape, False, True, "unset")


def _scalar(node: inspect.Type) -> Single:
    match node:
        case inspect.AnyType():
            return Anything("any")
        case inspect.RawType():
            return Anything("raw")
        case inspect.IntType() | inspect.FloatType():
            return _number(node)
        case inspect.StrType():
            return Text("str", _length(node), node.pattern)
        case inspect.BytesType() | inspect.ByteArrayType() | inspect.MemoryViewType():
            return Text("bytes", _length(node))
        case inspect.DateTimeType():
            return Moment("datetime", node.tz)
        case inspect.TimeType():
            return Moment("time", node.tz)
        case inspect.EnumType():
            values = tuple(_value(member.value) for member in node.cls)
            return Values(values, flag=issubclass(node.cls, Flag))
        case inspect.CustomType():
            return Foreign(node.cls)
        case _:
            return _ATOMS[type(node)]


def _number(node: inspect.IntType | inspect.FloatType) -> Number:
    ge, le, step = node.ge, node.le, node.multiple_of
    if isinstance(node, inspect.FloatType):
        bounds = (ge, node.gt, le, node.lt, step)
        return Number("float", *(None if bound is None else float(bound) for bound in bounds))
    if node.gt is not None:
        ge = node.gt + 1
    if node.lt is not None:
        le = node.lt - 1
    return Number("int", ge, None, le, None, None if step == 1 else step)


def _length(
    node: inspect.StrType
    | inspect.BytesType
    | inspect.ByteArrayType
    | inspect.MemoryViewType
    | inspect.CollectionType
    | inspect.DictType
    | inspect.FrozenDictType,
) -> Length:
    return Length(node.min_length or 0, node.max_length)


def _value(value: object) -> Value:
    # msgspec takes no enum of anything else.
    assert isinstance(value, bool | int | str)
    return value


def _literals(values: Iterable[Value | None]) -> list[Single]:
    given = tuple(value for value in values if value is not None)
    parts: list[Single] = [Values(given)] if given else []
    return parts if len(given) == len(tuple(values)) else [*parts, Atom("null")]


def _union(parts: list[Single]) -> Shape:
    """Return the union of ``parts``; plain values of all parts become one, and null comes once."""
    plain = [part for part in parts if isinstance(part, Values) and not part.flag]
    kept = [part for part in parts if part not in plain]
    nulls = [part for part in kept if isinstance(part, Atom) and part.kind == "null"]
    kept = [part for part in kept if part not in nulls[1:]]
    if plain:
        kept.append(Values(tuple(value for part in plain for value in part.values)))
    return kept[0] if len(kept) == 1 else OneOf(tuple(kept))


def _omits(cls: type) -> bool:
    # `type_info` leaves this option out; an alias such as `Box[int]` does not have it.
    return cast("type[Struct]", get_origin(cls) or cls).__struct_config__.omit_defaults
