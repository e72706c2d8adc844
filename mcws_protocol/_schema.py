"""Schema: what a type looks like on the wire, as a canonical text.

Two type forms have the same schema if and only if both ends may exchange one for the other
without noticing: the order of a union, the name of an untagged class, docstrings, modules and
whether a sequence is a list or a tuple in Python are not part of it. ``str`` and what is written
as a string, ``datetime`` or ``UUID`` for example, are told apart, which a JSON schema does not do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, assert_never

from msgspec import to_builtins

from ._forms import title
from ._shape import (
    ANY_LENGTH,
    Anything,
    Array,
    Atom,
    Foreign,
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

# 64 bits: no attack is to be held off, only accidents among the versions of one contract.
FINGERPRINT_DIGITS: Final = 16


def describe(kind: object) -> object:
    """Return the schema of a type form, made of what JSON has.

    A class that contains itself is written ``{"up": n}`` inside of itself: the class that ``n``
    classes around this place belong to, 0 being the closest.

    Raises:
        TypeError: msgspec does not take ``kind``.
        NameError: an annotation in it refers to nothing.
    """
    return outline(shape_of(kind))


def undecodable(kind: object) -> str:
    """Return what msgspec cannot decode in a type form and where; empty if it can all of it."""
    try:
        shape = shape_of(kind)
    except NameError as error:
        return f"{title(kind)}, which names the unknown {error.name!r},"
    except TypeError as error:
        return str(error)
    return next(_foreign(shape, "", set()), "")


def fingerprint(*parts: object) -> str:
    """Return 16 hex digits that tell ``parts`` from others, the same everywhere and always.

    ``parts`` are texts or what ``describe`` returns; their order counts.
    """
    return sha256(canonical(parts).encode()).hexdigest()[:FINGERPRINT_DIGITS]


def canonical(structure: object) -> str:
    """Return JSON that is equal for equal structures."""
    return json.dumps(structure, sort_keys=True, separators=(",", ":"))


def outline(shape: Shape, around: tuple[Single, ...] = ()) -> object:
    """Return the schema of a shape that is inside of the classes ``around``, outermost first."""
    if isinstance(shape, OneOf):
        # Each text once and in order: a union is a set.
        members = {canonical(part): part for part in (outline(m, around) for m in shape.members)}
        return {"is": "union", "of": [members[text] for text in sorted(members)]}
    match shape:
        case Record() | Row():
            return _class(shape, around)
        case Array():
            kind = "set" if shape.distinct else "array"
            return {"is": kind, "of": outline(shape.item, around), **_length(shape.length)}
        case Map():
            key, value = outline(shape.key, around), outline(shape.value, around)
            return {"is": "map", "key": key, "of": value, **_length(shape.length)}
        case _:
            return _leaf(shape)


def _leaf(shape: Atom | Anything | Number | Text | Moment | Values | Foreign) -> object:
    match shape:
        case Atom() | Anything():
            return {"is": shape.kind}
        case Number():
            names = ("ge", "gt", "le", "lt", "multiple_of")
            return {"is": shape.kind, **_given({name: getattr(shape, name) for name in names})}
        case Text():
            return {"is": shape.kind, **_given({"pattern": shape.pattern}), **_length(shape.length)}
        case Moment():
            return {"is": shape.kind, **_given({"tz": shape.tz})}
        case Values():
            # `True == 1`: the type is part of the key.
            values = {(type(value).__name__, value): value for value in shape.values}
            return {
                "is": "flag" if shape.flag else "values",
                "of": [values[k] for k in sorted(values)],
            }
        case Foreign():
            return {"is": "foreign", "name": shape.cls.__name__}
        case _:
            assert_never(shape)


def _class(shape: Record | Row, around: tuple[Single, ...]) -> object:
    if shape in around:
        return {"up": len(around) - 1 - around.index(shape)}
    inside = (*around, shape)
    closed = {"closed": True} if shape.closed else {}
    if isinstance(shape, Row):
        return {"is": "row", "of": [_member(place, inside) for place in shape.places], **closed}
    fields = {name: _member(field, inside) for name, field in shape.fields.items()}
    tag = _given({"tag": shape.tag, "tag_field": shape.tag_field})
    return {"is": "record", "of": fields, **tag, **closed}


def _member(member: Member, around: tuple[Single, ...]) -> object:
    found: dict[str, object] = {"type": outline(member.shape, around)}
    if member.made is not None:
        found[member.made] = default_of(member) if member.made == "value" else True
    if member.omissible:
        found["omissible"] = True
    return found


def default_of(member: Member) -> object:
    """Return the default of ``member`` as JSON has it; None if it cannot be written."""
    try:
        return to_builtins(member.default, str_keys=True, order="deterministic")
    except TypeError:
        # Of a class that no codec knows, or a set of different types, which has no order.
        return None


def _length(length: Length) -> dict[str, object]:
    if length == ANY_LENGTH:
        return {}
    return _given({"min_length": length.low or None, "max_length": length.high})


def _given(options: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def _foreign(shape: Shape, place: str, seen: set[Single]) -> Iterator[str]:
    """Yield each class in ``shape`` that msgspec does not know, with the place where it is."""
    for single in singles(shape):
        if single in seen:
            continue
        seen.add(single)
        match single:
            case Foreign():
                yield f"{place}: {single.cls.__name__}" if place else single.cls.__name__
            case Array():
                yield from _foreign(single.item, place, seen)
            case Map():
                yield from _foreign(single.key, place, seen)
                yield from _foreign(single.value, place, seen)
            case Record():
                for name, field in single.fields.items():
                    yield from _foreign(field.shape, f"{single.name}.{name}", seen)
            case Row():
                for index, member in enumerate(single.places):
                    yield from _foreign(member.shape, f"{single.name}[{index}]", seen)
            case _:
                pass
