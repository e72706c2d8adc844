"""A server and its clients joined by cables, in virtual time, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mcws_client import Client
from mcws_protocol import (
    UNTYPED,
    Codec,
    Contract,
    DecodeError,
    Dialect,
    Limits,
    Mcws,
    Mode,
    Role,
    Wire,
)
from mcws_protocol.aio import Connection, Door
from mcws_server import Server
from tests.aio.cable import End, connect

URL = "tcp://cable:1"


class Lab:
    """One server behind one door, and every client that was connected to it.

    The door speaks the contract of the server; clients have the same one unless told otherwise.

    Attributes:
        server: the server under test; it has no listener.
        near: the clients' ends of the cables, in order of connection.
        far: the server's ends.
    """

    def __init__(
        self,
        server: Server[Any, Any, Any],
        wire: Wire,
        mode: Mode = Mode.FULL_DUPLEX,
        initiator: Role = Role.SERVER,
        codec: Codec[Any] | None = None,
    ) -> None:
        self.server = server
        self.wire = wire
        self.mode = mode
        self.initiator = initiator
        self.near: list[End] = []
        self.far: list[End] = []
        self._codec = codec
        self._turned: Door | None = None
        # A contract has its own mode; without one, it is as if it had this one.
        if server.contract is UNTYPED and mode is not Mode.FULL_DUPLEX:
            self._turned = Door(wire, speech(codec, wire), mode=mode, initiator=initiator)
            server._doors.append(self._turned)

    def accept(self, protocol: Any) -> tuple[End, End]:
        """Join ``protocol`` to a new connection of the server; return both ends, its own first."""
        near, far = connect(protocol, self._connection())
        self.near.append(near)
        self.far.append(far)
        return near, far

    def _connection(self) -> Any:
        """Return a new connection of the server."""
        if self._turned is None:
            return self.server.protocol(wire=self.wire, codec=self._codec)
        lobby = self.server._enter()
        return Connection(lobby.hub, lobby, self._turned)

    async def dial(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Connect a client to the server by a cable."""
        self.accept(make())

    def client(self, **options: Any) -> Client[Any, Any]:
        """Return a client that will connect to the server by a cable."""
        mode = options.pop("mode", self.mode)
        contract: Contract[Any, Any] = options.pop("contract", self.server.contract)
        wire = options.pop("wire", self.wire)
        options.setdefault("dial", self.dial)
        client: Client[Any, Any] = Client(URL, contract, wire=wire, **options)
        if contract is UNTYPED:
            dialect = speech(client._settings.codec, wire)
            client._door = Door(wire, dialect, mode=mode, initiator=self.initiator)
            client._hello = client._settings.hello("", mode)
        return client


MakeLab = Callable[..., Lab]


def make_lab(
    server: Server[Any, Any, Any] | None = None,
    wire: Wire | None = None,
    limits: Limits | None = None,
    mode: Mode = Mode.FULL_DUPLEX,
    initiator: Role = Role.SERVER,
    codec: Codec[Any] | None = None,
) -> Lab:
    """Return a server with a door of that wire, its own unless one is given."""
    if server is None:
        server = Server() if limits is None else Server(limits=limits)
    wire = server.contract.wire if wire is None else wire
    return Lab(server, wire, mode, initiator, codec)


def speech(codec: Codec[Any] | None = None, wire: Wire | None = None) -> Dialect:
    """Return how an end without a contract speaks."""
    return UNTYPED.dialect(Role.SERVER, wire or Mcws(), codec)


class Served:
    """A connection as its dispatcher knows it: it writes down what does not decode."""

    def __init__(self, told: list[Any], *, closed: bool = False) -> None:
        self.told = told
        self.closed = closed

    def undecodable(self, error: DecodeError) -> None:
        """Write it down."""
        self.told.append(error)


class Raw:
    """A peer that speaks no wire: it writes what it is told and records what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self.has_eof = False
        self.is_lost = False
        self.end: Any = None

    def connection_made(self, transport: Any) -> None:
        """Take the transport."""
        self.end = transport

    def data_received(self, data: bytes) -> None:
        """Record bytes."""
        self.heard += data

    def eof_received(self) -> bool:
        """Record the end of the stream."""
        self.has_eof = True
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Record the end of the transport."""
        self.is_lost = True

    def pause_writing(self) -> None:
        """Nothing to do."""

    def resume_writing(self) -> None:
        """Nothing to do."""


async def settle(turns: int = 50) -> None:
    """Let the loop turn until all that is under way has arrived, without time passing."""
    for _ in range(turns):
        await asyncio.sleep(0)
