"""FramingLaws: the laws of what a framing makes of payloads, cuts and any bytes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from unittest import SkipTest

from hypothesis import strategies as st

from mcws_protocol import FrameTooLong, IncompleteFrame

from ._decoding import Outcome, decoded, end, fed, shown
from ._framing_case import AMPLE, FramingCase, refusal
from ._payloads import tricky
from ._suite import law
from ._work import TooMuch, Work, work_for
from .strategies import chunkings

NOISE: Final = 64
"""Bytes of noise at most; fewer than a frame may have."""
STEPS_PER_BYTE: Final = 5_000
"""Instructions for one byte that only a loop without end needs."""


class FramingLaws(FramingCase):
    """Laws that hold for each example."""

    @law
    def test_decoding_ends(self, data: st.DataObject) -> None:
        """Whatever few bytes arrive, a decoder has soon done with them."""
        stream = data.draw(self.streams(), label="stream")[:100]
        limit = data.draw(st.integers(0, 100), label="limit")
        decoder = self.framing.decoder(frame_bytes_max=limit)
        allowed = Work(STEPS_PER_BYTE * (1 + len(stream)), AMPLE, AMPLE)
        with _soon(stream):
            work_for(decoder, [stream], allowed)

    @law
    def test_payloads_come_back(self, data: st.DataObject) -> None:
        """decode(encode(p)) == p, for lists of payloads and any cuts of their stream."""
        sent = data.draw(st.lists(self.carried(), max_size=6), label="payloads")
        pieces = data.draw(chunkings(b"".join(map(self.encode, sent))), label="pieces")
        result = decoded(self.framing, pieces, AMPLE)
        assert result.fault is None, f"{shown(sent)} in {shown(pieces)} gave {result.fault!r}"
        assert result.skipped == 0, f"{result.skipped} bytes of {shown(pieces)} were skipped"
        self.check_same(result.payloads, sent, pieces)

    @law
    def test_good_frames_before_a_fault_are_returned(self, data: st.DataObject) -> None:
        """What is decoded does not depend on what comes behind, and a fault is known at once."""
        self.require_boundaries()
        sent = data.draw(st.lists(self.carried(), max_size=4), label="payloads")
        limit = max(map(len, sent), default=0)
        bad = data.draw(self.streams(), label="behind")
        alone = decoded(self.framing, [bad], limit)
        pieces = data.draw(chunkings(b"".join(map(self.encode, sent)) + bad), label="pieces")
        result = decoded(self.framing, pieces, limit)
        expected = Outcome(sent + alone.payloads, alone.fault, alone.skipped)
        assert result.told == expected.told, f"{shown(pieces)} gave {result}, not {expected}"

    @law
    def test_end_inside_a_frame_is_told(self, data: st.DataObject) -> None:
        """``eof`` raises ``IncompleteFrame`` inside a frame and nothing between two frames."""
        self.require_boundaries()
        payload = data.draw(self.carried(), label="payload")
        frame = self.encode(payload)
        size = data.draw(st.integers(0, len(frame) - 1), label="bytes of the frame")
        decoder = self.framing.decoder(frame_bytes_max=AMPLE)
        for whole in range(data.draw(st.integers(0, 2), label="frames before it")):
            assert fed(decoder, frame) == [payload], f"frame {whole} is lost"
        for piece in data.draw(chunkings(frame[:size]), label="pieces"):
            assert fed(decoder, piece) == [], f"{size} of {len(frame)} bytes gave a payload"
        # So many bytes may belong to no payload, as an END in front of a frame does.
        least = max(0, size - (len(frame) - len(payload)))
        held = decoder.buffered
        assert least <= held <= size, f"`buffered` is {held} after {size} bytes of {shown(frame)}"
        end(decoder)
        kind = IncompleteFrame if held else type(None)
        assert type(decoder.fault) is kind, f"eof() in {shown(frame)} left {decoder.fault!r}"

    @law
    def test_fault_is_raised_by_every_later_call(self, data: st.DataObject) -> None:
        """From a fault on every call raises it, and nothing is held."""
        limit = data.draw(st.integers(0, 300), label="limit")
        decoder = self.framing.decoder(frame_bytes_max=limit)
        stream = data.draw(self.streams(), label="stream")
        fed(decoder, stream)
        if decoder.fault is None:
            end(decoder)
        fault = decoder.fault
        if fault is None:
            return
        frame = self.encode(data.draw(self.carried())) if self.has_frames else b"x"
        for more in (b"", None, b"x" * 300, frame):
            try:
                if more is None:
                    decoder.eof()
                else:
                    decoder.feed(more)
            except type(fault) as error:
                raised: object = error
            else:
                raised = None
            assert raised is fault, f"behind {fault!r} {shown(more)} raised {raised!r}"
            assert decoder.buffered == 0, f"{decoder.buffered} bytes are kept behind {fault!r}"

    @law
    def test_limit_refuses_longer_payloads_only(self, data: st.DataObject) -> None:
        """A payload passes a limit of its length; one below it is ``FrameTooLong``."""
        payload = data.draw(self.carried().filter(bool), label="payload")
        size = len(payload)
        keeps = self.framing.keeps_boundaries
        frame = self.encode(payload)
        pieces = data.draw(chunkings(frame) if keeps else st.just([frame]), label="pieces")
        for limit in (size, size + 1):
            passed = decoded(self.framing, pieces, limit)
            assert (passed.payloads, passed.fault) == ([payload], None), f"limit {limit}: {passed}"
        refused = decoded(self.framing, pieces, size - 1)
        assert (refused.payloads, type(refused.fault)) == ([], FrameTooLong), (
            f"{size} bytes with a limit of {size - 1} gave {refused}"
        )

    @law
    def test_frame_too_long_is_known_in_time(self, data: st.DataObject) -> None:
        """``FrameTooLong`` does not wait for the rest of the frame."""
        payload = data.draw(self.carried().filter(bool), label="payload")
        frame = self.encode(payload)
        limit = data.draw(st.integers(0, len(payload) - 1), label="limit")
        size = self.known_at(payload, frame, limit)
        result = decoded(self.framing, [frame[:size]], limit, ends=False)
        assert (result.payloads, type(result.fault)) == ([], FrameTooLong), (
            f"{size} bytes of {shown(frame)} with a limit of {limit} gave {result}"
        )

    @law
    def test_result_does_not_depend_on_the_cuts(self, data: st.DataObject) -> None:
        """Payloads, fault and count of skipped bytes are the same for all cuts of any stream."""
        self.require_boundaries()
        stream = data.draw(self.streams(), label="stream")
        limit = data.draw(st.integers(0, 300), label="limit")
        whole = decoded(self.framing, [stream], limit)
        single = [stream[at : at + 1] for at in range(len(stream))]
        for pieces in (data.draw(chunkings(stream), label="pieces"), single):
            cut = decoded(self.framing, pieces, limit)
            assert cut.told == whole.told, f"{cut} from {shown(pieces)}, {whole} from one piece"
            if self.same_words:
                assert cut.words == whole.words, f"{cut} from {shown(pieces)}, not {whole}"

    @law
    def test_any_bytes_give_payloads_or_a_remote_protocol_error(self, data: st.DataObject) -> None:
        """Whatever arrives, nothing but a RemoteProtocolError comes, and no payload is too long."""
        pieces = data.draw(st.lists(self.streams(), max_size=4), label="pieces")
        limit = data.draw(st.integers(0, 300), label="limit")
        result = decoded(self.framing, pieces, limit)
        longest = max(map(len, result.payloads), default=0)
        assert longest <= limit, f"a payload of {longest} bytes passed a limit of {limit}"
        given, received = sum(map(len, result.payloads)), sum(map(len, pieces))
        assert given <= received, f"{given} bytes of payload came out of {received}"
        if self.framing.on_corruption == "fault":
            assert result.skipped == 0, f"{result.skipped} bytes are gone and no fault says so"

    @law
    def test_check_refuses_exactly_what_encode_refuses(self, data: st.DataObject) -> None:
        """A payload passes both ``check`` and ``encode``, or neither; what passes comes back."""
        candidates = tricky() if self.payloads is None else tricky() | self.payloads
        payload = data.draw(candidates, label="payload")
        checked = refusal(self.framing.check, payload)
        encoded = refusal(self.framing.encode, payload)
        assert (checked is None) == (encoded is None), (
            f"of {shown(payload)} check said {checked!r} and encode {encoded!r}"
        )
        if checked is None:
            frame = self.framing.encode(payload)
            assert frame == self.framing.encode(payload), f"{shown(payload)} has two frames"
            result = decoded(self.framing, [frame], AMPLE)
            assert result.payloads == [payload], f"{shown(payload)} came back as {result}"

    @law
    def test_decoders_share_nothing(self, data: st.DataObject) -> None:
        """What one connection receives never reaches another one."""
        both = [data.draw(self.streams(), label=name) for name in ("one", "other")]
        limit = data.draw(st.integers(0, 300), label="limit")
        alone = [decoded(self.framing, [stream], limit, ends=False) for stream in both]
        decoders = [self.framing.decoder(frame_bytes_max=limit) for _ in both]
        together = [
            Outcome(fed(decoder, stream), decoder.fault, decoder.skipped)
            for decoder, stream in zip(decoders, both, strict=True)
        ]
        assert [one.told for one in together] == [one.told for one in alone], (
            f"{together} beside each other, {alone} alone"
        )

    @law
    def test_frame_behind_noise_is_found(self, data: st.DataObject) -> None:
        """With ``"skip"``, one of the good frames behind noise is found, and all behind that.

        Noise may look like the header of a frame, and what it announces is waited for. So frames
        follow until the longest that may be announced is over; if it is too long, that is a fault.
        """
        if self.framing.on_corruption != "skip":
            raise SkipTest("this framing does not skip what is corrupt")
        noise = data.draw(tricky(), label="noise")[:NOISE]
        lost = data.draw(st.lists(self.carried(), max_size=max(4, self.frames_lost)))
        good = data.draw(st.lists(self.carried(), min_size=1, max_size=3), label="good frames")
        lost = [payload for payload in lost if payload][: self.frames_lost]
        lost += good[:1] * (self.frames_lost - len(lost))
        # Room for a frame that noise without an end is taken for a part of.
        limit = max(map(len, lost + good)) + 2 * NOISE
        good *= self.times_to_pass(good, limit)
        stream = noise + b"".join(map(self.encode, lost + good))
        result = decoded(self.framing, data.draw(chunkings(stream), label="pieces"), limit)
        if isinstance(result.fault, FrameTooLong):
            return
        assert result.fault is None, f"{shown(stream)} gave {result.fault!r}"
        found = result.payloads[-len(good) :]
        assert found == good, f"{shown(noise)} before {shown(lost + good)} gave {result}"

    @law
    def test_damage_is_noticed(self, data: st.DataObject) -> None:
        """Where one bit is wrong, no payload comes that was not sent, if the framing says so."""
        if not self.detects_damage:
            raise SkipTest("this framing does not say that it detects damage")
        sent = data.draw(st.lists(self.carried(), min_size=1, max_size=4), label="payloads")
        stream = bytearray(b"".join(map(self.encode, sent)))
        at = data.draw(st.integers(0, 8 * len(stream) - 1), label="wrong bit")
        stream[at // 8] ^= 1 << at % 8
        pieces = data.draw(chunkings(bytes(stream)), label="pieces")
        strange = [one for one in decoded(self.framing, pieces, AMPLE).payloads if one not in sent]
        assert not strange, f"{shown(sent)} with bit {at} wrong gave {shown(strange)}"


@contextmanager
def _soon(stream: bytes) -> Generator[None]:
    """Name the stream of which there was too much work; what else is raised is another law's."""
    try:
        yield
    except TooMuch as error:
        raise AssertionError(f"{shown(stream)}: {error}") from None
    except Exception:
        return
