"""The build that runs: compiled where that was asked for, else pure."""

from __future__ import annotations

import ast
import importlib
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def hot_modules() -> list[str]:
    """Return the dotted names of the modules that the build hook compiles."""
    tree = ast.parse((ROOT / "hatch_build.py").read_text())
    [table] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "HOT"
        and node.value is not None
    ]
    hot: dict[str, tuple[str, ...]] = ast.literal_eval(table)
    return [
        f"{package.replace('/', '.')}.{name}" for package, names in hot.items() for name in names
    ]


@pytest.mark.parametrize("name", hot_modules())
def test_hot_modules_are_compiled_where_that_was_asked_for(name: str) -> None:
    """A hot module is an extension if ``MCWS_COMPILE`` is set, and Python if not."""
    path = importlib.import_module(name).__file__
    assert path is not None
    assert path.endswith(".py") is not bool(os.environ.get("MCWS_COMPILE"))
