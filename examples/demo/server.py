"""The server of the demo: keeps what devices say, raises alarms, and keeps operators up to date."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Server

from .messages import CONTRACT, Alarm, Down, Join, Reading, Role, SetInterval, Up

THRESHOLDS: Final[Mapping[str, float]] = {"load": 60, "memory": 80, "disk": 90, "network": 1}
"""The value of each device above which an alarm is raised; that of the network is so low that the
demo's own traffic is enough to see one."""

CALM_S: Final = 0.5
"""Seconds between readings of a device that is well."""

ALARMED_S: Final = 0.2
"""Seconds between readings of a device in alarm: there it is worth to look more often."""


class Guest(ConnectedClient[Up, Down]):
    """A client, and what it said that it is.

    Attributes:
        role: None before it has joined.
    """

    def __init__(self, connection: Connection[Up, Down]) -> None:
        super().__init__(connection)
        self.role: Role | None = None


class DemoServer:
    """A ``Server`` and what it knows.

    Attributes:
        server: the server itself.
        devices: those that shall come.
        latest: the last reading of each device.
        received: how many readings came from each device.
        alarmed: the devices that are above their threshold.
        alarms: how many alarms were broadcast, not counting those that say that one is over.
        intervals: how many changes of an interval were answered.
        has_all: set once each of them has sent a reading.
    """

    def __init__(self, devices: Collection[str]) -> None:
        self.server = Server(CONTRACT, client_factory=Guest)
        self.server.on(Join)(self._join)
        self.server.on(Reading)(self._take)
        self.devices = frozenset(devices)
        self.latest: dict[str, Reading] = {}
        self.received: Counter[str] = Counter()
        self.alarmed: set[str] = set()
        self.alarms = 0
        self.intervals = 0
        self.has_all = asyncio.Event()

    @property
    def silent(self) -> list[str]:
        """The devices that never sent a reading."""
        return sorted(self.devices - self.latest.keys())

    async def _join(self, join: Join, guest: Guest) -> None:
        """Give a device its interval, and an operator what the others know."""
        guest.role = join.role
        if join.role == "device":
            await self._set_interval(guest, CALM_S)
        else:
            for reading in self.latest.values():
                guest.send(reading)

    async def _take(self, reading: Reading, device: Guest) -> None:
        """Keep a reading and pass it on; if it crosses the threshold, say so and adapt."""
        if device.role != "device":
            raise ValueError(f"unexpected reading from {device.id!r}")
        self.latest[reading.device] = reading
        self.received[reading.device] += 1
        if not self.silent:
            self.has_all.set()
        self._tell_operators(reading)
        threshold = THRESHOLDS[reading.device]
        is_alarmed = reading.value > threshold
        if is_alarmed != (reading.device in self.alarmed):
            self.alarmed ^= {reading.device}
            self.alarms += is_alarmed
            self._tell_operators(Alarm(reading.device, reading.value, threshold, not is_alarmed))
            await self._set_interval(device, ALARMED_S if is_alarmed else CALM_S)

    def _tell_operators(self, message: Reading | Alarm) -> None:
        self.server.broadcast(message, lambda guest: guest.role == "operator")

    async def _set_interval(self, device: Guest, interval_s: float) -> None:
        reply = await device.request(SetInterval(interval_s))
        if reply.interval_s == interval_s:
            self.intervals += 1
