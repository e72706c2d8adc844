"""Sensors: what the devices measure, read from the operating system."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import psutil  # type: ignore[import-untyped]  # it has annotations, but no py.typed

from .messages import Reading

Sensor: TypeAlias = Callable[[], Reading]
"""Measures once."""


def load() -> Sensor:
    """Return a sensor of the share of time that the processors were busy since it was last used."""
    psutil.cpu_percent()  # The first call only marks the beginning.
    return lambda: percentage("load", psutil.cpu_percent())


def memory() -> Sensor:
    """Return a sensor of the share of memory in use."""
    return lambda: percentage("memory", psutil.virtual_memory().percent)


def disk() -> Sensor:
    """Return a sensor of the share in use of the disk that we are on."""
    root = Path.cwd().anchor
    return lambda: percentage("disk", psutil.disk_usage(root).percent)


def network() -> Sensor:
    """Return a sensor of what goes in and out, all interfaces together, since it was last used."""
    last_bytes, last_s = traffic_bytes(), time.monotonic()

    def measure() -> Reading:
        nonlocal last_bytes, last_s
        now_bytes, now_s = traffic_bytes(), time.monotonic()
        kib_per_s = (now_bytes - last_bytes) / 1024 / max(now_s - last_s, 0.001)
        last_bytes, last_s = now_bytes, now_s
        return Reading("network", round(kib_per_s, 1), "KiB/s", 1024)

    return measure


SENSORS: Final[Mapping[str, Callable[[], Sensor]]] = {
    "load": load,
    "memory": memory,
    "disk": disk,
    "network": network,
}
"""What makes each sensor, by the name of its device."""


def percentage(device: str, percent: float) -> Reading:
    """Return a reading in percent."""
    return Reading(device, percent, "%", 100)


def traffic_bytes() -> int:
    """Return the bytes that went in and out since the machine was started."""
    interfaces = psutil.net_io_counters(pernic=True).values()
    return sum(interface.bytes_sent + interface.bytes_recv for interface in interfaces)
