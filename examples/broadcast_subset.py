"""Broadcast to a subset: only clients whose role fits get the message.

``metadata`` is the server's own notebook about a client; nothing of it is ever sent.
"""

import asyncio

from mcws_client import Client
from mcws_protocol import Raw
from mcws_server import ConnectedClient, Server


def make_server() -> Server:
    """Return a server that takes a request as the role of the client that makes it."""
    return Server().on_client_request(note_role)


def note_role(role: Raw, client: ConnectedClient) -> str:
    """Remember the role of a client. A real server would ask for a proof."""
    client.metadata["role"] = role
    return "noted"


def is_admin(client: ConnectedClient) -> bool:
    """Whether a client is an admin."""
    return client.metadata.get("role") == "admin"


async def main(port: int = 8080) -> None:
    """Serve an admin and a guest; say one thing to admins and another to everybody."""
    async with make_server() as server:
        listener = await server.listen(port)
        url = f"tcp://127.0.0.1:{listener.port}"
        async with Client(url, id="ada") as ada, Client(url, id="guest") as guest:
            await ada.request("admin")
            server.broadcast("hello admins", is_admin)
            server.broadcast("hello all")
            for client in (ada, ada, guest):
                print(client.id, "got:", await anext(aiter(client)))


if __name__ == "__main__":
    asyncio.run(main())
