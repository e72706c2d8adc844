"""Matching: which message answers a request, where the application can tell and the wire cannot."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from .._dialect import Dialect
from .._errors import DecodeError
from .._events import Payload
from ._handlers import Callback, is_awaitable

Matcher = Callable[[Any, Any], object]
"""``match(request, message)`` of a plain wire: whether ``message`` answers ``request``."""


LATE_MAX: Final = 16
"""Requests that were given up and whose late replies are still known, the youngest ones."""


class Judging(Protocol):
    """What knows how messages are decoded, and takes what goes wrong in user functions."""

    dialect: Dialect

    def carefully(self, decode: Callable[..., Any], *arguments: Any) -> Any:
        """Return what ``decode`` returns; whatever it raises becomes ``DecodeError``."""
        ...

    def blame(self, error: BaseException, callback: Callback) -> None:
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
            verdict = self._match(self._request, self._message(payload))
            # Whatever has to be awaited is true, so any message would be the answer.
            if is_awaitable(verdict):
                close_unawaited(verdict)
                raise TypeError(f"match must give its verdict at once, not as {self._match!r}")
            return bool(verdict)
        except DecodeError:
            # Whoever takes it for a message will find out what is wrong with it.
            return False
        except (Exception, asyncio.CancelledError) as error:
            self._judging.blame(error, self._match)
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


class Late:
    """Requests that were given up: a late reply may be no message that could be handled."""

    __slots__ = ("_matchings",)

    def __init__(self) -> None:
        self._matchings: deque[Matching] = deque(maxlen=LATE_MAX)

    def add(self, matching: Matching) -> None:
        """Wait for the reply of one more."""
        self._matchings.append(matching)

    def take(self, payload: Payload) -> bool:
        """Whether ``payload`` is such a reply; it is not waited for any more."""
        for matching in self._matchings:
            if matching(payload):
                self._matchings.remove(matching)
                return True
        return False


def close_unawaited(verdict: object) -> None:
    """Keep Python from warning of a coroutine that was never awaited."""
    if inspect.iscoroutine(verdict):
        verdict.close()
