"""Reference steps in the words that the instruction itself offers.

An instruction may say "the drinks" where the episode has a beer and a wine. Nobody can know their
names from the words; the step is as right with the noun of their kind (`runs.plan_reference`). So
what is learned names each object as the instruction does, where it does.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ...envs import composites
from ...envs.composites import Composite
from .wording import plural

_ALSO: Mapping[str, tuple[str, ...]] = {
    "mug": ("cup",),
    "cup": ("mug",),
    "glass cup": ("glass",),
    "canned food": ("can",),
    "tupperware": ("container",),
    "saucepan": ("pot", "pan"),
    "boxed food": ("cereal",),
}
"""Usual names, which count as right where nothing else in the task is called so."""
_PICKED = "Pick the "
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def names(composite: Composite, episode: Mapping[str, str], instruction: str) -> dict[str, str]:
    """What each object of an episode is called, for a plan made from the instruction.

    Args:
        composite: the task.
        episode: object slot or word -> what the episode calls it.
        instruction: in words.
    """
    told = {}
    taken = set(episode.values())
    for slot, name in episode.items():
        kind = composite.objects.get(slot, "")
        also = [word for word in _ALSO.get(name, ()) if word not in taken]
        tails = [" ".join(name.split()[i:]) for i in range(1, len(name.split()))]
        tails = [tail for tail in tails if tail not in taken and len(tail) > 2]
        wanted = [name, *tails, *([kind] if kind else []), *also]
        told[slot] = next((word for word in wanted if mentions(instruction, word)), kind or name)
        if slot not in composite.objects:
            told[slot] = name  # a word such as "front left", no object
    return told


def steps(composite: Composite, episode: Mapping[str, str], instruction: str) -> tuple[str, ...]:
    """The reference steps of an episode in words the instruction offers."""
    return composites.render(composite, names(composite, episode, instruction))


def distinct(steps_: Sequence[str]) -> tuple[str, ...]:
    """Steps of which no two pick the same thing in the same words: the second, the third of it.

    A plan that says a step twice in a row is refused as a loop (`agent.answer`).
    """
    seen: Counter[str] = Counter()
    out: list[str] = []
    for step in steps_:
        seen[step] += 1
        if seen[step] > 1 and step.startswith(_PICKED):
            which = _ORDINALS[min(seen[step], len(_ORDINALS) + 1) - 2]
            step = f"{_PICKED}{which} {step.removeprefix(_PICKED)}"
        out.append(step)
    return tuple(out)


def mentions(text: str, name: str) -> bool:
    """Whether a text names a thing, one or several of it."""
    forms = "|".join(re.escape(form) for form in {name, name + "s", plural(name)})
    return re.search(rf"\b(?:{forms})\b", text, re.IGNORECASE) is not None


def numbered(steps_: Sequence[str]) -> str:
    """`1) ... 2) ...`, a step a line, without full stops: what a planner answers."""
    return "\n".join(f"{n}) {step.rstrip(' .')}" for n, step in enumerate(steps_, 1))
