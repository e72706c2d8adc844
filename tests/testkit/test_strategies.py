"""The strategies: what they draw is what it says, and the simplest of it is simple."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, TypedDict, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from mcws_protocol import (
    UNTYPED,
    Binary,
    Contract,
    Delimited,
    Fixed,
    Frame,
    Framing,
    LengthPrefixed,
    Lines,
    LocalProtocolError,
    Message,
    MsgPack,
    Plain,
    Request,
    Role,
    Slip,
    Text,
    decode_frame,
    encode_frame,
)
from mcws_testkit._payloads import carried
from mcws_testkit._values import values_of
from mcws_testkit.strategies import chunkings, frames, messages, payloads

# As many examples as a search needs, whatever the profile.
QUIET = settings(database=None, derandomize=True, deadline=None, max_examples=5_000)


class Config(Message):
    """An answer."""

    name: str


class GetConfig(Request[Config]):
    """A request."""

    section: Annotated[int, Meta(ge=1, le=9)]


class Reading(Message):
    """A message."""

    celsius: float
    note: str = "none"


class Stop(Message):
    """Another one."""


THERMO = Contract("thermo", version=1, up=Reading | GetConfig, down=Stop)


@given(st.binary(max_size=40), st.data())
def test_chunkings_make_the_data(data: bytes, draws: st.DataObject) -> None:
    """The pieces of any chunking are the data."""
    assert b"".join(draws.draw(chunkings(data))) == data


def test_chunkings_have_all_shapes() -> None:
    """The simplest is one piece; there are empty pieces, and single bytes."""
    data = b"abcdefgh"
    assert find(chunkings(data), lambda _: True, settings=QUIET) == [data]
    assert b"" in find(chunkings(data), lambda pieces: b"" in pieces, settings=QUIET)
    single = find(chunkings(data), lambda pieces: len(pieces) == 8 and all(pieces), settings=QUIET)
    assert single == [bytes([byte]) for byte in data]


FRAMINGS = [
    Lines(),
    Delimited(b"--"),
    Fixed(1),
    Fixed(5),
    Fixed(3000),
    LengthPrefixed(1),
    LengthPrefixed(3, adjustment=-3),
    Slip(),
]


@pytest.mark.parametrize("framing", FRAMINGS, ids=repr)
@given(data=st.data())
def test_payloads_are_carried(framing: Framing, data: st.DataObject) -> None:
    """Each payload passes the check of its framing."""
    framing.check(data.draw(payloads(framing)))


def test_payloads_have_corners() -> None:
    """Empty ones, long ones and header bytes are among them."""
    framing = LengthPrefixed(2)
    assert find(payloads(framing), lambda payload: not payload, settings=QUIET) == b""
    assert len(find(payloads(framing), lambda payload: len(payload) > 255, settings=QUIET)) == 256
    assert find(payloads(Lines()), lambda payload: b"\r" in payload[:-1], settings=QUIET)


def test_payloads_of_a_framing_that_decodes_only_are_refused() -> None:
    """Where nothing is carried the error names the framing."""
    with pytest.raises(ValueError, match=r"^LengthPrefixed\(.* carries none .* `payloads`$"):
        payloads(LengthPrefixed(1, offset=1))


@given(frames())
def test_frames_are_valid(frame: Frame) -> None:
    """Each frame comes back from its bytes."""
    data = encode_frame(frame)
    assert decode_frame(data[4], data[5], data[6:]) == frame


@pytest.mark.parametrize("kind", get_args(Frame))
def test_frames_of_each_type_are_drawn(kind: type[Frame]) -> None:
    """No frame is left out of the laws that draw frames here."""
    quick = settings(QUIET, phases=[Phase.generate])
    assert type(find(frames(), lambda frame: type(frame) is kind, settings=quick)) is kind


@given(messages(THERMO, "up"))
def test_messages_up_are_what_clients_send(message: Any) -> None:
    """They are of the types of their direction, requests among them, and can be encoded."""
    assert isinstance(message, Reading | GetConfig)
    dialect = THERMO.dialect(Role.CLIENT, THERMO.wire).checked()
    if isinstance(message, GetConfig):
        assert 1 <= message.section <= 9
        dialect.encode_request(message)
    else:
        dialect.encode(message)


def test_messages_down_are_what_the_server_sends() -> None:
    """The other direction has its own types."""
    assert find(messages(THERMO, "down"), lambda _: True, settings=QUIET) == Stop()
    assert find(messages(THERMO, "up"), lambda m: isinstance(m, GetConfig), settings=QUIET)
    some = find(
        messages(THERMO, "up"), lambda m: getattr(m, "note", "none") != "none", settings=QUIET
    )
    assert isinstance(some, Reading)


@given(messages(UNTYPED, "up"))
def test_messages_without_a_contract_are_raw(message: object) -> None:
    """They are bytes or text."""
    assert isinstance(message, bytes | str)


def test_messages_of_a_codec_of_its_own_types() -> None:
    """They are left to ``from_type``."""
    lines = Contract("l", version=1, up=str, down=str, wire=Plain(Lines()), codec=Text())
    blobs = Contract("b", version=1, up=bytes, down=bytes, codec=Binary())
    assert find(messages(lines, "up"), lambda _: True, settings=QUIET) == ""
    assert find(messages(blobs, "down"), lambda _: True, settings=QUIET) == b""


def test_messages_where_nothing_is_said_are_refused() -> None:
    """A direction without messages, or of another name, is a ``ValueError``."""
    from typing import Never

    quiet = Contract("quiet", version=1, up=Stop, down=Never)
    with pytest.raises(ValueError, match=r"nothing goes down in <Contract quiet/1"):
        messages(quiet, "down")
    with pytest.raises(ValueError, match="direction must be 'up' or 'down', not 'left'"):
        messages(quiet, "left")  # type: ignore[arg-type]  # on purpose


# All that a field may be


class Colour(enum.Enum):
    """Some values."""

    RED = "red"
    BLUE = "blue"


class Pair(NamedTuple):
    """Two values."""

    one: int
    other: str = "x"


class Row(TypedDict, total=False):
    """A dict of known keys."""

    number: int


@dataclass
class Node:
    """Contains others of its kind."""

    children: list[Node]
    label: str | None = None


class Zoo(msgspec.Struct):
    """One field of each kind."""

    flag: bool
    small: Annotated[int, Meta(gt=0, lt=5)]
    step: Annotated[int, Meta(multiple_of=7)]
    ratio: Annotated[float, Meta(gt=0, lt=1)]
    half: Annotated[float, Meta(multiple_of=0.5)]
    bounded_half: Annotated[float, Meta(multiple_of=0.5, ge=1, le=3)]
    word: Annotated[str, Meta(pattern="^a+$", max_length=9)]
    free_word: Annotated[str, Meta(pattern="b")]
    code: Annotated[str, Meta(min_length=2, max_length=4)]
    raw: bytes
    buffer: bytearray
    at: Annotated[dt.datetime, Meta(tz=True)]
    local: Annotated[dt.datetime, Meta(tz=False)]
    any_time: dt.datetime
    clock: dt.time
    day: dt.date
    wait: dt.timedelta
    money: Decimal
    key: UUID
    colour: Colour
    one_of: Literal["a", 1]
    pair: Pair
    row: Row
    node: Node
    rows: list[int]
    tail: tuple[int, ...]
    two: tuple[int, str]
    unique: set[int]
    fixed: frozenset[str]
    table: Annotated[dict[str, int], Meta(max_length=2)]
    whatever: Any
    nothing: None


@given(values_of(Zoo))
@settings(max_examples=50)
def test_values_keep_to_their_types(zoo: Zoo) -> None:
    """What is drawn decodes to the same, with all constraints."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(zoo), type=Zoo) == zoo


class Plane:
    """A class that msgspec does not know."""


@given(values_of(Plane) | values_of(memoryview))
def test_values_of_other_classes_are_left_to_from_type(value: object) -> None:
    """A class of the application is made as Hypothesis makes it."""
    assert isinstance(value, Plane | memoryview)


def test_messages_with_values_of_a_codec_encode() -> None:
    """What is drawn for a contract can be sent, whatever its codec."""
    message = find(messages(THERMO, "up"), lambda _: True, settings=QUIET)
    assert MsgPack(Reading).encode(message)


class Empty:
    """A framing without payloads."""

    keeps_boundaries = True

    def check(self, payload: bytes) -> None:
        """Refuse all but nothing."""
        if payload:
            raise LocalProtocolError("it is not empty")


def test_payloads_of_what_carries_only_nothing() -> None:
    """Where a payload has no bytes, the one that there is is drawn."""
    assert find(carried(Empty().check), lambda _: True, settings=QUIET) == b""


def test_values_with_words_for_a_schema() -> None:
    """What only a schema says of a type changes no values."""
    titled = values_of(Annotated[int, Meta(title="Section", extra_json_schema={"x": 1})])
    assert find(titled, lambda _: True, settings=QUIET) == 0
