"""Contracts: what two ends agree on."""

from __future__ import annotations

from mcws_protocol._contract import UNTYPED


def test_untyped_has_no_label() -> None:
    """Without a contract nothing is said of one in the opening."""
    assert (UNTYPED.name, UNTYPED.label, repr(UNTYPED)) == ("", "", "UNTYPED")
