"""Cursor: reads the fields of one frame's body in order and refuses to read past its end."""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from ._errors import RemoteProtocolError

# The close code for text that is not UTF-8 (WIRE 1).
BAD_UTF8: Final = 1007


class Cursor:
    """A position in the body of one frame.

    Every method raises ``RemoteProtocolError`` where the body is too short or not UTF-8.
    """

    __slots__ = ("_at", "_body", "_name")

    def __init__(self, body: bytes, name: str) -> None:
        self._body = body
        self._name = name
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._body) - self._at

    def unpack(self, layout: Struct) -> tuple[Any, ...]:
        """Read the fields of ``layout``."""
        at = self._at
        # Checked here, so no `struct.error` comes out of here.
        self._at = self._end_of(layout.size)
        return layout.unpack_from(self._body, at)

    def number(self, layout: Struct) -> int:
        """Read the one field of ``layout``."""
        value: int = self.unpack(layout)[0]
        return value

    def take(self, size: int) -> bytes:
        """Read ``size`` bytes."""
        # Checked, since a slice would be too short without a word.
        at, self._at = self._at, self._end_of(size)
        return self._body[at : self._at]

    def counted(self, width: int) -> bytes:
        """Read a number of ``width`` bytes, then as many bytes as it says."""
        start = self._at + width
        end = start + int.from_bytes(self._body[self._at : start], "big")
        if end > len(self._body):
            # One of both is too short; the first of them says so.
            self._at = self._end_of(width)
            return self.take(end - start)
        self._at = end
        return self._body[start:end]

    def rest(self) -> bytes:
        """Read all that is left."""
        return self.take(self.left)

    def text(self, raw: bytes) -> str:
        """Decode ``raw``, which was read before, as UTF-8."""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            problem = f"text in {self._name} is not UTF-8"
        # Behind the `except`, not `from None`, which compiled code ignores: what was caught holds
        # what the peer sent.
        raise RemoteProtocolError(problem, BAD_UTF8)

    def label(self, raw: bytes) -> str:
        """Decode ``raw`` as UTF-8 without control characters, as ids and names are."""
        text = self.text(raw)
        if has_controls(text):
            raise RemoteProtocolError(f"control characters in a name in {self._name}")
        return text

    def end(self) -> None:
        """Refuse bytes behind the last field."""
        # What is new comes in `ext` or in another version (WIRE 1, 2), so a rest is a mistake.
        if self.left:
            raise RemoteProtocolError(f"{self._name} is {self.left} bytes too long")

    def _end_of(self, size: int) -> int:
        end = self._at + size
        if end > len(self._body):
            missing = end - len(self._body)
            raise RemoteProtocolError(f"{self._name} is {missing} bytes too short")
        return end


def has_controls(text: str) -> bool:
    """Whether ``text`` has a control character, which names on the wire have not."""
    # C0, DEL and C1: line ends and escape sequences, which would also forge log lines (FAULTS 19).
    # None of them is printable, and hardly any name has anything else that is not.
    return not text.isprintable() and any(
        letter < " " or "\x7f" <= letter <= "\x9f" for letter in text
    )
