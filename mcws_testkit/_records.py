"""Records of TLS: what can be told of a connection that is encrypted.

::

    │ type │ 03 0x │ length:u16 │ ...

Source: RFC 8446 5.1.
"""

from __future__ import annotations

from typing import Final

from mcws_protocol import LengthPrefixed

RECORDS: Final = LengthPrefixed(2, offset=3, strip=0)
"""Cuts a stream into records with their headers."""

RECORD_BYTES_MAX: Final = 5 + 65_535
HEAD: Final = b"\x16\x03"
"""The first bytes of either end: a handshake, and the number that all versions begin with."""
MINOR_MAX: Final = 4
KINDS: Final = {20: "change of cipher", 21: "alert", 22: "handshake", 23: "data"}


def may_be_handshake(data: bytes) -> bool:
    """Whether more bytes have to come before it is known if ``data`` begins as TLS does."""
    return len(data) <= len(HEAD) and HEAD.startswith(data)


def is_handshake(data: bytes) -> bool:
    """Whether ``data`` begins as TLS does."""
    return data.startswith(HEAD) and data[len(HEAD)] <= MINOR_MAX


def record(data: bytes) -> str:
    """Return one record in words."""
    return f"TLS {KINDS.get(data[0], f'type {data[0]}')} {len(data)} B"
