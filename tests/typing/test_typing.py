"""Typing: what type checkers say of consumer code, line by line.

The code in ``accepted`` passes without a message. In ``rejected`` each line that ends with ``# E:``
and what is wrong there is reported by every checker, and no other line is. It is judged, never run,
once against the sources and once against the stubs, as a project of its own that uses mcws.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = ("mcws_protocol", "mcws_server", "mcws_client", "mcws_testkit")
MODULES = (*PACKAGES, "mcws_protocol/aio")
APIS = {"source": ROOT, "stubs": ROOT / "stubs"}

# What stands behind a mistake, with what is wrong.
MARK = "# E: "
# Seconds after which a checker hangs, whatever the machine; none takes a tenth of it.
PATIENCE_S = 300

Place: TypeAlias = tuple[str, int]
"""A file of the project, and a line of it."""
Verdict: TypeAlias = dict[Place, list[str]]
"""What one checker says of each line that it says something of."""


def sources(part: str) -> Iterator[tuple[Place, str]]:
    """Yield every line of one part of the consumer code, with its place."""
    for path in sorted((HERE / part).glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield (f"{part}/{path.name}", number), line


# The project that is judged


def project(folder: Path, api: Path) -> Path:
    """Lay out consumer code beside a copy of the packages that it imports; return the folder.

    Both checkers would rather take what is installed: so the copies have a name that nothing else
    has, and the code imports it.
    """
    shutil.copytree(HERE, folder / "consumer", ignore=shutil.ignore_patterns("test_*", "__pyc*"))
    for package in PACKAGES:
        shutil.copytree(api / package, folder / "api" / package)
    for path in (folder / "api").rglob("__init__.py*"):
        with path.open("a", encoding="utf-8") as file:
            file.write("CANARY: int = 1\n")
    canary = "".join(f"from {name.replace('/', '.')} import CANARY as _\n" for name in MODULES)
    (folder / "consumer" / "canary.py").write_text(canary, encoding="utf-8")
    return folder


def run(folder: Path, *command: str) -> str:
    """Return what a checker prints about the project."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "MYPYPATH": "api", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        cwd=folder,
    )
    # 1 is that something was found; all above is that the checker did not work.
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def mypy(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and text of each message of mypy."""
    options = ("--strict", "--explicit-package-bases", "--follow-imports=silent", "--output=json")
    where = ("--config-file=", f"--cache-dir={folder / 'cache'}", "consumer")
    for line in run(folder, "mypy", *options, *where).splitlines():
        found: dict[str, Any] = json.loads(line)
        yield found["file"], found["line"], found["message"]


def pyright(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and text of each message of pyright."""
    settings = {"include": ["consumer"], "extraPaths": ["api"], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    printed = run(folder, "pyright", "--outputjson", "--pythonpath", sys.executable)
    for found in json.loads(printed)["generalDiagnostics"]:
        yield found["file"], found["range"]["start"]["line"] + 1, found["message"]


CHECKERS: dict[str, Callable[[Path], Iterator[tuple[str, int, str]]]] = {
    "mypy": mypy,
    "pyright": pyright,
}


@pytest.fixture(
    scope="session", params=[(name, api) for name in CHECKERS for api in APIS], ids=":".join
)
def verdict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """What one checker says, with one form of the API."""
    checker, api = request.param
    pytest.importorskip(checker, reason=f"needs {checker}, which `make check` installs")
    folder = project(tmp_path_factory.mktemp(f"{checker}-{api}"), APIS[api])
    found: Verdict = {}
    for file, line, message in CHECKERS[checker](folder):
        name = (folder / file).relative_to(folder).as_posix().removeprefix("consumer/")
        found.setdefault((name, line), []).append(message)
    return found


# What they say


def test_accepted_code_has_no_message(verdict: Verdict) -> None:
    """Right code is right for every checker, down to the last inferred type."""
    assert {place: said for place, said in verdict.items() if not is_rejected(place)} == {}


def test_planted_mistakes_are_reported_where_they_are(verdict: Verdict) -> None:
    """Every mistake is found, at its line."""
    planted = {place: line for place, line in sources("rejected") if MARK in line}
    assert {place: line for place, line in planted.items() if place not in verdict} == {}


def test_nothing_else_is_reported(verdict: Verdict) -> None:
    """No line without a mistake is reported."""
    planted = {place for place, line in sources("rejected") if MARK in line}
    others = {place: said for place, said in verdict.items() if place not in planted}
    assert {place: said for place, said in others.items() if is_rejected(place)} == {}


def is_rejected(place: Place) -> bool:
    """Whether mistakes are planted in that file."""
    return place[0].startswith("rejected/")


# What is judged


def test_there_is_enough_to_judge() -> None:
    """At least 120 lines that must pass, and 60 that must not."""
    accepted = [line for _, line in sources("accepted") if line.strip()]
    assert len([line for line in accepted if not line.lstrip().startswith(("#", '"""'))]) >= 120
    assert len([line for line in accepted if "assert_type(" in line]) >= 60
    assert len([line for _, line in sources("rejected") if MARK in line]) >= 60


def test_every_mistake_says_what_it_is() -> None:
    """Behind each mark stands what is wrong."""
    marks = [line.partition(MARK)[2] for _, line in sources("rejected") if "# E" in line]
    assert [mark for mark in marks if not mark.strip()] == []
