"""Real instructions with other things in them: what a task leaves unsaid, kept; its names, changed.

An object is replaced by another of its kind (things, what they are put on, what they are put in) in
the instruction and in every step; now and then a place for storing by another one, too.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from .nouns import IN, ITEMS, ON, SPOKEN
from .said import mentions
from .wording import plural

_POOLS: tuple[tuple[str, ...], ...] = (ON, IN)
_STORES = ("cabinet", "fridge", "freezer", "drawer")
_UNTOUCHED = re.compile(r"shelf|shelves|rack|compartment|drawer of|door\(s\)|open cabinet|freez")
_FIXTURE_NAMES = ("electric kettle", "coffee machine", "stand mixer", "blender")


def relexed(
    instruction: str,
    steps: Sequence[str],
    names: Collection[str],
    random: np.random.Generator,
    *,
    change: float = 0.8,
) -> tuple[str, list[str]]:
    """An instruction and its steps with other things.

    Args:
        instruction: in words.
        steps: its steps.
        names: of the task's objects; those that the instruction does not mention stay.
        random: decides.
        change: chance that a name is replaced.
    """
    told = [
        name
        for name in names
        if mentions(instruction, name) and not _part_of_fixture(name, instruction)
    ]
    renamed: dict[str, str] = {}
    for name in sorted(set(told)):
        if random.random() < change:
            pool = next((pool for pool in _POOLS if name in pool), ITEMS)
            new = str(pool[int(random.integers(len(pool)))])
            if new not in renamed.values():
                renamed[name] = new
    moved = _elsewhere(instruction, random)
    new_steps = [_replaced(_replaced(step, renamed), moved) for step in steps]
    text = _replaced(_replaced(instruction, renamed), moved)
    return spoken(text, random), [_mended(step) for step in new_steps]


def spoken(text: str, random: np.random.Generator, chance: float = 0.12) -> str:
    """An instruction that calls fixtures by other words here and there."""
    for name, others in SPOKEN.items():
        if name in text and random.random() < chance:
            text = re.sub(rf"\b(?<!dining ){name}\b", others[0], text)
    return text


def _elsewhere(instruction: str, random: np.random.Generator) -> dict[str, str]:
    """One place for storing exchanged for another, where the instruction says nothing special."""
    there = [s for s in _STORES if re.search(rf"\b{s}s?\b", instruction)]
    if len(there) != 1 or _UNTOUCHED.search(instruction) or random.random() > 0.35:
        return {}
    others = [s for s in _STORES if s != there[0]]
    return {there[0]: others[int(random.integers(len(others)))]}


def _replaced(text: str, renamed: Mapping[str, str]) -> str:
    """All names exchanged at once, plurals as plurals."""
    if not renamed:
        return text
    forms: dict[str, str] = {}
    for old, new in renamed.items():
        forms |= {plural(old): plural(new), old + "s": plural(new), old: new}
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.sub(rf"\b(?:{either})\b", lambda found: forms[found.group()], text)


def _mended(step: str) -> str:
    return step.replace("the drawer door", "the drawer").replace("drawers door", "drawers")


def _part_of_fixture(name: str, instruction: str) -> bool:
    return any(name in fixture and fixture in instruction for fixture in _FIXTURE_NAMES)
