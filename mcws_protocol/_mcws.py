"""McwsMachine: one end of mcws/1, with an opening, requests, keepalive and a polite end.

Source: WIRE 1 to 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from ._codec import utf8
from ._errors import LocalProtocolError, MessageTooLong, RemoteProtocolError
from ._events import (
    CancelFrame,
    CloseFrame,
    DrainFrame,
    Ended,
    ErrorFrame,
    Event,
    Faulted,
    Frame,
    HelloFrame,
    LossFrame,
    Payload,
    PingFrame,
    PongFrame,
    Received,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    TimedOut,
    WelcomeFrame,
)
from ._frames import (
    HEADER,
    HEADER_BYTES,
    LENGTH_BYTES,
    MESSAGE,
    REPLY,
    REPLY_HEADER,
    TEXT,
    cut,
    encode_frame,
)
from ._keepalive import Keepalive, fresh
from ._limits import FRAME_BYTES_FLOOR, Limits
from ._native import mypyc_attr
from ._opening import CODE_VERSION, guess
from ._reader import FrameReader
from ._state import MCWS_CLIENT, MCWS_SERVER, Role, State, Step
from ._wire import NEVER, Machine

# The bit of HELLO and WELCOME for REQUEST, REPLY, ERROR and CANCEL.
FEATURE_REQUESTS: Final = 1
# The bit of HELLO and WELCOME for TURN.
FEATURE_HALF_DUPLEX: Final = 8

# Bytes from which a payload is not joined with its header: copying costs more than a part.
LARGE: Final = 16_384
# Bytes of payload below which the header comes out of a table.
HEADS_MAX: Final = 1024
# The headers of small messages, by TEXT and by bytes of payload.
HEADS: Final = tuple(
    tuple(HEADER.pack(size + 2, MESSAGE, flags) for size in range(HEADS_MAX)) for flags in (0, TEXT)
)

# Bytes of a REJECT without its reason, as its length counts them.
REJECT_BYTES: Final = 8

# The states before the dialogue is open.
OPENING: Final = frozenset({State.START, State.GREETED})
# The frames that move the dialogue on; all others are SEND_FRAME and RECEIVE_FRAME.
STEPS: Final[dict[type, tuple[Step, Step]]] = {
    HelloFrame: (Step.SEND_HELLO, Step.RECEIVE_HELLO),
    WelcomeFrame: (Step.SEND_WELCOME, Step.RECEIVE_WELCOME),
    RejectFrame: (Step.SEND_REJECT, Step.RECEIVE_REJECT),
    CloseFrame: (Step.SEND_CLOSE, Step.RECEIVE_CLOSE),
}
ALWAYS: Final = frozenset({PingFrame, PongFrame, LossFrame, *STEPS})
OF_REQUESTS: Final = frozenset({RequestFrame, ReplyFrame, ErrorFrame, CancelFrame})


@mypyc_attr(allow_interpreted_subclasses=True)
class McwsMachine(Machine):
    """One end of one mcws/1 connection, without I/O."""

    __slots__ = (
        "_asked",
        "_deaf",  # whether nothing that arrives is read any more
        "_features",
        "_has_eof",
        "_is_fresh",  # whether the first byte of the stream is still to come
        "_keepalive",
        "_owed",
        "_peer_limit",  # the largest `len` that the peer accepts
        "_reader",
    )

    has_opening: ClassVar[bool] = True
    has_frames: ClassVar[bool] = True

    def __init__(self, role: Role, limits: Limits, now: float) -> None:
        is_server = role is Role.SERVER
        super().__init__(role, limits, MCWS_SERVER if is_server else MCWS_CLIENT, now)
        if is_server:
            self._deadline = now + limits.opening_s
        self._reader = FrameReader(
            limits.opening_bytes_max if is_server else limits.frame_bytes_max
        )
        self._reader.skips = not is_server  # WIRE 3: nothing but HELLO comes first
        self._peer_limit = FRAME_BYTES_FLOOR  # what every peer accepts (WIRE 1)
        self._features: int = FEATURE_REQUESTS  # less, if one end announces less
        self._keepalive: Keepalive | None = None
        self._deaf = False
        self._is_fresh = True
        self._has_eof = False
        # Correlation ids in flight, by who asked; made with the first request.
        self._asked: set[int] | None = None
        self._owed: set[int] | None = None

    @property
    def rtt(self) -> float | None:
        """Seconds between the last PING and its PONG; None before the first."""
        return None if self._keepalive is None else self._keepalive.rtt

    @property
    def is_asking(self) -> bool:
        """Whether a request of this end has no answer yet, wanted or not."""
        return bool(self._asked)

    @property
    def is_deaf(self) -> bool:
        """Whether nothing that arrives is read any more."""
        return self._deaf

    # Receiving

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return what ``data`` completes, in order; never raises, whatever the bytes."""
        self.heard_at = now
        if self._deaf or not data:
            return []
        reader = self._reader
        if self.state is State.OPEN:
            found = reader.feed(data)
            if reader.others or reader.fault is not None:
                return self._judge(found, now)
            return found  # plain messages need no judgement while the dialogue is open
        problem = self._doubt(data)
        if problem:
            return [self._fault(RemoteProtocolError(problem))]
        events = self._judge(reader.feed(data), now)
        if self._must_wait and reader.buffered and not self._deaf:  # a part of the next frame
            events.append(self._fault(RemoteProtocolError("bytes after HELLO")))
        return events

    def receive_eof(self, now: float) -> list[Event]:
        """Return what the end of the peer's stream means; without CLOSE it is a loss."""
        if self._has_eof or self.state is State.ENDED:  # CPython 3.11 may say it twice
            return []
        self._has_eof = True
        # Behind its CLOSE the peer has said all; this end may still have to answer it.
        if self.state is not State.CLOSE_RECEIVED:
            self.lost()
        return [Ended()]

    @property
    def _must_wait(self) -> bool:
        """Whether the client has to wait now: its HELLO is here, the server decides."""
        return self.state is State.GREETED and self.role is Role.SERVER

    def _doubt(self, data: bytes) -> str:
        """Return why ``data`` cannot be part of an opening; empty if it can."""
        if self._must_wait:
            return "bytes after HELLO"  # WIRE 3
        is_fresh, self._is_fresh = self._is_fresh, False
        # The first byte is the highest of a length below 16 MiB: no other protocol begins so.
        if not is_fresh or not data[0]:
            return ""
        return guess(data, "HELLO" if self.role is Role.SERVER else "WELCOME")

    def _judge(self, found: list[Received], now: float) -> list[Received]:
        """Return the events of ``found`` that the rules allow and that are news."""
        events: list[Received] = []
        try:
            for event in found:
                if self._accept(event, now):
                    events.append(event)
                if self._deaf:
                    return events  # nothing counts behind CLOSE or REJECT
        except RemoteProtocolError as error:
            events.append(self._fault(error))
        else:
            if self._reader.fault is not None:
                events.append(self._fault(self._reader.fault))
        return events

    def _fault(self, error: RemoteProtocolError) -> Faulted:
        self._deaf = True
        if self.state in OPENING and error.code != CODE_VERSION:
            return Faulted(RemoteProtocolError(error.reason))  # WIRE 3: 1002, whatever it was
        return Faulted(error)

    def _accept(self, event: Received, now: float) -> bool:
        """Take one frame; return whether it is news for the application."""
        # The hot path of requests: while all is open, these need no closer look.
        if self.state is State.OPEN:
            if type(event) is bytes or type(event) is str:
                return True
            if (
                type(event) is RequestFrame
                and event.numbering is None
                and event.context is None
                and self._features & FEATURE_REQUESTS
            ):
                self._owe(event.correlation_id)
                return True
        step = STEPS.get(type(event))
        self.step(Step.RECEIVE_FRAME if step is None else step[1])
        if step is None and self.state is not State.OPEN:
            return False  # WIRE 4: discarded, this end said CLOSE
        assert not isinstance(event, bytes | str), "taken above, while all is open"
        if not self._is_agreed(event, is_ours=False):
            raise RemoteProtocolError(f"{type(event).__name__} was not agreed on")
        return self._note(event, now)

    def _note(self, event: Event, now: float) -> bool:
        """Note what a frame changes at this end; return whether it is news."""
        match event:
            case HelloFrame() | WelcomeFrame():
                self._agree(event)
            case CloseFrame():
                self._deaf = True  # also where the code is refused
                check_received_code(event.code)
            case RejectFrame():
                self._deaf = True
            case PingFrame() | PongFrame():
                self._note_ping(event, now)
            case ReplyFrame() | ErrorFrame():
                return self._is_answer(event.correlation_id)
            case CancelFrame():
                return self._owed is not None and event.correlation_id in self._owed
            case _:
                # DRAIN and LOSS change nothing here, the application hears of them. A REQUEST that
                # was agreed on is a plain one, which `_accept` has taken.
                pass
        return True

    def _owe(self, correlation_id: int) -> None:
        """Note a request of the peer, which may not reuse an id before its answer left."""
        if self._owed is None:
            self._owed = set()
        if correlation_id in self._owed:
            raise RemoteProtocolError(f"correlation id {correlation_id} is in flight already")
        self._owed.add(correlation_id)

    def _is_answer(self, correlation_id: int) -> bool:
        """Note an answer of the peer; return whether anything was asked under that id."""
        if self._asked is None or correlation_id not in self._asked:
            return False
        self._asked.discard(correlation_id)
        return True

    def _is_agreed(self, event: Event, *, is_ours: bool) -> bool:
        """Whether both ends announced what this frame needs, and its sender may send it."""
        if getattr(event, "numbering", None) is not None:
            return False  # sessions are not announced
        if getattr(event, "context", None) is not None:
            return False  # nothing here hands it over
        kind = type(event)
        if kind is DrainFrame:
            return is_ours == (self.role is Role.SERVER)
        return kind in ALWAYS or (kind in OF_REQUESTS and bool(self._features & FEATURE_REQUESTS))

    def _agree(self, frame: HelloFrame | WelcomeFrame) -> None:
        shared = self.limits.frame_bytes_max
        # Mostly both ends have the same limit: then it is one number for all connections.
        self._peer_limit = shared if frame.frame_bytes_max == shared else frame.frame_bytes_max
        self._features &= frame.features
        own = self.limits.keepalive_s
        self._keepalive = fresh(min(own, frame.keepalive_s) if frame.keepalive_s else own)
        # From here on it is this end that lets the peer wait.
        self._deadline = NEVER

    def _note_ping(self, frame: PingFrame | PongFrame, now: float) -> None:
        assert self._keepalive is not None, "agreed on before the dialogue is open"
        keepalive = self._keepalive = self._keepalive.own()
        if isinstance(frame, PongFrame):
            keepalive.ponged(frame, now)
        elif keepalive.pinged(now):
            raise RemoteProtocolError("PINGs come too often", 1008)

    # Sending

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Append a MESSAGE to ``out`` and return how many bytes that made."""
        if self.state is not State.OPEN:
            self.step(Step.SEND_FRAME)  # raises, but for last words behind the peer's CLOSE
        flags = 0
        if not isinstance(payload, bytes):
            payload = utf8(payload)
            flags = TEXT
        size = len(payload)
        if size + 2 > self._peer_limit:
            raise MessageTooLong(size + 2, self._peer_limit)
        if size < HEADS_MAX:
            out.append(HEADS[flags][size])
            out.append(payload)
        elif size < LARGE:
            out.append(HEADER.pack(size + 2, MESSAGE, flags) + payload)
        else:
            out.append(HEADER.pack(size + 2, MESSAGE, flags))
            out.append(payload)
        return size + HEADER_BYTES

    def heads(self) -> Sequence[bytes]:
        """Return the headers of short binary messages, as far as the peer accepts them."""
        return HEADS[0] if self._peer_limit > HEADS_MAX else HEADS[0][: self._peer_limit - 1]

    def share(self, payload: Payload) -> bytes:
        """Return a MESSAGE as bytes for many connections, whatever their limits are."""
        if isinstance(payload, bytes):
            return HEADER.pack(len(payload) + 2, MESSAGE, 0) + payload
        raw = utf8(payload)
        return HEADER.pack(len(raw) + 2, MESSAGE, TEXT) + raw

    def accepts(self, shared: bytes) -> bool:
        """Whether the peer accepts a frame as long as ``shared``."""
        return len(shared) - LENGTH_BYTES <= self._peer_limit

    def send(self, frame: Frame, now: float, out: list[bytes]) -> int:
        """Append any other frame to ``out`` and return how many bytes that made."""
        if not self._is_agreed(frame, is_ours=True):
            raise LocalProtocolError(f"{type(frame).__name__} was not agreed on")
        if isinstance(frame, RejectFrame):
            # A device with small buffers shall be able to read why.
            reason = cut(frame.reason, self._peer_limit - REJECT_BYTES).decode()
            frame = RejectFrame(frame.code, frame.retry_after_ms, reason)
        data = encode_frame(frame)
        step = STEPS.get(type(frame))
        size = len(data) - LENGTH_BYTES
        # HELLO goes out before anything is known of the peer, CLOSE always fits.
        if size > self._peer_limit and not isinstance(frame, HelloFrame):
            raise MessageTooLong(size, self._peer_limit)
        self._check_ids(frame)  # before the step, which cannot be taken back
        self.step(Step.SEND_FRAME if step is None else step[0])
        out.append(data)
        self._sent(frame, now)
        return len(data)

    def send_reply(
        self, correlation_id: int, payload: Payload, now: float, out: list[bytes]
    ) -> int:
        """Append a REPLY to ``out``: the hot path of requests."""
        owed = self._owed
        # What is owed was agreed on when it was asked; all else gets the error that `send` has.
        if self.state is not State.OPEN or owed is None or correlation_id not in owed:
            return super().send_reply(correlation_id, payload, now, out)
        flags = 0
        if not isinstance(payload, bytes):
            payload = utf8(payload)
            flags = TEXT
        size = len(payload) + REPLY_HEADER.size - LENGTH_BYTES
        if size > self._peer_limit:
            raise MessageTooLong(size, self._peer_limit)
        owed.discard(correlation_id)
        head = REPLY_HEADER.pack(size, REPLY, flags, correlation_id)
        if size < LARGE:
            out.append(head + payload)
        else:
            out += (head, payload)
        return size + LENGTH_BYTES

    def _check_ids(self, frame: Frame) -> None:
        """Refuse a request under an id in flight, and an answer to what nobody asked."""
        if isinstance(frame, RequestFrame):
            if self._asked is not None and frame.correlation_id in self._asked:
                problem = f"correlation id {frame.correlation_id} is in flight already"
                raise LocalProtocolError(problem)
        elif isinstance(frame, ReplyFrame | ErrorFrame) and (
            self._owed is None or frame.correlation_id not in self._owed
        ):
            raise LocalProtocolError(f"no request {frame.correlation_id} waits for an answer")

    def _sent(self, frame: Frame, now: float) -> None:
        """Note what a frame that was just sent changes at this end."""
        if isinstance(frame, RequestFrame):
            if self._asked is None:
                self._asked = set()
            self._asked.add(frame.correlation_id)
        elif isinstance(frame, ReplyFrame | ErrorFrame):
            assert self._owed is not None, "checked before sending"
            self._owed.discard(frame.correlation_id)
        elif isinstance(frame, HelloFrame | WelcomeFrame):
            # A feature is used only if both ends announced it.
            self._features &= frame.features
            self._reader.limit = self.limits.frame_bytes_max
            self._reader.skips = True
        elif isinstance(frame, RejectFrame):
            self._deaf = True
            self._deadline = now + self.limits.close_s
        elif isinstance(frame, CloseFrame):
            self.close_by(now)

    # Time

    def excuse(self, now: float) -> None:
        """Do not hold what happened up to ``now`` against the peer: this end was not reading."""
        if self._keepalive is not None:
            self._keepalive = self._keepalive.own()
            self._keepalive.excuse(now - self.heard_at)
        super().excuse(now)

    def tick(self, now: float, out: list[bytes]) -> list[Event]:
        """Act on deadlines that passed: append a PING, or return ``TimedOut``."""
        if now >= self._deadline:
            self._deadline = NEVER  # it is reported once
            if self.state is State.START:
                return [TimedOut(4000, f"no HELLO within {self.limits.opening_s:g} s")]
            return [TimedOut(1006, f"no end within {self.limits.close_s:g} s of closing")]
        keepalive = self._keepalive
        if keepalive is None or self.state is not State.OPEN:
            return []
        if now >= keepalive.dead_at(self.heard_at):
            silence_s = now - self.heard_at
            return [TimedOut(1006, f"nothing received for {silence_s:.1f} s")]
        if now >= keepalive.due_at(self.sent_at):
            self._keepalive = keepalive.own()
            self.send(self._keepalive.ping(now), now, out)
        return []

    def next_deadline(self) -> float:
        """Return when ``tick`` has something to do; ``NEVER`` if nothing is waited for."""
        keepalive = self._keepalive
        if keepalive is None or self.state is not State.OPEN:
            return self._deadline
        due_at = min(keepalive.dead_at(self.heard_at), keepalive.due_at(self.sent_at))
        return min(due_at, self._deadline)


def check_received_code(code: int) -> None:
    """Refuse a close code that may not travel.

    Raises:
        RemoteProtocolError: it is outside of 1000-4999, or 1004-1006, or 1015.

    Source: WIRE 4.
    """
    if not 1000 <= code <= 4999 or code in {1004, 1005, 1006, 1015}:
        raise RemoteProtocolError(f"CLOSE with code {code}")
