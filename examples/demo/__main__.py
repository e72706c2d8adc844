"""Run the demo: ``python -m examples.demo`` to watch, ``--headless`` for a summary after 5 s."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from rich.live import Live

from .operator_view import Operator
from .processes import DeviceProcesses
from .sensors import SENSORS
from .server import DemoServer

Show: TypeAlias = Callable[[DemoServer, Operator], Awaitable[None]]
"""What is done while readings come in."""

START_S = 20.0
"""Seconds for all devices to start and send their first reading, also on a busy machine."""

HEADLESS_S = 5.0
"""Seconds that the demo runs without a view, from the first reading of the last device on."""


def main() -> int:
    """Run the demo and return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="The mcws demo.")
    parser.add_argument("--headless", action="store_true", help="run 5 s and print a summary")
    is_headless: bool = parser.parse_args().headless
    demo = DemoServer(SENSORS)
    operator = run(demo, count if is_headless else watch)
    if not is_headless:
        return 0
    if operator is None:
        print("stopped before the end", file=sys.stderr)
        return 130
    return report(demo, operator)


def run(demo: DemoServer, show: Show) -> Operator | None:
    """Serve devices and an operator as long as ``show`` runs.

    Returns:
        The operator, with what it heard; None if Ctrl-C ended it all before ``show`` did.
    """
    finished: Operator | None = None
    # The server has closed all connections before the processes are ended.
    with suppress(KeyboardInterrupt), DeviceProcesses() as devices:

        async def scene() -> None:
            nonlocal finished
            url = f"tcp://127.0.0.1:{demo.server.listeners[0].port}"
            devices.start(url)
            operator = Operator(url)
            async with operator.client:
                await show(demo, operator)
            finished = operator

        demo.server.run(port=0, main=scene)
    return finished


async def watch(demo: DemoServer, operator: Operator) -> None:
    """Redraw what the operator sees until Ctrl-C."""
    with Live(operator, refresh_per_second=8):
        await demo.server.serve_forever()


async def count(demo: DemoServer, operator: Operator) -> None:
    """Let readings come in for 5 seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            await demo.has_all.wait()
    print(f"{len(demo.latest)} devices report, counting for {HEADLESS_S:g} s", flush=True)
    await asyncio.sleep(HEADLESS_S)


def report(demo: DemoServer, operator: Operator) -> int:
    """Print what happened; return 0, or 1 if a device delivered nothing."""
    print(f"devices: {len(demo.latest)} of {len(demo.devices)}")
    for device in sorted(demo.devices):
        print(f"readings from {device}: {demo.received[device]}")
    print(f"alarms broadcast: {demo.alarms}")
    print(f"interval changes answered: {demo.intervals}")
    heard = f"{operator.readings} readings and {operator.alarms} alarms"
    print(f"operators reached: {int(operator.readings > 0)}, with {heard}")
    if demo.silent:
        print(f"error: nothing came from: {', '.join(demo.silent)}", file=sys.stderr)
    return 1 if demo.silent else 0


if __name__ == "__main__":
    sys.exit(main())
