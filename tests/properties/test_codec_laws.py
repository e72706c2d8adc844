"""The laws of typed codecs: what is encoded comes back, and whatever arrives raises one error."""

from __future__ import annotations

import traceback
from typing import Any, Final, Never

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcws_protocol import (
    Codec,
    Contract,
    DecodeError,
    Dialect,
    Json,
    Message,
    MsgPack,
    Role,
    UnknownMessage,
    shown,
)
from mcws_protocol._codec import Binary, Text, Untouched
from mcws_testkit import CodecSuite
from tests.properties.models import Model, build, messages, renamed, values_of

MARKER: Final = "s3cr3tM4rk3r"

BOTH: Final[tuple[Codec[Any], ...]] = (MsgPack(), Json())
codecs: Final = st.sampled_from(BOTH)
QUIET: Final = settings(
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ]
)


class Place(msgspec.Struct, frozen=True):
    """A part of a message."""

    floor: int
    names: dict[str, int] = {}


class Reading(Message):
    """A message with parts."""

    celsius: float
    at: Place | None = None
    rest: list[Any] = []  # noqa: RUF012 - msgspec copies it


@st.composite
def vocabularies(draw: st.DrawFn) -> list[Any]:
    """Return classes of messages that make one direction."""
    models: list[Model] = draw(st.lists(messages(), min_size=1, max_size=2))
    # Two messages of one direction never have one name.
    return [build(renamed(model, f"N{at}"), Message) for at, model in enumerate(models)]


def union(kinds: list[Any]) -> Any:
    """Return the union of classes."""
    found = kinds[0]
    for kind in kinds[1:]:
        found = found | kind
    return found


@st.composite
def talks(draw: st.DrawFn) -> tuple[Contract[Any, Any], list[Any], list[Any]]:
    """Return a contract with messages of both directions."""
    up, down = draw(vocabularies()), draw(vocabularies())
    contract: Contract[Any, Any] = Contract(
        "talk", version=1, up=union(up), down=union(down), codec=draw(codecs)
    )
    said = [[draw(values_of(kind)) for kind in kinds] for kinds in (up, down)]
    return contract, said[0], said[1]


def ends(contract: Contract[Any, Any]) -> tuple[Dialect, Dialect]:
    """Return how the server and a client of ``contract`` speak."""
    server, client = (contract.dialect(role, contract.wire) for role in (Role.SERVER, Role.CLIENT))
    return server, client


def refusal(dialect: Dialect, payload: bytes | str) -> DecodeError | None:
    """Return the error with which ``payload`` is refused; None if it is a message."""
    try:
        dialect.decode(payload)
    except DecodeError as error:
        return error
    return None


def check_refusal(dialect: Dialect, payload: bytes | str) -> None:
    """Check that ``payload`` is a message, or that its error shows nothing of it."""
    error = refusal(dialect, payload)
    if error is None:
        return
    assert error.code == 1007
    assert error.__cause__ is None
    assert error.__context__ is None
    if isinstance(error, UnknownMessage):
        # What a peer calls a type is shown, cut and escaped, but nothing else.
        assert error.args == (error.expected, error.tag)
        assert str(error) == f"message of type {shown(error.tag)}, known are {error.expected}"
        assert MARKER not in f"{error.expected}{error.path}{error.reason}"
    else:
        # As a log would have it: the frames of the traceback show the source, and no values.
        whole = "".join(traceback.format_exception(error))
        assert MARKER not in f"{whole}{error!r}{error.args}{vars(error)}"


@given(talks())
@QUIET
def test_messages_come_back(talk: tuple[Contract[Any, Any], list[Any], list[Any]]) -> None:
    """Law: decode(encode(m)) == m, from either end to the other one, in both codecs."""
    contract, up, down = talk
    server, client = ends(contract)
    for sender, receiver, said in ((client, server, up), (server, client, down)):
        for message in said:
            payload = sender.encode(message)
            assert receiver.decode(payload) == message
            assert receiver.quick_decode is not None
            assert receiver.quick_decode(payload) == message
            assert sender.checked().encode(message) == payload


# What a peer may send: parts of values that may stand anywhere, the marker among them.
texts: Final = st.one_of(
    st.just(MARKER),
    st.sampled_from(
        (
            f"{MARKER}` - at `$.{MARKER}`",
            f"`, got `{MARKER}`",
            f"{MARKER}\n",
            f"Expected `{MARKER}`",
            f"{MARKER}\x00\ud7ff",
        )
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(lambda text: text + MARKER),
)
contents: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | texts.map(str.encode),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutations(draw: st.DrawFn, payload: bytes) -> bytes:
    """Return ``payload`` with the marker or noise in it, without a part, or with a part twice."""
    begin, end = sorted(draw(st.tuples(*[st.integers(0, len(payload))] * 2)))
    pieces = st.sampled_from((b"", MARKER.encode(), payload[begin:end] * 2)) | st.binary(max_size=8)
    return payload[:begin] + draw(pieces) + payload[end:]


def swap(draw: st.DrawFn, value: Any) -> Any:
    """Return ``value`` with one of its parts replaced by something else."""
    kind: str = value.__class__.__name__ if value and draw(st.booleans()) else ""
    if kind == "dict":
        return swap_item(draw, value)
    if kind == "list":
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], swap(draw, value[at]), *value[at + 1 :]]
    return draw(contents)


def swap_item(draw: st.DrawFn, items: dict[Any, Any]) -> dict[Any, Any]:
    """Return ``items`` with one value, or one key but that of the name, replaced."""
    key = draw(st.sampled_from(list(items)))
    if key != "$" and draw(st.booleans()):
        return {draw(texts) if each == key else each: items[each] for each in items}
    return {**items, key: swap(draw, items[key])}


@st.composite
def damages(draw: st.DrawFn, codec: Codec[Any], message: Any) -> bytes:
    """Return the payload of ``message`` with a part of another type, or with damaged bytes."""
    payload = encoded(codec, message)
    if draw(st.booleans()):
        return draw(mutations(payload))
    return encoded(codec, swap(draw, codec.decode(payload)))


def encoded(codec: Codec[Any], content: Any) -> bytes:
    """Return the payload for ``content``; of these codecs it is always bytes."""
    payload = codec.encode(content)
    assert isinstance(payload, bytes)
    return payload


@given(st.data(), vocabularies(), codecs)
@QUIET
def test_damaged_messages_give_decode_errors_only(
    data: st.DataObject, kinds: list[Any], codec: Codec[Any]
) -> None:
    """Law: a message with wrong parts or bytes decodes or is a ``DecodeError`` without content."""
    contract: Contract[Any, Any] = Contract(
        "law", version=1, up=union(kinds), down=Never, codec=codec
    )
    server, _ = ends(contract)
    message = data.draw(values_of(kinds[0]))
    for _ in range(4):
        check_refusal(server, data.draw(damages(codec, message)))


READING: Final = {
    codec: Contract("law", version=1, up=Reading, down=Reading, codec=codec) for codec in BOTH
}


def deep(codec: Codec[Any], count: int = 100_000) -> bytes:
    """Return a message that is nested too deeply."""
    if isinstance(codec, Json):
        return b'{"$":"Reading","celsius":1,"rest":' + b"[" * count + b"]" * count + b"}"
    return b"\x83\xa1$\xa7Reading\xa7celsius\x01\xa4rest" + b"\x91" * count + b"\x90"


@given(codecs, st.binary(max_size=64) | st.text(max_size=64))
@example(MsgPack(), deep(MsgPack()))
@example(Json(), deep(Json()))
@example(MsgPack(), b"\x91" * 100_000)
@example(Json(), b"[" * 100_000)
@example(MsgPack(), b"\x82\xa1$\xa7Reading\xa7celsius\xa2\xff\xff")
@example(Json(), b'{"$":"Reading","celsius":"\xff"}')
@example(Json(), b'{"$":"Reading","celsius":1' + b"0" * 100_000 + b"}")
@example(Json(), b'{"$":"Reading","celsius":1,"at":{"floor":' + b"9" * 5_000 + b"}}")
@example(Json(), b'{"$":"Reading","celsius":1e99999}')
@example(MsgPack(), b"\x82\xa1$\xa7Reading\xa7celsius\xcf" + b"\xff" * 8)
@example(MsgPack(), b"\xdf\xff\xff\xff\xff")
@example(MsgPack(), b"\xdd\xff\xff\xff\xff")
@example(MsgPack(), b"\xc7\xff\x05" + MARKER.encode())
@example(MsgPack(), b"\x81\xa1$\xd9\xff" + MARKER.encode())
@example(Json(), '{"$":"\ud800"}')
@example(MsgPack(), "\ud800")
@example(Json(), f'{{"$":"{MARKER}"}}')
@example(Json(), b'{"$":"Reading","celsius":NaN}')
def test_random_bytes_give_decode_errors_only(codec: Codec[Any], payload: bytes | str) -> None:
    """Law: any bytes and any text give a message or a ``DecodeError`` without content."""
    contract = next(made for known, made in READING.items() if type(known) is type(codec))
    server, _ = ends(contract)
    check_refusal(server, payload)


# The public suite: one type of messages, and the codecs that know none

raw: Final = st.binary(max_size=40) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


class TestMsgPack(CodecSuite):
    """The laws for MessagePack."""

    codec = MsgPack(Reading)
    messages = values_of(Reading)
    unencodable = st.builds(object)


class TestJson(CodecSuite):
    """The laws for JSON."""

    codec = Json(Reading)
    messages = values_of(Reading)
    unencodable = st.sampled_from((float("nan"), float("inf"), object()))


class TestText(CodecSuite):
    """The laws for text."""

    codec = Text()
    messages = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    unencodable = st.sampled_from((b"\xff", bytearray(b"x"), 1, None))


class TestBinary(CodecSuite):
    """The laws for bytes."""

    codec = Binary()
    messages = st.binary(max_size=40)
    unencodable = st.sampled_from(("\ud800", bytearray(b"x"), 1, None))


class TestUntouched(CodecSuite):
    """The laws where nothing is done."""

    codec = Untouched()
    messages = raw
    unencodable = st.sampled_from((bytearray(b"x"), 1, None))

    def equal(self, one: Any, other: Any) -> bool:
        """Return whether two messages are the same; text in bytes is the text."""
        return plain(one) == plain(other)


def plain(message: str | bytes) -> bytes:
    """Return a message as bytes."""
    return message.encode() if isinstance(message, str) else message
