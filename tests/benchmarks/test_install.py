"""Tests of what is installed where, without installing it."""

from __future__ import annotations

import re
import venv
from pathlib import Path

import pytest

from benchmarks import install
from benchmarks.catalogue import PEERS, Kind


class Pip:
    """Stands in for pip: notes what it is asked for, and fails at one thing."""

    def __init__(self, fails: str = "") -> None:
        self.asked: list[tuple[str, ...]] = []
        self.environments: list[dict[str, str] | None] = []
        self._fails = fails

    def __call__(
        self, python: Path, *arguments: str, environment: dict[str, str] | None = None
    ) -> bool:
        """Note what is asked for."""
        self.asked.append(arguments)
        self.environments.append(environment)
        return self._fails not in arguments


@pytest.fixture(autouse=True)
def nothing_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No compiler, no npm, and no environment is made."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("COMPILED", raising=False)
    monkeypatch.setattr(install, "COMPILED", tmp_path)
    monkeypatch.setattr(venv, "create", make_nothing)


def make_nothing(folder: Path, *, with_pip: bool) -> None:
    """Make no environment."""


def use(monkeypatch: pytest.MonkeyPatch, fails: str = "nothing") -> Pip:
    """Put a stand-in in the place of pip."""
    pip = Pip(fails)
    monkeypatch.setattr(install, "pip", pip)
    return pip


def test_packages_of_the_catalogue_are_installed() -> None:
    """The group ``bench`` has what servers in Python need, and npm is asked for the others."""
    peers, _ = install.requirements()
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in peers}
    packages = {peer.package for peer in PEERS if peer.package}
    node = {peer.package for peer in PEERS if peer.kind is Kind.NODE and peer.package}
    assert names == packages - node | {"uvloop"}
    assert node == set(install.NODE_PACKAGES)


def test_one_peer_that_fails_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each peer is asked for alone, and a run without one is a run."""
    peers, _ = install.requirements()
    pip = use(monkeypatch, fails=peers[1])
    assert install.main() == 0
    assert pip.asked[1:] == [(peer,) for peer in peers]


@pytest.mark.parametrize(("wanted", "is_built"), [("", False), ("0", False), ("1", True)])
def test_compiled_build_is_made_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, wanted: str, is_built: bool
) -> None:
    """Without a compiler nobody asks for the compiled build but by name."""
    monkeypatch.setenv("COMPILED", wanted)
    pip = use(monkeypatch)
    assert install.main() == 0
    assert ({"MCWS_COMPILE": "1"} in pip.environments) is is_built


@pytest.mark.parametrize(("wanted", "status"), [("", 0), ("1", 1)])
def test_compiled_build_that_fails_matters_where_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: str, status: int
) -> None:
    """What a compiler cannot build is left out, unless it was asked for by name."""
    compiler = tmp_path / "gcc"
    compiler.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("COMPILED", wanted)
    pip = use(monkeypatch, fails="--no-deps")
    assert install.main() == status
    assert {"MCWS_COMPILE": "1"} in pip.environments


def test_ours_that_cannot_be_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to compare without ours."""
    pip = use(monkeypatch, fails="--editable")
    assert install.main() == 1
    assert len(pip.asked) == 1
