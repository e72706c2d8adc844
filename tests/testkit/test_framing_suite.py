"""FramingSuite: what its laws say, where they do not apply, and what they count."""

from __future__ import annotations

import subprocess
import sys
import zlib
from contextlib import suppress
from typing import Any, Literal
from unittest import SkipTest

import pytest
from hypothesis import strategies as st

from mcws_protocol import (
    Chunks,
    Cobs,
    Fixed,
    FrameDecoder,
    FrameTooLong,
    IncompleteFrame,
    LengthPrefixed,
    Lines,
    MessageTooLong,
    RemoteProtocolError,
    Slip,
)
from mcws_testkit import FramingSuite
from mcws_testkit._decoding import check_counts, decoded, end, fed, shown
from mcws_testkit._framing_case import refusal
from mcws_testkit._framing_laws import _soon
from mcws_testkit._work import (
    TooMuch,
    Watched,
    Work,
    _counter,
    _searches,
    _with_copies,
    copied_by,
    tracing,
    work_for,
)
from tests.testkit.mutants import framings
from tests.testkit.running import failure_of, first_failure


class TestMyFraming(FramingSuite):
    """A framing of one's own, fully tested."""

    framing = framings.Marked()


class TestChunks(FramingSuite):
    """Keeps no boundaries."""

    framing = Chunks()
    examples = 10


class TestShort(FramingSuite):
    """Carries no long payloads."""

    framing = LengthPrefixed(1)
    examples = 10


class TestReading(FramingSuite):
    """Only decodes."""

    framing = LengthPrefixed(1, offset=1)
    only_decodes = True
    examples = 10


class TestSkipping(FramingSuite):
    """Finds frames behind noise; told which payloads."""

    framing = Cobs()
    payloads = st.binary(max_size=20)
    frames_lost = 2
    same_words = True
    examples = 10


class CheckedDecoder:
    """Waits for what a header announces, and looks for the next one behind a wrong sum."""

    skipped = 0

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.fault: RemoteProtocolError | None = None
        self.waiting = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes received of the frame that is not complete yet."""
        return len(self.waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that ``data`` completes."""
        if self.fault is not None:
            raise self.fault
        self.waiting += data
        found: list[bytes] = []
        while self.is_at_a_header() and len(self.waiting) >= (end := self.waiting[1] + 2) + 4:
            if zlib.crc32(self.waiting[:end]) == int.from_bytes(self.waiting[end : end + 4]):
                found.append(bytes(self.waiting[2:end]))
                del self.waiting[: end + 4]
            else:
                self.skip(1)
        return found

    def is_at_a_header(self) -> bool:
        """Go to the next header; return whether all of it is there."""
        at = self.waiting.find(1, 0)
        self.skip(len(self.waiting) if at < 0 else at)
        if len(self.waiting) > 1 and self.waiting[1] > self.limit:
            self.fault = FrameTooLong(self.waiting[1], self.limit)
            self.waiting.clear()
        return len(self.waiting) > 1

    def skip(self, size: int) -> None:
        """Drop bytes."""
        self.skipped += size
        del self.waiting[:size]

    def eof(self) -> None:
        """Say that the stream has ended."""
        if self.waiting:
            self.fault = IncompleteFrame(len(self.waiting))
            self.waiting.clear()
        if self.fault is not None:
            raise self.fault


class Checked:
    """A mark, the length, the payload and its sum, of which any noise may have the beginning."""

    keeps_boundaries = True
    on_corruption: Literal["fault", "skip"] = "skip"

    def encode(self, payload: bytes) -> bytes:
        """Return the frame of ``payload``."""
        self.check(payload)
        frame = bytes([1, len(payload)]) + payload
        return frame + zlib.crc32(frame).to_bytes(4)

    def check(self, payload: bytes) -> None:
        """Refuse what is too long."""
        if len(payload) > 255:
            raise MessageTooLong(len(payload), 255)

    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder:
        """Return a decoder for one stream."""
        return CheckedDecoder(frame_bytes_max)


class TestAnnounced(FramingSuite):
    """Finds frames behind noise that announces one."""

    framing = Checked()


class TestSummed(FramingSuite):
    """Has a sum that tells each wrong bit."""

    framing = framings.Summed()
    detects_damage = True
    examples = 30

    def known_at(self, payload: bytes, frame: bytes, limit: int) -> int:
        """Return what a decoder needs that counts digits."""
        return min(2 * limit + 3, len(frame))


def test_damage_that_is_not_noticed() -> None:
    """Without a look at the sum a wrong bit gives a payload that nobody sent."""

    class TestUnchecked(FramingSuite):
        """Does not keep what it says."""

        framing = framings.SumNotChecked()
        detects_damage = True

    suite: Any = TestUnchecked()
    error = failure_of(suite.test_damage_is_noticed)
    assert "wrong gave [b'" in str(error)


class TestManyLost(FramingSuite):
    """May lose more frames than a list has by default."""

    framing = Slip()
    frames_lost = 7
    examples = 10


def test_suite_without_a_framing_says_what_to_declare() -> None:
    """The error is there at the definition of the class."""
    with pytest.raises(TypeError, match=r"TestNone .* declare `framing = MyFraming\(\)`"):
        type("TestNone", (FramingSuite,), {})


def test_suite_of_a_class_says_what_to_declare() -> None:
    """What is tested is a framing, not its class."""
    with pytest.raises(TypeError, match=r"declare `framing = Marked\(\)`, not the class"):
        type("TestClass", (FramingSuite,), {"framing": framings.Marked})


def test_suite_of_a_framing_that_carries_nothing_says_what_to_declare() -> None:
    """A framing that only decodes has to say so."""
    suite = type("TestSilent", (FramingSuite,), {"framing": LengthPrefixed(1, offset=1)})
    failure = first_failure(suite, 10)
    assert failure is not None
    assert "declare `payloads`" in str(failure.error)


def test_message_shows_the_value() -> None:
    """What failed is shown as it was sent and as it came."""
    suite: Any = type("TestLost", (FramingSuite,), {"framing": framings.EmptyPayloadSwallowed()})
    error = failure_of(suite().test_payloads_come_back)
    assert "gave [], sent was [b'']" in str(error)


class Raising:
    """A decoder that raises what it is told to."""

    fault = None
    buffered = 0
    skipped = 0

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def feed(self, data: bytes) -> list[bytes]:
        """Raise."""
        if self.error is not None:
            raise self.error
        return [data]

    def eof(self) -> None:
        """Raise."""
        if self.error is not None:
            raise self.error


def test_wrong_exceptions_are_named() -> None:
    """An error of another kind is shown with the call that raised it."""
    decoder: FrameDecoder = Raising(KeyError("x"))
    with pytest.raises(AssertionError, match=r"feed\(b'ab'\) raised KeyError"):
        fed(decoder, b"ab")
    with pytest.raises(AssertionError, match=r"eof\(\) raised KeyError"):
        end(decoder)


def test_wrong_counts_are_named() -> None:
    """Counts below zero, or above what was received, are shown."""
    decoder = Raising()
    decoder.buffered = -1
    with pytest.raises(AssertionError, match="`buffered` is -1"):
        check_counts(decoder, 1)
    decoder.buffered, decoder.skipped = 1, -1
    with pytest.raises(AssertionError, match="`skipped` is -1"):
        check_counts(decoder, 1)
    decoder.skipped = 1
    with pytest.raises(AssertionError, match="more than the 1 bytes received"):
        check_counts(decoder, 1)


def test_outcome_tells_payloads_and_fault() -> None:
    """An outcome is what a stream became, with the words of its fault."""
    fine = decoded(Lines(), [b"a\nb\n"], 10)
    assert (fine.payloads, fine.fault, fine.words) == ([b"a", b"b"], None, "")
    late = decoded(Fixed(2), [b"abc"], 10)
    assert (late.payloads, late.words) == ([b"ab"], str(late.fault))


def test_shown_is_short() -> None:
    """Long bytes are cut, and lists shown by their items."""
    assert shown(b"x" * 100) == f"b'{'x' * 60}'... (100 bytes)"
    assert shown([b"a", 1]) == "[b'a', 1]"


# Work


class Searching(Raising):
    """A decoder that works on its bytes in every way that is counted."""

    def feed(self, data: bytes) -> list[bytes]:
        """Search, cut, join and split."""
        whole = b"ab" + data
        assert b"a" in whole
        assert whole.find(b"b") == 1
        assert whole.index(b"b", 1) == 1
        assert whole[0] == 97
        assert (data + b"c")[-1:] == b"c"
        buffer = bytearray(b"ab")
        buffer += data
        assert buffer.find(b"?") == -1
        assert buffer.find(b"?", 1) == -1
        whole.split(b"b")
        return []


def test_searches_are_counted() -> None:
    """Searches count the bytes behind their start; in a bytearray only those without a start."""
    work = work_for(Searching(), [b"xyz"])
    # `in`, `find`, `index` from 1, `split`, and the `find` of the bytearray without a start.
    assert work.searched == 5 + 5 + 4 + 5 + 5
    assert work.steps > 20


def test_linear_framing_passes_in_a_process_of_its_own() -> None:
    """Code that was never traced before is no slower for it."""
    program = (
        "from mcws_protocol import LengthPrefixed\n"
        "from mcws_testkit import FramingSuite\n"
        "class TestIt(FramingSuite):\n"
        "    framing = LengthPrefixed(2)\n"
        "TestIt().test_time_is_linear_for_many_frames_at_once()\n"
        "TestIt().test_time_is_linear_for_one_frame_in_single_bytes()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_watched_bytes_are_bytes() -> None:
    """Bytes that count behave like any."""
    watched = Watched(b"abc")
    assert (watched[1], watched[1:], b"_" + watched, watched + b"_") == (
        98,
        b"bc",
        b"_abc",
        b"abc_",
    )
    assert bytearray(b"x") + watched == b"xabc"


def test_watched_bytes_count_searches() -> None:
    """What is searched in them is counted, behind the start of the search."""
    Watched.work = Work()
    watched = Watched(b"abcd")
    part: Any = b"c"
    assert part in watched
    assert (watched.find(b"c"), watched.find(b"c", 1), watched.index(b"d", 3)) == (2, 2, 3)
    assert watched.split(b"c") == [b"ab", b"d"]
    assert Watched.work.searched == 4 + 4 + 3 + 1 + 4


def test_tracers_count() -> None:
    """The functions that the interpreter calls count each event that matters."""
    work, frame, buffer = Work(), sys._getframe(), bytearray(b"abc")
    frame_before = frame.f_trace_opcodes, frame.f_trace_lines
    count = _counter(work, 2)
    assert count(frame, "opcode", None) is count
    with tracing():
        look = _with_copies(work, count)
        held = bytes(10_000)
        assert look(frame, "opcode", None) is look
    frame.f_trace_opcodes, frame.f_trace_lines = frame_before
    assert (work.steps, len(held), work.copied >= 10_000) == (2, 10_000, True)
    with pytest.raises(TooMuch):
        count(frame, "opcode", None)
    note = _searches(work)
    for event, called in (("call", None), ("c_call", len), ("c_call", b"x".find)):
        note(frame, event, called)
    note(FakeFrame(1), "c_call", buffer.find)  # type: ignore[arg-type]  # enough for this
    note(FakeFrame(2), "c_call", buffer.find)  # type: ignore[arg-type]  # enough for this
    assert work.searched == 3


class FakeFrame:
    """A frame that is at a call with so many arguments."""

    f_lasti = 0

    def __init__(self, arguments: int) -> None:
        self.f_code = FakeCode(bytes([0, arguments]))


class FakeCode:
    """Instructions."""

    def __init__(self, co_code: bytes) -> None:
        self.co_code = co_code


def test_too_much_work_is_told() -> None:
    """The error names what there was too much of."""
    with pytest.raises(TooMuch, match="steps: more than the 5"):
        work_for(Searching(), [b"xyz"], Work(5, 10**6, 10**6))
    with pytest.raises(TooMuch, match="searched: 24 where 7 would be linear"):
        work_for(Searching(), [b"xyz"], Work(10**6, 10**6, 7))


class Copying(Raising):
    """A decoder that copies what it gets once, and a little always."""

    def feed(self, data: bytes) -> list[bytes]:
        """Copy."""
        return [bytes(bytearray(data))]


def test_copies_are_counted_but_small_ones() -> None:
    """A large copy counts with all its bytes, a small one not at all."""
    assert copied_by(Copying(), [b"x"]) == 0
    assert copied_by(Copying(), [bytes(10_000)]) >= 10_000
    work = work_for(Copying(), [bytes(10_000)], counts_copies=True)
    assert work.copied >= 10_000


def test_tracing_and_tracers_are_left_as_they_were() -> None:
    """Who traces already goes on to, and is not stopped."""
    import tracemalloc

    before = sys.gettrace(), sys.getprofile()
    with tracing():
        with tracing():
            pass
        assert tracemalloc.is_tracing()
    assert not tracemalloc.is_tracing()
    work_for(Copying(), [b"x"])
    assert (sys.gettrace(), sys.getprofile()) == before


def test_errors_of_the_wrong_side_are_named() -> None:
    """A fault that is raised at once loses frames, and a refusal has one kind of error."""
    with pytest.raises(AssertionError, match="so the good frames beside it are lost"):
        fed(Raising(FrameTooLong(9, 5)), b"ab")
    with pytest.raises(AssertionError, match=r"KeyError.*which is no LocalProtocolError"):
        refusal(dict[bytes, bytes]().__getitem__, b"ab")
    assert refusal(bytes, b"ab") is None


def test_laws_of_long_payloads_are_skipped_without_any() -> None:
    """A framing of short frames has nothing to be counted."""
    suite: Any = type("TestTiny", (FramingSuite,), {"framing": Fixed(3)})
    with pytest.raises(SkipTest, match="carries no long payloads"):
        suite().test_memory_is_bounded_by_what_arrived()


@pytest.mark.parametrize(
    ("framing", "law", "told"),
    [
        (framings.EndlessLoop, "test_decoding_ends", "steps: more than"),
        (framings.WrongException, "test_decoding_ends", "None"),
        (framings.FaultNotRaisedAgain, "test_fault_is_raised_by_every_later_call", "raised None"),
    ],
)
def test_laws_of_any_bytes(framing: type, law: str, told: str) -> None:
    """A law finds what it is about, and leaves the rest to another."""
    suite: Any = type("TestBytes", (FramingSuite,), {"framing": framing()})
    assert told in str(failure_of(getattr(suite(), law)))


def test_other_errors_are_left_to_another_law() -> None:
    """Where only the work is counted, what a decoder raises is no failure; too much work is one."""
    with _soon(b"ab"):
        int("no number")
    with pytest.raises(AssertionError, match="b'ab': too much"), _soon(b"ab"):
        raise TooMuch("too much")


def test_noise_may_announce_too_much() -> None:
    """A framing that skips, and refuses a length that noise announces, breaks no law by that."""

    class Skipping(LengthPrefixed):
        """Claims to skip what is corrupt."""

        on_corruption = "skip"

    suite: Any = type("TestNoise", (FramingSuite,), {"framing": Skipping()})
    with suppress(AssertionError):
        suite().test_frame_behind_noise_is_found()
