"""The fleet: its scene, and the tests that it has of its own."""

from __future__ import annotations

import subprocess
import sys

from docs.pages import ROOT

PATIENCE_S = 60
"""Seconds after which a program hangs, whatever the machine; both end within two."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python from the top of the repository; warnings are errors."""
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)


def test_scene_runs_and_ends() -> None:
    """Two vans of today and an old one have a short day, and nothing is complained about."""
    done = run("-m", "examples.fleet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "van-1 loads 2 and van-2 loads 1",
        "van-1 has left: 1",
        "van-2 has left: 0",
        "1 Castle Hill? van-1, fleet/2: in 24 minutes",
        "1 Castle Hill? van-2, fleet/2: in 12 minutes",
        "1 Castle Hill? van-9, fleet/1: takes no further stops",
        "called home: 1",
        "van-1 was told: the battery is low, snow on Castle Hill",
        "van-2 was told: snow on Castle Hill",
    ]


def test_own_tests_of_the_fleet_pass() -> None:
    """What its team tests holds."""
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/fleet")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout
