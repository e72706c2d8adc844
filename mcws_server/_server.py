"""Server: one program that talks with many clients."""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final, Self, overload

from typing_extensions import TypeVar

from mcws_protocol import (
    UNTYPED,
    Binary,
    CloseFrame,
    Codec,
    Contract,
    Limits,
    Raw,
    RejectFrame,
    Role,
    Text,
    Untouched,
    Wire,
    expect,
)
from mcws_protocol.aio import (
    READY,
    Connection,
    Door,
    Gate,
    Hub,
    check_callback,
)

from ._connected import ClientContract, ConnectedClient
from ._hooks import Hooks
from ._listener import Listener, open_listener
from ._lobby import Lobby
from ._runner import run_server
from ._sending import Sending

log: Final = logging.getLogger("mcws.server")

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
C = TypeVar("C", bound=ClientContract, default=ConnectedClient[Up, Down])
M = TypeVar("M")
R = TypeVar("R")

# What those inside hear when the server ends, politely or at once.
GOING_AWAY: Final = CloseFrame(1001, "server stops")
# The answer to who comes while the server stops: another one may be up in a second.
TOO_LATE: Final = RejectFrame(1001, 1000, "server stops")
# Two codecs of one of these classes do the same.
STATELESS: Final = (Binary, Text, Untouched)
# How many doors of `protocol` are known at once, the last ones that were used.
PRIVATE_DOORS_MAX: Final = 16


class ServerState(Enum):
    """Where a server is in its life."""

    NEW = "new"
    LISTENING = "listening"
    DRAINING = "draining"
    """Nobody comes in any more; those inside finish."""
    CLOSED = "closed"


class Server(Hooks[Up, Down, C], Sending[Down, C]):
    """Hooks, handlers and clients of one server, behind any number of doors.

    ``client_factory`` is a subclass of ``ConnectedClient``, or any class that fulfils
    ``ClientContract``; it is called with a ``Connection``. ``limits`` bind each connection.
    Registering returns the server, so calls chain; several callbacks of a kind run in the order of
    their registration; each may be plain or async.

    Raises:
        TypeError: an argument is not what it should be.
    """

    @overload
    def __init__(
        self: Server[Raw, Raw, ConnectedClient[Raw, Raw]], *, limits: Limits = ...
    ) -> None:
        """Make a server without a contract: messages are ``bytes`` or ``str``."""

    @overload
    def __init__(
        self: Server[Up, Down, ConnectedClient[Up, Down]],  # pyright: ignore[reportInvalidTypeVarUse] - solved by the argument
        contract: Contract[Up, Down],
        *,
        limits: Limits = ...,
    ) -> None:
        """Make a server of one contract."""

    @overload
    def __init__(
        self: Server[Raw, Raw, C],  # pyright: ignore[reportInvalidTypeVarUse] - solved by the argument
        *,
        client_factory: Callable[[Connection[Raw, Raw]], C],
        limits: Limits = ...,
    ) -> None:
        """Make a server without a contract, with a class of client objects of one's own."""

    @overload
    def __init__(
        self,
        contract: Contract[Up, Down],
        *,
        client_factory: Callable[[Connection[Up, Down]], C],
        limits: Limits = ...,
    ) -> None:
        """Make a server of one contract, with a class of client objects of one's own."""

    def __init__(
        self,
        contract: Contract[Any, Any] = UNTYPED,
        *,
        client_factory: Callable[[Connection[Any, Any]], Any] = ConnectedClient,
        limits: Limits = Limits(),  # noqa: B008 - frozen, so one object serves all
    ) -> None:
        expect("contract", contract, Contract)
        expect("limits", limits, Limits)
        check_callback(client_factory, "client_factory")
        self.contract: Contract[Up, Down] = contract
        super().__init__()
        self.limits = limits
        self._factory = client_factory
        self._listeners: list[Listener] = []
        # Kept, so that a broadcast is encoded once for all alike; a few, since `protocol` may be
        # called for ever, each time with a codec made anew. The last one used is at the end.
        self._private_doors: list[tuple[Wire | None, Codec[Any] | None, Door]] = []
        self._state = ServerState.NEW
        # Made with the first door, since it needs the running loop.
        self._lobby: Lobby | None = None
        # Opened by `_finish`, for all who wait in `serve_forever`.
        self._closed = Gate()

    # Listening

    @property
    def state(self) -> ServerState:
        """Where the server is in its life."""
        return self._state

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The doors of this server."""
        return tuple(self._listeners)

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
    ) -> Listener:
        """Open a door; a server may have several, each with its own wire and codec.

        ``port`` 0 lets the system choose. ``callback()``, plain or async, runs once the socket is
        bound; without one, one line of the log says where. ``sock`` is a bound socket to use
        instead of ``port`` and ``address``. ``codec`` is that of the wire unless one is given.

        Raises:
            ListenFailed: the socket cannot be bound; it names address and port.
            TypeError: an argument is not what it should be.
            ValueError: ``port`` is not 0 to 65535.
            RuntimeError: the server drains or is closed, or runs on another loop.
        """
        check_where(port, address)
        if callback is not None:
            check_callback(callback)
        expect("wire", wire or self.contract.wire, Wire, "Plain(Lines())")
        if sock is not None and not isinstance(sock, socket.socket):
            raise TypeError(f"sock must be a socket, not {sock!r}")
        self._check_not_stopping()
        lobby = self._enter()
        door = Door.of(self.contract, Role.SERVER, wire, codec)
        listener = await open_listener(
            lobby.hub, lobby, door, sock or (address, port), reuse_port=reuse_port
        )
        try:
            # It may have been closed while the socket was being bound.
            self._check_not_stopping()
            # All of it before the callback, which may ask for the door or send already.
            self._listeners.append(listener)
            self._doors.append(door)
            self._state = ServerState.LISTENING
            await announce(listener, callback)
        except BaseException:
            # A callback that failed must not leave an open door behind.
            listener.close()
            raise
        return listener

    def protocol(
        self, *, wire: Wire | None = None, codec: Codec[Any] | None = None
    ) -> asyncio.Protocol:
        """Return a new connection for one transport that the application makes itself.

        That is a serial line, a tunnel, a Unix socket, or a fake in a test::

            await loop.create_unix_server(server.protocol, "/run/devices.sock")
            await loop.connect_accepted_socket(server.protocol, sock)

        The server counts as listening from the first call on. While it drains, who comes this way
        is refused as at every other door; closing what accepts is the application's.

        Raises:
            TypeError: an argument is not what it should be.
            ValueError: ``wire`` cannot carry what the codec makes.
            RuntimeError: the server is closed, or runs on another loop, or no loop runs.
        """
        expect("wire", wire or self.contract.wire, Wire, "Plain(Lines())")
        if self._state is ServerState.CLOSED:
            raise RuntimeError("the server is closed, it takes no connections any more")
        lobby = self._enter()
        connection: Any = Connection(lobby.hub, lobby, self._private_door(wire, codec))
        if self._state is ServerState.NEW:
            self._state = ServerState.LISTENING
        # By what it can do: a class that is compiled cannot inherit from asyncio's.
        made: asyncio.Protocol = connection
        return made

    def run(
        self,
        port: int = 8080,
        address: str = "127.0.0.1",
        callback: Callable[[], object] | None = None,
        *,
        main: Callable[[], Awaitable[object]] | None = None,
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
    ) -> None:
        """Listen and serve until SIGINT or SIGTERM, then drain; blocks, on a loop of its own.

        uvloop is used if it is installed. ``main()`` runs beside the server; the end of ``main``
        is the end of the server. A second signal ends at once.

        Raises:
            ListenFailed: the socket cannot be bound.
            RuntimeError: called from inside a running loop.
            TypeError: an argument is not what it should be.
            Exception: whatever ``main`` or ``callback`` raises.
        """
        if main is not None:
            check_callback(main, "main")

        async def listen() -> None:
            """Open the one door of this run."""
            await self.listen(port, address, callback, wire=wire, codec=codec)

        run_server(listen, self, main)

    async def serve_forever(self) -> None:
        """Wait until the server is closed; cancelling it closes the server.

        Raises:
            RuntimeError: the server does not listen yet.
        """
        if self._state is ServerState.NEW:
            raise RuntimeError("call listen() first")
        try:
            await self._closed
        except asyncio.CancelledError:
            # One that drains is ended by whoever drains it.
            if self._state is ServerState.LISTENING:
                await self.close()
            raise

    # Stopping

    async def drain(self, window_s: float = 0, stop_after_s: float = 30) -> None:
        """Stop politely: let nobody in, finish what has arrived, send what is queued, then close.

        Clients on mcws/1 are told; those who have not left by themselves within ``window_s``
        seconds are closed with 1001 once their handlers are done. After ``stop_after_s`` seconds
        in all, what is left is aborted. Requests that did not start yet get ERROR 7. Cancelling it
        leaves the server draining; called from a handler, it does not wait for that handler.

        Raises:
            ValueError: ``window_s`` is negative or above ``stop_after_s``.
        """
        check_window(window_s, stop_after_s)
        if self._state is ServerState.CLOSED:
            return
        self._state = ServerState.DRAINING
        self._shut_doors()
        if self._lobby is None:
            # It never listened, so nobody is inside and nobody will report the end.
            self._finish()
        else:
            await self._lobby.drain(GOING_AWAY, window_s, stop_after_s)

    def close(self) -> Awaitable[None]:
        """Stop now: let nobody in, close each client with 1001; handlers that run finish.

        What is returned may be awaited: it waits until all clients are gone, their hooks included,
        but for the client whose handler awaits it.
        """
        self._shut_doors()
        if self._lobby is None:
            self._finish()
            return READY
        # It may be called again when all is over, and that is for good.
        if self._state is not ServerState.CLOSED:
            self._state = ServerState.DRAINING
        self._lobby.close_all(GOING_AWAY)
        return self._lobby

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # Also after an exception: the clients have done nothing wrong.
        await self.drain()

    def __repr__(self) -> str:
        return f"<Server {self._state.value}, {len(self._registry)} clients>"

    # Details

    def _enter(self) -> Lobby:
        """Return the lobby; the first call ties the server to the running loop.

        Raises:
            RuntimeError: the server runs on another loop.
        """
        if self._lobby is None:
            hub = Hub(self._handlers, self.limits, log, is_server=True)
            self._lobby = Lobby(hub, self._registry, self._factory, self.contract)
            self._lobby.on_empty = self._finish
            # It knows the thread of the loop, which sending checks.
            self._flusher = hub.flusher
        elif self._lobby.hub.loop is not asyncio.get_running_loop():
            raise RuntimeError("the server runs on another loop already")
        return self._lobby

    def _private_door(self, wire: Wire | None, codec: Codec[Any] | None) -> Door:
        """Return the door of the transports that the application makes, one for all alike."""
        for index, (known_wire, known_codec, door) in enumerate(self._private_doors):
            if known_wire == wire and are_alike(known_codec, codec):
                self._private_doors.append(self._private_doors.pop(index))
                return door
        door = Door.of(self.contract, Role.SERVER, wire, codec)
        self._private_doors.append((wire, codec, door))
        self._doors.append(door)
        if len(self._private_doors) > PRIVATE_DOORS_MAX:
            # Connections hold the door they came by, so none of them misses it.
            self._doors.remove(self._private_doors.pop(0)[-1])
        return door

    def _check_not_stopping(self) -> None:
        """Refuse to open a door of a server that stops.

        Raises:
            RuntimeError: it drains or is closed.
        """
        if self._state in {ServerState.DRAINING, ServerState.CLOSED}:
            raise RuntimeError(f"the server is {self._state.value}, it cannot listen again")

    def _shut_doors(self) -> None:
        # The sockets stop new ones; this stops those inside who have yet to say HELLO (WIRE 3).
        if self._lobby is not None:
            self._lobby.stopping = TOO_LATE
        for listener in self._listeners:
            listener.close()

    def _finish(self) -> None:
        """Take note that the last client is gone after the doors were shut."""
        if self._state is not ServerState.CLOSED:
            self._state = ServerState.CLOSED
            if self._lobby is not None:
                # Idle workers are tasks; without this they would outlive the server.
                self._lobby.hub.workers.close()
            self._closed.open()


def are_alike(codec: Codec[Any] | None, other: Codec[Any] | None) -> bool:
    """Return whether two codecs surely do the same."""
    same = type(codec) is type(other) and type(codec) in STATELESS
    return same or codec is other or bool(codec == other)


async def announce(listener: Listener, callback: Callable[[], object] | None) -> None:
    """Tell the application that the door is open; the log, if it does not want to know."""
    if callback is None:
        log.info("listening on %s:%d", listener.address, listener.port)
        return
    result = callback()
    if inspect.isawaitable(result):
        await result


def check_where(port: object, address: object) -> None:
    """Refuse what is no port or no address.

    Raises:
        TypeError: ``port`` is not an integer or ``address`` not text.
        ValueError: ``port`` is not 0 to 65535.
    """
    # True is an int too, and would ask for port 1.
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"port must be an int, not {port!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be 0 to 65535, not {port}")
    if not isinstance(address, str):
        raise TypeError(f"address must be a str, not {address!r}")


def check_window(window_s: float, stop_after_s: float) -> None:
    """Refuse a window that the end of the drain would cut off.

    Raises:
        ValueError: ``window_s`` is negative or above ``stop_after_s``.
    """
    if not 0 <= window_s <= stop_after_s:
        problem = f"window_s must be 0 to stop_after_s {stop_after_s}, not {window_s}"
        raise ValueError(problem)
