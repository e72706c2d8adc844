"""Wording: a shape in the words of a type annotation, for whoever reads an error."""

from __future__ import annotations

from typing import assert_never

from ._shape import (
    ANY_LENGTH,
    Anything,
    Array,
    Atom,
    Foreign,
    Length,
    Map,
    Moment,
    Number,
    OneOf,
    Record,
    Row,
    Shape,
    Single,
    Text,
    Values,
)


def word_for(shape: Shape) -> str:
    """Return how a type is written, without its constraints and what it contains."""
    match shape:
        case OneOf():
            return " | ".join(dict.fromkeys(word_for(member) for member in shape.members))
        case Atom(kind="null"):
            return "None"
        case Atom(kind="decimal" | "ext"):
            return shape.kind.capitalize()
        case Atom(kind="uuid"):
            return "UUID"
        case Anything():
            return shape.kind.capitalize()
        case Atom() | Number() | Text() | Moment():
            return shape.kind
        case Values():
            return f"Literal[{', '.join(map(repr, shape.values))}]"
        case Array():
            return "set" if shape.distinct else "list"
        case Map():
            return "dict"
        case Record() | Row():
            return shape.tag if isinstance(shape.tag, str) else shape.name
        case Foreign():
            return shape.cls.__name__
        case _:
            assert_never(shape)


def form_of(shape: Shape) -> str:
    """Return what stands for a class on the wire."""
    return "an array" if isinstance(shape, Row) else "an object"


def range_of(shape: Single) -> str:
    """Return which values of its type a shape takes."""
    match shape:
        case Number():
            return _numbers(shape)
        case Text(kind="str"):
            return _lengths(shape.length, "characters", _matches(shape))
        case Text():
            return _lengths(shape.length, "bytes", "any bytes")
        case Array():
            return _lengths(shape.length, "items", f"any {word_for(shape)}")
        case Map():
            return _lengths(shape.length, "entries", "any dict")
        case Moment(tz=None):
            return f"any {shape.kind}"
        case Moment():
            return f"{shape.kind} {'with' if shape.tz else 'without'} a timezone"
        case _:
            return f"any {word_for(shape)}"


def _numbers(shape: Number) -> str:
    bounds = (
        (shape.ge, f"{shape.ge} and more"),
        (shape.gt, f"more than {shape.gt}"),
        (shape.le, f"{shape.le} and less"),
        (shape.lt, f"less than {shape.lt}"),
        (shape.multiple_of, f"multiples of {shape.multiple_of}"),
    )
    return ", ".join(words for bound, words in bounds if bound is not None) or f"any {shape.kind}"


def _matches(shape: Text) -> str:
    return "any str" if shape.pattern is None else f"matches of {shape.pattern!r}"


def _lengths(length: Length, unit: str, otherwise: str) -> str:
    if length == ANY_LENGTH:
        return otherwise
    high = "" if length.high is None else f" to {length.high}"
    more = "" if high else " and more"
    size = f"{length.low}{high}{more} {unit}"
    return size if otherwise.startswith("any ") else f"{otherwise} of {size}"
