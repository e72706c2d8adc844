"""Mode: who may send when, as both ends of a contract agree on it.

Source: WIRE 2 (TURN, features).
"""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """Which end may send at a time."""

    FULL_DUPLEX = "full duplex"
    """Both, whenever they like."""
    HALF_DUPLEX = "half duplex"
    """The one that has the turn; the other one's messages wait until it gets it. On a plain wire
    the initiator starts, and the other end only answers its requests."""
    SIMPLEX = "simplex"
    """The server only; what a client sends all the same is dropped and counted."""
