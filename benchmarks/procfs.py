"""What Linux tells of a process: its processor time and its memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def cpu_s(pid: int) -> float:
    """Return the seconds for which the threads of a process ran."""
    # In nanoseconds, where `stat` counts ticks of 10 ms; a thread that has ended is missing, but
    # no server ends one while it is measured.
    ran = 0
    for task in (PROC / str(pid) / "task").iterdir():
        ran += int((task / "schedstat").read_text().split()[0])
    return ran / 1e9


def resident_kib(pid: int) -> int:
    """Return how much memory a process occupies now."""
    return status_kib(pid, "VmRSS")


def peak_kib(pid: int) -> int:
    """Return how much memory a process occupied at most."""
    return status_kib(pid, "VmHWM")


def status_kib(pid: int, name: str) -> int:
    """Return a line of the status of a process."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise ValueError(f"process {pid} has no {name}")


def cores() -> tuple[int, int]:
    """Return a core for the server and one for the load, another one if there is one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]
