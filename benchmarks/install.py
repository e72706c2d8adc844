"""Install: the environments in which servers are measured.

``make bench`` runs this with the Python of ``.venv-bench``. What cannot be installed is named, and
the run goes on without it. ``COMPILED=1`` asks for the compiled build of ours, ``COMPILED=0`` for
none; without either it is made where a compiler is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
COMPILED: Final = ROOT / ".venv-compiled"
NODE: Final = Path(sys.prefix) / "bench" / "node"
NODE_PACKAGES: Final = ("ws",)
FAST: Final = "uvloop"
"""The loop that ours runs on; the compiled build needs it in its own environment."""


def requirements() -> tuple[list[str], list[str]]:
    """Return what the group ``bench`` asks for, and what ours needs to run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return project["dependency-groups"]["bench"], project["project"]["dependencies"]


def is_done(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> bool:
    """Run a command in the checkout; say whether it succeeded, and what it was if it did not."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False
    ).returncode
    if done:
        sys.stderr.write(f"failed: {' '.join(map(str, command))}\n")
    return done == 0


def pip(python: Path, *arguments: str, environment: dict[str, str] | None = None) -> bool:
    """Install with the pip of an environment."""
    return is_done([python, "-m", "pip", "install", "--quiet", *arguments], environment)


def install_peers() -> None:
    """Install the peers one by one, so that one that fails takes no other with it."""
    peers, _ = requirements()
    for requirement in peers:
        pip(Path(sys.executable), requirement)
    if shutil.which("npm"):
        NODE.mkdir(parents=True, exist_ok=True)
        is_done(["npm", "install", "--silent", "--no-audit", "--prefix", NODE, *NODE_PACKAGES])


def install_compiled() -> bool:
    """Build ours compiled, in an environment of its own; say whether that is there."""
    python = COMPILED / "bin" / "python"
    if not python.exists():
        venv.create(COMPILED, with_pip=True)
    _, needed = requirements()
    # Without dependencies: asked for them too, pip would leave what it finds already installed.
    ours = ("--force-reinstall", "--no-deps", ".")
    return pip(python, FAST, *needed) and pip(python, *ours, environment={"MCWS_COMPILE": "1"})


def main() -> int:
    """Install all; return 1 where what was asked for by name failed."""
    if not pip(Path(sys.executable), "--upgrade", "pip>=25.1", "--editable", "."):
        return 1
    install_peers()
    wanted = os.environ.get("COMPILED", "")
    if wanted == "0" or (not wanted and shutil.which("gcc") is None):
        return 0
    return 0 if install_compiled() or not wanted else 1


if __name__ == "__main__":
    sys.exit(main())
