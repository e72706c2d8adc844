"""Dialects: what one end encodes and decodes, with frames and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from mcws_protocol._codec import Text, Untouched
from mcws_protocol._dialect import Dialect
from mcws_protocol._errors import EncodeError, LocalProtocolError, UnknownMessage
from mcws_protocol._message import Message, Request
from mcws_protocol._structured import Json
from mcws_protocol._vocabulary import Vocabulary


class Reading(Message):
    """What a client sends."""

    celsius: float = 0.0


class Notice(Message):
    """What a server sends."""

    text: str = ""


class Config(Message):
    """What answers a client."""

    interval_s: float = 10.0


class GetConfig(Request[Config]):
    """What a client asks."""


class Ok(Message):
    """What answers a server."""

    since: int = 0


class SetLed(Request[Ok]):
    """What a server asks."""

    on: bool = True


UP = Vocabulary("up", Reading | GetConfig, Json())
DOWN = Vocabulary("down", Notice | SetLed, Json())
WRONG: Any = cast("Any", "wrong")


def server(*, has_frames: bool = True) -> Dialect:
    """Return how the server speaks."""
    return Dialect(DOWN, UP, has_frames=has_frames)


def client(*, has_frames: bool = True) -> Dialect:
    """Return how a client speaks."""
    return Dialect(UP, DOWN, has_frames=has_frames)


def plain(codec: Any) -> Dialect:
    """Return how both ends speak without a contract."""
    both = Vocabulary("", object, codec)
    return Dialect(both, both, has_frames=True)


def test_dialect_message_arrives() -> None:
    """What one end says the other one understands."""
    assert client().decode(server().encode(Notice("x"))) == Notice("x")
    assert server().decode(client().encode(Reading(1))) == Reading(1)


def test_dialect_message_of_the_other_end_raises() -> None:
    """No end says what only the other one may say."""
    with pytest.raises(EncodeError, match=r"^Reading cannot be sent here, expected Notice$"):
        server().encode(Reading())


def test_dialect_quick_decode_gives_the_same() -> None:
    """In a hurry a message is the same."""
    decode = server().quick_decode
    assert decode is not None
    assert decode(client().encode(Reading(1))) == Reading(1)


def test_dialect_request_arrives() -> None:
    """Where there are frames, a request is decoded by itself."""
    assert server().decode_request(client().encode_request(GetConfig())) == GetConfig()


def test_dialect_request_is_no_message_with_frames() -> None:
    """A request that comes as a message is not known as one."""
    with pytest.raises(UnknownMessage):
        server().decode(client().encode_request(GetConfig()))


@pytest.mark.parametrize("message", [Reading(1), GetConfig()])
def test_dialect_everything_is_a_message_without_frames(message: Message) -> None:
    """A wire without frames does not tell requests from messages."""
    end = client(has_frames=False)
    encode = end.encode_request if isinstance(message, Request) else end.encode
    assert server(has_frames=False).decode(encode(message)) == message


def test_dialect_message_as_a_request_raises() -> None:
    """A message would never be answered, so the error says how to send it."""
    problem = r"^Reading is no request: send it with send\(\), not with request\(\)$"
    with pytest.raises(EncodeError, match=problem):
        client().encode_request(Reading())


@pytest.mark.parametrize("request_", [SetLed(), "text"], ids=["request", "text"])
def test_dialect_request_of_the_other_end_raises(request_: object) -> None:
    """No end asks what only the other one may ask, nor what is in no contract."""
    name = type(request_).__name__
    with pytest.raises(EncodeError, match=f"^{name} cannot be sent here, expected GetConfig$"):
        client().encode_request(request_)


def test_dialect_reply_arrives() -> None:
    """What answers a request belongs to it and to neither direction."""
    payload = server().encode_reply(GetConfig(), Config(2))
    assert client().decode_reply(GetConfig(), payload) == Config(2)
    payload = client().encode_reply(SetLed(), Ok(3))
    assert server().decode_reply(SetLed(), payload) == Ok(3)


@pytest.mark.parametrize("reply", [Ok(), Notice(), None, "text"])
def test_dialect_reply_of_another_type_raises(reply: object) -> None:
    """A request is answered by what it says, not by any message of this end."""
    with pytest.raises(EncodeError, match=r"cannot be sent here, expected Config$"):
        server().encode_reply(GetConfig(), reply)


def test_dialect_reply_to_another_request_is_unknown() -> None:
    """An answer decodes to what belongs to the request that was asked."""
    with pytest.raises(UnknownMessage):
        client().decode_reply(GetConfig(), client().encode_reply(SetLed(), Ok()))


# Without types


def test_dialect_untouched_has_nothing_to_do() -> None:
    """Where payloads are messages, nobody decodes."""
    made = plain(Untouched())
    assert made.is_raw
    assert made.quick_decode is None
    assert made.encode("x") == "x"


def test_dialect_of_another_codec_decodes() -> None:
    """Any other codec has something to do."""
    made = plain(Text())
    assert not made.is_raw
    assert made.quick_decode is not None
    assert made.quick_decode(b"x") == "x"


def test_dialect_request_without_types() -> None:
    """Without a contract a request and its answer are messages like any other."""
    made = plain(Text())
    assert made.decode_request(made.encode_request("ask")) == "ask"
    assert made.decode_reply("ask", made.encode_reply("ask", "answer")) == "answer"


# Debugging


# An end, what it says, and what is wrong with that.
SAYINGS: dict[str, tuple[Callable[[], Dialect], Callable[[Dialect], object], str]] = {
    "down": (
        server,
        lambda end: end.encode(Notice(cast("Any", 1))),
        r"Notice is not str at \$\.text",
    ),
    "up": (
        client,
        lambda end: end.encode(Reading(WRONG)),
        r"Reading is not float at \$\.celsius",
    ),
    "request": (
        server,
        lambda end: end.encode_request(SetLed(WRONG)),
        r"SetLed is not bool at \$\.on",
    ),
    "reply": (
        server,
        lambda end: end.encode_reply(GetConfig(), Config(WRONG)),
        r"Config is not float at \$\.interval_s",
    ),
}


@pytest.mark.parametrize("case", SAYINGS)
def test_dialect_checked_looks_at_fields(case: str) -> None:
    """For debugging a field of another type is found where it is sent, and only then."""
    end, say, problem = SAYINGS[case]
    say(end())
    with pytest.raises(EncodeError, match=f"^{problem}$"):
        say(end().checked())


def test_dialect_checked_lets_pass_what_fits() -> None:
    """What is right is encoded as always."""
    assert server().checked().encode(Notice("x")) == server().encode(Notice("x"))


def test_dialect_checked_is_made_once() -> None:
    """All connections of a door share one, and it is its own."""
    made = server()
    assert made.checked() is made.checked()
    assert made.checked().checked() is made.checked()


def test_dialect_checked_understands_the_same() -> None:
    """What arrives is decoded as always."""
    made = server(has_frames=False).checked()
    assert not made.has_frames
    assert (made.outgoing, made.incoming) == (DOWN, UP)
    assert made.decode(client().encode(Reading(1))) == Reading(1)


def test_dialect_checked_without_types() -> None:
    """Where nothing is agreed on, there is nothing to check."""
    assert plain(Untouched()).checked().encode(b"x") == b"x"


# Where whatever is no ``Message`` gets an answer


def test_dialect_that_is_answered_refuses_what_is_no_message() -> None:
    """The peer cannot tell it from a request, so it has to be sent as one."""
    both = Vocabulary("both", str, Text())
    for dialect in (
        Dialect(both, both, has_frames=False, is_answered=True),
        Dialect(both, both, has_frames=False, is_answered=True).checked(),
    ):
        with pytest.raises(LocalProtocolError, match=r"^each str is answered there: send it with"):
            dialect.encode("x")
        assert dialect.encode_request("x") == "x"
        assert dialect.encode_reply("x", "y") == "y"


def test_dialect_that_is_answered_lets_messages_pass() -> None:
    """The peer sees by their class that they are no requests."""
    dialect = Dialect(DOWN, UP, has_frames=False, is_answered=True)
    assert dialect.encode(Notice("x")) == server().encode(Notice("x"))
