"""Request and wait: the server asks a client and waits for its answer, but not for ever.

This is how the original talks half duplex: one asks, the other one answers.
"""

import asyncio

from mcws_client import Client
from mcws_protocol import Raw, RequestTimeout
from mcws_server import ConnectedClient, Server


async def ask(client: ConnectedClient, question: str, timeout: float = 5.0) -> Raw:
    """Return what ``client`` answers within ``timeout`` seconds, else a word about it."""
    try:
        return await client.request(question, timeout=timeout)
    except RequestTimeout as error:
        return f"({error})"


def answer(question: Raw, client: Client) -> str:
    """Answer as a device that knows one thing."""
    return "21.5" if question == "celsius?" else "what?"


async def never(question: Raw, client: Client) -> str:
    """Answer as a device that hangs; the timeout of the server cancels this."""
    await asyncio.Event().wait()
    return "too late"


async def main(port: int = 8080, timeout: float = 1.0) -> None:
    """Serve a device that answers and one that hangs, and ask both."""
    async with Server() as server:
        listener = await server.listen(port)
        url = f"tcp://127.0.0.1:{listener.port}"
        thermometer = Client(url, id="thermometer").on_request(answer)
        hanging = Client(url, id="hanging").on_request(never)
        async with thermometer, hanging:
            for client in server.clients:
                print(client.id, "answers:", await ask(client, "celsius?", timeout))


if __name__ == "__main__":
    asyncio.run(main())
