"""Memory: clients of mcws that are joined to a server without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, Generic, Literal, TypeAlias, Unpack, overload

from typing_extensions import TypeVar

from mcws_client import Client, ClientOptions
from mcws_protocol import UNTYPED, Codec, Contract, Limits, Raw, Wire
from mcws_server import ConnectedClient, Server

from ._cable import Cable
from ._cable_transport import CableTransport
from ._pairs import Pair
from ._settled import settled

URL: Final = "tcp://memory:1"
"""Names nobody; a client only shows it."""

Role: TypeAlias = Literal["server", "client"]
"""What the ends of the cable of a client are called."""

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
T = TypeVar("T")


class MemoryDial:
    """Reaches a server in memory: the ``dial`` of clients that the test makes itself.

    A class of client of one's own needs it::

        dial = MemoryDial(server)
        async with Kiosk("tcp://memory:1", contract, dial=dial) as kiosk:
            dial.cable.reset()

    It speaks the contract of the server, by the wire and the codec that clients are given too.

    Attributes:
        cables: the line of each connection, the newest last; the ends are "server" and "client".
    """

    def __init__(
        self,
        server: Server[Any, Any, Any],
        *,
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
    ) -> None:
        self.cables: list[Cable[Role]] = []
        self._server = server
        self._wire = wire
        self._codec = codec

    @property
    def cable(self) -> Cable[Role]:
        """The line of the newest connection.

        Raises:
            RuntimeError: there was none yet.
        """
        if not self.cables:
            raise RuntimeError("there is no cable yet: nobody has connected")
        return self.cables[-1]

    async def __call__(self, make: Callable[[], asyncio.Protocol]) -> CableTransport:
        """Join the protocol that ``make`` makes to a new connection of the server."""
        cable: Cable[Role] = Cable("server", "client")
        far = self._server.protocol(wire=self._wire, codec=self._codec)
        ends = CableTransport(cable, "server", far), CableTransport(cable, "client", make())
        self.cables.append(cable)
        for end in ends:
            end.start()
        return ends[1]

    def mend(self) -> None:
        """Let all lines flow again; an end that vanished is told of it, as is its peer."""
        for cable in self.cables:
            cable.flow()
            if cable.is_half_open:
                cable.reset()


class Joining(Generic[T]):
    """What is about to be joined in memory: enter it with ``async with``, or await it.

    Leaving the block mends the line, closes politely, and waits until all hooks have run that need
    no time. Whoever awaits it closes by himself.

    Attributes:
        dial: has the cables.
    """

    def __init__(
        self,
        dial: MemoryDial,
        begin: Callable[[], Awaitable[T]],
        finish: Callable[[], Awaitable[object]],
    ) -> None:
        self.dial = dial
        self._begin = begin
        self._finish = finish

    @property
    def cable(self) -> Cable[Role]:
        """The line of the newest connection; its ends are "server" and "client"."""
        return self.dial.cable

    def __await__(self) -> Generator[Any, None, T]:
        return self._begin().__await__()

    async def __aenter__(self) -> T:
        return await self

    async def __aexit__(self, *_: object) -> None:
        self.dial.mend()
        await self._finish()
        await settled()


def connected(
    server: Server[Up, Down, Any], **options: Unpack[ClientOptions]
) -> Joining[Client[Up, Down]]:
    """Connect a client to a server in memory.

    The server need not listen::

        async with connected(server) as client:
            await client.send(Reading(celsius=21.5))

    ``options`` are those of ``Client``; ``wire`` and ``codec`` count for both ends. The server is
    not closed. For the cable, keep what is returned: ``line = connected(server)``, then
    ``async with line as client`` and ``line.cable.reset()``.

    Raises:
        ValueError: ``options`` name a ``dial``.
    """
    dial = MemoryDial(server, wire=options.get("wire"), codec=options.get("codec"))
    client = make_client(server.contract, dial, options)
    return Joining(dial, client.connect, client.close)


@overload
def memory_pair(
    **options: Unpack[ClientOptions],
) -> Joining[Pair[ConnectedClient[Raw, Raw], Client[Raw, Raw], Role]]: ...


@overload
def memory_pair(
    contract: Contract[Up, Down], **options: Unpack[ClientOptions]
) -> Joining[Pair[ConnectedClient[Up, Down], Client[Up, Down], Role]]: ...


def memory_pair(
    contract: Contract[Any, Any] = UNTYPED, **options: Unpack[ClientOptions]
) -> Joining[Pair[ConnectedClient[Any, Any], Client[Any, Any], Role]]:
    """Join both ends of a contract in memory.

    These are what a server has of a client, and the client::

        async with memory_pair(thermo) as (device, client):
            client.send(Reading(celsius=21.5))

    Handlers are registered on the ends. ``options`` are those of ``Client``; ``wire``, ``codec``
    and ``limits`` count for both ends.

    Raises:
        ValueError: ``options`` name a ``dial``.
    """
    server: Server[Any, Any, Any] = Server(
        contract, client_factory=ConnectedClient, limits=options.get("limits", Limits())
    )
    dial = MemoryDial(server, wire=options.get("wire"), codec=options.get("codec"))
    client = make_client(contract, dial, options)

    async def begin() -> Pair[ConnectedClient[Any, Any], Client[Any, Any], Role]:
        """Connect, and find what the server has of the client."""
        await client.connect()
        (known,) = server.clients
        return Pair(known, client, dial.cable)

    async def finish() -> None:
        """End both."""
        await client.close()
        await server.drain()

    return Joining(dial, begin, finish)


def make_client(
    contract: Contract[Any, Any], dial: MemoryDial, options: ClientOptions
) -> Client[Any, Any]:
    """Return a client that will connect by ``dial``.

    Raises:
        ValueError: ``options`` name another way.
    """
    if options.get("dial") is not None:
        raise ValueError("a client in memory has a dial already; use Client and MemoryDial instead")
    options["dial"] = dial
    return Client(URL, contract, **options)
