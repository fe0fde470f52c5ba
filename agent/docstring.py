"""The upper bound: a privileged planner that is told each composite task's own described steps.

It reads the reference steps of `envs.composites` and what this episode calls its objects. Nothing
that plans from language and pictures can know more; what it does not reach is not the plan's fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..configs import LeapcasaError
from ..envs import composites
from ..envs.sensors import Image, View
from . import plan as plans
from .base import Attempt, Plan, PlannerInfo
from .script import remaining


class EpisodeTruth(Protocol):
    """What is true of an episode; the referee is one."""

    @property
    def task(self) -> str:
        """The task's name; empty if it is not known."""
        ...

    def names(self) -> Mapping[str, str]:
        """Object slot or word of the episode -> what it is called there."""
        ...


@dataclass(frozen=True, kw_only=True)
class RecordedTruth:
    """The truth of an episode that is not running."""

    task: str
    slots: Mapping[str, str]

    def names(self) -> Mapping[str, str]:
        """The slots as recorded."""
        return self.slots


class DocstringPlanner:
    """Plans the reference steps of a composite task; of any other task, its instruction.

    Args:
        truth: the episode's; read at every plan, not before.
    """

    def __init__(self, truth: EpisodeTruth) -> None:
        self._truth = truth

    @property
    def info(self) -> PlannerInfo:
        """Privileged: it is told what the sensors do not show."""
        return PlannerInfo(name="docstring", privileged=True)

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """The task's described steps; on a later call, those that were not declared done.

        Args:
            instruction: the task in words; the one step of a task that is no composite.
            images: not looked at.
            history: what was declared done and what failed.

        Raises:
            LeapcasaError: if the task is not known, or every step is done.
        """
        del images
        task = self._truth.task
        if not task:
            raise LeapcasaError(
                "the planner 'docstring' has to know the task, and its name is not given"
            )
        known = composites.all_steps().get(task)
        steps = composites.render(known, self._truth.names()) if known else (instruction,)
        left = remaining(steps, history)
        if not left:
            raise LeapcasaError(f"all {len(steps)} steps of {task} are declared done")
        return plans.checked(left, raw="\n".join(steps))
