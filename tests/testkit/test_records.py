"""Tests of what can be told of TLS."""

from __future__ import annotations

import pytest

from mcws_testkit._records import RECORD_BYTES_MAX, RECORDS, is_handshake, may_be_handshake, record


@pytest.mark.parametrize("data", [b"", b"\x16", b"\x16\x03"])
def test_handshake_is_not_told_too_early(data: bytes) -> None:
    """The first two bytes are waited for, and then the version."""
    assert may_be_handshake(data)


@pytest.mark.parametrize("data", [b"\x17", b"\x16\x02", b"\x16\x03\x01"])
def test_waiting_ends(data: bytes) -> None:
    """What differs, or has the version, is waited for no longer."""
    assert not may_be_handshake(data)


@pytest.mark.parametrize(("data", "is_tls"), [(b"\x16\x03\x04", True), (b"\x16\x03\x05", False)])
def test_handshake_has_a_known_version(data: bytes, is_tls: bool) -> None:
    """TLS begins with a version up to 1.3."""
    assert is_handshake(data) is is_tls


def test_records_in_words() -> None:
    """A stream is told record by record, with headers counted and unknown types by number."""
    cutter = RECORDS.decoder(frame_bytes_max=RECORD_BYTES_MAX)
    found = cutter.feed(b"\x16\x03\x01\x00\x02ab\x17\x03\x03\x00\x01c\x63\x03\x03\x00\x00")
    assert [record(one) for one in found] == [
        "TLS handshake 7 B",
        "TLS data 6 B",
        "TLS type 99 5 B",
    ]
