"""CodecSuite: the laws of a codec, ours or a stranger's."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any, ClassVar, Final, Generic, TypeVar

from hypothesis import strategies as st

from mcws_protocol import Codec, DecodeError, EncodeError, Payload, UnknownMessage, shown

from ._decoding import shown as brief
from ._suite import Suite, law

T = TypeVar("T")

MARKER: Final = "s3cr3tM4rk3r"
"""What a peer sends and no error may show."""
MARKS: Final = (MARKER, f'"{MARKER}"', f"` - at `$.{MARKER}`", f"{MARKER}\n", f"{MARKER}\ud7ff")
"""The marker in the way of a text, of a place in an error of msgspec's, and broken."""
SHORT_TEXT: Final = bytes([0xA0 | len(MARKER)]) + MARKER.encode()
"""The marker as a text of MessagePack."""
DEEP: Final = 20_000
"""Levels of nesting, beyond what the interpreter follows."""
NEST: Final = b"[{(\x91"
"""Bytes that open a level somewhere."""

DRAWN_BYTES: Final = 1000
"""Bytes or characters of a payload that is shown whole where a report tells what was drawn."""
END_BYTES: Final = 100
"""Bytes or characters that are shown of the begin and of the end of a longer one."""

NOISE: Final = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(MARKS).map(str.encode),
    st.just(SHORT_TEXT),
    st.sampled_from(NEST).map(lambda byte: bytes([byte]) * DEEP),
)
PLACES: Final = st.integers(0, 1 << 16)
KINDS: Final = st.sampled_from(("new", "over", "missing", "end", "again"))


class CodecSuite(Suite):
    """Tests a codec with messages, with damaged payloads and with any bytes.

    ::

        class TestMyCodec(CodecSuite):
            codec = MyCodec()
            messages = st.builds(Reading, celsius=st.floats(allow_nan=False))

    The laws, each a test:

    - decode(encode(m)) == m, also from the ``bytes`` of a text, as a wire may hand them over;
    - ``encode`` gives ``bytes`` or ``str``, the same each time, and does not change the message;
    - what cannot be encoded is an ``EncodeError``;
    - any bytes, any text and any damaged payload give a message or a ``DecodeError``;
    - a ``DecodeError`` shows nothing of what was received, in its text, its attributes or a
      traceback.

    Attributes:
        codec: what is tested.
        messages: messages that it can encode.
        unencodable: things that it has to refuse; None if there is nothing to say. Whatever else is
            handed to it is encoded or refused.
        equal: whether two messages are the same.
    """

    codec: Codec[Any]
    messages: ClassVar[st.SearchStrategy[Any]]
    unencodable: ClassVar[st.SearchStrategy[Any] | None] = None
    needs: ClassVar[dict[str, str]] = {
        "codec": "codec = MyCodec()",
        "messages": "messages = st.builds(MyMessage)",
    }

    def equal(self, one: Any, other: Any) -> bool:
        """Return whether two messages are the same; override it where ``==`` says too little."""
        return bool(one == other)

    # The laws

    @law
    def test_messages_come_back(self, data: st.DataObject) -> None:
        """decode(encode(m)) == m."""
        message = data.draw(self.messages, label="message")
        payload = self.codec.encode(message)
        assert isinstance(payload, bytes | str), f"encode gave {brief(payload)}"
        back = self.codec.decode(payload)
        assert self.equal(back, message), f"{message!r} came back as {back!r}"

    @law
    def test_text_comes_back_from_its_bytes(self, data: st.DataObject) -> None:
        """A wire that knows no text hands the UTF-8 of it over, which decodes to the same."""
        message = data.draw(self.messages, label="message")
        payload = self.codec.encode(message)
        if isinstance(payload, str):
            back = self.codec.decode(payload.encode())
            assert self.equal(back, message), f"{message!r} came back as {back!r} from its UTF-8"

    @law
    def test_encoding_changes_nothing(self, data: st.DataObject) -> None:
        """A message has one payload, and is the same after it was encoded."""
        message = data.draw(self.messages, label="message")
        before = copy.deepcopy(message)
        first, second = self.codec.encode(message), self.codec.encode(message)
        assert first == second, f"{brief(first)} the first time, then {brief(second)}"
        assert type(first) is type(second), f"{brief(first)} the first time, then {brief(second)}"
        assert self.equal(message, before), f"{before!r} became {message!r}"

    @law
    def test_damaged_payloads_give_decode_errors_only(self, data: st.DataObject) -> None:
        """A payload with wrong, missing or additional bytes is a message or a ``DecodeError``."""
        payload = self.codec.encode(data.draw(self.messages, label="message"))
        raw = payload.encode() if isinstance(payload, str) else payload
        for _ in range(4):
            damaged = data.draw(_briefly(_damaged(raw)), label="payload").value
            self.check_payload(damaged)
            if isinstance(payload, str):
                self.check_payload(damaged.decode(errors="replace"))

    @law
    def test_any_payload_gives_decode_errors_only(self, data: st.DataObject) -> None:
        """Any bytes and any text are a message or a ``DecodeError``."""
        payloads = NOISE | st.text(max_size=64) | st.sampled_from((*MARKS, "\ud800", "[" * DEEP))
        self.check_payload(data.draw(_briefly(payloads), label="payload").value)

    @law
    def test_what_cannot_be_encoded_is_an_encode_error(self, data: st.DataObject) -> None:
        """Anything that is handed to ``encode`` has a payload or is an ``EncodeError``."""
        message = data.draw(st.sampled_from(STRANGE))()
        self.refusal(message)
        if self.unencodable is not None:
            message = data.draw(self.unencodable, label="unencodable")
            assert self.refusal(message) is not None, f"{brief(message)} was encoded"

    # What they share

    def refusal(self, message: object) -> EncodeError | None:
        """Return the error with which ``message`` is refused; None if it has a payload."""
        kind = type(message).__name__
        try:
            payload = self.codec.encode(message)
        except EncodeError as error:
            return error
        except Exception as error:
            raise AssertionError(f"encode({kind}) raised {error!r}, no EncodeError") from None
        assert isinstance(payload, bytes | str), f"encode({kind}) gave {brief(payload)}"
        return None

    def check_payload(self, payload: Payload) -> None:
        """Check that ``payload`` is a message, or that its error shows nothing of it."""
        try:
            self.codec.decode(payload)
        except DecodeError as error:
            leak = leak_of(error)
            assert not leak, f"decode({brief(payload)}) shows content in {leak}"
        except Exception as error:
            raise AssertionError(
                f"decode({brief(payload)}) raised {type(error).__name__}, no DecodeError"
            ) from error


def leak_of(error: DecodeError) -> str:
    """Return where an error shows what was received, empty if nowhere."""
    if error.__cause__ is not None:
        return f"its cause, a {type(error.__cause__).__name__}: raise it `from None`"
    if error.__context__ is not None and not error.__suppress_context__:
        return f"its context, a {type(error.__context__).__name__}: raise it `from None`"
    if isinstance(error, UnknownMessage):
        # How a peer calls a type is shown, cut and escaped, but nothing else of what it sent.
        named = f"message of type {shown(error.tag)}, known are {error.expected}"
        parts = {"its text": str(error) if str(error) != named else "", "expected": error.expected}
    else:
        # As a log would have it; the frames of the traceback show the source and no values.
        parts = {
            "its text": str(error),
            "its attributes": f"{error!r}{error.args}{vars(error)}",
            "a traceback": "".join(traceback.format_exception(error)),
        }
    return next((name for name, text in parts.items() if MARKER in text), "")


class _Brief(Generic[T]):
    """A payload that a report shows whole, unless it would fill it, as a deep one."""

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        value = self.value
        if not isinstance(value, bytes | str) or len(value) <= DRAWN_BYTES:
            return repr(value)
        unit = "bytes" if isinstance(value, bytes) else "characters"
        return f"{value[:END_BYTES]!r}...{value[-END_BYTES:]!r} ({len(value)} {unit})"


@st.composite
def _briefly(draw: st.DrawFn, payloads: st.SearchStrategy[T]) -> _Brief[T]:
    """Draw a payload that is shown so; composite, so that its making is not shown."""
    return _Brief(draw(payloads))


@st.composite
def _damaged(draw: st.DrawFn, payload: bytes) -> bytes:
    """Draw a payload with the marker or noise in it, without a part, or with a part twice."""
    begin = draw(PLACES) % (len(payload) + 1)
    end = begin + draw(PLACES) % (len(payload) - begin + 1)
    match draw(KINDS):
        case "new":
            return payload[:begin] + draw(NOISE) + payload[end:]
        case "over":
            # As long as what it replaces, so that no length is wrong.
            return payload[:begin] + MARKER.encode() + payload[begin + len(MARKER) :]
        case "missing":
            return payload[:begin] + payload[end:]
        case "end":
            return payload + draw(NOISE)
        case _:
            return payload[:end] + payload[begin:]


def _circle() -> list[Any]:
    """Return a list that contains itself."""
    found: list[Any] = []
    found.append(found)
    return found


def _nested() -> list[Any]:
    """Return a list in a list, and so on."""
    found: list[Any] = []
    for _ in range(DEEP):
        found = [found]
    return found


STRANGE: Final[tuple[Callable[[], object], ...]] = (
    object,
    lambda: CodecSuite,
    lambda: len,
    lambda: "\ud800",
    lambda: b"\xff",
    lambda: 1 << 70,
    lambda: float("nan"),
    lambda: {object(): {1, "2"}},
    lambda: None,
    _circle,
    _nested,
)
"""Makes things of which most codecs cannot express some."""
