"""A codec of one's own: messages are pydantic models, and travel as JSON.

A codec needs ``encode`` and ``decode``. One that knows types has ``for_type`` too, which a contract
calls with those of each direction. Here, a field ``kind`` tells the models of a direction apart.
"""

import asyncio
import json
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    Never,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, Field, PositiveInt, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError

from mcws_client import Client
from mcws_protocol import Contract, DecodeError, EncodeError, UnknownMessage
from mcws_server import ConnectedClient, Server

NOTHING: Final = Annotated[int, Field(gt=0, lt=0)]
"""What is decoded to where nothing may arrive: no payload fits."""


class Pydantic:
    """JSON of whatever pydantic validates.

    Raises:
        TypeError: pydantic does not know ``kind``, or cannot tell the models of a union apart.
    """

    any_bytes: ClassVar[bool] = False
    """Payloads are text without line ends, so they travel on ``Lines()`` too."""

    def __init__(self, kind: Any = object) -> None:
        members = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
        self._title = " | ".join(each.__name__ for each in members or (kind,))
        # An error in a union begins with the kind, which is no step on the way to the value.
        self._skipped = 1 if members else 0
        expected: Any = NOTHING if kind is Never else kind
        if members:
            expected = Annotated[kind, Field(discriminator="kind")]
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(expected)
            self._schema = json.dumps(self._adapter.json_schema())
        except (PydanticUserError, TypeError) as error:
            raise TypeError(f"pydantic does not take {self._title}: {error}") from None

    def for_type(self, kind: Any, /) -> "Pydantic":
        """Return the same codec for another type."""
        return Pydantic(kind)

    def describe(self, kind: Any, /) -> object:
        """Return what ``kind`` looks like on the wire; a change of it changes the fingerprint."""
        return TypeAdapter(kind).json_schema()

    def encode(self, message: object, /) -> str:
        """Return ``message`` as JSON.

        Raises:
            EncodeError: it is none of what may be sent here.
        """
        try:
            return self._adapter.dump_json(message, warnings="error").decode()
        except PydanticSerializationError:
            # `from None`: what pydantic says contains the whole message.
            name = type(message).__name__
            raise EncodeError(f"{name} cannot be sent here, expected {self._title}") from None

    def decode(self, payload: bytes | str, /) -> Any:
        """Return the message that ``payload`` holds.

        Raises:
            UnknownMessage: it is of another kind, of a newer version perhaps; it is skipped.
            DecodeError: it does not fit; without any of its content.
        """
        try:
            return self._adapter.validate_json(payload)
        except ValidationError as error:
            raise self._misfit(error.errors(include_url=False)[0]) from None

    def _misfit(self, details: ErrorDetails) -> DecodeError:
        if details["type"] == "union_tag_invalid" and "ctx" in details:
            return UnknownMessage(self._title, details["ctx"]["tag"])
        steps = details["loc"][self._skipped :]
        return DecodeError(self._title, "$" + "".join(map(self._step, steps)) if steps else "")

    def _step(self, step: int | str) -> str:
        """Return one step to a value; only words of ours, since keys of dicts are the peer's."""
        if isinstance(step, int):
            return f"[{step}]"
        return f".{step}" if f'"{step}"' in self._schema else "[...]"


class Order(BaseModel):
    """A customer wants something."""

    kind: Literal["order"] = "order"
    article: str
    amount: PositiveInt


class Cancel(BaseModel):
    """A customer does not want it any more."""

    kind: Literal["cancel"] = "cancel"
    article: str


class Stock(BaseModel):
    """How much of an article is left."""

    kind: Literal["stock"] = "stock"
    article: str
    amount: int


Wish: TypeAlias = Order | Cancel
SHOP: Final = Contract("shop", version=1, up=Order | Cancel, down=Stock, codec=Pydantic())


def make_server() -> Server[Wish, Stock]:
    """Return a shop that sells one thing, 10 times."""
    left = {"lamp": 10}

    def take(wish: Wish, client: ConnectedClient[Wish, Stock]) -> None:
        match wish:
            case Order():
                left[wish.article] -= wish.amount
            case Cancel():
                left[wish.article] += 1
        client.send(Stock(article=wish.article, amount=left[wish.article]))

    return Server(SHOP).on_client_message(take)


async def main(port: int = 8080) -> None:
    """Sell lamps to a customer who then says something that is wrong."""
    async with make_server() as server:
        server.on_client_error(lambda error, client: print("the shop:", error))
        listener = await server.listen(port)
        async with Client(f"tcp://127.0.0.1:{listener.port}", SHOP) as customer:
            customer.send(Order(article="lamp", amount=3))
            customer.send(Cancel(article="lamp"))
            # Past the codec, as by somebody who writes the other end by hand.
            customer.write('{"kind": "order", "article": "lamp", "amount": -1}')
            async for stock in customer:
                print("the customer:", stock)
            print("closed with", customer.close_code)


if __name__ == "__main__":
    asyncio.run(main())
