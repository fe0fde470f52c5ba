"""What the rules alone read out of an instruction, and whether a plan keeps it.

A clause that is read whole is something that the robot is known to do, and in the words of whoever
asked. There a small model has nothing to add, and much to get wrong.
"""

import re
from collections.abc import Sequence

from ..envs.phrases import phrases
from ..envs.skills import Skill, skill_of
from . import split

_SEVERAL = re.compile(r"\b(?:and|then|also|both|but)\b", re.IGNORECASE)
"""Where something may be wanted besides: one command would lose it."""


def skills(clauses: Sequence[str], instruction: str) -> list[Skill | None]:
    """What each clause asks for; None where it is not understood.

    Args:
        clauses: of `split.clauses`, or steps of a plan.
        instruction: all of it, which may name what a clause leaves unnamed.
    """
    return [skill_of(clause, instruction) for clause in clauses]


def whole(instruction: str, clauses: Sequence[str]) -> bool:
    """True if the rules know every verb of the instruction and what every clause asks for."""
    return split.understood(instruction) and None not in skills(clauses, instruction)


def commands(clauses: Sequence[str], instruction: str) -> list[str]:
    """The clauses, those that command nothing but are understood in the plainest words for it.

    "The faucet is still running, make it stop" is no subtask that a policy or a judge was trained
    with; "Turn off the sink faucet" is. A command stays in the words of whoever asked.

    Args:
        clauses: of an instruction.
        instruction: all of it.
    """
    return [_command(clause, instruction) for clause in clauses]


def _command(clause: str, instruction: str) -> str:
    skill = skill_of(clause, instruction)
    if skill is None or split.understood(clause) or _SEVERAL.search(clause):
        return clause
    return next(iter(phrases(skill)), clause)


def left_out(instruction: str, clauses: Sequence[str], steps: Sequence[str]) -> str:
    """The first clause that is understood, and that no step asks for where its turn is.

    Args:
        instruction: the task in words.
        clauses: of it, in order.
        steps: of a plan, in order.

    Returns:
        The clause; empty if all are kept.
    """
    planned = iter(skills(steps, instruction))
    for clause, asked in zip(clauses, skills(clauses, instruction), strict=True):
        if asked is not None and not any(
            step is not None and step.name == asked.name for step in planned
        ):
            return clause
    return ""
