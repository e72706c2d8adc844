"""Mutants: bugs in servers and clients, each of which the suite of life cycles has to find."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType

import pytest

from mcws_testkit import LifecycleSuite
from tests.testkit.killing import NETWORKS, Hunt, Kill, kill
from tests.testkit.mutants import clients, server_streams, servers
from tests.testkit.mutants.own import OWN, Ours
from tests.testkit.mutants.reference import Reference
from tests.testkit.mutants.reference_server import Server, Session

pytestmark = pytest.mark.long

EXAMPLES_MAX = 2000
NIGHTLY = pytest.mark.skipif(
    os.environ.get("MCWS_PROFILE") != "nightly", reason="runs for minutes; nightly only"
)
# A mutant leaves what it was to clean up; who finds it says so in the verdict.
MESSY = pytest.mark.filterwarnings(
    "ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def classes(module: ModuleType) -> Iterator[type]:
    """Yield the mutants of a module."""
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_":
            yield value


def suite_of(mutant: type) -> LifecycleSuite:
    """Return the suite of the reference with one end replaced."""
    if issubclass(mutant, Session):
        return suite_of(type(mutant.__name__, (Server,), {"session": mutant}))
    end = "server" if issubclass(mutant, Server) else "client"
    suite: type[Reference] = type(mutant.__name__, (Reference,), {end: mutant})
    return suite()


MUTANTS = [*classes(servers), *classes(server_streams), *classes(clients)]
KILLS: dict[str, Kill] = {}
"""Those of this run, for what is said of all of them together."""


@MESSY
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.__module__[-7:]}-{one.__name__}")
def test_mutant_is_killed(mutant: type) -> None:
    """The suite finds the bug within 2,000 examples."""
    found = kill(suite_of(mutant))
    assert found is not None, f"{mutant.__name__} survived: {mutant.__doc__}"
    assert found.examples <= EXAMPLES_MAX
    KILLS[f"{mutant.__module__}.{mutant.__name__}"] = found


@MESSY
@pytest.mark.parametrize("name", OWN)
def test_mutant_of_our_own_is_killed(name: str) -> None:
    """The suite finds bugs that are put into our own server and client."""
    with OWN[name]():
        found = kill(Ours())
    assert found is not None, f"{name} survived"
    KILLS[name] = found


def test_there_are_enough_mutants() -> None:
    """There are at least 36, each with the bug in its name and in one line."""
    assert len(MUTANTS) >= 36
    assert all(mutant.__doc__ and "\n" not in mutant.__doc__ for mutant in MUTANTS)


def test_kills_shrink_to_one_deviation() -> None:
    """At least 90 % of the kills of this run need one deviation of the network or none."""
    if len(KILLS) < len(MUTANTS):
        pytest.skip("not all mutants were hunted in this process")
    simple = [found for found in KILLS.values() if len(found.deviations) <= 1]
    assert len(simple) >= 0.9 * len(KILLS)


@NIGHTLY
@pytest.mark.parametrize("suite", [Reference, Ours])
@pytest.mark.parametrize("network", NETWORKS)
def test_no_alarm_is_false(suite: type[LifecycleSuite], network: str) -> None:
    """In 21,000 examples, a third on each network, what has no bug breaks no promise."""
    hunt = Hunt(suite())
    hunt.run(NETWORKS[network], 7000, shrinks=True)
    assert hunt.last is None
