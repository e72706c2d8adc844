"""PlayedClient: one client of a script, with what it sends, asks and receives."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, Final

from ._ends_under_test import CLIENT_NEEDS, check_needs, method
from ._lifecycle_script import Act
from ._promises import Promise
from ._stage import Actor, Stage
from ._trace import Trace
from ._visits import Call, Message, Visit

SLOW_S: Final = 0.3
"""Seconds that a slow handler takes: longer than a turn, and far below any timeout."""


class PlayedClient(Actor):
    """One client, with a connection at a time.

    Attributes:
        visit: its last connection.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__(stage, name)
        self.visit: Visit | None = None
        # All of them: one that ended its own direction lives on beside the next one.
        self._visits: list[Visit] = []
        self._reads = asyncio.Event()
        self._paused_s: float | None = None
        self._stalled_s: float | None = None
        self._heard: int | None = None
        self._may_stop = True

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as it knows."""
        return self.visit is not None and self.visit.is_open

    async def connect(self) -> Visit | None:
        """Connect, unless there is a connection; return it, or None if there is none.

        Raises:
            TypeError: what connects returned nothing, or a client without a method that it needs.
        """
        if self.is_open:
            return self.visit
        # Or the connection before, which may still be open in one direction, would wait for ever.
        await self.resume()
        name = f"{self.host.name}.{len(self._visits) + 1}"
        visit = self.visit = Visit(name, self.stage.is_safe)
        self._visits.append(visit)
        self._reads.set()
        self._paused_s = self._stalled_s = self._heard = None
        self.stage.record.visits.append(visit)
        call = Call("connect", self.stage.now)
        visit.calls.append(call)
        client = await self.make(call, lambda: self.stage.ends.connect(self.host, self.stage.port))
        return self._enter(visit, call, client)

    async def send(
        self,
        count: int,
        *,
        size: int = 0,
        slow_s: float = 0.0,
        is_poison: bool = False,
        stalls: bool = False,
    ) -> None:
        """Send messages, each once the one before is on its way; receive nothing if it stalls."""
        visit = await self.connect()
        if stalls:
            self.stall()
        while count and visit is not None and visit.is_open:
            count -= 1
            number = len(visit.sent)
            payload = self._payload(f"{visit.name}#{number}", size, slow_s)
            if is_poison:
                visit.causes.add(Act.POISON)
                self.stage.record.events.poison.add(payload)
            message = Message("send", self.stage.now, payload=payload, is_poison=is_poison)
            visit.sent.append(message)
            self.stage.record.payloads[payload] = (visit, number)
            await self.make(message, functools.partial(visit.client.send, payload))

    async def request(self, count: int, *, slow_s: float = 0.0) -> None:
        """Begin requests that run at the same time; do not wait for their replies."""
        self._begin(await self.connect(), count, slow_s)

    async def end(self, act: Act) -> None:
        """End the connection, or only its own direction, with the method of that name."""
        visit = self.visit
        if visit is None or not visit.is_open:
            return
        end = method(visit.client, act.value)
        if end is None:
            self.kill()
            return
        visit.causes.add(act)
        # Who ends a connection may hand over what it held back.
        self._end_pause(visit)
        await self._do(visit, act.value)

    async def finish(self) -> None:
        """Close the connection, since the script has come to its end."""
        if self.visit is not None and self.visit.is_open:
            self.visit.finished_s = self.stage.now
            await self._do(self.visit, "close")

    def kill(self) -> None:
        """End the process of the client; another one may connect."""
        self._mark(Act.KILL)
        self.host.kill()
        self.host.restart()

    def stall(self) -> None:
        """Do not call ``receive`` any more."""
        if self.visit is not None and self._may_stop:
            self._mark(Act.STALL)
            self._reads.clear()
            self._stalled_s = self._stalled_s or self.stage.now

    async def pause(self) -> None:
        """Pause receiving, by the method of the client."""
        visit = self.visit
        is_pausable = visit is not None and visit.is_open and self._paused_s is None
        if visit is None or not is_pausable or not self._may_stop:
            return
        visit.causes.add(Act.PAUSE)
        self._paused_s = self._stalled_s = self._stalled_s or self.stage.now
        await self._do(visit, "pause")
        # What was on its way to who receives may still come.
        await self.stage.world.loop.settle()
        self._heard = len(visit.received)

    async def resume_for_good(self) -> None:
        """Receive until the end, also if a stall or a pause was still to come."""
        self._may_stop = False
        await self.resume()

    async def resume(self) -> None:
        """Receive again."""
        self._reads.set()
        visit = self.visit
        if self._stalled_s is not None:
            for one in self._visits:
                one.stalled_s = max(one.stalled_s, self.stage.now - self._stalled_s)
        self._stalled_s = None
        if visit is None or self._paused_s is None:
            return
        self._end_pause(visit)
        self._paused_s = None
        if visit.over is None and Act.KILL not in visit.causes:
            await self._do(visit, "resume")

    # Details

    # Plain functions for what follows a call that may raise: Python 3.11 does not tell tracers of
    # a coroutine that goes on behind an error, so that nobody would know what is tested of it.

    def _enter(self, visit: Visit, call: Call, client: Any) -> Visit | None:
        """Begin to receive, and return the visit; None if there is no connection.

        Raises:
            TypeError: there is one, and nothing to use it with.
        """
        if call.error is not None or Act.KILL in visit.causes:
            return None
        if client is None:
            raise TypeError("connect() returned None: return a ClientUnderTest")
        check_needs(client, CLIENT_NEEDS, self.stage.record.promises)
        visit.client = client
        visit.connection = last_connection(self.stage.world.trace, self.host.name)
        # Begun at once: after a kill it would run in the process that comes next.
        self.stage.background(self._watch(visit, self.host.run(self._read(visit))))
        return visit

    def _begin(self, visit: Visit | None, count: int, slow_s: float) -> None:
        """Begin requests, if there is a connection."""
        if visit is None:
            return
        for _ in range(count):
            payload = self._payload(f"{visit.name}?{len(visit.asked)}", 0, slow_s)
            message = Message("request", self.stage.now, payload=payload)
            visit.asked.append(message)
            self.stage.record.requests[payload] = visit
            self.stage.background(self._ask(visit, message))

    def _mark(self, act: Act) -> None:
        """Write down what happens to all connections that have not ended."""
        for visit in self._visits:
            if visit.over is None:
                visit.causes.add(act)

    def _end_pause(self, visit: Visit) -> None:
        """Write down what was received while it had paused."""
        if self._heard is not None:
            visit.paused.append((self._heard, len(visit.received)))
            self._heard = None

    async def _do(self, visit: Visit, name: str) -> None:
        """Call a method without arguments."""
        call = Call(name, self.stage.now)
        visit.calls.append(call)
        await self.make(call, getattr(visit.client, name))

    def _payload(self, text: str, size: int, slow_s: float) -> bytes:
        """Return a payload that no other message has."""
        payload = self.stage.ends.payload(text + "." * (size - len(text)))
        if slow_s:
            self.stage.record.events.slow_s[payload] = slow_s
        return payload

    async def _ask(self, visit: Visit, message: Message) -> None:
        """Make one request."""
        reply = await self.make(message, lambda: visit.client.request(message.payload))
        message.reply = reply.encode() if isinstance(reply, str) else reply

    async def _read(self, visit: Visit) -> None:
        """Receive until there will be nothing more."""
        while True:
            await self._reads.wait()
            payload = as_bytes(await visit.client.receive())
            visit.received.append((self.stage.now, payload))

    async def _watch(self, visit: Visit, reading: asyncio.Future[None]) -> None:
        """Write down how receiving ended, and close the client unless it lets go by itself."""
        try:
            await reading
        except Exception as error:
            visit.over = (self.stage.now, error)
            if visit.is_left and Promise.RELEASE not in self.stage.record.promises:
                await self._do(visit, "close")


def as_bytes(payload: Any) -> bytes:
    """Return what was received as bytes.

    Raises:
        EOFError: it was nothing, as some say that there is nothing more.
    """
    if not payload:
        raise EOFError("nothing was received")
    return payload.encode() if isinstance(payload, str) else bytes(payload)


def last_connection(trace: Trace, name: str) -> int:
    """Return the number of the last connection that a host has opened, 0 if there is none."""
    start = f"{name} to "
    numbers = [
        event.connection
        for event in trace
        if event.kind == "open" and event.detail.startswith(start)
    ]
    return numbers[-1] if numbers else 0
