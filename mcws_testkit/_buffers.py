"""Buffers: what a socket receives into, looked at before anything is taken from the stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def writable(call: str, buffer: WriteableBuffer) -> memoryview:
    """Return the bytes of a buffer, into which ``call`` can write.

    Raises:
        TypeError: it is no buffer, is read-only or has gaps; in the words of a real socket.
    """
    view = _view(buffer)
    if view is None:
        kind = type(buffer).__name__
        raise TypeError(f"{call}() argument 1 must be read-write bytes-like object, not {kind}")
    return view


def all_writable(call: str, buffers: Iterable[WriteableBuffer]) -> list[memoryview]:
    """Return the bytes of several buffers, into which ``call`` can write.

    Raises:
        TypeError: one of them is no buffer, is read-only or has gaps.
    """
    views: list[memoryview] = []
    for buffer in buffers:
        view = _view(buffer)
        if view is None:
            what = "an iterable of single-segment read-write buffers"
            raise TypeError(f"{call}() argument 1 must be {what}")
        views.append(view)
    return views


def _view(buffer: WriteableBuffer) -> memoryview | None:
    """Return the bytes of a buffer; None where a socket cannot write there."""
    try:
        view = memoryview(buffer)
    except TypeError:
        return None
    return None if view.readonly or not view.c_contiguous else view.cast("B")
