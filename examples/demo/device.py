"""A device: a process that measures one thing and streams it to the server.

Run as ``python -m examples.demo.device KIND URL``; the demo starts one for each kind.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress

from mcws_client import Client
from mcws_protocol import ConnectionClosed, McwsError

from .messages import CONTRACT, Down, IntervalSet, Join, SetInterval, Up
from .sensors import SENSORS, Sensor

DEFAULT_INTERVAL_S = 2.0
"""Seconds between readings until the server asks for another interval."""


class Device:
    """Measures with ``sensor``, as often as the server asks for."""

    def __init__(self, sensor: Sensor) -> None:
        self.interval_s = DEFAULT_INTERVAL_S
        self._sensor = sensor
        self._wake = asyncio.Event()

    def set_interval(self, request: SetInterval, client: Client[Up, Down]) -> IntervalSet:
        """Change the interval at once, also in the middle of a wait."""
        self.interval_s = request.interval_s
        self._wake.set()
        return IntervalSet(self.interval_s)

    async def run(self, client: Client[Up, Down]) -> None:
        """Connect and stream until the server closes, or is gone."""
        client.on(SetInterval)(self.set_interval)
        client.on_disconnect(lambda _: self._wake.set())
        async with client:
            with suppress(ConnectionClosed):
                await client.send(Join("device"))
                while True:
                    await client.send(self._sensor())
                    await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.interval_s):
                await self._wake.wait()
        self._wake.clear()


def main() -> int:
    """Be the device that the command line asks for; return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo.device")
    parser.add_argument("kind", choices=SENSORS)
    parser.add_argument("url", help="where the server is, as in tcp://127.0.0.1:8080")
    arguments = parser.parse_args()
    kind: str = arguments.kind
    try:
        asyncio.run(Device(SENSORS[kind]()).run(Client(arguments.url, CONTRACT, id=kind)))
    except McwsError as error:
        print(f"device {kind}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
