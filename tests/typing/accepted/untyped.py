"""Without a contract: messages are ``bytes | str``, and no type argument is needed anywhere."""

from __future__ import annotations

from typing import assert_type

from mcws_client import Client
from mcws_protocol import UNTYPED, Contract, Limits, Raw
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Server

assert_type(Server(), Server)
assert_type(Server(), Server[Raw, Raw, ConnectedClient[Raw, Raw]])
assert_type(Server(limits=Limits()), Server[Raw, Raw, ConnectedClient])
assert_type(Server(UNTYPED), Server[Raw, Raw, ConnectedClient[Raw, Raw]])
assert_type(Client("tcp://127.0.0.1:8080"), Client[Raw, Raw])
assert_type(Client("tcp://127.0.0.1:8080", UNTYPED, id="k1"), Client)


class Bot(ConnectedClient):
    """A client class without type arguments."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.score = 0


server = Server(client_factory=Bot)
assert_type(server, Server[Raw, Raw, Bot])


@server.on(str)
def read(text: str, bot: Bot) -> None:
    """Take text alone."""
    bot.score += len(text.split())


@server.on(bytes)
async def load(data: bytes, bot: Bot) -> None:
    """Take bytes alone."""
    await bot.send(data.hex())


server.on_client_message(lambda message, bot: server.broadcast(message, lambda b: b.score > 0))
server.on_client_request(lambda request, bot: request)
server.broadcast("text").broadcast(b"bytes")
assert_type(server.client("k1"), Bot | None)


async def use(client: Client, bot: Bot) -> None:
    """Talk in both directions."""
    assert_type(await client.request("status?"), Raw)
    assert_type(await bot.request(b"status?", timeout=1), Raw)
    await client.send("text")
    await bot.write(b"bytes")
    async for message in client:
        assert_type(message, Raw)
    async for text in client.messages(str):
        assert_type(text, str)
    async for data in client.messages(bytes):
        assert_type(data, bytes)


@Client("tcp://127.0.0.1:8080").on(str)
def hear(text: str, client: Client) -> None:
    """Take text alone at the other end."""


def relay(contract: Contract) -> Server:
    """Name a contract, and a server, without type arguments."""
    return Server(contract)
