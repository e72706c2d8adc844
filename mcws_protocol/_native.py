"""``mypyc_attr``: what the compiler is told of a class, and what costs nothing elsewhere.

A compiled class is closed unless it says otherwise: the interpreter may not inherit from it. The
compiler knows the decorator by its name in ``mypy_extensions``, which no user has to install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["mypyc_attr"]

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**_: object):
        """Return a decorator that changes nothing."""
        return lambda cls: cls
