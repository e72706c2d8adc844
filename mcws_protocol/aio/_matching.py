"""Matching: which message answers a request, where the application can tell and the wire cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .._dialect import Dialect
from .._errors import DecodeError
from .._events import Payload
from ._handlers import Callback

Matcher = Callable[[Any, Any], object]
"""``match(request, message)`` of a plain wire: whether ``message`` answers ``request``."""


class Judging(Protocol):
    """What knows how messages are decoded, and takes what goes wrong in user functions."""

    dialect: Dialect

    def carefully(self, decode: Callable[..., Any], *arguments: Any) -> Any:
        """Return what ``decode`` returns; whatever it raises becomes ``DecodeError``."""
        ...

    def failed(self, error: BaseException, callback: Callback) -> None:
        """Log what a user function raised and give it to the error hooks."""
        ...


class Matching:
    """Judges what arrives while one request waits for its answer."""

    __slots__ = ("_judging", "_match", "_request")

    def __init__(self, match: Matcher, request: Any, judging: Judging) -> None:
        self._match = match
        self._request = request
        self._judging = judging

    def __call__(self, payload: Payload) -> bool:
        """Whether ``payload`` holds the answer; nothing that the application raises comes out."""
        try:
            return bool(self._match(self._request, self._message(payload)))
        except DecodeError:
            # Whoever takes it for a message will find out what is wrong with it.
            return False
        except Exception as error:
            self._judging.failed(error, self._match)
            return False

    def _message(self, payload: Payload) -> Any:
        """Return ``payload`` as what answers the request, or else as any message.

        Raises:
            DecodeError: it is neither.
        """
        dialect = self._judging.dialect
        try:
            return self._judging.carefully(dialect.decode_reply, self._request, payload)
        except DecodeError:
            return self._judging.carefully(dialect.decode, payload)
