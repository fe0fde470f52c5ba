"""Disturbances of what a demonstrator does, so that demonstrations show how to recover.

The action that is carried out is disturbed, the action that is recorded as right is not, and the
demonstrator sees where it ended up (DART, Laskey et al. 2017, arXiv:1703.09327).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...envs.actions import BASE, HAND, MODE, SWITCH

JITTER = 0.12
"""Standard deviation of what is added to every number of a hand or base command."""
PUSH_EVERY = 22.0
"""Mean number of steps between two pushes."""
PUSH_STEPS = (3, 9)
START_STEPS = (0, 16)
"""The first push of an episode, which spreads where the hand starts."""
SHOVE = (0.4, 1.0)
"""Length of a push on the hand's position, in units of the action."""
TWIST = 0.35
"""Largest push on the hand's rotation, in units of the action."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Disturbed:
    """One action and what was done to it."""

    action: npt.NDArray[np.float32]
    """(12,) float32 within [-1, 1]."""
    pushed: bool
    """True while a push lasts; jitter alone does not count."""


class Disturber:
    """Jitter at every step and now and then a push that lasts several.

    Args:
        level: share of the full disturbance, 0 for none.
        rng: the only source of randomness.
    """

    def __init__(self, level: float, rng: np.random.Generator) -> None:
        self._level, self._rng = level, rng
        self._push = np.zeros(6)
        self._left = 0
        if level > 0:
            self._begin(START_STEPS)

    def apply(self, action: npt.NDArray[np.float32]) -> Disturbed:
        """The action as it will be carried out; gripper and control mode stay as they are."""
        if self._level <= 0:
            return Disturbed(action=action, pushed=False)
        if self._left == 0 and self._rng.random() < 1.0 / PUSH_EVERY:
            self._begin(PUSH_STEPS)
        pushed, self._left = self._left > 0, max(0, self._left - 1)
        change = self._level * JITTER * self._rng.standard_normal(6)
        change += self._level * self._push if pushed else 0.0
        out = action.copy()
        if action[MODE] >= SWITCH:
            out[BASE] += 0.6 * change[:3].astype(np.float32)
        else:
            out[HAND] += change.astype(np.float32)
        return Disturbed(action=np.clip(out, -1.0, 1.0), pushed=pushed)

    def _begin(self, steps: tuple[int, int]) -> None:
        self._left = int(self._rng.integers(*steps))
        self._push = np.concatenate(
            [
                _direction(self._rng) * self._rng.uniform(*SHOVE),
                _direction(self._rng) * self._rng.uniform(0.0, TWIST),
            ]
        )


def _direction(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    vector = rng.standard_normal(3)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
