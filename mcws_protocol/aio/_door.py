"""Door: how connections are made, and what is spoken behind it."""

from __future__ import annotations

from typing import Any, Self

from .._arguments import expect_codec
from .._codec import Codec
from .._contract import UNTYPED, Contract
from .._dialect import Dialect
from .._mode import Mode
from .._state import Role
from .._wire import Wire
from ._matching import Matcher


class Door:
    """How connections are made: those of one door share their wire and speak alike.

    Attributes:
        wire: makes their machines.
        dialect: what this end says and understands.
        match: tells which message answers a request; None where the wire or nobody can.
        mode: who may send when.
        initiator: the end that begins where only one may send at a time.
    """

    __slots__ = ("dialect", "initiator", "match", "mode", "wire")

    def __init__(
        self,
        wire: Wire,
        dialect: Dialect | None = None,
        *,
        mode: Mode = Mode.FULL_DUPLEX,
        initiator: Role = Role.SERVER,
    ) -> None:
        self.wire: Wire = wire
        self.match: Matcher | None = getattr(wire, "match", None)
        self.dialect: Dialect = dialect or UNTYPED.dialect(Role.SERVER, wire)
        self.mode: Mode = mode
        self.initiator: Role = initiator

    @classmethod
    def of(
        cls,
        contract: Contract[Any, Any],
        role: Role,
        wire: Wire | None = None,
        codec: Codec[Any] | None = None,
    ) -> Self:
        """Return the door of one end of a contract, on its wire unless another one is given.

        Raises:
            TypeError: ``codec`` is none, or cannot carry the messages of the contract.
            ValueError: ``wire`` cannot carry what the codec makes.
        """
        if codec is not None:
            expect_codec(codec)
        wire = contract.wire if wire is None else wire
        dialect = contract.dialect(role, wire, codec)
        return cls(wire, dialect, mode=contract.mode, initiator=Role(contract.initiator))
