"""PlayedServer: the server of a script, with what it sends to all."""

from __future__ import annotations

from typing import Any, Final

from ._ends_under_test import SERVER_NEEDS, check_needs, method
from ._lifecycle_script import Act
from ._stage import Actor, Stage
from ._visits import Broadcast, Call

SERVER: Final = "server"
"""The name of the host on which the server under test runs."""


class PlayedServer(Actor):
    """The one server of a script."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, SERVER)
        self._server: Any = None

    async def start(self) -> None:
        """Start it; what this raises goes to the test.

        Raises:
            TypeError: what starts it returned nothing, or a server without a method that it needs.
        """
        record = self.stage.record
        self._server = await self.host.run(self.stage.ends.start(self.host))
        if self._server is None:
            raise TypeError("start() returned None: return a ServerUnderTest")
        check_needs(self._server, SERVER_NEEDS, record.promises)
        self.stage.port = self._server.port
        record.events = self._server.events

    @property
    def is_up(self) -> bool:
        """Whether the script has not ended it."""
        return self.stage.record.down_s is None

    @property
    def clients(self) -> int | None:
        """How many connections it says that it has; None if it does not say."""
        clients: Any = method(self._server, "clients")
        return None if clients is None else len(clients)

    async def broadcast(self, count: int, *, is_filtered: bool = False) -> None:
        """Send something to all clients, or to every second one."""
        record = self.stage.record
        for _ in range(count):
            if not self.is_up:
                return
            payload = self.stage.ends.payload(f"server#{len(record.broadcasts)}")
            sessions = frozenset(record.events.open_sessions)
            chosen = frozenset(one for one in sessions if one % 2) if is_filtered else None
            news = Broadcast(
                "broadcast", self.stage.now, payload=payload, sessions=sessions, chosen=chosen
            )
            record.broadcasts.append(news)
            await self._send_to_all(news)

    async def end(self, act: Act) -> None:
        """Stop or drain it, because the script has it so."""
        if self.is_up:
            record = self.stage.record
            record.down_s, record.draining = self.stage.now, len(record.events.log)
            await self.finish(act.value)

    async def finish(self, name: str) -> None:
        """Call ``stop`` or ``drain``."""
        call = Call(name, self.stage.now)
        self.stage.record.server_calls.append(call)
        await self.make(call, getattr(self._server, name))

    def kill(self) -> None:
        """End its process."""
        if self.is_up:
            self.stage.record.is_killed = True
            self.stage.record.down_s = self.stage.now
            self.host.kill()

    async def _send_to_all(self, news: Broadcast) -> None:
        """Call ``broadcast``, with a filter if there is one."""
        events, chosen = self.stage.record.events, news.chosen
        if chosen is None:
            await self.make(news, lambda: self._server.broadcast(news.payload))
        else:

            def takes(client: object) -> bool:
                """Whether a client is among those who were chosen."""
                return events.session(client) in chosen

            await self.make(news, lambda: self._server.broadcast(news.payload, takes))
