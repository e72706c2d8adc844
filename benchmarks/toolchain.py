"""Toolchain: the programs that a run needs, where they are, and the two in C as they are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.catalogue import Kind, Peer
from benchmarks.workloads import Service

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent

# Prints whether any module of ours was compiled.
ASK_BUILD: Final = (
    "import mcws_protocol, pathlib;"
    "print(any(pathlib.Path(mcws_protocol.__file__).parent.rglob('*.so')))"
)


@dataclass(frozen=True)
class Toolchain:
    """Finds and builds programs; what it builds goes into ``folder``.

    ``compiled`` is the environment with our compiled modules, which may be absent.
    """

    folder: Path
    compiled: Path

    @cached_property
    def loadgen(self) -> Path:
        """The load generator, built from the source beside this file."""
        return self.build(HERE / "loadgen.c")

    def build(self, source: Path) -> Path:
        """Compile one file of C, unless that was done since it or a header was changed."""
        program = self.folder / source.stem
        changed = max(path.stat().st_mtime for path in (source, *source.parent.glob("*.h")))
        if not program.exists() or program.stat().st_mtime < changed:
            self.folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", "-O2", "-o", program, source], check=True)
        return program

    def obstacle(self, peer: Peer) -> str | None:
        """Say why a server cannot be started; None if it can."""
        match peer.kind:
            case Kind.C:
                return None if shutil.which("gcc") else "gcc is not installed"
            case Kind.NODE:
                return self.node_obstacle(peer)
            case Kind.COMPILED:
                return None if self.is_compiled else "the compiled build is not installed"
            case Kind.PYTHON:
                return python_obstacle(peer)

    @cached_property
    def is_compiled(self) -> bool:
        """Whether the second environment has our modules compiled."""
        python = self.compiled / "bin" / "python"
        if not python.exists():
            return False
        # Not in the checkout, whose sources would be imported instead.
        asked = subprocess.run(
            [python, "-c", ASK_BUILD], cwd=self.folder, capture_output=True, text=True, check=False
        )
        return asked.stdout.strip() == "True"

    def node_obstacle(self, peer: Peer) -> str | None:
        """Say why a program of Node cannot be started; None if it can."""
        if shutil.which("node") is None:
            return "node is not installed"
        if peer.package and not (self.node_modules / peer.package).exists():
            return f"the npm package {peer.package} is not installed"
        return None

    @property
    def node_modules(self) -> Path:
        """Where npm has put its packages."""
        return self.folder / "node" / "node_modules"

    def command(self, peer: Peer, service: Service) -> list[str]:
        """Return what starts a server."""
        source = HERE / "peers" / peer.program
        if peer.kind is Kind.C:
            return [str(self.build(source)), service]
        if peer.kind is Kind.NODE:
            return ["node", str(source), service]
        is_compiled = peer.kind is Kind.COMPILED
        python = str(self.compiled / "bin" / "python") if is_compiled else sys.executable
        return [python, "-m", f"benchmarks.peers.{peer.program}", peer.loop, service]

    def directory(self, peer: Peer) -> Path:
        """Return where a server is started: what Python imports first is there."""
        return self.bare_directory if peer.kind is Kind.COMPILED else ROOT

    @cached_property
    def bare_directory(self) -> Path:
        """A directory with the benchmarks, but without the sources of what they measure."""
        bare = self.folder / "bare"
        bare.mkdir(parents=True, exist_ok=True)
        link = bare / "benchmarks"
        if not link.is_symlink():
            link.symlink_to(HERE)
        return bare

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of servers."""
        # Without the cache of bytecode each start would compile our sources again.
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
        }
        return {**kept, "NODE_PATH": str(self.node_modules)}


def python_obstacle(peer: Peer) -> str | None:
    """Say why a Python server cannot be started; None if it can."""
    if peer.module and find_spec(peer.module) is None:
        return f"the package {peer.package} is not installed"
    if peer.loop == "uvloop" and find_spec("uvloop") is None:
        return "uvloop is not installed"
    return None


def machine(peers: list[Peer]) -> dict[str, str]:
    """Return what figures depend on: processor, kernel, versions."""
    facts = {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "python": sys.version.split()[0],
    }
    if node := shutil.which("node"):
        asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        facts["node"] = asked.stdout.strip().removeprefix("v")
    for package in ["uvloop", *(peer.package for peer in peers if peer.module)]:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            continue
    return facts


def processor() -> str:
    """Return the name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return os.uname().machine
