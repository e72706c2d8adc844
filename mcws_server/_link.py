"""Link: a group of clients whose messages are relayed among each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from typing import Any, Generic, Self

from typing_extensions import TypeVar

from mcws_protocol import Mode, Raw, expect

from ._broadcast import Delivery, send_to_all
from ._connected import ClientContract, ConnectedClient
from ._floor import Floor
from ._registry import AnyConnection, Registry

Down = TypeVar("Down", default=Raw)
MemberT = TypeVar("MemberT", bound=ClientContract, default=ConnectedClient)


class Member:
    """A client in a link, and the one handler that the link has on it.

    Attributes:
        client: the client object.
        connection: its connection.
        is_heard: whether what it says is relayed.
    """

    __slots__ = ("_relay", "client", "connection", "is_heard")

    def __init__(
        self,
        client: Any,
        connection: AnyConnection,
        relay: Callable[[Member, Any], Awaitable[None] | None],
    ) -> None:
        self.client: Any = client
        self.connection: AnyConnection = connection
        self.is_heard: bool = False
        self._relay = relay

    def listen(self) -> None:
        """Have the link hear what the client says.

        Raises:
            TypeError: the class of the client cannot do that.
        """
        for name in ("on_message", "off_message"):
            if not callable(getattr(self.client, name, None)):
                kind = type(self.client).__name__
                raise TypeError(f"a client in a link needs {name}(callback), {kind} has none")
        self.client.on_message(self.hear)
        self.is_heard = True

    def ignore(self) -> None:
        """Have the link hear no more of the client."""
        if not self.is_heard:
            return
        try:
            self.client.off_message(self.hear)
        except Exception as error:
            # A class of the application's own; nobody shall stay in a link for its failure.
            self.connection.dispatcher.failed(error, self.client.off_message)

    def hear(self, message: Any, client: object) -> Awaitable[None] | None:
        """Have the link relay a message."""
        return self._relay(self, message)


class Link(Collection[MemberT], Generic[Down, MemberT]):
    """Clients whose messages are relayed among each other; made by ``Server.link``.

    What a member says goes to all other members, as it is and once, behind the handlers that were
    registered before. For a member that reads too slowly ``limits.slow_consumer`` acts. What cannot
    be relayed is a failure of the handler, so the error hooks of who said it hear of it. Whoever
    disconnects leaves by itself. A client may be in several links; each relays what it says. At the
    end of a ``with`` block the link is closed.

    Attributes:
        mode: who may speak when. ``Mode.FULL_DUPLEX``: everybody at any time.
            ``Mode.HALF_DUPLEX``: one message at a time, in the order of arrival; the next one is
            relayed when the outbox of everybody who got the last one is below high water.
            ``Mode.SIMPLEX``: the announcer only.
    """

    __slots__ = ("_announcer", "_floor", "_is_closed", "_members", "_registry", "_send", "mode")

    def __init__(
        self,
        registry: Registry,
        send: Callable[[list[AnyConnection], Any], Delivery],
        mode: Mode,
        announcer: MemberT | None,
    ) -> None:
        self.mode: Mode = mode
        self._registry = registry
        self._send = send
        self._announcer = announcer
        # By identity, as in the registry: the class of a client may define equality.
        self._members: dict[int, Member] = {}
        self._floor = Floor(self._pass_on) if mode is Mode.HALF_DUPLEX else None
        self._is_closed = False

    # Who is in it

    @property
    def members(self) -> tuple[MemberT, ...]:
        """The clients in this link, in the order in which they joined."""
        return tuple(member.client for member in self._members.values())

    @property
    def announcer(self) -> MemberT | None:
        """The one whose messages are relayed in ``Mode.SIMPLEX``; None once it has left."""
        return self._announcer

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[MemberT]:
        return iter(self.members)

    def __contains__(self, client: object) -> bool:
        return id(client) in self._members

    def add(self, client: MemberT) -> Self:
        """Take ``client`` in, from its next message on; nothing happens if it is in, or gone.

        Raises:
            RuntimeError: the link is closed.
            TypeError: that is no client of this server, or its class lacks ``on_message`` or
                ``off_message``, which the link needs of all whose messages it relays.
        """
        self._check_open()
        connection = self._registry.find(client)
        if client in self:
            return self
        if connection is None:
            self._forget(client)
            return self
        member = Member(client, connection, self._relay)
        if self.mode is not Mode.SIMPLEX or client is self._announcer:
            member.listen()
        self._members[id(client)] = member
        self._registry.watch(connection, self.discard)
        return self

    def discard(self, client: MemberT) -> Self:
        """Let ``client`` go, which stays connected; nothing happens if it is not in the link.

        A message of it that waits for its turn is not relayed any more.
        """
        member = self._members.pop(id(client), None)
        if member is None:
            return self
        self._forget(client)
        self._registry.unwatch(member.connection, self.discard)
        if self._floor is not None:
            self._floor.leave(member, member.connection)
        member.ignore()
        return self

    # What it does

    def broadcast(self, message: Down) -> Delivery:
        """Send ``message`` of the server to all members, at once whoever speaks.

        Raises:
            EncodeError: ``message`` cannot be encoded; nothing was sent.
            RuntimeError: the link is closed.
        """
        self._check_open()
        return self._send([member.connection for member in self._members.values()], message)

    def close(self) -> None:
        """End relaying; members leave and stay connected. Closing again changes nothing.

        Messages that wait for their turn are not relayed any more.
        """
        self._is_closed = True
        for client in self.members:
            self.discard(client)

    @property
    def closed(self) -> bool:
        """Whether the link has been closed."""
        return self._is_closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"{len(self)} members"
        return f"<Link {self.mode.value}, {state}>"

    # Details

    def _relay(self, speaker: Member, message: Any) -> Awaitable[None] | None:
        """Relay ``message`` now, or return what waits until it was relayed."""
        # It may have been taken out by a handler of this very message.
        if self._members.get(id(speaker.client)) is not speaker:
            return None
        if self._floor is not None:
            return self._floor.say(speaker, message)
        self._pass_on(speaker, message)
        return None

    def _pass_on(self, speaker: Member, message: Any) -> list[AnyConnection]:
        """Queue ``message`` for all others, and return their connections."""
        others = [member.connection for member in self._members.values() if member is not speaker]
        send_to_all(others, message)
        return others

    def _forget(self, client: object) -> None:
        """Have no announcer, if that was it: a link keeps no client that has left."""
        if client is self._announcer:
            self._announcer = None

    def _check_open(self) -> None:
        """Refuse what a closed link cannot do.

        Raises:
            RuntimeError: it is closed.
        """
        if self._is_closed:
            raise RuntimeError("the link is closed")


def open_link(
    registry: Registry,
    send: Callable[[list[AnyConnection], Any], Delivery],
    clients: Iterable[MemberT],
    mode: Mode,
    announcer: MemberT | None,
) -> Link[Any, MemberT]:
    """Make a link of ``clients`` and ``announcer``.

    Raises:
        TypeError: one of them cannot be in it, then none is; or ``mode`` is none.
        ValueError: an announcer without ``Mode.SIMPLEX``, or that without an announcer.
    """
    expect("mode", mode, Mode, "Mode.HALF_DUPLEX")
    if mode is Mode.SIMPLEX and announcer is None:
        raise ValueError("a simplex link needs an announcer")
    if mode is not Mode.SIMPLEX and announcer is not None:
        raise ValueError(f"only a simplex link has an announcer, this one is {mode.value}")
    link: Link[Any, MemberT] = Link(registry, send, mode, announcer)
    try:
        for client in clients:
            link.add(client)
        if announcer is not None:
            link.add(announcer)
    except BaseException:
        # Whoever has joined already would be heard by a link that nobody has.
        link.close()
        raise
    return link
