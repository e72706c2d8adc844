"""Terms: whether what one version writes another one can read, and what the fingerprint sees."""

from __future__ import annotations

from typing import Any, Never

import msgspec
import pytest

from mcws_protocol._codec import Binary, Codec
from mcws_protocol._message import Message, Request
from mcws_protocol._mode import Mode
from mcws_protocol._structured import Json, MsgPack
from mcws_protocol._terms import Terms
from mcws_protocol._vocabulary import Vocabulary


class Reading(Message):
    """A message."""

    celsius: float = 0.0


class Alarm(Message):
    """Another message."""


class Ok(Message):
    """What answers."""

    since: int = 0


class Ask(Request[Ok]):
    """A request."""


class Tell(Request[Ok | None]):
    """A request that may be answered by nothing."""


def made(name: str, **fields: Any) -> Any:
    """Return a class of messages of another module; what is no type is a default."""
    given: list[Any] = [
        (field, value) if isinstance(value, type) else (field, type(value), value)
        for field, value in fields.items()
    ]
    return msgspec.defstruct(name, given, bases=(Message,), module="another", frozen=True)


def asking(reply: Any) -> Any:
    """Return a class of requests called Ask that ``reply`` answers."""

    class Ask(Request[reply]):
        """Another version of the request."""

    return Ask


def terms(
    up: Any = Never,
    down: Any = Never,
    codec: Codec[Any] | None = None,
    mode: Mode = Mode.FULL_DUPLEX,
    initiator: str = "server",
) -> Terms:
    """Return terms."""
    codec = codec or MsgPack()
    return Terms(
        Vocabulary("up", up, codec), Vocabulary("down", down, codec), codec, mode, initiator
    )


READING = "Reading"
NEEDS = made(READING, sensor=str, celsius=0.0)
OTHER = made(READING, celsius="warm")
MORE = made(READING, celsius=0.0, sensor="x")


# A client of the older version, a server of the younger one


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"up": Reading}, {"up": Reading}),
        ({"up": Reading}, {"up": MORE}),
        ({"up": MORE}, {"up": Reading}),
        ({"up": Reading}, {"up": Reading | Alarm}),
        ({"down": Reading}, {"down": MORE}),
        ({"down": Reading}, {"down": Reading | Alarm}),
        ({"down": Reading | Alarm}, {"down": Reading}),
        ({"up": Never}, {"up": Reading | int}),
        ({"down": Never}, {"down": int}),
        ({"up": Ask}, {"up": Ask | Tell}),
        ({"up": list[int]}, {"up": list[float]}),
    ],
)
def test_behind_what_fits(old: dict[str, Any], new: dict[str, Any]) -> None:
    """New types and new fields with defaults keep no older client away."""
    assert terms(**new).behind(terms(**old)) == []


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (
            {"up": Reading},
            {"up": NEEDS},
            "up Reading.sensor: is required and the writer does not have it",
        ),
        ({"up": Reading}, {"up": OTHER}, "up Reading.celsius: float is written, str is read"),
        ({"up": Reading | Alarm}, {"up": Reading}, "up Alarm: is not known to the reader"),
        (
            {"down": NEEDS},
            {"down": Reading},
            "down Reading.sensor: is required and the writer does not have it",
        ),
        ({"down": OTHER}, {"down": Reading}, "down Reading.celsius: float is written, str is read"),
        ({"up": Ask}, {"up": asking(Alarm)}, "reply "),
        ({"down": Ask}, {"down": asking(Alarm)}, "reply "),
        ({"up": list[float]}, {"up": list[int]}, "up "),
        ({"up": Alarm | int}, {"up": Alarm}, "up Alarm | int: is not known to the reader"),
    ],
)
def test_behind_what_does_not_fit(old: dict[str, Any], new: dict[str, Any], change: str) -> None:
    """Each obstacle is one line with its direction, its type and its field."""
    (found,) = terms(**new).behind(terms(**old))
    assert found.startswith(change)


def test_behind_replies_one_way_only() -> None:
    """Who answers writes and who asks reads, so an answer that is new may be too much."""
    narrow, wide = terms(up=asking(Ok)), terms(up=asking(Ok | Alarm))
    assert narrow.behind(wide) == []
    assert len(wide.behind(narrow)) == 1
    narrow, wide = terms(down=asking(Ok)), terms(down=asking(Ok | Alarm))
    assert wide.behind(narrow) == []
    assert len(narrow.behind(wide)) == 1


# A client of the younger version, a server of the older one


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"up": Reading}, {"up": MORE}),
        ({"up": Reading}, {"up": Reading | Alarm | int}),
        ({"up": Reading | Alarm}, {"up": Reading}),
        ({"down": Reading | Alarm}, {"down": Reading}),
        ({"down": Reading}, {"down": MORE}),
        ({"up": NEEDS}, {"up": NEEDS}),
        ({"up": Ask}, {"up": Ask | Tell}),
    ],
)
def test_ahead_of_what_fits(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What an older server does not know it skips, and a new field it ignores."""
    assert terms(**new).ahead(terms(**old)) == []


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (
            {"up": NEEDS},
            {"up": Reading},
            "up Reading.sensor: is required and the writer does not have it",
        ),
        (
            {"down": Reading},
            {"down": NEEDS},
            "down Reading.sensor: is required and the writer does not have it",
        ),
        ({"up": Ask}, {"up": asking(Alarm)}, "reply "),
        ({"down": Ask}, {"down": asking(Alarm)}, "reply "),
        ({"down": list[float]}, {"down": list[int]}, "down "),
    ],
)
def test_ahead_of_what_does_not_fit(old: dict[str, Any], new: dict[str, Any], change: str) -> None:
    """What a younger client says and hears at an older server has to decode too."""
    (found,) = terms(**new).ahead(terms(**old))
    assert found.startswith(change)


def test_ahead_replies_one_way_only() -> None:
    """An older server writes the answers that a younger client reads, and the reverse."""
    narrow, wide = terms(up=asking(Ok)), terms(up=asking(Ok | Alarm))
    assert wide.ahead(narrow) == []
    assert len(narrow.ahead(wide)) == 1
    narrow, wide = terms(down=asking(Ok)), terms(down=asking(Ok | Alarm))
    assert narrow.ahead(wide) == []
    assert len(wide.ahead(narrow)) == 1


# Besides the messages


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"codec": Json()}, "codec: was MsgPack, is Json"),
        ({"mode": Mode.SIMPLEX}, "mode: was full duplex, is simplex"),
        ({"mode": Mode.HALF_DUPLEX}, "mode: was full duplex, is half duplex"),
    ],
)
def test_differences_besides_messages(options: dict[str, Any], change: str) -> None:
    """Another codec or mode fits neither way."""
    old, new = terms(Reading), terms(Reading, **options)
    assert new.behind(old) == [change]
    assert new.ahead(old) == [change]


def test_differences_in_who_begins() -> None:
    """Where the turn is held by one end at a time, both have to know who has it first."""
    old, new = (
        terms(Reading, mode=Mode.HALF_DUPLEX, initiator=who) for who in ("server", "client")
    )
    assert new.behind(old) == ["initiator: was server, is client"]
    assert new.ahead(old) == ["initiator: was server, is client"]


# The fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"up": Reading | Alarm}, {"up": Alarm | Reading}),
        ({"up": Ask | Tell}, {"up": Tell | Ask}),
        ({"up": Reading}, {"up": made(READING, celsius=0.0)}),
        ({"up": asking(Ok | Alarm)}, {"up": asking(Alarm | Ok)}),
        ({"up": Reading, "initiator": "client"}, {"up": Reading}),
        ({"up": int | str}, {"up": str | int}),
    ],
    ids=[
        "order",
        "order of requests",
        "module and docstring",
        "order of replies",
        "idle",
        "native",
    ],
)
def test_fingerprint_of_equal_terms(one: dict[str, Any], other: dict[str, Any]) -> None:
    """What nobody sees on the wire is no part of the fingerprint."""
    assert terms(**one).fingerprint() == terms(**other).fingerprint()


@pytest.mark.parametrize(
    "other",
    [
        {"up": OTHER},
        {"up": MORE},
        {"up": made("Reading2", celsius=0.0)},
        {"up": made(READING, celsius=1.0)},
        {"up": made(READING, celsius=float)},
        {"up": Reading | Alarm},
        {"down": Reading},
        {"up": Reading, "codec": Json()},
        {"up": Reading, "mode": Mode.SIMPLEX},
        {"up": Reading, "mode": Mode.HALF_DUPLEX},
    ],
    ids=["type", "field", "name", "default", "required", "more", "way", "codec", "mode", "half"],
)
def test_fingerprint_of_other_terms(other: dict[str, Any]) -> None:
    """What changes the wire changes the fingerprint."""
    assert terms(Reading).fingerprint() != terms(**other).fingerprint()


def test_fingerprint_sees_replies() -> None:
    """The type of a reply is part of it, in either direction."""
    assert terms(asking(Ok)).fingerprint() != terms(asking(Alarm)).fingerprint()
    assert terms(down=asking(Ok)).fingerprint() != terms(down=asking(Alarm)).fingerprint()


def test_fingerprint_sees_who_begins_in_half_duplex() -> None:
    """Two ends that both begin, or neither, have no contract."""
    ends = (
        terms(Reading, mode=Mode.HALF_DUPLEX, initiator=who).fingerprint()
        for who in ("server", "client")
    )
    assert len(set(ends)) == 2


def test_fingerprint_stays_for_ever() -> None:
    """Programs of different versions of mcws have to agree, so this text never changes."""
    assert terms(Reading | Ask, Alarm).fingerprint() == "4c474fdd66d41585"


# Codecs with types of their own


class Shape:
    """What a stranger's codec knows, and nobody else."""


class Described(Binary):
    """A codec that can say what its types look like."""

    def __init__(self, look: object) -> None:
        self._look = look

    def for_type(self, kind: object, /) -> Described:
        """Return itself: it decodes to nothing."""
        return self

    def describe(self, kind: object, /) -> object:
        """Return what every type looks like."""
        return self._look


def test_fingerprint_asks_a_codec_for_its_own_types() -> None:
    """A class that changed inside has the same name, so only its codec can tell."""
    one, other = (terms(Shape, codec=Described(look)) for look in ("round", "square"))
    assert one.fingerprint() != other.fingerprint()
    assert terms(Shape, codec=Described("round")).fingerprint() == one.fingerprint()


def test_behind_of_types_that_only_the_codec_knows() -> None:
    """It cannot say more of them than whether they are equal."""
    one, other = (terms(Shape, codec=Described(look)) for look in ("round", "square"))
    assert one.behind(one) == []
    assert other.behind(one) == ["up Shape: looks different"]
    assert one.ahead(other) == ["up Shape: looks different"]


def test_messages_are_described_by_their_fields_whatever_the_codec() -> None:
    """What a codec says counts for types of its own only."""
    one, other = (terms(Reading, codec=Described(look)) for look in ("round", "square"))
    assert one.fingerprint() == other.fingerprint()


def test_who_begins_matters_in_half_duplex_only() -> None:
    """Where both may send, nobody begins."""
    old, new = (terms(Reading, initiator=who) for who in ("server", "client"))
    assert new.behind(old) == []
