"""Arguments: what callers without a type checker may pass is refused at the call."""

from __future__ import annotations


def expect(name: str, value: object, kind: type, example: str = "") -> None:
    """Refuse an argument that is not of its kind.

    Raises:
        TypeError: naming argument and value, and the example of a right one if there is any.
    """
    if not isinstance(value, kind):
        hint = f", such as {example}" if example else ""
        raise TypeError(f"{name} must be a {kind.__name__}{hint}, not {value!r}")
