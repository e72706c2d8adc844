"""Stubs: the public API as text says what the sources say, name by name.

``stubtest``, which ``make stubs`` runs, compares stubs with what is there at run time, and believes
annotations. Here annotations are compared with those of the sources, as text.
"""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docs.reference import PAGE, place
from tests.stubs.signatures import Function, Signatures, function, members, methods, text

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "stubs"
ROOTS = (
    "mcws_protocol",
    "mcws_protocol.aio",
    "mcws_server",
    "mcws_client",
    "mcws_testkit",
    "mcws_testkit.strategies",
)
EXPORTS = {root: tuple(importlib.import_module(root).__all__) for root in ROOTS}
CASES = [(root, name) for root in ROOTS for name in EXPORTS[root]]
VALUES = [getattr(importlib.import_module(root), name) for root, name in CASES]
# What the compiler is told of a class is nothing that a user has to know.
COMPILER = "mypyc_attr("
PUBLIC = {value for value in VALUES if isinstance(value, type)}


# What there is


@cache
def tree(path: Path) -> ast.Module:
    """Return a file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def definitions(path: Path) -> dict[str, ast.stmt]:
    """Return what a file defines at its top, by name; imports are not of its own."""
    found: dict[str, ast.stmt] = {}
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[ast.unparse(node.target)] = node
        elif isinstance(node, ast.Assign):
            found[ast.unparse(node.targets[0])] = node
    return found


def page(root: str) -> Path:
    """Return the page of a root."""
    return place(STUBS, root, ".pyi")


def stub(root: str) -> dict[str, ast.stmt]:
    """Return what the page of a root defines."""
    return definitions(page(root))


def exporting(root: str) -> list[Path]:
    """Return the files whose names a root exports; a module exports its own as well."""
    entry = place(ROOT, root, ".py")
    # Some are imported for type checkers only, and by others when they are used.
    nodes = [node for node in ast.walk(tree(entry)) if isinstance(node, ast.ImportFrom)]
    return [entry, *(entry.parent / f"{node.module}.py" for node in nodes if node.level)]


def modules(root: str) -> list[Path]:
    """Return the files of a package, those whose names it exports first."""
    entry = place(ROOT, root, ".py")
    return [*exporting(root), *sorted(entry.parent.glob("_[a-z]*.py"))]


def home(root: str, name: str) -> Path:
    """Return the first module of a package that defines ``name``."""
    for path in modules(root):
        if name in definitions(path):
            return path
    raise LookupError(f"{root} defines no {name}")


def source(root: str, name: str) -> ast.stmt:
    """Return the statement that defines ``name``."""
    return definitions(home(root, name))[name]


# The same names everywhere


@pytest.mark.parametrize("root", ROOTS)
def test_names_are_the_same_everywhere(root: str) -> None:
    """``__all__``, the stub, the reference and what can be imported are one set."""
    exported = set(EXPORTS[root])
    defined = stub(root)
    assert {name for name in defined if not name.startswith("_")} == exported
    told = defined["__all__"]
    assert isinstance(told, ast.Assign)
    assert ast.literal_eval(told.value) == list(EXPORTS[root])
    assert sorted(listed(root)) == sorted(exported)
    module = importlib.import_module(root)
    assert {name for name in exported if not hasattr(module, name)} == set()


def listed(root: str) -> list[str]:
    """Return the names that the page of reference lists for a package root."""
    page = PAGE.read_text(encoding="utf-8")
    rows = page.partition(f"<!-- names: {root} -->")[2].partition("<!-- end of names -->")[0]
    return re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)


# The same signatures


def inherited(kind: type, shown: ast.ClassDef) -> list[type]:
    """Return the private bases of ``kind`` whose members the stub gives to the class itself."""
    named = set(map(head, shown.bases))
    kept = [base for base in kind.__mro__[1:] if base in PUBLIC or base.__name__ in named]
    above = {base for one in kept for base in one.__mro__}
    ours = [base for base in kind.__mro__[1:] if base.__module__.startswith("mcws_")]
    return [base for base in ours if base not in above]


def head(base: ast.expr) -> str:
    """Return the name of a base, without its type arguments."""
    return text(base).partition("[")[0]


def written(kind: type) -> ast.ClassDef:
    """Return the statement that defines a class."""
    node = definitions(ROOT / f"{kind.__module__.replace('.', '/')}.py")[kind.__name__]
    assert isinstance(node, ast.ClassDef)
    return node


def compare_class(kind: type, shown: ast.ClassDef) -> None:
    """Compare a class of a stub with its sources."""
    bases = inherited(kind, shown)
    compare_members(kind, shown, bases)
    compare_head(kind, shown, bases)


def compare_members(kind: type, shown: ast.ClassDef, bases: list[type]) -> None:
    """Compare all members of a class; the fields also in their order."""
    fields = list(kind.__annotations__) if is_record(kind) else []
    # In a private base `self: Hooks[...]` speaks of the class that a user knows.
    names = {base.__name__: kind.__name__ for base in bases}
    said: Signatures = {}
    for one in (*reversed(bases), kind):
        said |= members(written(one), names, has_fields=is_record(kind))
    told = members(shown, has_fields=is_record(kind))
    assert told == said
    assert [name for name in told if name in fields] == [name for name in said if name in fields]


def is_record(kind: type) -> bool:
    """Whether the constructor of a class follows from its fields and their order."""
    return is_dataclass(kind) or issubclass(kind, msgspec.Struct)


def compare_head(kind: type, shown: ast.ClassDef, hidden: list[type]) -> None:
    """Compare decorators, bases and options of a class, some of whose bases are hidden."""
    node = written(kind)
    gone = {base.__name__ for base in hidden}
    decorators = [one for one in map(text, node.decorator_list) if not one.startswith(COMPILER)]
    assert list(map(text, shown.decorator_list)) == decorators
    assert list(map(text, shown.keywords)) == list(map(text, node.keywords))
    stays = [text(base) for base in node.bases if head(base) not in gone]
    # What private bases bring besides members: that a class is abstract, and its type variables.
    variables = ", ".join(variable.__name__ for variable in getattr(kind, "__parameters__", ()))
    brought = {"ABC", f"Generic[{variables}]"} if gone else set[str]()
    shown_bases = list(map(text, shown.bases))
    foreign = {text(base) for one in hidden for base in written(one).bases if is_dotted(base)}
    assert foreign <= set(shown_bases)
    brought |= foreign
    assert [base for base in shown_bases if base in stays or base not in brought] == stays
    assert variables == "" or any(f"[{variables}]" in base for base in shown_bases)


def unquoted(value: ast.expr | None) -> ast.expr | None:
    """Return an alias as a stub has it: in quotes is what Python itself could not make of it."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return ast.parse(value.value, mode="eval").body
    return value


def is_dotted(base: ast.expr) -> bool:
    """Whether a base is written as that of another package: ``asyncio.AbstractEventLoop``."""
    return isinstance(base, ast.Attribute)


def compare_value(shown: ast.AnnAssign, node: ast.stmt, value: object) -> None:
    """Compare a constant or an alias of a stub with its source."""
    assert isinstance(node, ast.AnnAssign | ast.Assign)
    kind = text(node.annotation) if isinstance(node, ast.AnnAssign) else "TypeAlias"
    told = text(shown.annotation)
    if kind == "TypeAlias":
        assert (told, text(shown.value)) == (kind, text(unquoted(node.value)))
    elif kind == "Final":
        assert told == f"Final[{type(value).__name__}]"
    else:
        assert told == kind


@pytest.mark.parametrize(("root", "name"), CASES, ids=[".".join(case) for case in CASES])
def test_stub_says_what_the_source_says(root: str, name: str) -> None:
    """Parameters, their kinds and defaults, annotations, overloads in order, attributes, bases."""
    shown = stub(root)[name]
    if isinstance(shown, Function):
        assert forms(page(root), name) == forms(home(root, name), name)
    else:
        compare(shown, source(root, name), getattr(importlib.import_module(root), name))


def forms(path: Path, name: str) -> list[str]:
    """Return the signatures of a function of a file, one for each overload."""
    return [function(form) for form in methods(tree(path))[name]]


def compare(shown: ast.stmt, node: ast.stmt, value: Any) -> None:
    """Compare what a stub says of one name with what the source says."""
    match shown:
        case ast.ClassDef():
            compare_class(value, shown)
        case ast.AnnAssign():
            compare_value(shown, node, value)
        case _:
            pytest.fail(f"a stub has no such statement: {ast.unparse(shown)}")


# What the pages need besides


PRIVATE = [
    (root, name)
    for root in ROOTS
    for name in stub(root)
    if name.startswith("_") and not name.startswith("__")
]


@pytest.mark.parametrize(("root", "name"), PRIVATE, ids=[".".join(case) for case in PRIVATE])
def test_private_name_says_what_the_source_says(root: str, name: str) -> None:
    """Type variables, aliases and protocols are those of the sources; a class may be empty."""
    shown, name = stub(root)[name], name.removeprefix("_")
    if isinstance(shown, ast.Assign):
        compare_variable(root, name, shown)
        return
    module = home(root, name)
    dotted = ".".join(module.relative_to(ROOT).with_suffix("").parts)
    value = getattr(importlib.import_module(dotted), name)
    if not isinstance(shown, ast.ClassDef) or text(shown.body[0]) != "...":
        compare(shown, definitions(module)[name], value)


def compare_variable(root: str, name: str, shown: ast.Assign) -> None:
    """Compare a type variable of a stub with those of that name in all modules behind the page."""
    known = [definitions(path) for path in exporting(root)]
    found = [each[one] for each in known for one in (name, f"_{name}") if one in each]
    assert {variable(node) for node in found or [source(root, name)]} == {variable(shown)}


def variable(node: ast.stmt) -> str:
    """Return a type variable with its bounds, whatever it is called."""
    assert isinstance(node, ast.Assign)
    assert isinstance(node.value, ast.Call)
    call = node.value
    # A string may stand for a class that is defined further down.
    given = [each.value for each in call.keywords]
    texts = [each.value if isinstance(each, ast.Constant) else each for each in given]
    shown = [text(each) if isinstance(each, ast.AST) else str(each) for each in texts]
    names = [str(each.arg) for each in call.keywords]
    return f"{[text(each) for each in call.args[1:]]} {dict(zip(names, shown, strict=True))}"
