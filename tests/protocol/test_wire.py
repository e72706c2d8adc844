"""Wire: what all machines share, and the close codes that an application may use."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import ClassVar, Final

import pytest

from mcws_protocol import _wire
from mcws_protocol._errors import LocalProtocolError, RemoteProtocolError
from mcws_protocol._events import CloseFrame, Event, Frame, Payload, Received
from mcws_protocol._limits import Limits
from mcws_protocol._state import MCWS_SERVER, PLAIN, Role, State, Step, Table
from mcws_protocol._wire import NEVER, Machine, check_close


class SilentMachine(Machine):
    """A machine whose wire carries nothing."""

    __slots__ = ()

    has_opening: ClassVar[bool] = False
    has_frames: ClassVar[bool] = False

    def receive(self, data: bytes, now: float) -> list[Received]:
        """Report nothing."""
        return []

    def receive_eof(self, now: float) -> list[Event]:
        """Report a close."""
        return [CloseFrame()]

    def send_message(self, payload: Payload, out: list[bytes]) -> int:
        """Send nothing."""
        return 0

    def share(self, payload: Payload) -> bytes:
        """Share nothing."""
        return b""

    def accepts(self, shared: bytes) -> bool:
        """Accept anything."""
        return True

    def send(self, frame: Frame, now: float, out: list[bytes]) -> int:
        """Send nothing."""
        return 0

    def tick(self, now: float, out: list[bytes]) -> list[Event]:
        """Do nothing."""
        return []


def silent_machine(table: Table = PLAIN, now: float = 7.0) -> SilentMachine:
    """Return a machine that was made at ``now``."""
    return SilentMachine(Role.SERVER, Limits(), table, now)


@pytest.mark.parametrize(("table", "first"), [(PLAIN, State.OPEN), (MCWS_SERVER, State.START)])
def test_machine_starts_where_its_table_does(table: Table, first: State) -> None:
    """The first state of the table is the first of the machine."""
    assert silent_machine(table).state is first


def test_machine_when_new_waits_for_nothing() -> None:
    """A new machine has no deadline and no round trip, and counts silence from now on."""
    machine = silent_machine()
    assert machine.next_deadline() == NEVER == math.inf
    assert machine.rtt is None
    assert (machine.heard_at, machine.sent_at) == (7.0, 7.0)


def test_step_of_the_table_is_taken() -> None:
    """A step that is allowed changes the state."""
    machine = silent_machine()
    machine.step(Step.SEND_CLOSE)
    assert machine.state is State.CLOSE_SENT


@pytest.mark.parametrize(
    ("step", "error"),
    [(Step.SEND_HELLO, LocalProtocolError), (Step.RECEIVE_HELLO, RemoteProtocolError)],
)
def test_step_that_is_not_in_the_table_changes_nothing(step: Step, error: type[Exception]) -> None:
    """A refused step leaves the state as it was."""
    machine = silent_machine()
    with pytest.raises(error, match="while open"):
        machine.step(step)
    assert machine.state is State.OPEN


@pytest.mark.parametrize(("now", "heard_at"), [(6.0, 7.0), (7.0, 7.0), (9.0, 9.0)])
def test_excuse_never_turns_the_clock_back(now: float, heard_at: float) -> None:
    """Silence up to ``now`` is forgiven; what was heard later stays heard (FAULTS 10, 26)."""
    machine = silent_machine()
    machine.excuse(now)
    assert machine.heard_at == heard_at


def test_lost_machine_has_ended() -> None:
    """After the loss nothing is waited for, and no step is possible."""
    machine = silent_machine()
    machine.lost()
    assert machine.state is State.ENDED
    assert machine.next_deadline() == NEVER
    with pytest.raises(LocalProtocolError, match="while ended"):
        machine.step(Step.SEND_FRAME)


CORE: Final = sorted(Path(_wire.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.name))
def test_core_reads_no_clock_and_does_no_io(path: Path) -> None:
    """Time is an argument, so that no jump of a clock has an effect (FAULTS 26)."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    outside = {"asyncio", "datetime", "os", "random", "selectors", "socket", "ssl", "threading"}
    assert not modules & {*outside, "time"}


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 1013, 3000, 3999, 4100, 4999])
def test_close_code_of_the_application_is_accepted(code: int) -> None:
    """The codes that WIRE 4 names and the ranges of applications may be used."""
    check_close(code, "")


@pytest.mark.parametrize(
    "code",
    [-1, 0, 999, 1002, 1003, 1005, 1006, 1007, 1009, 1010, 1014, 1015, 2999, 4000, 4099, 5000],
)
def test_close_code_of_the_protocol_is_refused(code: int) -> None:
    """Codes that say something about the protocol are not the application's to send."""
    with pytest.raises(ValueError, match=f"not {code}$"):
        check_close(code, "")


@pytest.mark.parametrize("code", [True, 1000.0, "1000", None])
def test_close_code_of_another_type_is_refused(code: object) -> None:
    """A code is an ``int``; a ``bool`` is most likely an argument in the wrong place."""
    with pytest.raises(TypeError, match="code must be an int, not "):
        check_close(code, "")


@pytest.mark.parametrize("reason", [b"bye", None, 1])
def test_close_reason_of_another_type_is_refused(reason: object) -> None:
    """A reason is text."""
    with pytest.raises(TypeError, match="reason must be a str, not "):
        check_close(1000, reason)


@pytest.mark.parametrize("reason", ["", "r" * 123, "ü" * 61 + "r", "\udc80" * 123])
def test_close_reason_of_123_bytes_is_accepted(reason: str) -> None:
    """Bytes of UTF-8 count, not characters; a lone surrogate travels as one byte."""
    check_close(1000, reason)


@pytest.mark.parametrize("reason", ["r" * 124, "ü" * 62])
def test_close_reason_of_124_bytes_is_refused(reason: str) -> None:
    """A reason must fit into a control frame of WebSocket too."""
    with pytest.raises(ValueError, match="at most 123 bytes, not 124"):
        check_close(1000, reason)


# What waits for a close


def test_close_is_over_in_time_from_the_first_decision() -> None:
    """A later decision, or saying CLOSE later, does not put off the end."""
    machine = silent_machine()
    assert machine.next_deadline() == NEVER
    machine.close_by(10.0)
    machine.close_by(12.0)
    assert machine.next_deadline() == 10.0 + Limits().close_s


def test_machine_neither_asks_nor_is_deaf_unless_it_says_so() -> None:
    """A wire without requests has none to wait for."""
    machine = silent_machine()
    assert (machine.is_asking, machine.is_deaf) == (False, False)
