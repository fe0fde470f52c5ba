"""The planner that breaks nothing up: the whole instruction is the one subtask."""

from collections.abc import Mapping, Sequence

from ..configs import LeapcasaError
from ..envs.sensors import Image, View
from .base import Attempt, Plan, PlannerInfo, Subtask


class WholePlanner:
    """Hands the instruction on, word for word: how policies are evaluated without an agent."""

    @property
    def info(self) -> PlannerInfo:
        """A planner of language alone."""
        return PlannerInfo(name="whole", privileged=False)

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """One subtask, the same on every call.

        Args:
            instruction: the task in words.
            images: not looked at.
            history: not looked at.

        Raises:
            LeapcasaError: if the instruction has no words.
        """
        del images, history
        if not instruction.strip():
            raise LeapcasaError("the task has no instruction to hand on")
        return Plan(subtasks=(Subtask(text=instruction),), raw=instruction)
