"""Matching: judging what arrives while a request waits for its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcws_protocol import UNTYPED, DecodeError, Dialect, Lines, Payload, Plain, Role, Text
from mcws_protocol.aio._matching import Matcher, Matching
from tests.aio.thermo import PLAIN, Notice, Ok, Reading, SetLed


class Judge:
    """Knows how messages are decoded.

    Attributes:
        dialect: how this end speaks.
        failures: what the application raised.
    """

    def __init__(self, dialect: Dialect | None = None) -> None:
        self.dialect = dialect or PLAIN.dialect(Role.SERVER, PLAIN.wire)
        self.failures: list[tuple[BaseException, Callable[..., object]]] = []

    def carefully(self, decode: Callable[..., Any], *arguments: Any) -> Any:
        """Decode, whoever made the codec."""
        try:
            return decode(*arguments)
        except ZeroDivisionError:
            raise DecodeError("anything") from None

    def failed(self, error: BaseException, callback: Callable[..., object]) -> None:
        """Keep what the application raised."""
        self.failures.append((error, callback))


def heard(payload: bytes, verdict: object = True) -> tuple[bool, list[Any]]:
    """Return the judgment of ``payload``, and with what the application was asked."""
    asked: list[Any] = []

    def match(request: Any, message: Any) -> object:
        asked.append((request, message))
        return verdict

    return Matching(match, SetLed(), Judge())(payload), asked


def test_matching_asks_with_the_reply() -> None:
    """What decodes as the answer is judged as the answer."""
    payload = b'{"$":"Ok","since":3}'
    assert heard(payload) == (True, [(SetLed(), Ok(3))])
    assert heard(payload, verdict=False) == (False, [(SetLed(), Ok(3))])


@pytest.mark.parametrize(
    ("verdict", "matches"), [(1, True), ("yes", True), (None, False), ("", False)]
)
def test_matching_takes_any_verdict(verdict: object, matches: bool) -> None:
    """Whatever is true is a yes."""
    assert heard(b'{"$":"Ok"}', verdict)[0] is matches


def test_matching_asks_with_a_message() -> None:
    """What is no answer of the request's type may be judged as a message."""
    assert heard(b'{"$":"Reading","celsius":1}') == (True, [(SetLed(), Reading(1.0))])


@pytest.mark.parametrize(
    "payload", [b"nonsense", b'{"$":"Newer"}', b'{"$":"Ok","since":"x"}', b'{"$":"Notice"}', b""]
)
def test_matching_of_what_is_neither(payload: bytes) -> None:
    """Nobody is asked about what does not decode: it will be found out as a message."""
    assert heard(payload) == (False, [])


def test_matching_that_raises() -> None:
    """An application that fails has not recognized the answer, and hears of its failure."""

    def match(request: Any, message: Any) -> object:
        raise ZeroDivisionError

    judge = Judge()
    assert not Matching(match, SetLed(), judge)(b'{"$":"Ok"}')
    ((error, callback),) = judge.failures
    assert isinstance(error, ZeroDivisionError)
    assert callback is match


def test_matching_with_a_codec_that_breaks_its_promises() -> None:
    """What a stranger's codec raises is not the application's failure: nothing decoded."""

    class Broken(Text):
        """A codec that raises what it should not."""

        def decode(self, payload: Payload, /) -> str:
            """Fail."""
            raise ZeroDivisionError

    def match(request: Any, message: Any) -> object:
        return True

    judge = Judge(UNTYPED.dialect(Role.CLIENT, Plain(Lines()), Broken()))
    assert not Matching(match, "ask", judge)(b"answer")
    assert judge.failures == []


def test_matching_verdict_that_is_no_truth() -> None:
    """A verdict that cannot be taken as one is a failure of the application too."""

    class Maybe:
        """What is neither true nor false."""

        def __bool__(self) -> bool:
            raise ValueError("who knows")

    def match(request: Any, message: Any) -> object:
        return Maybe()

    judge = Judge()
    assert not Matching(match, SetLed(), judge)(b'{"$":"Ok"}')
    assert [type(error) for error, _ in judge.failures] == [ValueError]


def test_matching_without_a_contract() -> None:
    """Text is judged as text."""
    match: Matcher = lambda request, message: message.startswith(request)  # noqa: E731
    wire = Plain(Lines())
    matching = Matching(match, "temp", Judge(UNTYPED.dialect(Role.CLIENT, wire)))
    assert matching(b"temp 21.5")
    assert not matching(b"news")
    assert not matching(b"\xff")


def test_matching_knows_the_other_direction() -> None:
    """A message that this end sends is none that arrives here."""
    assert isinstance(Judge().dialect.encode(Notice()), bytes)
    assert heard(b'{"$":"Notice","text":""}') == (False, [])
