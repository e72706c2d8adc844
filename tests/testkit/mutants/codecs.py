"""Codecs with one bug each, beside one without."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import strategies as st

from mcws_protocol import DecodeError, EncodeError, Payload


@dataclass
class Note:
    """A message."""

    text: str
    numbers: list[int] = field(default_factory=list[int])


NOTES = st.builds(Note, st.text(max_size=20), st.lists(st.integers(), max_size=4))


class NoteCodec:
    """Notes as JSON."""

    def encode(self, message: Note, /) -> Payload:
        """Return a note as JSON."""
        try:
            if not isinstance(message, Note):
                raise TypeError
            return self.dump(message)
        except Exception:
            problem = f"{type(message).__name__} is no note"
        raise EncodeError(problem)

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except Exception:
            pass
        raise DecodeError("a note")

    # What mutants replace

    def dump(self, message: Note) -> str:
        """Return the JSON of a note."""
        # In ASCII, so that no lone surrogate is left.
        return json.dumps({"text": message.text, "numbers": message.numbers})

    def load(self, payload: Payload) -> Note:
        """Return the note of a JSON text."""
        found: dict[str, Any] = json.loads(payload)
        text, numbers = found["text"], found["numbers"]
        if not isinstance(text, str) or not isinstance(numbers, list):
            raise TypeError
        return Note(text, cast("list[int]", numbers))


class ContentInError(NoteCodec):
    """Quotes what it could not decode."""

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except Exception:
            pass
        raise DecodeError(f"a note, not {payload!r}")


class ContentInCause(NoteCodec):
    """Chains the error of the parser, which holds the whole document."""

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except Exception as error:
            raise DecodeError("a note") from error


class ContentInContext(NoteCodec):
    """Raises inside of ``except``, so that the error of the parser is shown too."""

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except Exception:
            raise DecodeError("a note")  # noqa: B904 - the bug


class ContentInAttribute(NoteCodec):
    """Keeps the payload on the error."""

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except Exception:
            pass
        error = DecodeError("a note")
        error.__dict__["payload"] = payload
        raise error


class ParserErrorEscapes(NoteCodec):
    """Expects no errors but those of JSON."""

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except (json.JSONDecodeError, KeyError, TypeError):
            pass
        raise DecodeError("a note")


class MissingFieldEscapes(NoteCodec):
    """Forgets that a field may be missing."""

    def decode(self, payload: Payload, /) -> Note:
        """Return the note in JSON."""
        try:
            return self.load(payload)
        except (ValueError, TypeError, RecursionError):
            pass
        raise DecodeError("a note")


class EncodeErrorIsTypeError(NoteCodec):
    """Lets the error of what it uses out."""

    def encode(self, message: Note, /) -> Payload:
        """Return a note as JSON."""
        return self.dump(message)


class MessageChanged(NoteCodec):
    """Sorts the numbers of the message itself."""

    def dump(self, message: Note) -> str:
        """Return the JSON of a note."""
        message.numbers.sort()
        return super().dump(message)


class NotTheSameTwice(NoteCodec):
    """Counts what it encodes in the payload."""

    def __init__(self) -> None:
        self.count = 0

    def dump(self, message: Note) -> str:
        """Return the JSON of a note."""
        self.count += 1
        return json.dumps({"count": self.count, "text": message.text, "numbers": message.numbers})


class SpacesLost(NoteCodec):
    """Takes spaces off the ends of a text."""

    def load(self, payload: Payload) -> Note:
        """Return the note of a JSON text."""
        note = super().load(payload)
        return Note(note.text.strip(), note.numbers)


class PayloadIsBytearray(NoteCodec):
    """Gives a buffer that can still change."""

    def encode(self, message: Note, /) -> Payload:
        """Return a note as JSON."""
        payload = super().encode(message)
        assert isinstance(payload, str)
        return bytearray(payload.encode())  # type: ignore[return-value]  # the bug


class TextOnly(NoteCodec):
    """Decodes text, but not the bytes of it."""

    def load(self, payload: Payload) -> Note:
        """Return the note of a JSON text."""
        if not isinstance(payload, str):
            raise TypeError
        return super().load(payload)


class LatinLost(NoteCodec):
    """Writes Latin-1 and loses what that does not have."""

    def encode(self, message: Note, /) -> Payload:
        """Return a note as JSON."""
        if not isinstance(message, Note):
            raise EncodeError("no note")
        text = json.dumps([message.text, message.numbers], ensure_ascii=False)
        return text.encode("latin-1", errors="replace")

    def load(self, payload: Payload) -> Note:
        """Return the note of a JSON text."""
        text = payload if isinstance(payload, str) else payload.decode("latin-1")
        found = json.loads(text)
        return Note(str(found[0]), list(found[1]))


MUTANTS = tuple(NoteCodec.__subclasses__())
