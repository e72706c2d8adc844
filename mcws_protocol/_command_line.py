"""The command line: what the commands of both ends share, wires by name and messages as lines."""

from __future__ import annotations

from typing import Final

from ._codec import Raw
from ._delimited import Lines
from ._framing import Chunks
from ._mcws_wire import Mcws
from ._plain import Plain
from ._prefixed import LengthPrefixed, Varint
from ._stuffing import Cobs, Slip
from ._wire import Wire

# What can be spoken, by its name on the command line.
WIRES: Final[dict[str, Wire]] = {
    "mcws": Mcws(),
    "lines": Plain(Lines()),
    "chunks": Plain(Chunks()),
    "length": Plain(LengthPrefixed()),
    "varint": Plain(Varint()),
    "cobs": Plain(Cobs()),
    "slip": Plain(Slip()),
}

# The same table in words, for the help of a command.
ABOUT_WIRES: Final = """\
wires:
  mcws      mcws/1, what both commands speak (the default)
  lines     lines of text, as telnet, nc and many devices speak
  chunks    bytes as they arrive: the network may split and join messages
  length    four bytes of length, highest first, then the message
  varint    the length as a varint, then the message, as in Protocol Buffers
  cobs      messages between zero bytes, as on serial lines
  slip      messages between C0 bytes, as on serial IP lines
"""


def readable(message: Raw) -> str:
    """Return ``message`` as one line: as it is if it is plain text, else as Python writes it."""
    try:
        text = message.decode() if isinstance(message, bytes) else message
    except UnicodeDecodeError:
        return repr(message)
    # An escape sequence of a stranger could do anything to a terminal.
    return text if text.replace("\t", "").isprintable() else ascii(message)
