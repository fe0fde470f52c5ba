"""Small look-ups in the source of a task's class."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .evaluate import Env, Unknown, value


def method_of(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """The method of that name that a class itself defines."""
    found = (f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == name)
    return next(found, None)


def methods_of(chain: Iterable[ast.ClassDef], *names: str) -> Iterator[ast.FunctionDef]:
    """The methods of those names, the base class's before the derived one's."""
    for node in chain:
        for name in names:
            found = method_of(node, name)
            if found is not None:
                yield found


def place_of(node: ast.AST | None, env: Env, places: Mapping[str, str]) -> str:
    """The reference that `self.<attribute>` stands for."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=attribute):
            return places.get(attribute, "")
    return ""


def word_of(node: ast.AST | None, env: Env) -> Any:
    """A value that can be worked out; an empty string otherwise."""
    if node is None:
        return ""
    try:
        return value(node, env)
    except Unknown:
        return ""


def fields_of(node: ast.AST | None) -> dict[str, ast.expr]:
    """The fields of `dict(...)` or `{...}`; none of anything else."""
    match node:
        case ast.Call(func=ast.Name(id="dict")):
            return {k.arg: k.value for k in node.keywords if k.arg}
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {str(k.value): v for k, v in pairs if isinstance(k, ast.Constant)}
    return {}


def part_of(words: Mapping[str, Any]) -> str:
    """The part of a fridge that a call's keywords choose."""
    freezer = "freezer" if words.get("compartment") == "freezer" else ""
    return f"{freezer} drawer".strip() if words.get("reg_type") == "drawer" else freezer
