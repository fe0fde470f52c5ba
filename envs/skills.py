"""The vocabulary of subtasks: what a clause asks to be done to which part of the kitchen.

Language only; nothing here reads a simulator. `parse` is strict on purpose: referee and experts act
on its answer, so a clause that is not understood is refused and never guessed.
"""

import re
from collections.abc import Mapping

from ..configs.errors import LeapcasaError
from .vocabulary import TARGETS, VERBS, Level, Row, Side, Skill, Target, Verb

__all__ = [
    "DESTINATIONS",
    "TARGETS",
    "VERBS",
    "Skill",
    "Target",
    "UnknownSubtask",
    "Verb",
    "parse",
    "skill_of",
]


class UnknownSubtask(LeapcasaError):
    """A clause that names no known action on a known part of the kitchen."""


_VERBS: Mapping[Verb, str] = {
    "turn_on": r"(turn|switch|power)(ing)?\b.*?\bon\b|\b(start|activate|boil)\b|\bignite\b",
    "turn_off": r"(turn|switch|power|shut)(ing)?\b.*?\boff\b|\b(stop|deactivate)\b",
    "pull_out": r"\bpull(ing)?\b.*?\bout\b|\bslide\b.*?\bout\b|\bextend\b|^pull\b",
    "push_in": r"\b(push|slide)(ing)?\b.*?\b(in|back)\b|\bretract\b",
    "open": r"\bopen(ing)?\b|\bpull\b.*?\bopen\b",
    "close": r"\bclos(e|ing)\b|\bshut(ting)?\b(?!.*\boff\b)|\bpush\b.*?\bshut\b",
    "sweep": (
        r"\b(wash|rinse|sweep|clean)(ing)?\b.*\b(all|every|each|entire|whole|basin|left and right|"
        r"sides?|both)\b|\bback and forth\b|\bleft,? (and|to|then|centre|center)\b.*\bright\b|"
        r"\bright,? (and|to|then) left\b"
    ),
    "turn": (
        r"\b(turn|swing|move|rotate|swivel|point|push)\b.*\b(left|right|center|centre|middle)\b"
    ),
    "rotate": r"\b(rotate|rotating|spin)\b.*\bpan\b",
    "drive_to": r"\b(go|drive|navigate|walk|travel)\b.*\bto\b",
}
_LEAD = r"^(?:please |now |then )?"
_WHOLE: Mapping[Verb, str] = {
    "wait": r"^wait\b",
    "rinse": r"^rinse the .*\b(under|for)\b",
    "set_hot": r"^(set|turn|make|adjust) the (sink |faucet )?water('s temperature)? (to )?hot$",
    "pick_up": rf"{_LEAD}(take|grab|lift|pick up) the (blender )?jug( from the counter)?$",
    "place": rf"{_LEAD}(place|put) (it|the (blender )?jug) in(to)? the sink( to prepare.*)?$",
}
"""Whole clauses that are understood before any other: of waiting, of water and of carrying."""
_OBJECTS: Mapping[Verb, Target] = {
    "rinse": "faucet",
    "set_hot": "faucet",
    "pick_up": "jug",
    "place": "sink",
}
_OTHER_WORK = re.compile(
    r"\b(place|put|stack|pick|take|taking|fetch|get|refill|pour|store|setup|set|add|arrange|bring|"
    r"return|placing|load|serve|carry|transfer)\b(?<!after placing)|\b(fridge|freezer) drawer\b|"
    r"\bmove\b.*\b(from|to the open)\b"
)
"""Words of work on things that are not part of the kitchen."""
_PERHAPS = re.compile(r"\bif (necessary|needed)$")
"""The end of a sentence that asks for nothing by itself."""
_STANDING_OPEN = re.compile(
    r"\b(the|all|all of the|all the|every|each|any) open(?= (?!cabinet drawers?\b)"
    r"(cabinet|cupboard|dishwasher|microwave|oven|toasteroven|fridge|kettle|door|drawer|lid)s?\b)"
)
"""What says how a thing stands, and asks for nothing: "close the open door"."""
_EVERY = re.compile(
    r"\b(all|every|each|any)( of)?( the)?( open)? (kitchen )?(cabinets?|cupboards?)\b(?! *')"
)
"""Words that count the cabinets, not the doors of one."""
_PRESS = re.compile(r"\b(press|push|flip|flick|hit)\b.*\b(switch|lever|button|paddle)\b")

_NOUNS: Mapping[Target, str] = {
    "spout": r"\bspout\b",
    "kettle_lid": r"\bkettle('s)? lid\b|\blid of the (electric )?kettle\b|\blid\b(?=.*\bkettle\b)",
    "kettle": r"\bkettle\b",
    "dishwasher_rack": r"\brack\b(?=.*\bdishwasher\b)|\bdishwasher('s)?\b.*\brack\b",
    "dishwasher_door": r"\bdishwasher('s)? door\b|\bdoor of the dishwasher\b",
    "dishwasher": r"\bdishwasher\b",
    "microwave_door": r"\bmicrowave('s)? door\b|\bdoor of the microwave\b",
    "microwave": r"\bmicrowave\b",
    "toaster_oven_door": r"\btoasteroven('s)? door\b|\bdoor of the toasteroven\b",
    "toaster_oven": r"\btoasteroven\b",
    "oven_rack": r"\brack\b(?=.*\boven\b)|\boven('s)?\b.*\brack\b",
    "oven_door": r"\boven('s)? door\b|\bdoor of the oven\b",
    "oven": r"\boven\b",
    "fridge_door": r"\b(fridge|refrigerator)('s)? door\b|\bdoor of the (fridge|refrigerator)\b",
    "fridge": r"\b(fridge|refrigerator)\b",
    "drawer": r"\bdrawer\b",
    "cabinet_door": (
        r"\bcabinet\b|\bcupboard\b|\b(all|all of|all the|all of the)( open)? (cabinet|cupboard)s\b"
    ),
    "toaster": r"\btoaster\b",
    "coffee_machine": r"\bcoffee (machine|maker)\b",
    "stand_mixer": r"\bstand mixer\b",
    "hood": r"\b(range|stove)? ?hood\b",
    "shelves": r"\bshelves\b",
    "burner": r"\bburner\b|\bstove knob\b|\bknob\b(?=.*\bstove\b)",
    "stove": r"\bstove(top)?\b",
    "faucet": r"\b(faucet|tap|sink handle|sink faucet|water)\b",
    "sink": r"\bsink\b|\bbasin\b",
    "pan": r"\bpan\b",
}
_BARE: tuple[tuple[str, str], ...] = (
    ("lid", r"\blid\b"),
    ("rack", r"\brack\b"),
    ("door", r"\bdoor\b"),
    ("it", r"\bit\b|\bswitch\b|\bappliance\b"),
)
_IN_CONTEXT: dict[str, dict[str, Target]] = {
    "lid": {"kettle": "kettle_lid"},
    "rack": {"dishwasher": "dishwasher_rack", "oven": "oven_rack"},
    "door": {
        "dishwasher": "dishwasher_door",
        "microwave": "microwave_door",
        "toasteroven": "toaster_oven_door",
        "oven": "oven_door",
        "fridge": "fridge_door",
        "refrigerator": "fridge_door",
        "cabinet": "cabinet_door",
    },
    "it": {"kettle": "kettle", "faucet": "faucet", "sink": "faucet", "microwave": "microwave"},
}
"""Unnamed part -> appliance named in the task's instruction -> the part that is meant."""

_OWNERS = frozenset([
    "a", "an", "the", "its", "this", "that", "top", "upper", "lowest", "bottom", "lower",
    "left", "right", "front", "middle", "open", "close", "shut", "pull", "push", "slide", "out",
    "in", "kettle", "kettle's", "dishwasher", "dishwasher's", "microwave", "microwave's",
    "oven", "oven's", "toasteroven", "fridge", "fridge's", "cabinet", "cabinet's", "cupboard",
])  # fmt: skip
"""Words that may stand before "lid", "rack" or "door"; another word is another thing's part."""

_DOORS: dict[Target, Target] = {
    "dishwasher": "dishwasher_door",
    "microwave": "microwave_door",
    "oven": "oven_door",
    "toaster_oven": "toaster_oven_door",
    "fridge": "fridge_door",
}
DESTINATIONS: tuple[Target, ...] = (
    *("sink", "stove", "fridge", "microwave", "dishwasher", "oven", "kettle", "toaster"),
    *("toaster_oven", "coffee_machine", "stand_mixer", "hood", "shelves"),
)
_ALLOWED: dict[Verb, frozenset[Target]] = {
    "turn_on": frozenset({"faucet", "kettle", "microwave", "burner"}),
    "turn_off": frozenset({"faucet", "kettle", "microwave", "burner"}),
    "open": frozenset({*_DOORS.values(), "cabinet_door", "drawer", "kettle_lid"}),
    "close": frozenset({*_DOORS.values(), "cabinet_door", "drawer", "kettle_lid"}),
    "pull_out": frozenset({"dishwasher_rack", "oven_rack", "drawer"}),
    "push_in": frozenset({"dishwasher_rack", "oven_rack", "drawer"}),
    "turn": frozenset({"spout"}),
    "rotate": frozenset({"pan"}),
    "sweep": frozenset({"spout"}),
    "drive_to": frozenset(DESTINATIONS),
}


def parse(text: str, context: str = "") -> Skill:
    """What a clause asks for.

    Args:
        text: one clause, for instance "pull out the top rack".
        context: the whole task's instruction, which names what the clause leaves unnamed.

    Raises:
        UnknownSubtask: if the clause asks for nothing known, or for more than one thing.
    """
    whole = _whole(text, context)
    if whole is not None:
        return whole
    words, aside = _command(text)
    if re.search(r"\b(not|don't|never|without)\b", words):
        raise _refusal(text, "it forbids something")
    if _OTHER_WORK.search(words):
        raise _refusal(text, "it handles loose objects")
    verb = _verb(words, text)
    target = _fitting(verb, _target(words, f"{_plain(context)} {aside}", verb))
    if target is None or target not in _ALLOWED[verb]:
        raise _refusal(text, f"nothing known to {verb.replace('_', ' ')} is named")
    side = _side(words, verb)
    if verb == "rotate" and side is not None:
        raise _refusal(text, "how far a pan is to be turned to a side is not known")
    return Skill(
        verb=verb,
        target=target,
        side=side,
        level=_level(words),
        row=_row(words) if target == "burner" else None,
        fully=_has(words, "(fully|completely|all the way)"),
        hot=(verb, target) == ("turn_on", "faucet") and _has(words, "hot"),
        every=(verb, target) == ("close", "cabinet_door") and _EVERY.search(words) is not None,
    )


def skill_of(text: str, context: str) -> Skill | None:
    """What a clause asks for, see `parse`; None if the words are not understood."""
    try:
        return parse(text, context)
    except UnknownSubtask:
        return None


def kind_of(text: str) -> str:
    """The kind (`Skill.kind`) of a subtask in words; empty if they are not understood."""
    skill = skill_of(text, text)
    return "" if skill is None else skill.kind


def _whole(text: str, context: str) -> Skill | None:
    words = _plain(text)
    found: Verb | None = next(
        (verb for verb, shape in _WHOLE.items() if re.search(shape, words)), None
    )
    if found is None or (found == "place" and not _of_jug(words, _plain(context))):
        return None
    if found != "wait":
        return Skill(verb=found, target=_OBJECTS[found])
    number = re.search(r"\b(\d+) (?:time|control )?steps\b", text)
    steps = None if number is None else int(number.group(1))
    return Skill(verb="wait", target=_first_noun(words) or "stove", steps=steps)


def _of_jug(words: str, context: str) -> bool:
    """Whether "it" may be the jug: where the context is of something, it has to be of that."""
    return "jug" in words + context or context in ("", words)


def _command(text: str) -> tuple[str, str]:
    """The sentence that asks for something, and the others beside it ("The kettle is done.")."""
    sentences = [_plain(s) for s in re.split(r"[.!;]", text) if s.strip()]
    asking = [s for s in sentences if any(re.search(p, s) for p in _VERBS.values())]
    asking = [s for s in asking if not _PERHAPS.search(s)]
    if len(asking) != 1:
        return _plain(text), ""
    return asking[0], " ".join(s for s in sentences if s != asking[0])


def _has(words: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", words) is not None


def _plain(text: str) -> str:
    lowered = text.casefold().replace("’", "'")
    lowered = re.sub(r"man(u|oeu|eu|oe)ver?(re|er)?", "move", lowered)
    lowered = lowered.replace("toaster oven", "toasteroven")
    lowered = re.sub(r"\brefrigerator\b", "fridge", lowered)
    return re.sub(r"[^a-z', ]+", " ", lowered).strip()


def _verb(words: str, text: str) -> Verb:
    found: list[Verb] = [verb for verb, pattern in _VERBS.items() if re.search(pattern, words)]
    if "close" in found and not re.search(_VERBS["open"], _STANDING_OPEN.sub("", words)):
        found = [verb for verb in found if verb != "open"]
    if _PRESS.search(words) and "turn_off" not in found:
        found = [verb for verb in found if verb != "push_in" and verb != "turn"]
        if "turn_on" not in found:
            found.append("turn_on")
    if "sweep" in found:
        found = [verb for verb in found if verb != "turn"]
    if "pull_out" in found and "drawer" in words and "open" in found:
        found.remove("pull_out")
    if "turn" in found and ({"turn_on", "turn_off", "rotate"} & set(found)):
        found.remove("turn")
    if len(found) != 1:
        reason = "no known action" if not found else "it asks for " + " and ".join(found)
        raise _refusal(text, reason.replace("_", " "))
    return found[0]


def _target(words: str, context: str, verb: Verb) -> Target | None:
    if any(
        owner not in _OWNERS for owner in re.findall(r"\b([a-z']+) (?:lid|rack|door)s?\b", words)
    ):
        return None
    named = "pan" if verb == "rotate" else _first_noun(words)
    for part, pattern in _BARE:
        if not re.search(pattern, words):
            continue
        places = _IN_CONTEXT[part]
        here: list[Target] = [target for place, target in places.items() if _has(words, place)]
        if part in ("lid", "rack", "door") and named is not None and here:
            return here[0]
        if named is None:
            meant: set[Target] = {
                target for place, target in places.items() if _has(context, place)
            }
            return meant.pop() if len(meant) == 1 else None
    if verb == "sweep":
        places = re.search(r"\ball (locations|sides|areas|corners|parts)\b", words)
        known = named in ("sink", "faucet", "spout") or (named is None and places is not None)
        return "spout" if known and re.search(r"\b(spout|sink)\b", words + context) else None
    return named


def _first_noun(words: str) -> Target | None:
    for target, pattern in _NOUNS.items():
        if re.search(pattern, words):
            return target
    return None


def _fitting(verb: Verb, target: Target | None) -> Target | None:
    if target is None:
        return None
    if verb in ("open", "close"):
        return _DOORS.get(target, target)
    if verb in ("turn_on", "turn_off"):
        swaps: dict[Target, Target] = {"sink": "faucet", "spout": "faucet", "stove": "burner"}
        return swaps.get(target, target)
    if verb == "drive_to":
        swaps = {"faucet": "sink", "burner": "stove"}
        return swaps.get(target, target)
    return target


def _side(words: str, verb: Verb) -> Side | None:
    if verb == "sweep":
        return None
    sides = {
        "center" if word in ("centre", "middle") else word
        for word in re.findall(r"\b(left|right(?! (?:away|now))|center|centre|middle)\b", words)
    }
    return sides.pop() if len(sides) == 1 else None  # type: ignore[return-value]


def _level(words: str) -> Level | None:
    if re.search(r"\b(top|upper|uppermost)\b", words):
        return "top"
    return "bottom" if re.search(r"\b(bottom|lower|lowest)\b", words) else None


def _row(words: str) -> Row | None:
    if _has(words, "front"):
        return "front"
    return "rear" if re.search(r"\b(rear|back)\b", words) else None


def _refusal(text: str, reason: str) -> UnknownSubtask:
    return UnknownSubtask(
        f"cannot tell what the subtask {text!r} asks for: {reason}; a subtask is one action on a "
        "named part of the kitchen, such as 'close the kettle lid' or 'turn on the sink'"
    )
