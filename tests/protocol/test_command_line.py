"""What the commands of both ends share."""

from __future__ import annotations

import pytest

from mcws_protocol._command_line import ABOUT_WIRES, WIRES, readable


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("grüße\tan alle", "grüße\tan alle"),
        ("", ""),
        ("grüße".encode(), "grüße"),
        (b"\xff\0", "b'\\xff\\x00'"),
        ("two\nlines", "'two\\nlines'"),
        ("\x1b[2J", "'\\x1b[2J'"),
        ("\u202egnp.exe", "'\\u202egnp.exe'"),
        (b"nul\0", "b'nul\\x00'"),
    ],
)
def test_readable(message: str | bytes, shown: str) -> None:
    """Text is shown as it is, unless a terminal could take it for something else."""
    assert readable(message) == shown


def test_every_wire_is_explained() -> None:
    """The help of the commands has one line for each wire that they know."""
    assert [line.split()[0] for line in ABOUT_WIRES.splitlines()[1:]] == list(WIRES)
