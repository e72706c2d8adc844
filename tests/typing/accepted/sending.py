"""Sending where every awaitable must be used: ``await`` for room, or ``_ =`` to go on at once."""

# mypy: enable-error-code="unused-awaitable"

from __future__ import annotations

from mcws_client import Client
from mcws_server import ConnectedClient, Server

from ..thermo import Alarm, Down, GetConfig, Notice, Reading, Up


async def send(client: Client[Up, Down]) -> None:
    """Say at each call whether it waits."""
    await client.send(Reading(celsius=21.5))
    _ = client.send(Alarm(text="hot"))
    await client.room()
    await client.flush()
    _ = client.write(b"payload")
    await client.request(GetConfig())
    _ = client.close()


async def answer(server: Server[Up, Down, ConnectedClient[Up, Down]]) -> None:
    """What returns no awaitable needs neither."""
    server.broadcast(Notice(text="x"))
    server.send_to(server.clients, Notice(text="x"))
    for client in server.clients:
        _ = client.send(Notice(text="x"))
        client.pause()
    await server.close()


def forget(client: Client[Up, Down]) -> None:
    """The check is on: without it, this comment would be one too many."""
    client.send(Reading(celsius=21.5))  # type: ignore[unused-awaitable]  # on purpose
