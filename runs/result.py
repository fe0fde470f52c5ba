"""What came of one rollout, and what kind of thing broke if something did."""

import errno
from dataclasses import dataclass
from typing import Literal

from ..configs import (
    EnvironmentFault,
    InfrastructureError,
    JudgeError,
    LeapcasaError,
    ModelError,
    PolicyError,
)
from .records import RecordError

BROKEN = ("error", "infrastructure_error", "interrupted")
"""Ends that say nothing about the agent: such an episode is never scored."""

ErrorKind = Literal[
    "agent", "environment", "infrastructure", "judge", "model", "policy", "record", "unexpected"
]
"""`policy`, `judge`, `model`: that part of the agent; `agent`: another one, the planner for
instance. `infrastructure`: what a policy runs on, its server for instance. `environment`: the
simulation itself. `record`: the record cannot be written. `unexpected`: nobody foresaw it."""
NOT_THE_AGENT: tuple[ErrorKind, ...] = ("infrastructure", "environment")
"""Such an episode ends as `infrastructure_error` and may be run again."""

_KINDS: tuple[tuple[type[Exception], ErrorKind], ...] = (
    (InfrastructureError, "infrastructure"),  # a PolicyError too: it comes first
    (PolicyError, "policy"),
    (JudgeError, "judge"),
    (ModelError, "model"),
    (EnvironmentFault, "environment"),
    (RecordError, "record"),
    (LeapcasaError, "agent"),
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one rollout."""

    task: str
    seed: int
    split: str
    success: bool
    """RoboCasa's own criterion held at some step (of those that count, `limits.success_every`)."""
    success_at_end: bool
    """It held at the last step."""
    first_success_step: int | None
    declared_success: bool
    """The agent declared every subtask done."""
    steps: int
    end_reason: str
    """`completed`, `incomplete`, `gave_up` (the agent's ends), `horizon`, `wall_time`, or one of
    `BROKEN`."""
    subtasks: list[dict[str, str]]
    """Text and status of each subtask at the end."""
    video: str | None
    run_dir: str
    privileged: list[str]
    """The parts that read the simulator's truth."""
    assets: str
    """`full` or `standin`."""
    assets_version: str
    seconds: float
    """Wall time of the episode, without building the kitchen."""
    setup_seconds: float
    """Wall time of building the kitchen."""
    config: str
    """The preset it began with."""
    clipped_actions: int
    incidents: int = 0
    """What the policy got over on its way, for instance a server that was lost and found again."""
    error: str | None = None
    """What broke, if something did."""
    error_kind: ErrorKind | None = None
    """What kind of thing it was."""


def kind_of(error: Exception) -> ErrorKind:
    """What kind of thing broke."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return "record"
    for known, kind in _KINDS:
        if isinstance(error, known):
            return kind
    return "unexpected"
