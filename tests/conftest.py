"""What all tests share: the Hypothesis profiles and the marker for programs of others."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=QUIET)
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=QUIET
)
# Which lines run does not depend on luck, nor on how long one searches.
settings.register_profile(
    "coverage", max_examples=25, derandomize=True, deadline=None, suppress_health_check=QUIET
)
settings.load_profile(os.environ.get("MCWS_PROFILE", "ci"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is not installed, naming it."""
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if shutil.which(program) is None:
                pytest.skip(f"needs {program}, which is not installed")
