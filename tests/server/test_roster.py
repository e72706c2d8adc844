"""The connected clients of a server, as the application asks for them."""

from __future__ import annotations

from typing import assert_type

import pytest

from mcws_client import Client
from mcws_protocol import Lines, Mcws, Plain, Wire
from mcws_server import Clients, ConnectedClient, Server
from tests.aio.harness import Lab, MakeLab, settle

WIRES = pytest.mark.parametrize("wire", [Mcws(), Plain(Lines())], ids=["mcws", "lines"])


async def filled(lab: MakeLab) -> tuple[Lab, Server, list[ConnectedClient]]:
    """Return a server with the clients a, b and c, in the order in which they came."""
    server = Server()
    made = lab(server)
    for id in "abc":
        await made.client(id=id).connect()
    return made, server, list(server.clients)


def test_roster_without_anybody() -> None:
    """A server that nobody came to answers every question; its default asks for all."""
    server = Server()
    assert server.get_connected_clients().clients == ()
    assert server.get_connected_clients(length=True).length == 0
    assert server.get_connected_clients(index=0).client is None
    assert server.client("a") is None
    assert len(server.clients) == 0


async def test_roster_all(lab: MakeLab) -> None:
    """Without any question all clients come, in order, and nothing else."""
    _, server, everybody = await filled(lab)
    found = server.get_connected_clients()
    assert_type(found.clients, tuple[ConnectedClient, ...])
    assert (found.client, found.clients, found.length) == (None, tuple(everybody), None)


async def test_roster_length(lab: MakeLab) -> None:
    """``length`` counts all clients and sets nothing else."""
    _, server, _ = await filled(lab)
    found = server.get_connected_clients(length=True)
    assert_type(found.length, int)
    assert (found.client, found.clients, found.length) == (None, None, 3)


async def test_roster_index(lab: MakeLab) -> None:
    """``index`` gives one client, and None past the end."""
    _, server, (a, _, c) = await filled(lab)
    assert_type(server.get_connected_clients(index=0).client, ConnectedClient | None)
    assert server.get_connected_clients(index=0).client is a
    assert server.get_connected_clients(index=2).client is c
    assert server.get_connected_clients(index=3).client is None


async def test_roster_index_and_length(lab: MakeLab) -> None:
    """One client and the number of all can be asked for together."""
    _, server, (_, b, _) = await filled(lab)
    found = server.get_connected_clients(index=1, length=True)
    assert_type(found.length, int)
    assert (found.client, found.clients, found.length) == (b, None, 3)


async def test_roster_slice(lab: MakeLab) -> None:
    """``last_index`` is exclusive, and either bound may be missing."""
    _, server, (a, b, c) = await filled(lab)
    assert server.get_connected_clients(start_index=1).clients == (b, c)
    assert server.get_connected_clients(start_index=1, last_index=2).clients == (b,)
    assert server.get_connected_clients(last_index=1).clients == (a,)
    assert_type(server.get_connected_clients(last_index=1).clients, tuple[ConnectedClient, ...])


async def test_roster_any_combination(lab: MakeLab) -> None:
    """Whatever is asked for together comes together."""
    _, server, (a, b, c) = await filled(lab)
    found = server.get_connected_clients(index=0, start_index=1, length=True)
    assert (found.client, found.clients, found.length) == (a, (b, c), 3)


async def test_roster_refuses_what_is_no_index() -> None:
    """A float is no index, also where nobody is."""
    with pytest.raises(TypeError, match=r"index must be an int, not 1\.5"):
        Server().get_connected_clients(index=1.5)  # type: ignore[call-overload]  # the point


@WIRES
async def test_roster_forgets_who_leaves(lab: MakeLab, wire: Wire) -> None:
    """Whoever disconnects is gone from every view (the original kept them)."""
    server = Server()
    made = lab(server, wire)
    clients: list[Client] = [await made.client().connect() for _ in range(3)]
    before = list(server.clients)
    await clients[1].close()
    await settle()
    assert list(server.clients) == [before[0], before[2]]
    assert server.client(before[1].id) is None
    assert server.get_connected_clients(length=True).length == 2


async def test_roster_client_by_id(lab: MakeLab) -> None:
    """A client is found under its id; the view is live and knows who is in it."""
    made, server, (a, _, _) = await filled(lab)
    assert_type(server.clients, Clients[ConnectedClient])
    assert server.client("a") is a
    view = server.clients
    await made.client(id="d").connect()
    assert len(view) == 4
    assert server.client("d") in view
    assert object() not in view


async def test_roster_order_survives_a_rename(lab: MakeLab) -> None:
    """A plain client that takes a name keeps its place in the order of arrival."""
    server = Server()
    made = lab(server, Plain(Lines()))
    for _ in range(2):
        await made.client().connect()
    first, second = server.clients
    first.id = "first"
    assert server.get_connected_clients().clients == (first, second)
    assert server.client("first") is first
