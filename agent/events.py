"""What an agent does, as it happens: one frozen record per event.

Within one look the order is: the verdict on the subtask (`JudgeCalled`), what follows from it or
from a timeout (`Advanced`, `Retried`, `Replanned`, `Skipped`, `Stopped`), the subtask that begins
(`SubtaskStarted`), and the policy's new chunk (`PolicyCalled`). `PlanMade` comes first of all.
Where the last subtask settles, `Stopped` comes that many steps after `Advanced`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..judges.base import Verdict


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something the agent did."""

    step: int
    """Control steps since the reset."""

    def to_dict(self) -> dict[str, Any]:
        """The event as plain data, its class under `event`."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class PlanMade(Event):
    """The planner answered for the first time."""

    subtasks: tuple[str, ...]
    raw: str
    rejected: tuple[str, ...]
    said: tuple[str, ...] = ()
    """The planner's own words for each subtask; empty where they are the subtask's."""
    made_by: str = ""
    """Who made the plan, where it was a fallback."""


@dataclass(frozen=True, kw_only=True)
class Replanned(Event):
    """The planner answered again; the subtasks are those still to do."""

    subtasks: tuple[str, ...]
    raw: str
    rejected: tuple[str, ...]
    said: tuple[str, ...] = ()
    """The planner's own words for each subtask; empty where they are the subtask's."""
    made_by: str = ""
    """Who made the plan, where it was a fallback."""


@dataclass(frozen=True, kw_only=True)
class SubtaskStarted(Event):
    """An attempt at a subtask begins."""

    index: int
    """Place in the agent's list of subtasks."""
    text: str
    attempt: int
    """0 for the first."""


@dataclass(frozen=True, kw_only=True)
class PolicyCalled(Event):
    """The policy gave a chunk of actions."""

    index: int
    horizon: int
    clipped: int
    """Numbers of the chunk that were out of range."""


@dataclass(frozen=True, kw_only=True)
class JudgeCalled(Event):
    """The judge gave a verdict."""

    index: int
    label: str
    scores: Mapping[str, float]
    per_view: Mapping[str, Mapping[str, float]]
    margin: float
    accepted: bool
    """True if it counted as complete: the margin was exceeded."""
    milliseconds: float

    @classmethod
    def of(cls, verdict: Verdict, *, step: int, index: int, accepted: bool) -> "JudgeCalled":
        """The event of one verdict."""
        return cls(
            step=step,
            index=index,
            label=verdict.label,
            scores=dict(verdict.scores),
            per_view={view: dict(scores) for view, scores in verdict.per_view.items()},
            margin=verdict.margin,
            accepted=accepted,
            milliseconds=verdict.milliseconds,
        )


@dataclass(frozen=True, kw_only=True)
class Advanced(Event):
    """A subtask was declared complete."""

    index: int


@dataclass(frozen=True, kw_only=True)
class Retried(Event):
    """An attempt ran out of time, and the subtask is tried again."""

    index: int


@dataclass(frozen=True, kw_only=True)
class Skipped(Event):
    """All attempts ran out of time, and the agent goes on with the next subtask."""

    index: int


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The agent is done, or has given up."""

    reason: str
