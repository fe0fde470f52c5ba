"""`replay`: does again what was recorded, step for step, whatever the plan says.

The action of step t is the recorded action of step t. Physics repeats itself only in the same
scene on the same versions; where a run's proprioception was recorded too, the first step at which
the robot feels something else is told as an incident.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from ..configs import ConfigError, PolicyError
from ..envs.sensors import ACTION_SIZE, Sensors
from .base import Actions, PolicyInfo
from .incidents import Incident
from .recordings import read

AtEnd = Literal["stop", "hold"]

_KEPT = slice(6, 7)
"""Column of the gripper, which `hold` leaves as it was."""


class ReplayPolicy:
    """Recorded actions.

    Args:
        path: the folder of a run, or of a LeRobot data set.
        episode: of a data set, from 0.
        order: parts of the action in a data set's order, where the data set does not tell it.
        execute: actions per chunk.
        at_end: what follows the last recorded action: `stop` ends the episode as an error, `hold`
            stands still with the gripper as it was. The very next step is held in any case: an
            episode of just as many steps looks once more at its end.
        tolerance: how far the robot may be from what was recorded (metres, or parts of a
            quaternion) before that is told.

    Raises:
        ConfigError: if there is no such recording, or an option is none.
    """

    def __init__(
        self,
        path: str,
        episode: int = 0,
        order: Sequence[str] | None = None,
        execute: int = 16,
        at_end: AtEnd = "stop",
        tolerance: float = 1e-3,
    ) -> None:
        if at_end not in get_args(AtEnd):
            raise ConfigError(f"policy.options.at_end is {at_end!r}; it is stop or hold")
        if type(execute) is not int or execute < 1:
            raise ConfigError(f"policy.options.execute is {execute!r}; it must be at least 1")
        self._recording = read(Path(path), episode, order)
        if not len(self._recording.actions):
            raise ConfigError(f"{self._recording.source} holds no actions")
        self._execute, self._at_end, self._tolerance = execute, at_end, tolerance
        self._incidents: list[Incident] = []

    @property
    def info(self) -> PolicyInfo:
        """Looks at nothing but the clock."""
        count = str(len(self._recording.actions))
        return PolicyInfo(
            name="replay",
            privileged=False,
            settings={"recording": self._recording.source, "actions": count},
        )

    @property
    def incidents(self) -> Sequence[Incident]:
        """Where the world parted from the record."""
        return tuple(self._incidents)

    def reset(self, instruction: str, seed: int) -> None:
        """Nothing to forget: the step decides."""
        del instruction, seed

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """The recorded actions from this step on.

        Raises:
            PolicyError: at the end of the recording, if that is to stop the episode.
        """
        del instruction
        recorded, step = self._recording.actions, sensors.step
        self._compare(sensors)
        if step < len(recorded):
            return recorded[step : step + self._execute].copy()
        if self._at_end == "stop" and step > len(recorded):
            raise PolicyError(
                f"{self._recording.source} holds {len(recorded)} actions and step {step} wants "
                f"one more; --set limits.max_steps={len(recorded)} ends the episode there, "
                "--set policy.options.at_end=hold stands still from there"
            )
        count = self._execute if self._at_end == "hold" else 1
        still = np.zeros((count, ACTION_SIZE), np.float32)
        still[:, _KEPT] = recorded[-1, _KEPT]
        return still

    def _compare(self, sensors: Sensors) -> None:
        felt = self._recording.proprioception
        if felt is None or self._incidents or sensors.step >= len(felt):
            return
        apart = float(np.abs(sensors.proprioception.vector() - felt[sensors.step]).max())
        if apart > self._tolerance:
            text = (
                f"the robot is not where it was recorded at step {sensors.step}: off by {apart:.4f}"
            )
            self._incidents.append(Incident(kind="parted", text=text))
