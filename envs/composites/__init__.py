"""Reference steps of RoboCasa365's composite tasks, as reviewed data."""

from .model import Composite, Condition, Step, all_steps, positions, render, steps
from .vocabulary import Skill, skill, skills

__all__ = [
    "Composite",
    "Condition",
    "Skill",
    "Step",
    "all_steps",
    "positions",
    "render",
    "skill",
    "skills",
    "steps",
]
