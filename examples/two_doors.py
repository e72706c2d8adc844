"""Two doors: one server, and devices in any language behind each of its wires.

It serves until Ctrl-C: mcws/1 on port 8080 for ``node examples/node/mcws_device.mjs``, lines of
text on port 8081 for ``node examples/node/lines_device.mjs``.
"""

import asyncio
from contextlib import suppress

from mcws_protocol import Lines, Plain, Raw
from mcws_server import ConnectedClient, Server


def make_server() -> Server:
    """Return a server that asks each device for a reading and prints what it says by itself."""
    return Server().on_client_connect(ask).on_client_message(show)


async def ask(client: ConnectedClient) -> None:
    """Ask a device that has just come; its first message waits meanwhile."""
    print(client.id, "answers:", await client.request("read"))


def show(message: Raw, client: ConnectedClient) -> None:
    """Print what a device says."""
    print(client.id, "says:", message)


async def main(port: int = 8080, lines_port: int = 8081) -> None:
    """Open both doors and serve."""
    async with make_server() as server:
        await server.listen(port)
        await server.listen(lines_port, wire=Plain(Lines()))
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
