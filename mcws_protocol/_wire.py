"""Wire: what makes one machine per connection, and the machine's contract.

A machine is one end of one connection without I/O: bytes and ``now`` in; events, bytes out and the
next deadline out. Bytes out are appended to a list that the caller hands in, so that one outbox
serves messages, answers and keepalive in the order of the calls. ``now`` is any monotonic clock in
seconds, the same one for all calls.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from ._codec import Codec, Raw
from ._events import Event, Frame, Payload, Received, ReplyFrame
from ._limits import Limits
from ._native import mypyc_attr
from ._state import Role, State, Step, Table, advance

# The deadline of a machine that waits for nothing.
NEVER: Final = math.inf


@mypyc_attr(allow_interpreted_subclasses=True)
class Machine(ABC):
    """One end of one connection, without I/O.

    Attributes:
        state: how far the dialogue has come.
        heard_at: when bytes of the peer last arrived.
        sent_at: when bytes for the peer last left; whoever writes them sets it.
        matching: whether a payload answers the request that is under way, where the wire has no
            ids; None if the next one does, whatever it is.
    """

    __slots__ = (
        "_deadline",
        "_table",
        "heard_at",
        "limits",
        "matching",
        "role",
        "sent_at",
        "state",
    )

    has_opening: ClassVar[bool]
    """Whether HELLO and WELCOME come before messages."""
    has_frames: ClassVar[bool]
    """Whether there are other frames than messages: requests with ids, PING, DRAIN, CLOSE."""

    def __init__(self, role: Role, limits: Limits, table: Table, now: float) -> None:
        self.role: Role = role
        self.limits: Limits = limits
        # Tables begin with the state in which a connection begins.
        self.state: State = next(iter(table))
        # As if it had just been heard: silence counts from the beginning.
        self.heard_at: float = now
        self.sent_at: float = now
        self.matching: Callable[[Payload], bool] | None = None
        self._table = table
        self._deadline = NEVER

    @property
    def rtt(self) -> float | None:
        """Seconds between the last PING and its PONG; None before the first."""
        return None

    @property
    def is_asking(self) -> bool:
        """Whether a request of this end has no answer yet, wanted or not."""
        return False

    @property
    def is_deaf(self) -> bool:
        """Whether nothing that arrives is read any more."""
        return False

    # Receiving

    @abstractmethod
    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return what ``data`` completes, in order; never raises, whatever the bytes.

        A fault comes as a last ``Faulted`` behind the good frames; from then on nothing does.
        """

    @abstractmethod
    def receive_eof(self, now: float) -> list[Event]:
        """Return what the end of the peer's stream means; the last event is ``Ended``."""

    # Sending

    @abstractmethod
    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Append a message to ``out`` and return how many bytes that made.

        Raises:
            MessageTooLong: the peer accepts no frame of that length.
            LocalProtocolError: no message may be sent now, or the wire cannot carry the payload.
            EncodeError: the payload is text with a lone surrogate.
        """

    def heads(self) -> Sequence[bytes]:
        """Return what goes before short ``bytes`` on an open connection, by their length.

        A message of ``n`` bytes, ``n`` below the length of what is returned, is ``heads()[n]`` and
        then itself. Empty where the wire has no such thing.
        """
        return ()

    @abstractmethod
    def share(self, payload: Payload) -> bytes:
        """Return a message as bytes that all connections of this wire can send, if long enough.

        Raises:
            LocalProtocolError: the wire cannot carry the payload.
        """

    @abstractmethod
    def accepts(self, shared: bytes) -> bool:
        """Whether the peer of this connection accepts what ``share`` returned."""

    @abstractmethod
    def send(self, frame: Frame, now: float, out: list[bytes]) -> int:
        """Append any other frame to ``out`` and return how many bytes that made.

        On a wire without such a frame that is 0, and what the frame would do to this end is done.

        Raises:
            LocalProtocolError: the frame may not be sent now, or a field does not fit.
            MessageTooLong: the peer accepts no frame of that length.
            EncodeError: the payload is text with a lone surrogate.
        """

    def send_reply(
        self, correlation_id: int, payload: Payload, now: float, out: list[bytes]
    ) -> int:
        """Append a REPLY to ``out``; else as ``send``."""
        return self.send(ReplyFrame(correlation_id, payload), now, out)

    # Time and state

    @abstractmethod
    def tick(self, now: float, out: list[bytes]) -> list[Event]:
        """Act on deadlines that passed: append a PING, or return ``TimedOut``."""

    def next_deadline(self) -> float:
        """Return when ``tick`` has something to do; ``NEVER`` if nothing is waited for."""
        return self._deadline

    def excuse(self, now: float) -> None:
        """Do not hold the silence up to ``now`` against the peer: this end was not reading."""
        self.heard_at = max(self.heard_at, now)

    def close_by(self, now: float) -> None:
        """Have the end within ``limits.close_s`` of ``now``, when this end decided to close."""
        # What was decided first counts, also where CLOSE could not be said at once.
        self._deadline = min(self._deadline, now + self.limits.close_s)

    def lost(self) -> None:
        """Note that the stream is over."""
        # Without a step: the stream may end in every state.
        self.state = State.ENDED
        self._deadline = NEVER

    def step(self, step: Step) -> None:
        """Take one step of the table.

        Raises:
            LocalProtocolError: this end may not do that now.
            RemoteProtocolError: the peer may not do that now.
        """
        self.state = advance(self._table, self.state, step)


@mypyc_attr(allow_interpreted_subclasses=True)
class Wire(ABC):
    """A framing plus frame types and rules; makes one machine per connection."""

    __slots__ = ()

    has_frames: ClassVar[bool]
    """Whether there are other frames than messages, requests among them."""

    @property
    @abstractmethod
    def codec(self) -> Codec[Raw]:
        """The codec where neither a contract nor the caller names one."""

    def check_codec(self, codec: Codec[Any]) -> None:
        """Refuse a codec whose payloads this wire cannot carry.

        Raises:
            ValueError: naming both.
        """

    @abstractmethod
    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> Machine:
        """Return the machine for one end of a new connection.

        ``first`` is the end that may send first in half duplex; None where both always may.
        """


# The codes below 3000 that an application may close with.
CLOSE_CODES: Final = frozenset({1000, 1001, 1008, 1011, 1012, 1013})


def check_close(code: object, reason: object) -> None:
    """Refuse a code or a reason that an application may not close with.

    Raises:
        TypeError: ``code`` is not an integer or ``reason`` not text.
        ValueError: ``code`` is none of 1000, 1001, 1008, 1011-1013, 3000-3999, 4100-4999, or
            ``reason`` is longer than 123 bytes.

    Source: WIRE 4.
    """
    if isinstance(code, bool) or not isinstance(code, int):
        raise TypeError(f"code must be an int, not {code!r}")
    if not isinstance(reason, str):
        raise TypeError(f"reason must be a str, not {reason!r}")
    # 4000 to 4099 are the library's own, so that their meaning stays sure (WIRE 4).
    if code not in CLOSE_CODES and not 3000 <= code <= 3999 and not 4100 <= code <= 4999:
        raise ValueError(
            f"code must be 1000, 1001, 1008, 1011-1013, 3000-3999 or 4100-4999, not {code}"
        )
    size = len(reason.encode(errors="replace"))
    # RFC 6455 5.5: a control frame carries 125 bytes, two of which are the code.
    if size > 123:
        raise ValueError(f"reason must be at most 123 bytes, not {size}")
