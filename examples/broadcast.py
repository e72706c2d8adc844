"""Broadcast: one message from the server to every client."""

import asyncio

from mcws_client import Client
from mcws_server import Server


async def main(port: int = 8080) -> None:
    """Serve two clients and send both the same."""
    async with Server() as server:
        listener = await server.listen(port)
        url = f"tcp://127.0.0.1:{listener.port}"
        async with Client(url, id="ada") as ada, Client(url, id="bob") as bob:
            server.broadcast("server message")
            for client in (ada, bob):
                print(client.id, "got:", await anext(aiter(client)))


if __name__ == "__main__":
    asyncio.run(main())
