"""Hazard: types on which msgspec corrupts memory, found before it is asked about them.

msgspec keeps the limits of several members of a union in one place. Where some of them meet, making
a decoder writes over other memory, and the process ends at once or at a later garbage collection
(msgspec 0.22). So they are found in the annotations, without its help.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import msgspec

from ._forms import class_of, is_union, members_of, title, unalias

# What meets in one union, by the names that `traits` gives: a member of the first kind and one of
# the second.
CLASHES: Final = (
    ("str with a pattern", "collection"),
    ("scalar with limits", "tuple of a fixed length"),
    ("dict with limits", "tuple of a fixed length"),
)

SCALARS: Final = frozenset({int, float, str, bytes, bytearray})
COLLECTIONS: Final = frozenset({list, set, frozenset, dict})


def hazard(kind: Any) -> str:
    """Return the first union in ``kind`` that msgspec must not see; empty if there is none."""
    for union in unions(kind, set()):
        found = {trait for member in members_of(union) for trait in traits(member)}
        for one, other in CLASHES:
            if one in found and other in found:
                return f"{title(union)}, a {one} beside a {other},"
    return ""


def traits(member: Any) -> Iterator[str]:
    """Yield what about one member of a union can clash with another one."""
    limits = [each for each in getattr(member, "__metadata__", ()) if is_limit(each)]
    plain = member.__origin__ if get_origin(member) is Annotated else member
    cls, arguments = class_of(plain), get_args(plain)
    if cls is tuple and arguments:
        yield "collection" if arguments[-1] is ... else "tuple of a fixed length"
    elif cls is tuple or cls in COLLECTIONS:
        yield "collection"
    if limits and cls in SCALARS:
        yield "scalar with limits"
    if limits and cls is dict:
        yield "dict with limits"
    if cls is str and any(limit.pattern is not None for limit in limits):
        yield "str with a pattern"


def is_limit(meta: object) -> bool:
    """Whether an annotation says which values are allowed, and not only what they mean."""
    if not isinstance(meta, msgspec.Meta):
        return False
    names = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length")
    return any(getattr(meta, name) is not None for name in names)


def unions(kind: Any, seen: set[Any]) -> Iterator[Any]:
    """Yield each union that ``kind`` is or has inside."""
    kind = unalias(kind)
    if get_origin(kind) is Annotated:
        kind = kind.__origin__
    if is_union(kind):
        yield kind
    for part in (*get_args(kind), *fields_of(class_of(kind), seen)):
        yield from unions(part, seen)


def fields_of(kind: Any, seen: set[Any]) -> list[Any]:
    """Return the types of the fields of a class, once for each class."""
    if not has_fields(kind) or kind in seen:
        return []
    seen.add(kind)
    try:
        return list(get_type_hints(kind, include_extras=True).values())
    except NameError:
        # A type that is named and not known: msgspec finds the same, and says which.
        return []


def has_fields(kind: Any) -> bool:
    """Whether ``kind`` is a class whose objects msgspec knows by their fields."""
    bases: tuple[type, ...] = getattr(kind, "__mro__", ())
    # `TypedDict` and `NamedTuple` make such classes.
    is_row = (dict in bases or tuple in bases) and bool(getattr(kind, "__annotations__", None))
    return is_row or msgspec.Struct in bases or hasattr(kind, "__dataclass_fields__")
