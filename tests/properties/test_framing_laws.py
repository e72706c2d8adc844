"""The laws of framings, for all framings of this package and arbitrary cuts of the stream."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, SupportsIndex, overload

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol._delimited import Delimited, Lines
from mcws_protocol._errors import FrameTooLong, LocalProtocolError, RemoteProtocolError
from mcws_protocol._framing import Chunks, Fixed, Framing, HoldingDecoder
from mcws_protocol._prefixed import LengthPrefixed, Varint
from mcws_protocol._stuffing import Cobs, Slip

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

NOISE = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from([b"\x00", b"\x01", b"-", b"a", b"\r", b"\n", b"\xc0", b"\xdb"])).map(
        b"".join
    ),
    st.lists(
        st.sampled_from([b"\xdb\xdc", b"\xdb\xdd", b"\xff", b"\x80", b"\x03ab", b"\x00\x02"])
    ).map(b"".join),
    st.integers(0, 600).map(lambda size: b"x" * size),
)
"""Bytes of which each framing finds some that mean something to it."""


@dataclass(frozen=True)
class Case:
    """A framing with its payloads, and how many bytes of ``x`` show that a frame is too long.

    ``known_at`` gets the frame of a payload of ``limit + 20`` bytes and ``limit`` and returns the
    number of its bytes with which a decoder knows.
    """

    framing: Framing
    payloads: st.SearchStrategy[bytes] | None = None
    known_at: Callable[[bytes, int], int] | None = None

    def carried(self) -> st.SearchStrategy[bytes]:
        """Return payloads that the framing carries."""
        return NOISE.filter(self.carries) if self.payloads is None else self.payloads

    def carries(self, payload: bytes) -> bool:
        """Return whether the framing carries ``payload``."""
        try:
            self.framing.check(payload)
        except LocalProtocolError:
            return False
        return True


def whole_frames(offset: int, width: int) -> st.SearchStrategy[bytes]:
    """Return payloads that contain their own big-endian length field."""
    heads = st.binary(min_size=offset, max_size=offset)
    return st.tuples(heads, st.binary(max_size=300)).map(
        lambda both: both[0] + len(both[1]).to_bytes(width, "big") + both[1]
    )


def header(wire: bytes, limit: int) -> int:
    """Return that a frame is known to be too long when its header is complete."""
    return len(wire) - limit - 20


def behind(wire: bytes, limit: int) -> int:
    """Return that a frame is known to be too long with the first byte behind the limit."""
    return limit + 1


def stuffed(wire: bytes, limit: int) -> int:
    """Return the same with an END, or with a code before each block of 254 bytes."""
    return limit + 2 + (limit // 254 if wire[-1:] == b"\x00" else 0)


CASES = {
    "Chunks": Case(Chunks(), known_at=behind),
    "Fixed": Case(Fixed(5), st.binary(min_size=5, max_size=5)),
    "Lines": Case(Lines(), known_at=behind),
    "Delimited 1": Case(Delimited(b"\x00"), known_at=behind),
    "Delimited 2": Case(Delimited(b"--"), known_at=behind),
    "Delimited 3": Case(Delimited(b"a\xdba"), known_at=behind),
    "LengthPrefixed": Case(LengthPrefixed(), known_at=header),
    "LengthPrefixed 2": Case(LengthPrefixed(2, byte_order="little"), known_at=header),
    "LengthPrefixed 3": Case(LengthPrefixed(3, adjustment=-3), known_at=header),
    "LengthPrefixed 8": Case(LengthPrefixed(8), known_at=header),
    "LengthPrefixed adjusted": Case(LengthPrefixed(2, adjustment=2), known_at=header),
    "LengthPrefixed unstripped": Case(LengthPrefixed(2, offset=3, strip=0), whole_frames(3, 2)),
    "Varint": Case(Varint(), known_at=header),
    "Cobs": Case(Cobs(), known_at=stuffed),
    "Slip": Case(Slip(), known_at=stuffed),
}
READ_ONLY = {
    "LengthPrefixed skipping": LengthPrefixed(1, offset=1, adjustment=-1, strip=4),
    "LengthPrefixed odd": LengthPrefixed(5, byte_order="little", offset=2),
}
KNOWN = {name: case for name, case in CASES.items() if case.known_at is not None}
ALL = {name: case.framing for name, case in CASES.items()} | READ_ONLY

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
each_known_case = pytest.mark.parametrize("case", KNOWN.values(), ids=KNOWN.keys())
each_framing = pytest.mark.parametrize("framing", ALL.values(), ids=ALL.keys())


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Return ``data`` in pieces, some of them empty."""
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@dataclass
class Outcome:
    """What one decoder made of one stream."""

    payloads: list[bytes]
    fault: tuple[object, ...] | None
    skipped: int


def outcome(framing: Framing, pieces: list[bytes], limit: int, *, end: bool = True) -> Outcome:
    """Feed ``pieces`` until a fault and check what holds after each of them."""
    decoder = framing.decoder(frame_bytes_max=limit)
    payloads: list[bytes] = []
    received = 0
    for piece in pieces:
        received += len(piece)
        payloads += decoder.feed(piece)
        assert decoder.buffered + decoder.skipped <= received
        if decoder.fault is not None:
            break
    with suppress(RemoteProtocolError):
        if end:
            decoder.eof()
    fault = decoder.fault
    told = None if fault is None else (type(fault), *fault.args)
    return Outcome(payloads, told, decoder.skipped)


@each_case
@given(data=st.data())
def test_payloads_come_back(case: Case, data: st.DataObject) -> None:
    """decode(encode(p)) == p, for lists of payloads and any cuts of their stream."""
    payloads = data.draw(st.lists(case.carried(), max_size=6))
    stream = b"".join(map(case.framing.encode, payloads))
    result = outcome(case.framing, data.draw(cuts(stream)), 10_000)
    assert (result.fault, result.skipped) == (None, 0)
    if case.framing.keeps_boundaries:
        assert result.payloads == payloads
    else:
        assert b"".join(result.payloads) == b"".join(payloads)


@each_case
@given(payload=NOISE)
def test_check_refuses_exactly_what_encode_refuses(case: Case, payload: bytes) -> None:
    """A payload passes both ``check`` and ``encode``, or neither; one that passes comes back."""
    if case.carries(payload):
        wire = case.framing.encode(payload)
        assert outcome(case.framing, [wire], 1000).payloads == [payload]
    else:
        with pytest.raises(LocalProtocolError):
            case.framing.encode(payload)


@pytest.mark.parametrize("framing", [one for one in ALL.values() if one != Chunks()], ids=repr)
@given(data=st.data(), limit=st.integers(0, 300))
def test_result_does_not_depend_on_the_cuts(
    framing: Framing, data: st.DataObject, limit: int
) -> None:
    """Payloads, fault and count of skipped bytes are the same for all cuts of any stream."""
    stream = data.draw(st.lists(NOISE, max_size=4).map(b"".join))
    whole = outcome(framing, [stream], limit)
    assert outcome(framing, data.draw(cuts(stream)), limit) == whole
    assert outcome(framing, [stream[at : at + 1] for at in range(len(stream))], limit) == whole


@each_framing
@given(data=st.data(), limit=st.integers(0, 300))
def test_any_bytes_give_payloads_or_a_remote_protocol_error(
    framing: Framing, data: st.DataObject, limit: int
) -> None:
    """Whatever arrives, nothing but a RemoteProtocolError is raised, and no payload is too long."""
    pieces = data.draw(st.lists(NOISE, max_size=6))
    result = outcome(framing, pieces, limit)
    assert all(len(payload) <= limit for payload in result.payloads)
    assert sum(map(len, result.payloads)) <= sum(map(len, pieces))


@each_case
@given(data=st.data())
def test_limit_refuses_longer_payloads_only(case: Case, data: st.DataObject) -> None:
    """A payload passes a limit of its length and above; one below it is ``FrameTooLong``."""
    payload = data.draw(case.carried().filter(bool))
    size = len(payload)
    pieces = data.draw(cuts(case.framing.encode(payload)))
    if not case.framing.keeps_boundaries:
        pieces = [payload]
    assert outcome(case.framing, pieces, size).payloads == [payload]
    assert outcome(case.framing, pieces, size + 1).payloads == [payload]
    refused = outcome(case.framing, pieces, size - 1)
    assert (refused.payloads, refused.fault and refused.fault[0]) == ([], FrameTooLong)


@each_known_case
@given(limit=st.integers(2, 400))
def test_frame_too_long_is_known_as_soon_as_possible(case: Case, limit: int) -> None:
    """The fault is there with the byte that makes the length known, and not before."""
    assert case.known_at is not None
    wire = case.framing.encode(b"x" * (limit + 20))
    known_at = case.known_at(wire, limit)
    early = outcome(case.framing, [wire[: known_at - 1]], limit, end=False)
    assert early.fault is None
    late = outcome(case.framing, [wire[:known_at]], limit)
    assert (late.payloads, late.fault and late.fault[0]) == ([], FrameTooLong)


@pytest.mark.parametrize("case", list(KNOWN.values())[1:], ids=list(KNOWN)[1:])
@given(data=st.data())
def test_good_frames_before_a_fault_are_all_returned(case: Case, data: st.DataObject) -> None:
    """The payloads before a frame that is too long are returned, by the same call or earlier."""
    payloads = data.draw(st.lists(case.carried(), max_size=4))
    limit = max(map(len, payloads), default=0)
    stream = b"".join(map(case.framing.encode, payloads))
    stream += case.framing.encode(b"x" * (limit + 5))
    for pieces in ([stream], data.draw(cuts(stream))):
        result = outcome(case.framing, pieces, limit)
        assert result.payloads == payloads
        assert result.fault is not None
        assert result.fault[0] is FrameTooLong


@each_framing
@given(data=st.data(), limit=st.integers(0, 300))
def test_nothing_is_decoded_behind_a_fault(
    framing: Framing, data: st.DataObject, limit: int
) -> None:
    """From a fault on, the end of the stream included, every call raises it again."""
    decoder = framing.decoder(frame_bytes_max=limit)
    decoder.feed(data.draw(NOISE))
    with suppress(RemoteProtocolError):
        decoder.eof()
    fault = decoder.fault
    for call in (decoder.eof, lambda: decoder.feed(b""), lambda: decoder.feed(b"x" * 300)):
        if fault is not None:
            with pytest.raises(type(fault)) as caught:
                call()
            assert caught.value is fault
            assert decoder.buffered == 0


@pytest.mark.parametrize(("framing", "end"), [(Cobs(), b"\x00"), (Slip(), b"\xc0")])
@given(data=st.data())
def test_frame_behind_noise_is_found(framing: Framing, end: bytes, data: st.DataObject) -> None:
    """After noise without delimiters, the second good frame at the latest is found."""
    noise = data.draw(NOISE).replace(end, b"?")
    lost, good = data.draw(st.tuples(*[NOISE.filter(bool)] * 2))
    stream = noise + framing.encode(lost) + framing.encode(good)
    result = outcome(framing, data.draw(cuts(stream)), 2000)
    assert result.fault is None
    assert result.payloads[-1] == good
    ended = outcome(framing, data.draw(cuts(noise + end + framing.encode(good))), 2000)
    assert ended.payloads[-1] == good


ONE_FRAME = [
    LengthPrefixed(),
    LengthPrefixed(3),
    Varint(),
    Lines(),
    Delimited(b"\n"),
    Delimited(b"xx--"),
    Cobs(),
    Slip(),
]
"""Framings with a frame of any length; beside them ``Fixed`` makes its own."""


class Counted(bytes):
    """Bytes that count how many bytes are copied out of them or searched in them."""

    work: ClassVar[Counter[str]] = Counter()

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Counted: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | Counted:
        taken = super().__getitem__(key)
        return taken if isinstance(taken, int) else self._counted("copied", taken)

    def __add__(self, other: Any) -> Counted:
        return self._counted("copied", super().__add__(other))

    def __radd__(self, other: Any) -> Counted:
        self.work["copied"] += len(self)
        if isinstance(other, bytearray):
            # Its own ``+=`` copies the new bytes only, and not those that it has.
            return NotImplemented
        return self._counted("copied", other + bytes(self))

    def find(self, *arguments: Any) -> int:
        """Search, and count all bytes from the start of the search."""
        self.work["searched"] += max(0, len(self) - (arguments[1] if arguments[1:] else 0))
        return super().find(*arguments)

    def split(self, sep: Any = None, maxsplit: SupportsIndex = -1) -> list[bytes]:
        """Split, and count all bytes."""
        self.work["searched"] += len(self)
        return [self._counted("copied", part) for part in super().split(sep, maxsplit)]

    @classmethod
    def _counted(cls, kind: str, data: bytes) -> Counted:
        cls.work[kind] += len(data)
        return cls(data)


def work_for(framing: Framing, size: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return the calls and the bytes of work for one frame of ``size`` bytes in 1-byte pieces."""
    wire = framing.encode(b"x" * size)
    decoder = framing.decoder(frame_bytes_max=size)
    feed = decoder.feed
    Counted.work = work = Counter[str]()
    take = HoldingDecoder._take

    def counting_take(self: HoldingDecoder, data: bytes) -> bytes:
        work["copied"] += self.buffered + len(data)
        return Counted(take(self, data))

    def count_call(frame: FrameType, event: str, arg: object) -> None:
        work["calls"] += 1

    monkeypatch.setattr(HoldingDecoder, "_take", counting_take)
    pieces = [Counted(wire[at : at + 1]) for at in range(len(wire))]
    assert isinstance(decoder, HoldingDecoder)
    found: list[bytes] = []
    held: list[tuple[bytes | bytearray, int]] = []
    for piece in pieces:
        sys.setprofile(count_call)
        found += feed(piece)
        sys.setprofile(None)
        parts = [(part, len(part)) for part in decoder._parts]
        work["copied"] += moved(held, parts)
        held = parts
    monkeypatch.undo()
    assert found == [b"x" * size]
    return work


def moved(
    before: list[tuple[bytes | bytearray, int]], after: list[tuple[bytes | bytearray, int]]
) -> int:
    """Return the bytes of the parts that are new, and those that parts grew by."""
    known = {id(part): size for part, size in before}
    return sum(size - known.get(id(part), 0) for part, size in after)


@pytest.mark.parametrize("framing", [*ONE_FRAME, None], ids=repr)
def test_time_is_linear_for_one_frame_in_single_bytes(
    framing: Framing | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the bytes cost twice the calls, bytes copied and bytes searched, and few of each."""
    some, twice = (work_for(framing or Fixed(n), n, monkeypatch) for n in (20_000, 40_000))
    for kind in ("calls", "copied", "searched"):
        assert twice[kind] <= 2.1 * some[kind] + 1000
        assert twice[kind] <= 100 * 40_000


@pytest.mark.parametrize("framing", [LengthPrefixed(8), Varint()], ids=repr)
@given(size=st.integers(1 << 20, 1 << 40), arrived=st.binary(max_size=2000))
def test_memory_is_bounded_by_what_arrived(framing: Framing, size: int, arrived: bytes) -> None:
    """A header that claims gigabytes costs what came behind it, and 4 KiB at most."""
    wire = size.to_bytes(8, "big") if isinstance(framing, LengthPrefixed) else varint(size)
    tracemalloc.start()
    try:
        decoder = framing.decoder(frame_bytes_max=1 << 41)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        assert decoder.feed(wire + arrived) == []
        cost = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # ``wire + arrived`` itself is what was received; what is kept is a copy of it.
    assert cost <= 2 * len(wire + arrived) + 4096
    assert decoder.buffered == len(wire + arrived)


def varint(value: int) -> bytes:
    """Return ``value`` as a varint."""
    digits = [value >> 7 * at & 0x7F for at in range(-(-value.bit_length() // 7))]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])
