"""Contracts: what two ends agree on, who lets in whom, and what cannot be a contract."""

from __future__ import annotations

from typing import Any, Never, cast

import pytest

from mcws_protocol._codec import Binary, Codec, Text, Untouched
from mcws_protocol._contract import UNTYPED, Contract
from mcws_protocol._delimited import Lines
from mcws_protocol._dialect import Dialect
from mcws_protocol._errors import ContractMismatch, DecodeError, EncodeError
from mcws_protocol._mcws_wire import Mcws
from mcws_protocol._message import Message, Request
from mcws_protocol._mode import Mode
from mcws_protocol._plain import Plain
from mcws_protocol._state import Role
from mcws_protocol._structured import Json, MsgPack
from mcws_protocol._stuffing import Cobs


class Reading(Message):
    """What a client sends."""

    celsius: float = 0.0


class Config(Message):
    """What answers a client."""

    interval_s: float = 10.0


class GetConfig(Request[Config]):
    """What a client asks."""


class Notice(Message):
    """What a server sends."""

    text: str = ""


class Named(Message, tag="Reading"):
    """The next version of a message, with one more field."""

    celsius: float = 0.0
    sensor: str = ""


class Strict(Message, tag="Reading"):
    """A version that breaks the older one."""

    sensor: int
    celsius: float = 0.0


class Foreign:
    """What no codec of ours knows."""


def contract(version: int = 1, up: Any = Reading, **options: Any) -> Contract[Any, Any]:
    """Return a contract."""
    options = {"name": "thermo", "down": Notice, **options}
    return Contract(version=version, up=up, **options)


def younger(*, previous: Any = None) -> Contract[Any, Any]:
    """Return the next version, which knows the one before unless told otherwise."""
    return contract(2, Named, previous=[contract()] if previous is None else previous)


# What it says of itself


def test_contract_has_a_label() -> None:
    """A contract is called by its name, its version and what it looks like on the wire."""
    made = contract(3)
    assert (made.name, made.version, len(made.fingerprint)) == ("thermo", 3, 16)
    assert made.label == f"thermo/3:{made.fingerprint}"
    assert repr(made) == f"<Contract {made.label}>"


def test_contract_keeps_what_it_was_given() -> None:
    """Whoever opens a door asks the contract how."""
    wire, codec, old = Plain(Lines()), Json(), contract(codec=Json(), mode=Mode.SIMPLEX)
    made = contract(2, wire=wire, codec=codec, mode=Mode.SIMPLEX, previous=[old])
    assert (made.wire, made.codec, made.mode) == (wire, codec, Mode.SIMPLEX)
    assert (made.initiator, made.previous) == ("server", (old,))


def test_contract_that_says_no_more() -> None:
    """mcws/1, MessagePack and both directions at once, unless something else is said."""
    made = contract()
    assert (made.wire, made.mode, made.previous) == (Mcws(), Mode.FULL_DUPLEX, ())
    assert isinstance(made.codec, MsgPack)


def test_contract_fingerprint_is_for_equal_looks() -> None:
    """The version is no part of the fingerprint, what is said is."""
    assert contract(1).fingerprint == contract(2).fingerprint
    assert contract(1).fingerprint != contract(1, Named).fingerprint


def test_contract_has_a_schema() -> None:
    """The schema of a contract has its label for a title."""
    assert contract().schema()["title"] == contract().label


def test_contract_knows_what_arrives_at_each_end() -> None:
    """What goes up arrives at the server, what goes down at clients."""
    made = contract(up=Reading | GetConfig)
    assert made.incoming(Role.SERVER).everything.kinds == (Reading, GetConfig)
    assert made.incoming(Role.CLIENT).everything.kinds == (Notice,)


# What cannot be a contract


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": 7}, "name must be a str, not 7"),
        ({"version": "1"}, "version must be an int, not '1'"),
        ({"wire": "tcp"}, "wire must be a Wire, such as Plain(Lines()), not 'tcp'"),
        ({"mode": "half"}, "mode must be a Mode, such as Mode.HALF_DUPLEX, not 'half'"),
        ({"previous": ["thermo"]}, "previous must be a Contract, not 'thermo'"),
        ({"up": Foreign}, "up: Foreign cannot be decoded"),
        ({"down": "Notice"}, "down: expected a type, not its name 'Notice'"),
        ({"codec": Text()}, "up: Text() carries str, not Reading"),
    ],
)
def test_contract_argument_of_another_type_raises(options: dict[str, Any], problem: str) -> None:
    """Each mistake is a ``TypeError`` at the construction, and says what was expected."""
    with pytest.raises(TypeError) as caught:
        contract(**options)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": "a/b"}, "name must be 1 to 64 printable ASCII characters without / and :"),
        ({"version": 0}, "version must be 1 to 4294967295, not 0"),
        ({"initiator": "me"}, "initiator must be 'server' or 'client', not 'me'"),
        ({"wire": Plain(Lines())}, "Lines() cannot carry what MsgPack() makes: "),
        ({"previous": [contract()]}, "previous must be lower versions of thermo, not thermo/1"),
        (
            {"version": 2, "previous": [contract(name="hydro")]},
            "previous must be lower versions of thermo, not hydro/1",
        ),
        (
            {"version": 2, "previous": [UNTYPED]},
            "previous must be lower versions of thermo, not /0",
        ),
    ],
)
def test_contract_argument_out_of_bounds_raises(options: dict[str, Any], problem: str) -> None:
    """Each value that cannot work is a ``ValueError`` at the construction."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        contract(**options)
    assert str(caught.value).startswith(problem)


def test_contract_previous_that_does_not_fit_raises() -> None:
    """A version whose clients cannot stay is refused, naming type and field."""
    old = contract()
    with pytest.raises(ContractMismatch, match=r"up Reading\.sensor: is required") as caught:
        contract(2, Strict, previous=[old])
    error = caught.value
    assert error.theirs == old.label
    assert error.ours.startswith("thermo/2:")
    assert len(error.changes) == 1


def test_contract_previous_of_another_codec_raises() -> None:
    """What does not even decode does not fit."""
    with pytest.raises(ContractMismatch) as caught:
        contract(2, codec=Json(), previous=[contract()])
    assert caught.value.changes == ("codec: was MsgPack, is Json",)


# Versions


def test_contract_accepts_what_it_can_read() -> None:
    """A field with a default is no obstacle, neither way."""
    assert younger().accepts(contract())
    assert younger().changes(contract()) == ()


def test_contract_changes_name_type_and_field() -> None:
    """Each obstacle is a line with its direction, its type and its field."""
    made = contract(2, Strict)
    assert not made.accepts(contract())
    (change,) = made.changes(contract())
    assert change == "up Reading.sensor: is required and the writer does not have it"


# Agreement: what a server says to the label of a client


@pytest.mark.parametrize(
    ("label", "is_welcome"),
    [
        ("", True),
        (contract(2, Named).label, True),
        (contract(1).label, True),
        (contract(9, Strict).label, True),
        (contract(9, name="hydro").label, False),
        (contract(1, Strict).label, False),
        (contract(2, Strict).label, False),
        (contract(1, Named).label, True),
        ("thermo", False),
        ("thermo/2", False),
        ("thermo/99999999999:0123456789abcdef", False),
    ],
    ids=[
        "empty",
        "equal",
        "in previous",
        "younger",
        "another name",
        "older and unknown",
        "of that version but another",
        "older but equal",
        "no label",
        "half a label",
        "no version",
    ],
)
def test_welcomes_a_client(label: str, is_welcome: bool) -> None:
    """A server lets in what it knows, what claims nothing, and what is younger (WIRE 3.4)."""
    assert younger().welcomes(label) is is_welcome


def test_welcomes_an_older_client_only_if_known() -> None:
    """A version that is not in ``previous`` stays outside, also one that would fit."""
    assert not younger(previous=()).welcomes(contract().label)


# Agreement: what a client says to the label of a server


@pytest.mark.parametrize(
    "label",
    ["", contract(2, Named).label, contract().label, contract(9, Strict).label],
    ids=["empty", "equal", "in previous", "younger"],
)
def test_misfit_of_a_server_that_fits(label: str) -> None:
    """A client stays with what it knows, and with what is younger and let it in."""
    assert younger().misfit(label) is None


@pytest.mark.parametrize(
    "label",
    [
        contract(1, Strict).label,
        contract(2, Strict).label,
        contract(name="hydro").label,
        contract(9, name="hydro").label,
        "thermo",
    ],
    ids=["older", "another of that version", "another name", "younger of another name", "none"],
)
def test_misfit_of_a_server_that_is_not_known(label: str) -> None:
    """A client leaves a server of which it knows nothing, and the error has both labels."""
    found = younger().misfit(label)
    assert found is not None
    assert (found.ours, found.theirs, found.changes) == (younger().label, label, ())


def test_misfit_of_a_known_server_that_cannot_be_talked_to() -> None:
    """A client that says what an older server cannot read leaves it, also if the reverse works."""

    class Wide(Message, tag="Reading"):
        """A version that says more than the older one reads."""

        celsius: float | str = 0.0

    made = contract(2, Wide, previous=[contract()])
    found = made.misfit(contract().label)
    assert found is not None
    assert found.theirs == contract().label
    (change,) = found.changes
    assert change.startswith("up Reading.celsius: ")


# Speaking


def test_dialect_of_both_ends() -> None:
    """What one end says the other one understands."""
    made = contract()
    server, client = (made.dialect(role, made.wire) for role in (Role.SERVER, Role.CLIENT))
    assert client.decode(server.encode(Notice("x"))) == Notice("x")
    assert server.decode(client.encode(Reading(1))) == Reading(1)
    with pytest.raises(EncodeError):
        server.encode(Reading(1))


@pytest.mark.parametrize("wire", [Mcws(), Plain(Cobs())], ids=repr)
def test_dialect_knows_whether_requests_are_frames(wire: Any) -> None:
    """On a wire of messages only, requests are among them."""
    made = contract(up=Reading | GetConfig).dialect(Role.SERVER, wire)
    assert made.has_frames is isinstance(wire, Mcws)


def test_dialect_in_another_codec() -> None:
    """One door may speak in another codec than the contract."""
    made = contract().dialect(Role.SERVER, Plain(Lines()), Json())
    assert made.encode(Notice("x")) == b'{"$":"Notice","text":"x"}'


def test_dialect_checked_finds_wrong_fields() -> None:
    """In debug mode a field of another type is found where it is sent."""
    made: Dialect = contract().dialect(Role.CLIENT, Mcws()).checked()
    with pytest.raises(EncodeError, match=r"^Reading is not float at \$\.celsius$"):
        made.encode(Reading(cast("Any", "hot")))


@pytest.mark.parametrize("codec", [None, MsgPack()], ids=["its own", "another"])
def test_dialect_of_a_wire_that_cannot_carry_it_raises(codec: Codec[Any] | None) -> None:
    """MessagePack does not go on lines, whether the contract or the door asked for it."""
    with pytest.raises(ValueError, match=r"^Lines.* cannot carry what MsgPack\(\) makes"):
        contract().dialect(Role.SERVER, Plain(Lines()), codec)


def test_dialect_of_a_codec_that_cannot_carry_it_raises() -> None:
    """A codec of one kind of message carries no contract of others."""
    with pytest.raises(TypeError, match=r"^up: Binary\(\) carries bytes, not Reading$"):
        contract().dialect(Role.SERVER, Mcws(), Binary())


# Without a contract


def test_untyped_has_no_label() -> None:
    """Without a contract nothing is said of one in the opening."""
    assert (UNTYPED.name, UNTYPED.label, repr(UNTYPED)) == ("", "", "UNTYPED")
    assert (UNTYPED.version, UNTYPED.fingerprint) == (0, "")


def test_untyped_speaks_the_codec_of_the_wire() -> None:
    """Messages are what the codec of the wire gives, unless another one is asked for."""
    assert UNTYPED.dialect(Role.SERVER, Mcws()).is_raw
    assert UNTYPED.dialect(Role.CLIENT, Plain(Lines())).decode(b"x") == "x"
    assert UNTYPED.dialect(Role.CLIENT, Mcws(), Json()).decode(b"[1]") == [1]


def test_untyped_of_a_wire_that_cannot_carry_it_raises() -> None:
    """A codec that was asked for has to fit the wire here too."""
    with pytest.raises(ValueError, match="cannot carry"):
        UNTYPED.dialect(Role.SERVER, Plain(Lines()), MsgPack())


def test_untyped_server_lets_in_who_claims_nothing() -> None:
    """A client with a contract expects one, so a server without one refuses it."""
    assert UNTYPED.welcomes("")
    assert not UNTYPED.welcomes(contract().label)


@pytest.mark.parametrize("label", ["", contract().label, "nonsense"])
def test_untyped_client_talks_to_any_server(label: str) -> None:
    """Who checks nothing has no reason to leave."""
    assert UNTYPED.misfit(label) is None


def test_untyped_takes_any_class() -> None:
    """Nobody knows what arrives, so any class may be waited for."""
    assert isinstance(UNTYPED.codec, Untouched)
    assert UNTYPED.incoming(Role.SERVER).check(bytes) is bytes


def test_contract_may_say_nothing_one_way() -> None:
    """``Never`` is a direction in which nothing is said."""
    made = contract(up=Never)
    with pytest.raises(EncodeError, match=r"^Reading cannot be sent here, expected nothing$"):
        made.dialect(Role.CLIENT, Mcws()).encode(Reading())


# Without a contract


def test_untyped_dialect_leaves_a_codec_as_it_is() -> None:
    """A codec that was made for one type decodes to that type."""
    dialect = UNTYPED.dialect(Role.SERVER, Mcws(), MsgPack(Reading))
    assert dialect.decode(dialect.encode(Reading())) == Reading()
    with pytest.raises(DecodeError):
        dialect.decode(MsgPack().encode({"$": "Reading", "celsius": "x"}))


# Mistakes that type checkers tell of


def test_codec_that_is_a_class_raises() -> None:
    """The class in place of an object of it is a ``TypeError`` that shows a right one."""
    with pytest.raises(TypeError, match=r"^codec must be a codec, such as Json\(\), not <class "):
        contract(codec=Json)


def test_previous_that_is_no_sequence_raises() -> None:
    """One contract in place of several is a ``TypeError`` that shows it."""
    with pytest.raises(
        TypeError, match=r"^previous must be a sequence of contracts, not <Contract"
    ):
        contract(version=2, previous=contract())


@pytest.mark.parametrize("kind", [[Reading], (Reading, Reading), Reading()])
def test_direction_that_is_no_type_raises(kind: Any) -> None:
    """A list of classes, or an object, is no type."""
    with pytest.raises(TypeError, match=r"^up: expected a class or a union such as A \| B, not "):
        contract(up=kind)


def test_class_in_place_of_a_message_raises() -> None:
    """What is sent is an object."""
    with pytest.raises(EncodeError, match=r"^expected a message, not the class Reading$"):
        contract().dialect(Role.CLIENT, Mcws()).encode(Reading)
