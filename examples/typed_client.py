"""Typed state: a subclass of ``ConnectedClient`` holds what the server knows of each client.

Unlike ``metadata``, its fields are known to the type checker in every hook and handler.
"""

import asyncio
from typing import TypeAlias

from mcws_client import Client
from mcws_protocol import Raw
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Server


class Thermometer(ConnectedClient):
    """One thermometer, with what it has measured so far."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.celsius: list[float] = []

    @property
    def mean(self) -> float:
        """The mean of all readings in degrees Celsius; there has to be one."""
        return sum(self.celsius) / len(self.celsius)


ThermometerServer: TypeAlias = Server[Raw, Raw, Thermometer]


def make_server() -> ThermometerServer:
    """Return a server that answers each reading with the mean so far."""
    server = Server(client_factory=Thermometer)

    @server.on(str)
    def take(reading: str, client: Thermometer) -> None:
        client.celsius.append(float(reading))
        client.send(f"mean of {len(client.celsius)}: {client.mean:.1f}")

    return server


async def main(port: int = 8080) -> None:
    """Serve, and be a thermometer too."""
    async with make_server() as server:
        listener = await server.listen(port)
        async with Client(f"tcp://127.0.0.1:{listener.port}") as thermometer:
            for reading in ("20.0", "21.0", "23.5"):
                await thermometer.send(reading)
                print(await anext(aiter(thermometer)))


if __name__ == "__main__":
    asyncio.run(main())
