"""The codec for pydantic models: what it carries, what it refuses, and its scene."""

from __future__ import annotations

import asyncio
from typing import Any, Never

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from examples import pydantic_codec
from examples.pydantic_codec import SHOP, Cancel, Order, Pydantic, Stock
from mcws_client import Client
from mcws_protocol import (
    Contract,
    DecodeError,
    EncodeError,
    Lines,
    Plain,
    UnknownMessage,
)

WISHES = Pydantic(Order | Cancel)
LAMP = Order(article="lamp", amount=1)


class Parcel(BaseModel):
    """A model with something inside."""

    orders: list[Order] = []
    notes: dict[str, int] = {}


class Stranger:
    """A class that pydantic knows nothing of."""


@given(article=st.text(st.characters(exclude_categories=["Cs"])), amount=st.integers(1, 2**70))
def test_round_trip_law(article: str, amount: int) -> None:
    """What is encoded decodes to an equal model of the same class."""
    for wish in (Order(article=article, amount=amount), Cancel(article=article)):
        assert WISHES.decode(WISHES.encode(wish)) == wish
        assert WISHES.decode(WISHES.encode(wish).encode()) == wish


@given(payload=st.binary() | st.text())
def test_any_payload_gives_a_decode_error_or_a_message_law(payload: bytes | str) -> None:
    """Nothing but DecodeError comes out, whatever comes in."""
    for codec in (WISHES, Pydantic(Parcel)):
        try:
            codec.decode(payload)
        except DecodeError:
            continue


@pytest.mark.parametrize(
    ("kind", "payload", "text"),
    [
        (Order, '{"article": "lamp"}', "payload is not Order at $.amount"),
        (Order | Cancel, '{"kind": "order", "article": 5}', "Order | Cancel at $.article"),
        (Order | Cancel, '{"article": "lamp"}', "payload is not Order | Cancel"),
        (Parcel, '{"orders": [{"amount": "secret"}]}', "Parcel at $.orders[0].article"),
        (Parcel, '{"notes": {"secret": "x"}}', "payload is not Parcel at $.notes[...]"),
        (Parcel, "secret", "payload is not Parcel"),
        (Never, "1", "payload is not Never"),
    ],
)
def test_what_does_not_fit_is_told_without_content(kind: object, payload: str, text: str) -> None:
    """The error names type and place, and says nothing that the peer sent."""
    with pytest.raises(DecodeError) as caught:
        Pydantic(kind).decode(payload)
    assert text in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not isinstance(caught.value, UnknownMessage)


def test_list_of_models_is_no_union() -> None:
    """What is not a union needs no field that tells its parts apart."""
    orders = Pydantic(list[Order])
    assert orders.decode(orders.encode([LAMP])) == [LAMP]


def test_unknown_kind_is_told_apart() -> None:
    """A message of a newer version is no broken one."""
    with pytest.raises(UnknownMessage) as caught:
        WISHES.decode('{"kind": "refund"}')
    assert (caught.value.tag, caught.value.expected) == ("refund", "Order | Cancel")


@pytest.mark.parametrize("message", [Stock(article="lamp", amount=1), "text", Stranger()])
def test_encode_refuses_what_is_not_said_here(message: object) -> None:
    """A message of the other direction is refused before anything is sent, unnamed content too."""
    with pytest.raises(EncodeError, match=r"cannot be sent here, expected Order \| Cancel$"):
        WISHES.encode(message)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Stranger, "up: pydantic does not take Stranger"),
        (Order | Stranger, r"up: pydantic does not take Order \| Stranger"),
        (Order | int, r"up: pydantic does not take Order \| int"),
        (Order | Parcel, r"up: pydantic does not take Order \| Parcel: .*kind"),
    ],
)
def test_contract_refuses_what_pydantic_does_not_know(kind: Any, problem: str) -> None:
    """A class without a schema, and models that nothing tells apart, are errors of the contract."""
    with pytest.raises(TypeError, match=problem):
        Contract("shop", version=1, up=kind, down=Never, codec=Pydantic())


async def test_send_refuses_a_model_of_the_other_direction() -> None:
    """The contract's codec is that of one direction, so the mistake shows at the sender."""
    async with asyncio.timeout(10), pydantic_codec.make_server() as server:
        listener = await server.listen(0)
        async with Client(f"tcp://127.0.0.1:{listener.port}", SHOP) as customer:
            with pytest.raises(EncodeError, match="Stock cannot be sent here"):
                customer.send(Stock(article="lamp", amount=1))  # type: ignore[arg-type]  # the mistake


async def test_models_travel_on_lines_too() -> None:
    """The same contract behind a door of lines, where a message of an unknown kind is skipped."""
    lines = Plain(Lines())
    errors: list[Exception] = []
    async with asyncio.timeout(10), pydantic_codec.make_server() as server:
        server.on_client_error(lambda error, client: errors.append(error))
        listener = await server.listen(0, wire=lines)
        async with Client(f"tcp://127.0.0.1:{listener.port}", SHOP, wire=lines) as customer:
            customer.write('{"kind": "refund"}')
            customer.send(LAMP)
            assert await anext(aiter(customer)) == Stock(article="lamp", amount=9)
    assert [type(error) for error in errors] == [UnknownMessage]


async def test_scene_sells_and_closes_on_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Two wishes are granted; the third one does not validate, which closes with 1007."""
    async with asyncio.timeout(10):
        await pydantic_codec.main(0)
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "closed with 1007",
        "the customer: kind='stock' article='lamp' amount=7",
        "the customer: kind='stock' article='lamp' amount=8",
        "the shop: payload is not Order | Cancel at $.amount",
    ]
