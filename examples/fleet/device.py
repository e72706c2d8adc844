"""Device: the computer of a van, a client of the depot."""

from __future__ import annotations

from typing import Final

from mcws_client import Client

from .contract import FLEET, Down, Up
from .messages import AddStop, Arrival, Deliver, GetRoute, Notice, Position, Stop

MINUTES_PER_STOP: Final = 12
"""From one door to the next, with the parcel handed over."""


class Device:
    """A van as its driver sees it.

    Attributes:
        client: the line to the depot.
        stops: those that are left, the next one first.
        notices: what the depot had to say.
    """

    def __init__(self, url: str, van: str) -> None:
        self.client = Client(url, FLEET, id=van)
        self.client.on(AddStop)(self.add_stop)
        self.client.on(Notice)(self.show)
        self.stops: list[Stop] = []
        self.notices: list[str] = []

    def add_stop(self, request: AddStop, depot: Client[Up, Down]) -> Arrival:
        """Put a stop behind all others."""
        self.stops.append(request.stop)
        return Arrival(MINUTES_PER_STOP * len(self.stops))

    def show(self, notice: Notice, depot: Client[Up, Down]) -> None:
        """Put a notice where the driver sees it."""
        self.notices.append(notice.text)

    async def load(self) -> int:
        """Ask for the route of the day; return how many stops it has."""
        route = await self.client.request(GetRoute())
        self.stops = list(route.stops)
        return len(self.stops)

    async def deliver(self, position: Position) -> int:
        """Say where the van is, and that the parcel for there was delivered.

        Returns:
            The number of stops that the depot still expects.
        """
        self.client.send(position)
        receipt = await self.client.request(Deliver(self.stops.pop(0).parcel))
        return receipt.stops_left
