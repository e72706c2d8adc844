"""What all suites share: how laws become tests of a class."""

from __future__ import annotations

import inspect
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from mcws_testkit._suite import Suite, law, laws
from tests.testkit.running import Failure, failure_of, first_failure


class Sums(Suite):
    """Says that a number is below a bound."""

    bound: int
    seen: ClassVar[list[int]] = []
    needs: ClassVar[dict[str, str]] = {"bound": "bound = 10"}

    @law
    def test_below(self, data: st.DataObject) -> None:
        """A drawn number is below the bound."""
        number = data.draw(st.integers(0, 1000000))
        self.seen.append(number)
        assert number < self.bound, f"{number} is not below {self.bound}"

    def test_known_once(self) -> None:
        """What is made once is the same for one class."""
        assert self.once("thing", object) is self.once("thing", object)


class TestSums(Sums):
    """A suite as somebody writes it, which passes."""

    bound = 1000001


class TestSumsOfAnother(TestSums):
    """Inherits from a suite that runs and is another one."""

    bound = 1000002

    def test_is_told_apart(self) -> None:
        """No two classes share a test, nor what was made once."""
        first, second = TestSums.test_below, TestSumsOfAnother.test_below
        assert first is not second
        inner = [getattr(test, "hypothesis").inner_test for test in (first, second)]  # noqa: B009 - not declared
        assert inspect.signature(inner[0]) != inspect.signature(inner[1])
        assert inner[1].__qualname__ == "TestSumsOfAnother.test_below"
        assert inner[1].__module__ == __name__
        assert TestSums().once("name", lambda: "one") == "one"
        assert TestSumsOfAnother().once("name", lambda: "other") == "other"


def test_suite_without_what_it_needs_is_refused() -> None:
    """A class that declares nothing is a ``TypeError`` that says what to write."""
    with pytest.raises(TypeError, match=r"TestNothing does not say .*: declare `bound = 10`"):
        type("TestNothing", (Sums,), {})


def test_base_of_suites_needs_nothing() -> None:
    """A class whose name does not begin with Test is a base, and has no tests but laws."""
    base = type("Base", (Sums,), {})
    assert vars(base).get("test_below") is None
    assert list(laws(base)) == ["test_below"]


def test_law_can_be_replaced() -> None:
    """A method of a class of its own takes the place of the law."""

    def test_below(self: object) -> None:
        """Hold."""

    suite = type("TestOwn", (Sums,), {"bound": 1, "test_below": test_below})
    assert vars(suite)["test_below"] is test_below
    assert first_failure(suite) is None


def test_examples_follow_the_profile_or_the_class() -> None:
    """Without ``examples`` there are as many as the profile says."""
    usual: type = type("TestUsual", (Sums,), {"bound": 1000001})
    few: type = type("TestFew", (Sums,), {"bound": 1000001, "examples": 3})
    Sums.seen.clear()
    few().test_below()
    assert len(Sums.seen) == 3
    Sums.seen.clear()
    usual().test_below()
    assert len(Sums.seen) == settings().max_examples


def test_first_failure_names_the_law() -> None:
    """The helper of our tests finds what fails, simple if it is asked for that."""
    suite = type("TestSmall", (Sums,), {"bound": 7, "examples": 1})
    profile = settings.get_current_profile_name()
    failure = first_failure(suite, 100, shrinks=True)
    assert isinstance(failure, Failure)
    assert failure.law == "test_below"
    assert str(failure.error).startswith("7 is not below 7")
    assert settings.get_current_profile_name() == profile


async def _fails() -> None:
    """Fail."""
    raise ValueError("broken")


def test_failure_of_awaits() -> None:
    """An async test is awaited; one that is skipped has no failure."""
    assert isinstance(failure_of(_fails), ValueError)
