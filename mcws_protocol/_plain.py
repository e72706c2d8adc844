"""Plain: a wire of messages only, in any framing; its close is the end of the stream."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ._codec import Binary, Codec, Raw, Text, utf8
from ._delimited import Lines
from ._errors import McwsError, RemoteProtocolError
from ._events import (
    CancelFrame,
    CloseFrame,
    Ended,
    Event,
    Faulted,
    Frame,
    Payload,
    Received,
    ReplyFrame,
    RequestFrame,
    TimedOut,
)
from ._framing import Framing
from ._limits import Limits
from ._state import PLAIN, Role, State, Step
from ._wire import NEVER, Machine, Wire

# All values that a byte can have, in payloads so short that any field for a length can say it.
PROBES: Final = (bytes(range(128)), bytes(range(128, 256)))


@dataclass(frozen=True, slots=True)
class Plain(Wire):
    """Messages and nothing else: no opening, no keepalive, no frames but messages.

    ``framing`` cuts both directions unless ``up`` (client to server) or ``down`` (server to
    client) names another one. A request is a message, and the next message that arrives is its
    reply, or the first one for which ``match(request, message)`` is true. With ``match`` a request
    that was given up does no harm: its late reply is a message like any other. In half duplex
    ``match`` is not used: the next message is the reply, and giving up closes. ``close`` ends the
    stream, without code or reason.

    Raises:
        TypeError: an argument is not a framing, or ``match`` cannot be called.
    """

    has_frames: ClassVar[bool] = False

    framing: Framing
    up: Framing | None = None
    down: Framing | None = None
    match: Callable[[Any, Any], object] | None = None

    def __post_init__(self) -> None:
        for name in ("framing", "up", "down"):
            framing = getattr(self, name)
            # By what it can do: a framing of a stranger inherits nothing of ours.
            if not hasattr(framing, "decoder") and not (name != "framing" and framing is None):
                raise TypeError(f"{name} must be a framing, such as Lines(), not {framing!r}")
        if self.match is not None and not callable(self.match):
            raise TypeError(f"match must be callable, not {self.match!r}")
        if inspect.iscoroutinefunction(self.match):
            raise TypeError(f"match must be a plain function, not the async {self.match!r}")

    @property
    def codec(self) -> Codec[Raw]:
        """``Text`` for ``Lines``, else ``Binary``."""
        framings = (self.up or self.framing, self.down or self.framing)
        return Text() if all(isinstance(framing, Lines) for framing in framings) else Binary()

    def check_codec(self, codec: Codec[Any]) -> None:
        """Refuse a codec whose payloads may hold any bytes where a framing cannot carry them.

        Raises:
            ValueError: naming both.
        """
        if not getattr(codec, "any_bytes", False):
            return
        for framing in (self.up or self.framing, self.down or self.framing):
            try:
                for probe in PROBES:
                    framing.check(probe)
            except McwsError as error:
                problem = f"{framing!r} cannot carry what {codec!r} makes: {error}"
                raise ValueError(problem) from None

    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> PlainMachine:
        """Return the machine for one end of a new connection.

        ``first`` changes nothing: no frame here could pass a turn on.
        """
        up, down = self.up or self.framing, self.down or self.framing
        inward, outward = (up, down) if role is Role.SERVER else (down, up)
        return PlainMachine(role, limits, now, inward, outward)


class PlainMachine(Machine):
    """One end of one plain connection, without I/O."""

    __slots__ = ("_asked", "_decoder", "_framing", "_has_eof", "_is_deaf", "_keeps_boundaries")

    has_opening: ClassVar[bool] = False
    has_frames: ClassVar[bool] = False

    def __init__(
        self, role: Role, limits: Limits, now: float, inward: Framing, outward: Framing
    ) -> None:
        super().__init__(role, limits, PLAIN, now)
        self._framing = outward
        self._keeps_boundaries = inward.keeps_boundaries
        self._decoder = inward.decoder(frame_bytes_max=limits.frame_bytes_max)
        self._asked: int | None = None
        self._is_deaf = False
        self._has_eof = False

    @property
    def is_asking(self) -> bool:
        """Whether a request of this end has no answer yet, wanted or not."""
        return self._asked is not None

    @property
    def is_deaf(self) -> bool:
        """Whether nothing that arrives is read any more."""
        return self._is_deaf

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return what ``data`` completes, in order; never raises, whatever the bytes."""
        self.heard_at = now
        if self._is_deaf or self.state is not State.OPEN:
            return []
        events: list[Received] = []
        for piece in self._pieces(data):
            events.extend(self._decoder.feed(piece))
        if self._asked is not None:
            self._find_reply(events, self._asked)
        if self._decoder.fault is not None:
            # A framing cannot go on behind a fault: nobody knows where the next frame begins.
            self._is_deaf = True
            events.append(Faulted(self._decoder.fault))
        return events

    def _find_reply(self, events: list[Received], asked: int) -> None:
        """Have the message that answers the request under way, if it is here, come as its reply."""
        for at, payload in enumerate(events):
            assert isinstance(payload, bytes), "a framing gives bytes"
            # There are no ids: without `match` it is the next message, whatever that is.
            if self.matching is None or self.matching(payload):
                events[at] = ReplyFrame(asked, payload)
                self._asked = None
                return

    def _pieces(self, data: bytes) -> list[bytes]:
        """Return ``data`` in pieces that are not too long, where any cut of it is a message."""
        limit = self.limits.frame_bytes_max
        if self._keeps_boundaries or len(data) <= limit:
            return [data]
        return [data[at : at + limit] for at in range(0, len(data), limit)]

    def receive_eof(self, now: float) -> list[Event]:
        """Return what the end of the peer's stream means: a close, if no frame was begun."""
        if self._has_eof or self.state is State.ENDED:
            return []
        self._has_eof = True
        events: list[Event] = []
        if not self._is_deaf and self.state is State.OPEN:
            try:
                self._decoder.eof()
                events.append(CloseFrame())
            except RemoteProtocolError as error:
                events.append(Faulted(error))
        # Never refused: the stream ends once, and before it there are OPEN and CLOSE_SENT only.
        self.step(Step.RECEIVE_CLOSE)
        return [*events, Ended()]

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Append a message to ``out`` and return how many bytes that made."""
        self.step(Step.SEND_FRAME)
        # May raise behind the step, which leads to the state that it came from.
        framed = self._framing.encode(payload if isinstance(payload, bytes) else utf8(payload))
        out.append(framed)
        return len(framed)

    def share(self, payload: Payload) -> bytes:
        """Return a message as bytes for many connections."""
        return self._framing.encode(payload if isinstance(payload, bytes) else utf8(payload))

    def accepts(self, shared: bytes) -> bool:
        """Whether the peer accepts ``shared``: a plain wire knows no limit of its peer."""
        return True

    def send(self, frame: Frame, now: float, out: list[bytes]) -> int:
        """Do what ``frame`` does where messages are all that travels; return the bytes it made."""
        # CLOSE changes this end only, a request travels as a message, the rest is nothing here.
        if isinstance(frame, CloseFrame):
            self.step(Step.SEND_CLOSE)
            # The peer could keep its side open for ever, so the end has a deadline (WIRE 4).
            self.close_by(now)
        elif isinstance(frame, RequestFrame):
            size = self.send_message(frame.payload, out)
            self._asked = frame.correlation_id
            return size
        elif isinstance(frame, CancelFrame):
            # The peer cannot be told; from here on its answer is a message like any other.
            self._asked = None
        return 0

    def tick(self, now: float, out: list[bytes]) -> list[Event]:
        """Return ``TimedOut`` if the close takes too long."""
        if now < self._deadline:
            return []
        self._deadline = NEVER
        return [TimedOut(1006, f"no end within {self.limits.close_s:g} s of closing")]
