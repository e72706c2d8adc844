"""Errors: one tree, a message made of values, and values that survive pickling."""

from __future__ import annotations

import pickle

import pytest

from mcws_protocol import _errors
from mcws_protocol._errors import (
    BadRequest,
    ConnectFailed,
    ConnectionClosed,
    ConnectTimeout,
    ContractMismatch,
    CorruptFrame,
    DecodeError,
    EncodeError,
    FrameTooLong,
    IncompleteFrame,
    ListenFailed,
    LocalProtocolError,
    McwsError,
    MessagesLost,
    MessageTooLong,
    NoHandler,
    OutboxFull,
    Refused,
    Rejected,
    RemoteProtocolError,
    RequestFailed,
    RequestTimeout,
    UnknownMessage,
    shown,
)

ERRORS: list[tuple[McwsError, str, dict[str, object]]] = [
    (McwsError("why"), "why", {}),
    (LocalProtocolError("not now"), "not now", {}),
    (
        MessageTooLong(70_000, 65_536),
        "frame of 70000 bytes exceeds the limit of 65536 bytes",
        {"size": 70_000, "limit": 65_536},
    ),
    (RemoteProtocolError("bad"), "bad", {"reason": "bad", "code": 1002}),
    (RemoteProtocolError("flood", 1008), "flood", {"reason": "flood", "code": 1008}),
    (CorruptFrame("noise"), "noise", {"reason": "noise", "code": 1002}),
    (
        FrameTooLong(300, 256),
        "frame of 300 bytes exceeds the limit of 256 bytes",
        {"size": 300, "limit": 256, "code": 1009},
    ),
    (
        FrameTooLong(None, 256),
        "frame exceeds the limit of 256 bytes",
        {"size": None, "limit": 256, "code": 1009},
    ),
    (
        IncompleteFrame(3),
        "stream ended inside a frame, 3 bytes of it had arrived",
        {"buffered": 3, "code": 1006},
    ),
    (
        DecodeError("float", "$.celsius"),
        "payload is not float at $.celsius",
        {"expected": "float", "path": "$.celsius", "code": 1007},
    ),
    (DecodeError("MsgPack"), "payload is not MsgPack", {"expected": "MsgPack", "path": ""}),
    (EncodeError("expected bytes"), "expected bytes", {}),
    (
        OutboxFull(5_000, 4_096),
        "5000 bytes wait to be sent, the limit is 4096 bytes",
        {"queued": 5_000, "limit": 4_096},
    ),
    (
        ConnectionClosed(1006),
        "connection closed with code 1006",
        {"code": 1006, "reason": "", "maybe_executed": False},
    ),
    (
        ConnectionClosed(1001, "bye\n", maybe_executed=True),
        "connection closed with code 1001: 'bye\\n'",
        {"code": 1001, "reason": "bye\n", "maybe_executed": True},
    ),
    (
        Rejected(1013),
        "server rejected the connection with code 1013",
        {"code": 1013, "reason": "", "retry_after_s": 0.0, "maybe_executed": False},
    ),
    (
        Rejected(4007, "taken", 1.5),
        "server rejected the connection with code 4007: 'taken'",
        {"code": 4007, "reason": "taken", "retry_after_s": 1.5},
    ),
    (RequestTimeout(0.5), "no answer within 0.5 seconds", {"timeout": 0.5}),
    (RequestFailed(3), "request failed with code 3 (handler failed)", {"code": 3, "reason": ""}),
    (RequestFailed(4), "request failed with code 4 (deadline passed)", {"code": 4}),
    (RequestFailed(5), "request failed with code 5 (too many in flight)", {"code": 5}),
    (RequestFailed(6), "request failed with code 6 (cancelled)", {"code": 6}),
    (RequestFailed(7, "bye"), "request failed with code 7 (draining): 'bye'", {"code": 7}),
    (RequestFailed(999), "request failed with code 999", {"code": 999}),
    (
        RequestFailed(1000, "\x1b[2J"),
        "request failed with code 1000: '\\x1b[2J'",
        {"code": 1000, "reason": "\x1b[2J"},
    ),
    (NoHandler(1), "request failed with code 1 (no handler)", {"code": 1, "reason": ""}),
    (
        BadRequest(2, "no"),
        "request failed with code 2 (bad request payload): 'no'",
        {"code": 2, "reason": "no"},
    ),
    (Refused(1000, "busy"), "refused with code 1000: 'busy'", {"code": 1000, "reason": "busy"}),
    (
        UnknownMessage("Reading | Alarm", "\x1b[2J"),
        "message of type '\\x1b[2J', known are Reading | Alarm",
        {"expected": "Reading | Alarm", "tag": "\x1b[2J", "path": "", "code": 1007},
    ),
    (
        ContractMismatch("a/2:1", "a/1:0", ("up Reading.celsius: float is written, str is read",)),
        "contract a/2:1 does not fit 'a/1:0': up Reading.celsius: float is written, str is read",
        {
            "ours": "a/2:1",
            "theirs": "a/1:0",
            "changes": ("up Reading.celsius: float is written, str is read",),
        },
    ),
    (
        ContractMismatch("", "a/1:0"),
        "contract none does not fit 'a/1:0'",
        {"ours": "", "theirs": "a/1:0", "changes": ()},
    ),
    (MessagesLost(2), "the peer dropped 2 messages on their way here", {"count": 2}),
    (
        ListenFailed("::1", 80, "port in use"),
        "cannot listen on ::1:80: port in use",
        {"address": "::1", "port": 80, "why": "port in use"},
    ),
    (
        ConnectFailed("tcp://a:1", "refused"),
        "cannot connect to tcp://a:1: refused",
        {"url": "tcp://a:1", "why": "refused"},
    ),
    (
        ConnectTimeout("tcp://a:1", "no answer in 30 s"),
        "cannot connect to tcp://a:1: no answer in 30 s",
        {"url": "tcp://a:1", "why": "no answer in 30 s"},
    ),
]

each_error = pytest.mark.parametrize(
    ("error", "text", "values"), ERRORS, ids=[repr(error) for error, _, _ in ERRORS]
)


@each_error
def test_error_tells_its_values(error: McwsError, text: str, values: dict[str, object]) -> None:
    """Every error builds its message of its values and keeps them as attributes."""
    assert str(error) == text
    assert {name: getattr(error, name) for name in values} == values


@each_error
def test_error_pickled_stays_the_same(
    error: McwsError, text: str, values: dict[str, object]
) -> None:
    """An error that crosses a process keeps its type, its message and its attributes."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == text
    assert {name: getattr(copy, name) for name in values} == values
    assert copy.args == error.args


@each_error
def test_error_made_again_of_its_arguments_is_the_same(
    error: McwsError, text: str, values: dict[str, object]
) -> None:
    """``args`` are what the error was made of, as tools that copy errors expect."""
    again = type(error)(*error.args)
    assert str(again) == text
    assert {name: getattr(again, name) for name in values} == values


def test_errors_of_the_module_are_all_listed_here() -> None:
    """No class of the tree goes without the tests of this file."""
    defined = {
        thing
        for thing in vars(_errors).values()
        if isinstance(thing, type) and issubclass(thing, McwsError)
    }
    assert defined == {type(error) for error, _, _ in ERRORS}


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (MessageTooLong, (LocalProtocolError, McwsError)),
        (FrameTooLong, (RemoteProtocolError, McwsError)),
        (IncompleteFrame, (RemoteProtocolError,)),
        (CorruptFrame, (RemoteProtocolError,)),
        (DecodeError, (RemoteProtocolError,)),
        (EncodeError, (McwsError, TypeError)),
        (ConnectionClosed, (McwsError, ConnectionError, OSError)),
        (Rejected, (ConnectionClosed, ConnectionError)),
        (RequestTimeout, (McwsError, TimeoutError)),
        (ListenFailed, (McwsError, OSError)),
        (ConnectFailed, (McwsError, OSError)),
        (ConnectTimeout, (ConnectFailed, TimeoutError)),
    ],
)
def test_error_is_caught_as_its_bases(
    error: type[McwsError], bases: tuple[type[Exception], ...]
) -> None:
    """Each error is also the built-in one that its docstring names."""
    assert all(issubclass(error, base) for base in bases)


@pytest.mark.parametrize("error", [LocalProtocolError, OutboxFull, RequestFailed, Refused])
def test_error_that_is_no_loss_is_no_os_error(error: type[McwsError]) -> None:
    """Whoever catches ``OSError`` for a lost connection does not swallow the others."""
    assert not issubclass(error, OSError)


def test_code_of_one_error_does_not_change_its_class() -> None:
    """A code given to one instance is not the code of the next."""
    assert RemoteProtocolError("x", 1008).code == 1008
    assert RemoteProtocolError("x").code == 1002


@pytest.mark.parametrize("code", [1000, 65_535])
def test_refused_within_its_range_is_made(code: int) -> None:
    """The codes of the application reach from 1000 to the highest that travels."""
    assert Refused(code).code == code


@pytest.mark.parametrize("code", [-1, 0, 999, 65_536])
def test_refused_outside_of_its_range_raises(code: int) -> None:
    """A code below 1000 belongs to the protocol, one above 65535 does not fit."""
    with pytest.raises(ValueError, match=f"1000 to 65535, not {code}"):
        Refused(code)


HOSTILE = {
    "carriage return": "a\rb",
    "line feed": "a\nERROR forged line",
    "line separator": "a\u2028b",
    "next line": "a\x85b",
    "escape sequence": "\x1b]0;title\x07",
    "right to left override": "exe\u202egnp.txt",
    "isolate": "\u2066a\u2069",
    "null": "\0",
    "lone surrogate": "\udc80",
    "long": "x" * 10_000,
    "long and wide": "\U0001f600" * 100,
    "bytes": b"a\r\n\x1b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_shown_hostile_text_is_one_clean_line(text: str | bytes) -> None:
    """Whatever a peer sends, a log shows one short line of printable ASCII (FAULTS 19)."""
    line = shown(text)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= 64


@pytest.mark.parametrize(
    ("size", "line"),
    [(62, repr("x" * 62)), (63, "'" + "x" * 59 + "...'"), (1000, "'" + "x" * 59 + "...'")],
)
def test_shown_is_cut_above_64_characters(size: int, line: str) -> None:
    """What fits is shown whole; what does not ends in dots between the same quotes."""
    assert shown("x" * size) == line


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_shown_with_a_limit_is_one_clean_line(text: str | bytes) -> None:
    """More room changes nothing but the cut."""
    line = shown(text, 256)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= 256


def test_rejected_shows_the_labels_of_both_ends() -> None:
    """The longest labels there are fit, so that the server's fingerprint is seen."""
    label = f"{'n' * 64}/{2**32 - 1}:0123456789abcdef"
    reason = f"contract is {label}, here it is {label}"
    assert str(Rejected(4004, reason)).endswith(f": '{reason}'")


def test_rejected_with_a_hostile_reason_is_one_clean_line() -> None:
    """A reason is escaped, and cut at 256 characters between quotes (FAULTS 19)."""
    line = str(Rejected(4004, "\x1b[2J\n" + "\u202e" * 1_000))
    assert line.isascii()
    assert line.isprintable()
    assert len(line) == len("server rejected the connection with code 4004: ") + 256


def test_mismatch_shows_the_whole_label_of_the_other_end() -> None:
    """The longest label there is fits, with the fingerprint at its end."""
    label = f"{'n' * 64}/{2**32 - 1}:0123456789abcdef"
    assert str(ContractMismatch("a/2:1", label)).endswith(f"does not fit '{label}'")
