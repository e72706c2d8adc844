"""CodecSuite: what its laws say about a codec of somebody's own."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import strategies as st

from mcws_protocol import DecodeError, Message, MsgPack, Payload, UnknownMessage
from mcws_testkit import CodecSuite
from mcws_testkit._codec_suite import DEEP, _Brief, leak_of
from mcws_testkit._decoding import shown
from tests.testkit.mutants import codecs
from tests.testkit.running import failure_of, profile


class Reading(Message):
    """A message."""

    celsius: float


class TestMyCodec(CodecSuite):
    """A codec of one's own, fully tested."""

    codec = codecs.NoteCodec()
    messages = codecs.NOTES
    unencodable = st.just(1)


class TestMsgPack(CodecSuite):
    """A codec of ours, with names of types that are not known."""

    codec = MsgPack(Reading)
    messages = st.builds(Reading, st.floats(allow_nan=False))
    examples = 20


@pytest.mark.parametrize("missing", ["codec", "messages"])
def test_suite_without_what_it_needs_says_what_to_declare(missing: str) -> None:
    """The error is there at the definition of the class."""
    declared = {"codec": codecs.NoteCodec(), "messages": codecs.NOTES}
    del declared[missing]
    with pytest.raises(TypeError, match=f"declare `{missing} = "):
        type("TestNone", (CodecSuite,), declared)


def test_what_must_be_refused_is() -> None:
    """A codec that encodes what it should not is told."""

    class Everything(codecs.NoteCodec):
        """Encodes anything."""

        def encode(self, message: object, /) -> str:
            """Return something."""
            return "{}"

    made: dict[str, Any] = {
        "codec": Everything(),
        "messages": codecs.NOTES,
        "unencodable": st.just(1),
    }
    suite: Any = type("TestAll", (CodecSuite,), made)
    assert "1 was encoded" in str(
        failure_of(suite().test_what_cannot_be_encoded_is_an_encode_error)
    )


def test_leak_of_an_unknown_message() -> None:
    """How a peer calls a type may be shown, and nothing else of what it sent."""
    assert leak_of(UnknownMessage("Reading", "s3cr3tM4rk3r")) == ""
    assert leak_of(UnknownMessage("s3cr3tM4rk3r", "Other")) == "expected"
    assert leak_of(DecodeError("a note")) == ""


def codec_failure(codec: type[codecs.NoteCodec], law: str) -> str:
    """Return what one law says of a codec."""
    suite: Any = type("TestIt", (CodecSuite,), {"codec": codec(), "messages": codecs.NOTES})
    error = failure_of(getattr(suite(), law))
    # A codec that fails in several ways has one error for each.
    return "; ".join(map(str, getattr(error, "exceptions", [error])))


def test_wrong_exceptions_are_named() -> None:
    """An error that is neither an ``EncodeError`` nor a ``DecodeError`` is told with its call."""
    encoding = "test_what_cannot_be_encoded_is_an_encode_error"
    assert "no EncodeError" in codec_failure(codecs.EncodeErrorIsTypeError, encoding)
    decoding = "test_any_payload_gives_decode_errors_only"
    assert "no DecodeError" in codec_failure(codecs.ParserErrorEscapes, decoding)


class TooDeep(codecs.NoteCodec):
    """A codec whose parser gives up, with an error of its own, where it is too deep."""

    def decode(self, payload: Payload, /) -> codecs.Note:
        """Return the note in JSON."""
        if len(payload) > 1000:
            raise RecursionError("too deep")
        return super().decode(payload)


DECODING = [
    "test_any_payload_gives_decode_errors_only",
    "test_damaged_payloads_give_decode_errors_only",
]


@pytest.mark.parametrize("law", DECODING)
def test_deep_payloads_are_shown_in_brief(law: str) -> None:
    """What is said of 20,000 levels of nesting, with all that was drawn, is short."""
    declared = {"codec": TooDeep(), "messages": codecs.NOTES}
    with profile(200, shrinks=True):
        suite: Any = type("TestIt", (CodecSuite,), declared)
        error = failure_of(getattr(suite(), law))
    assert isinstance(error, AssertionError)
    told = "\n".join([str(error), *error.__notes__])
    assert "(payload): " in told
    assert "no DecodeError" in told
    assert len(told) < 2000


class LastByte:
    """A codec that takes the last byte for granted."""

    def encode(self, _message: object, /) -> bytes:
        """Return a payload of which the end is not near the begin."""
        return bytes(200) + b"!"

    def decode(self, payload: Payload, /) -> None:
        """Look at the end."""
        if not payload or payload[-1] != ord("!"):
            raise LookupError("no end")


def test_drawn_payloads_are_shown_whole() -> None:
    """What is wrong far behind the begin of a payload can be seen in the report."""
    declared = {"codec": LastByte(), "messages": st.none()}
    with profile(200, shrinks=True):
        suite: Any = type("TestIt", (CodecSuite,), declared)
        error = failure_of(suite().test_damaged_payloads_give_decode_errors_only)
    assert isinstance(error, AssertionError)
    (drawn,) = [line for line in "\n".join(error.__notes__).splitlines() if "(payload): " in line]
    payload = ast.literal_eval(drawn.partition(": ")[2])
    assert f"decode({shown(payload)}) raised LookupError" in str(error)


def test_payloads_that_are_long_are_shown_at_both_ends() -> None:
    """Each end of a payload that would fill a report is shown, and how long it is."""
    payload = b"begin" + bytes(DEEP) + b"end!"
    seen = repr(_Brief(payload))
    assert seen.startswith("b'begin\\x00")
    assert seen.endswith("\\x00end!' (20009 bytes)")
    assert repr(_Brief("[" * 2000)) == f"'{'[' * 100}'...'{'[' * 100}' (2000 characters)"
    assert repr(_Brief(payload[:1000])) == repr(payload[:1000])


def test_leak_of_what_an_error_is_chained_to() -> None:
    """The error of a parser shows what it parsed, also if it is only the context."""
    error = DecodeError("a note")
    error.__context__ = KeyError("s3cr3tM4rk3r")
    assert leak_of(error).startswith("its context, a KeyError")
    error.__suppress_context__ = True
    assert leak_of(error) == ""
    error.__cause__ = ValueError("s3cr3tM4rk3r")
    assert leak_of(error).startswith("its cause, a ValueError")
