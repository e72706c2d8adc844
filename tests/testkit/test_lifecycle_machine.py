"""LifecycleMachine: the same promises for those who prefer rules."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from mcws_testkit import BrokenPromise, Faults, LifecycleMachine, Promise, SimLeak
from tests.testkit.mutants.reference import Reference
from tests.testkit.mutants.reference_server import Server
from tests.testkit.mutants.servers import ConnectToldTwice, TaskLeft

QUICK = settings(
    max_examples=30,
    stateful_step_count=8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class ReferenceMachine(LifecycleMachine):
    """The reference server and client, on a network that only cuts and delays."""

    suite = Reference


class Messy(Reference):
    """A server that leaves a task."""

    server = type("Messy", (Server,), {"session": TaskLeft})


class Untidy(Messy):
    """A server that leaves a task and does not promise otherwise."""

    promises = Promise.core() - {Promise.TIDY}


class Twice(Reference):
    """A server that tells some connections twice."""

    server = type("Twice", (Server,), {"session": ConnectToldTwice})


def machine(suite: type[Reference]) -> type[LifecycleMachine]:
    """Return the machine of a suite on an undisturbed network."""
    return type("Machine", (LifecycleMachine,), {"suite": suite, "faults": Faults.benign()})


TestReferenceMachine = ReferenceMachine.TestCase
TestReferenceMachine.settings = QUICK


def test_machine_finds_a_broken_promise() -> None:
    """A machine fails as the suite does."""
    with pytest.raises(BrokenPromise, match="CONNECT"):
        run_state_machine_as_test(machine(Twice), settings=QUICK)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_machine_finds_a_leak() -> None:
    """What is left behind is found when the machine ends."""
    with pytest.raises(SimLeak, match="beat"):
        run_state_machine_as_test(machine(Messy), settings=QUICK)


def test_machine_asks_for_no_more_than_was_promised() -> None:
    """Who does not promise to be tidy may leave a task."""
    run_state_machine_as_test(machine(Untidy), settings=QUICK)


def test_machine_without_a_suite_says_what_is_missing() -> None:
    """A machine that does not know what to start is refused."""
    machine = type("Aimless", (LifecycleMachine,), {})
    with pytest.raises(TypeError, match="Aimless does not say what it tests: declare `suite ="):
        run_state_machine_as_test(machine, settings=QUICK)


def test_machine_that_never_began_ends_quietly() -> None:
    """A machine whose server could not be started has nothing to be judged."""
    never = ReferenceMachine()
    assert not never.is_up
    never.connect(client=1, later=False)
    never.teardown()
