"""Echo: every message goes back to the client that it came from."""

import asyncio

from mcws_client import Client
from mcws_server import Server


def make_server() -> Server:
    """Return a server that echoes."""
    # What `send` returns is awaited for us: a client that reads slowly is not flooded.
    return Server().on_client_message(lambda message, client: client.send(message))


async def main(port: int = 8080) -> None:
    """Serve, and be the client too."""
    async with make_server() as server:
        listener = await server.listen(port)
        async with Client(f"tcp://127.0.0.1:{listener.port}") as client:
            for message in ("text stays text", b"bytes stay bytes"):
                await client.send(message)
                print(await anext(aiter(client)))


if __name__ == "__main__":
    asyncio.run(main())
