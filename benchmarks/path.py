"""Where the microseconds of one message go: the way of a message in memory, without a network.

Run ``python benchmarks/path.py``. Each figure is the processor time of this end for one message of
64 bytes, the least of many rounds; the stages of the first table are differences of those of the
second. The chunks are made in advance and the transport throws away what is written, so kernel and
loop are left out, but for the turns that an async handler needs.

``--packages DIR`` measures the packages of another checkout, or of a folder in which they are
installed; ``.venv-compiled`` is measured too where ``make bench`` has made it.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
COMPILED: Final = ROOT / ".venv-compiled" / "bin" / "python"
PAYLOAD: Final = bytes(64)
ROUNDS: Final = 40
PER_ROUND: Final = 6_400
"""Messages of one round; the least of the rounds is the one that nothing disturbed."""
AT_ONCE: Final = (1, 64)
"""Messages of one chunk: each by itself, and as a client sends them that does not wait."""
WAYS: Final = {
    "machine": "bytes to messages, by the machine alone",
    "drop": "to a plain handler that does nothing",
    "echo": "to a plain handler that sends the message back",
    "async echo": "to an async handler that awaits `send`",
    "answer": "a request, answered by a plain handler",
    "async answer": "a request, answered by an async handler",
}
STAGES: Final = (
    ("reading: bytes to messages", "machine", ""),
    ("delivery: turns, limits, the call of the handler", "drop", "machine"),
    ("sending: encoding, outbox, one write", "echo", "drop"),
    ("what an async handler costs more", "async echo", "echo"),
    ("what a request costs more", "answer", "echo"),
)
"""What a stage is called, and the ways whose difference it is."""

Figures = dict[str, float]


class Nowhere(asyncio.Transport):
    """A transport that throws away what is written."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Throw it away."""

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Throw all of it away."""

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take no note: nothing ever waits."""

    def is_closing(self) -> bool:
        """Return that it is open."""
        return False


def greeting(packages: Any) -> bytes:
    """Return what a client says first."""
    out: list[bytes] = []
    client = packages.Mcws().machine(packages.Role.CLIENT, packages.Limits(), 0.0)
    client.send(packages.HelloFrame(frame_bytes_max=1 << 20, features=1), 0.0, out)
    return b"".join(out)


def chunk(packages: Any, way: str, count: int) -> bytes:
    """Return ``count`` messages or requests as a client sends them."""
    out: list[bytes] = []
    client = packages.Mcws().machine(packages.Role.CLIENT, packages.Limits(), 0.0)
    client.send(packages.HelloFrame(frame_bytes_max=1 << 20, features=1), 0.0, [])
    welcome: list[bytes] = []
    server = packages.Mcws().machine(packages.Role.SERVER, packages.Limits(), 0.0)
    server.receive(greeting(packages), 0.0)
    server.send(packages.WelcomeFrame(frame_bytes_max=1 << 20, features=1, id="a"), 0.0, welcome)
    client.receive(b"".join(welcome), 0.0)
    for number in range(count):
        if "answer" in way:
            client.send(packages.RequestFrame(number, PAYLOAD, 5_000), 0.0, out)
        else:
            client.send_message(PAYLOAD, out)
    return b"".join(out)


def handler_of(way: str) -> Callable[[Any, Any], Any]:
    """Return the handler of a way."""

    def drop(message: Any, client: Any) -> None:
        """Do nothing."""

    def echo(message: Any, client: Any) -> None:
        """Send it back."""
        client.send(message)

    async def async_echo(message: Any, client: Any) -> None:
        """Send it back."""
        await client.send(message)

    def answer(request: Any, client: Any) -> Any:
        """Answer with the request."""
        return request

    async def async_answer(request: Any, client: Any) -> Any:
        """Answer with the request."""
        return request

    known = (drop, echo, async_echo, answer, async_answer)
    return next(one for one in known if one.__name__ == way.replace(" ", "_"))


def receiver(packages: Any, way: str) -> Callable[[bytes], object]:
    """Return what takes the bytes of an opened client, to the end of that way."""
    if way == "machine":
        machine = packages.Mcws().machine(packages.Role.SERVER, packages.Limits(), 0.0)
        machine.receive(greeting(packages), 0.0)
        machine.send(packages.WelcomeFrame(frame_bytes_max=1 << 20, id="a"), 0.0, [])
        return lambda data: machine.receive(data, 1.0)
    server = importlib.import_module("mcws_server").Server()
    if "answer" in way:
        server.on_client_request(handler_of(way))
    else:
        server.on(bytes)(handler_of(way))
    connection = server.protocol()
    connection.connection_made(Nowhere())
    connection.data_received(greeting(packages))
    receive: Callable[[bytes], object] = connection.data_received
    return receive


async def cost_us(packages: Any, way: str, count: int) -> float:
    """Return the microseconds of processor time for one message."""
    receive = receiver(packages, way)
    data = chunk(packages, way, count)
    # The connect hooks come in a turn of their own.
    await asyncio.sleep(0)
    least = float("inf")
    for _ in range(ROUNDS):
        begun_s = time.process_time()
        for _ in range(PER_ROUND // count):
            receive(data)
            if "async" in way:
                # Until a worker has taken its turn, and the flush behind it.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        least = min(least, time.process_time() - begun_s)
    return least / PER_ROUND * 1e6


async def figures() -> Figures:
    """Measure all ways with the packages that are found first."""
    packages = importlib.import_module("mcws_protocol")
    return {
        f"{way} {count}": await cost_us(packages, way, count) for way in WAYS for count in AT_ONCE
    }


def measured(python: Path, packages: Path) -> Figures:
    """Measure in a process of its own, with the packages of a folder."""
    command = [str(python), str(Path(__file__).resolve()), "--json"]
    # Without the folder of this file, where the packages of the checkout are found.
    environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        command, env=environment, cwd=packages, capture_output=True, text=True, check=True
    )
    found: Figures = json.loads(done.stdout)
    return found


def table(builds: dict[str, Figures]) -> str:
    """Return the stages and the ways of each build as Markdown."""
    columns = [
        f"{build}, {'one' if one == 1 else one} at once" for build in builds for one in AT_ONCE
    ]
    lines = [f"| µs per message | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for title, way, base in STAGES:
        cells = [
            f"{found[f'{way} {one}'] - found.get(f'{base} {one}', 0.0):.2f}"
            for found in builds.values()
            for one in AT_ONCE
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    for way, title in WAYS.items():
        cells = [f"{found[f'{way} {one}']:.2f}" for found in builds.values() for one in AT_ONCE]
        lines.append(f"| *{title}* | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; with ``--json`` the figures of this very process."""
    parser = argparse.ArgumentParser(description="Show where the microseconds go.")
    parser.add_argument("--packages", metavar="DIR", type=Path, default=ROOT)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.json:
        sys.stdout.write(json.dumps(asyncio.run(figures())))
        return
    builds = {"interpreted": measured(Path(sys.executable), chosen.packages.resolve())}
    if chosen.packages == ROOT and COMPILED.exists():
        # Anywhere without our sources, which would be found before what is installed.
        builds["compiled"] = measured(COMPILED, COMPILED.parent)
    sys.stdout.write(table(builds) + "\n")


if __name__ == "__main__":
    main()
