"""One step's words as commands: a verb of the vocabulary, and what stands around it.

Language only, one step at a time; `plan_reading` sees the commands of a plan together.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..agent.split import clauses
from ..envs import skills
from .plan_words import Thing, thing

PICK = "Pick"
"""Taking something in the hand, with which nothing is done; no skill of the vocabulary."""
DRIVE = "Navigate"
"""Driving is part of fetching: no reference step says it, and no plan is measured by it."""


class _Verb(NamedTuple):
    skill: str
    pattern: str
    """Of the beginning of a command."""


_PICKS = (
    r"pick(?: up)?|grab|grip|take|get|fetch|retrieve|remove|lift(?: up)?|gather|collect|grasp|"
    r"unload|hold|select|choose|locate|find|reach(?: for)?"
)
_PLACES = (
    r"place|put(?: down| away| back)?|set(?: down)?|drop|stack|add|insert|store|return|load|lay|"
    r"arrange|stow|position|move|transfer|bring|carry|deliver|hang|throw|dispose(?: of)?|relocate|"
    r"pack|organize|restock|transport|deposit|rest|group|sort|serve|distribute|center|balance|"
    r"cover|combine|separate|plate|spread|sprinkle|garnish|freeze|tidy|clear|cluster|display|"
    r"refrigerate|line(?: up)?|align|assemble|swap|replace|push|slide|drag|tuck|divide"
)
_VERBS = (
    _Verb("TurnOff", r"(?:turn|switch|power|shut)(?:\b.*)?\boff\b|deactivate|stop\b"),
    _Verb("TurnOn", r"(?:turn|switch|power)(?:\b.*)?\bon\b(?! its)|start\b|activate|preheat|ignite|"
                    r"run\b|operate|boil\b|toast\b|brew\b|blend\b"),
    _Verb("TurnOn", r"(?:press|push|flip|flick|hit)\b.*\b(?:switch|button|lever|paddle)\b|"
                    r"(?:turn\b.*\bknob|set\b.*\btimer)\b"),
    _Verb("Slide", r"(?:pull|slide|push|extend|retract)\b(?:(?!\b(?:onto|on|into|to)\b).)*"
                   r"\b(?:rack|tray|shelf)\b"),
    _Verb("Open", r"(?:fully |slightly )?open\b|unlatch|pull\b.*\b(?:open|drawer|door)\b"),
    _Verb("Close", r"(?:fully )?clos(?:e|ing)\b|shut\b|"
                   r"push\b(?:(?!\binto\b).)*\b(?:shut|closed|drawer|door)\b"),
    _Verb("SetTemperature", r"(?:set|adjust|lower|raise|increase|decrease|reduce|turn|change|"
                            r"turn down|turn up)\b.*\b(?:temperature|heat|dial|water)\b"),
    _Verb("Turn", r"(?:turn|swing|move|rotate|swivel|point|sweep|maneuver|manuever)\b.*\bspout\b"),
    _Verb("Wait", r"wait\b|let\b|allow\b|leave\b"),
    _Verb(DRIVE, r"navigate|go\b|walk|drive|travel|approach|head\b|turn (?:around|to)\b|"
                 r"move(?: over)? (?:to|toward|towards|near|closer to|in front of)\b"),
    _Verb("Rinse", r"rinse|wash|soak|fill\b|refill|hold\b.*\bunder\b|"
                   r"(?:place|put)\b.*\bunder (?:the |running )+(?:\w+ )*(?:faucet|tap|water)"),
    _Verb("Scrub", r"scrub|wipe|clean\b|brush\b|sanitize|polish"),
    _Verb("Stir", r"stir|whisk|mix\b"),
    _Verb("Press", r"press|squeeze|juice\b"),
    _Verb("Pour", r"pour|empty\b|dump|drain\b|tip\b.*\b(?:into|onto|out)\b"),
    _Verb("Shake", r"shake|season\b"),
    _Verb("Tilt", r"tilt|tip\b"),
    _Verb("Rotate", r"rotate|flip|turn\b.*\b(?:upside|around|over)\b|spin\b|twist\b"),
    _Verb("PickPlace", rf"(?:{_PLACES})\b"),
    _Verb(PICK, rf"(?:{_PICKS})\b"),
)  # fmt: skip
"""The first that fits the beginning of a command says what it asks for."""
_COMMANDS = tuple((verb, re.compile(verb.pattern)) for verb in _VERBS)

_PLACE_ROLES: Mapping[str, str] = {
    "from": "source", "out of": "source", "off of": "source", "off": "source",
    "in": "target", "into": "target", "inside": "target", "inside of": "target", "on": "target",
    "onto": "target", "on top of": "target", "to": "target", "at": "target", "over": "target",
    "back to": "target", "back in": "target", "back into": "target", "back on": "target",
    "under": "under", "underneath": "under", "beneath": "under",
    "next to": "near", "near": "near", "beside": "near", "close to": "near", "by": "near",
    "adjacent to": "near", "alongside": "near", "in front of": "near", "behind": "near",
    "away from": "near", "to the left of": "near", "to the right of": "near", "between": "near",
    "with": "tool", "using": "tool", "containing": "tool", "until": "until",
    "against": "target", "for": "", "so": "", "where": "", "which": "", "while": "",
    "that is": "", "that are": "", "that has": "", "that have": "", "because": "",
    "before": "", "after": "", "when": "", "once": "", "as": "", "without": "", "if": "",
}  # fmt: skip
"""Preposition -> the role of what follows; empty where an aside begins."""
BESIDE: Mapping[str, str] = {
    "away from": "away", "behind": "behind", "in front of": "front",
    "to the left of": "left", "to the right of": "right",
}  # fmt: skip
"""Prepositions that say more than nearness -> the detail that tells them apart."""
_SPLIT = re.compile(
    r"\b(" + "|".join(re.escape(p) for p in sorted(_PLACE_ROLES, key=len, reverse=True)) + r")\b"
)
_AGAIN = re.compile(
    r"^(\S.*?\b(?:in|into|on|onto|to|inside)\b.*?),? and ((?:the|a|an) (?:(?! and ).)*?"
    r"\b(?:in|into|on|onto|to|inside) (?:the|a|an) .*)$"
)
_BY_SIDE = re.compile(r"\bon (?:the|its) (left|right)(?: hand)? side of ((?:the |a )?\w+(?: \w+)?)")
_ARTICLE = re.compile(
    r"^(?:the|a|an|its|their|each|any|one|another|that|this|both|all|every|two|my|your)\b"
)
_LEAD = re.compile(
    r"^(?:(?:then|next|now|finally|please|first|also|and|lastly|carefully|gently|slowly|safely|"
    r"lightly|firmly|slightly|only|just|robot|"
    r"the robot(?: should)?|you should|you can|you need to|use the \w+ to)\b[\s,]*)+"
)
_TOGETHER = re.compile(r"\b(salt|oil|mac|macaroni|cream) and (pepper|vinegar|cheese|sugar)\b")
_RESIDUE = re.compile(
    r"\b(?:up|down|back|away|together|again|there|out|carefully|in place|and$|as well$|"
    r"located|sitting|lying|stored|used|"
    r"filled|briefly|slightly|fully|completely|directly|(?:out|in)wards?|far)\b"
)
TOOLED = frozenset({"Scrub", "Stir"})
"""Skills that work with a tool on something that stays."""
AT_FIXTURE = frozenset({"Open", "Close", "TurnOn", "TurnOff", "Slide", "SetTemperature", "Turn"})
"""Skills that work on a fixture itself."""
_ASIDE = re.compile(
    r"^(?:what(?:ever)? is|(?:the |its )?(?:contents?|food|liquid|water|ingredients?))\s+"
    r"(?:inside of|inside|in|of|from|on)\s+"
)
"""Words for what is in a container that is itself the argument."""
_SIDES = re.compile(r"\b(left|right|center|centre|middle)\b")
_BARE_PARTS = frozenset(
    {"lid", "door", "rack", "tray", "shelf", "head", "cover", "switch", "button", "spout", "heat",
     "temperature", "dial", "knob", "lever", "timer", "setting", "maximum", "minimum", "high",
     "low", "medium"}
)  # fmt: skip
_VALUES = re.compile(
    r"\b(hot|cold|warm|low|medium|high|maximum|minimum|max|min|hottest|coldest|\d+)\b"
)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One clause before it is seen with what came before it."""

    skill: str
    things: tuple[Thing, ...]
    """What the verb acts on; a pronoun has no name."""
    roles: Mapping[str, tuple[str, ...]]
    detail: frozenset[str]


def commands(text: str) -> Iterator[Command]:
    """The commands of one step."""
    for clause in clauses(text):
        for sentence in re.split(r"[.!?;:]\s+", clause.casefold().rstrip(".!;: ")):
            found = [command for part in _parts(sentence) for command in _understood(part)]
            if all(command.skill == DRIVE for command in found):
                found = list(_understood(sentence))
            if found:
                yield from found
                break
        else:
            yield from _known_to_the_referee(clause)


def _parts(sentence: str) -> list[str]:
    """A sentence at "while placing ..."; of "tidy up by placing ...", what comes after "by"."""
    said = re.split(r"\bby\s+(?=\w+ing\b)", sentence)[-1]
    return re.split(r"\bwhile\s+(?=\w+ing\b)", said)


def _understood(sentence: str) -> Iterator[Command]:
    """The commands of a sentence that begins with a known verb."""
    words = _LEAD.sub("", " ".join(sentence.split()))
    first, _, rest = words.partition(" ")
    said = [words]
    if first.endswith("ing"):  # "Placing the cup"
        said += [f"{stem} {rest}" for stem in (first[:-3], f"{first[:-3]}e", first[:-4])]
    for one in said:
        match = next(((v, m) for v, p in _COMMANDS if (m := p.match(one))), None)
        if match is not None:
            yield from _distributed(match[0].skill, one, match[1])
            return


def _distributed(skill: str, words: str, verb: re.Match[str]) -> Iterator[Command]:
    """The command; two of them for "put the cup in the sink and the bowl on the rack"."""
    second = _AGAIN.match(words) if skill == "PickPlace" else None
    if second is None:
        yield _command(skill, words, verb)
        return
    yield _command(skill, second.group(1), verb)
    yield from _distributed(skill, f"{verb.group()} {second.group(2)}", verb)


def _known_to_the_referee(clause: str) -> Iterator[Command]:
    """What only `envs.skills` understands."""
    families: Mapping[str, str] = {
        "turn_on": "TurnOn", "turn_off": "TurnOff", "open": "Open", "close": "Close",
        "pull_out": "Slide", "push_in": "Slide", "turn": "Turn", "drive_to": DRIVE,
    }  # fmt: skip
    try:
        skill = skills.parse(clause)
    except skills.UnknownSubtask:
        return
    if skill.verb in families:
        target = thing(skill.target.replace("_", " "))
        side = frozenset({skill.side} if skill.side else ())
        yield Command(skill=families[skill.verb], things=(target,), roles={}, detail=side)


def _command(skill: str, words: str, verb: re.Match[str]) -> Command:
    words = _TOGETHER.sub(lambda m: f"{m.group(1)}/{m.group(2)}", words)
    if skill in AT_FIXTURE:
        return _fixture_command(skill, words)
    if skill == "Wait":
        return _wait_command(words)
    rest = (
        words[verb.end() :]
        if skill in ("PickPlace", PICK)
        else _ASIDE.sub("", words.partition(" ")[2])
    )
    head, phrases = _phrases(rest)
    roles: dict[str, tuple[str, ...]] = {}
    detail: frozenset[str] = frozenset()
    for preposition, role, phrase in phrases:
        one = thing(phrase)
        if one.name or role in ("source", "target"):
            detail |= one.detail if role == "target" else frozenset()
            detail |= {BESIDE[preposition]} if preposition in BESIDE else frozenset()
            roles[role] = (*roles.get(role, ()), one.name)
    # Nothing said is all that is in the hand.
    things = tuple(thing(p) for p in _several(head)) if head else ()
    return _shaped(skill, things, roles, detail)


def _shaped(
    skill: str,
    things: tuple[Thing, ...],
    roles: dict[str, tuple[str, ...]],
    detail: frozenset[str],
) -> Command:
    """Roles as the skill's reference steps have them."""
    under = roles.pop("under", ())
    if skill == PICK:
        # "Pick the cup on the counter" says where it is, "Bring the cup to the sink" where it goes.
        roles["source"] = (*roles.get("source", ()), *roles.pop("target", ()))
        detail = frozenset()
    elif skill == "Rinse":
        at = (*under, *roles.pop("target", ()))
        roles = {"fixture": tuple(n for n in at if n == "sink") or at}
    elif (
        skill == "PickPlace" and "source" in roles and not (under or {"target", "near"} & {*roles})
    ):
        skill = PICK  # "Carry the bowl from the fridge": where to comes next
    elif under:
        roles["target"] = (*roles.get("target", ()), *under)
    if skill == "Pour":
        # What is poured may be called by what it is poured from.
        names = (*(t.name for t in things[:1] if t.name), *roles.pop("source", ()))
        roles["object"] = tuple(dict.fromkeys(names))
    if skill in ("Shake", "Tilt", "Rotate"):
        roles = {}
    return Command(
        skill=skill, things=things, roles={k: v for k, v in roles.items() if v}, detail=detail
    )


def _fixture_command(skill: str, words: str) -> Command:
    """A command to a door, a switch, a rack."""
    words = re.sub(r"(\b(?:the|running|on|off)) water$", r"\1 sink faucet", words)
    head, phrases = _phrases(_ASIDE.sub("", words.partition(" ")[2]))
    said = [("", thing(head)), *((role, thing(phrase)) for _, role, phrase in phrases)]
    wanted = [one for role, one in said if one.fixture and role != "near"]
    kettle = [one for _, one in said if "kettle" in one.name.split() and not one.fixture]
    lidded = [one for _, one in said if one.name.endswith(" lid") and not one.fixture]
    lids = {one.name for one in lidded}
    if kettle and skill in ("Open", "Close", "TurnOn", "TurnOff") and not wanted:
        names: tuple[str, ...] = ("electric kettle", kettle[0].name)
    elif wanted:
        names = tuple(dict.fromkeys(one.name for one in wanted))
    else:
        # "Close the lid", "Press the start button": of what was spoken of last.
        named = [o.name for o in (*lidded, *(one for _, one in said)) if o.name]
        names = tuple(n for n in named if n.split()[-1] not in _BARE_PARTS or n in lids)[:1]
        names = names or (("sink",) if skill == "Turn" else ())
    detail = frozenset[str]().union(*(one.detail for one in wanted))
    levers = (one.name.split() for _, one in said if one.name.endswith(" lever"))
    detail = detail.union(*levers)
    roles = {"fixture": names}
    over = tuple(one.name for role, one in said if role == "under" and one.name)
    if over:
        roles["under"] = over
    return Command(skill=skill, things=(), roles=roles, detail=detail | _manner(skill, words))


def _manner(skill: str, words: str) -> frozenset[str]:
    """Which way or how far."""
    if skill == "Slide":
        inwards = re.search(r"\b(?:in|back|inside|into|close|closed|retract)\b", words)
        return frozenset({"in" if inwards and "out" not in words.split() else "out"})
    if skill == "Turn":
        return frozenset(thing(s).name or s for s in _SIDES.findall(words)[-1:])
    if skill in ("SetTemperature", "TurnOn"):
        values = {v.removesuffix("est") for v in _VALUES.findall(words)}
        if skill == "SetTemperature" and not values and re.match(r"lower|reduce|decrease", words):
            values = {"low"}
        values |= {"minimum"} if re.search(r"\blowest\b", words) else set()
        values |= {"maximum"} if re.search(r"\bhighest\b", words) else set()
        values = {{"max": "maximum", "min": "minimum"}.get(v, v) for v in values}
        return frozenset(values)
    return frozenset()


def _wait_command(words: str) -> Command:
    number = re.search(r"\d+", words)
    until = re.search(r"\b(?:until|for)\s+(.+?)(?:\s+(?:is|are|has|have|to|finish\w*)\b|$)", words)
    name = thing(until.group(1)).name if until and not number else ""
    return Command(
        skill="Wait",
        things=(),
        roles={"until": (name,)} if name else {},
        detail=frozenset({number.group()} if number else ()),
    )


def _phrases(words: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The noun phrase in front, and (preposition, role, noun phrase) for each behind it."""
    pieces = _SPLIT.split(_BY_SIDE.sub(_beside, words))
    head = _RESIDUE.sub(" ", pieces[0]).strip()
    out: list[tuple[str, str, str]] = []
    for preposition, phrase in zip(pieces[1::2], pieces[2::2], strict=True):
        role = _PLACE_ROLES[preposition]
        phrase = phrase.strip(" ,")
        if not role:
            break
        if preposition == "to" and not _ARTICLE.match(phrase) and not thing(phrase).fixture:
            break  # "to make space": a purpose
        out.append((preposition, role, _RESIDUE.sub(" ", phrase).strip()))
    return head, out


def _beside(found: re.Match[str]) -> str:
    """Being on the left side of a thing is being beside it; of a fixture, it is a part of it."""
    side, what = found.groups()
    return found.group() if thing(what).fixture else f"to the {side} of {what}"


def _several(head: str) -> list[str]:
    """The noun phrases that "and" or commas join."""
    parts = [p for p in re.split(r",\s*and\s+|\s+and\s+|,\s*", head) if p.strip()]
    return parts or [""]
