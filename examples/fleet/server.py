"""Server: the depot, which plans the routes and knows where its vans are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcws_protocol import NoHandler
from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient, Server

from .contract import FLEET, Down, Up
from .messages import AddStop, Deliver, GetRoute, Notice, Position, Receipt, Route, Stop

PLAN: Final[Mapping[str, tuple[Stop, ...]]] = {
    "van-1": (Stop("P-100", "8 Mill Lane"), Stop("P-101", "3 Harbour Road")),
    "van-2": (Stop("P-200", "17 Station Square"),),
}
"""The stops of the day, by the id of the van."""

CHARGE_LOW: Final = 0.2
"""The share of the battery below which a van shall look for a plug: 40 km are left then."""


class Van(ConnectedClient[Up, Down]):
    """A van, and what the depot knows of it.

    Attributes:
        position: where it was last; None before it said so.
        stops: those that it has not made yet.
    """

    def __init__(self, connection: Connection[Up, Down]) -> None:
        super().__init__(connection)
        self.position: Position | None = None
        self.stops: list[Stop] = []


server: Final = Server(FLEET, client_factory=Van)


@server.on(GetRoute)
def plan(request: GetRoute, van: Van) -> Route:
    """Tell a van where to go today; one that is not in the plan has a day off."""
    van.stops = list(PLAN.get(van.id, ()))
    return Route(tuple(van.stops))


@server.on(Position)
def track(position: Position, van: Van) -> None:
    """Keep the position of a van; tell the driver if the battery is low."""
    van.position = position
    if position.charge < CHARGE_LOW:
        van.send(Notice("the battery is low"))


@server.on(Deliver)
def check_off(delivery: Deliver, van: Van) -> Receipt:
    """Take a delivered parcel off the list of its van."""
    van.stops = [stop for stop in van.stops if stop.parcel != delivery.parcel]
    return Receipt(len(van.stops))


async def add_stop(van: Van, stop: Stop) -> int | None:
    """Ask a van for one more stop.

    Returns:
        The minutes until it is there; None if it takes no further stops.
    """
    try:
        arrival = await van.request(AddStop(stop))
    except NoHandler:
        # A van of version 1 does not know what it was asked.
        return None
    van.stops.append(stop)
    return arrival.minutes


def warn(text: str) -> None:
    """Tell all drivers that are not done yet."""
    server.broadcast(Notice(text), lambda van: bool(van.stops))


def call_home() -> int:
    """Tell the drivers that are done to come home; return how many these are."""
    done = [van for van in server.clients if not van.stops]
    return server.send_to(done, Notice("come home")).queued
