"""The states of a connection, as literal tables.

Two rules make them work. A step that a table does not name is an error: of this end
(``LocalProtocolError``) if it sends, of the peer (``RemoteProtocolError``) if it receives. And the
end of the stream, ``END``, is possible everywhere and leads to ``ENDED``, from where nothing does.

The diagrams in ``docs/lifecycle.md`` are generated from these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from ._errors import LocalProtocolError, RemoteProtocolError


class Role(Enum):
    """Which end of a connection a machine is."""

    CLIENT = "client"
    SERVER = "server"


class State(Enum):
    """How far the dialogue of two ends has come, seen from one of them."""

    START = "start"
    """Nothing was said: the client shall send HELLO."""
    GREETED = "greeted"
    """HELLO was said, the server decides."""
    OPEN = "open"
    """Both ends may say anything."""
    CLOSE_SENT = "close sent"
    """This end said CLOSE; it discards what arrives until the peer's CLOSE or end."""
    CLOSE_RECEIVED = "close received"
    """The peer said CLOSE; this end may finish what it was saying, then says CLOSE too."""
    CLOSED = "closed"
    """Both ends said CLOSE, or the opening was refused: only the end of the stream is missing."""
    ENDED = "ended"
    """The stream is over."""


class Step(Enum):
    """What can happen in a dialogue."""

    SEND_HELLO = "send HELLO"
    SEND_WELCOME = "send WELCOME"
    SEND_REJECT = "send REJECT"
    SEND_FRAME = "send a frame"
    SEND_CLOSE = "send CLOSE"
    RECEIVE_HELLO = "receive HELLO"
    RECEIVE_WELCOME = "receive WELCOME"
    RECEIVE_REJECT = "receive REJECT"
    RECEIVE_FRAME = "receive a frame"
    RECEIVE_CLOSE = "receive CLOSE"
    END = "the stream ends"


# That of `Enum` is a function in Python, and every step looks up two members. Set from outside,
# where type checkers do not take it for an attribute.
for each in (State, Step):
    setattr(each, "__hash__", object.__hash__)  # noqa: B010

Table: TypeAlias = Mapping[State, Mapping[Step, State]]

# A machine begins in the first state of its table.
# Either end of a plain wire; its CLOSE is the end of the stream in one direction.
PLAIN: Final[Table] = {
    State.OPEN: {
        Step.SEND_FRAME: State.OPEN,
        Step.RECEIVE_FRAME: State.OPEN,
        Step.SEND_CLOSE: State.CLOSE_SENT,
        Step.RECEIVE_CLOSE: State.CLOSE_RECEIVED,
        Step.END: State.ENDED,
    },
    # Nothing goes behind this end's own CLOSE; the peer may say more until it has read that.
    State.CLOSE_SENT: {
        Step.RECEIVE_FRAME: State.CLOSE_SENT,
        Step.RECEIVE_CLOSE: State.CLOSED,
        Step.END: State.ENDED,
    },
    # The other way round: what was queued may still go, but nothing may come (WIRE 4).
    State.CLOSE_RECEIVED: {
        Step.SEND_FRAME: State.CLOSE_RECEIVED,
        Step.SEND_CLOSE: State.CLOSED,
        Step.END: State.ENDED,
    },
    State.CLOSED: {
        Step.END: State.ENDED,
    },
    State.ENDED: {},
}

# The client's end of mcws/1: an opening, then the dialogue of any wire.
MCWS_CLIENT: Final[Table] = {
    State.START: {
        Step.SEND_HELLO: State.GREETED,
        Step.END: State.ENDED,
    },
    State.GREETED: {
        Step.RECEIVE_WELCOME: State.OPEN,
        Step.RECEIVE_REJECT: State.CLOSED,
        Step.END: State.ENDED,
    },
    **PLAIN,
}

# The server's end of mcws/1: an opening, then the dialogue of any wire.
MCWS_SERVER: Final[Table] = {
    State.START: {
        Step.RECEIVE_HELLO: State.GREETED,
        # What came was no HELLO.
        Step.SEND_REJECT: State.CLOSED,
        Step.END: State.ENDED,
    },
    State.GREETED: {
        Step.SEND_WELCOME: State.OPEN,
        # The client was not let in. A CLOSE is not possible before WELCOME (WIRE 3).
        Step.SEND_REJECT: State.CLOSED,
        Step.END: State.ENDED,
    },
    **PLAIN,
}

# The steps that this end takes by its own will.
SENDING: Final = frozenset(step for step in Step if step.name.startswith("SEND"))


def advance(table: Table, state: State, step: Step) -> State:
    """Return the state that ``step`` leads to from ``state``.

    Raises:
        LocalProtocolError: this end may not send that now.
        RemoteProtocolError: the peer may not send that now.
    """
    after = table[state].get(step)
    if after is not None:
        return after
    problem = f"cannot {step.value} while {state.value}"
    raise LocalProtocolError(problem) if step in SENDING else RemoteProtocolError(problem)
