"""What a plan is, and who makes one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..envs.sensors import Image, View


@dataclass(frozen=True, kw_only=True)
class Subtask:
    """One step of a plan, in the words policy and judge are given."""

    text: str
    said: str = ""
    """The planner's own words for it, where they differ."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Subtasks in order, and how they came about."""

    subtasks: tuple[Subtask, ...]
    raw: str = ""
    """What the planner said, word for word."""
    rejected: tuple[str, ...] = ()
    """Reasons for which earlier answers or single steps were refused."""
    made_by: str = ""
    """Who made it in the end, where that is not the planner that was asked (a fallback)."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What became of one subtask, for a planner that is asked again."""

    text: str
    outcome: Literal["done", "failed"]


@dataclass(frozen=True, kw_only=True)
class PlannerInfo:
    """Static facts of a planner, written to the record."""

    name: str
    privileged: bool
    """True if it reads what the sensors do not show."""
    views: tuple[View, ...] = field(default=())
    """The views it looks at; empty for a planner of language alone."""
    blind: bool = False
    """True if it plans as well where none of its views is given."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else its plans depend on, for instance the prompt template and its hash."""

    def lacking(self, given: Collection[View]) -> list[View]:
        """The views that are not given and without which it cannot plan."""
        missing: list[View] = [view for view in self.views if view not in given]
        return [] if self.blind and len(missing) == len(self.views) else missing


class Planner(Protocol):
    """Breaks a task into subtasks. Taking part needs no inheritance."""

    @property
    def info(self) -> PlannerInfo:
        """Static facts, constant for the life of the planner."""
        ...

    def plan(
        self, instruction: str, images: Mapping[View, Image], history: Sequence[Attempt] = ()
    ) -> Plan:
        """A plan for the whole task, or for what is left of it.

        Args:
            instruction: the task in words.
            images: the newest (H, W, 3) uint8 image of each view in `info.views`.
            history: what was declared done and what failed, in order; empty on the first call.

        Returns:
            At least one subtask.

        Raises:
            LeapcasaError: if no valid plan can be made.
        """
        ...
