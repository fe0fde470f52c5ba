"""Other words for the same instruction, drawn by seed.

Two sets of words that share none: planners are trained on one and tested on the other.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

Words = Literal["train", "held_out"]

_VERBS: Mapping[str, Mapping[Words, Sequence[str]]] = {
    "pick up": {
        "train": ("take", "grab", "get", "pick", "collect", "fetch"),
        "held_out": ("lift", "grasp"),
    },
    "pick": {"train": ("take", "grab", "get", "pick up", "fetch"), "held_out": ("lift", "grasp")},
    "take": {"train": ("grab", "pick up", "get", "fetch"), "held_out": ("lift", "grasp")},
    "grab": {"train": ("take", "pick up", "get"), "held_out": ("gather", "grasp")},
    "retrieve": {"train": ("take", "get", "fetch", "grab"), "held_out": ("grasp", "gather")},
    "place": {"train": ("put", "set", "leave"), "held_out": ("deposit", "lay")},
    "put": {"train": ("place", "set"), "held_out": ("deposit", "lay")},
    "move": {"train": ("transfer", "bring", "carry", "put"), "held_out": ("transport", "relocate")},
    "turn on": {"train": ("switch on", "start"), "held_out": ("power on", "activate")},
    "turn off": {"train": ("switch off", "shut off"), "held_out": ("power off", "deactivate")},
    "close": {"train": ("shut",), "held_out": ("fully close",)},
    "wash": {"train": ("rinse", "clean"), "held_out": ("rinse off",)},
}
"""What stands at the beginning of a command -> words that may stand there instead."""
_COMMAND = re.compile(
    r"(?P<before>^|[.!?;] |, and |, then | and then | then | and |, )(?P<verb>"
    + "|".join(sorted(_VERBS, key=len, reverse=True))
    + r")(?= (?:the|a|an|all|both|it|them|one|two|three|four|any|each|its|every|some|out)\b)",
    re.IGNORECASE,
)
_THEN: Mapping[Words, Sequence[str]] = {
    "train": ("Then ", "Next, ", "After that, ", "Then, ", "", "Now "),
    "held_out": ("Afterwards, ", "Finally, "),
}
_LINK = re.compile(r"(?<=[.!?] )(?:Then,? |Next,? |After that,? |Finally,? )(?=[a-z])")
_FRAMES: Mapping[Words, Sequence[str]] = {
    "train": ("Please {}", "{}", "Robot, {}", "I want you to {}", "Now {}", "First {}"),
    "held_out": ("You should {}", "Kindly {}", "You need to {}"),
}
_COMMANDING = re.compile(r"(?:pick|take|grab|put|place|move|open|close|turn|get|retrieve)\b")


def paraphrase(
    instruction: str, random: np.random.Generator, words: Words, *, change: float = 0.5
) -> str:
    """The instruction in other words; what it names stays as it is.

    Args:
        instruction: in RoboCasa's words.
        random: decides.
        words: which set of words.
        change: chance that a verb, a link or the frame is changed.
    """

    def verb(found: re.Match[str]) -> str:
        others = _VERBS[found["verb"].lower()][words]
        if random.random() >= change:
            return found.group()
        new = others[int(random.integers(len(others)))]
        return found["before"] + (new.capitalize() if found["verb"][0].isupper() else new)

    def link(found: re.Match[str]) -> str:
        if random.random() >= change:
            return found.group()
        return _THEN[words][int(random.integers(len(_THEN[words])))]

    text = " ".join(instruction.split())
    text = _LINK.sub(link, _COMMAND.sub(verb, text))
    frames = _FRAMES[words]
    if random.random() < change and _COMMANDING.match(text.lower()):
        frame = frames[int(random.integers(len(frames)))]
        text = frame.format(text[:1].lower() + text[1:])
    return sentences(text)


def sentences(text: str) -> str:
    """A capital at the beginning of each sentence."""
    text = re.sub(r"(?<=[.!?] )[a-z]", lambda found: found.group().upper(), text)
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str], random: np.random.Generator) -> str:
    """`the a, b and c`, in the ways RoboCasa's instructions write it."""
    if len(names) == 1:
        return f"the {names[0]}"
    if len(names) == 2:
        return f"the {names[0]} and {'the ' if random.random() < 0.3 else ''}{names[1]}"
    style = random.integers(3)
    if style == 0:
        return "the " + ", ".join(names)
    last = "and " if style == 1 else "and the "
    return f"the {', '.join(names[:-1])}, {last}{names[-1]}"


def plural(name: str) -> str:
    """Several of a thing."""
    if re.search(r"(?:s|x|z|ch|sh|ato|ango)$", name):
        return name + "es"
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    if name.endswith("knife"):
        return name[:-2] + "ves"
    return name + "s"
