"""States: every step in every state of the three tables, written out a second time."""

from __future__ import annotations

import pytest

from mcws_protocol._errors import LocalProtocolError, RemoteProtocolError
from mcws_protocol._state import (
    MCWS_CLIENT,
    MCWS_SERVER,
    PLAIN,
    SENDING,
    State,
    Step,
    Table,
    advance,
)

TABLES: dict[str, Table] = {"client": MCWS_CLIENT, "server": MCWS_SERVER, "plain": PLAIN}

# One row per step. A cell is the state after it: S start, G greeted, O open, s close sent,
# r close received, C closed, E ended; "-" where the step is an error.
LETTERS = dict(zip("SGOsrCE", State, strict=True))

DIALOGUE = """
                   O s r C E
    SEND_HELLO     - - - - -
    SEND_WELCOME   - - - - -
    SEND_REJECT    - - - - -
    SEND_FRAME     O - r - -
    SEND_CLOSE     s - C - -
    RECEIVE_HELLO  - - - - -
    RECEIVE_WELCOME - - - - -
    RECEIVE_REJECT - - - - -
    RECEIVE_FRAME  O s - - -
    RECEIVE_CLOSE  r C - - -
    END            E E E E -
"""

CLIENT_OPENING = """
                   S G
    SEND_HELLO     G -
    SEND_WELCOME   - -
    SEND_REJECT    - -
    SEND_FRAME     - -
    SEND_CLOSE     - -
    RECEIVE_HELLO  - -
    RECEIVE_WELCOME - O
    RECEIVE_REJECT - C
    RECEIVE_FRAME  - -
    RECEIVE_CLOSE  - -
    END            E E
"""

SERVER_OPENING = """
                   S G
    SEND_HELLO     - -
    SEND_WELCOME   - O
    SEND_REJECT    C C
    SEND_FRAME     - -
    SEND_CLOSE     - -
    RECEIVE_HELLO  G -
    RECEIVE_WELCOME - -
    RECEIVE_REJECT - -
    RECEIVE_FRAME  - -
    RECEIVE_CLOSE  - -
    END            E E
"""


def cells(name: str, drawing: str) -> list[tuple[str, State, Step, State | None]]:
    """Return the cells of a drawing, one by one."""
    head, *rows = [line.split() for line in drawing.strip().splitlines()]
    return [
        (name, LETTERS[column], Step[row[0]], LETTERS.get(cell))
        for row in rows
        for column, cell in zip(head, row[1:], strict=True)
    ]


CELLS = [
    *cells("client", CLIENT_OPENING),
    *cells("client", DIALOGUE),
    *cells("server", SERVER_OPENING),
    *cells("server", DIALOGUE),
    *cells("plain", DIALOGUE),
]


@pytest.mark.parametrize(("name", "state", "step", "after"), CELLS)
def test_advance_does_what_the_drawing_says(
    name: str, state: State, step: Step, after: State | None
) -> None:
    """Each step leads where it is drawn to, or is the fault of whoever took it."""
    if after is not None:
        assert advance(TABLES[name], state, step) is after
        return
    at_fault = LocalProtocolError if step.name.startswith("SEND") else RemoteProtocolError
    with pytest.raises(at_fault) as caught:
        advance(TABLES[name], state, step)
    assert str(caught.value) == f"cannot {step.value} while {state.value}"


@pytest.mark.parametrize("name", TABLES)
def test_drawings_leave_nothing_out(name: str) -> None:
    """Every state of a table meets every step above."""
    drawn = [(state, step) for table, state, step, _ in CELLS if table == name]
    assert sorted(drawn, key=repr) == sorted(
        ((state, step) for state in TABLES[name] for step in Step), key=repr
    )


@pytest.mark.parametrize("name", ["client", "server"])
def test_opening_belongs_to_both_roles_of_mcws(name: str) -> None:
    """Both roles know all states; a plain wire has no opening."""
    assert set(TABLES[name]) == set(State)
    assert set(State) - set(PLAIN) == {State.START, State.GREETED}


def test_steps_are_sent_received_or_the_end() -> None:
    """The fault of a wrong step is this end's exactly where this end sends."""
    assert len(SENDING) == 5
    assert Step.END not in SENDING


@pytest.mark.parametrize(("name", "first"), [("client", "S"), ("server", "S"), ("plain", "O")])
def test_table_begins_with_the_first_state(name: str, first: str) -> None:
    """A machine starts where its table does."""
    assert next(iter(TABLES[name])) is LETTERS[first]
