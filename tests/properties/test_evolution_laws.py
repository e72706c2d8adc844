"""The laws of schemas and their evolution, for random types and values of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol._evolution import OTHER_DEFAULT, compare
from mcws_protocol._schema import describe, fingerprint, undecodable
from tests.properties.models import (
    NONE,
    Choice,
    Either,
    Field,
    Fixed,
    Leaf,
    Many,
    Model,
    Spec,
    Table,
    build,
    constrained,
    corners,
    messages,
    renamed,
    specs,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

CODECS = (msgspec.msgpack, msgspec.json)

Change: TypeAlias = "Callable[[Draw], Spec]"
"""One change of a spec; what it still has to decide, it draws."""


class Draw(Protocol):
    """What Hypothesis gives to a composite strategy, with a result that fits."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T:
        """Return a value of ``strategy``."""
        ...


# Mutations


def take(draw: Draw, spec: Spec, number: int) -> Spec:
    """Return ``spec`` with one thing changed in one place; ``number`` makes new names new."""
    inner = parts_of(spec)
    deeper: bool = draw(st.booleans())
    if inner and deeper:
        index = draw(st.integers(0, len(inner) - 1))
        return with_part(spec, index, take(draw, inner[index], number))
    change = draw(st.sampled_from(changes(spec, number)))
    return change(draw)


def parts_of(spec: Spec) -> list[Spec]:
    """Return what may be changed inside of ``spec``."""
    match spec:
        case Many(kind) if kind in (list, tuple):
            return [spec.item]
        case Fixed():
            return list(spec.items)
        case Table():
            return [spec.value]
        case Either():
            # Another type may not be allowed beside the others.
            return [part for part in spec.members if isinstance(part, Model)]
        case Model():
            return [field.spec for field in spec.fields]
        case _:
            return []


def with_part(spec: Spec, index: int, part: Spec) -> Spec:
    """Return ``spec`` with one part replaced."""
    match spec:
        case Many():
            return replace(spec, item=part)
        case Fixed():
            return replace(spec, items=(*spec.items[:index], part, *spec.items[index + 1 :]))
        case Table():
            return replace(spec, value=part)
        case Either():
            old = parts_of(spec)[index]
            allowed = isinstance(part, Model) and part.flavour == "struct" and part.tag
            new = part if allowed else old
            return replace(spec, members=tuple(new if m is old else m for m in spec.members))
        case Model():
            field = replace(spec.fields[index], spec=part)
            fields = (*spec.fields[:index], field, *spec.fields[index + 1 :])
            return replace(spec, fields=fields)
        case _:
            return spec


def changes(spec: Spec, number: int) -> list[Change]:
    """Return functions that each draw one change of ``spec`` itself."""
    prefix = f"n{number}"
    found: list[Change] = [
        lambda draw: draw(specs(1, prefix)),
        lambda draw: draw(st.sampled_from([Leaf(Any), Leaf(float), Leaf(str)])),
    ]
    match spec:
        case Leaf():
            plain = getattr(spec.form, "__origin__", spec.form)
            limited = constrained(plain)
            found.append(lambda draw: Leaf(plain))
            if limited is not None:
                found.append(lambda draw: draw(limited))
        case Choice():
            more: Any = 9 if isinstance(spec.values[0], int) else "z"
            found.append(lambda draw: replace(spec, values=(*spec.values[:4], more)))
            found.append(lambda draw: replace(spec, as_enum=not spec.as_enum))
            if len(spec.values) > 2:
                found.append(lambda draw: replace(spec, values=spec.values[1:]))
        case Many():
            swaps: dict[Any, Any] = {list: set, tuple: list, set: list, frozenset: tuple}
            other = swaps[spec.kind]
            if other is not set or spec.item in (Leaf(int), Leaf(str)):
                found.append(lambda draw: replace(spec, kind=other))
            found += spanned(spec)
        case Table():
            found += spanned(spec)
        case Fixed():
            found.append(lambda draw: Many(list, NONE))
            found.append(lambda draw: replace(spec, items=(*spec.items, Leaf(int))))
            found.append(lambda draw: replace(spec, items=spec.items[:-1]))
        case Either():
            found.append(lambda draw: shorter(spec, draw))
        case Model():
            found += model_changes(spec, number)
    if not isinstance(spec, Either) and spec != NONE and spec != Leaf(Any):
        found.append(lambda draw: Either((spec, NONE)))
    return found


def spanned(spec: Many | Table) -> list[Change]:
    """Return changes of a collection's lengths."""
    return [
        lambda draw: replace(spec, low=1 - min(spec.low, 1)),
        lambda draw: replace(spec, high=draw(st.none() | st.integers(3, 8))),
    ]


def shorter(spec: Either, draw: Draw) -> Spec:
    """Return a union without one member."""
    index = draw(st.integers(0, len(spec.members) - 1))
    rest = (*spec.members[:index], *spec.members[index + 1 :])
    return rest[0] if len(rest) == 1 else Either(rest)


def model_changes(spec: Model, number: int) -> list[Change]:
    """Return changes of a class."""
    name = f"n{number}"
    found: list[Change] = [
        lambda draw: renamed(spec, f"{spec.name}{name}"),
        lambda draw: added(spec, Field(name, draw(specs(1, name)), False)),
        lambda draw: added(spec, Field(name, draw(specs(1, name)), True)),
    ]
    if spec.flavour in ("struct", "array"):
        found.append(lambda draw: replace(spec, closed=not spec.closed))
    if spec.flavour == "struct":
        found.append(lambda draw: replace(spec, omits=not spec.omits))
    if spec.fields and (spec.flavour != "namedtuple" or len(spec.fields) > 1):
        found.append(lambda draw: replace(spec, fields=spec.fields[:-1]))
    if spec.fields:
        last = spec.fields[-1]
        rest = spec.fields[:-1]
        found.append(lambda draw: replace(spec, fields=(*rest, replace(last, name=name))))
        flipped = replace(last, optional=not last.optional)
        found.append(lambda draw: added(replace(spec, fields=rest), flipped))
    return found


def added(spec: Model, field: Field) -> Model:
    """Return ``spec`` with a field more; one without a default cannot follow one with."""
    ordered = spec.flavour == "namedtuple" and spec.fields and spec.fields[-1].optional
    field = replace(field, optional=True) if ordered else field
    return replace(spec, fields=(*spec.fields, field))


@st.composite
def versions(draw: st.DrawFn) -> tuple[Model, Model]:
    """Return a message and the same one after a few changes."""
    old = draw(messages())
    new: Spec = old
    for number in range(draw(st.integers(1, 3))):
        changed = take(draw, new, number)
        new = changed if isinstance(changed, Model) and changed.tag else new
    assert isinstance(new, Model)
    return old, new


# Oracles


def refused(values: Iterable[Any], reader: Any) -> list[str]:
    """Return for which values one of the codecs gives an error at the reader."""
    decoders = [(codec, codec.Encoder(), codec.Decoder(reader)) for codec in CODECS]
    found: list[str] = []
    for value in values:
        for codec, encoder, decoder in decoders:
            try:
                decoder.decode(encoder.encode(value))
            except msgspec.ValidationError as error:
                found.append(f"{codec.__name__}: {value!r}: {error}")
    return found


# Laws


@given(st.data())
def test_values_survive_both_codecs(data: st.DataObject) -> None:
    """What is encoded is decoded to an equal value, at each corner of each type."""
    kind = build(data.draw(messages()))
    assert undecodable(kind) == ""
    for value in [data.draw(values_of(kind)), *corners(kind)]:
        for codec in CODECS:
            assert codec.decode(codec.encode(value), type=kind) == value


@given(messages())
def test_equal_types_have_one_schema(spec: Model) -> None:
    """A type that is written down twice has one schema, and nothing to change."""
    one, other = build(spec), build(spec)
    assert describe(one) == describe(other)
    assert fingerprint(describe(one)) == fingerprint(describe(other))
    assert compare(one, other) == []
    assert compare(one, one) == []


@given(versions())
def test_schemas_differ_if_a_change_is_found(pair: tuple[Model, Model]) -> None:
    """Two types of one schema can read each other."""
    old, new = build(pair[0]), build(pair[1])
    changed = bool(compare(old, new) or compare(new, old))
    assert (fingerprint(describe(old)) != fingerprint(describe(new))) >= changed


@given(versions(), st.data())
def test_accepted_versions_decode(pair: tuple[Model, Model], data: st.DataObject) -> None:
    """If no change is found, whatever the writer writes decodes; if one is, something does not."""
    old, new = build(pair[0]), build(pair[1])
    values = [*corners(old), *(data.draw(values_of(old)) for _ in range(3))]
    problems = [change.problem for change in compare(old, new)]
    failures = refused(values, new)
    assert bool(problems) or not failures, failures
    # Where a default differs all may decode: a value is lost instead of refused. And what a pattern
    # says of lengths is not looked for, so one that fits may be told.
    may_decode = OTHER_DEFAULT in problems or any("sends matches of" in one for one in problems)
    assert bool(failures) or not problems or may_decode, problems
