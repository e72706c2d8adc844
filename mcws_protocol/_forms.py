"""Forms: types as they are written in a contract, unions, generic classes and names among them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Never, NoReturn, Union, get_args, get_origin, get_type_hints

# What is written for a direction in which nothing is said.
SILENCE: Final = (Never, NoReturn)


def class_of(kind: Any) -> Any:
    """Return the class of a type form, ``Page`` of ``Page[int]``; itself if it has none."""
    return get_origin(kind) or kind


def members_of(kind: Any) -> Iterable[Any]:
    """Return the types that ``kind`` is a union of, each once; none for ``Never``."""
    kind = unalias(kind)
    if kind in SILENCE:
        return ()
    if not is_union(kind):
        return (type(None) if kind is None else kind,)
    return dict.fromkeys(each for member in get_args(kind) for each in members_of(member))


def unalias(kind: Any) -> Any:
    """Return what an alias made by the statement ``type`` stands for; itself if it is none."""
    while True:
        alias = class_of(kind)
        if not hasattr(alias, "__value__"):
            return kind
        # Of an alias with parameters, `__value__` has the variables and not what was given.
        kind = fill(alias.__value__, dict(zip(alias.__type_params__, get_args(kind), strict=False)))


def is_union(kind: Any) -> bool:
    """Whether ``kind`` is a union, written either way."""
    return class_of(kind) in (Union, type(int | str))


def is_form(kind: object) -> bool:
    """Whether ``kind`` is a type as it is written, and no object or collection of types."""
    # `Any`, `NewType` and what `typing` has besides are objects of classes of its own.
    is_own = type(kind).__module__ in {"typing", "typing_extensions"}
    return isinstance(kind, type) or get_origin(kind) is not None or is_own


def union_of(kinds: Sequence[Any]) -> Any:
    """Return the union of ``kinds``; ``Never`` for none."""
    return Union[tuple(kinds)] if kinds else Never  # noqa: UP007 - of types known at run time only


def title(kind: Any) -> str:
    """Return a type as a reader knows it: ``Reading | Alarm``, without modules."""
    if kind is object:
        return "any value"
    if is_union(kind) or kind in SILENCE:
        return titles(members_of(kind))
    if isinstance(kind, type) and not get_args(kind):
        return kind.__name__
    # The modules of what is inside: `list[app.messages.Reading]`.
    return re.sub(r"\w+\.", "", str(kind))


def titles(kinds: Iterable[Any]) -> str:
    """Return types as a reader knows them: ``Reading | Alarm``."""
    return " | ".join(map(title, kinds)) or "nothing"


def has_variables(kind: Any) -> bool:
    """Whether a type form has type variables for which nothing was given."""
    return bool(getattr(kind, "__parameters__", None))


def fill(kind: Any, given: Mapping[Any, Any]) -> Any:
    """Return ``kind`` with its type variables replaced by what was given for them."""
    if kind in given:
        return given[kind]
    parameters: tuple[Any, ...] = getattr(kind, "__parameters__", ())
    if not parameters:
        return kind
    return kind[tuple(given.get(parameter, parameter) for parameter in parameters)]


def resolve(kind: Any, where: type) -> Any:
    """Return ``kind`` with names that were written as text replaced by what they stand for.

    Raises:
        TypeError: there is no such name where the class ``where`` was written.
    """
    space = vars(sys.modules[where.__module__]) if where.__module__ in sys.modules else {}
    holder = type("Holder", (), {"__annotations__": {"kind": kind}})
    try:
        return get_type_hints(holder, space, {where.__name__: where}, include_extras=True)["kind"]
    except NameError as error:
        raise TypeError(f"{where.__name__} is answered by {error.name}, which is unknown") from None
