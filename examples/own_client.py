"""A client class of one's own: all that a server needs of it is ``ClientContract``.

Such a class is built from a ``Connection``, passes messages on, and writes. The end of the
connection reaches the server without its help.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from mcws_client import Client
from mcws_protocol import Raw
from mcws_protocol.aio import Connection
from mcws_server import Server


class Counted:
    """Counts what comes in and what goes out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.received = 0
        self.written = 0

    def on_message(self, callback: "Callable[[Raw, Counted], object]") -> None:
        """Have ``callback(message, client)`` called for each message."""

        def count_and_pass(message: Raw, client: Counted) -> object:
            self.received += 1
            return callback(message, client)

        self._connection.on_message(count_and_pass)

    def write(self, payload: Raw) -> None:
        """Send one payload."""
        self.written += 1
        self._connection.write(payload)


CountedServer: TypeAlias = Server[Raw, Raw, Counted]


def make_server() -> CountedServer:
    """Return a server that answers each message with the counts of its client."""
    return Server(client_factory=Counted).on_client_message(answer)


def answer(message: Raw, client: Counted) -> None:
    """Say how much came in and went out before this answer."""
    client.write(f"received {client.received}, written {client.written}")


async def main(port: int = 8080) -> None:
    """Serve, and be the client too."""
    async with make_server() as server:
        listener = await server.listen(port)
        async with Client(f"tcp://127.0.0.1:{listener.port}") as client:
            for message in ("first", "second"):
                await client.send(message)
                print(await anext(aiter(client)))


if __name__ == "__main__":
    asyncio.run(main())
