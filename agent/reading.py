"""What the rules alone read out of an instruction, and whether a plan keeps it.

A clause that is read whole is something that the robot is known to do, and in the words of whoever
asked. There a small model has nothing to add, and much to get wrong.
"""

from collections.abc import Sequence

from ..envs.skills import Skill, skill_of
from . import split


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
