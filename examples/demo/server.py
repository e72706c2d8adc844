"""The server of the demo: keeps what devices say, raises alarms, and keeps operators up to date."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from mcws_protocol import Raw
from mcws_server import ConnectedClient, Server

from .messages import Alarm, IntervalSet, Join, Message, Reading, SetInterval, from_text, to_text

THRESHOLDS: Final[Mapping[str, float]] = {"load": 60, "memory": 80, "disk": 90, "network": 1}
"""The value of each device above which an alarm is raised; that of the network is so low that the
demo's own traffic is enough to see one."""

CALM_S: Final = 0.5
"""Seconds between readings of a device that is well."""

ALARMED_S: Final = 0.2
"""Seconds between readings of a device in alarm: there it is worth to look more often."""


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
        self.server = Server().on_client_message(self._receive)
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

    async def _receive(self, text: Raw, client: ConnectedClient) -> None:
        match from_text(text):
            case Join(role="device"):
                client.metadata["role"] = "device"
                await self._set_interval(client, CALM_S)
            case Join(role="operator"):
                client.metadata["role"] = "operator"
                for reading in self.latest.values():
                    client.send(to_text(reading))
            case Reading() as reading if client.metadata.get("role") == "device":
                await self._take(reading, client)
            case other:
                raise ValueError(f"unexpected {type(other).__name__} from {client.id!r}")

    async def _take(self, reading: Reading, device: ConnectedClient) -> None:
        """Keep a reading and pass it on; if it crosses the threshold, say so and adapt."""
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

    def _tell_operators(self, message: Message) -> None:
        self.server.broadcast(to_text(message), is_operator)

    async def _set_interval(self, device: ConnectedClient, interval_s: float) -> None:
        reply = from_text(await device.request(to_text(SetInterval(interval_s))))
        if reply == IntervalSet(interval_s):
            self.intervals += 1


def is_operator(client: ConnectedClient) -> bool:
    """Whether a client has joined as an operator."""
    return client.metadata.get("role") == "operator"
