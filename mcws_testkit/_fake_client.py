"""FakeClient: a client as a handler sees it, without a peer, that records what is sent to it.

It needs no server, no transport and no running loop. A plain handler is tested in a plain test::

    def test_greeting():
        client = FakeClient(thermo)
        greet(Reading(celsius=21.5), client)
        assert client.sent == [Notice(text="hello")]

An async handler is awaited, or run by ``asyncio.run``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, overload

from typing_extensions import TypeVar

from mcws_protocol import UNTYPED, Codec, Contract, Raw, RequestOf, Wire
from mcws_server import ConnectedClient

from ._fake_connection import Answers, FakeConnection

Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)
R = TypeVar("R")


class FakeClient(ConnectedClient[Up, Down]):
    """A client without a peer, for tests of what a server does with clients.

    It is a ``ConnectedClient`` of ``contract``, as its server has them: what it is sent is checked
    and recorded, and refused once it is closed. ``answers`` are what its requests are answered
    with, one after the other, or a function, plain or async, that is called with each request; an
    exception among them is raised. ``id``, ``wire`` and ``codec`` are those of the connection.
    """

    @overload
    def __init__(
        self: FakeClient[Raw, Raw],
        *,
        id: str = ...,
        answers: Answers = ...,
        wire: Wire | None = ...,
        codec: Codec[Any] | None = ...,
    ) -> None:
        """Make a client without a contract: messages are ``bytes`` or ``str``."""

    @overload
    def __init__(
        self,
        contract: Contract[Up, Down],
        *,
        id: str = ...,
        answers: Answers = ...,
        wire: Wire | None = ...,
        codec: Codec[Any] | None = ...,
    ) -> None:
        """Make a client of one contract."""

    def __init__(
        self,
        contract: Contract[Any, Any] = UNTYPED,
        *,
        id: str = "fake",
        answers: Answers = (),
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
    ) -> None:
        connection = FakeConnection(contract, id=id, answers=answers, wire=wire, codec=codec)
        super().__init__(connection)
        connection.client = self
        self.connection: FakeConnection = connection
        """What the fake is built on."""

    @property
    def sent(self) -> list[Down]:
        """What was sent, as the client would get it; the requests are in ``requests``."""
        return self.connection.sent

    @property
    def requests(self) -> list[Any]:
        """The requests that were sent, as the client would get them."""
        return self.connection.requests

    @property
    def answers(self) -> deque[Any] | Callable[[Any], Any]:
        """What the next requests are answered with, or what answers them."""
        return self.connection.answers

    @answers.setter
    def answers(self, answers: deque[Any] | Callable[[Any], Any]) -> None:
        self.connection.answers = answers

    def receive(self, message: Up) -> Awaitable[None]:
        """Call the client's own handlers of a message, as if it had come from the peer.

        Plain ones have run then; await what is returned for async ones. What a handler raises
        comes out here.

        Raises:
            EncodeError: no client of the contract can send that.
            ConnectionClosed: the connection ended, so nothing comes any more.
            RuntimeError: the client is paused.
        """
        return self.connection.receive(message)

    @overload
    async def ask(self, request: RequestOf[Up, R], /) -> R:
        """Ask what the contract has; the type of the reply belongs to it."""

    @overload
    async def ask(self: FakeClient[Raw, Any], request: Raw, /) -> Raw:
        """Ask ``bytes`` or ``str`` where there is no contract."""

    async def ask(self, request: Any, /) -> Any:
        """Return what the client's own handler answers to a request: ``FakeConnection.ask``."""
        return await self.connection.ask(request)

    def lose(self, code: int = 1006, reason: str = "") -> Awaitable[None]:
        """End the connection and call the client's own hooks: ``FakeConnection.lose``."""
        return self.connection.lose(code, reason)
