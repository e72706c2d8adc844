"""Contract: what two ends agree on, as one object that both import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, Literal, TypeAlias

from typing_extensions import TypeForm, TypeVar

from ._arguments import expect, expect_codec
from ._codec import Codec, Raw, Untouched
from ._dialect import Dialect
from ._errors import ContractMismatch
from ._json_schema import json_schema
from ._label import NO_LABEL, Label, check_name, parse_label
from ._mcws_wire import Mcws
from ._mode import Mode
from ._state import Role
from ._structured import MsgPack
from ._terms import Terms
from ._vocabulary import Vocabulary
from ._wire import Wire

# The defaults are the messages of `UNTYPED`, so that whoever has no contract needs no type
# arguments.
Up = TypeVar("Up", default=Raw)
Down = TypeVar("Down", default=Raw)

Initiator: TypeAlias = Literal["server", "client"]
"""The end that has the turn first in half duplex."""


class Contract(Generic[Up, Down]):
    """The messages of each direction: ``Up`` from client to server, ``Down`` the other way.

    One object, which the programs of both ends import::

        thermo = Contract("thermo", version=1, up=Reading | GetConfig, down=SetLed)

    ``name`` has 1 to 64 printable ASCII characters without ``/`` and ``:``; ``version`` is 1 or
    more. ``up`` and ``down`` are a message class, a union of them, a type of the codec's own, or
    ``Never``. ``wire`` and ``codec`` are what both ends use unless a door says otherwise, ``mode``
    who may send when, ``initiator`` who begins in half duplex. ``previous`` are older versions that
    are still in use.

    Raises:
        TypeError: an argument is not what it should be, or payloads cannot be decoded to a type;
            it names the type.
        ValueError: ``name`` or ``version`` is out of its bounds, or ``wire`` cannot carry what
            ``codec`` makes.
        ContractMismatch: one of ``previous`` does not fit; it names type and field.

    Source: WIRE 3.
    """

    def __init__(
        self,
        name: str,
        *,
        version: int,
        up: TypeForm[Up],
        down: TypeForm[Down],
        wire: Wire = Mcws(),  # noqa: B008 - frozen, so one object serves all
        codec: Codec[Any] = MsgPack(),  # noqa: B008
        mode: Mode = Mode.FULL_DUPLEX,
        initiator: Initiator = "server",
        previous: Sequence[Contract[Any, Any]] = (),
    ) -> None:
        check_name(name, version)
        expect("wire", wire, Wire, "Plain(Lines())")
        expect("mode", mode, Mode, "Mode.HALF_DUPLEX")
        if initiator not in ("server", "client"):
            raise ValueError(f"initiator must be 'server' or 'client', not {initiator!r}")
        expect_codec(codec)
        if not isinstance(previous, Sequence):
            raise TypeError(f"previous must be a sequence of contracts, not {previous!r}")
        wire.check_codec(codec)
        self.wire: Wire = wire
        self.codec: Codec[Any] = codec
        self.mode: Mode = mode
        self.initiator: Initiator = initiator
        self.previous: tuple[Contract[Any, Any], ...] = tuple(previous)
        self._kinds: tuple[Any, Any] = (up, down)
        self._terms = Terms(*self._vocabularies(codec), codec, mode, initiator)
        self._label = Label(name, version, self._terms.fingerprint())
        self._check_previous()

    # What it is called

    @property
    def name(self) -> str:
        """How the contract is called."""
        return self._label.name

    @property
    def version(self) -> int:
        """Which version this is; a higher one is younger."""
        return self._label.version

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all that the messages look like on the wire, codec and mode."""
        return self._label.fingerprint

    @property
    def label(self) -> str:
        """``name/version:fingerprint`` as the opening carries it; empty for none (WIRE 2)."""
        return str(self._label)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of all messages, for those who write the other end by hand.

        ``up`` and ``down`` refer to the types of each direction, ``replies`` to what answers each
        request, by its direction and name; the types are under ``$defs``.

        Raises:
            TypeError: a type has no JSON Schema.

        Source: https://json-schema.org/draft/2020-12/schema
        """
        return json_schema(self.label, self._terms)

    def __repr__(self) -> str:
        return f"<Contract {self.label}>"

    # Versions

    def changes(self, old: Contract[Any, Any]) -> tuple[str, ...]:
        """Return why clients of ``old`` cannot talk to a server of this contract.

        Empty if they can. Each line names type and field. What they send has to decode here, and
        what is sent to them has to decode there. A type of messages that is new is no obstacle.
        """
        return tuple(self._terms.behind(old._terms))

    def obstacles(self, old: Contract[Any, Any]) -> tuple[str, ...]:
        """Return why clients of this contract cannot talk to a server of ``old``.

        Empty if they can; else servers have to be deployed before clients.
        """
        return tuple(self._terms.ahead(old._terms))

    def accepts(self, old: Contract[Any, Any]) -> bool:
        """Whether clients of ``old`` can talk to a server of this contract."""
        return not self.changes(old)

    # What its ends do with it

    def dialect(self, role: Role, wire: Wire, codec: Codec[Any] | None = None) -> Dialect:
        """Return how one end of a connection speaks, in another codec if one is given.

        Raises:
            TypeError: ``codec`` cannot carry these messages.
            ValueError: ``wire`` cannot carry what the codec makes.
        """
        wire.check_codec(self.codec if codec is None else codec)
        up, down = (
            (self._terms.up, self._terms.down) if codec is None else self._vocabularies(codec)
        )
        said, heard = (down, up) if role is Role.SERVER else (up, down)
        # On such a wire only one end may begin, so whatever it says is a request.
        begins = self.mode is Mode.HALF_DUPLEX and role is Role(self.initiator)
        is_answered = begins and not wire.has_frames
        return Dialect(said, heard, has_frames=wire.has_frames, is_answered=is_answered)

    def incoming(self, role: Role) -> Vocabulary:
        """Return the messages that arrive at one end."""
        return self._terms.up if role is Role.SERVER else self._terms.down

    def welcomes(self, label: str) -> bool:
        """Whether a server of this contract lets in a client that says ``label`` of its own."""
        if not label:
            # A hand-written device, which is not checked.
            return True
        theirs = parse_label(label)
        if theirs is None:
            return False
        if self._label.is_older(theirs):
            # The client knows both versions, so it decides.
            return True
        return self._is_known(theirs)

    def misfit(self, label: str) -> ContractMismatch | None:
        """Return why a client of this contract leaves a server that says ``label``; None if not."""
        theirs = parse_label(label) if label else None
        # One that is younger has decided already, when it welcomed this client.
        if not label or (theirs is not None and self._label.is_older(theirs)):
            return None
        if theirs is None or not self._is_known(theirs):
            return ContractMismatch(self.label, label)
        changes = [
            change
            for old in self.previous
            if old._label.equals(theirs)
            for change in self.obstacles(old)
        ]
        return ContractMismatch(self.label, label, tuple(changes)) if changes else None

    # Details

    def _vocabularies(self, codec: Codec[Any]) -> tuple[Vocabulary, Vocabulary]:
        """Return what goes up and what goes down, in one codec."""
        up, down = self._kinds
        return Vocabulary("up", up, codec), Vocabulary("down", down, codec)

    def _check_previous(self) -> None:
        for old in self.previous:
            expect("previous", old, Contract)
            if not old._label.is_older(self._label):
                expected = f"lower versions of {self.name}"
                raise ValueError(f"previous must be {expected}, not {old.name}/{old.version}")
            changes = self.changes(old)
            if changes:
                raise ContractMismatch(self.label, old.label, changes)

    def _is_known(self, theirs: Label) -> bool:
        known = (self._label, *(old._label for old in self.previous))
        return any(label.equals(theirs) for label in known)


class Untyped(Contract[Raw, Raw]):
    """No contract: each message is what the codec of the door gives, and nothing is checked."""

    def __init__(self) -> None:
        self.wire = Mcws()
        self.codec = Untouched()
        self.mode = Mode.FULL_DUPLEX
        self.initiator = "server"
        self.previous = ()
        both = Vocabulary("", object, self.codec)
        self._label = NO_LABEL
        self._terms = Terms(both, both, self.codec, self.mode, self.initiator)

    def dialect(self, role: Role, wire: Wire, codec: Codec[Any] | None = None) -> Dialect:
        """Return how both ends speak: in the codec of the wire unless another one is given."""
        codec = wire.codec if codec is None else codec
        wire.check_codec(codec)
        both = Vocabulary("", object, codec)
        return Dialect(both, both, has_frames=wire.has_frames)

    def welcomes(self, label: str) -> bool:
        """Whether a client has no contract either."""
        return not label

    def misfit(self, label: str) -> None:
        """Return nothing: who checks nothing talks to any server."""
        return

    def __repr__(self) -> str:
        return "UNTYPED"


# No contract: messages are `bytes` or `str`.
UNTYPED: Final[Contract[Raw, Raw]] = Untyped()
