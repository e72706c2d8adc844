"""WireCase: a wire under test, its machines at any phase of a dialogue, and what its laws draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import ClassVar, Final

from hypothesis import strategies as st

from mcws_protocol import (
    FEATURE_HALF_DUPLEX,
    FEATURE_REQUESTS,
    CloseFrame,
    EncodeError,
    Frame,
    HelloFrame,
    Limits,
    LocalProtocolError,
    Machine,
    Payload,
    Plain,
    Received,
    RequestFrame,
    Role,
    WelcomeFrame,
    Wire,
)

from ._drawn_frames import FRAMES, TEXTS
from ._payloads import FILLERS, LIKELY, POSSIBLE, carried
from ._streams import streams
from ._suite import Suite

LIMITS: Final = Limits(frame_bytes_max=5_000)
"""Small, so that frames beyond it are tried."""
REFUSALS: Final = (LocalProtocolError, EncodeError)
"""What a machine raises for what it cannot send."""


class Phase(Enum):
    """How far a dialogue has come."""

    FRESH = "nothing was said"
    OPEN = "both ends may say anything"
    ASKING = "each end has asked the other one something"
    CLOSE_SENT = "this end has said CLOSE"
    CLOSE_RECEIVED = "the peer has said CLOSE"


class WireCase(Suite):
    """What a subclass declares, and what the laws make of it.

    Attributes:
        wire: what is tested.
        payloads: what it carries both ways; found out by asking ``Machine.share`` if None.
        sample: one payload that both ends can send; found out in the same way if None.
        limits: the limits of both ends.
        turns: whether it has half duplex; None for whether it has other frames than messages.
    """

    wire: Wire
    payloads: ClassVar[st.SearchStrategy[Payload] | None] = None
    sample: ClassVar[Payload | None] = None
    limits: ClassVar[Limits] = LIMITS
    turns: ClassVar[bool | None] = None
    needs: ClassVar[dict[str, str]] = {"wire": "wire = MyWire()"}

    # Machines

    def machine(self, role: Role, first: Role | None = None) -> Machine:
        """Return the machine of a connection that began at 0.0."""
        return self.wire.machine(role, self.limits, 0.0, first=first)

    def opened(self, first: Role | None = None) -> dict[Role, Machine]:
        """Return both ends of a connection that is open."""
        ends = {role: self.machine(role, first) for role in Role}
        if ends[Role.CLIENT].has_opening:
            limit = self.limits.frame_bytes_max
            features = FEATURE_REQUESTS | (FEATURE_HALF_DUPLEX if first else 0)
            hello = HelloFrame(frame_bytes_max=limit, features=features)
            self.pass_on(ends, Role.CLIENT, hello)
            self.pass_on(ends, Role.SERVER, WelcomeFrame(frame_bytes_max=limit, features=features))
        return ends

    def at(self, phase: Phase, role: Role) -> Machine:
        """Return one end of a connection that has come so far."""
        if phase is Phase.FRESH:
            return self.machine(role)
        ends = self.opened()
        peer = other(role)
        if phase is Phase.ASKING:
            for asker in (role, peer) if self.wire.has_frames else (role,):
                self.pass_on(ends, asker, RequestFrame(1, self.some_payload()))
        elif phase is Phase.CLOSE_SENT:
            said(ends[role], CloseFrame())
        elif phase is Phase.CLOSE_RECEIVED:
            self.pass_on(ends, peer, CloseFrame())
        return ends[role]

    def pass_on(
        self, ends: dict[Role, Machine], sender: Role, thing: Payload | Frame
    ) -> list[Received]:
        """Return what the other end makes of what ``sender`` says."""
        data = said(ends[sender], thing)
        receiver = ends[other(sender)]
        found = list(receiver.receive(data, 0.0))
        if isinstance(thing, CloseFrame) and not self.wire.has_frames:
            # There the end of the stream is all that is said.
            found += receiver.receive_eof(0.0)
        return found

    def some_payload(self) -> Payload:
        """Return a payload that the wire carries, always the same."""
        if self.sample is not None:
            return self.sample
        found: Payload = self.once("sample", self._found_sample)
        return found

    def _found_sample(self) -> Payload:
        """Return the shortest payload of one byte or more that both ends can send.

        Raises:
            ValueError: there is none among those that were tried.
        """
        shares = [machine.share for machine in self.opened().values()]
        tried: Iterable[bytes] = (
            filler * size for size in (*LIKELY[1:], *POSSIBLE) for filler in FILLERS
        )
        for payload in tried:
            if all(is_shared(share, payload) for share in shares):
                return payload
        raise ValueError(f"{self.wire!r} carries nothing that was tried: declare `sample`")

    @property
    def keeps_boundaries(self) -> bool:
        """Whether messages are neither split nor joined on their way."""
        wire = self.wire
        if not isinstance(wire, Plain):
            return True
        return all(one.keeps_boundaries for one in (wire.framing, wire.up, wire.down) if one)

    # What the laws draw

    def carried(self, role: Role) -> st.SearchStrategy[Payload]:
        """Return payloads that an end can send."""
        if self.payloads is not None:
            return self.payloads
        return self.once(f"payloads_{role.value}", lambda: self._found(role))

    def _found(self, role: Role) -> st.SearchStrategy[Payload]:
        """Return payloads that an end can send, found out by asking it."""
        share: Callable[[Payload], bytes] = self.opened()[role].share
        texts = TEXTS.filter(lambda text: is_shared(share, text))
        # With room for any header.
        large = self._zeros(role, self.limits.frame_bytes_max - 100)
        return carried(share) | texts | large

    def limit_payloads(self, role: Role) -> st.SearchStrategy[Payload]:
        """Return payloads around the limit of the peer, or of the end itself."""
        return self._zeros(role, self.limits.frame_bytes_max + 10)

    def _zeros(self, role: Role, most: int) -> st.SearchStrategy[Payload]:
        """Return long payloads, if the wire carries any length."""
        share = self.opened()[role].share
        if not is_shared(share, bytes(most)):
            return st.just(self.some_payload())
        return st.integers(most - 100, most).map(bytes)

    def things(self, role: Role) -> st.SearchStrategy[list[Payload | Frame]]:
        """Return what an end may try to say."""
        return self.once(
            f"things_{role.value}",
            lambda: st.lists(st.one_of(self.carried(role), FRAMES), max_size=5),
        )

    def streams(self, role: Role) -> st.SearchStrategy[bytes]:
        """Return what may arrive at an end: what its peer says, damaged, and noise."""
        peer = other(role)

        def talk(things: Iterable[Payload | Frame]) -> bytes:
            """Return what the peer says of ``things``, of which it refuses most."""
            machine = self.at(Phase.ASKING, peer)
            return b"".join(try_to_say(machine, thing) or b"" for thing in things)

        limit = self.limits.frame_bytes_max
        # Longer than any message, where a framing looks for its end.
        runs = st.integers(limit - 2, limit + 20).map(lambda size: b"x" * size)
        return self.once(
            f"streams_{role.value}", lambda: streams(self.things(peer).map(talk) | runs)
        )


def other(role: Role) -> Role:
    """Return the other end."""
    return Role.SERVER if role is Role.CLIENT else Role.CLIENT


def said(machine: Machine, thing: Payload | Frame, now: float = 0.0) -> bytes:
    """Return the bytes with which ``machine`` says ``thing``; it tells how many that are."""
    out: list[bytes] = []
    if isinstance(thing, bytes | str):
        size = machine.send_message(thing, out)
    else:
        size = machine.send(thing, now, out)
    data = b"".join(out)
    assert size == len(data), f"{size} bytes were told for {len(data)}"
    return data


def try_to_say(machine: Machine, thing: Payload | Frame) -> bytes | None:
    """Return the same, or None where ``machine`` refuses."""
    try:
        return said(machine, thing)
    except REFUSALS:
        return None


def heard(machine: Machine, pieces: Iterable[bytes], now: float = 1.0) -> list[Received]:
    """Return what ``machine`` reports about ``pieces``; it never raises."""
    found: list[Received] = []
    for piece in pieces:
        try:
            found += machine.receive(piece, now)
        except Exception as error:
            raise AssertionError(f"receive({piece[:60]!r}) raised {error!r}") from error
    return found


def is_shared(share: Callable[[Payload], object], payload: Payload) -> bool:
    """Return whether a wire carries ``payload``."""
    try:
        share(payload)
    except REFUSALS:
        return False
    return True
