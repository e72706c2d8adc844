# The asyncio server of mcws: one program that talks with many clients.

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Literal, Protocol, Self, TypeAlias, overload

from typing_extensions import TypeVar

from mcws_protocol import (
    Codec,
    Contract,
    Limits,
    Message,
    MessageType,
    Mode,
    Raw,
    RequestType,
    Wire,
)
from mcws_protocol.aio import Connection, Peer, Register, RegisterRequest

__all__ = [
    "ClientContract",
    "Clients",
    "ConnectedClient",
    "ConnectedClients",
    "Delivery",
    "Link",
    "Listener",
    "Server",
    "ServerState",
]

_Up = TypeVar("_Up", default=Raw)
_Down = TypeVar("_Down", default=Raw)
_C = TypeVar("_C", bound=ClientContract, default=ConnectedClient[_Up, _Down])
_M = TypeVar("_M")
_R = TypeVar("_R")
_RawT = TypeVar("_RawT", bytes, str)
_MemberT = TypeVar("_MemberT", bound=ClientContract, default=ConnectedClient)
_OneT_co = TypeVar("_OneT_co", covariant=True)
_SomeT_co = TypeVar("_SomeT_co", covariant=True)
_LengthT_co = TypeVar("_LengthT_co", covariant=True)
_C_co = TypeVar("_C_co", covariant=True)

# Server: one program that talks with many clients

class ServerState(Enum):
    NEW = "new"
    LISTENING = "listening"
    DRAINING = "draining"
    CLOSED = "closed"

class Server(Generic[_Up, _Down, _C]):
    contract: Contract[_Up, _Down]
    limits: Limits

    @overload
    def __init__(
        self: Server[Raw, Raw, ConnectedClient[Raw, Raw]], *, limits: Limits = ...
    ) -> None: ...
    @overload
    def __init__(
        self: Server[_Up, _Down, ConnectedClient[_Up, _Down]],
        contract: Contract[_Up, _Down],
        *,
        limits: Limits = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: Server[Raw, Raw, _C],
        *,
        client_factory: Callable[[Connection[Raw, Raw]], _C],
        limits: Limits = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        contract: Contract[_Up, _Down],
        *,
        client_factory: Callable[[Connection[_Up, _Down]], _C],
        limits: Limits = ...,
    ) -> None: ...
    def on_client_connect(self, callback: Callable[[_C], object]) -> Self: ...
    def on_client_disconnect(self, callback: Callable[[_C], object]) -> Self: ...
    def on_client_message(self, callback: Callable[[_Up, _C], object]) -> Self: ...
    def on_client_request(
        self, callback: Callable[[_Up, _C], _Down | Message | Awaitable[_Down | Message]]
    ) -> Self: ...
    def on_client_error(self, callback: Callable[[Exception, _C], object]) -> Self: ...
    @overload
    def on(self, kind: RequestType[_M, _Up, _R], /) -> RegisterRequest[_M, _C, _R]: ...
    @overload
    def on(self, kind: MessageType[_M, _Up], /) -> Register[_M, _C]: ...
    @overload
    def on(self: Server[Raw, Any, _C], kind: type[_RawT], /) -> Register[_RawT, _C]: ...
    @overload
    def on(self, kind: type[_Up], /) -> Register[_Up, _C]: ...
    @property
    def clients(self) -> Clients[_C]: ...
    def client(self, id: str) -> _C | None: ...
    @overload
    def get_connected_clients(
        self, *, length: Literal[False] = False
    ) -> ConnectedClients[None, tuple[_C, ...], None]: ...
    @overload
    def get_connected_clients(
        self, *, length: Literal[True]
    ) -> ConnectedClients[None, None, int]: ...
    @overload
    def get_connected_clients(
        self, *, index: int, length: Literal[False] = False
    ) -> ConnectedClients[_C | None, None, None]: ...
    @overload
    def get_connected_clients(
        self, *, index: int, length: Literal[True]
    ) -> ConnectedClients[_C | None, None, int]: ...
    @overload
    def get_connected_clients(
        self, *, start_index: int, last_index: int = ..., length: Literal[False] = False
    ) -> ConnectedClients[None, tuple[_C, ...], None]: ...
    @overload
    def get_connected_clients(
        self, *, last_index: int, length: Literal[False] = False
    ) -> ConnectedClients[None, tuple[_C, ...], None]: ...
    @overload
    def get_connected_clients(
        self,
        *,
        index: int | None = None,
        start_index: int | None = None,
        last_index: int | None = None,
        length: bool = False,
    ) -> ConnectedClients[_C | None, tuple[_C, ...] | None, int | None]: ...
    @overload
    def broadcast(self, message: _Down, filter: None = None) -> Self: ...
    @overload
    def broadcast(self, message: _Down, filter: Callable[[_C], object]) -> Self: ...
    @overload
    def broadcast(
        self, message: _Down, filter: Callable[[_C, int, Sequence[_C]], object]
    ) -> Self: ...
    def send_to(self, clients: Iterable[_C], message: _Down) -> Delivery: ...
    def link(
        self, clients: Iterable[_C], *, mode: Mode = ..., announcer: _C | None = None
    ) -> Link[_Down, _C]: ...
    @property
    def state(self) -> ServerState: ...
    @property
    def listeners(self) -> tuple[Listener, ...]: ...
    async def listen(
        self,
        port: int = 8080,
        address: str = "127.0.0.1",
        callback: Callable[[], object] | None = None,
        *,
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
        sock: socket.socket | None = None,
        reuse_port: bool = False,
    ) -> Listener: ...
    def protocol(
        self, *, wire: Wire | None = None, codec: Codec[Any] | None = None
    ) -> asyncio.Protocol: ...
    def run(
        self,
        port: int = 8080,
        address: str = "127.0.0.1",
        callback: Callable[[], object] | None = None,
        *,
        main: Callable[[], Awaitable[object]] | None = None,
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
    ) -> None: ...
    async def serve_forever(self) -> None: ...
    async def drain(self, window_s: float = 0, stop_after_s: float = 30) -> None: ...
    def close(self) -> Awaitable[None]: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

# ConnectedClient: the server's view of one client

class ConnectedClient(Peer[_Up, _Down]):
    @property
    def id(self) -> str: ...
    @id.setter
    def id(self, id: str) -> None: ...

class ClientContract(Protocol):
    def on_message(self, callback: Callable[[Any, Any], object], /) -> object: ...
    def write(self, payload: Any, /) -> object: ...

# Link: a group of clients whose messages are relayed among each other

class Link(Collection[_MemberT], Generic[_Down, _MemberT]):
    mode: Mode

    def __init__(
        self,
        registry: _Registry,
        send: Callable[[list[_AnyConnection], Any], Delivery],
        mode: Mode,
        announcer: _MemberT | None,
    ) -> None: ...
    @property
    def members(self) -> tuple[_MemberT, ...]: ...
    @property
    def announcer(self) -> _MemberT | None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_MemberT]: ...
    def __contains__(self, client: object) -> bool: ...
    def add(self, client: _MemberT) -> Self: ...
    def discard(self, client: _MemberT) -> Self: ...
    def broadcast(self, message: _Down) -> Delivery: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

# ConnectedClients: the clients that ``get_connected_clients`` was asked for

@dataclass(frozen=True, slots=True)
class ConnectedClients(Generic[_OneT_co, _SomeT_co, _LengthT_co]):
    client: _OneT_co
    clients: _SomeT_co
    length: _LengthT_co

# Registry: the clients of one server by id, in the order in which they came

class Clients(Collection[_C_co], Generic[_C_co]):
    def __init__(self, registry: _Registry) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_C_co]: ...
    def __contains__(self, client: object) -> bool: ...

# Broadcast: one message to many clients, encoded once and never waiting for any of them

@dataclass(frozen=True, slots=True)
class Delivery:
    queued: int = 0
    dropped: int = 0
    too_long: int = 0
    closed: int = 0
    slow: tuple[str, ...] = ()

# Listener: one door of a server, a socket that connections come in through

class Listener:
    wire: Wire
    address: str
    port: int

    def __init__(self, server: asyncio.Server, wire: Wire) -> None: ...
    @property
    def is_open(self) -> bool: ...
    def close(self) -> None: ...

# What annotations name and nobody imports

class _Registry: ...

_AnyConnection: TypeAlias = Connection[Any, Any]
