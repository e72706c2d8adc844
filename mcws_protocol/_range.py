"""Range: whether all values of one simple type are values of another one."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from ._shape import Atom, Foreign, Length, Moment, Number, Single, Text, Value, Values


def leaf_fits(writer: Single, reader: Single) -> bool:
    """Return whether all of ``writer``, which contains no other shapes, is in ``reader``."""
    match writer, reader:
        case Values(), _:
            return _values_fit(writer, reader)
        case Number(), Number():
            return _number_fits(writer, reader)
        case Number(), Atom(kind="decimal"):
            return True
        case Text(), Text():
            same = writer.kind == reader.kind and reader.pattern in (None, writer.pattern)
            return same and within(writer.length, reader.length)
        case Moment(), Moment():
            return writer.kind == reader.kind and reader.tz in (None, writer.tz)
        case Moment(), Text(kind="str"):
            # MessagePack has a type for aware points in time.
            naive = writer.kind == "time" or writer.tz is False
            return naive and _takes_all(reader, _WRITTEN[writer.kind])
        case Atom(kind="date" | "timedelta" | "decimal" | "uuid"), Text(kind="str"):
            return _takes_all(reader, _WRITTEN[writer.kind])
        case Atom(), Atom():
            return writer.kind == reader.kind
        case Foreign(), Foreign():
            return writer.cls is reader.cls
        case _:
            return False


# How many characters they become; no upper bound where nobody would rely on one.
_WRITTEN: Final[dict[str, Length]] = {
    "date": Length(10, 10),
    "uuid": Length(36, 36),
    "datetime": Length(19),
    "time": Length(8),
    "timedelta": Length(3),
    "decimal": Length(1),
}


def _takes_all(reader: Text, length: Length) -> bool:
    return reader.pattern is None and within(length, reader.length)


def _values_fit(writer: Values, reader: Single) -> bool:
    if not writer.flag:
        return all(takes(reader, value) for value in writer.values)
    if isinstance(reader, Values):
        return reader.flag and set(writer.values) <= set(reader.values)
    return leaf_fits(Number("int", ge=0), reader)


def takes(reader: Single, value: Value) -> bool:
    """Return whether ``reader`` takes one value."""
    match reader:
        case Values():
            return any(type(known) is type(value) and known == value for known in reader.values)
        case Atom(kind="bool"):
            return isinstance(value, bool)
        case Text(kind="str") if isinstance(value, str):
            count = Length(len(value), len(value))
            matches = reader.pattern is None or re.search(reader.pattern, value) is not None
            return matches and within(count, reader.length)
        case _ if isinstance(value, bool | str):
            return False
        case Number():
            step = value if reader.multiple_of is not None else None
            return _number_fits(Number("int", value, None, value, None, step), reader)
        case _:
            return reader.kind == "decimal" if isinstance(reader, Atom) else False


# A float has all integers up to this one.
_EXACT: Final = 2**53


def _number_fits(writer: Number, reader: Number) -> bool:
    if writer.kind == "float" and reader.kind == "int":
        return False
    if not (_low_fits(writer, reader) and _high_fits(writer, reader)):
        return False
    return reader.multiple_of is None or _step_fits(writer, reader, reader.multiple_of)


def _low_fits(writer: Number, reader: Number) -> bool:
    if reader.ge is None and reader.gt is None:
        return True
    low = writer.ge if writer.gt is None else writer.gt
    if low is None:
        return False
    if reader.kind == "float":
        # As the reader sees it.
        low = float(low)
    if reader.ge is not None:
        return low >= reader.ge
    return reader.gt is not None and (low > reader.gt or low == reader.gt == writer.gt)


def _high_fits(writer: Number, reader: Number) -> bool:
    flipped = [
        Number(n.kind, _minus(n.le), _minus(n.lt), _minus(n.ge), _minus(n.gt))
        for n in (writer, reader)
    ]
    return _low_fits(flipped[0], flipped[1])


def _minus(bound: float | None) -> float | None:
    return None if bound is None else -bound


def _step_fits(writer: Number, reader: Number, step: float) -> bool:
    if writer.kind != reader.kind and not _is_exact(writer):
        return False
    own = 1 if writer.kind == "int" and writer.multiple_of is None else writer.multiple_of
    if own is None:
        return False
    return Fraction(own) % Fraction(step) == 0


def _is_exact(number: Number) -> bool:
    """Return whether each of these integers is the same as a float."""
    low, high = number.ge, number.le
    return low is not None and high is not None and low >= -_EXACT and high <= _EXACT


def within(writer: Length, reader: Length) -> bool:
    """Return whether each length of ``writer`` is one of ``reader``."""
    if writer.low < reader.low:
        return False
    return reader.high is None or (writer.high is not None and writer.high <= reader.high)
