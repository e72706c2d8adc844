"""WaitingLine: the messages and requests of one connection that wait for its turn, in order."""

from __future__ import annotations

from collections import deque

from .._events import RequestFrame


class Waiting:
    """What waits for the turn: the bytes of a message, or a request.

    Attributes:
        size: bytes that it counts.
        parts: the message; empty for a request.
        frame: the request.
        is_shared: whether it goes to many and may be left out if need be.
    """

    __slots__ = ("frame", "is_shared", "parts", "size")

    def __init__(
        self,
        size: int,
        parts: list[bytes],
        frame: RequestFrame | None = None,
        *,
        is_shared: bool = False,
    ) -> None:
        self.size = size
        self.parts = parts
        self.frame = frame
        self.is_shared = is_shared


class WaitingLine:
    """What waits for the turn, in the order of the calls.

    Attributes:
        size: bytes that wait.
    """

    __slots__ = ("_items", "size")

    def __init__(self) -> None:
        self.size: int = 0
        self._items: deque[Waiting] = deque()

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, waiting: Waiting) -> None:
        """Add to the end."""
        self._items.append(waiting)
        self.size += waiting.size

    def pop(self) -> Waiting:
        """Take what has waited longest."""
        waiting = self._items.popleft()
        self.size -= waiting.size
        return waiting

    def clear(self) -> None:
        """Drop all."""
        self._items.clear()
        self.size = 0

    def take_back(self, correlation_id: int) -> bool:
        """Drop one request; return whether it was here."""
        for waiting in self._items:
            if waiting.frame is not None and waiting.frame.correlation_id == correlation_id:
                self._drop([waiting])
                return True
        return False

    def take_back_all(self) -> None:
        """Drop all requests."""
        self._drop([waiting for waiting in self._items if waiting.frame is not None])

    def leave_out(self, excess: int) -> int:
        """Drop the oldest broadcasts until ``excess`` bytes are free; none if too few can be.

        Returns how many messages that were.
        """
        victims: list[Waiting] = []
        for waiting in self._items:
            if waiting.is_shared and excess > 0:
                victims.append(waiting)
                excess -= waiting.size
        if excess > 0:
            return 0
        self._drop(victims)
        return len(victims)

    def _drop(self, victims: list[Waiting]) -> None:
        # By identity: two of them may be equal in all that they say.
        dropped = set(map(id, victims))
        self._items = deque(waiting for waiting in self._items if id(waiting) not in dropped)
        self.size -= sum(waiting.size for waiting in victims)
