"""The public suites find each of the planted bugs, and none where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from mcws_testkit import FramingSuite
from tests.testkit.mutants import framings
from tests.testkit.running import first_failure


def framing_suite(framing: Any) -> type[FramingSuite]:
    """Return a suite as a user writes it."""

    class TestFraming(FramingSuite):
        """One framing."""

    TestFraming.framing = framing()
    TestFraming.frames_lost = 1
    return TestFraming
