"""Turns: who may send on a half-duplex connection, as one of its ends knows it.

The turn is a token. Its holder gives it away with TURN(1); the other end asks for it with TURN(0).
A request to get it may cross the giving of it and is ignored then.

Source: WIRE 2.
"""

from __future__ import annotations

from ._errors import LocalProtocolError, RemoteProtocolError


class Turns:
    """The turn of one connection.

    Attributes:
        is_ours: whether this end has the turn.
        is_wanted: whether the peer asked for it since it came here.
        has_asked: whether this end asked for it since it gave it away.
    """

    __slots__ = ("_is_last_sent", "has_asked", "is_ours", "is_wanted")

    def __init__(self, *, is_ours: bool) -> None:
        self.is_ours: bool = is_ours
        self.is_wanted: bool = False
        self.has_asked: bool = False
        self._is_last_sent = False

    @property
    def may_send(self) -> bool:
        """Whether one more message or request may leave: asked for the turn, only one may."""
        return self.is_ours and not self._is_last_sent

    def sent(self) -> None:
        """Note that a message or a request left."""
        self._is_last_sent = self.is_wanted

    def check(self, what: str) -> None:
        """Refuse to send ``what`` without the turn.

        Raises:
            LocalProtocolError: the peer has it.
        """
        if not self.is_ours:
            raise LocalProtocolError(f"cannot send {what}: the peer has the turn")

    def give(self) -> None:
        """Note that this end gave the turn away."""
        self.is_ours = False
        self.is_wanted = False
        self._is_last_sent = False

    def ask(self) -> None:
        """Note that this end asked for the turn.

        Raises:
            LocalProtocolError: it has the turn.
        """
        if self.is_ours:
            raise LocalProtocolError("cannot ask for the turn: this end has it")
        self.has_asked = True

    def take(self) -> None:
        """Note that the peer gave the turn.

        Raises:
            RemoteProtocolError: the peer did not have it.
        """
        self.refuse("TURN")
        self.is_ours = True
        self.has_asked = False

    def want(self) -> None:
        """Note that the peer asked for the turn, unless it was given meanwhile."""
        self.is_wanted = self.is_ours

    def refuse(self, what: str) -> None:
        """Refuse ``what`` of a peer that does not have the turn.

        Raises:
            RemoteProtocolError: this end has it.
        """
        if self.is_ours:
            raise RemoteProtocolError(f"{what} came from an end that does not have the turn")
