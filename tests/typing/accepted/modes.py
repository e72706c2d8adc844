"""Modes and wires: what differs on the wire does not differ in types, but for simplex."""

from __future__ import annotations

from typing import Literal, Never, assert_type

from mcws_client import Client
from mcws_protocol import (
    Chunks,
    Cobs,
    Contract,
    Delimited,
    Framing,
    Json,
    LengthPrefixed,
    Lines,
    Mcws,
    Mode,
    Plain,
    Request,
    Slip,
    Varint,
    Wire,
)
from mcws_server import ConnectedClient, Server

from ..thermo import Config, Down, GetConfig, Notice, Reading, SetLed, Up

# Simplex: nothing goes up, and the checker knows.
push = Contract("push", version=1, up=Never, down=Notice, mode=Mode.SIMPLEX)
assert_type(push, Contract[Never, Notice])
assert_type(push.mode, Mode)
pushing = Server(push)
assert_type(pushing, Server[Never, Notice, ConnectedClient[Never, Notice]])
pushing.broadcast(Notice(text="x"))


async def watch() -> None:
    """Listen and never speak."""
    async with Client("tcp://127.0.0.1:8080", push) as client:
        async for notice in client:
            assert_type(notice, Notice)
        async for notice in client.messages(Notice):
            assert_type(notice, Notice)


# Half duplex: either end may have the turn first.
first: Literal["server", "client"] = "client"
turns = Contract(
    "turns", version=1, up=Up, down=Down, mode=Mode.HALF_DUPLEX, initiator=first, codec=Json()
)
assert_type(turns.initiator, Literal["server", "client"])


# Wires: a request is matched with its reply by what the application knows.
class Numbered(Request[Config]):
    """A request that carries a number, since the wire does not."""

    number: int


def is_answer(request: Numbered, reply: object) -> bool:
    """Whether the one answers the other."""
    return isinstance(reply, Config) and reply.interval_s == request.number


matched = Plain(Lines(), match=is_answer)
assert_type(matched, Plain)
numbered = Contract("numbered", version=1, up=Numbered, down=Never, wire=matched, codec=Json())
wires: list[Wire] = [
    Mcws(),
    Plain(Lines()),
    Plain(Delimited(b"\r\n")),
    Plain(Varint(), up=Cobs(), down=Slip()),
    Plain(Chunks(), match=lambda request, reply: request == reply),
]
framing: Framing = LengthPrefixed(2)


async def doors(server: Server[Up, Down, ConnectedClient[Up, Down]]) -> None:
    """Open several doors of one server."""
    for wire in wires:
        await server.listen(0, wire=wire, codec=Json())
    client = Client("tcp://127.0.0.1:8080", numbered)
    assert_type(await client.request(Numbered(number=1)), Config)


@Client("tcp://127.0.0.1:8080", turns).on(SetLed)
def refuse(request: SetLed, client: Client[Up, Down]) -> Never:
    """Answer with an error, always."""
    raise NotImplementedError(request, client)


def names(contract: Contract[Reading | GetConfig, Notice]) -> str:
    """Take a contract by its types."""
    return contract.label
