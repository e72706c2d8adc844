"""Settings: what a client was told besides its URL and its contract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypedDict

from mcws_protocol import (
    Codec,
    HelloFrame,
    Limits,
    Mcws,
    Mode,
    Plain,
    Wire,
    check_id,
    expect,
    features_of,
    shown,
)
from mcws_protocol.aio import check_callback

from ._dialer import Dial


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of ``Client``, for those who pass them on."""

    id: str | None
    """What the client calls itself: 1 to 255 bytes of UTF-8 without control characters; not where
    the wire has no opening to tell it in."""
    wire: Wire
    """What the server speaks behind that door; the wire of the contract unless it is given."""
    codec: Codec[Any] | None
    """What makes payloads of messages; that of the contract, or else of the wire, unless given."""
    dial: Dial | None
    """How to reach the server instead of by TCP to the URL: over a tunnel, a serial line, or in
    memory. Gets what makes the protocol of one transport, as ``loop.create_connection`` does; the
    ``OSError`` that it raises becomes ``ConnectFailed``."""
    reconnect: None
    """A lost connection is not made again: only None is accepted."""
    connect_timeout: float
    """Seconds for everything until the server's WELCOME; 30 unless it is given."""
    limits: Limits
    """What the connection may cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of a client, complete and checked.

    Raises:
        TypeError: an option is not what it should be.
        ValueError: ``id``, ``reconnect`` or ``connect_timeout`` is out of its bounds.
    """

    id: str | None = None
    wire: Wire = field(default_factory=Mcws)
    codec: Codec[Any] | None = None
    dial: Dial | None = None
    reconnect: None = None
    connect_timeout: float = 30
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        expect("wire", self.wire, Wire, "Plain(Lines())")
        expect("limits", self.limits, Limits)
        if self.dial is not None:
            check_callback(self.dial, "dial")
        if self.id is not None:
            check_id(self.id)
            if isinstance(self.wire, Plain):
                raise ValueError(f"id {shown(self.id)} cannot be told: a plain wire has no opening")
        if self.reconnect is not None:
            raise ValueError(f"reconnect must be None, not {self.reconnect!r}")
        # Asked this way round, so that NaN is refused too.
        if not self.connect_timeout > 0:
            problem = f"connect_timeout must be above 0 seconds, not {self.connect_timeout!r}"
            raise ValueError(problem)

    def hello(self, contract: str, mode: Mode = Mode.FULL_DUPLEX) -> HelloFrame:
        """Return the HELLO of a client with these settings, that contract and that mode."""
        return HelloFrame(
            frame_bytes_max=self.limits.frame_bytes_max,
            # The wire has whole seconds (WIRE 3).
            keepalive_s=round(self.limits.keepalive_s),
            features=features_of(mode),
            # Empty asks the server for one (WIRE 3).
            id=self.id or "",
            contract=contract,
        )


def check_options(options: Iterable[str]) -> None:
    """Refuse names that no option of ``Client`` has.

    Raises:
        TypeError: naming the first of them, and the options that there are.
    """
    known = ClientOptions.__annotations__
    for name in options:
        if name not in known:
            problem = f"Client() got an unexpected keyword argument {name!r}"
            raise TypeError(f"{problem}; its options are {', '.join(known)}")
