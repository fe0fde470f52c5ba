"""A first draft of a task's steps, from its sources alone.

What the success criterion wants is brought about from where things start: objects go to their
places, doors in the way are opened, those that must be shut at the end are closed, and what the
description says to switch is switched. A draft is a proposal for a reviewer, who keeps it or
replaces it in corrections.yaml.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import vocabulary
from .check import shutter
from .facts import Facts, Goal, Part
from .world import World

Item = dict[str, Any]
"""One step in short form."""

_FLAT = frozenset({"plate", "tray", "oven_tray", "cutting_board", "digital_scale"})
"""Categories of objects on which things are put; into all others."""
_FLAT_KINDS = frozenset({"COUNTER", "STOVE", "DISH_RACK"})
_SWITCHED = frozenset(
    {
        *("SINK", "MICROWAVE", "BLENDER", "STAND_MIXER", "TOASTER_OVEN", "TOASTER"),
        *("COFFEE_MACHINE", "ELECTRIC_KETTLE"),
    }
)
_LAST: Mapping[str, str] = {"BLENDER": "lid", "STAND_MIXER": "head"}
"""Parts that are shut before the fixture is switched on."""


def draft(facts: Facts, starts: Mapping[str, str]) -> list[Item]:
    """Steps in short form that bring about what the criterion of a task wants."""
    world = World.at_start(facts, starts)
    items: list[Item] = []
    open_now = set(facts.open)
    for place in _placements(facts, world):
        slot = place["place"]
        target = place.get("into") or place.get("onto") or ""
        for end in (world.root(slot), world.root(target) if target in world.spot else Part(target)):
            part = shutter(world, end)
            if part is not None and part not in open_now:
                open_now.add(part)
                items.append(_on(part, "open"))
        items.append(place)
        world.spot[slot] = Part(target)
    return [*items, *_closing(facts, open_now), *_switching(facts, world)]


def _on(part: Part, action: str) -> Item:
    return {action: part.fixture, "part": part.part} if part.part else {action: part.fixture}


def _placements(facts: Facts, world: World) -> Iterator[Item]:
    done: set[str] = set()
    for goal in facts.goals:
        slot = goal.object
        if slot in done or slot not in facts.slots or goal.kind not in ("at", "on_counter"):
            continue
        target = goal.target if goal.kind == "at" else _counter(facts, slot)
        if not target or target == slot:
            continue
        kinds = {vocabulary.group(world.kind(name)) for name in world.chain(slot)}
        if target in world.chain(slot) or (goal.kind == "on_counter" and "COUNTER" in kinds):
            continue
        done.add(slot)
        near = [g.target for g in facts.goals if g.kind == "near" and g.object == slot]
        yield {
            "place": slot,
            _way(facts, world, target): target,
            **({"near": near[0]} if near else {}),
            **({"optional": True} if facts.slots[slot].sometimes else {}),
        }


def _counter(facts: Facts, slot: str) -> str:
    """The counter that an object is to be put on when any will do."""
    kinds = vocabulary.GROUPS["COUNTER"]
    counters = [name for name, kind in facts.fixtures.items() if kind in kinds]
    near = [g.target for g in facts.goals if g.kind == "near" and g.object == slot]
    named = [name for name in counters if any(word in name for word in near)]
    return (named or counters or ["COUNTER"])[0]


def _way(facts: Facts, world: World, target: str) -> str:
    if target in facts.slots:
        return "onto" if set(facts.slots[target].groups) & _FLAT else "into"
    return "onto" if vocabulary.group(world.kind(target)) in _FLAT_KINDS else "into"


def _closing(facts: Facts, open_now: set[Part]) -> Iterator[Item]:
    done: set[Goal] = set()
    for goal in facts.goals:
        if goal.kind == "closed" and goal not in done and Part(goal.object, goal.part) in open_now:
            done.add(goal)
            yield _on(Part(goal.object, goal.part), "close")
    if "TurnOn" in facts.said:
        for name, kind in facts.fixtures.items():
            if kind == "MICROWAVE" and Part(name) in open_now and not done:
                yield {"close": name}
            if kind in _LAST and Part(name, _LAST[kind]) in open_now:
                yield {"close": name, "part": _LAST[kind]}


def _switching(facts: Facts, world: World) -> Iterator[Item]:
    for family, action in (("TurnOn", "turn_on"), ("TurnOff", "turn_off")):
        if family not in facts.said:
            continue
        for name, kind in facts.fixtures.items():
            if kind == "STOVE" and (family == "TurnOff" or _is_wanted(facts, name)):
                cookware = [s for s, place in world.spot.items() if place.fixture == name]
                yield {action: name, **({"under": cookware[0]} if cookware else {})}
            elif kind in _SWITCHED and name in facts.mentioned:
                yield {action: name}


def _is_wanted(facts: Facts, stove: str) -> bool:
    return any(goal.kind == "on" and goal.object == stove for goal in facts.goals)
