"""Inbox: what one connection received and its handlers have not seen yet.

Handlers start in the order of arrival, one message at a time. What a handler leaves to await runs
in a worker; meanwhile the rest waits here. Nothing here is called while a user's call is under way
but from the loop, so no handler runs inside ``send``, ``resume`` or ``close``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Final, Protocol, final

from .._events import Payload
from ._handlers import Rest
from ._hub import Hub

ITEM_BYTES: Final = 64
"""Bytes that a waiting item counts besides its payload, so that empty messages count too."""


@final
class Turn:
    """Something other than a message that takes its turn: a request, a hook.

    Attributes:
        start: does it; returns what is left to await.
        size: bytes that it came with.
        is_hook: whether it takes place whatever happens to the connection.
    """

    __slots__ = ("is_hook", "size", "start")

    def __init__(
        self, start: Callable[[], Rest | None], size: int = 0, *, is_hook: bool = False
    ) -> None:
        self.start: Callable[[], Rest | None] = start
        self.size: int = size
        self.is_hook: bool = is_hook


class Recipient(Protocol):
    """The connection that an inbox belongs to."""

    def start_message(self, payload: Payload) -> Rest | None:
        """Call the handlers of one message; return what is left to await."""
        ...

    def holds_delivery(self) -> bool:
        """Whether no handler may start now."""
        ...

    def deliver(self) -> None:
        """Have the inbox deliver, with all that this sends leaving at once."""
        ...

    def cork(self) -> None:
        """Have all that is sent from now on leave at once."""
        ...

    def uncork(self, waits: bool) -> None:
        """Have it leave, now that handlers have ended, or that one ``waits``."""
        ...

    def delivered(self) -> None:
        """Note that what could start has started."""
        ...


class Inbox:
    """Items in order of arrival, and the turn of the one that is being handled.

    Attributes:
        is_idle: whether the next message may be handled at once, without waiting here.
        size: bytes that wait.
        is_paused: whether the application asked to hold delivery.
        starting: async request handlers whose first step is due in this turn of the loop, and has
            to come before the next message is handled.
    """

    __slots__ = (
        "_context",
        "_hub",
        "_is_busy",
        "_is_cleared",
        "_is_scheduled",
        "_items",
        "_recipient",
        "is_idle",
        "is_paused",
        "size",
        "starting",
    )

    def __init__(self, hub: Hub, recipient: Recipient) -> None:
        self._hub = hub
        self._recipient = recipient
        # An empty deque costs 760 bytes, and most inboxes are empty.
        self._items: deque[Payload | Turn] | None = None
        self._context: Context | None = None
        self._is_busy = False
        self._is_cleared = False
        self._is_scheduled = False
        # Not before the opening is over and the connect hooks have run.
        self.is_idle: bool = False
        self.is_paused: bool = False
        self.size: int = 0
        self.starting: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits and nothing is being handled."""
        return self._items is None and not self._is_busy

    @property
    def takes_requests(self) -> bool:
        """Whether the next request may start at once: it need not wait for first steps."""
        if self.is_idle:
            return True
        # First steps to come are all that holds a message back.
        return self.starting > 0 and self._is_free()

    # What waits

    def put(self, *items: Payload | Turn) -> None:
        """Add items, in their order, behind all that wait."""
        if self._items is None:
            self._items = deque()
        self._items.extend(items)
        self.size += sum(map(size_of, items))
        self.is_idle = False

    def put_first(self, *items: Payload | Turn) -> None:
        """Add items, in their order, before all that wait."""
        if self._items is None:
            self._items = deque()
        self._items.extendleft(reversed(items))
        self.size += sum(map(size_of, items))
        self.is_idle = False

    def clear(self) -> None:
        """Forget what waits but for hooks, and never be idle again; what is handled goes on."""
        kept = [item for item in self._items or () if isinstance(item, Turn) and item.is_hook]
        self._items = deque(kept) if kept else None
        self.size = sum(map(size_of, kept))
        self._is_cleared = True
        self.is_idle = False

    # Whose turn it is

    def schedule(self) -> None:
        """Deliver in the next turn of the loop."""
        # What arrives before that turn has to wait as well, or it would overtake.
        self.is_idle = False
        if not self._is_scheduled:
            self._is_scheduled = True
            self._hub.loop.call_soon(self._recipient.deliver)

    def deliver(self) -> None:
        """Start what waits, until something has to be awaited or delivery is held."""
        self._is_scheduled = False
        # The worker that is at it goes on with what waits.
        if self._is_busy:
            return
        budget = self._hub.limits.messages_per_turn
        for started in range(budget):
            if self._must_wait() or not self._may_start():
                break
            rest = self._start()
            if rest is not None:
                # A worker may come to it in this very turn, so it gets what is left of that.
                self.work(rest, budget - started)
                return
        else:
            # The others come first; what is left goes on in the next turn.
            self.schedule()
            return
        self._rest()

    def work(self, rest: Rest, left: int = 0) -> None:
        """Have a worker await ``rest`` and go on with what waits.

        With ``rest`` it starts at most ``left`` handlers in its first turn; 0 for the usual limit.
        """
        self._is_busy = True
        self.is_idle = False
        if self._context is None:
            # One for all work of this connection: it is never in two workers at a time.
            self._context = self._hub.context_for(self._recipient)
        self._hub.workers.run(self._work(rest, left), self._context, self._recipient.uncork)

    async def _work(self, rest: Rest, left: int) -> None:
        recipient = self._recipient
        recipient.cork()
        task = asyncio.current_task()
        assert task is not None, "a worker is a task"
        budget = self._hub.limits.messages_per_turn
        left = left or budget
        try:
            await rest
            # What waits shall not run in a task that counts a cancellation.
            while not task.cancelling():
                left -= 1
                # Handlers that end without waiting would keep the loop to themselves (FAULTS 28).
                if not left:
                    left = budget
                    await asyncio.sleep(0)
                while self.starting and self._must_wait():
                    await asyncio.sleep(0)
                if self._items is None or recipient.holds_delivery():
                    break
                following = self._start()
                if following is not None:
                    await following
        finally:
            self._is_busy = False
            if self._may_start():
                # This task was cancelled, or the work failed: another worker goes on.
                self.schedule()
            else:
                self._rest()

    def request_started(self) -> None:
        """Have the next message wait until an async request handler had its first step."""
        self.starting += 1
        self.is_idle = False

    def request_stepped(self) -> None:
        """Have the next message go on, if that was the last first step to wait for."""
        self.starting -= 1
        if not self.starting:
            # Not here, where a worker is in the middle of something.
            self.schedule()

    # Details

    def _may_start(self) -> bool:
        return self._items is not None and not self._recipient.holds_delivery()

    def _must_wait(self) -> bool:
        """Whether the next item is a message and an earlier request has to start first."""
        items = self._items
        # A request need not wait: requests run side by side, only their order of start counts.
        return self.starting > 0 and items is not None and type(items[0]) is not Turn

    def _start(self) -> Rest | None:
        assert self._items is not None, "something waits"
        item = self._items.popleft()
        if not self._items:
            # Never an empty one: `is_quiet` and `_must_wait` rely on it.
            self._items = None
        if type(item) is Turn:
            self.size -= ITEM_BYTES + item.size
            return item.start()
        self.size -= ITEM_BYTES + len(item)
        return self._recipient.start_message(item)

    def _rest(self) -> None:
        """Note that nothing can start now."""
        self.is_idle = not self.starting and self._is_free()
        self._recipient.delivered()

    def _is_free(self) -> bool:
        """Whether what comes would start at once, but for first steps of requests."""
        # `is_quiet` without a call: all that arrives behind an async request passes here.
        is_quiet = self._items is None and not self._is_busy
        return is_quiet and not self._is_cleared and not self._recipient.holds_delivery()


def size_of(item: Payload | Turn) -> int:
    """Return the bytes that a waiting item counts."""
    return ITEM_BYTES + (item.size if type(item) is Turn else len(item))
