"""The house: who may import whom, and what each package shows."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mcws_testkit

ROOT = Path(__file__).parent.parent
PACKAGES = ("mcws_protocol", "mcws_server", "mcws_client", "mcws_testkit")
ROOTS = (*PACKAGES, "mcws_protocol.aio")

# What the sans-I/O core may not touch, so that it runs the same everywhere and always.
IO_MODULES = {"asyncio", "socket", "ssl", "selectors", "threading", "time", "random", "os"}

ALLOWED = {
    "mcws_protocol": {"mcws_protocol"},
    "mcws_server": {"mcws_protocol", "mcws_protocol.aio", "mcws_server"},
    "mcws_client": {"mcws_protocol", "mcws_protocol.aio", "mcws_client"},
    "mcws_testkit": {"mcws_protocol", "mcws_protocol.aio", "mcws_server", "mcws_client"},
}
PUBLIC_MODULES = {"mcws_testkit.strategies", "mcws_testkit.pytest_plugin"}

# What a run of pytest that only has the plugin does not have to wait for.
HEAVY = {"hypothesis", "asyncio", "msgspec", "mcws_protocol", "mcws_server", "mcws_client"}


def sources(package: str) -> list[Path]:
    """Return the Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the absolute names of the modules that a file imports, wherever it does."""
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            yield ".".join([*base, node.module or ""] if node.level else [node.module or ""])


CORE = [path for path in sources("mcws_protocol") if "aio" not in path.parts]
OTHERS = [path for package in PACKAGES for path in sources(package)]


@pytest.mark.parametrize("path", CORE, ids=module_name)
def test_core_imports_no_io(path: Path) -> None:
    """The sans-I/O core imports nothing that reads a clock, a socket or a file."""
    if path.name == "__main__.py":
        pytest.skip("a command may read and print")
    assert not {name.partition(".")[0] for name in imports(path)} & IO_MODULES
    assert not any("aio" in name.split(".") for name in imports(path))


@pytest.mark.parametrize("path", OTHERS, ids=module_name)
def test_siblings_are_imported_by_their_root(path: Path) -> None:
    """Another package is imported by its public root only, and never the wrong one."""
    own = module_name(path).split(".")[0]
    for name in imports(path):
        if name.split(".")[0] in {*PACKAGES, "mcws_testkit"} and not name.startswith(own):
            assert name in ALLOWED[own], name


def test_no_import_cycles() -> None:
    """No module reaches itself by imports, deferred and type-only ones included."""
    names = {module_name(path): path for path in OTHERS}
    graph = {name: set(imports(path)) & set(names) - {name} for name, path in names.items()}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & set(graph)}
        assert leaves, f"a cycle among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


@pytest.mark.parametrize("root", ROOTS)
def test_exports_exist_and_are_sorted(root: str) -> None:
    """Every name of ``__all__`` can be imported, no public name is missing from it."""
    module = importlib.import_module(root)
    shown = {
        name
        for name in {*vars(module), *dir(module)}
        if not name.startswith("_") and not isinstance(getattr(module, name), type(sys))
    }
    assert shown - {"TYPE_CHECKING", "Final"} == set(module.__all__)
    assert len(module.__all__) == len(set(module.__all__))


def test_test_kit_shows_type_checkers_what_it_imports_when_used() -> None:
    """The imports that only type checkers see are those of the table that the interpreter uses."""
    tree = ast.parse((ROOT / "mcws_testkit" / "__init__.py").read_text())
    [seen] = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        node.module: tuple(alias.name for alias in node.names)
        for node in seen.body
        if isinstance(node, ast.ImportFrom)
    }
    assert imported == mcws_testkit._HOMES
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = mcws_testkit.nothing


def test_test_kit_costs_nothing_until_it_is_used() -> None:
    """To import the test kit imports neither Hypothesis nor anything else that takes time."""
    program = f"import sys, mcws_testkit; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    """Type checkers believe the annotations of each package (PEP 561)."""
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("path", OTHERS, ids=module_name)
def test_modules_are_private_and_not_too_long(path: Path) -> None:
    """A module is private, unless named above, has a docstring and at most 500 lines."""
    is_private = path.name.startswith("_") or path.parent.name == "aio"
    assert is_private or module_name(path) in PUBLIC_MODULES
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert len(path.read_text().splitlines()) <= 500
