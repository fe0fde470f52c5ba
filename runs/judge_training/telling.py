"""Of which subtasks a single look tells whether they are complete."""

from collections.abc import Iterator

import numpy as np

from ...envs.skills import Skill
from ..policy.dataset import Stretch

_BY_HISTORY = frozenset({"sweep", "rotate", "rinse"})
"""Verbs of which a single look does not tell whether it is complete."""
_BY_CLOCK = frozenset({"wait"})
"""Verbs of which it does where something shows how far they are, as the colour of what simmers."""


def tells(skill: Skill | None, *, clocked: bool) -> bool:
    """Whether a look tells what is complete; `clocked`: how far a wait is was written down."""
    if skill is None:
        return True
    return skill.verb not in _BY_HISTORY and (clocked or skill.verb not in _BY_CLOCK)


def truth(one: Stretch, look: int) -> bool | None:
    """Whether the subtask is complete at a look; None where that is unknown.

    At a subtask's first step of what was played the progress written down is still that of the one
    before.
    """
    step = one.step(look)
    stale = one.header.played and step and one.subtask[step - 1] != one.subtask[step]
    if stale or not np.isfinite(one.progress[step]):
        return None
    return bool(one.progress[step] >= 1.0)


def labelled(one: Stretch, begin: int, end: int) -> Iterator[tuple[int, bool]]:
    """Looks whose truth is known, and whether their subtask is complete."""
    for look in range(begin, end):
        complete = truth(one, look)
        if complete is not None:
            yield look, complete


def told_by_a_look(one: Stretch, look: int) -> bool | None:
    """Whether the subtask is complete, where that is known and a single look tells it."""
    skill = one.skills[int(one.subtask[one.step(look)])]
    return truth(one, look) if tells(skill, clocked=True) else None
