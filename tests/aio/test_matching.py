"""Matching: judging what arrives while a request waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mcws_protocol import UNTYPED, DecodeError, Dialect, Lines, Payload, Plain, Role, Text
from mcws_protocol.aio._matching import LATE_MAX, Late, Matcher, Matching
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

    def blame(self, error: BaseException, callback: Callable[..., object]) -> None:
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


def yes(request: Any, message: Any) -> bool:
    """Take any message for the answer."""
    return True


def no(request: Any, message: Any) -> bool:
    """Take no message for the answer."""
    return False


class Awaited:
    """What can be awaited and is no coroutine."""

    def __await__(self) -> Any:
        """Give nothing."""


async def judge_later(request: Any, message: Any) -> bool:
    """Say yes when it is too late."""
    return True


def test_matching_verdict_that_comes_too_late() -> None:
    """Whatever has to be awaited is true, so it is a failure and no yes."""
    judge = Judge()
    assert not Matching(judge_later, SetLed(), judge)(b'{"$":"Ok"}')
    assert not Matching(lambda request, message: Awaited(), SetLed(), judge)(b'{"$":"Ok"}')
    assert [type(error) for error, _ in judge.failures] == [TypeError, TypeError]


def test_matching_that_raises_a_cancellation() -> None:
    """It must not end the read that asked."""

    def match(request: Any, message: Any) -> object:
        raise asyncio.CancelledError

    judge = Judge()
    assert not Matching(match, SetLed(), judge)(b'{"$":"Ok"}')
    assert [type(error) for error, _ in judge.failures] == [asyncio.CancelledError]


def test_late_reply_is_taken_once() -> None:
    """Each request that was given up has one late reply at most."""
    late = Late()
    late.add(Matching(no, SetLed(), Judge()))
    late.add(Matching(yes, SetLed(), Judge()))
    assert late.take(b'{"$":"Ok"}')
    assert not late.take(b'{"$":"Ok"}')


def test_late_replies_are_forgotten_at_last() -> None:
    """A peer that never answers costs no more than the youngest requests."""
    late = Late()
    for _ in range(LATE_MAX + 1):
        late.add(Matching(yes, SetLed(), Judge()))
    assert [late.take(b'{"$":"Ok"}') for _ in range(LATE_MAX + 1)] == [True] * LATE_MAX + [False]
