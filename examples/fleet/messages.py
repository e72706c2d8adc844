"""Messages: what vans and the depot say to each other."""

from __future__ import annotations

import msgspec

from mcws_protocol import Message, Request


class Stop(msgspec.Struct, frozen=True):
    """Where a parcel has to go; a part of messages, and none itself."""

    parcel: str
    address: str


# What a van says


class Position(Message):
    """Where a van is, and how far it can still drive."""

    latitude: float
    longitude: float
    charge: float = 1.0
    """Of the battery, 0 to 1. Vans of version 1 do not tell, and count as full."""


class Route(Message):
    """The stops of a van, in the order in which it makes them."""

    stops: tuple[Stop, ...]


class GetRoute(Request[Route]):
    """A van asks where to go."""


class Receipt(Message):
    """The depot has taken note of a delivery."""

    stops_left: int


class Deliver(Request[Receipt]):
    """A van has delivered a parcel, and wants to be sure that the depot knows."""

    parcel: str


# What the depot says


class Notice(Message):
    """Something for the driver to read."""

    text: str


class Arrival(Message):
    """When a van will be there."""

    minutes: int


class AddStop(Request[Arrival]):
    """The depot asks a van for one more stop."""

    stop: Stop
