"""Play: a script that is played in one world, to its end and to a last proof of life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from ._lifecycle_script import CLIENTS, Act, Step
from ._played_client import SLOW_S, PlayedClient
from ._played_server import PlayedServer
from ._promises import Promise
from ._stage import Stage

LARGE_BYTES: Final = 20_000
"""Of a large message: more than one read of many programs, and allowed by most limits."""
FLOOD: Final = 32
"""Large messages of a flood: far more than systems and programs buffer."""
STEP_S: Final = 6.0
"""Seconds for which the script waits for a step: longer than all harmless delays."""
CALM_S: Final = 5.0
"""Seconds in which all that is under way arrives on a network that nothing disturbs."""
PATIENCE_S: Final = 60.0
"""Seconds after which what has not ended never will: longer than usual timeouts of closing."""

Part = Callable[[], Coroutine[Any, Any, object]]


class Play:
    """Plays steps one by one, then heals the network and asks for a proof of life.

    Attributes:
        stage: where it is played, with the record of it.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._server = PlayedServer(stage)
        self._clients = [PlayedClient(stage, f"c{number}") for number in range(1, CLIENTS + 1)]

    async def begin(self) -> None:
        """Start the server."""
        await self._server.start()

    async def play(self, step: Step) -> None:
        """Play one step, and let happen what can unless the next one overlaps it."""
        task = self._launch(step)
        if step.overlaps:
            await asyncio.sleep(0)
            return
        if task is not None:
            await asyncio.wait([task], timeout=STEP_S)
        await self.stage.world.loop.settle()
        if step.act is Act.FLOOD and self._server.is_up:
            self._measure()

    async def finish(self) -> None:
        """Heal the network, prove that all is alive, end everything and wait for that."""
        self.stage.heal()
        self._note_settled()
        for client in self._clients:
            self.stage.background(client.resume_for_good())
        await self.stage.rest(CALM_S)
        if self._server.is_up:
            # Before each of them sends once more.
            self.stage.record.told = len(self.stage.record.events.open_sessions)
            await self._prove()
        else:
            # The clients have to learn by themselves that their server has gone.
            await self.stage.rest(PATIENCE_S)
        for client in self._clients:
            client.queue(client.finish)
        await self._wait(PATIENCE_S)
        if self._server.is_up:
            await self._stop()
        await self.stage.rest(PATIENCE_S)
        if not self._server.is_up:
            # What its `stop` did not wait for, as a handler that still runs, ends by itself.
            await self._calm()
        self._read_trace()
        await self.stage.clear()

    # Steps

    def _launch(self, step: Step) -> asyncio.Task[None] | None:
        """Begin a step; return what may be waited for."""
        client = self._clients[step.client - 1]
        now: Mapping[Act, Callable[[], None]] = {
            Act.KILL: client.kill,
            Act.STALL: client.stall,
            Act.DIE: self._server.kill,
        }
        if step.act in now:
            now[step.act]()
            return None
        aside: Mapping[Act, Part] = {
            Act.ABORT: lambda: client.end(Act.ABORT),
            Act.PAUSE: client.pause,
            Act.RESUME: client.resume,
            Act.WAIT: lambda: asyncio.sleep(step.wait_s),
            Act.STOP: lambda: self._server.end(Act.STOP),
            Act.DRAIN: lambda: self._server.end(Act.DRAIN),
        }
        if step.act in aside:
            return self.stage.background(_ignored(aside[step.act]))
        on_server = self._of_server(step)
        if step.act in on_server:
            return self._server.queue(on_server[step.act])
        return client.queue(self._of_client(client, step)[step.act])

    def _of_server(self, step: Step) -> Mapping[Act, Part]:
        """Return what the server does, one behind the other."""
        server = self._server
        return {
            Act.BROADCAST: lambda: server.broadcast(step.count),
            Act.SOME: lambda: server.broadcast(1, is_filtered=True),
        }

    def _of_client(self, client: PlayedClient, step: Step) -> Mapping[Act, Part]:
        """Return what a client does, one behind the other."""
        return {
            Act.CONNECT: client.connect,
            Act.SEND: lambda: client.send(step.count),
            Act.SLOW: lambda: client.send(step.count, slow_s=SLOW_S),
            Act.LARGE: lambda: client.send(1, size=LARGE_BYTES),
            Act.POISON: lambda: client.send(1, is_poison=True),
            Act.REQUEST: lambda: client.request(step.count),
            Act.SLOW_REQUEST: lambda: client.request(step.count, slow_s=SLOW_S),
            Act.CLOSE: lambda: client.end(Act.CLOSE),
            Act.HALF_CLOSE: lambda: client.end(Act.HALF_CLOSE),
            Act.FLOOD: lambda: client.send(FLOOD, size=LARGE_BYTES, stalls=True),
        }

    # The end

    async def _prove(self) -> None:
        """Let all that is connected, and one new client, send and receive once more."""
        record = self.stage.record
        late = PlayedClient(self.stage, "late")
        self._clients.append(late)
        await self._wait(PATIENCE_S)
        for client in self._clients:
            if client is late or client.is_open:
                client.queue(lambda client=client: client.send(1))  # type: ignore[misc]
        if Promise.REPLIES in record.promises:
            late.queue(lambda: late.request(1))
        await self._wait(CALM_S)
        if Promise.BROADCAST in record.promises:
            self._server.queue(lambda: self._server.broadcast(1))
        await asyncio.sleep(CALM_S)

    async def _stop(self) -> None:
        """Stop the server, once it had time to see that all its clients have gone."""
        record = self.stage.record
        await self._calm()
        record.stopping = len(record.events.log)
        record.registry = self._server.clients
        self.stage.background(self._server.finish(Act.STOP.value))

    async def _calm(self) -> None:
        """Let pass the time in which all arrives and all slow handlers end."""
        # What was delayed before the network healed is still delayed.
        delay_s = self.stage.world.faults.delay_s
        await asyncio.sleep(CALM_S + delay_s + sum(self.stage.record.events.slow_s.values()))

    async def _wait(self, seconds: float) -> None:
        """Wait until the clients have done all that was asked of them, or for ``seconds``."""
        left = [task for task in (client.last for client in self._clients) if task is not None]
        if left:
            await asyncio.wait(left, timeout=seconds)

    # What the network knows

    def _measure(self) -> None:
        """Write down how much the server holds for each client that it talks with."""
        record, world = self.stage.record, self.stage.world
        ends = [end for end in world.loop.network.open_ends if end.kernel.end == "server"]
        held = {end.kernel.line.number: end.get_write_buffer_size() for end in ends}
        taken = dict.fromkeys((end.kernel.line.number for end in ends if not end.is_closing()), 0)
        if Promise.ECHO in record.promises:
            for event in world.trace:
                if event.end == "server" and event.connection in taken:
                    sign = {"receive": 1, "write": -1}.get(event.kind, 0)
                    taken[event.connection] += sign * len(event.data)
        record.held_bytes = max([record.held_bytes, *held.values(), *taken.values()])

    def _note_settled(self) -> None:
        """Write down who is connected for so long that the server knows it soon."""
        record = self.stage.record
        latest_s = self.stage.now - self.stage.world.faults.delay_s
        for visit in record.visits:
            made = visit.call("connect")
            made_s = None if made is None else made.end_s
            if visit.is_open and made_s is not None and made_s <= latest_s:
                record.settled.append(visit)

    def _read_trace(self) -> None:
        """Write down when which connection was lost for its client."""
        world = self.stage.world
        begin = self.stage.now - world.now
        for event in world.trace:
            if event.kind == "lost" and event.end == "client":
                self.stage.record.lost_s.setdefault(event.connection, begin + event.time_s)


async def _ignored(part: Part) -> None:
    """Do a part whose result nobody wants."""
    await part()
