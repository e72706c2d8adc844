"""Codec: turns messages into payloads and payloads into messages."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from typing_extensions import TypeVar

from ._errors import DecodeError, EncodeError
from ._events import Payload

# A message where no contract says more.
Raw: TypeAlias = bytes | str

M = TypeVar("M")


class Codec(Protocol[M]):
    """What turns messages into payloads and back; strangers implement it.

    A codec keeps no state between calls and may be shared by any number of connections.
    """

    def encode(self, message: M, /) -> Payload:
        """Return the payload for ``message``; ``str`` where the payload is text.

        Raises:
            EncodeError: ``message`` cannot be encoded.
        """
        ...

    def decode(self, payload: Payload, /) -> M:
        """Return the message that ``payload`` holds.

        ``payload`` is ``str`` where the peer marked it as text, else ``bytes``.

        Raises:
            DecodeError: ``payload`` holds none; without any of its content.
        """
        ...


class Untouched:
    """The codec of ``Mcws()`` without a contract: ``bytes`` stay bytes and ``str`` stays text."""

    __slots__ = ()

    def encode(self, message: Raw, /) -> Payload:
        """Return ``message``.

        Raises:
            EncodeError: it is neither ``bytes`` nor ``str``.
        """
        return expect_raw(message)

    def decode(self, payload: Payload, /) -> Raw:
        """Return ``payload``."""
        return payload

    def __repr__(self) -> str:
        return "Untouched()"


class Text:
    """UTF-8: messages arrive as ``str``; both ``str`` and UTF-8 in ``bytes`` can be sent."""

    __slots__ = ()

    def encode(self, message: Raw, /) -> Payload:
        """Return ``message`` as text.

        Raises:
            EncodeError: it is neither ``str`` nor UTF-8 in ``bytes``.
        """
        # The hot path. A lone surrogate is not looked for here: `utf8` finds it where the text
        # becomes bytes, and looking twice would encode twice.
        if type(message) is str:
            return message
        payload = expect_raw(message)
        try:
            return payload if isinstance(payload, str) else payload.decode()
        except UnicodeDecodeError as error:
            raise EncodeError(f"bytes that are not UTF-8 at byte {error.start}") from None

    def decode(self, payload: Payload, /) -> str:
        """Return ``payload`` as text.

        Raises:
            DecodeError: it is not UTF-8.
        """
        if isinstance(payload, str):
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError as error:
            # `from None`: the cause holds the whole payload, which no error may show (FAULTS 18).
            raise DecodeError("UTF-8 text", f"byte {error.start}") from None

    def __repr__(self) -> str:
        return "Text()"


class Binary:
    """Bytes: messages arrive as ``bytes``; ``str`` is sent as its UTF-8."""

    __slots__ = ()

    def encode(self, message: Raw, /) -> Payload:
        """Return ``message`` as bytes.

        Raises:
            EncodeError: it is neither ``bytes`` nor ``str``.
        """
        # The hot path; subclasses of `bytes` and `str` are left to `expect_raw`.
        if type(message) is bytes:
            return message
        payload = expect_raw(message)
        return payload if isinstance(payload, bytes) else utf8(payload)

    def decode(self, payload: Payload, /) -> bytes:
        """Return ``payload`` as bytes.

        Raises:
            DecodeError: it is text with a lone surrogate.
        """
        if isinstance(payload, bytes):
            return payload
        try:
            return payload.encode()
        except UnicodeEncodeError as error:
            # `from None`: the cause holds the whole payload.
            raise DecodeError("text without lone surrogates", f"character {error.start}") from None

    def __repr__(self) -> str:
        return "Binary()"


# What codecs share with whoever takes a payload past them


def expect_raw(message: object) -> Payload:
    """Return ``message`` if it is a payload already.

    Raises:
        EncodeError: it is neither ``bytes`` nor ``str``.
    """
    # No `bytearray` or `memoryview`: what waits to be sent must not change under the outbox.
    if isinstance(message, bytes | str):
        return message
    raise EncodeError(f"expected bytes or str, got {type(message).__name__}")


def utf8(text: str) -> bytes:
    """Return ``text`` as UTF-8.

    Raises:
        EncodeError: it has a lone surrogate, which UTF-8 cannot express.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        # `from None`: the cause holds the whole text.
        raise EncodeError(f"str with a lone surrogate at {error.start}") from None
