"""Values: the strategy for a type of messages, with its constraints and whatever refers to itself.

``from_type`` of Hypothesis knows neither msgspec's constraints nor which values both formats carry:
a float in JSON is finite, an integer has 64 bits.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st
from msgspec import inspect

ITEMS_MAX: Final = 4
"""Items more than the least in a collection without a bound: more would say nothing new."""
TEXT: Final = st.characters(exclude_categories=["Cs"])
"""The characters that UTF-8 can express."""
DAYS: Final = 10_000
"""Of a duration, so that no format rounds its microseconds."""


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return the values of a type.

    Types that msgspec does not know are left to ``from_type``, and so to
    ``register_type_strategy``.
    """
    return _Values().of(inspect.type_info(kind))


class _Values:
    """The strategies of one type, by class, since a class may contain itself."""

    def __init__(self) -> None:
        self._known: dict[Any, st.SearchStrategy[Any]] = {}

    def of(self, node: inspect.Type) -> st.SearchStrategy[Any]:
        """Return the values of a node of ``type_info``."""
        match node:
            case inspect.Metadata():
                return self.of(node.type)
            case inspect.UnionType():
                return st.one_of([self.of(part) for part in node.types])
            case inspect.StructType() | inspect.DataclassType() | inspect.NamedTupleType():
                return self._once(node.cls, lambda: self._object(node))
            case inspect.TypedDictType():
                return self._once(node.cls, lambda: self._table(node))
            case _:
                return self._collection(node)

    def _once(self, key: Any, make: Callable[[], st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
        """Return the strategy of a class, made when it is first drawn from."""
        if key not in self._known:
            self._known[key] = st.deferred(make)
        return self._known[key]

    def _object(self, node: Any) -> st.SearchStrategy[Any]:
        """Return objects; a field with a default is left out at times."""
        needed = {f.name: self.of(f.type) for f in node.fields if f.required}
        rest = {f.name: self.of(f.type) for f in node.fields if not f.required}
        made: st.SearchStrategy[Any] = st.fixed_dictionaries(needed, optional=rest).map(
            lambda found: node.cls(**found)
        )
        return made

    def _table(self, node: inspect.TypedDictType) -> st.SearchStrategy[Any]:
        """Return dicts of known keys."""
        needed = {f.name: self.of(f.type) for f in node.fields if f.required}
        rest = {f.name: self.of(f.type) for f in node.fields if not f.required}
        return st.fixed_dictionaries(needed, optional=rest)

    def _collection(self, node: inspect.Type) -> st.SearchStrategy[Any]:
        """Return collections of any values."""
        match node:
            case inspect.ListType():
                return st.lists(self.of(node.item_type), **sizes(node))
            case inspect.VarTupleType():
                return st.lists(self.of(node.item_type), **sizes(node)).map(tuple)
            case inspect.SetType():
                return st.sets(self.of(node.item_type), **sizes(node))
            case inspect.FrozenSetType():
                return st.frozensets(self.of(node.item_type), **sizes(node))
            case inspect.TupleType():
                return st.tuples(*map(self.of, node.item_types))
            case inspect.DictType():
                keys, values = self.of(node.key_type), self.of(node.value_type)
                return st.dictionaries(keys, values, **sizes(node))
            case _:
                return scalars(node)


def sizes(node: Any) -> dict[str, Any]:
    """Return how long a collection or a text may be."""
    low = node.min_length or 0
    return {
        "min_size": low,
        "max_size": low + ITEMS_MAX if node.max_length is None else node.max_length,
    }


def scalars(node: inspect.Type) -> st.SearchStrategy[Any]:
    """Return the values of a type without parts."""
    match node:
        case inspect.IntType():
            return integers(node)
        case inspect.FloatType():
            return floats(node)
        case inspect.StrType():
            return texts(node)
        case inspect.BytesType() | inspect.ByteArrayType() | inspect.MemoryViewType():
            return st.binary(**sizes(node)).map(BUFFERS[type(node)])
        case inspect.DateTimeType():
            first, last = dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)  # noqa: DTZ001
            return st.datetimes(first, last, timezones=zones(node.tz))
        case inspect.TimeType():
            return st.times(timezones=zones(node.tz))
        case inspect.EnumType():
            return st.sampled_from(list(node.cls))
        case inspect.LiteralType():
            return st.sampled_from(node.values)
        case inspect.CustomType():
            kind: type[Any] = node.cls
            return st.from_type(kind)
        case _:
            return SIMPLE[type(node)]


def integers(node: inspect.IntType) -> st.SearchStrategy[int]:
    """Return integers of 64 bits."""
    low = -(2**63) if node.ge is None else node.ge
    high = 2**63 - 1 if node.le is None else node.le
    low = low if node.gt is None else node.gt + 1
    high = high if node.lt is None else node.lt - 1
    step = node.multiple_of or 1
    return st.integers(-(-low // step), high // step).map(lambda count: count * step)


def floats(node: inspect.FloatType) -> st.SearchStrategy[float]:
    """Return finite floats."""
    low = node.ge if node.gt is None else math.nextafter(node.gt, math.inf)
    high = node.le if node.lt is None else math.nextafter(node.lt, -math.inf)
    if node.multiple_of is None:
        return st.floats(low, high, allow_nan=False, allow_infinity=False)
    step = node.multiple_of
    least = -1000 if low is None else math.ceil(low / step)
    most = least + 1000 if high is None else math.floor(high / step)
    return st.integers(least, most).map(lambda count: count * step)


def texts(node: inspect.StrType) -> st.SearchStrategy[str]:
    """Return texts without lone surrogates."""
    if node.pattern is None:
        return st.text(TEXT, **sizes(node))
    low, high = node.min_length or 0, math.inf if node.max_length is None else node.max_length
    # Searched, not matched, as msgspec does.
    found = st.from_regex(node.pattern, alphabet=TEXT)
    return found.filter(lambda text: low <= len(text) <= high)


def zones(aware: bool | None) -> st.SearchStrategy[Any]:
    """Return the timezones of a time that has to have one, may not, or either."""
    if aware is None:
        return st.sampled_from([dt.UTC, None])
    return st.just(dt.UTC if aware else None)


BUFFERS: Final[dict[Any, Callable[[bytes], Any]]] = {
    inspect.BytesType: bytes,
    inspect.ByteArrayType: bytearray,
    inspect.MemoryViewType: memoryview,
}
ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(TEXT, max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(TEXT), inner, max_size=3),
    max_leaves=5,
)
"""What arrives as it was sent in any format without a type."""
SIMPLE: Final[dict[type[inspect.Type], st.SearchStrategy[Any]]] = {
    inspect.AnyType: ANYTHING,
    inspect.NoneType: st.none(),
    inspect.BoolType: st.booleans(),
    inspect.DateType: st.dates(),
    inspect.TimeDeltaType: st.timedeltas(dt.timedelta(-DAYS), dt.timedelta(DAYS)),
    inspect.DecimalType: st.decimals(allow_nan=False, allow_infinity=False),
    inspect.UUIDType: st.uuids(),
}
