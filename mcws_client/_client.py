"""Client: the connector for the remote end of a server."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final, Generic, Self, Unpack, overload

from typing_extensions import TypeVar

from mcws_protocol import (
    UNTYPED,
    ConnectionClosed,
    ConnectTimeout,
    Contract,
    MessageType,
    Raw,
    Role,
    Vocabulary,
    check_close,
    expect,
)
from mcws_protocol.aio import (
    HANDLING,
    READY,
    Connection,
    Door,
    Gate,
    Handlers,
    Hub,
    Peer,
    Turn,
    Unconnected,
    check_callback,
    is_cancelling,
)

from ._dialer import dial, parse_url
from ._line import Line
from ._mailbox import Mailbox, Messages
from ._settings import ClientOptions, Settings, check_options

log: Final = logging.getLogger("mcws.client")

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
# A message type.
M = TypeVar("M")
# What arrives where there is no contract.
RawT = TypeVar("RawT", bytes, str)


class ClientState(Enum):
    """Where a client is in its life."""

    NEW = "new"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    """Between two attempts to connect."""
    CLOSING = "closing"
    CLOSED = "closed"


class Client(Peer[Down, Up], Generic[Up, Down]):
    """One client of a server: ``Up`` goes out, ``Down`` comes in.

    ``url`` is ``tcp://host:port``; ``options`` are those of ``ClientOptions``. Registering returns
    the client, so calls chain; each callback may be plain or async.

    Raises:
        TypeError: an argument is not what it should be.
        ValueError: ``url`` or an option is wrong.
    """

    @overload
    def __init__(self: Client[Raw, Raw], url: str, **options: Unpack[ClientOptions]) -> None:
        """Make a client without a contract: messages are ``bytes`` or ``str``."""

    @overload
    def __init__(
        self, url: str, contract: Contract[Up, Down], **options: Unpack[ClientOptions]
    ) -> None:
        """Make a client of one contract."""

    def __init__(
        self, url: str, contract: Contract[Any, Any] = UNTYPED, **options: Unpack[ClientOptions]
    ) -> None:
        # What is called before `connect` gets its clear error from this one.
        super().__init__(Unconnected())
        # Only to fail here and not at `connect`; `dial` reads it again.
        parse_url(url)
        expect("contract", contract, Contract)
        # Else Python would name the class behind this one, and no option.
        check_options(options)
        self.url = url
        options.setdefault("wire", contract.wire)
        self._settings = Settings(**options)
        self._contract = contract
        self._door = Door.of(contract, Role.CLIENT, self._settings.wire, self._settings.codec)
        self._hello = self._settings.hello(contract.label, self._door.mode)
        self._registered = Handlers()
        self._mailbox = Mailbox(self._settings.limits.inbox_high_bytes)
        self._attempt: asyncio.Task[None] | None = None
        self._state = ClientState.NEW
        # Opened behind the last hook, or by `close` where there was no connection.
        self._over = Gate()

    # Connecting

    @property
    def state(self) -> ClientState:
        """Where the client is in its life."""
        # Nothing can be sent any more, but the hooks of the end have not all run.
        if self._state is ClientState.CONNECTED and self._connection.closed:
            return ClientState.CLOSING
        return self._state

    async def connect(self) -> Self:
        """Connect, and return when the server has said WELCOME; on a plain wire, at once.

        After an error, or when it was cancelled, it may be tried again.

        Raises:
            ConnectFailed: there is no way to the host, or nobody listens there.
            ConnectTimeout: not all was done within ``connect_timeout`` seconds.
            Rejected: the server refused, with code, reason and perhaps when to try again.
            RemoteProtocolError: what answers there does not speak the wire of this client, or
                (code 4004) not in its mode.
            ConnectionClosed: the connection was lost, or ``close`` was called, before WELCOME.
            RuntimeError: the client connects, is connected or is closed.
        """
        if self._state is not ClientState.NEW:
            raise RuntimeError(f"the client is {self._state.value}; connect() works once")
        self._state = ClientState.CONNECTING
        # A hub of its own: it belongs to a loop, and the next attempt may be on another one.
        line = Line(
            Hub(self._registered, self._settings.limits, log, is_server=False),
            self,
            self._hello,
            self._contract,
        )
        # A task, so that `close` can cancel the attempt without cancelling the caller.
        self._attempt = asyncio.ensure_future(self._open(line))
        try:
            await self._attempt
        except BaseException as error:
            # Asked before `give_up`, which ends the connection and changes the state with it.
            is_closing = self.state in {ClientState.CLOSING, ClientState.CLOSED}
            line.give_up()
            if not is_closing:
                # Also where it was cancelled in the very turn in which WELCOME came.
                self._connection = Unconnected()
                self._mailbox.clear()
                self._state = ClientState.NEW
            # `close` did it; a caller that is being cancelled itself has to see just that.
            elif isinstance(error, asyncio.CancelledError) and not is_cancelling():
                raise ConnectionClosed(1000, "closed while connecting") from None
            raise
        finally:
            self._attempt = None
        return self

    async def _open(self, line: Line) -> None:
        """Dial and wait for WELCOME, both within one time."""
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await dial(self.url, line, self._door, self._settings.dial)
                await line.opened
        except TimeoutError:
            why = f"not within {self._settings.connect_timeout:g} seconds"
            raise ConnectTimeout(self.url, why) from None

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Receiving

    def __aiter__(self) -> Messages[Down]:
        """Return an iterator over all messages, which ends when the connection has.

        Breaking off loses nothing: another iteration goes on with the next message. Of several
        iterations at once, each message goes to one.
        """
        return self._mailbox.read(None)

    @overload
    def messages(self, kind: MessageType[M, Down], /) -> Messages[M]:
        """Return an iterator over the messages of one type."""

    @overload
    def messages(self: Client[Any, Raw], kind: type[RawT], /) -> Messages[RawT]:
        """Return an iterator over ``bytes`` or over ``str``."""

    @overload
    def messages(self, kind: type[Down], /) -> Messages[Down]:
        """Return an iterator over the messages of a type of the codec's own."""

    def messages(self, kind: Any, /) -> Messages[Any]:
        """Return an iterator over the messages of one type; else as iterating over the client.

        Raises:
            TypeError: ``kind`` is not a class, or one that no server of this contract sends.
        """
        return self._mailbox.read(self._incoming().check(kind))

    @property
    def dropped(self) -> int:
        """Messages that were dropped, since no handler was registered and nobody iterated."""
        return self._mailbox.dropped

    def on_connect(self, callback: Callable[[Self], object]) -> Self:
        """Call ``callback(client)``, plain or async, when the connection is made."""
        check_callback(callback)
        self._registered.connects = (*self._registered.connects, callback)
        return self

    def on_disconnect(self, callback: Callable[[Self], object]) -> Self:
        """Call ``callback(client)``, plain or async, when the connection has ended.

        Hooks of ``on_disconnect`` and ``on_close`` run in the order of their registration.
        """
        return self.on_close(callback)

    # Ending

    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None]:
        """Close politely: stop delivery, send what is queued, then say goodbye.

        What is returned may be awaited: it waits until the hooks have ended too; awaited in a
        handler, of this client or any other, until the connection is gone. Iterations end at once.
        Closing again changes nothing.

        Raises:
            TypeError: ``code`` is not an integer, or ``reason`` not text.
            ValueError: ``code`` or ``reason`` is not what an application may close with.
        """
        check_close(code, reason)
        if self._state in {ClientState.NEW, ClientState.CONNECTING}:
            # Nothing was agreed on, so there is no goodbye to say and no hook to run.
            self._finish()
            if self._attempt is not None:
                self._attempt.cancel()
            return READY
        end = self._connection.close(code, reason)
        self._mailbox.clear()
        self._mailbox.close()
        # Hooks of the end come behind the handler that asks, so it cannot wait for them.
        return self._over if HANDLING.get() is None else end

    # Details

    def opened(self, connection: Connection[Any, Any]) -> None:
        """Take the connection that was made; called by its line."""
        self._connection = connection
        dispatcher = connection.dispatcher
        # Before `open`, which schedules the connect hooks and what came right behind WELCOME.
        dispatcher.is_read = self._mailbox.is_wanted
        dispatcher.keep = self._keep
        self._state = ClientState.CONNECTED
        connection.open(self)

    def emptied(self, connection: Connection[Any, Any]) -> None:
        """Take note that no message will come any more; called by its line."""
        if connection is self._connection:
            self._mailbox.close()

    def ended(self, connection: Connection[Any, Any]) -> None:
        """Take the end of a connection, after its last hook; called by its line."""
        # A connection that was given up ends too, when it is not this client's any more.
        if connection is self._connection:
            self._finish()

    def _keep(self, size: int, message: object, client: object) -> Awaitable[None] | None:
        """Keep a message that has no handler, or that somebody iterates for besides."""
        return self._mailbox.put(size, message, is_handled=self._has_handler(message))

    def _has_handler(self, message: object) -> bool:
        return bool(self._registered.for_message(message.__class__))

    def _finish(self) -> None:
        self._state = ClientState.CLOSED
        self._mailbox.close()
        self._over.open()

    def _handlers(self) -> Handlers:
        return self._registered

    def _incoming(self) -> Vocabulary:
        return self._door.dialect.incoming

    def _listen(self) -> None:
        """Give what waited for a handler to the one that just came, before anything newer."""
        if self._state is not ClientState.CONNECTED:
            return
        deliver = self._connection.dispatcher.deliver
        turns = [
            Turn(functools.partial(deliver, letter.message, letter.size), letter.size)
            for letter in self._mailbox.take_unheard(self._has_handler)
        ]
        if turns:
            # In front, since they arrived before all that waits there.
            self._connection.inbox.put_first(*turns)
            self._connection.inbox.schedule()
