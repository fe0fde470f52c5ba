"""From the short form that people review to complete steps.

The short form says what is done: `{place: egg1, into: saucepan}`, `{close: fridge, part: freezer}`.
Played through from where the objects start, it gives the rest: the name of the skill, where each
object is taken from, which steps must come before which, and the sentence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ...configs import ConfigError, nearest
from . import vocabulary
from .facts import Facts, Part
from .order import before, reduced
from .vocabulary import Skill
from .world import Move, World, noun

RELATIONS: Mapping[str, str] = {"into": "in", "onto": "on", "under": "under"}
"""The keys that say where something is put, and how that is then called."""
BESIDE: Mapping[str, str] = {
    "near": "next to",
    "far_from": "away from",
    "behind": "behind",
    "in_front_of": "in front of",
    "left_of": "to the left of",
    "right_of": "to the right of",
}
_KEYS = frozenset(
    {*RELATIONS, *BESIDE, "part", "shelf", "at", "with", "to", "after", "optional", "if_needed"}
)
_UNDER = "under"


def moves(
    facts: Facts, short: Sequence[Mapping[str, Any]], starts: Mapping[str, str]
) -> tuple[list[Move], World]:
    """The complete steps of a task, and the world at the end.

    Raises:
        ConfigError: if a step names what the task does not use, or no skill does it.
    """
    world = World.at_start(facts, starts)
    played: list[Move] = []
    for item in short:
        move = play(world, item)
        earlier = before(world, move, played)
        wanted = item.get("after", ())
        earlier |= set(range(len(played))) if wanted == "all" else {n - 1 for n in wanted}
        move.after = reduced(earlier, played)
        played.append(move)
    return played, world


def play(world: World, item: Mapping[str, Any]) -> Move:
    """Carry out one step of the short form in the world.

    Raises:
        ConfigError: if it names what the task does not use, or no skill does it.
    """
    say, subject = next(iter(item.items()))
    unknown = set(item) - {say} - _KEYS
    if unknown:
        word = min(unknown)
        raise ConfigError(f"unknown key {word!r} in the step {dict(item)}{nearest(word, _KEYS)}")
    condition = "present" if item.get("optional") else "always"
    condition = "needed" if item.get("if_needed") else condition
    act = _ACTIONS.get(str(say), _at_fixture)
    if act is _at_fixture:
        vocabulary.known_action(str(say))
    move = act(world, str(say), subject, item)
    move.condition = condition
    return move


def _names(world: World, given: Any) -> tuple[str, tuple[str, ...]]:
    first, *others = given if isinstance(given, list) else [given]
    return world.known(first), tuple(world.known(other) for other in others)


def _beside(world: World, item: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any], str]:
    """Arguments, alternatives and words of what the object is put next to."""
    arguments: dict[str, str] = {}
    alternatives: dict[str, Any] = {}
    text = ""
    for key, words in BESIDE.items():
        if key in item:
            name, others = _names(world, item[key])
            arguments[key] = name
            alternatives |= {key: others} if others else {}
            text += f" {words} the {world.phrase(name)}"
    return arguments, alternatives, text


def _place(world: World, say: str, subject: Any, item: Mapping[str, Any]) -> Move:
    slot, others = _names(world, subject)
    way = next((key for key in RELATIONS if key in item), None)
    if way is None:
        raise ConfigError(f"the step {dict(item)} does not say where: {', '.join(RELATIONS)}")
    relation = RELATIONS[way]
    target, targets = _names(world, item[way])
    source = world.spot.get(slot, Part(""))
    origin = frozenset(world.chain(slot)) & set(world.facts.slots)
    part, shelf = item.get("part", ""), item.get("shelf", "")
    near, alternatives, beside = _beside(world, item)
    if others:
        alternatives["object"] = others
    if targets:
        alternatives["target"] = targets
    start = world.root(slot)
    arguments = {"object": slot, "source": source.fixture, "source_part": source.part}
    arguments |= {"relation": relation, "target": target, "part": part, "shelf": shelf, **near}
    where = _where(world, Part(source.fixture, source.part)) if source.fixture else ""
    text = f"Pick the {{{slot}}}" + (f" from the {where}" if where else "")
    text += f" and place it {relation} the {_where(world, Part(target, part), shelf)}{beside}."
    carried = world.contents(slot)
    resting = {target, *world.chain(target)}
    goal = world.root(target) if target in world.spot else Part(target, part)
    world.spot[slot] = Part(target, part)
    return Move(
        skill=vocabulary.pick_place(_end(world, start), _end(world, goal)),
        arguments={k: v for k, v in arguments.items() if v},
        text=text,
        alternatives=alternatives,
        condition="",
        moved=slot,
        resting=frozenset(resting) & set(world.facts.slots),
        origin=origin,
        inside=carried,
        reached=(start, goal),
        put_in=goal.fixture,
    )


def _end(world: World, place: Part) -> str:
    """A place as the vocabulary names the ends of a pick-and-place skill."""
    kind = vocabulary.group(world.kind(place.fixture))
    return f"{kind} {place.part}" if kind == "FRIDGE" and place.part else kind


def _where(world: World, place: Part, shelf: str = "") -> str:
    """A place in words."""
    noun = world.phrase(place.fixture)
    part = place.part
    if part.startswith("freezer"):
        noun, part = "freezer", part.removeprefix("freezer").strip()
    if part == "drawer":
        return f"{noun} drawer"
    inner = shelf or part
    return f"{inner} of the {noun}" if inner else noun


def _with_hand(world: World, say: str, subject: Any, item: Mapping[str, Any]) -> Move:
    """Rinse, fill, press, pour, shake, tilt and rotate: one object in the hand."""
    slot, others = _names(world, subject)
    if slot not in world.facts.slots:
        raise ConfigError(f"{say!r} needs an object, and {slot!r} is a fixture")
    arguments = {"object": slot}
    if "at" in item:
        arguments["fixture"] = world.known(item["at"])
    way = next((key for key in RELATIONS if key in item), "")
    if way:
        arguments |= {"relation": way, "target": world.known(item[way])}
    chosen = vocabulary.find(say, world.kind(arguments.get("fixture", "")))
    target = arguments.get("target", "")
    origin = frozenset(world.chain(slot)) & set(world.facts.slots)
    carried = world.contents(slot)
    start = world.root(slot)
    if say == "pour":
        for held in [s for s, p in world.spot.items() if p.fixture == slot]:
            world.spot[held] = Part(target)
    goal = world.root(target) if target else Part(arguments.get("fixture", ""))
    return Move(
        skill=chosen,
        arguments=arguments,
        text=_said(world, chosen, arguments),
        alternatives={"object": others} if others else {},
        condition="",
        moved=slot,
        resting=frozenset({target, *world.chain(target)}) & set(world.facts.slots),
        origin=origin,
        inside=carried,
        reached=(start, goal),
        put_in=goal.fixture if say == "pour" else "",
    )


def _with_tool(world: World, say: str, subject: Any, item: Mapping[str, Any]) -> Move:
    """Scrub and stir: a tool in the hand works on something that stays."""
    target, tool = world.known(subject), world.known(item["with"])
    chosen = vocabulary.find(say)
    arguments = {"target": target, "tool": tool}
    return Move(
        skill=chosen,
        arguments=arguments,
        text=_said(world, chosen, arguments),
        alternatives={},
        condition="",
        moved=tool,
        resting=(frozenset({target, *world.chain(target)}) | world.contents(target))
        & set(world.facts.slots),
        reached=(world.root(tool), world.root(target)),
    )


def _wait(world: World, say: str, subject: Any, item: Mapping[str, Any]) -> Move:
    del say, item
    counted = isinstance(subject, int)
    chosen = vocabulary.skill("Wait" if counted else "WaitUntilDone")
    arguments = {"value": str(subject)} if counted else {"until": world.known(subject)}
    return Move(
        skill=chosen,
        arguments=arguments,
        text=_said(world, chosen, arguments),
        alternatives={},
        condition="",
    )


def _at_fixture(world: World, say: str, subject: Any, item: Mapping[str, Any]) -> Move:
    """Everything that works on a fixture or one of its parts."""
    fixture = world.known(subject)
    if not world.kind(fixture):
        raise ConfigError(f"{say!r} needs a fixture, and {fixture!r} is an object")
    arguments = {"fixture": fixture}
    verb, _, way = say.partition("_") if say.startswith("slide") else (say, "", "")
    if way:
        arguments["direction"] = "out" if way == "out" else "in"
    part = str(item.get("part", ""))
    if part:
        arguments["part"] = part
    if "to" in item:
        arguments["value"] = str(item["to"])
    if _UNDER in item:
        arguments[_UNDER] = world.known(item[_UNDER])
    chosen = vocabulary.find(verb, world.kind(fixture), part)
    return Move(
        skill=chosen,
        arguments=arguments,
        text=_said(world, chosen, arguments),
        alternatives={},
        condition="",
        resting=frozenset({arguments.get(_UNDER, "")}) & set(world.facts.slots),
        reached=(Part(fixture, chosen.part or part),),
    )


_ACTIONS = {
    "place": _place,
    "rinse": _with_hand,
    "fill": _with_hand,
    "press": _with_hand,
    "pour": _with_hand,
    "shake": _with_hand,
    "tilt": _with_hand,
    "rotate": _with_hand,
    "scrub": _with_tool,
    "stir": _with_tool,
    "wait": _wait,
}


def _said(world: World, skill: Skill, arguments: Mapping[str, str]) -> str:
    """The sentence of a step that is no pick and place."""
    plain = {"value", "relation", "part"}
    words = {k: v if k in plain else world.phrase(v) for k, v in arguments.items() if v}
    if "direction" in arguments:
        words["direction"] = {"out": "out", "in": "back in"}[arguments["direction"]]
    text = skill.text.format(**words)
    end = ""
    burner = arguments.get(_UNDER, "")
    if burner and "kettle" not in noun(world.facts, burner):
        # "Turn on the burner under the kettle" reads like turning on an electric kettle.
        end += f" under the {words[_UNDER]}"
    if skill.family in ("TurnOn", "TurnOff"):
        end += f" at {arguments['value']}" if "value" in arguments else ""
        end += f" with the {arguments['part']}" if "part" in arguments else ""
    return f"{text.removesuffix('.')}{end}."
