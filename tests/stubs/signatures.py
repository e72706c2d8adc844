"""Signatures: what a class or a function promises, as text that can be compared.

Sources and stubs say the same thing in two ways. Both come out alike here: without bodies and
docstrings, each default that is no plain value as ``...``, and names that a stub has to begin with
an underscore, since nobody can import them, without it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Signatures: TypeAlias = dict[str, str]
"""Members by name; the overloads of one are lines."""

# Decorators that make a method part of a suite or of a state machine, and change no signature.
MARKS = frozenset({"law", "rule", "initialize", "precondition"})

# Special methods that change what Python prints or how an object is made, not what users may do.
UNSHOWN = frozenset({"__repr__", "__str__", "__post_init__"})


class Plain(ast.NodeTransformer):
    """Takes away what sources and stubs write differently."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Take the underscore from a name."""
        name = node.id.removeprefix("_") or node.id
        return ast.Name(self.names.get(name, name))


def text(node: ast.AST | None, names: dict[str, str] | None = None) -> str:
    """Return ``node`` as plain text, with some names exchanged for others."""
    return "" if node is None else ast.unparse(Plain(names or {}).visit(copy.deepcopy(node)))


def default(value: ast.expr | None) -> ast.expr | None:
    """Return a default as a stub shows it; None for none."""
    inner = value.operand if isinstance(value, ast.UnaryOp) else value
    is_plain = inner is None or isinstance(inner, ast.Constant) or ast.unparse(inner) == "()"
    return value if is_plain else ast.Constant(...)


def function(node: Function, names: dict[str, str] | None = None) -> str:
    """Return the signature of a function, its decorators included."""
    made: Any = copy.deepcopy(node)
    made.body = [ast.Expr(ast.Constant(...))]
    made.decorator_list = [
        each for each in node.decorator_list if ast.unparse(each).partition("(")[0] not in MARKS
    ]
    made.args.defaults = [default(value) for value in made.args.defaults]
    made.args.kw_defaults = [default(value) for value in made.args.kw_defaults]
    # Calling what is written as an async generator gives one; nobody awaits the call.
    if any(isinstance(each, ast.Yield) for each in ast.walk(node)):
        return text(made, names).removeprefix("async ")
    return text(made, names)


def is_shown(name: str) -> bool:
    """Whether a member of that name belongs to what users see; ``_`` marks keyword-only fields."""
    is_special = name.startswith("__") and name.endswith("__") and name not in UNSHOWN
    return is_special or name == "_" or not name.startswith("_")


def members(
    node: ast.ClassDef, names: dict[str, str] | None = None, *, has_fields: bool = False
) -> Signatures:
    """Return what a class itself promises: attributes, methods, the members of an enum.

    Fields, as dataclasses have them, show whether they have a default.
    """
    found: Signatures = {}
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and is_shown(ast.unparse(each.target)):
            kind = text(each.annotation, names)
            value = default(each.value) if has_fields and "ClassVar" not in kind else None
            found[ast.unparse(each.target)] = f"{kind} = {text(value)}" if value else kind
        elif isinstance(each, ast.Assign) and text(node.bases[0] if node.bases else None) == "Enum":
            found[ast.unparse(each.targets[0])] = text(each.value)
    for name, annotation in attributes(node):
        found.setdefault(name, text(annotation, names))
    for name, forms in methods(node).items():
        found[name] = "\n".join(function(form, names) for form in forms)
    return found


def methods(node: ast.ClassDef | ast.Module) -> dict[str, list[Function]]:
    """Return the functions of a class or a page; of one that is overloaded, its forms alone."""
    found: dict[str, list[Function]] = {}
    for each in node.body:
        if isinstance(each, Function) and is_shown(each.name):
            found.setdefault(each.name, []).append(each)
    return {name: overloads(forms) or forms for name, forms in found.items()}


def overloads(forms: list[Function]) -> list[Function]:
    """Return those of ``forms`` that are overloads."""
    return [form for form in forms if "overload" in map(ast.unparse, form.decorator_list)]


def attributes(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield what ``__init__`` sets on ``self``, with its annotation or that of the argument."""
    for method in node.body:
        if not isinstance(method, Function) or method.name != "__init__" or overloads([method]):
            continue
        given = [*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs]
        arguments = {argument.arg: argument.annotation for argument in given}
        for each in ast.walk(method):
            target = each.targets[0] if isinstance(each, ast.Assign) else None
            target = each.target if isinstance(each, ast.AnnAssign) else target
            if not isinstance(target, ast.Attribute) or not is_shown(target.attr):
                continue
            if ast.unparse(target.value) != "self":
                continue
            if isinstance(each, ast.AnnAssign):
                yield target.attr, each.annotation
            elif isinstance(each, ast.Assign) and ast.unparse(each.value) in arguments:
                yield target.attr, arguments[ast.unparse(each.value)]
