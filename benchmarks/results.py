"""Results: what was measured, round by round, as JSON keeps it."""

from __future__ import annotations

import statistics
from pathlib import Path

import msgspec

from benchmarks.workloads import Figure


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of one server."""

    rate: float = 0.0
    """Messages, deliveries, connections or answers per second."""
    cpu_us: float = 0.0
    """Microseconds of processor time of the server for each of them."""
    peak_kib: int = 0
    """The most memory that the server occupied."""
    connection_kib: float = 0.0
    """Memory that the server got for each connection, once it was open."""
    p50_us: float = 0.0
    p99_us: float = 0.0
    load_share: float = 0.0
    """How busy the core of the generator was; near 1 it would be what is measured."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All rounds of one server under one workload."""

    workload: str
    peer: str
    service: str
    samples: list[Sample]

    def values(self, figure: Figure) -> list[float]:
        """Return a figure of each round."""
        return [float(getattr(sample, figure.value)) for sample in self.samples]

    def median(self, figure: Figure) -> float:
        """Return the median of a figure."""
        return statistics.median(self.values(figure))

    def field_median(self, field: str) -> float:
        """Return the median of any field of the samples."""
        return statistics.median(float(getattr(sample, field)) for sample in self.samples)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A run: where, how, and what came out."""

    machine: dict[str, str]
    """What ran it: processor, kernel, versions."""
    seconds: float
    rounds: int
    skipped: dict[str, str]
    """Servers and workloads that were left out, and why."""
    rows: list[Row]

    def row(self, workload: str, peer: str, service: str) -> Row | None:
        """Return the row of one server under one workload; None where it was not measured."""
        for row in self.rows:
            if (row.workload, row.peer, row.service) == (workload, peer, service):
                return row
        return None

    def of(self, workload: str) -> list[Row]:
        """Return all rows of a workload."""
        return [row for row in self.rows if row.workload == workload]


def save(results: Results, path: Path) -> None:
    """Write results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))


def load(path: Path) -> Results:
    """Read what was saved."""
    return msgspec.json.decode(path.read_bytes(), type=Results)
