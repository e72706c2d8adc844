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


def expect_codec(codec: object) -> None:
    """Refuse what is no codec, and the class of one.

    Raises:
        TypeError: naming the value, and how a right one looks.
    """
    # By what it can do: a codec of a stranger inherits nothing of ours. A class can do it too, but
    # not without an object.
    can = all(callable(getattr(codec, verb, None)) for verb in ("encode", "decode"))
    if isinstance(codec, type) or not can:
        raise TypeError(f"codec must be a codec, such as Json(), not {codec!r}")
