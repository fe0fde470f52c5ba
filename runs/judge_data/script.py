"""What happens in an episode: which subtasks, carried out how, drawn from a seed.

The frames of an episode do not depend on what a judge is asked about it later; what has to vary is
what the robot does. A subtask is carried out cleanly, disturbed, at first at the wrong place, with
a pause, or after random motion; some are undone again, and done once more. After a subtask is
complete the robot often stays a while, as it does while a judge in the loop has not noticed yet.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np

from ...envs.phrases import phrases
from ...envs.skills import Skill, Verb, parse

Manner = Literal["clean", "noisy", "misplaced", "paused", "random"]
MANNERS: tuple[Manner, ...] = get_args(Manner)
SHARES = (0.35, 0.25, 0.15, 0.15, 0.10)
"""How often a subtask is carried out in each manner."""
UNDO_SHARE, REDO_SHARE = 0.4, 0.5
"""How often a subtask that can be undone is, and then done again."""
STAY_SHARE = 0.7
"""How often the robot stays with a subtask after it is complete."""
STAY_STEPS = 48
"""At most so long [steps]: the judge's period and debounce, with room."""
END_STEPS = 30
"""The episode ends so soon after its last subtask [steps], before its windows have all settled, as
in the published dataset's `terminal_complete_partial`."""

_OPPOSITES: dict[Verb, Verb] = {
    "turn_on": "turn_off",
    "turn_off": "turn_on",
    "open": "close",
    "close": "open",
    "pull_out": "push_in",
    "push_in": "pull_out",
}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One subtask of the episode."""

    text: str
    manner: Manner
    stay: int
    """Steps for which the robot stays with the subtask once it is complete."""
    seed: int
    """Of the manner's own randomness."""


def opposite(skill: Skill) -> Skill | None:
    """The skill that undoes one; None if there is none, or if many would."""
    verb = _OPPOSITES.get(skill.verb)
    if verb is None or skill.every:
        return None
    return replace(skill, verb=verb, fully=False, hot=False, steps=None)


def draw(
    texts: Sequence[str],
    context: str,
    able: Collection[tuple[str, str]],
    rng: np.random.Generator,
) -> list[Stretch]:
    """The stretches of one episode.

    Args:
        texts: the task's subtasks, in order.
        context: the task's instruction, which names what they leave unnamed.
        able: (verb, target) of what the robot knows how to do.
        rng: the only source of randomness.
    """
    stretches: list[Stretch] = []
    for text in texts:
        stretches.append(_stretch(text, rng))
        undo = opposite(parse(text, context))
        words = phrases(undo) if undo and (undo.verb, undo.target) in able else ()
        if words and rng.random() < UNDO_SHARE:
            stretches.append(_stretch(words[int(rng.integers(len(words)))], rng))
            if rng.random() < REDO_SHARE:
                stretches.append(_stretch(text, rng))
    if stretches:
        stretches[-1] = replace(stretches[-1], stay=int(rng.integers(END_STEPS)))
    return stretches


def _stretch(text: str, rng: np.random.Generator) -> Stretch:
    manner = cast(Manner, str(rng.choice(MANNERS, p=SHARES)))
    stay = int(rng.integers(1, STAY_STEPS)) if rng.random() < STAY_SHARE else 0
    return Stretch(text=text, manner=manner, stay=stay, seed=int(rng.integers(2**31)))


def unit(*facts: object) -> float:
    """A number in [0, 1) that depends on the facts alone."""
    return derived(*facts) / 2**32


def derived(*facts: object) -> int:
    """A seed, 0 .. 2**32 - 1, that depends on the facts alone."""
    text = "/".join(str(fact) for fact in facts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
