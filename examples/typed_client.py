"""Typed state: a subclass of ``ConnectedClient`` holds what the server knows of each client.

Unlike ``metadata``, its fields are known to the type checker in every hook and handler. So are the
messages, since both ends share a contract.
"""

import asyncio
from typing import Final, Never, TypeAlias

from mcws_client import Client
from mcws_protocol import Contract, Message, Request
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Server


class Mean(Message):
    """The mean of all readings of one thermometer."""

    count: int
    celsius: float


class Reading(Request[Mean]):
    """What a thermometer has measured; it is told the mean so far."""

    celsius: float


CONTRACT: Final = Contract("thermometer", version=1, up=Reading, down=Never)


class Thermometer(ConnectedClient[Reading, Never]):
    """One thermometer, with what it has measured so far."""

    def __init__(self, connection: Connection[Reading, Never]) -> None:
        super().__init__(connection)
        self.celsius: list[float] = []


ThermometerServer: TypeAlias = Server[Reading, Never, Thermometer]


def make_server() -> ThermometerServer:
    """Return a server that answers each reading with the mean so far."""
    server = Server(CONTRACT, client_factory=Thermometer)

    @server.on(Reading)
    def take(reading: Reading, client: Thermometer) -> Mean:
        client.celsius.append(reading.celsius)
        count = len(client.celsius)
        return Mean(count, sum(client.celsius) / count)

    return server


async def main(port: int = 8080) -> None:
    """Serve, and be a thermometer too."""
    async with make_server() as server:
        listener = await server.listen(port)
        async with Client(f"tcp://127.0.0.1:{listener.port}", CONTRACT) as thermometer:
            for celsius in (20.0, 21.0, 23.5):
                mean = await thermometer.request(Reading(celsius))
                print(f"mean of {mean.count}: {mean.celsius:.1f}")


if __name__ == "__main__":
    asyncio.run(main())
