"""Codecs: those that know types, those that do not, and one of the application's own."""

from __future__ import annotations

from typing import Any, assert_type

from mcws_client import Client
from mcws_protocol import (
    Binary,
    Codec,
    Contract,
    DecodeError,
    EncodeError,
    Fixed,
    Json,
    Lines,
    MsgPack,
    Payload,
    Plain,
    Text,
    UnknownMessage,
    Untouched,
)
from mcws_server import ConnectedClient, Server

from ..thermo import Alarm, Reading

# What is decoded follows from the type that was named.
assert_type(MsgPack(Reading | Alarm), MsgPack[Reading | Alarm])
assert_type(MsgPack(Reading).decode(b""), Reading)
assert_type(MsgPack(list[int]).decode(b""), list[int])
assert_type(Json(dict[str, float]).decode("{}"), dict[str, float])
assert_type(Json().for_type(Reading), Json[Reading])
assert_type(MsgPack().decode(b""), object)
assert_type(Json(Reading).encode(Reading(celsius=1.0)), bytes)
assert_type(Text().decode(b""), str)
assert_type(Binary().decode(""), bytes)
assert_type(Untouched().decode(b""), bytes | str)


class Csv:
    """A codec that a stranger wrote."""

    def encode(self, message: list[str], /) -> Payload:
        """Return one line."""
        if any("," in cell for cell in message):
            raise EncodeError("a cell with a comma")
        return ",".join(message)

    def decode(self, payload: Payload, /) -> list[str]:
        """Return the cells."""
        if not isinstance(payload, str):
            raise DecodeError("text")
        return payload.split(",")


csv: Codec[list[str]] = Csv()
table = Contract("table", version=1, up=list[str], down=list[str], codec=Csv(), wire=Plain(Lines()))
assert_type(table, Contract[list[str], list[str]])
server = Server(table)


@server.on(list)
def read(row: list[str], client: ConnectedClient[list[str], list[str]]) -> None:
    """Take a message that is no ``Message``."""
    client.send([*row, client.id])


lines = Contract("lines", version=1, up=str, down=str, codec=Text(), wire=Plain(Lines()))
blocks = Contract("blocks", version=1, up=bytes, down=bytes, codec=Binary(), wire=Plain(Fixed(8)))


async def use() -> None:
    """Iterate and ask without any class of messages."""
    async for row in Client("tcp://127.0.0.1:8080", table):
        assert_type(row, list[str])
    assert_type(await Client("tcp://127.0.0.1:8080", lines).request("status?"), str)
    assert_type(await Client("tcp://127.0.0.1:8080", blocks).request(b"status?"), bytes)
    await server.listen(0, codec=Csv(), wire=Plain(Lines()))


def show(error: Exception) -> Any:
    """Return what an error of a codec knows."""
    match error:
        case UnknownMessage():
            return error.tag
        case DecodeError():
            return f"{error.expected} at {error.path}"
        case _:
            return None
