"""Simplex: messages go from the server to the clients only.

A server without a message handler drops what a client sends all the same, and warns once in its
log.
"""

import asyncio

from mcws_client import Client
from mcws_server import Server


async def main(port: int = 8080) -> None:
    """Publish three events; the client reads on until the server has stopped."""
    async with Server() as server:
        listener = await server.listen(port)
        async with Client(f"tcp://127.0.0.1:{listener.port}") as client:
            for number in (1, 2, 3):
                server.broadcast(f"server: event {number} happened")
            await server.drain()
            async for event in client:
                print(event)


if __name__ == "__main__":
    asyncio.run(main())
