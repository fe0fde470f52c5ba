"""The baseline planner: an instruction cut into clauses by rules over language alone.

A cut is made between sentences, after "then", and before a verb that follows "and" or a comma.
Nouns joined by "and" stay together, for a cut needs a verb behind it. Sentences that command
nothing ("There is a bowl on the counter.") stay in front of the command that follows, and
conditions ("Make sure that ...", "Push it ... if necessary.") with the one before. No word is lost
but the joints themselves.
"""

import re
from collections.abc import Mapping, Sequence

from ..envs.sensors import Image, View
from . import plan as plans
from .base import Attempt, Plan, PlannerInfo
from .script import remaining

_VERB_LIST = """
cluster defrost grip juice make preheat select steep tilt
add adjust arrange assemble attach blend boil bring brush build carry change check
choose clean clear close collect combine cook cover create cut deliver dispose
distribute divide drag drain drive drop dump empty fetch fill find flip freeze fully
garnish gather get give go grab group hang heat hold insert lift lightly load locate
lower maneuver manuever melt mix move navigate open operate organize pack pick place
play pour prepare press pull push put raise rearrange reheat release remove replace
restock retrieve return rinse rotate scrub season separate serve set shake shut slice
slide slightly soak sort spray spread sprinkle stack start stir stop store sweep swing
switch take tidy toast touch transfer transport turn twist unload use wait wash wipe
"""
VERBS = frozenset(_VERB_LIST.split())
"""Words that begin a command in RoboCasa365's instructions (adverbs before the verb included)."""

_CONDITIONS = re.compile(
    r"^(make sure|ensure|be sure|be careful|avoid|leave|keep|do not|don't|note|only|remember)\b",
    re.IGNORECASE,
)
_PERHAPS = re.compile(r"^(?!.*\b(and|by)\b).*\bif (necessary|needed)$", re.IGNORECASE)
"""A sentence that is wanted only perhaps: a condition, too."""
_LEADS = re.compile(
    r"^(?:(?:and|then|next|finally|afterwards?|after that|lastly|first|also|now|please|"
    r"once (?:finished|done)|when (?:finished|done))\b[\s,]*)+",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9\"'])|\n+|;\s*")
_NUMBER = re.compile(r"(?:^|\s)\(?\d{1,2}[).:]\s+")
_JOINT = re.compile(
    r"(?:,\s*and\s+then\s+|,\s*then\s+|\s+and\s+then\s+|\s+then\s+|,\s*and\s+|\s+and\s+|,\s*)",
    re.IGNORECASE,
)


def clauses(instruction: str) -> list[str]:
    """The commands of an instruction in order; the whole text if no cut is found."""
    parts = [p for p in _NUMBER.split(instruction) for p in _SENTENCE.split(p) if p and p.strip()]
    out: list[str] = []
    context = ""
    for part in parts:
        sentence = part.strip().rstrip(".!; ")
        if not sentence:
            continue
        if out and (_CONDITIONS.match(sentence) or _PERHAPS.match(sentence)):
            out[-1] = f"{out[-1]}. {sentence}"
        elif not _commands(sentence):
            context = f"{context}{sentence}. "
        else:
            first, *rest = _cut(sentence)
            out += [context + first, *rest]
            context = ""
    if context:
        tail = context.strip().rstrip(".")
        out = [*out[:-1], f"{out[-1]}. {tail}"] if out else [tail]
    return [text[:1].upper() + text[1:] for text in out]


def understood(instruction: str) -> bool:
    """True if the rules know the verb that each clause begins with."""
    return all(_commands(clause) for clause in clauses(instruction))


def _commands(sentence: str) -> bool:
    return _starts_with_verb(_LEADS.sub("", sentence))


def _starts_with_verb(text: str) -> bool:
    words = re.findall(r"[A-Za-z']+", text[:60].lower())
    return bool(words) and words[0] in VERBS


def _cut(sentence: str) -> list[str]:
    """Cut one commanding sentence at every joint that has a verb behind it."""
    pieces: list[str] = []
    start = 0
    for joint in _JOINT.finditer(sentence):
        rest = sentence[joint.end() :]
        if _starts_with_verb(_LEADS.sub("", rest)) and not _adjective(sentence, joint, rest):
            pieces.append(sentence[start : joint.start()])
            start = joint.end()
    pieces.append(sentence[start:])
    stripped = [_LEADS.sub("", piece.strip()).strip(" ,") for piece in pieces]
    return [piece for piece in stripped if piece]


_AMBIGUOUS = frozenset({"clean", "clear", "open", "empty", "set", "group", "slice", "play", "drop"})
"""Verbs that are as often an adjective or a noun."""


def _adjective(sentence: str, joint: re.Match[str], rest: str) -> bool:
    """True for "the dirty and clean items": an ambiguous word that no object follows."""
    words = re.findall(r"[A-Za-z']+", rest.lower())
    if words[0] not in _AMBIGUOUS or "then" in joint.group().lower():
        return False
    followers = {"the", "a", "an", "all", "both", "any", "it", "its", "them", "each", "every", "up"}
    return len(words) < 2 or words[1] not in followers


class SplitPlanner:
    """Plans by `clauses`; looks at no image and takes no options."""

    @property
    def info(self) -> PlannerInfo:
        """A planner of language alone."""
        return PlannerInfo(name="split", privileged=False)

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """The instruction's clauses; after a failure, those that were not declared done.

        Args:
            instruction: the task in words.
            images: not looked at.
            history: what was declared done and what failed.

        Raises:
            LeapcasaError: if the instruction has no words.
        """
        del images
        every = clauses(instruction)
        return plans.checked(remaining(every, history) or every, raw=instruction)
