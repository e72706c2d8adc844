"""Contract: what two ends agree on, as one object that both import."""

from __future__ import annotations

from typing import Final, Generic

from typing_extensions import TypeVar

from ._codec import Raw

# The defaults are the messages of `UNTYPED`, so that whoever has no contract needs no type
# arguments.
Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)


class Contract(Generic[Up, Down]):
    """The messages of each direction: ``Up`` from client to server, ``Down`` the other way.

    ``UNTYPED`` is the only one so far: messages are ``bytes`` or ``str`` and nothing is checked.

    Attributes:
        name: how the contract is called; empty where nothing was agreed on.
    """

    __slots__ = ("name",)

    def __init__(self) -> None:
        self.name: str = ""

    @property
    def label(self) -> str:
        """``name/version:fingerprint`` as the opening carries it; empty for no contract."""
        # Without a name there is neither version nor fingerprint: the label is empty (WIRE 2).
        return self.name

    def __repr__(self) -> str:
        return "UNTYPED"


# No contract: messages are `bytes` or `str`.
UNTYPED: Final[Contract[Raw, Raw]] = Contract()
