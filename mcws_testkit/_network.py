"""Network: what listens on the hosts of a simulation, what connects them, and what parts them."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Any, Final, NoReturn

from ._agenda import START_S, Agenda
from ._faults import Faults
from ._kernel import KernelSocket
from ._lane import DELAYS, Budget, Line
from ._listening import SimServer
from ._names import LOOPBACK, Names, Place
from ._process import Process
from ._sockets import Address, SimSocket
from ._tls import Tls
from ._trace import Kind, Trace
from ._transport import SimTransport

CONNECT_S: Final = 127.0
"""Seconds after which Linux gives up a connect that nobody answers."""
FIRST_PORT: Final = 40_000
"""What port 0 gives; the ports of clients begin far above it."""
FIRST_CLIENT_PORT: Final = 50_000


class Link:
    """One connection of the network, with its two ends and their hosts."""

    def __init__(self, client: SimTransport, server: SimTransport, pair: frozenset[str]) -> None:
        self.ends = (client, server)
        self.pair = pair

    def update(self, *, is_parted: bool) -> None:
        """Let through what may get through now."""
        self.ends[0].kernel.line.is_parted = is_parted
        for end in self.ends:
            end.kernel.arrive()


class Network:
    """All that connects the processes on one simulated loop.

    Attributes:
        names: its hosts.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, agenda: Agenda, faults: Faults, trace: Trace
    ) -> None:
        self.names: Names = Names()
        self._loop = loop
        self._agenda = agenda
        self._faults = faults
        self._trace = trace
        self._budget = Budget(faults.delays_s)
        self._servers: dict[tuple[str, int], SimServer] = {}
        self._ports = itertools.count(FIRST_PORT)
        self._client_ports = itertools.count(FIRST_CLIENT_PORT)
        self._connections: list[Link] = []
        # How often two hosts were parted and not yet reunited: partitions may overlap.
        self._parted: dict[frozenset[str], int] = {}
        self._heals = 0
        self._reunion: asyncio.Future[None] | None = None

    # Servers

    def bind(
        self,
        make_protocol: Callable[[], Any],
        names: Sequence[str | None],
        port: int,
        tls: Tls | None,
    ) -> SimServer:
        """Bind sockets on the host of the code that runs now, one for each of ``names``.

        Raises:
            OSError: the port is in use, or an address is one of another host.
            socket.gaierror: there is no such host.
        """
        here = self.names.here
        if any(self.names.find(name) is not here for name in names):
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        place = (here.name, port or next(self._ports))
        if place in self._servers:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        addresses = dict.fromkeys((self.names.resolve(name), place[1]) for name in names)
        server = SimServer(self._loop, here.process, tuple(addresses), make_protocol, tls)
        server.on_close = lambda: self._forget(place)
        self._servers[place] = server
        self._tell("listen", f"{here.name}:{place[1]}")
        return server

    def _forget(self, place: tuple[str, int]) -> None:
        """Free a port."""
        del self._servers[place]

    @property
    def servers(self) -> tuple[SimServer, ...]:
        """What is bound, in order."""
        return tuple(self._servers.values())

    @property
    def open_ends(self) -> tuple[SimTransport, ...]:
        """The ends of connections that were not lost yet, in order."""
        ends = (end for connection in self._connections for end in connection.ends)
        return tuple(end for end in ends if not end.is_lost)

    # Connections

    async def connect(self, name: str | None, port: int) -> SimTransport:
        """Connect from the host of the code that runs now; return the client's end.

        Raises:
            ConnectionRefusedError: nobody listens there, or the schedule has it so.
            TimeoutError: the host does not answer.
            socket.gaierror: there is no such host.
        """
        here, there = self.names.here, self.names.find(name)
        await self._disturb(there, port)
        await self._turn()
        await self._reach(here, there)
        server = self._servers.get((there.name, port))
        if server is None or not server.is_serving():
            self._refuse(there, port)
        if here is not there and server.is_local:
            self._refuse(there, port, f"it listens on {server.addresses[0][0]} only")
        return self._open(here, there, server)

    def _open(self, here: Place, there: Place, server: SimServer) -> SimTransport:
        """Make both ends of a connection and let the server have its own."""
        number = len(self._connections) + 1
        line = Line(number, self._agenda, self._faults, self._trace, self._budget)
        pair = frozenset((here.name, there.name))
        line.part = lambda seconds: self._part_for(pair, seconds)
        line.hosts = {"client": here.name, "server": there.name}
        is_local = here is there
        near = (LOOPBACK[0] if is_local else here.address, next(self._client_ports))
        far = (LOOPBACK[0] if is_local else there.address, server.addresses[0][1])
        ends = (
            KernelSocket(line, "client", copy_context()),
            KernelSocket(line, "server", server.context.copy()),
        )
        ends[0].join(ends[1])
        ends[1].join(ends[0])
        client = SimTransport(ends[0], _extra(near, far))
        accepted = SimTransport(ends[1], _extra(far, near))
        self._connections.append(Link(client, accepted, pair))
        line.tell("client", "open", detail=f"{here.name} to {there.name}:{far[1]}")
        server.knock(accepted)
        return client

    async def _disturb(self, there: Place, port: int) -> None:
        """Let the schedule delay or refuse a connect."""
        schedule, faults = self._agenda.schedule, self._faults
        possible = (("delay", self.has_time), ("refused", faults.refuse))
        kind = schedule.pick([kind for kind, may_be in possible if may_be])
        where = f"connect to {there.name}:{port}"
        if kind == "delay":
            await asyncio.sleep(self.draw_delay(where))
        elif kind == "refused":
            schedule.deviate(f"{where}: refused")
            self._refuse(there, port, "the schedule has it so", is_fault=True)

    @property
    def has_time(self) -> bool:
        """Whether anything may still be delayed."""
        return self._faults.delay_s > 0 and self._budget.left_s > 0

    def draw_delay(self, what: str) -> float:
        """Let the schedule choose for how many seconds ``what`` is delayed."""
        schedule = self._agenda.schedule
        step = schedule.number(1, DELAYS)
        seconds = self._budget.take(self._faults.delay_s * step / DELAYS)
        schedule.deviate(f"{what}: delayed by {seconds:g} s")
        self._tell("delay", f"{what}, {seconds:g} s", is_fault=True)
        return seconds

    async def _turn(self) -> None:
        """Wait for an event of the network, as a connect does."""
        answered: asyncio.Future[None] = self._loop.create_future()
        self._agenda.io(lambda: settle(answered), copy_context())
        await answered

    async def _reach(self, here: Place, there: Place) -> None:
        """Wait as long as a host does not answer.

        Raises:
            TimeoutError: for longer than a connect waits.
        """
        pair = frozenset((here.name, there.name))
        if there.is_up and pair not in self._parted:
            return
        try:
            async with asyncio.timeout(CONNECT_S):
                while not there.is_up or pair in self._parted:
                    if self._reunion is None:
                        self._reunion = self._loop.create_future()
                    await asyncio.shield(self._reunion)
        except TimeoutError:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None

    def _refuse(
        self, there: Place, port: int, why: str = "", *, is_fault: bool = False
    ) -> NoReturn:
        """Refuse a connect.

        Raises:
            ConnectionRefusedError: always.
        """
        self._tell("refused", f"{there.name}:{port}", is_fault=is_fault)
        text = f"Connect call failed ({there.name!r}, {port})" + (f": {why}" if why else "")
        raise ConnectionRefusedError(errno.ECONNREFUSED, text)

    # What happens to hosts and between them

    def part(self, one: str, other: str) -> None:
        """Let nothing through between two hosts."""
        pair = frozenset((one, other))
        self._parted[pair] = self._parted.get(pair, 0) + 1
        self._update(pair)

    def reunite(self, one: str, other: str) -> None:
        """Let everything through again between two hosts, unless they were parted more often."""
        pair = frozenset((one, other))
        if self._parted.get(pair, 0) > 1:
            self._parted[pair] -= 1
        elif self._parted.pop(pair, 0):
            self._update(pair)
            self._met()

    def heal(self) -> None:
        """End all partitions and stalls, and let nothing go wrong any more."""
        self._agenda.schedule.end()
        self._heals += 1
        self._parted.clear()
        for connection in self._connections:
            for end in connection.ends:
                if not end.kernel.is_gone:
                    end.kernel.lane.is_stalled = False
            connection.update(is_parted=False)
        self._met()
        self._tell("heal")

    def kill(self, place: Place) -> None:
        """End all processes of a host; its kernel closes their sockets."""
        self._stop(place)
        for end in self.open_ends:
            if end.kernel.host == place.name:
                end.kill()
        self._tell("kill", place.name)

    def crash(self, place: Place) -> None:
        """Take the power from a host; nobody is told."""
        self._stop(place)
        place.is_up = False
        for connection in self._connections:
            for end in connection.ends:
                if end.kernel.host == place.name:
                    end.vanish()
        self._tell("crash", place.name)

    def restart(self, place: Place) -> None:
        """Let a host run programs again; it knows nothing of its old connections."""
        if place.process.is_alive:
            self.kill(place)
        place.is_up = True
        place.process = Process(place.name)
        for connection in self._connections:
            for end in connection.ends:
                if end.kernel.is_gone and end.kernel.host == place.name:
                    end.kernel.come_back()
        self._met()
        self._tell("restart", place.name)

    def _stop(self, place: Place) -> None:
        """End the processes of a host, with what they listen on."""
        place.process.is_alive = False
        self._agenda.has_dead = True
        for server in self.servers:
            if server.process is place.process:
                server.close()

    def _part_for(self, pair: frozenset[str], seconds: float) -> None:
        """Let nothing through between two hosts for a while."""
        one, other = min(pair), max(pair)
        self.part(one, other)
        # In a context of its own, so that it happens whatever becomes of who was parted.
        when = self._agenda.now + seconds
        self._agenda.at(when, self._reunite_if, self._heals, one, other, context=Context())

    def _reunite_if(self, heals: int, one: str, other: str) -> None:
        """End a partition, unless all of that time were ended together."""
        if heals == self._heals:
            self.reunite(one, other)

    def _update(self, pair: frozenset[str]) -> None:
        """Tell the connections between two hosts whether anything gets through."""
        for connection in self._connections:
            if connection.pair == pair:
                connection.update(is_parted=pair in self._parted)

    def _met(self) -> None:
        """Let those who wait for a host look again."""
        if self._reunion is not None and not self._reunion.done():
            self._reunion.set_result(None)
        self._reunion = None

    def _tell(self, kind: Kind, detail: str = "", *, is_fault: bool = False) -> None:
        """Write down what happened."""
        time_s = self._agenda.now - START_S
        self._trace.tell(time_s, kind, detail=detail, is_fault=is_fault)


def settle(waiter: asyncio.Future[None]) -> None:
    """Let who waits go on, unless he gave up."""
    if not waiter.done():
        waiter.set_result(None)


def _extra(name: Address, peer: Address) -> dict[str, Any]:
    """Return what ``get_extra_info`` knows."""
    return {"sockname": name, "peername": peer, "socket": SimSocket(name, peer)}
