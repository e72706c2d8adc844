"""FakeConnection: what a client class of one's own is built on."""

from __future__ import annotations

from typing import Any

from mcws_protocol.aio import Connection
from mcws_server import ConnectedClient
from mcws_testkit import FakeConnection
from tests.aio.thermo import THERMO, Notice, Reading


class Device(ConnectedClient[Any, Any]):
    """A client with state."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        super().__init__(connection)
        self.role = "sensor"


def test_fake_connection_for_a_client_class() -> None:
    """A class of one's own is built on a fake connection as on a real one."""
    connection = FakeConnection(THERMO)
    device = connection.client = Device(connection)
    device.on_message(lambda message, client: client.send(Notice(text=client.role)))
    connection.receive(Reading())
    assert connection.sent == [Notice(text="sensor")]
