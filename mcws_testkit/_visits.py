"""Visits: what was done and seen at the ends under test, written down to be judged later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ._events import Events
from ._lifecycle_script import Act
from ._promises import Promise


@dataclass
class Call:
    """One call of a method under test.

    Attributes:
        name: of the method.
        start_s: when it was called.
        end_s: when it returned or raised; None if it has not.
        error: what it raised.
    """

    name: str
    start_s: float
    end_s: float | None = None
    error: BaseException | None = None

    @property
    def is_good(self) -> bool:
        """Whether it returned."""
        return self.end_s is not None and self.error is None

    def __repr__(self) -> str:
        if self.end_s is None:
            return f"{self.name}() did not return"
        return f"{self.name}() raised {self.error!r}" if self.error else f"{self.name}() returned"


@dataclass(repr=False)
class Message(Call):
    """A message or a request of a client.

    Attributes:
        payload: what was sent.
        is_poison: whether its handler fails.
        reply: what a request returned.
    """

    payload: bytes = b""
    is_poison: bool = False
    reply: bytes | None = None


@dataclass
class Visit:
    """One connection of a client under test, from ``connect`` to its end.

    Attributes:
        name: the client and the number of its connection, as ``c1.2``.
        is_safe: whether the network loses nothing in its whole life.
        client: the ``ClientUnderTest``, once it is connected.
        connection: its number in the trace of the world; 0 if there is none.
        calls: of ``connect``, ``close``, ``abort`` and the like.
        sent: the messages, in the order of sending.
        asked: the requests.
        received: when which message came.
        causes: what the script did to it, apart from sending.
        over: when ``receive`` told the end, and how.
        paused: how many messages it had received before and after it had paused.
        stalled_s: the longest time for which its client did not read.
        finished_s: when the suite closed it, since the script had not.
    """

    name: str
    is_safe: bool
    client: Any = None
    connection: int = 0
    calls: list[Call] = field(default_factory=list[Call])
    sent: list[Message] = field(default_factory=list[Message])
    asked: list[Message] = field(default_factory=list[Message])
    received: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    causes: set[Act] = field(default_factory=set[Act])
    over: tuple[float, BaseException] | None = None
    paused: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    stalled_s: float = 0.0
    finished_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as its client knows."""
        return self.client is not None and self.over is None and not self.causes & ENDINGS

    @property
    def is_left(self) -> bool:
        """Whether ``receive`` told an end that the client itself has not asked for."""
        return self.over is not None and not self.causes & ENDINGS - {Act.HALF_CLOSE}

    def call(self, name: str) -> Call | None:
        """Return the call of a method, if there was one."""
        return next((call for call in self.calls if call.name == name), None)


ENDINGS = {Act.CLOSE, Act.ABORT, Act.KILL, Act.HALF_CLOSE}
"""What a client does to have its connection end."""


@dataclass
class Broadcast(Call):
    """A broadcast of the server.

    Attributes:
        payload: what was sent.
        sessions: those connected when it was called.
        chosen: those whom its filter takes; None without a filter.
    """

    payload: bytes = b""
    sessions: frozenset[int] = frozenset()
    chosen: frozenset[int] | None = None


@dataclass
class Record:
    """All that was done and seen in one universe.

    Attributes:
        promises: what has to hold.
        visits: all connections, in the order of connecting.
        events: what the hooks saw.
        broadcasts: in order.
        server_calls: of ``drain`` and ``stop``.
        is_killed: whether the host of the server was killed.
        down_s: when the script ended the server; None if it did not.
        draining: how many events there were when the script drained the server.
        settled: those who were connected when the network healed, and long enough before that
            what it still delays is not of them.
        told: of how many connections the beginning was told, and the end was not, a while later.
        stopping: how many there were when the suite, not the script, stopped the server.
        registry: how many clients the server had then; None if it does not say.
        held_bytes: the most that the server held for one client.
        held_max: how much that may be.
        lost_s: when which connection of the trace was lost for its client.
        prompt_s: the seconds within which a request has to fail.
        payloads: who sent which message, and its number among those of the visit.
        requests: who made which request.
    """

    promises: frozenset[Promise]
    prompt_s: float
    held_max: int
    events: Events = field(default_factory=Events)
    visits: list[Visit] = field(default_factory=list[Visit])
    broadcasts: list[Broadcast] = field(default_factory=list[Broadcast])
    server_calls: list[Call] = field(default_factory=list[Call])
    is_killed: bool = False
    down_s: float | None = None
    draining: int = 0
    settled: list[Visit] = field(default_factory=list[Visit])
    told: int = 0
    stopping: int | None = None
    registry: int | None = None
    held_bytes: int = 0
    lost_s: dict[int, float] = field(default_factory=dict[int, float])
    payloads: dict[bytes, tuple[Visit, int]] = field(default_factory=dict[bytes, tuple[Visit, int]])
    requests: dict[bytes, Visit] = field(default_factory=dict[bytes, Visit])
