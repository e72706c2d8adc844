"""Evolution: whether what one version writes is what another one reads.

The answer holds for MessagePack and JSON alike: where the two differ, as for ``bytes`` that a
reader takes for ``str``, the stricter one counts. It is about values that fit the writer's types
(msgspec checks none when it writes) and about finite numbers, as JSON has no others. What cannot
be known from the types, such as whether each match of one pattern matches another one, is a
change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from ._range import leaf_fits, takes, within
from ._schema import canonical, default_of, outline
from ._shape import (
    Anything,
    Array,
    Atom,
    Length,
    Map,
    Member,
    Moment,
    Number,
    OneOf,
    Record,
    Row,
    Shape,
    Single,
    Text,
    Values,
    shape_of,
    singles,
)
from ._wording import form_of, range_of, word_for

# The one change with which all decodes, but to another value than the one that was sent.
OTHER_DEFAULT: Final = "has another default than at the writer, who leaves it out"


@dataclass(frozen=True, slots=True)
class Change:
    """Why something that the writer may send does not decode at the reader.

    Attributes:
        type: the message or class that differs; its tag if that is a text, else its name.
        field: the path of encoded names inside it; empty if it is about the type itself.
        problem: what is wrong.
    """

    type: str
    field: str
    problem: str

    def __str__(self) -> str:
        place = f"{self.type}.{self.field}" if self.field else self.type
        return f"{place}: {self.problem}"


def compare(writer: object, reader: object) -> list[Change]:
    """Return what the type form ``reader`` does not take of what ``writer`` writes.

    An empty list says that each message of the writer decodes at the reader. Each change is
    listed once, in the order of the writer's fields.

    Raises:
        TypeError: msgspec does not take one of them.
        NameError: an annotation refers to nothing.
    """
    old, new = shape_of(writer), shape_of(reader)
    comparison = _Comparison()
    comparison.shapes(old, new, Place(word_for(old), ""))
    return list(dict.fromkeys(comparison.changes))


def compare_messages(
    writers: Mapping[str, object], readers: Mapping[str, object], *, strict: bool = False
) -> list[Change]:
    """Return the changes of all messages, which are given by their tags.

    A message that the reader does not know is one more change if ``strict``, and ignored
    otherwise: older readers skip newer messages.

    Raises:
        TypeError: msgspec does not take one of them.
        NameError: an annotation refers to nothing.
    """
    changes: list[Change] = []
    for tag, writer in writers.items():
        if tag in readers:
            changes += compare(writer, readers[tag])
        elif strict:
            changes.append(Change(tag, "", "is not known to the reader"))
    return list(dict.fromkeys(changes))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comparison is: the class and the path inside of it."""

    type: str
    field: str

    def within(self, step: str) -> Place:
        """Return the place one step further in."""
        dot = "." if self.field and not step.startswith("[") else ""
        return Place(self.type, f"{self.field}{dot}{step}")


class _Comparison:
    """One comparison and the changes found so far."""

    __slots__ = ("_met", "changes")

    def __init__(self) -> None:
        self.changes: list[Change] = []
        # Classes that contain themselves are compared once; the second time they fit if the
        # first comparison finds nothing else.
        self._met: dict[tuple[Single, Single], bool] = {}

    def shapes(self, writer: Shape, reader: Shape, place: Place) -> None:
        """Compare what may stand at one place."""
        for single in _by_kind(writer):
            met = _meeting(single, reader)
            if isinstance(met, str):
                self._add(Place(word_for(single), ""), met)
            elif met is None or not self._fits(single, met, place):
                self._add(place, _problem(single, writer, met, reader))

    def _add(self, place: Place, problem: str) -> None:
        self.changes.append(Change(place.type, place.field, problem))

    def _fits(self, writer: Single, reader: Single, place: Place) -> bool:
        """Return whether ``writer`` fits, what is inside of it aside, and compare that."""
        match writer, reader:
            case _, Anything():
                return True
            case ((Record() | Row()), _):
                return self._class(writer, reader, place)
            case Array(), Array():
                self.shapes(writer.item, reader.item, place.within("[...]"))
                return within(writer.length, reader.length) and _stays_distinct(writer, reader)
            case Array(), Row():
                return self._array_to_row(writer, reader, place)
            case Map(), Map():
                return self._maps(writer, reader, place)
            case _:
                return leaf_fits(writer, reader)

    def _class(self, writer: Record | Row, reader: Single, place: Place) -> bool:
        if (writer, reader) not in self._met:
            self._met[writer, reader] = True
            self._met[writer, reader] = self._inside(writer, reader, place)
        return self._met[writer, reader]

    def _inside(self, writer: Record | Row, reader: Single, place: Place) -> bool:
        match writer, reader:
            case Record(), Record():
                self._records(writer, reader)
                return True
            case Row(), Row():
                self._rows(writer, reader, place)
                return True
            case Row(), Array():
                return self._row_to_array(writer, reader, place)
            case Record(), Map():
                return self._record_to_map(writer, reader, place)
            case _:
                return False

    def _records(self, writer: Record, reader: Record) -> None:
        root = Place(word_for(writer), "")
        written, read = _wire_fields(writer), _wire_fields(reader)
        if writer.tag_field == reader.tag_field and _retagged(writer, reader):
            self._add(root, f"tag {writer.tag!r} is written, {reader.tag!r} is read")
            return
        for name, new in read.items():
            place = root.within(name)
            old = written.get(name)
            if old is None:
                if new.required:
                    self._add(place, "is required and the writer does not have it")
                continue
            if problem := _left_out(old, new):
                self._add(place, problem)
            self.shapes(old.shape, new.shape, place)
        for name in written if reader.closed else ():
            if name not in read:
                self._add(root.within(name), "is not known to the reader, which forbids that")

    def _rows(self, writer: Row, reader: Row, place: Place) -> None:
        root = place if writer.name == "tuple" else Place(word_for(writer), "")
        if _retagged(writer, reader):
            self._add(root, f"tag {writer.tag!r} is written, {reader.tag!r} is read")
            return
        for index, (old, new) in enumerate(zip(writer.places, reader.places, strict=False)):
            self.shapes(old.shape, new.shape, root.within(f"[{index}]"))
        for index, new in enumerate(reader.places[len(writer.places) :], len(writer.places)):
            if new.required:
                problem = "is required and the writer does not have it"
                self._add(root.within(f"[{index}]"), problem)
        for index in range(len(reader.places), len(writer.places)) if reader.closed else ():
            problem = "is not known to the reader, which forbids that"
            self._add(root.within(f"[{index}]"), problem)

    def _row_to_array(self, writer: Row, reader: Array, place: Place) -> bool:
        for index, member in enumerate(writer.places):
            self.shapes(member.shape, reader.item, place.within(f"[{index}]"))
        count = len(writer.places)
        # Equal items of a row are one item of a set.
        shrinks = reader.distinct and reader.length.low > 1
        return within(Length(count, count), reader.length) and not shrinks

    def _array_to_row(self, writer: Array, reader: Row, place: Place) -> bool:
        for index, member in enumerate(reader.places[: writer.length.high]):
            self.shapes(writer.item, member.shape, place.within(f"[{index}]"))
        required = [index for index, member in enumerate(reader.places, 1) if member.required]
        high = len(reader.places) if reader.closed else None
        return within(writer.length, Length(max(required, default=0), high))

    def _record_to_map(self, writer: Record, reader: Map, place: Place) -> bool:
        fields = _wire_fields(writer)
        for name, member in fields.items():
            self.shapes(Values((name,)), reader.key, place.within("[key]"))
            self.shapes(member.shape, reader.value, place.within(f"[{name}]"))
        low = sum(not member.omissible for member in fields.values())
        return within(Length(low, len(fields)), reader.length)

    def _maps(self, writer: Map, reader: Map, place: Place) -> bool:
        self.shapes(writer.key, reader.key, place.within("[key]"))
        self.shapes(writer.value, reader.value, place.within("[...]"))
        # JSON writes all keys as text, so that the reader of a union may take one for another.
        # Different keys may also become equal ones and the map shorter.
        ambiguous = isinstance(reader.key, OneOf) or reader.length.low > 1
        if ambiguous and not _same(writer.key, reader.key):
            return False
        return within(writer.length, reader.length)


# What a reader's union makes of one value. msgspec decides by what stands on the wire and by
# nothing else: an `int` goes to the `int` of `int | float` also where its range forbids it.

_Token: TypeAlias = str

_PREFERENCES: Final[dict[_Token, tuple[_Token, ...]]] = {
    "bool": ("bool", "bool values"),
    "int": ("int", "int values", "float", "decimal"),
    "float": ("float", "decimal"),
    "str": ("str", "str values"),
    "datetime": ("datetime", "str"),
    "time": ("time", "str"),
    "date": ("date", "str"),
    "timedelta": ("timedelta", "str"),
    "decimal": ("decimal", "str"),
    "uuid": ("uuid", "str"),
    "array": ("array", "row"),
    "row": ("row", "array"),
    "record": ("record", "map"),
    "map": ("map",),
}


def _by_kind(shape: Shape) -> Iterator[Single]:
    """Yield what a union may write, plain values of different types apart."""
    for single in singles(shape):
        if isinstance(single, Values) and not single.flag:
            for kind in dict.fromkeys(type(value) for value in single.values):
                yield Values(tuple(value for value in single.values if type(value) is kind))
        else:
            yield single


def _tokens(shape: Single) -> Iterator[_Token]:
    match shape:
        case Values():
            for value in shape.values:
                yield f"{type(value).__name__} values"
        case Atom() | Anything() | Number() | Text() | Moment():
            yield shape.kind
        case _:
            yield type(shape).__name__.lower()


def _meeting(writer: Single, reader: Shape) -> Single | str | None:
    """Return the member of ``reader`` that gets what ``writer`` writes.

    None if there is none; a problem of the writer's own if the reader does not know its tag.
    """
    if not isinstance(reader, OneOf):
        return reader
    for member in reader.members:
        if isinstance(member, Anything) and member.kind == "any":
            return member
    token = next(_tokens(writer)).removesuffix(" values")
    for wanted in _PREFERENCES.get(token, (token,)):
        found = [member for member in reader.members if wanted in _tokens(member)]
        if len(found) > 1:
            return _by_tag(writer, found)
        if found:
            return found[0]
    return None


def _by_tag(writer: Single, found: list[Single]) -> Single | str | None:
    """Return which of several tagged classes gets what ``writer`` writes."""
    if not isinstance(writer, Record | Row) or writer.tag is None:
        return None
    for member in found:
        assert isinstance(member, Record | Row)
        if member.tag == writer.tag and _tag_field(member) == _tag_field(writer):
            return member
    return "is not known to the reader"


# Collections and classes


def _stays_distinct(writer: Array, reader: Array) -> bool:
    """Return whether a set is not too short for its reader, who counts equal items once."""
    if not reader.distinct or reader.length.low < 2:
        return True
    return writer.distinct and _same(writer.item, reader.item)


def _same(one: Shape, other: Shape) -> bool:
    return canonical(outline(one)) == canonical(outline(other))


def _wire_fields(record: Record) -> dict[str, Member]:
    """Return all fields on the wire, the tag first; a reader of one class does not need it."""
    if record.tag is None or record.tag_field is None:
        return record.fields
    return {record.tag_field: Member(Values((record.tag,)), required=False), **record.fields}


def _tag_field(shape: Record | Row) -> str | None:
    return shape.tag_field if isinstance(shape, Record) else None


def _retagged(writer: Record | Row, reader: Record | Row) -> bool:
    return None not in (writer.tag, reader.tag) and writer.tag != reader.tag


def _left_out(writer: Member, reader: Member) -> str:
    """Return what is wrong if the writer leaves a field out; empty if nothing is."""
    if not writer.omissible:
        return ""
    if reader.required:
        return "is required and the writer may leave it out"
    if writer.made != "value":
        return ""
    if reader.made == "value" and default_of(writer) == default_of(reader):
        return ""
    return OTHER_DEFAULT


def _problem(single: Single, writer: Shape, met: Single | None, reader: Shape) -> str:
    """Return the words for ``single`` of ``writer`` not fitting ``met`` of ``reader``."""
    if isinstance(single, Values) and isinstance(met, Values) and not single.flag:
        unknown = [value for value in single.values if not takes(met, value)]
        return f"may be {', '.join(map(repr, unknown))}, which the reader does not know"
    if type(single) is not type(met) and word_for(single) == word_for(reader):
        return f"is written as {form_of(single)}, is read from {form_of(reader)}"
    if met is not None and word_for(single) == word_for(met):
        return f"accepts {range_of(met)}, the writer sends {range_of(single)}"
    return f"{word_for(writer)} is written, {word_for(reader)} is read"
