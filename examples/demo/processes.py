"""Processes: the devices as children of this process, which outlive it in no case."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

from .sensors import SENSORS

LEAVE_S = 5.0
"""Seconds for a device to end when it is told to, before it is killed."""


class DeviceProcesses:
    """One process per kind of device, from ``start`` until the end of the ``with`` block."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, url: str) -> None:
        """Start a device of each kind, which connects to ``url``."""
        for kind in SENSORS:
            command = [sys.executable, "-m", "examples.demo.device", kind, url]
            # A session of their own keeps Ctrl-C from them: the server tells them when to end.
            self._processes.append(subprocess.Popen(command, start_new_session=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for process in self._processes:
                process.terminate()
            for process in self._processes:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LEAVE_S)
        finally:
            for process in self._processes:
                process.kill()
                process.wait()
