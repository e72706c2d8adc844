"""Escaped: what programs sent and said, as one clean line of ASCII, whatever it was."""

from __future__ import annotations

from typing import Final

from mcws_protocol import shown

TEXT_MAX: Final = 72
"""Characters of one frame, so that an arrow of a diagram has room for it."""
HEX_MAX: Final = 8
"""Bytes that are shown of what is no text: enough to recognise a header."""
STRANGE_SHARE: Final = 4
"""One character in so many may be no printable one where bytes are still taken for text."""


def line(text: str, limit: int = TEXT_MAX) -> str:
    """Return ``text`` in printable ASCII and cut, without quotes around it."""
    # No need to look at what is cut away, and a message may be a megabyte.
    head = text[: limit + 1]
    clean = "".join(char if " " <= char <= "~" else ascii(char)[1:-1] for char in head)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def raw(data: bytes) -> str:
    """Return bytes of which nothing is known: as text if they look like it, else as their count."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    # The blanks of a line protocol count as text, and so does what has an escape sequence in it; a
    # header that happens to be valid does not.
    strange = sum(not char.isprintable() and char not in "\t\r\n" for char in text)
    if strange * STRANGE_SHARE <= len(text):
        return shown(text)
    rest = "..." if len(data) > HEX_MAX else ""
    return f"{len(data)} B {data[:HEX_MAX].hex()}{rest}"


def message(value: object) -> str:
    """Return a message as a reader knows it: text in quotes, objects as Python writes them."""
    if isinstance(value, str):
        return shown(value)
    return raw(value) if isinstance(value, bytes) else line(repr(value))
