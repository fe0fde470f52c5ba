"""Holding reviewed steps against what RoboCasa's sources say.

Every problem is one line that names the task. The steps are played through, so that the checks see
where each object ends, what is open when a hand reaches in, and what runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...configs import ConfigError
from . import vocabulary
from .expand import BESIDE, moves
from .facts import Facts, Goal, Part
from .world import Move, World

_DOORS = frozenset({"CABINET", "DRAWER", "FRIDGE", "MICROWAVE", "OVEN", "DISHWASHER"})
_SHUT_BY: Mapping[str, str] = {
    **dict.fromkeys(_DOORS, ""),
    "TOASTER_OVEN": "",
    "BLENDER": "lid",
    "STAND_MIXER": "head",
}
"""Kinds of fixtures that are shut when an episode starts -> the part that shuts them."""


def problems(facts: Facts, entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one task's reviewed entry; nothing if all is well.

    Args:
        facts: what the sources say about the task.
        entry: its entry of corrections.yaml, with the short form under `steps`.
    """
    try:
        played, world = moves(facts, entry["steps"], entry.get("starts", {}))
    except ConfigError as error:
        yield f"{facts.name}: {error}"
        return
    found = [
        *_names(facts, entry, played),
        *_unmentioned(facts, entry, played),
        *_unreached(facts, entry, played),
        *_misplaced(facts, world, played),
        *_unsaid(facts, entry, played),
    ]
    yield from (f"{facts.name}: {problem}" for problem in found)


def _names(facts: Facts, entry: Mapping[str, Any], played: Sequence[Move]) -> Iterator[str]:
    used = {v for move in played for v in move.arguments.values()}
    for name in sorted(used & set(facts.slots) & set(facts.fixtures)):
        yield f"{name!r} is both an object and a fixture"
    for key in ("idle", "starts", "nouns"):
        for name in sorted(set(entry.get(key, ())) - set(facts.slots) - set(facts.fixtures)):
            yield f"{key} names {name!r}, which the task does not use"
    text = " ".join(str(item) for item in entry["steps"])
    for word in entry.get("words", ()):
        if f"{{{word}}}" not in text:
            yield f"the word {word!r} is in no step"


def _unmentioned(facts: Facts, entry: Mapping[str, Any], played: Sequence[Move]) -> Iterator[str]:
    """Slots and fixtures that the criterion looks at and no step touches."""
    world = World.at_start(facts, entry.get("starts", {}))
    touched: set[str] = set(entry.get("idle", ()))
    for move in played:
        named = {v for v in move.arguments.values() if v in facts.slots or world.kind(v)}
        named |= {other for others in move.alternatives.values() for other in others}
        touched |= named | move.inside | move.origin | move.resting
        touched |= {place.fixture for place in move.reached}
        touched |= {inner for name in named for inner in world.contents(name)}
    context = {name for name, kind in facts.fixtures.items() if kind == "STOOL"}
    for name in sorted(facts.mentioned - touched - context):
        yield f"the success criterion looks at {name!r}, which no step touches"


def _unreached(facts: Facts, entry: Mapping[str, Any], played: Sequence[Move]) -> Iterator[str]:
    """Reaching into what is shut, opening what is open, washing under a dry faucet."""
    world = World.at_start(facts, entry.get("starts", {}))
    open_now = set(facts.open)
    running = set(facts.running)
    for number, move in enumerate(played, 1):
        where = f"step {number} ({move.skill.name})"
        yield from (f"{where}: {fault}" for fault in _faults(world, move, open_now, running))
        world = _replayed(facts, entry, number)
    yield from _unfinished(facts, world, open_now, running)


def _faults(world: World, move: Move, open_now: set[Part], running: set[str]) -> Iterator[str]:
    """What one step cannot do; notes what it opens, shuts, starts and stops."""
    family = move.skill.family
    match family:
        case "Open" | "Close":
            part = shutter(world, move.reached[0])
            if part is not None and (part in open_now) == (family == "Open"):
                yield f"{_said(part)} is {'open' if family == 'Open' else 'closed'} already"
            if part is not None:
                (open_now.add if family == "Open" else open_now.discard)(part)
        case "TurnOn":
            running.add(move.arguments["fixture"])
        case "TurnOff":
            running.discard(move.arguments["fixture"])
        case "Rinse" | "Turn" if move.arguments["fixture"] not in running:
            yield f"the {move.arguments['fixture']} is off"
        case "PickPlace" | "Pour" | "Slide":
            parts = {shutter(world, place) for place in move.reached} - {None}
            yield from (f"{_said(part)} is shut" for part in parts - open_now if part)
            target = move.arguments.get("target", "")
            lid = f"{target}_auxiliary"
            if lid in world.spot and lid != move.moved and world.spot[lid].fixture == target:
                yield f"{lid} is in the way"


def _said(part: Part) -> str:
    return " ".join(part).strip()


def _replayed(facts: Facts, entry: Mapping[str, Any], count: int) -> World:
    """The world after the first so many steps."""
    return moves(facts, entry["steps"][:count], entry.get("starts", {}))[1]


_FRIDGE_PARTS = frozenset({"freezer", "drawer", "freezer drawer"})


def shutter(world: World, place: Part) -> Part | None:
    """What has to be open to reach a place; None if nothing shuts it."""
    kind = vocabulary.group(world.kind(place.fixture))
    if kind == "FRIDGE":
        return Part(place.fixture, place.part if place.part in _FRIDGE_PARTS else "")
    if kind in _SHUT_BY:
        return Part(place.fixture, _SHUT_BY[kind])
    return Part(place.fixture, place.part) if kind == "ELECTRIC_KETTLE" else None


def _unfinished(
    facts: Facts, world: World, open_now: set[Part], running: set[str]
) -> Iterator[str]:
    """Doors and switches whose last state is not what the criterion wants."""
    for goal in facts.goals:
        fixture = goal.object
        match goal.kind:
            case "closed" if shutter(world, Part(fixture, goal.part)) in open_now:
                yield f"{fixture} {goal.part} must be closed at the end".replace("  ", " ")
            case "on" if fixture not in running:
                yield f"{fixture} must run at the end"
            case "off" if fixture in running and Goal("on", fixture) not in facts.goals:
                yield f"{fixture} must be off at the end"


def _misplaced(facts: Facts, world: World, played: Sequence[Move]) -> Iterator[str]:
    """Objects whose last place is none of those that the criterion takes."""
    wanted: dict[str, set[str]] = {}
    for goal in facts.goals:
        if goal.kind == "at" and goal.target:
            wanted.setdefault(goal.object, set()).add(goal.target)
        elif goal.kind == "on_counter":
            wanted.setdefault(goal.object, set()).add("COUNTER")
        elif goal.kind == "near" and not _is_beside(goal, facts, played):
            yield f"{goal.object} must end near {goal.target}"
    for name, targets in sorted(wanted.items()):
        if name not in facts.slots or facts.slots[name].sometimes:
            continue
        places = set(world.chain(name))
        places |= {vocabulary.group(world.kind(place)) for place in places}
        places |= {other for move in played for other in _others(move, name)}
        places |= {m.arguments["target"] for m in played if m.arguments.get("tool") == name}
        if not places & targets and not targets & world.contents(name):
            yield f"{name} ends at {sorted(places)}, and must be at {sorted(targets)}"


def _is_beside(goal: Goal, facts: Facts, played: Iterable[Move]) -> bool:
    """Whether an object ends beside the target, or beside something that does."""
    moved = [move for move in played if move.moved == goal.object]
    beside = {move.arguments.get(key, "") for move in moved for key in BESIDE}
    near = {g.object for g in facts.goals if g.kind == "near" and g.target == goal.target}
    return not moved or bool(beside & {goal.target, *near})


def _others(move: Move, name: str) -> Iterator[str]:
    """Where an alternative of a step would bring an object."""
    if move.moved == name:
        yield from move.alternatives.get("target", ())
    if name in move.alternatives.get("object", ()):
        yield move.arguments["target"]


def _unsaid(facts: Facts, entry: Mapping[str, Any], played: Sequence[Move]) -> Iterator[str]:
    """Actions that the description names and no step does."""
    done = {move.skill.family for move in played} | set(entry.get("unsaid", ()))
    done |= {"Open"} if facts.open else set()
    for family in sorted(facts.said - done):
        yield f"the description speaks of {family}, which no step does; is it unsaid?"
    for family in sorted(set(entry.get("unsaid", ())) - facts.said):
        yield f"unsaid names {family}, of which the description does not speak"
