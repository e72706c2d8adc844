"""Dialect: how one end of a connection turns messages into payloads, and payloads into messages."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ._codec import Untouched
from ._errors import EncodeError, LocalProtocolError
from ._events import Payload
from ._message import Message, Request
from ._vocabulary import Part, Vocabulary


class Dialect:
    """What one end says and understands, on one wire.

    Attributes:
        outgoing: what this end says.
        incoming: what this end understands.
        has_frames: whether the wire tells requests from messages.
        is_raw: whether payloads are messages, so that neither way anything has to be done.
        is_answered: whether the peer answers whatever is no ``Message``, since it cannot tell what
            wants no answer.
        encode: returns the payload for a message.
        decode_request: returns the request that a payload holds; raises as ``decode``.
        quick_decode: ``decode`` without the care for errors; None where nothing has to be done.
    """

    __slots__ = (
        "_checked",
        "_heard",
        "decode_request",
        "encode",
        "has_frames",
        "incoming",
        "is_answered",
        "is_raw",
        "outgoing",
        "quick_decode",
    )

    def __init__(
        self,
        outgoing: Vocabulary,
        incoming: Vocabulary,
        *,
        has_frames: bool,
        checks: bool = False,
        is_answered: bool = False,
    ) -> None:
        self.outgoing: Vocabulary = outgoing
        self.incoming: Vocabulary = incoming
        self.has_frames: bool = has_frames
        said = outgoing.messages
        self.encode: Callable[[Any], Payload] = said.encode_checked if checks else said.encode
        # As `decode`, for requests.
        self.decode_request: Callable[[Payload], Any] = incoming.requests.codec.decode
        self._heard = incoming.messages if has_frames else incoming.everything
        self.is_raw: bool = isinstance(self._heard.codec, Untouched)
        if self.is_raw:
            self.encode = self._heard.codec.encode
        self.is_answered: bool = is_answered
        if is_answered:
            self.encode = functools.partial(self._encode_unanswered, self.encode)
        self.quick_decode: Callable[[Payload], Any] | None = (
            None if self.is_raw else self._heard.quick_decode
        )
        self._checked: Dialect | None = self if checks else None

    def checked(self) -> Dialect:
        """Return the same dialect with a look at all fields of what is sent, for debugging."""
        if self._checked is None:
            self._checked = Dialect(
                self.outgoing,
                self.incoming,
                has_frames=self.has_frames,
                checks=True,
                is_answered=self.is_answered,
            )
        return self._checked

    def decode(self, payload: Payload) -> Any:
        """Return the message that ``payload`` holds.

        Raises:
            UnknownMessage: its type is none that this end understands.
            DecodeError: it is not what its type says.
        """
        return self._heard.codec.decode(payload)

    def _encode_unanswered(self, encode: Callable[[Any], Payload], message: Any) -> Payload:
        """Return the payload for a message that gets no answer.

        Raises:
            LocalProtocolError: the peer would answer it.
        """
        if not isinstance(message, Message):
            name = type(message).__name__
            raise LocalProtocolError(f"each {name} is answered there: send it with request()")
        return encode(message)

    # Requests

    def encode_request(self, request: Any) -> Payload:
        """Return the payload for ``request``.

        Raises:
            EncodeError: it is no request of this end's, or cannot be expressed.
        """
        if isinstance(request, Message) and not isinstance(request, Request):
            name = type(request).__name__
            raise EncodeError(f"{name} is no request: send it with send(), not with request()")
        return self._encode(self.outgoing.requests, request)

    def encode_reply(self, request: Any, reply: Any) -> Payload:
        """Return the payload for what answers ``request``; raises as ``encode``."""
        # A request of the codec's own types is answered by any message of this end.
        part = self.incoming.replies.get(request.__class__, self.outgoing.messages)
        return self._encode(part, reply)

    def decode_reply(self, request: Any, payload: Payload) -> Any:
        """Return what answers ``request``; raises as ``decode``."""
        part = self.outgoing.replies.get(request.__class__, self.incoming.messages)
        return part.codec.decode(payload)

    def _encode(self, part: Part, message: Any) -> Payload:
        return part.encode(message) if self._checked is not self else part.encode_checked(message)
