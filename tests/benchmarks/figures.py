"""Figures that were never measured, for tests of what is made of figures."""

from __future__ import annotations

from benchmarks.results import Results, Row, Sample


def row(workload: str, peer: str, *rates: float, service: str = "echo", cpu_us: float = 1.0) -> Row:
    """Return a row with these rates, one for each round."""
    samples = [Sample(rate=rate, cpu_us=cpu_us, peak_kib=2048) for rate in rates]
    return Row(workload=workload, peer=peer, service=service, samples=samples)


def run(*rows: Row, skipped: dict[str, str] | None = None) -> Results:
    """Return a run that found these rows."""
    return Results(
        machine={"processor": "abacus"},
        seconds=1.0,
        rounds=3,
        skipped=skipped or {},
        rows=list(rows),
    )
