"""Tests of the fleet, as its team would write them: ``python -m pytest examples/fleet``."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from mcws_client import Client
from mcws_protocol import Contract, ContractMismatch, Message
from mcws_protocol.aio import Unconnected

from .contract import FLEET, OLD, OldPosition
from .device import Device
from .messages import AddStop, Arrival, Deliver, GetRoute, Notice, Position, Receipt, Route, Stop
from .server import PLAN, Van, add_stop, call_home, check_off, plan, server, track, warn

HERE = Position(57.48, -4.22)
HILL = Stop("P-300", "1 Castle Hill")


# Handlers are functions: nothing is needed to call them


def test_plan_tells_a_van_that_is_unknown_to_stay_at_home() -> None:
    """Without stops in the plan, a van gets an empty route."""
    assert plan(GetRoute(), Van(Unconnected())) == Route(())


def test_check_off_leaves_the_other_stops() -> None:
    """A delivered parcel is not expected any more, all others are."""
    van = Van(Unconnected())
    van.stops = [*PLAN["van-1"]]
    assert check_off(Deliver("P-100"), van) == Receipt(1)
    assert [stop.parcel for stop in van.stops] == ["P-101"]


def test_track_keeps_the_last_position() -> None:
    """The depot knows where a van is."""
    van = Van(Unconnected())
    track(HERE, van)
    assert van.position == HERE


def test_device_puts_a_new_stop_behind_the_others() -> None:
    """The time of arrival counts the stops before the new one."""
    device = Device("tcp://127.0.0.1:1", "van-1")
    assert device.add_stop(AddStop(HILL), device.client) == Arrival(12)
    assert device.add_stop(AddStop(HILL), device.client) == Arrival(24)


# Both ends on a real socket: the server listens once for all of these tests

on_one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncGenerator[str]:
    """Return where the depot listens."""
    async with server:
        door = await server.listen(0)
        yield f"tcp://{door.address}:{door.port}"


@on_one_loop
async def test_van_drives_its_route_and_one_stop_more(url: str) -> None:
    """What the device and the depot believe to be left is the same at each step."""
    device = Device(url, "van-2")
    async with device.client:
        van = server.client("van-2")
        assert van is not None
        assert await device.load() == 1
        assert await add_stop(van, HILL) == 24
        assert device.stops == van.stops
        assert await device.deliver(HERE) == 1
        assert device.stops == van.stops == [HILL]
        assert await device.deliver(HERE) == 0
        assert van.position == HERE


@on_one_loop
async def test_driver_is_told_of_a_low_battery(url: str) -> None:
    """The notice comes to the van that is low, without a request."""
    async with Client(url, FLEET, id="van-2") as device:
        device.send(Position(57.48, -4.22, charge=0.1))
        assert await anext(device.messages(Notice)) == Notice("the battery is low")


@on_one_loop
async def test_notices_go_to_those_whom_they_concern(url: str) -> None:
    """Who is on the road is warned; who is done is called home, and hears of no snow."""
    async with Client(url, FLEET, id="van-1") as busy, Client(url, FLEET, id="van-8") as idle:
        await busy.request(GetRoute())
        warn("snow on Castle Hill")
        call_home()
        assert await anext(busy.messages(Notice)) == Notice("snow on Castle Hill")
        assert await anext(idle.messages(Notice)) == Notice("come home")


# A rolling deploy: vans get their new version over weeks


@on_one_loop
async def test_van_of_version_1_is_served(url: str) -> None:
    """It has a route, its position counts as that of a full van, and it takes no further stops."""
    async with Client(url, OLD, id="van-1") as device:
        device.send(OldPosition(57.48, -4.22))
        assert await device.request(GetRoute()) == Route(PLAN["van-1"])
        van = server.client("van-1")
        assert van is not None
        assert van.position == Position(57.48, -4.22, charge=1.0)
        assert await add_stop(van, HILL) is None


def test_contract_accepts_the_vans_on_the_road() -> None:
    """CI fails here before a depot is deployed that does not understand them."""
    assert FLEET.changes(OLD) == ()


def test_contract_would_refuse_a_position_with_a_required_charge() -> None:
    """Without the default, vans of version 1 would send what does not decode."""

    class Strict(Message, tag="Position"):
        latitude: float
        longitude: float
        charge: float

    with pytest.raises(ContractMismatch, match=r"Position\.charge: is required"):
        Contract("fleet", version=2, up=Strict | GetRoute | Deliver, down=Notice, previous=(OLD,))
