"""Door: what connections that are made alike share."""

from __future__ import annotations

from typing import Any

import pytest

from mcws_protocol import Binary, Cobs, Contract, Json, Lines, Mcws, Mode, MsgPack, Plain, Role
from mcws_protocol.aio import Door
from tests.aio.thermo import PLAIN, THERMO, Notice, Reading


def test_door_of_a_wire_alone() -> None:
    """Without a contract a door speaks as its wire does."""
    door = Door(Mcws())
    assert (door.wire, door.match) == (Mcws(), None)
    assert (door.mode, door.initiator) == (Mode.FULL_DUPLEX, Role.SERVER)
    assert door.dialect.is_raw


def test_door_of_a_dialect() -> None:
    """A dialect that was given is spoken."""
    dialect = THERMO.dialect(Role.CLIENT, Mcws())
    assert Door(Mcws(), dialect).dialect is dialect


def test_door_of_a_contract() -> None:
    """The wire, the mode and the initiator are those of the contract."""
    contract: Contract[Any, Any] = Contract(
        "turns",
        version=1,
        up=Reading,
        down=Notice,
        wire=Plain(Cobs()),
        mode=Mode.HALF_DUPLEX,
        initiator="client",
    )
    door = Door.of(contract, Role.SERVER)
    assert (door.wire, door.mode, door.initiator) == (
        Plain(Cobs()),
        Mode.HALF_DUPLEX,
        Role.CLIENT,
    )


@pytest.mark.parametrize(
    ("role", "message"), [(Role.SERVER, Notice("x")), (Role.CLIENT, Reading(1.0))]
)
def test_door_speaks_for_its_end(role: Role, message: Any) -> None:
    """The two ends of a contract say different things."""
    other = Role.CLIENT if role is Role.SERVER else Role.SERVER
    payload = Door.of(THERMO, role).dialect.encode(message)
    assert Door.of(THERMO, other).dialect.decode(payload) == message


def test_door_of_another_wire_and_codec() -> None:
    """A door may have its own wire and codec."""
    door = Door.of(THERMO, Role.SERVER, Plain(Lines()), Json())
    assert door.wire == Plain(Lines())
    assert door.dialect.encode(Notice("x")) == b'{"$":"Notice","text":"x"}'


def test_door_knows_how_replies_are_told() -> None:
    """What the wire was given to match with is kept where each request finds it."""

    def match(request: Any, message: Any) -> bool:
        return True

    assert Door(Plain(Lines(), match=match)).match is match
    assert Door(Plain(Lines())).match is None


def test_door_of_a_wire_that_cannot_carry_the_codec_raises() -> None:
    """MessagePack does not go on lines."""
    with pytest.raises(ValueError, match="cannot carry"):
        Door.of(PLAIN, Role.SERVER, None, MsgPack())


def test_door_of_a_codec_that_cannot_carry_the_messages_raises() -> None:
    """A codec of bytes carries no messages."""
    with pytest.raises(TypeError, match="carries bytes"):
        Door.of(THERMO, Role.SERVER, None, Binary())


def test_door_of_what_is_no_codec_raises() -> None:
    """The class of a codec is refused, by the name of the argument."""
    wrong: Any = Json
    with pytest.raises(TypeError, match="codec must be a codec, such as"):
        Door.of(THERMO, Role.SERVER, None, wrong)
