"""Heartbeat: the server pushes to all clients every 10 s, whether or not they said anything.

It serves until Ctrl-C; ``python -m examples.client`` in another terminal listens. Another interval
can be given in seconds: ``python -m examples.heartbeat 2``.
"""

import asyncio
import sys

from mcws_server import Server


async def heartbeat(server: Server, interval_s: float = 10.0) -> None:
    """Push ``heartbeat`` to whoever is connected, every ``interval_s`` seconds."""
    while True:
        await asyncio.sleep(interval_s)
        server.broadcast("heartbeat")


def main(interval_s: float = 10.0, port: int = 8080) -> None:
    """Serve until Ctrl-C."""
    server = Server()
    server.run(port, main=lambda: heartbeat(server, interval_s))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
