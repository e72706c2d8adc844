"""Killing mutants: what the public suite of life cycles finds in a server or client with a bug."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Flaky

from mcws_testkit import BrokenPromise, Faults, LifecycleSuite, Script, SimError, World
from mcws_testkit._lifecycle_script import scripts
from mcws_testkit._worlds import worlds

BUDGET: Final = (
    ("undisturbed", 150),
    ("tcp", 150),
    ("undisturbed", 500),
    ("tcp", 600),
    ("chaos", 600),
)
"""Examples on each network, 2,000 in all: what most bugs need comes first."""
NETWORKS: Final = {
    "undisturbed": Faults.benign(),
    "tcp": Faults.tcp(),
    "chaos": Faults.chaos(),
}


SHRINKS: Final = 150
"""Runs in which a failure is made simpler; more would take longer than the search."""


@dataclass
class Kill:
    """How a mutant was found.

    Attributes:
        network: on which one.
        law: the promises it broke, or the verdict of the world.
        examples: how many were run until then, on all networks.
        script: the last script that failed, the shrunk one if it was shrunk.
        deviations: of the network in that one.
    """

    network: str
    law: str
    examples: int
    script: Script
    deviations: tuple[str, ...]


class Hunt:
    """One suite on one network, with what it finds.

    Attributes:
        count: examples until the first failure.
        last: the last failure: law, script and deviations.
    """

    def __init__(self, suite: LifecycleSuite) -> None:
        self._suite = suite
        self.count = 0
        self.last: tuple[str, Script, tuple[str, ...]] | None = None
        self._shrinks = 0

    def run(self, faults: Faults, examples: int, *, shrinks: bool) -> None:
        """Search for a failure."""
        phases = [Phase.generate, *([Phase.shrink] if shrinks else [])]

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(script=scripts(self._suite.promises), world=worlds(faults))
        def search(script: Script, world: World) -> None:
            """Play one script in one world."""
            self.count += self.last is None
            self._shrinks += self.last is not None
            if self._shrinks > SHRINKS:
                return
            try:
                self._suite.live(script, world)
            except (BrokenPromise, SimError) as error:
                self.last = (law_of(error), script, world.deviations)
                raise

        try:
            search()
        except (BrokenPromise, SimError, BaseExceptionGroup, Flaky):
            # What was found is in `last`; several failures come as a group, and one that is not
            # shrunk any more does not fail when it is tried again.
            return


def kill(suite: LifecycleSuite, *, shrinks: bool = True) -> Kill | None:
    """Return how the suite finds what is wrong; None if it does not."""
    before = 0
    for network, examples in BUDGET:
        hunt = Hunt(suite)
        # On an undisturbed network there is nothing to be shrunk but the script.
        hunt.run(NETWORKS[network], examples, shrinks=shrinks and network != "undisturbed")
        before += hunt.count
        if hunt.last is not None:
            law, script, deviations = hunt.last
            return Kill(network, law, before, script, deviations)
    return None


def law_of(error: BaseException) -> str:
    """Return what was broken, in a word or two."""
    if isinstance(error, BrokenPromise):
        return ", ".join(promise.name for promise in error.promises)
    return type(error).__name__
