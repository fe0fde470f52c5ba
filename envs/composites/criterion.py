"""What a task's success criterion looks at and wants, and which actions its description names."""

import ast
import re
from collections.abc import Iterator, Mapping

from .evaluate import Env, walk
from .facts import Facts, Goal
from .lookup import method_of, part_of, place_of, word_of

_SAID: Mapping[str, str] = {
    "Open": r"(?<!the )(?<!all )(?<!an )\bopen(ing)?\b",
    "Close": r"\bclos(e|ing)\b(?! to\b)(?! enough)",
    "TurnOn": r"\bturn(ing)?\b[^.]{0,40}\bon\b|\b(start|power) button\b|\bset(ting)? the timer\b|"
    r"\bstart the\b|\bpress[^.]{0,30}\blever\b",
    "TurnOff": r"\bturn(ing)?\b[^.]{0,40}\boff\b",
    "Rinse": r"\b(rins|soak)(e|ed|ing)?\b(?! wash)",
    "Scrub": r"\b(scrub|wipe|rub)\b",
    "Stir": r"\bstir\b",
    "Shake": r"\bshake\b",
    "Tilt": r"\btilt\b",
    "Rotate": r"\brotate\b",
    "Pour": r"\bdump\b",
    "Wait": r"\bwait\b",
    "Slide": r"\b(slide|pull)\b[^.]{0,20}\b(rack|tray)\b",
    "SetTemperature": r"\btemperature\b|\bhot water\b",
}
_LOOKS: Mapping[str, int] = {
    # The criterion's calls that ask where an object is -> which argument names it.
    "check_obj_in_receptacle": 1,
    "obj_inside_of": 1,
    "check_obj_fixture_contact": 1,
    "check_obj_any_counter_contact": 1,
    "obj_fixture_bbox_min_dist": 1,
    "check_rack_contact": 1,
    "check_item_in_bowl": 1,
    "check_slot_contact": 1,
    "check_receptacle_placement_for_pouring": 1,
    "check_obj_location_on_stove": 1,
    "get_obj_location_on_stove": 1,
    "get_obj_basin_loc": 1,
    "_check_obj_location_on_stove": 0,
}


def read_criterion(facts: Facts, own: ast.ClassDef, env: Env, places: Mapping[str, str]) -> None:
    """Fill in what the success criterion looks at and asks for."""
    names = _reached(own, "_check_success")
    criterion = [m for n in names if (m := method_of(own, n)) is not None]

    def mention(node: ast.AST, here: Env, positive: bool) -> None:
        del positive
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Name):
            word = word_of(node, here)
            if isinstance(word, str) and word in facts.slots:
                facts.mentioned.add(word)
        place = place_of(node, here, places)
        if place in facts.fixtures:
            facts.mentioned.add(place)

    def want(node: ast.AST, here: Env, positive: bool) -> None:
        for goal in _goals(node, here, positive, places):
            known = {*facts.slots, *facts.fixtures, ""}
            if goal not in facts.goals and {goal.object, goal.target} <= known:
                facts.goals.append(goal)

    for method in criterion:
        walk(method.body, dict(env), want)
        walk(method.body, dict(env), mention)
    for name in _reached(own, "update_state"):
        watcher = method_of(own, name)
        if watcher is not None:
            walk(watcher.body, dict(env), mention)


def _reached(own: ast.ClassDef, name: str) -> list[str]:
    """A method and those of the class's own methods that it calls, in order."""
    found, todo = [], [name]
    while todo:
        current = todo.pop(0)
        method = method_of(own, current)
        if method is None or current in found:
            continue
        found.append(current)
        for node in ast.walk(method):
            match node:
                case ast.Attribute(value=ast.Name(id="self"), attr=called):
                    todo.append(called)
    return found


def _goals(node: ast.AST, env: Env, positive: bool, places: Mapping[str, str]) -> Iterator[Goal]:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="is_closed")) if positive:
            words = {k.arg: word_of(k.value, env) for k in node.keywords if k.arg}
            yield Goal("closed", place_of(owner, env, places), part=part_of(words))
        case ast.Call(func=ast.Attribute(value=owner, attr="is_burner_on")):
            yield Goal("on" if positive else "off", place_of(owner, env, places))
        case ast.Call(func=ast.Attribute(attr="check_contact"), args=[held, owner]) if positive:
            place = place_of(owner, env, places)
            if isinstance(held, ast.Subscript) and place:
                yield Goal("at", str(word_of(held.slice, env)), place)
        case ast.Call(func=ast.Attribute(value=owner, attr=look)) if positive and look in _LOOKS:
            yield from _asked(node, look, place_of(owner, env, places), env, places)


def _asked(
    node: ast.Call, look: str, owner: str, env: Env, places: Mapping[str, str]
) -> Iterator[Goal]:
    given = {k.arg: k.value for k in node.keywords}
    position = _LOOKS[look]
    first = given.get("obj_name") or (node.args[position] if len(node.args) > position else None)
    name = word_of(first, env)
    if not isinstance(name, str) or not name:
        return
    following = node.args[position + 1] if len(node.args) > position + 1 else None
    target = following or given.get("fixture") or given.get("fixture_name")
    if look == "check_obj_any_counter_contact":
        yield Goal("on_counter", name)
    elif look == "obj_fixture_bbox_min_dist":
        yield Goal("near", name, place_of(target, env, places))
    elif look == "_check_obj_location_on_stove":
        yield Goal("at", name, places.get("stove", ""))
    elif owner:
        yield Goal("at", name, owner)
    else:
        yield Goal("at", name, place_of(target, env, places) or str(word_of(target, env)))


def said(own: ast.ClassDef) -> set[str]:
    """The families of actions that the instruction or the described steps name."""
    described = (ast.get_docstring(own) or "").partition("Steps:")[2].partition("Args:")[0]
    meta = method_of(own, "get_ep_meta")
    spoken = []
    for node in ast.walk(meta) if meta else ():
        match node:
            case ast.Constant(value=str(text)):
                spoken.append(text)
    text = " ".join([described, *spoken]).casefold()
    return {family for family, pattern in _SAID.items() if re.search(pattern, text)}
