"""``mypyc_attr``: what the compiler is told of a class, and what costs nothing elsewhere.

A compiled class is closed unless it says otherwise: the interpreter may not inherit from it. The
compiler knows the decorator by its name in ``mypy_extensions``, which no user has to install.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["mypyc_attr"]

ClassT = TypeVar("ClassT", bound=type)

# True for mypy and its compiler, whatever it says; for everybody else as it says.
MYPY = False
if MYPY:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**_: object) -> Callable[[ClassT], ClassT]:
        """Return a decorator that changes nothing."""
        return lambda cls: cls
