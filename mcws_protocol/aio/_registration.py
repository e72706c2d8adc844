"""Registration: what ``on(Type)`` gives, a decorator that keeps the function and its type.

A function of the wrong type is refused by type checkers at its decorator; the one that is accepted
comes back as it is, so that a handler can be called like any function in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, overload

from typing_extensions import TypeVar

# A message and the object that stands for its sender: those of the handler may be of base classes.
M = TypeVar("M")
C = TypeVar("C")
# What answers a request.
R = TypeVar("R")
# What a handler of messages returns, which nobody looks at.
T = TypeVar("T")


class Register(Protocol[M, C]):
    """Registers ``f(message, client)``, plain or async, and gives it back."""

    @overload
    def __call__(
        self, handler: Callable[[M, C], Coroutine[Any, Any, T]], /
    ) -> Callable[[M, C], Coroutine[Any, Any, T]]: ...

    @overload
    def __call__(self, handler: Callable[[M, C], T], /) -> Callable[[M, C], T]: ...


class RegisterRequest(Protocol[M, C, R]):
    """Registers ``f(request, client) -> reply``, plain or async, and gives it back."""

    @overload
    def __call__(
        self, handler: Callable[[M, C], Coroutine[Any, Any, R]], /
    ) -> Callable[[M, C], Coroutine[Any, Any, R]]: ...

    @overload
    def __call__(self, handler: Callable[[M, C], R], /) -> Callable[[M, C], R]: ...
