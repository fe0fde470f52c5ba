"""What RoboCasa's sources say about each composite task, read without importing them.

Per task: its fixtures and objects, where the objects start, what is open or running at the start,
what the success criterion looks at, and which actions the description names. Facts only: none of
the sentences leave this module.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..standin.registry import Registry
from ..tasks import all_tasks
from .criterion import read_criterion, said
from .evaluate import SOMETIMES, Env, Unknown, value, walk
from .facts import Facts, Part, Slot
from .lookup import fields_of, method_of, methods_of, part_of, place_of, word_of


@cache
def all_facts() -> Mapping[str, Facts]:
    """The facts of the 300 composite tasks by name."""
    folder = Registry.load().package / "environments/kitchen"
    classes = dict(_classes(folder))
    wanted = {t.name: t for t in all_tasks().values() if t.kind == "composite"}
    return {
        name: _facts(name, task.activity, _chain(name, classes)) for name, task in wanted.items()
    }


def _classes(folder: Path) -> Iterator[tuple[str, ast.ClassDef]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, node


def _chain(name: str, classes: Mapping[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """The class and its bases below `Kitchen`, the base first."""
    chain: list[ast.ClassDef] = []
    while name in classes and name != "Kitchen":
        node = classes[name]
        chain.insert(0, node)
        name = node.bases[0].id if node.bases and isinstance(node.bases[0], ast.Name) else ""
    return chain


def _facts(name: str, activity: str, chain: list[ast.ClassDef]) -> Facts:
    own = chain[-1]
    facts = Facts(name=name, activity=activity, text=ast.unparse(own))
    env = _attributes(chain)
    places = _fixtures(facts, chain, env)
    facts.kinds = set(re.findall(r"FixtureType\.([A-Z_]+)", facts.text))
    if "any_counter" in facts.text or re.search(r"\bCounter\b", facts.text):
        facts.kinds.add("COUNTER")
    facts.kinds |= {"DINING_COUNTER"} & set(re.findall(r"\b([A-Z_]+)_EXCLUDED", facts.text))
    if "accessories.Stool" in facts.text:
        facts.kinds.add("STOOL")
    _objects(facts, chain, env, places)
    _start(facts, chain, env, places)
    read_criterion(facts, own, env, places)
    facts.said = said(own)
    return facts


def _attributes(chain: list[ast.ClassDef]) -> Env:
    """What `self.<name>` is known to be: constructor defaults, class constants, plain settings."""
    env: Env = {}
    for node in chain:
        walk([s for s in node.body if isinstance(s, ast.Assign)], env, _ignore)
        init = method_of(node, "__init__")
        if init is None:
            continue
        named = init.args.args[len(init.args.args) - len(init.args.defaults) :]
        for argument, default in zip(named, init.args.defaults, strict=True):
            _set(env, f"self.{argument.arg}", default)
        for call in ast.walk(init):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
                for keyword in call.keywords:
                    _set(env, f"self.{keyword.arg}", keyword.value)
    for node in chain:
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                inner = dict(env)
                walk(method.body, inner, _ignore)
                env |= {k: v for k, v in inner.items() if k.startswith("self.") and k not in env}
    return env


def _set(env: Env, name: str, node: ast.AST) -> None:
    try:
        env[name] = value(node, env)
    except Unknown:
        return


def _ignore(node: ast.AST, env: Env, positive: bool) -> None:
    del node, env, positive


def _fixtures(facts: Facts, chain: list[ast.ClassDef], env: Env) -> dict[str, str]:
    """Fill in the fixtures; returns attribute name -> reference name."""
    places: dict[str, str] = {}
    stools = any("Stool" in ast.unparse(node) for node in chain)

    def visit(node: ast.AST, here: Env, positive: bool) -> None:
        del positive
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=attribute)]):
                reference, kind = _registered(node.value, attribute, here)
                if reference:
                    places[attribute] = reference
                    if kind or reference not in facts.fixtures:
                        facts.fixtures[reference] = kind or facts.fixtures.get(reference, "")
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value=str(reference)))],
                value=ast.Attribute(value=ast.Name(id="self"), attr=attribute),
            ) if "fixture_refs" in ast.unparse(node.targets[0]):
                known = facts.fixtures.pop(places.get(attribute, ""), "")
                places[attribute] = reference
                facts.fixtures[reference] = known or facts.fixtures.get(reference, "")

    for method in methods_of(chain, "_setup_kitchen_references", "_setup_scene"):
        walk(method.body, dict(env), visit)
    for reference, kind in list(facts.fixtures.items()):
        if not kind:
            facts.fixtures[reference] = _kind_by_name(reference, facts.fixtures, stools)
    facts.fixtures = {r: k for r, k in sorted(facts.fixtures.items()) if k}
    return places


def _registered(node: ast.AST, attribute: str, env: Env) -> tuple[str, str]:
    """Reference and FixtureType of a fixture that is looked up; empty where it is none."""
    match node:
        case ast.Call(func=ast.Attribute(attr="register_fixture_ref"), args=[name, how]):
            if isinstance(how, ast.Call):
                for keyword in how.keywords:
                    if keyword.arg == "id":
                        return str(value(name, env)), _kind(keyword.value, env)
        case ast.Call(func=ast.Attribute(attr="get_fixture")):
            given = [*node.args, *(k.value for k in node.keywords if k.arg in ("id", "fixture_id"))]
            return attribute, _kind(given[0], env) if given else ""
        case ast.Subscript(value=ast.Attribute(attr="fixture_refs")):
            return "", ""
    return "", ""


def _kind(node: ast.AST, env: Env) -> str:
    try:
        found = value(node, env)
    except Unknown:
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=attribute):
                found = env.get(f"self.{attribute}_id", "")
            case _:
                found = ""
    return found.removeprefix("FixtureType.") if isinstance(found, str) else ""


def _kind_by_name(reference: str, known: Mapping[str, str], stools: bool) -> str:
    """The type of a fixture that is chosen by a search: its numbered siblings have it too."""
    if reference.startswith("stool") and stools:
        return "STOOL"
    stem = reference.rstrip("0123456789")
    return next((k for r, k in known.items() if k and r.rstrip("0123456789") == stem), "")


def _objects(facts: Facts, chain: list[ast.ClassDef], env: Env, places: Mapping[str, str]) -> None:
    def visit(node: ast.AST, here: Env, positive: bool) -> None:
        del positive
        fields = fields_of(node)
        if "name" not in fields or not ({"placement", "obj_groups"} & set(fields)):
            return
        try:
            name = str(value(fields["name"], here))
        except Unknown:
            return
        for slot in _slots(name, fields, here, facts, places):
            facts.slots.setdefault(slot.name, slot)

    for method in methods_of(chain[-1:], "_get_obj_cfgs"):
        walk(method.body, dict(env), visit)


def _slots(
    name: str, fields: Mapping[str, ast.expr], env: Env, facts: Facts, places: Mapping[str, str]
) -> Iterator[Slot]:
    """The object itself, the container made for it and its lid."""
    where = fields_of(fields.get("placement"))
    region = fields_of(where.get("sample_region_kwargs"))
    start = place_of(where.get("fixture"), env, places) or word_of(where.get("object"), env)
    if not start and "fixture" in where:
        kind = _kind(where["fixture"], env)
        start = next((r for r, k in facts.fixtures.items() if k == kind), "")
    sometimes = bool(env.get(SOMETIMES))
    part = "freezer" if word_of(region.get("compartment"), env) == "freezer" else ""
    held = word_of(where.get("try_to_place_in"), env)
    common: dict[str, Any] = {"sometimes": sometimes}
    if held:
        box = f"{name}_container"
        yield Slot(name=box, groups=(held,), start=start, part=part, **common)
        start, part = box, ""
    yield Slot(name=name, groups=_groups(fields, env), start=start, part=part, **common)
    if word_of(fields.get("auxiliary_obj_enable"), env) is True:
        aside = place_of(
            fields_of(fields.get("auxiliary_obj_placement")).get("fixture"), env, places
        )
        yield Slot(
            name=f"{name}_auxiliary", groups=("lid",), start=aside or name, part="", **common
        )


def _groups(fields: Mapping[str, ast.expr], env: Env) -> tuple[str, ...]:
    found = word_of(fields.get("obj_groups"), env)
    if isinstance(found, str):
        return (found,) if found and "/" not in found else ()
    return tuple(str(group) for group in found) if isinstance(found, list) else ()


def _start(facts: Facts, chain: list[ast.ClassDef], env: Env, places: Mapping[str, str]) -> None:
    """What is open and what runs when an episode starts."""

    def visit(node: ast.AST, here: Env, positive: bool) -> None:
        del positive
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=action)):
                fixture = place_of(owner, here, places)
                words = {k.arg: word_of(k.value, here) for k in node.keywords if k.arg}
                if fixture:
                    _apply(facts, fixture, action, words)

    for method in methods_of(chain, "_setup_scene", "_reset_internal", "reset"):
        walk(method.body, dict(env), visit)
    if "_BLENDER_PLACEMENT_UPDATE_DICT" in facts.text:
        facts.open |= {Part(r, "lid") for r, k in facts.fixtures.items() if k == "BLENDER"}


def _apply(facts: Facts, fixture: str, action: str, words: Mapping[str, Any]) -> None:
    part = part_of(words)
    match action:
        case "open_door":
            facts.open.add(Part(fixture, part))
        case "close_door":
            facts.open.discard(Part(fixture, part))
        case "slide_rack":
            facts.open |= {Part(fixture), Part(fixture, "rack")}
        case "set_head_pos":
            facts.open.add(Part(fixture, "head"))
        case "set_lid":
            facts.open.add(Part(fixture, "lid"))
        case "set_handle_state" | "set_knob_state":
            running = words.get("mode", "on") not in ("off", "")
            (facts.running.add if running else facts.running.discard)(fixture)
