"""Bugs that servers have had in what they tell and do, each a small change of the reference."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from .reference_server import Server, Session
from .wire import MESSAGE, REPLY, Frame, encode


class OrderBrokenBySlowHandler(Session):
    """Each message is handled in a task of its own, and a slow one is overtaken."""

    async def take(self, frame: Frame) -> None:
        kind, id, payload = frame
        if kind == MESSAGE:
            self.requests.add(asyncio.create_task(self.handle(payload)))
        else:
            self.begin_request(id, payload)

    async def end(self) -> None:
        await asyncio.gather(*self.requests, return_exceptions=True)
        await super().end()


class DisconnectTwiceOnReset(Session):
    """The end is told where the reset is noticed, and again at the end."""

    def lost(self) -> None:
        self.server.events.disconnected(self)


class DisconnectMissedOnReset(Session):
    """The end is told only if the stream has ended."""

    is_lost = False

    def lost(self) -> None:
        self.is_lost = True

    async def end(self) -> None:
        if self.is_lost:
            self.leave()
            await self.close()
        else:
            await super().end()


class ConnectToldLate(Session):
    """The connect hook runs in a task, behind the first message."""

    def begin(self) -> None:
        self.server.sessions[self] = None
        asyncio.get_running_loop().call_later(0.1, self.server.events.connected, self)


class ConnectToldToTalkers(Session):
    """The connect hook runs with the first message, and never for who says nothing."""

    is_told = False

    def begin(self) -> None:
        self.server.sessions[self] = None

    async def take(self, frame: Frame) -> None:
        if not self.is_told:
            self.is_told = True
            self.server.events.connected(self)
        await super().take(frame)

    async def end(self) -> None:
        if self.is_told:
            await super().end()
        else:
            self.leave()
            await self.close()


class ConnectToldTwice(Session):
    """The connect hook runs again at the first request."""

    def begin_request(self, id: int, payload: bytes) -> None:
        self.server.events.connected(self)
        super().begin_request(id, payload)


class RegistryEntryLeaked(Session):
    """Whose connection was reset stays in the registry."""

    is_lost = False

    def lost(self) -> None:
        self.is_lost = True

    def leave(self) -> None:
        if not self.is_lost:
            super().leave()


class RegistryEntryLeakedAtDisconnect(Session):
    """Nobody ever leaves the registry."""

    def leave(self) -> None:
        pass


class BroadcastTwice(Server):
    """Who joined last is found twice."""

    def broadcast(self, payload: bytes, filter: Callable[[Session], bool] | None = None) -> None:
        super().broadcast(payload, filter)
        for session in self.clients[-1:]:
            if filter is None or filter(session):
                self.send_to(session, encode(MESSAGE, payload))


class _Lingering(Session):
    """A session that stays in the registry for a while."""

    async def end(self) -> None:
        self.server.events.disconnected(self)
        await self.close()
        await asyncio.sleep(0.5)
        self.leave()


class BroadcastToClosed(Server):
    """A broadcast fails at a client that has gone."""

    session = _Lingering

    def send_to(self, session: Session, frame: bytes) -> None:
        if session.writer.is_closing():
            raise ConnectionResetError("it is closed")
        session.writer.write(frame)


class BroadcastMissesNeighbour(Server):
    """A broadcast counts through the registry, which changes meanwhile."""

    async def broadcast(  # type: ignore[override]
        self, payload: bytes, filter: Callable[[Session], bool] | None = None
    ) -> None:
        index = 0
        while index < len(self.clients):
            session = self.clients[index]
            if filter is None or filter(session):
                self.send_to(session, encode(MESSAGE, payload))
            await asyncio.sleep(0.05)
            index += 1


class BroadcastMissesTheLast(Server):
    """A broadcast is off by one where there are several."""

    def broadcast(self, payload: bytes, filter: Callable[[Session], bool] | None = None) -> None:
        for session in self.clients[: max(1, len(self.clients) - 1)]:
            if filter is None or filter(session):
                self.send_to(session, encode(MESSAGE, payload))


class BroadcastToTheNeighbour(Server):
    """The filter is asked about the client before."""

    def broadcast(self, payload: bytes, filter: Callable[[Session], bool] | None = None) -> None:
        clients = self.clients
        for index, session in enumerate(clients):
            if filter is None or filter(clients[index - 1]):
                self.send_to(session, encode(MESSAGE, payload))


class BroadcastForgetsFilter(Server):
    """The filter is ignored."""

    def broadcast(self, payload: bytes, filter: Callable[[Session], bool] | None = None) -> None:
        super().broadcast(payload)


class BroadcastsOvertake(Server):
    """Every second broadcast is sent a little later."""

    count = 0

    def broadcast(self, payload: bytes, filter: Callable[[Session], bool] | None = None) -> None:
        self.count += 1
        if self.count % 2:
            asyncio.get_running_loop().call_later(0.05, super().broadcast, payload, filter)
        else:
            super().broadcast(payload, filter)


class TaskLeft(Session):
    """The heartbeat of a connection is never cancelled."""

    def begin(self) -> None:
        super().begin()
        self.heart = asyncio.create_task(self.beat())

    async def beat(self) -> None:
        """Do nothing, for ever."""
        while True:
            await asyncio.sleep(30)


class TimerLeft(Session):
    """The idle timer of a connection is never cancelled."""

    def begin(self) -> None:
        super().begin()
        asyncio.get_running_loop().call_later(3600, self.server.close_door)


class ReplyToTheWrongRequest(Session):
    """A reply carries the id of the request that came last."""

    last_id = 0

    def begin_request(self, id: int, payload: bytes) -> None:
        self.last_id = id
        super().begin_request(id, payload)

    async def answer(self, id: int, payload: bytes) -> None:
        reply = await self.server.events.request(self, payload)
        await self.send(encode(REPLY, reply, self.last_id))


class RequestDroppedWhileBusy(Session):
    """A request that comes while another one runs is lost."""

    def begin_request(self, id: int, payload: bytes) -> None:
        if not self.requests:
            super().begin_request(id, payload)


class RequestHandledTwice(Session):
    """A request that takes long is tried again."""

    async def answer(self, id: int, payload: bytes) -> None:
        begin = asyncio.get_running_loop().time()
        await self.server.events.request(self, payload)
        if asyncio.get_running_loop().time() > begin:
            await super().answer(id, payload)


class ErrorOfTaskSwallowed(Session):
    """A reply to who has gone raises in a task that nobody looks at."""

    async def answer(self, id: int, payload: bytes) -> None:
        reply = await self.server.events.request(self, payload)
        if self.writer.is_closing():
            raise ConnectionResetError("it is closed")
        await self.send(encode(REPLY, reply, id))


class HookKillsListener(Session):
    """A hook that raises ends the loop that accepts."""

    async def handle(self, payload: bytes) -> None:
        try:
            answer = await self.server.events.message(self, payload)
        except Exception:
            self.server.close_door()
            return
        await self.send(encode(MESSAGE, answer))


class HookKillsEverybody(Session):
    """A hook that raises ends all connections."""

    async def handle(self, payload: bytes) -> None:
        try:
            answer = await self.server.events.message(self, payload)
        except Exception:
            for session in self.server.clients:
                session.writer.transport.abort()
            return
        await self.send(encode(MESSAGE, answer))


class HookErrorEscapes(Session):
    """A hook that raises ends the task of its connection, and nobody looks at it."""

    async def handle(self, payload: bytes) -> None:
        await self.send(encode(MESSAGE, await self.server.events.message(self, payload)))


class ReconnectLosesEntry(Session):
    """The registry is by address of the client: who leaves takes the entry of who came back."""

    def leave(self) -> None:
        host = self.writer.get_extra_info("peername")[0]
        for session in self.server.clients:
            if session.writer.get_extra_info("peername")[0] == host:
                del self.server.sessions[session]


class ListenerLeftOpen(Server):
    """Who stops the server leaves its door open."""

    def close_door(self) -> None:
        pass


class DrainDropsReplies(Session):
    """A drain ends the connection before the requests that run are answered."""

    async def drain(self) -> None:
        self.is_ending = True
        await super().drain()


class DrainTellsEndTwice(Session):
    """A drain tells the end, and so does the connection."""

    async def drain(self) -> None:
        await super().drain()
        self.server.events.disconnected(self)


class DrainWaitsForClients(Session):
    """A drain waits until its clients leave by themselves."""

    async def drain(self) -> None:
        task = self.task
        assert task is not None
        await asyncio.wait([task])


class StopLeavesConnections(Server):
    """To stop is to close the door only."""

    async def stop(self) -> None:
        self.close_door()


class NumberReused(Session):
    """A client's number is how many there are, so that two have the same once one has left."""

    number = 0

    def begin(self) -> None:
        self.number = len(self.server.sessions)
        for session in self.server.clients:
            if vars(session)["number"] == self.number:
                del self.server.sessions[session]
        super().begin()


last_of: WeakKeyDictionary[Server, Session] = WeakKeyDictionary()
"""Who sent last."""


class EchoToTheLast(Session):
    """An echo goes to whoever sent last, not to who sent this."""

    async def handle(self, payload: bytes) -> None:
        last_of[self.server] = self
        try:
            answer = await self.server.events.message(self, payload)
        except Exception:
            return
        await last_of[self.server].send(encode(MESSAGE, answer))
