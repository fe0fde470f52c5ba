"""One closed-loop episode: observe, act, notify, step. Nothing else calls `Kitchen.advance`.

Recorder, video and progress are observers; the loop knows nothing of them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..agent.events import Event
from ..agent.loop import Agent, AgentView
from ..envs.kitchen import Kitchen
from ..envs.sensors import Sensors
from .witness import Truth, Witness

AGENT_ENDS = ("completed", "incomplete", "gave_up")
"""The agent's own ends: all subtasks declared complete; some skipped; stopped before the end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """All there is to know about one step, the agent's side and the truth apart."""

    sensors: Sensors
    events: tuple[Event, ...]
    """What the agent did on this look."""
    action: npt.NDArray[np.float32] | None
    """(12,) what it did next; None if it is done."""
    view: AgentView
    """Plan and state of the agent after this look."""
    truth: Truth
    """Not for the agent."""


class Observer(Protocol):
    """Is told of every look; may not change anything in the episode."""

    def saw(self, look: Look) -> None:
        """One step."""
        ...


def run_episode(
    kitchen: Kitchen,
    agent: Agent,
    witness: Witness,
    observers: Sequence[Observer],
    *,
    first: Sensors,
    max_steps: int,
    wall_seconds: float | None = None,
) -> str:
    """Let the agent work until it is done or its time is up.

    Args:
        kitchen: has begun the episode.
        agent: as yet without a plan.
        witness: of the same kitchen.
        observers: told of every look, in this order.
        first: what the kitchen gave when it began.
        max_steps: control steps after which the episode ends.
        wall_seconds: wall time after which it ends; None for no such limit.

    Returns:
        The reason of the end: one of `AGENT_ENDS`, `horizon` or `wall_time`.
    """
    sensors, started = first, time.monotonic()
    opening = agent.reset(sensors)
    witness.heard(opening)
    while True:
        truth = witness.look(sensors.step)
        decision = agent.act(sensors)
        events, opening = (*opening, *decision.events), ()
        witness.heard(decision.events)
        late = wall_seconds is not None and time.monotonic() - started > wall_seconds
        over = decision.action is None or sensors.step >= max_steps or late
        look = Look(
            sensors=sensors,
            events=events,
            action=None if over else decision.action,
            view=agent.view(),
            truth=truth,
        )
        for observer in observers:
            observer.saw(look)
        if decision.action is None:
            return agent.end_reason or "completed"
        if over:
            return "wall_time" if late and sensors.step < max_steps else "horizon"
        sensors = kitchen.advance(decision.action)
