"""The operator's view: a client that listens, and a table of what it heard."""

from __future__ import annotations

from collections import deque
from typing import Final

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mcws_client import Client

from .messages import CONTRACT, Alarm, Down, Join, Reading, Up

BAR_WIDTH: Final = 30
ALARMS_SHOWN: Final = 5


class Operator:
    """A client of the server, and what it was told.

    Attributes:
        client: the client itself; leave it by closing it.
        latest: the last reading of each device.
        alarmed: the devices that are above their threshold.
        readings: how many readings came.
        alarms: how many alarms came.
    """

    def __init__(self, url: str) -> None:
        self.client = Client(url, CONTRACT, id="operator")
        self.client.on_connect(lambda client: client.send(Join("operator")))
        self.client.on(Reading)(self._read)
        self.client.on(Alarm)(self._note)
        self.latest: dict[str, Reading] = {}
        self.alarmed: set[str] = set()
        self.readings = 0
        self.alarms = 0
        self._log: deque[Text] = deque(maxlen=ALARMS_SHOWN)

    def _read(self, reading: Reading, client: Client[Up, Down]) -> None:
        self.readings += 1
        self.latest[reading.device] = reading

    def _note(self, alarm: Alarm, client: Client[Up, Down]) -> None:
        line = f"{alarm.device} at {alarm.value:g}, threshold {alarm.threshold:g}"
        if alarm.is_over:
            self.alarmed.discard(alarm.device)
            self._log.append(Text(f"over:  {line}", style="green"))
        else:
            self.alarms += 1
            self.alarmed.add(alarm.device)
            self._log.append(Text(f"alarm: {line}", style="red"))

    def __rich__(self) -> Group:
        """Return the view as it is now; ``rich`` asks for it at each redraw."""
        table = Table("device", "value", "", title="this machine", caption="Ctrl-C to stop")
        for device, reading in sorted(self.latest.items()):
            style = "red" if device in self.alarmed else "green"
            bar = ProgressBar(
                reading.full_scale,
                min(reading.value, reading.full_scale),
                width=BAR_WIDTH,
                complete_style=style,
                finished_style=style,
            )
            table.add_row(device, f"{reading.value:.1f} {reading.unit}", bar)
        return Group(table, *self._log)
