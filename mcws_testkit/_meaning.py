"""Meaning: what payloads say, by the codec or the contract that both ends have.

A reply does not say what it answers to, so a meaning remembers the requests of its connection.
"""

from __future__ import annotations

from typing import Any, Final, Literal, Protocol, TypeAlias

from mcws_protocol import (
    Codec,
    Contract,
    Frame,
    ItemFrame,
    LengthPrefixed,
    MessageFrame,
    Payload,
    ReplyFrame,
    RequestFrame,
    Role,
    TurnFrame,
    Wire,
    decode_frame,
    shown,
)

from ._escaped import line, message, raw

Sender: TypeAlias = Literal["client", "server"]

# The bytes of a frame of mcws/1 behind its length, of which the first two are type and flags.
MCWS_FRAMING: Final = LengthPrefixed()
MCWS_HEAD_BYTES: Final = 2

# What a frame of mcws/1 is told by: numbers that need no name, then fields that do.
NUMBERS: Final = ("correlation_id", "code", "items", "count")
NAMED: Final = ("id", "contract", "version", "received", "window_ms")


class Meaning(Protocol):
    """What the payloads of one connection say; any error is raised for what they do not."""

    def message(self, sender: Sender, payload: Payload) -> object:
        """Return the message in ``payload``."""
        ...

    def request(self, sender: Sender, correlation_id: int, payload: Payload) -> object:
        """Return the request in ``payload``."""
        ...

    def reply(self, sender: Sender, correlation_id: int, payload: Payload) -> object:
        """Return what answers a request of the other end."""
        ...


class Untyped:
    """One codec for all that is said; without one, payloads are messages."""

    def __init__(self, codec: Codec[Any] | None) -> None:
        self._codec = codec

    def message(self, sender: Sender, payload: Payload) -> object:
        """Return the message in ``payload``."""
        return payload if self._codec is None else self._codec.decode(payload)

    def request(self, sender: Sender, correlation_id: int, payload: Payload) -> object:
        """Return the request in ``payload``, which is a message like any other."""
        return self.message(sender, payload)

    def reply(self, sender: Sender, correlation_id: int, payload: Payload) -> object:
        """Return the reply in ``payload``, which is a message like any other."""
        return self.message(sender, payload)


class Typed:
    """The messages of a contract."""

    def __init__(self, contract: Contract[Any, Any], wire: Wire, codec: Codec[Any] | None) -> None:
        # By who hears it.
        self._at = {role: contract.dialect(role, wire, codec) for role in Role}
        self._asked: dict[tuple[Sender, int], object] = {}

    def message(self, sender: Sender, payload: Payload) -> object:
        """Return the message in ``payload``."""
        try:
            found: object = self._at[_hearer(sender)].decode(payload)
        except Exception:
            # Where the wire does not tell them apart it is the answer to what was asked last.
            return self.reply(sender, 0, payload)
        self._asked[sender, 0] = found
        return found

    def request(self, sender: Sender, correlation_id: int, payload: Payload) -> object:
        """Return the request in ``payload`` and keep it for its reply."""
        found: object = self._at[_hearer(sender)].decode_request(payload)
        self._asked[sender, correlation_id] = found
        return found

    def reply(self, sender: Sender, correlation_id: int, payload: Payload) -> object:
        """Return what answers a request of the other end."""
        asker: Sender = "client" if sender == "server" else "server"
        asked = self._asked.get((asker, correlation_id))
        return self._at[Role(asker)].decode_reply(asked, payload)


def _hearer(sender: Sender) -> Role:
    return Role.SERVER if sender == "client" else Role.CLIENT


# Payloads and frames in words


def said(meaning: Meaning, sender: Sender, payload: bytes) -> str:
    """Return a payload that is a message in words."""
    return _told(meaning, sender, payload, payload)


def framed(meaning: Meaning, sender: Sender, payload: bytes) -> str:
    """Return a frame of mcws/1, given without its length, in words."""
    if len(payload) < MCWS_HEAD_BYTES:
        return f"no frame: {raw(payload)}"
    try:
        frame = decode_frame(payload[0], payload[1], payload[MCWS_HEAD_BYTES:])
    except Exception:
        # The frame stays readable as bytes; what is wrong with it the program will say.
        return f"no frame: {raw(payload)}"
    if frame is None:
        return f"unknown frame of type 0x{payload[0]:02x}"
    return _in_words(meaning, sender, frame)


def _in_words(meaning: Meaning, sender: Sender, frame: Frame) -> str:
    words = [type(frame).__name__.removesuffix("Frame").upper()]
    words += [str(getattr(frame, name)) for name in NUMBERS if hasattr(frame, name)]
    for name in NAMED:
        value: object = getattr(frame, name, "")
        # Version 1 and zeros say nothing new.
        if value and value != 1:
            words.append(f"{name}={line(str(value))}")
    if isinstance(frame, TurnFrame):
        words.append("here it is" if frame.give else "please")
    payload: Payload | None = getattr(frame, "payload", None)
    if payload:
        words.append(_told(meaning, sender, payload, frame))
    reason: str = getattr(frame, "reason", "")
    if reason:
        words.append(shown(reason))
    return " ".join(words)


def _told(meaning: Meaning, sender: Sender, payload: Payload, frame: Frame | bytes) -> str:
    """Return the payload of a frame in words; as it is where it means nothing."""
    try:
        match frame:
            case RequestFrame():
                return message(meaning.request(sender, frame.correlation_id, payload))
            case ReplyFrame() | ItemFrame():
                return message(meaning.reply(sender, frame.correlation_id, payload))
            case MessageFrame() | bytes():
                return message(meaning.message(sender, payload))
            case _:
                # PING and PONG carry bytes that are nobody's message.
                return message(payload)
    except Exception:
        # A hostile payload, or a mistake in a codec or `repr` of the user's own.
        return message(payload)
