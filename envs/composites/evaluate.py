"""Walking RoboCasa's task sources without running them: loops unrolled, names worked out.

A small abstract interpreter over `ast`. It knows literals, loops over literal lists and ranges,
f-strings, and attributes whose value the class sets from literals; everything else is unknown and
never guessed. A number that the task samples is a `Count`: its largest value, with the smallest
beside it, so that objects that only some episodes have can be told apart.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Env = dict[str, Any]
Visit = Callable[[ast.AST, Env, bool], None]
"""Called with each node, the names known there, and whether it stands without a negation."""

SOMETIMES = "__sometimes__"
"""Key of an `Env`: True inside the rounds of a loop that only some episodes have."""


class Unknown(Exception):
    """A value that cannot be worked out from literals alone."""


class Count(int):
    """The largest value of a sampled whole number; `low` is the smallest."""

    low: int

    @classmethod
    def of(cls, values: Iterable[int]) -> "Count":
        """The count that is sampled from these values."""
        chosen = list(values)
        count = cls(max(chosen))
        count.low = min(chosen)
        return count


def value(node: ast.AST, env: Mapping[str, Any]) -> Any:
    """The value of an expression; names of attributes are looked up as "self.<name>".

    Raises:
        Unknown: if it depends on anything but literals.
    """
    match node:
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple() | ast.Set():
            return [value(item, env) for item in node.elts]
        case ast.Name():
            return _look_up(node.id, env)
        case ast.Attribute(value=ast.Name(id="self")):
            return _look_up(f"self.{node.attr}", env)
        case ast.Attribute(value=ast.Name(id="FixtureType")):
            return f"FixtureType.{node.attr}"
        case ast.JoinedStr():
            return "".join(str(value(part, env)) for part in node.values)
        case ast.FormattedValue():
            return value(node.value, env)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mod() as op):
            return _arithmetic(op, value(node.left, env), value(node.right, env))
        case ast.UnaryOp(op=ast.USub()):
            return -value(node.operand, env)
        case ast.Subscript():
            try:
                return value(node.value, env)[value(node.slice, env)]
            except (LookupError, TypeError) as error:
                raise Unknown from error
        case ast.IfExp():
            return value(node.body if _true(node.test, env) else node.orelse, env)
        case ast.ListComp(generators=[generator]) if not generator.ifs:
            return [value(node.elt, inner) for inner in rounds(generator, dict(env))]
        case ast.Call():
            return _called(node, env)
    raise Unknown


def _true(test: ast.expr, env: Mapping[str, Any]) -> bool:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.LtE() as op], comparators=[right]):
            ends = value(left, env), value(right, env)
            return ends[0] == ends[1] if isinstance(op, ast.Eq) else ends[0] <= ends[1]
    raise Unknown


def _look_up(name: str, env: Mapping[str, Any]) -> Any:
    if name not in env:
        raise Unknown
    return env[name]


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    try:
        if isinstance(op, ast.Mod):
            return left % right
        return left + right if isinstance(op, ast.Add) else left - right
    except TypeError as error:
        raise Unknown from error


def _called(node: ast.Call, env: Mapping[str, Any]) -> Any:
    match node.func:
        case ast.Name(id="range"):
            return _range(node, env)
        case ast.Name(id="str"):
            return str(value(node.args[0], env))
        case ast.Name(id="int" | "list" | "tuple"):
            return value(node.args[0], env) if node.args else []
        case ast.Name(id="enumerate"):
            return [[i, item] for i, item in enumerate(value(node.args[0], env))]
        case ast.Attribute(attr="choice"):
            return _sampled(value(node.args[0], env))
    raise Unknown


def _range(node: ast.Call, env: Mapping[str, Any]) -> list[int]:
    bounds = [value(argument, env) for argument in node.args]
    if not all(isinstance(bound, int) for bound in bounds):
        raise Unknown
    return list(range(*bounds))


def _sampled(options: Any) -> Any:
    if isinstance(options, list) and options and all(type(o) is int for o in options):
        return Count.of(options)
    raise Unknown


def rounds(loop: ast.For | ast.comprehension, env: Env) -> list[Env]:
    """The names known in each round of a loop; one round without its variable if it is open."""
    try:
        items = value(loop.iter, env)
    except Unknown:
        items = None
    bound = [name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)]
    if not isinstance(items, list):
        return [{k: v for k, v in env.items() if k not in bound}]
    count = _count_of(loop.iter, env)
    out: list[Env] = []
    for i, item in enumerate(items):
        parts = item if isinstance(loop.target, ast.Tuple) and isinstance(item, list) else [item]
        inner = {**env, **dict(zip(bound, parts, strict=False))}
        if count is not None and i >= count.low:
            inner[SOMETIMES] = True
        out.append(inner)
    return out


def _count_of(node: ast.AST, env: Env) -> Count | None:
    """The sampled count that bounds `range(count)`, if it is one."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[limit]):
            found = value(limit, env)
            return found if isinstance(found, Count) else None
    return None


def walk(statements: Iterable[ast.stmt], env: Env, visit: Visit) -> None:
    """Visit every expression of the statements in order, both branches of every `if`."""
    for statement in statements:
        match statement:
            case ast.For():
                _expression(statement.iter, env, visit)
                for inner in rounds(statement, env):
                    walk(statement.body, inner, visit)
            case ast.If():
                _expression(statement.test, env, visit)
                decided = _decided(statement.test, env)
                if decided is not False:
                    walk(statement.body, env, visit)
                if decided is not True:
                    walk(statement.orelse, env, visit)
            case ast.While() | ast.With():
                walk(statement.body, env, visit)
            case ast.FunctionDef():
                env[f"def {statement.name}"] = statement
            case ast.Assign():
                _expression(statement.value, env, visit)
                visit(statement, env, True)
                _assign(statement, env)
            case _:
                for child in ast.iter_child_nodes(statement):
                    _expression(child, env, visit)
                _append(statement, env)


def _decided(test: ast.expr, env: Env) -> bool | None:
    """The outcome of comparing two known words; None for every other test."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            try:
                words = value(left, env), value(right, env)
            except Unknown:
                return None
            if all(isinstance(word, str) for word in words):
                return words[0] == words[1]
    return None


def _assign(statement: ast.Assign, env: Env) -> None:
    """Remember what a name is set to; of two branches that set it, the first known value stays."""
    for target in statement.targets:
        try:
            found = value(statement.value, env)
        except Unknown:
            continue
        match target:
            case ast.Name():
                env[target.id] = list(found) if isinstance(found, list) else found
            case ast.Attribute(value=ast.Name(id="self")):
                env.setdefault(f"self.{target.attr}", found)
            case ast.Tuple() if isinstance(found, list):
                for part, item in zip(target.elts, found, strict=False):
                    if isinstance(part, ast.Attribute):
                        env.setdefault(f"self.{part.attr}", item)
                    elif isinstance(part, ast.Name):
                        env[part.id] = item


def _append(statement: ast.stmt, env: Env) -> None:
    match statement:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item])
        ) if isinstance(env.get(name), list):
            try:
                found = value(item, env)
            except Unknown:
                return
            env[name] = [*env[name], found]


def _expression(node: ast.AST, env: Env, visit: Visit, positive: bool = True) -> None:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            _expression(node.operand, env, visit, not positive)
            return
        case ast.Compare(ops=[ast.Eq() | ast.Is()], comparators=[ast.Constant(value=False)]):
            _expression(node.left, env, visit, not positive)
            return
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
            _expression(node.generators[0].iter, env, visit, positive)
            for inner in rounds(node.generators[0], env):
                _expression(node.elt, inner, visit, positive)
            return
    visit(node, env, positive)
    for child in ast.iter_child_nodes(node):
        _expression(child, env, visit, positive)
    match node:
        case ast.Call(func=ast.Name(id=name)) if f"def {name}" in env:
            _enter(env[f"def {name}"], node, env, visit)


def _enter(function: ast.FunctionDef, call: ast.Call, env: Env, visit: Visit) -> None:
    """Walk a function that is defined inside a method, where it is called."""
    inner = dict(env)
    for parameter, argument in zip(function.args.args, call.args, strict=False):
        inner.pop(parameter.arg, None)
        try:
            inner[parameter.arg] = value(argument, env)
        except Unknown:
            continue
    walk(function.body, inner, visit)
