"""Label: how a contract is called in the opening, ``name/version:fingerprint``.

Source: WIRE 2, 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# A name, a version and 16 hex digits, as every end writes them.
SHAPE: Final = re.compile(
    r"(?P<name>[!-.0-9;-~]{1,64})/(?P<version>[1-9]\d{0,9}):(?P<fingerprint>[0-9a-f]{16})",
    re.ASCII,
)

# Printable ASCII without the two characters that end a name and a version in a label.
NAME: Final = re.compile(r"[!-.0-9;-~]{1,64}", re.ASCII)

# The largest version: it fits in four bytes wherever a device keeps it.
VERSION_MAX: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Label:
    """What one end says of its contract.

    Attributes:
        name: how the contract is called.
        version: which version it is.
        fingerprint: what its messages look like, in 16 hex digits.
    """

    name: str
    version: int
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}:{self.fingerprint}" if self.name else ""

    def equals(self, other: Label) -> bool:
        """Whether both are the same contract; two versions may look the same on the wire."""
        return (self.name, self.fingerprint) == (other.name, other.fingerprint)

    def is_older(self, other: Label) -> bool:
        """Whether ``other`` is a higher version of this contract."""
        return self.name == other.name and self.version < other.version


# What an end without a contract says.
NO_LABEL: Final = Label("", 0, "")


def parse_label(text: str) -> Label | None:
    """Return the label that a peer sent as ``text``; None if it is none."""
    match = SHAPE.fullmatch(text)
    if match is None:
        return None
    return Label(match["name"], int(match["version"]), match["fingerprint"])


def check_name(name: object, version: object) -> None:
    """Refuse what cannot be in a label.

    Raises:
        TypeError: ``name`` is not text or ``version`` not an integer.
        ValueError: ``name`` is not 1 to 64 printable ASCII characters without ``/`` and ``:``, or
            ``version`` is not 1 to 2**32 - 1.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {name!r}")
    if NAME.fullmatch(name) is None:
        allowed = "1 to 64 printable ASCII characters without / and :"
        raise ValueError(f"name must be {allowed}, not {name!r}")
    # True is an int too, and would mean version 1.
    if isinstance(version, bool) or not isinstance(version, int):
        raise TypeError(f"version must be an int, not {version!r}")
    if not 1 <= version <= VERSION_MAX:
        raise ValueError(f"version must be 1 to {VERSION_MAX}, not {version}")
