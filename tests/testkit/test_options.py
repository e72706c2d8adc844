"""Tests of what the command line of pytest said."""

from __future__ import annotations

import pytest

from mcws_testkit._options import Options


@pytest.mark.parametrize(
    ("test", "line"),
    [
        ("", "pytest --mcws-replay=0.1"),
        ("tests/test_a.py::test_b", "pytest tests/test_a.py::test_b --mcws-replay=0.1"),
        ("test_a.py::test_b[x y]", "pytest 'test_a.py::test_b[x y]' --mcws-replay=0.1"),
    ],
)
def test_replay_line_is_ready_for_a_shell(test: str, line: str) -> None:
    """The line that repeats a run names the test, in quotes where a shell needs them."""
    assert Options(test=test).replay_line("0.1") == line
