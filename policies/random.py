"""The policy that moves at random: what anything that learns has to beat."""

import numpy as np

from ..envs.sensors import ACTION_SIZE, Sensors
from .base import Actions, PolicyInfo

_SWITCHES = (6, 11)
"""Gripper and control mode: on or off for a whole chunk."""


class RandomPolicy:
    """Smooth random motion.

    Each number follows x[t+1] = a x[t] + sqrt(1 - a^2) n[t] with standard normal n, so that it has
    mean 0 and standard deviation `scale` and keeps its direction for about 1 / (1 - a) steps; a is
    `smoothness`. Gripper and control mode are drawn once per chunk, the base drives in one chunk
    of five.

    Args:
        horizon: actions per chunk.
        scale: standard deviation of an action number.
        smoothness: 0 for white noise, towards 1 for slow motion.
    """

    def __init__(self, horizon: int = 16, scale: float = 0.4, smoothness: float = 0.9) -> None:
        if horizon < 1:
            raise ValueError(f"horizon must be at least 1, got {horizon!r}")
        if not 0 <= smoothness < 1:
            raise ValueError(f"smoothness must lie in 0 .. 1, got {smoothness!r}")
        self._horizon, self._scale, self._smoothness = horizon, scale, smoothness
        self.reset("", 0)

    @property
    def info(self) -> PolicyInfo:
        """Looks at nothing."""
        return PolicyInfo(name="random", privileged=False)

    def reset(self, instruction: str, seed: int) -> None:
        """Start over from the seed."""
        del instruction
        self._rng = np.random.default_rng(seed)
        self._state = self._rng.normal(size=ACTION_SIZE)

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(horizon, 12) float32 in [-1, 1]."""
        del sensors, instruction
        keep, kick = self._smoothness, np.sqrt(1 - self._smoothness**2)
        chunk = np.empty((self._horizon, ACTION_SIZE))
        for row in chunk:
            self._state = keep * self._state + kick * self._rng.normal(size=ACTION_SIZE)
            row[:] = self._state
        chunk *= self._scale
        chunk[:, _SWITCHES] = self._rng.random(2) < (0.5, 0.2)
        return np.clip(chunk, -1, 1).astype(np.float32)
