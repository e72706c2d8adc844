"""The demo: its parts with clients in this process, and all of it as one command."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psutil  # type: ignore[import-untyped]  # it has annotations, but no py.typed
import pytest
from rich.console import Console

from examples.demo.__main__ import report
from examples.demo.device import Device
from examples.demo.messages import (
    CONTRACT,
    Alarm,
    Down,
    IntervalSet,
    Join,
    Reading,
    SetInterval,
    Up,
)
from examples.demo.operator_view import Operator
from examples.demo.sensors import SENSORS
from examples.demo.server import ALARMED_S, CALM_S, DemoServer
from mcws_client import Client
from mcws_protocol import MsgPack
from mcws_server import Server

COMMAND = [sys.executable, "-W", "error", "-m", "examples.demo"]
HOT = Reading("load", 99, "%", 100)
COOL = Reading("load", 1, "%", 100)


@pytest.mark.parametrize("kind", SENSORS)
def test_sensor_reads_something_plausible(kind: str) -> None:
    """Each sensor names itself and stays at or above zero."""
    measure = SENSORS[kind]()
    reading = measure()
    assert reading.device == kind
    assert reading.value >= 0
    assert MsgPack(Reading).decode(MsgPack().encode(reading)) == reading


async def test_device_streams_and_changes_its_interval_at_once() -> None:
    """A device on an endless interval sends the next reading as soon as it is told to hurry."""
    heard: asyncio.Queue[Up] = asyncio.Queue()
    server = Server(CONTRACT).on_client_message(lambda message, _: heard.put_nowait(message))
    device = Device(lambda: COOL)
    device.interval_s = 3600
    async with asyncio.timeout(10), server:
        listener = await server.listen(0)
        client = Client(f"tcp://127.0.0.1:{listener.port}", CONTRACT)
        running = asyncio.create_task(device.run(client))
        assert [await heard.get() for _ in range(2)] == [Join("device"), COOL]
        (connected,) = server.clients
        assert await connected.request(SetInterval(0.01)) == IntervalSet(0.01)
        assert [await heard.get() for _ in range(2)] == [COOL, COOL]
        await server.drain()
        await running


class FakeDevice:
    """A device that sends what a test wants, and notes the intervals that it is asked for."""

    def __init__(self, url: str) -> None:
        self.intervals: asyncio.Queue[float] = asyncio.Queue()
        self.client = Client(url, CONTRACT, id="load")
        self.client.on(SetInterval)(self._answer)

    def _answer(self, request: SetInterval, client: Client[Up, Down]) -> IntervalSet:
        self.intervals.put_nowait(request.interval_s)
        return IntervalSet(request.interval_s)


async def test_server_alarms_operators_and_adapts_the_interval() -> None:
    """Crossing the threshold tells operators once and speeds the device up until it is over."""
    demo = DemoServer(["load"])
    async with asyncio.timeout(10), demo.server:
        listener = await demo.server.listen(0)
        url = f"tcp://127.0.0.1:{listener.port}"
        device = FakeDevice(url)
        async with Client(url, CONTRACT) as operator, device.client as sender:
            await operator.send(Join("operator"))
            for message in (Join("device"), HOT, HOT, COOL):
                await sender.send(message)
            heard = [await anext(aiter(operator)) for _ in range(5)]
            asked = [await device.intervals.get() for _ in range(3)]
    assert heard == [HOT, Alarm("load", 99, 60, False), HOT, COOL, Alarm("load", 1, 60, True)]
    assert asked == [CALM_S, ALARMED_S, CALM_S]
    assert (demo.alarms, demo.intervals, demo.received["load"]) == (1, 3, 3)


async def test_server_tells_a_new_operator_the_latest_but_devices_nothing() -> None:
    """Who joins late knows at once what the others know; devices are not broadcast to."""
    demo = DemoServer(["load"])
    async with asyncio.timeout(10), demo.server:
        listener = await demo.server.listen(0)
        url = f"tcp://127.0.0.1:{listener.port}"
        async with FakeDevice(url).client as device, Client(url, CONTRACT) as operator:
            await device.send(Join("device"))
            await device.send(COOL)
            await demo.has_all.wait()
            await operator.send(Join("operator"))
            assert await anext(aiter(operator)) == COOL
            await demo.server.drain()
            assert [message async for message in device] == []


async def test_operator_draws_readings_and_alarms() -> None:
    """The view has a row with value and bar for each device, and a line for each alarm."""
    told = (HOT, Alarm("load", 99, 60, False), Alarm("load", 1, 60, True))
    server = Server(CONTRACT).on_client_connect(
        lambda client: [client.send(message) for message in told]
    )
    async with asyncio.timeout(10), server:
        listener = await server.listen(0)
        operator = Operator(f"tcp://127.0.0.1:{listener.port}")
        async with operator.client:
            await server.drain()
    page = io.StringIO()
    Console(width=80, file=page).print(operator)
    drawn = page.getvalue()
    assert "99.0 %" in drawn
    assert "━" * 20 in drawn
    assert "alarm: load at 99, threshold 60" in drawn
    assert "over:  load at 1, threshold 60" in drawn


def test_report_names_a_device_that_delivered_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo fails, and says whose readings are missing."""
    assert report(DemoServer(["load", "disk"]), Operator("tcp://127.0.0.1:1")) == 1
    assert capsys.readouterr().err == "error: nothing came from: disk, load\n"


@asynccontextmanager
async def running(*arguments: str) -> AsyncGenerator[Process]:
    """Run the demo, which has to end within the block."""
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def first_line(process: Process) -> tuple[str, list[psutil.Process]]:
    """Return the first line that the demo prints, and the processes that it has started."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    return line.decode(), psutil.Process(process.pid).children(recursive=True)


async def test_headless_demo_sums_up_and_leaves_nobody_behind() -> None:
    """Four devices report, an operator is reached, the exit code is 0 and all children end."""
    async with running("--headless") as process:
        line, children = await first_line(process)
        assert line == "4 devices report, counting for 5 s\n"
        assert len(children) == 4
        output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    lines = dict(line.split(": ", 1) for line in output.decode().splitlines())
    assert lines["devices"] == "4 of 4"
    for kind in SENSORS:
        assert int(lines[f"readings from {kind}"]) >= 2
    assert "alarms broadcast" in lines
    assert int(lines["interval changes answered"]) >= 4
    assert lines["operators reached"].startswith("1, with ")
    assert not [child for child in children if child.is_running()]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
async def test_headless_demo_is_stopped_by_ctrl_c() -> None:
    """SIGINT ends server and devices without a traceback, and is no success."""
    async with running("--headless") as process:
        _, children = await first_line(process)
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
    assert (process.returncode, output) == (130, b"")
    assert errors.decode().splitlines() == ["stopped before the end"]
    assert not [child for child in children if child.is_running()]


class Screen(asyncio.Protocol):
    """Collects what is drawn on a terminal, and knows when every kind of device was."""

    def __init__(self) -> None:
        self.drawn = b""
        self.is_complete = asyncio.Event()
        self.is_over = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Take what was drawn."""
        self.drawn += data
        if all(kind.encode() in self.drawn for kind in SENSORS):
            self.is_complete.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that nobody draws any more."""
        self.is_over.set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
async def test_demo_draws_on_a_terminal_until_ctrl_c() -> None:
    """The view shows all devices; SIGINT ends it with exit code 0, no traceback and no children."""
    ours, theirs = os.openpty()
    screen = Screen()
    with os.fdopen(ours, "rb") as terminal:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: screen, terminal)
        process = await asyncio.create_subprocess_exec(
            *COMMAND, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
        )
        os.close(theirs)
        try:
            async with asyncio.timeout(60):
                await screen.is_complete.wait()
                children = psutil.Process(process.pid).children(recursive=True)
                process.send_signal(signal.SIGINT)
                assert await process.wait() == 0
                await screen.is_over.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            transport.close()
    assert b"this machine" in screen.drawn
    assert b"Traceback" not in screen.drawn
    assert len(children) == 4
    assert not [child for child in children if child.is_running()]
