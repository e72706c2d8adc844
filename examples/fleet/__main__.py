"""Run a short day of the fleet: ``python -m examples.fleet``."""

from __future__ import annotations

import asyncio

from mcws_client import Client

from .contract import OLD
from .device import Device
from .messages import Position, Stop
from .server import add_stop, call_home, server, warn


async def main() -> None:
    """Serve two vans of this version and one of the version before."""
    async with server:
        door = await server.listen(0)
        url = f"tcp://{door.address}:{door.port}"
        first, second = Device(url, "van-1"), Device(url, "van-2")
        async with first.client, second.client, Client(url, OLD, id="van-9"):
            await drive(first, second)
            await ask_all(Stop("P-300", "1 Castle Hill"))
            warn("snow on Castle Hill")
            print("called home:", call_home())
            # What was sent arrives before the goodbye.
            await server.drain()
    for device in (first, second):
        print(f"{device.client.id} was told: {', '.join(device.notices)}")


async def drive(first: Device, second: Device) -> None:
    """Load both vans and make the first stop with each."""
    print("van-1 loads", await first.load(), "and van-2 loads", await second.load())
    print("van-1 has left:", await first.deliver(Position(57.48, -4.22, charge=0.15)))
    print("van-2 has left:", await second.deliver(Position(57.47, -4.23)))


async def ask_all(stop: Stop) -> None:
    """Ask one van after the other whether it takes ``stop``."""
    for van in server.clients:
        minutes = await add_stop(van, stop)
        answer = "takes no further stops" if minutes is None else f"in {minutes} minutes"
        print(f"{stop.address}? {van.id}, {van.contract.split(':')[0]}: {answer}")


if __name__ == "__main__":
    asyncio.run(main())
