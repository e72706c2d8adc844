"""Tests of what payloads say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol import (
    CancelFrame,
    CloseFrame,
    CreditFrame,
    DrainFrame,
    ErrorFrame,
    Frame,
    HelloFrame,
    ItemFrame,
    Json,
    LengthPrefixed,
    LossFrame,
    MessageFrame,
    PingFrame,
    Plain,
    RejectFrame,
    ReplyFrame,
    RequestFrame,
    TurnFrame,
    encode_frame,
)
from mcws_testkit._meaning import Sender, Typed, Untyped, framed, said

from .thermo import ANSWER, ASK, CLIENT, SERVER, THERMO, Config, GetConfig, Reading

SENDERS = st.sampled_from(["client", "server"])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (HelloFrame(frame_bytes_max=1024, id="k1"), "HELLO id=k1"),
        (HelloFrame(frame_bytes_max=1024, contract="a/1:0"), "HELLO contract=a/1:0"),
        (RejectFrame(4001, 0, "no"), "REJECT 4001 'no'"),
        (MessageFrame("a\x1b"), r"MESSAGE 'a\x1b'"),
        (RequestFrame(7, "text"), "REQUEST 7 'text'"),
        (ReplyFrame(7, b"\0\1"), "REPLY 7 2 B 0001"),
        (ItemFrame(7, "x"), "ITEM 7 'x'"),
        (ErrorFrame(7, 3, "why"), "ERROR 7 3 'why'"),
        (CancelFrame(7), "CANCEL 7"),
        (CreditFrame(7, 2), "CREDIT 7 2"),
        (TurnFrame(True), "TURN here it is"),
        (TurnFrame(False), "TURN please"),
        (LossFrame(9), "LOSS 9"),
        (PingFrame(b"ab"), "PING 'ab'"),
        (PingFrame(), "PING"),
        (DrainFrame(500), "DRAIN window_ms=500"),
        (CloseFrame(1000), "CLOSE 1000"),
    ],
)
def test_frames_of_mcws_in_words(frame: Frame, words: str) -> None:
    """A frame is told by its type, its numbers and what it says."""
    assert framed(Untyped(None), "client", encode_frame(frame)[4:]) == words


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "no frame: ''"),
        (b"\x10", r"no frame: 1 B 10"),
        (b"\x7f\0abc", r"no frame: 5 B 7f00616263"),
        (b"\x90\0abc", "unknown frame of type 0x90"),
    ],
)
def test_what_is_no_frame(payload: bytes, words: str) -> None:
    """What is no frame of mcws/1 is shown as bytes, what may be skipped by its type."""
    assert framed(Untyped(None), "client", payload) == words


def test_messages_of_a_contract() -> None:
    """Requests, replies and messages are told as the contract has them."""
    meaning = Typed(THERMO, THERMO.wire, None)
    assert framed(meaning, "client", ASK[4:]) == "REQUEST 7 GetConfig(section='main')"
    assert framed(meaning, "server", ANSWER[4:]) == "REPLY 7 Config(interval=30)"
    reading = encode_frame(MessageFrame(CLIENT.encode(Reading(21.5))))
    assert framed(meaning, "client", reading[4:]) == "MESSAGE Reading(celsius=21.5)"


def test_reply_without_its_request() -> None:
    """A reply to a request that nobody saw is shown as it is."""
    meaning = Typed(THERMO, THERMO.wire, None)
    assert framed(meaning, "server", ANSWER[4:]).startswith("REPLY 7 ")
    assert "Config(" not in framed(meaning, "server", ANSWER[4:])


def test_messages_of_a_contract_on_a_plain_wire() -> None:
    """Where the wire has no requests, what is no message is the answer to the last one."""
    meaning = Typed(THERMO, Plain(LengthPrefixed()), None)
    ask = CLIENT.encode_request(GetConfig("main"))
    answer = SERVER.encode_reply(GetConfig("main"), Config(30))
    assert isinstance(ask, bytes)
    assert isinstance(answer, bytes)
    assert said(meaning, "client", ask) == "GetConfig(section='main')"
    assert said(meaning, "server", answer) == "Config(interval=30)"


def test_codec_of_ones_own() -> None:
    """Without a contract a codec makes the message, and a payload that it refuses stays."""
    meaning = Untyped(Json())
    assert said(meaning, "client", b'{"a":1}') == "{'a': 1}"
    assert said(meaning, "client", b"{") == "'{'"


@given(st.binary(max_size=40), SENDERS)
def test_meaning_of_any_bytes(payload: bytes, sender: Sender) -> None:
    """Whatever the bytes, there is a line for them."""
    for meaning in (Untyped(Json()), Typed(THERMO, THERMO.wire, None)):
        for words in (framed(meaning, sender, payload), said(meaning, sender, payload)):
            assert all(" " <= char <= "~" for char in words)
            assert words
