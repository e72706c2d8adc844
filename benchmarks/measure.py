"""Measure: one server on one core, the generator on another one, and one sample."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec

from benchmarks.catalogue import Peer
from benchmarks.procfs import cores, cpu_s, peak_kib, resident_kib
from benchmarks.results import Sample
from benchmarks.toolchain import Toolchain
from benchmarks.workloads import Load, Service, Workload

PATIENCE_S: Final = 60.0
"""Seconds after which a server or the generator hangs."""


class MeasurementFailed(Exception):
    """A server or the generator did not do its part; the text has what they said."""


@dataclass(frozen=True, slots=True)
class Case:
    """One server that carries one workload."""

    workload: Workload
    peer: Peer
    service: Service

    def __str__(self) -> str:
        return f"({self.workload.key}) {self.peer.name} {self.service}"


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a measurement takes."""

    seconds: float = 0.5
    """Of the measurement, behind the warm-up; enough for the processor time, which is exact."""
    warmup_s: float = 0.2


class Report(msgspec.Struct, frozen=True):
    """What the generator says at its end."""

    count: int
    seconds: float
    load_share: float
    p50_us: float
    p99_us: float


class Program:
    """A process of ours that prints lines, pinned to a core; what it complains of is kept."""

    def __init__(self, command: list[str], core: int, toolchain: Toolchain, cwd: Path) -> None:
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        with pinned(core):
            self._process = subprocess.Popen(
                command,
                # A line that was read ahead would be invisible to `select`.
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                cwd=cwd,
                env=toolchain.environment,
            )
        self.pid = self._process.pid

    def line(self) -> str:
        """Return the next line that it prints.

        Raises:
            MeasurementFailed: it ended or hangs.
        """
        stream = self._process.stdout
        assert stream is not None
        ready, _, _ = select.select([stream], [], [], PATIENCE_S)
        line = stream.readline().decode().strip() if ready else ""
        if not line:
            raise MeasurementFailed(f"{'ended' if ready else 'hangs'}: {self.complaints()}")
        return line

    def tell(self, text: str) -> None:
        """Write to its standard input."""
        stream = self._process.stdin
        assert stream is not None
        stream.write(text.encode())
        stream.flush()

    def complaints(self) -> str:
        """Return the end of what it wrote to its standard error."""
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace")[-1000:].strip()

    def end(self) -> None:
        """Kill it and let go of all that it had."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait()
        self._complaints.close()


@contextlib.contextmanager
def pinned(core: int) -> Generator[None]:
    """Let what is started in the block run on one core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(command: list[str], core: int, toolchain: Toolchain, cwd: Path) -> Generator[Program]:
    """Run a program for the length of the block."""
    program = Program(command, core, toolchain, cwd)
    try:
        yield program
    finally:
        program.end()


def measure(case: Case, toolchain: Toolchain, duration: Duration) -> Sample:
    """Start a server, load it, and return what that cost.

    Raises:
        MeasurementFailed: one of both ended or hangs.
    """
    server_core, load_core = cores()
    command = toolchain.command(case.peer, case.service)
    with running(command, server_core, toolchain, toolchain.directory(case.peer)) as server:
        port = int(server.line())
        load = load_command(case, toolchain, duration, port)
        with running(load, load_core, toolchain, toolchain.folder) as generator:
            try:
                return observe(case.workload.load, server, generator)
            except MeasurementFailed as error:
                raise MeasurementFailed(f"{case}: {error}; server: {server.complaints()}") from None


def observe(load: Load, server: Program, generator: Program) -> Sample:
    """Return a sample of what the generator does to the server."""
    assert generator.line() == "START"
    if load.mode == "idle":
        return observe_idle(load, server, generator)
    before_s = cpu_s(server.pid)
    report = msgspec.json.decode(generator.line(), type=Report)
    used_s = cpu_s(server.pid) - before_s
    return Sample(
        rate=report.count / report.seconds,
        cpu_us=used_s / max(report.count, 1) * 1e6,
        peak_kib=peak_kib(server.pid),
        p50_us=report.p50_us,
        p99_us=report.p99_us,
        load_share=report.load_share,
    )


def observe_idle(load: Load, server: Program, generator: Program) -> Sample:
    """Return what connections cost that do nothing, once some of them are open."""
    # Behind the first ones, so that what a server loads and keeps only once does not count.
    before_kib = resident_kib(server.pid)
    generator.tell("\n")
    assert generator.line() == "READY"
    more = load.connections - load.connections // 10
    kib = (resident_kib(server.pid) - before_kib) / more
    return Sample(connection_kib=kib, peak_kib=peak_kib(server.pid))


def load_command(case: Case, toolchain: Toolchain, duration: Duration, port: int) -> list[str]:
    """Return what starts the generator."""
    load = case.workload.load
    options = {
        "mode": load.mode,
        "wire": case.peer.wires[case.service],
        "port": port,
        "connections": load.connections,
        "window": load.window,
        "bytes": load.size,
        "flood": load.flood,
        "warmup": duration.warmup_s,
        "seconds": duration.seconds,
    }
    if case.service == "typed-echo":
        options["payload"] = typed_payload().hex()
    words = [str(toolchain.loadgen)]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    return words


def typed_payload() -> bytes:
    """Return the bytes of a typed message, as many as the untyped ones have."""
    # Imported here, so that peers can be measured where ours is broken.
    from benchmarks.peers.mcws import CONTRACT, READING  # noqa: PLC0415
    from mcws_protocol import Mcws, Role  # noqa: PLC0415

    payload = CONTRACT.dialect(Role.CLIENT, Mcws()).encode(READING)
    assert isinstance(payload, bytes)
    return payload
