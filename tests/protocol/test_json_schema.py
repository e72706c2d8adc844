"""JSON Schema: what people on other platforms get of a contract."""

from __future__ import annotations

from typing import Any, Never, cast

import msgspec
import pytest

from mcws_protocol._codec import Codec
from mcws_protocol._json_schema import json_schema
from mcws_protocol._message import Message, Request
from mcws_protocol._mode import Mode
from mcws_protocol._structured import MsgPack
from mcws_protocol._terms import Terms
from mcws_protocol._vocabulary import Vocabulary


class Reading(Message):
    """A measurement."""

    celsius: float


class Ok(Message):
    """Consent."""


class SetLed(Request[Ok]):
    """A wish."""

    on: bool


class Ask(Request[Ok | None]):
    """A question."""


class Foreign:
    """What has no schema."""


class Passing:
    """A codec of a stranger's, which decodes whatever it likes."""

    def encode(self, message: Any, /) -> bytes:
        """Encode nothing."""
        return b""

    def decode(self, payload: Any, /) -> Any:
        """Decode nothing."""


def namesake() -> type[Message]:
    """Return another class of the same name."""

    class Reading(Message):
        """Another measurement."""

        kelvin: float

    return Reading


def schema(up: Any, down: Any, codec: Codec[Any] | None = None) -> dict[str, Any]:
    """Return the schema of two directions."""
    codec = codec or MsgPack()
    vocabularies = Vocabulary("up", up, codec), Vocabulary("down", down, codec)
    return json_schema("thermo/1", Terms(*vocabularies, codec, Mode.FULL_DUPLEX, "server"))


def ref(name: str) -> dict[str, str]:
    """Return what refers to a type."""
    return {"$ref": f"#/$defs/{name}"}


def test_schema_says_what_it_is() -> None:
    """A schema names its language and its contract."""
    made = schema(Reading, SetLed)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["title"] == "thermo/1"


def test_schema_refers_to_types_by_direction() -> None:
    """Each direction and each request says which types it has."""
    made = schema(Reading | Ask, SetLed)
    assert made["up"] == {"anyOf": [ref("Reading"), ref("Ask")]}
    assert made["down"] == ref("SetLed")
    assert made["replies"] == {
        "up": {"Ask": {"anyOf": [ref("Ok"), {"type": "null"}]}},
        "down": {"SetLed": ref("Ok")},
    }
    assert set(made["$defs"]) == {"Reading", "Ask", "SetLed", "Ok"}


def test_schema_of_nothing_fits_nothing() -> None:
    """Where nothing may be said, no message fits."""
    assert schema(Never, Reading)["up"] is False


def test_schema_shows_the_name_of_a_message() -> None:
    """A message is an object with its name under ``"$"``, and what its class says."""
    made = schema(Reading, Never)["$defs"]["Reading"]
    assert made["description"] == "A measurement."
    assert made["properties"] == {"$": {"enum": ["Reading"]}, "celsius": {"type": "number"}}
    assert made["required"] == ["$", "celsius"]


def test_schema_of_two_types_of_one_name() -> None:
    """Types of one name in two directions get two definitions."""
    made = schema(Reading, namesake())
    assert made["up"] != made["down"]
    assert len(made["$defs"]) == 2


def test_schema_of_a_type_without_one_raises() -> None:
    """What only a stranger's codec knows has no schema."""
    with pytest.raises(TypeError, match="Foreign"):
        schema(Foreign, Never, cast("Codec[Any]", Passing()))


def test_schema_of_two_classes_of_one_full_name_raises() -> None:
    """Nothing could tell their definitions apart."""
    one, other = (
        msgspec.defstruct("Twin", [("x", kind)], bases=(Message,), module="m", tag=tag, frozen=True)
        for kind, tag in ((int, "a"), (str, "b"))
    )
    with pytest.raises(TypeError, match=r"^two classes are called Twin$"):
        schema(one | other, Never)
