"""The life of a connection, on both wires: who is told what, how often and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from mcws_protocol import Lines, Mcws, Plain, Wire
from mcws_server import Server
from tests.aio.harness import MakeLab, settle

WIRES = pytest.mark.parametrize("wire", [Mcws(), Plain(Lines())], ids=["mcws", "lines"])


def recording(events: list[Any]) -> Server[Any, Any, Any]:
    """Return a server that writes down what it is told."""
    return (
        Server()
        .on_client_connect(lambda client: events.append("connect"))
        .on_client_message(lambda message, client: events.append(message))
        .on_client_disconnect(lambda client: events.append(("disconnect", client.close_code)))
    )


@WIRES
async def test_hooks_of_a_polite_client(lab: MakeLab, wire: Wire) -> None:
    """Connect, messages in order, disconnect: each exactly once."""
    events: list[Any] = []
    made = lab(recording(events), wire)
    async with made.client() as client:
        for text in ("one", "two", "three"):
            await client.send(text)
        await client.flush()
    await settle()
    assert events == ["connect", "one", "two", "three", ("disconnect", 1000)]
    assert len(made.server.clients) == 0


@WIRES
async def test_messages_before_a_loss_are_handled(lab: MakeLab, wire: Wire) -> None:
    """What arrived before a reset reaches its handler; the disconnect hook comes last."""
    events: list[Any] = []
    made = lab(recording(events), wire)
    client = await made.client().connect()
    client.send("last words")
    await settle()
    made.far[0].reset()
    await settle()
    assert events == ["connect", "last words", ("disconnect", 1006)]
