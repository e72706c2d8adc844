"""FramingSuite: the laws of a framing, ours or a stranger's, as one class."""

from __future__ import annotations

from ._framing_effort import FramingEffort


class FramingSuite(FramingEffort):
    """Tests a framing with any payloads, any cuts of the stream and any bytes.

    ::

        class TestMyFraming(FramingSuite):
            framing = MyFraming()

    The framing needs no more than the members of ``Framing``. The laws, each a test:

    - payloads come back, in order and once, however their stream was cut;
    - ``check`` refuses exactly what ``encode`` refuses, with a ``LocalProtocolError``;
    - any stream gives the same payloads, fault and count of skipped bytes for all cuts;
    - any bytes give payloads or a ``RemoteProtocolError``, and nothing else;
    - a payload passes a limit of its length, one that is longer is ``FrameTooLong``, as soon as the
      bytes that arrived show that;
    - good frames before a bad one are returned; the fault is in ``fault`` at once, and every later
      call raises it;
    - ``eof`` raises ``IncompleteFrame`` inside a frame and nothing between two;
    - ``buffered`` tells the truth, and no more is held than was received and 4 KiB;
    - time is linear in the bytes, for one long frame in single bytes and for many frames at once;
    - decoding ends, and two decoders share nothing;
    - with ``on_corruption = "skip"``, good frames behind noise are found;
    - with ``detects_damage``, one wrong bit in a stream gives no payload that was not sent.

    Attributes:
        framing: what is tested.
        payloads: what it carries; found out by asking ``framing.check`` if None.
        only_decodes: whether the framing encodes nothing. Then only the laws of any bytes are
            checked, unless ``encode`` is overridden to do what the other end does.
        same_words: whether a fault has to say the same, word for word, however the stream was cut.
        frames_lost: with ``on_corruption = "skip"``, how many good frames behind noise may be lost
            before one is found.
        detects_damage: whether a frame with one bit wrong is never given as a payload, as a
            checksum has it. The bit may be one of a length or a delimiter: a checksum that is
            short, or begins with 0, can miss that. Leave it out where a decoder that looks for the
            next frame may find one inside a payload.
    """
