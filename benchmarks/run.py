"""The run: ours and others in alternating rounds, and what comes of it.

``make bench`` runs this in an environment of its own; ``python -m benchmarks.run --help`` says how
to run parts of it.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from benchmarks import chart, growth, results, table
from benchmarks.catalogue import BY_NAME, Peer
from benchmarks.measure import Case, Duration, MeasurementFailed, measure
from benchmarks.results import Results, Row, Sample
from benchmarks.targets import judge
from benchmarks.toolchain import ROOT, Toolchain, machine
from benchmarks.workloads import Workload, chosen

ROUNDS: Final = 5
QUICK: Final = Duration(seconds=0.2, warmup_s=0.1)
QUICK_CONNECTIONS_MAX: Final = 1_000
COMPILED: Final = ROOT / ".venv-compiled"


@dataclass(frozen=True)
class Plan:
    """What is measured, how often and for how long."""

    workloads: list[Workload]
    peers: list[Peer]
    rounds: int
    duration: Duration

    def cases(self, workload: Workload) -> list[Case]:
        """Return who carries a workload, and how."""
        return [
            Case(workload, peer, service)
            for service in workload.services
            for peer in self.peers
            if peer.name in workload.peers and service in peer.wires
        ]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: does it run at all")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, metavar="S", help="of each measurement")
    parser.add_argument("--only", metavar="b,d", help="these workloads, by letter or key")
    parser.add_argument("--peers", metavar="NAMES", help="these servers: " + ",".join(BY_NAME))
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--svg", type=Path, metavar="DIR")
    parser.add_argument("--folder", type=Path, default=Path(sys.prefix) / "bench")
    parser.add_argument("--compiled", type=Path, default=COMPILED, metavar="VENV")
    parser.add_argument("--strict", action="store_true", help="fail where a target is not met")
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace, toolchain: Toolchain) -> tuple[Plan, dict[str, str]]:
    """Return what is to be measured, and what cannot be, with the reason.

    Raises:
        ValueError: a name is unknown.
    """
    names = options.peers.split(",") if options.peers else list(BY_NAME)
    if unknown := set(names) - set(BY_NAME):
        raise ValueError(f"no server is called {', '.join(sorted(unknown))}")
    obstacles = {name: toolchain.obstacle(BY_NAME[name]) for name in names}
    skipped = {name: why for name, why in obstacles.items() if why is not None}
    usual = QUICK if options.quick else Duration()
    plan = Plan(
        workloads=chosen(options.only, QUICK_CONNECTIONS_MAX if options.quick else None),
        peers=[BY_NAME[name] for name in names if name not in skipped],
        rounds=options.rounds or (1 if options.quick else ROUNDS),
        duration=Duration(options.seconds or usual.seconds, usual.warmup_s),
    )
    return plan, skipped


def run_workload(
    workload: Workload, plan: Plan, toolchain: Toolchain, skipped: dict[str, str]
) -> list[Row]:
    """Measure all servers once, then all once more, and so on; note which ones failed."""
    samples: dict[Case, list[Sample]] = {case: [] for case in plan.cases(workload)}
    order = list(samples)
    for _ in range(min(plan.rounds, workload.rounds_max or plan.rounds)):
        for case in order:
            # What fails at first would fail again, and takes the longest.
            if str(case) in skipped:
                continue
            try:
                samples[case].append(measure(case, toolchain, plan.duration))
            except MeasurementFailed as error:
                skipped[str(case)] = str(error)
                sys.stderr.write(f"{error}\n")
        # Back and forth, so that what changes slowly meets the first and the last alike.
        order.reverse()
    return [
        Row(workload=workload.key, peer=case.peer.name, service=case.service, samples=taken)
        for case, taken in samples.items()
        if taken
    ]


def run(plan: Plan, toolchain: Toolchain, skipped: dict[str, str]) -> Results:
    """Measure all that is planned, telling of it."""
    for name, why in skipped.items():
        sys.stdout.write(f"skipped {name}: {why}\n")
    rows: list[Row] = []
    for workload in plan.workloads:
        found = run_workload(workload, plan, toolchain, skipped)
        sys.stdout.write(table.shown(workload, found) + "\n")
        sys.stdout.flush()
        rows += found
    return Results(
        machine=machine(plan.peers),
        seconds=plan.duration.seconds,
        rounds=plan.rounds,
        skipped=skipped,
        rows=rows,
    )


def write(found: Results, options: argparse.Namespace) -> None:
    """Write what was asked for, and the JSON in any case."""
    json: Path = options.json or options.folder / "results.json"
    results.save(found, json)
    sys.stdout.write(f"figures: {json}\n")
    if options.markdown:
        table.write(found, options.markdown, options.svg)
    for charts in (chart, growth):
        charts.write(found, options.svg or options.folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; return 1 where a target is not met and that matters."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    # Absolute, since programs are started elsewhere.
    toolchain = Toolchain(options.folder.absolute(), options.compiled.absolute())
    options.folder.mkdir(parents=True, exist_ok=True)
    plan, skipped = plan_of(options, toolchain)
    found = run(plan, toolchain, skipped)
    write(found, options)
    verdicts = judge(found)
    sys.stdout.write(table.targets_shown(verdicts) + "\n")
    return 1 if options.strict and any(verdict.met is False for verdict in verdicts) else 0


def end(number: int, frame: object) -> NoReturn:
    """End the run by an exception, so that the server that it has started ends too."""
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    sys.exit(main())
