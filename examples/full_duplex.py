"""Full duplex: both ends send whenever they like, at the same time on one connection."""

import asyncio

from mcws_client import Client
from mcws_server import ConnectedClient, Server

from .heartbeat import heartbeat

WORDS = ("one", "two", "three")


def make_server() -> Server:
    """Return a server that acknowledges each text."""
    server = Server()

    @server.on(str)
    def acknowledge(message: str, client: ConnectedClient) -> None:
        client.send(f"ack: {message}")

    return server


async def talk(client: Client, interval_s: float) -> None:
    """Say a few words, taking time."""
    for word in WORDS:
        await client.send(word)
        await asyncio.sleep(interval_s)


async def hear(client: Client) -> None:
    """Print what comes, until each word is acknowledged and there were as many heartbeats."""
    heartbeats = acks = 0
    async for message in client:
        print(message)
        if message == "heartbeat":
            heartbeats += 1
        else:
            acks += 1
        if min(heartbeats, acks) >= len(WORDS):
            break


async def main(port: int = 8080, interval_s: float = 1.0) -> None:
    """Serve and push, while a client talks and hears."""
    async with make_server() as server:
        listener = await server.listen(port)
        pushing = asyncio.create_task(heartbeat(server, interval_s))
        async with Client(f"tcp://127.0.0.1:{listener.port}") as client:
            await asyncio.gather(talk(client, interval_s), hear(client))
        pushing.cancel()


if __name__ == "__main__":
    asyncio.run(main())
