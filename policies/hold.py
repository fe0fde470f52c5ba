"""The policy that does nothing: the lowest bar there is."""

import numpy as np

from ..envs.sensors import ACTION_SIZE, Sensors
from .base import Actions, PolicyInfo


class HoldPolicy:
    """Stands still with an open gripper.

    Args:
        horizon: actions per chunk.
    """

    def __init__(self, horizon: int = 16) -> None:
        if horizon < 1:
            raise ValueError(f"horizon must be at least 1, got {horizon!r}")
        self._chunk = np.zeros((horizon, ACTION_SIZE), np.float32)

    @property
    def info(self) -> PolicyInfo:
        """Looks at nothing."""
        return PolicyInfo(name="hold", privileged=False)

    def reset(self, instruction: str, seed: int) -> None:
        """Nothing to forget."""
        del instruction, seed

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(horizon, 12) float32 zeros."""
        del sensors, instruction
        return self._chunk
