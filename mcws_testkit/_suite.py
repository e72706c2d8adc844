"""Suite: laws as methods of a base class, which become tests in every class derived from it.

A law is a method that draws what it needs. It is turned into a test anew for each class, so that
each has its own entries in the database of Hypothesis, and none meets the examples of another.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

LAW: Final = "__mcws_law__"
"""The attribute under which a law, and each test made of it, keeps the law."""

F = TypeVar("F", bound=Callable[..., None])
T = TypeVar("T")


def law(method: F) -> F:
    """Mark a method ``(self, data)`` as a law; ``data`` draws whatever it needs."""
    setattr(method, LAW, method)
    return method


class Suite:
    """What all suites share.

    A class whose name begins with ``Test`` is a suite that runs; any other one is a base of those.

    Attributes:
        examples: how many examples each law gets; None for as many as the profile of Hypothesis
            says.

    Raises:
        TypeError: at the definition of a class that does not declare what its suite needs.
    """

    examples: ClassVar[int | None] = None
    needs: ClassVar[dict[str, str]] = {}
    """What a subclass has to declare, each with an example of it."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.__name__.startswith("Test"):
            return
        for name, example in cls.needs.items():
            if not hasattr(cls, name):
                raise TypeError(f"{cls.__name__} does not say what it tests: declare `{example}`")
            if isinstance(given_class := getattr(cls, name), type):
                made = f"{name} = {given_class.__name__}()"
                raise TypeError(f"{cls.__name__}: declare `{made}`, not the class")
        for name, method in laws(cls).items():
            setattr(cls, name, bound(method, cls))

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what ``make`` made when this class first asked for it."""
        # In this very class, since one derived from it may declare another thing to test.
        key = f"_once_{name}"
        if key not in vars(type(self)):
            setattr(type(self), key, make())
        made: T = vars(type(self))[key]
        return made


def laws(suite: type[Suite]) -> dict[str, FunctionType]:
    """Return the laws of a suite by their names, in the order in which they are written."""
    names = dict.fromkeys(name for base in reversed(suite.__mro__) for name in vars(base))
    found = {name: getattr(getattr(suite, name), LAW, None) for name in names}
    return {name: method for name, method in found.items() if method is not None}


def bound(method: FunctionType, suite: type[Suite]) -> Callable[..., None]:
    """Return the test of one law in one class."""
    copy = FunctionType(
        method.__code__,
        method.__globals__,
        method.__name__,
        method.__defaults__,
        method.__closure__,
    )
    copy.__doc__ = method.__doc__
    copy.__module__ = suite.__module__
    copy.__qualname__ = f"{suite.__qualname__}.{method.__name__}"
    # Tests of equal sources are told apart by their signatures, where no runner names them.
    copy.__annotations__ = {"self": f"{suite.__module__}.{suite.__qualname__}"}
    test: Any = given(data=st.data())(copy)
    if suite.examples is not None:
        test = settings(max_examples=suite.examples)(test)
    setattr(test, LAW, method)
    made: Callable[..., None] = test
    return made
