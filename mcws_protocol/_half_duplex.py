"""HalfDuplexMachine: one end of mcws/1 on which only the holder of the turn sends.

MESSAGE and REQUEST need the turn, nothing else does.

Source: WIRE 2.
"""

from __future__ import annotations

from ._errors import LocalProtocolError, MessageTooLong
from ._events import Event, Frame, Payload, Received, RequestFrame, TurnFrame
from ._frames import LENGTH_BYTES, encode_frame
from ._limits import Limits
from ._mcws import FEATURE_HALF_DUPLEX, McwsMachine
from ._state import Role, State
from ._turns import Turns


class HalfDuplexMachine(McwsMachine):
    """One end of one half-duplex connection, without I/O.

    Attributes:
        turns: who may send.
    """

    __slots__ = ("turns",)

    def __init__(self, role: Role, limits: Limits, now: float, first: Role) -> None:
        super().__init__(role, limits, now)
        self._features |= FEATURE_HALF_DUPLEX
        self.turns: Turns = Turns(is_ours=first is role)

    @property
    def has_turns(self) -> bool:
        """Whether both ends announced half duplex; before the opening, whether this one does."""
        return bool(self._features & FEATURE_HALF_DUPLEX)

    # Receiving

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Return what ``data`` completes, in order; never raises, whatever the bytes."""
        if self.state is not State.OPEN or self._deaf:
            return super().receive(data, now)
        self.heard_at = now
        # Here plain messages need judgement too: their sender has to have the turn.
        return self._judge(self._reader.feed(data), now)

    def _accept(self, event: Received, now: float) -> bool:
        """Take one frame, if its sender may send it; return whether it is news."""
        is_news = super()._accept(event, now)
        # A peer that knows no turns does not keep to them; whoever sees that ends the connection.
        if not is_news or not self.has_turns:
            return is_news
        if isinstance(event, TurnFrame):
            if not event.give:
                return self.turns.is_ours  # else it crossed the giving
            self.turns.take()
        elif isinstance(event, RequestFrame):
            self.turns.refuse("REQUEST")
        elif isinstance(event, bytes | str):
            self.turns.refuse("MESSAGE")
        return True

    def _is_agreed(self, event: Event, *, is_ours: bool) -> bool:
        """Whether both ends announced what this frame needs, and its sender may send it."""
        if isinstance(event, TurnFrame):
            return self.has_turns
        return super()._is_agreed(event, is_ours=is_ours)

    # Sending

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Append a MESSAGE to ``out`` and return how many bytes that made."""
        self.turns.check("MESSAGE")
        return super().send_message(payload, out)

    def make_message(self, payload: Payload, out: list[bytes]) -> int:
        """Append a MESSAGE that leaves when the turn has come; else as ``send_message``."""
        return super().send_message(payload, out)

    def check_request(self, frame: RequestFrame) -> None:
        """Refuse a request that could not be sent with the turn either.

        Raises:
            LocalProtocolError: the peer takes no requests, or a field does not fit.
            MessageTooLong: the peer accepts no frame of that length.
        """
        if not self._is_agreed(frame, is_ours=True):
            raise LocalProtocolError("RequestFrame was not agreed on")
        size = len(encode_frame(frame)) - LENGTH_BYTES
        if size > self._peer_limit:
            raise MessageTooLong(size, self._peer_limit)

    def _check_ids(self, frame: Frame) -> None:
        """Refuse besides what needs the turn."""
        super()._check_ids(frame)
        if isinstance(frame, RequestFrame):
            self.turns.check("REQUEST")
        elif isinstance(frame, TurnFrame) and frame.give:
            self.turns.check("TURN")
        elif isinstance(frame, TurnFrame):
            self.turns.ask()

    def _sent(self, frame: Frame, now: float) -> None:
        """Note what a frame that was just sent changes at this end."""
        super()._sent(frame, now)
        if isinstance(frame, TurnFrame) and frame.give:
            self.turns.give()
