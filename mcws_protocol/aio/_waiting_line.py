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
        is_gone: whether it was dropped and only its place is left.
    """

    __slots__ = ("frame", "is_gone", "is_shared", "parts", "size")

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
        self.is_gone = False


class WaitingLine:
    """What waits for the turn, in the order of the calls.

    What is dropped keeps its place until it comes to the front, or until most places are such, so
    that dropping many costs no more than adding them did.

    Attributes:
        size: bytes that wait.
    """

    __slots__ = ("_gone", "_items", "_requests", "size")

    def __init__(self) -> None:
        self.size: int = 0
        self._items: deque[Waiting] = deque()
        self._requests: dict[int, Waiting] = {}
        # How many of the items were dropped.
        self._gone = 0

    def __bool__(self) -> bool:
        return len(self._items) > self._gone

    def put(self, waiting: Waiting) -> None:
        """Add to the end."""
        self._items.append(waiting)
        self.size += waiting.size
        if waiting.frame is not None:
            self._requests[waiting.frame.correlation_id] = waiting

    def pop(self) -> Waiting:
        """Take what has waited longest."""
        waiting = self._items.popleft()
        while waiting.is_gone:
            self._gone -= 1
            waiting = self._items.popleft()
        self.size -= waiting.size
        if waiting.frame is not None:
            del self._requests[waiting.frame.correlation_id]
        return waiting

    def clear(self) -> None:
        """Drop all."""
        self._items.clear()
        self._requests.clear()
        self._gone = 0
        self.size = 0

    def take_back(self, correlation_id: int) -> bool:
        """Drop one request; return whether it was here."""
        waiting = self._requests.pop(correlation_id, None)
        if waiting is None:
            return False
        self._drop(waiting)
        return True

    def take_back_all(self) -> None:
        """Drop all requests."""
        for correlation_id in list(self._requests):
            self.take_back(correlation_id)

    def leave_out(self, excess: int) -> int:
        """Drop the oldest broadcasts until ``excess`` bytes are free; none if too few can be.

        Returns how many messages that were.
        """
        victims: list[Waiting] = []
        for waiting in self._items:
            if excess <= 0:
                break
            if waiting.is_shared and not waiting.is_gone:
                victims.append(waiting)
                excess -= waiting.size
        if excess > 0:
            return 0
        for waiting in victims:
            self._drop(waiting)
        return len(victims)

    def _drop(self, waiting: Waiting) -> None:
        waiting.is_gone = True
        # Its place may stay for long; its bytes shall not.
        waiting.parts = []
        waiting.frame = None
        self.size -= waiting.size
        self._gone += 1
        if self._gone * 2 > len(self._items):
            self._items = deque(item for item in self._items if not item.is_gone)
            self._gone = 0
