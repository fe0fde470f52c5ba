"""Checking a plan before anybody acts on it."""

import re
from collections.abc import Sequence

from ..configs import LeapcasaError
from .base import Plan, Subtask

MAX_SUBTASKS = 40
"""The longest of RoboCasa's composite tasks has about twenty steps."""
MAX_CHARACTERS = 400
"""Of one subtask."""


_WAITS = re.compile(r"\W*wait\b", re.IGNORECASE)


def waits(text: str) -> bool:
    """True if a subtask, by its words, is only to wait ("Wait until the sauce is done")."""
    return _WAITS.match(text) is not None


def checked(
    texts: Sequence[str],
    *,
    raw: str,
    rejected: Sequence[str] = (),
    said: Sequence[str] = (),
    made_by: str = "",
) -> Plan:
    """A plan of the texts that can be subtasks; each one refused leaves a reason.

    Args:
        texts: the steps in order.
        raw: what the planner said.
        rejected: reasons gathered before.
        said: the planner's own words for each text, where they differ.
        made_by: see `Plan.made_by`.

    Raises:
        LeapcasaError: if nothing usable is left.
    """
    kept: list[Subtask] = []
    reasons = list(rejected)
    for index, text in enumerate(texts):
        own = said[index] if said else ""
        words = " ".join(text.split())
        if not any(c.isalnum() for c in words):
            reasons.append(f"a step without words: {text!r}")
        elif len(words) > MAX_CHARACTERS:
            reasons.append(f"a step of {len(words)} characters, at most {MAX_CHARACTERS} are used")
        elif len(kept) == MAX_SUBTASKS:
            reasons.append(f"steps after the first {MAX_SUBTASKS}")
            break
        else:
            kept.append(Subtask(text=words, said=own if own != words else ""))
    if not kept:
        raise LeapcasaError(f"the planner gave no usable step ({'; '.join(reasons) or 'no text'})")
    return Plan(subtasks=tuple(kept), raw=raw, rejected=tuple(reasons), made_by=made_by)
