# The client of mcws: the connector for the remote end of a server.

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Generic, Self, TypeAlias, TypedDict, Unpack, overload

from typing_extensions import TypeVar

from mcws_protocol import Codec, Contract, Limits, MessageType, Raw, Wire
from mcws_protocol.aio import Connection, Peer

__all__ = [
    "Client",
    "ClientOptions",
    "ClientState",
    "Messages",
]

_Down = TypeVar("_Down", default=Raw)
_Up = TypeVar("_Up", default=Raw)
_M = TypeVar("_M")
_RawT = TypeVar("_RawT", bytes, str)

# Client: the connector for the remote end of a server

class ClientState(Enum):
    NEW = "new"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    CLOSING = "closing"
    CLOSED = "closed"

class Client(Peer[_Down, _Up], Generic[_Up, _Down]):
    url: str

    @overload
    def __init__(self: Client[Raw, Raw], url: str, **options: Unpack[ClientOptions]) -> None: ...
    @overload
    def __init__(
        self, url: str, contract: Contract[_Up, _Down], **options: Unpack[ClientOptions]
    ) -> None: ...
    @property
    def state(self) -> ClientState: ...
    async def connect(self) -> Self: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
    def __aiter__(self) -> Messages[_Down]: ...
    @overload
    def messages(self, kind: MessageType[_M, _Down], /) -> Messages[_M]: ...
    @overload
    def messages(self: Client[Any, Raw], kind: type[_RawT], /) -> Messages[_RawT]: ...
    @overload
    def messages(self, kind: type[_Down], /) -> Messages[_Down]: ...
    @property
    def dropped(self) -> int: ...
    def on_connect(self, callback: Callable[[Self], object]) -> Self: ...
    def on_disconnect(self, callback: Callable[[Self], object]) -> Self: ...
    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None]: ...
    def opened(self, connection: Connection[Any, Any]) -> None: ...
    def emptied(self, connection: Connection[Any, Any]) -> None: ...
    def ended(self, connection: Connection[Any, Any]) -> None: ...

# Settings: what a client was told besides its URL and its contract

class ClientOptions(TypedDict, total=False):
    id: str | None
    wire: Wire
    codec: Codec[Any] | None
    dial: _Dial | None
    reconnect: None
    connect_timeout: float
    limits: Limits

# Mailbox: messages that wait for ``async for``, or for a handler that comes late

class Messages(Generic[_M]):
    def __init__(self, mailbox: _Mailbox, kind: type[_M] | None) -> None: ...
    def wants(self, message: object) -> bool: ...
    def __aiter__(self) -> Messages[_M]: ...
    async def __anext__(self) -> _M: ...

# What annotations name and nobody imports

class _Mailbox: ...

_Dial: TypeAlias = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
