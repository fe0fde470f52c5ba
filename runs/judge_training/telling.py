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


def known_truth(one: Stretch, step: int) -> bool:
    """Whether the progress written down at a step is that of its subtask.

    At a subtask's first step of what was played the truth written down is still that of the one
    before.
    """
    if not one.header.played:
        return True
    return step == 0 or bool(one.subtask[step - 1] == one.subtask[step])


def labelled(one: Stretch, begin: int, end: int) -> Iterator[tuple[int, bool]]:
    """Looks whose truth is known, and whether their subtask is complete."""
    for index in range(begin, end):
        step = one.step(index)
        if known_truth(one, step) and np.isfinite(one.progress[step]):
            yield index, bool(one.progress[step] >= 1.0)


def told_by_a_look(one: Stretch, look: int) -> bool | None:
    """Whether the subtask is complete, where that is known and a single look tells it."""
    step = one.step(look)
    if not tells(one.skills[int(one.subtask[step])], clocked=True):
        return None
    for _, complete in labelled(one, look, look + 1):
        return complete
    return None
