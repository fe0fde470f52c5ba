"""What a driving robot does that gets nowhere: it backs off and passes by what it met.

Near a counter or an island the eyes do not see how the way goes on, and the base would push against
it for as long as the subtask lasts. What is felt tells that: wheels that are told to drive, and a
base that stays where it is. Backing off and trying another side is the usual recovery behaviour
of a navigation stack. And who drives does not let go of what is in the hand.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from ...envs.actions import BASE, GRIPPER, MODE, SWITCH
from .geometry import HELD_M, Floats, matrix

HARD = 0.5
"""A speed from which driving ought to move the base, as a share of full speed."""
PUSHED_STEPS, PUSHED_M = 16, 0.03
"""So long the base drives hard and comes no farther than this before it counts as held up."""
BACK_STEPS, BACK_SPEED = 12, 0.7
ASIDE_STEPS, ASIDE_SPEED = 18, 0.9
"""To the other side every time, and farther by as much again."""


class Recovery:
    """Watches one subtask's driving."""

    def __init__(self) -> None:
        self._places: deque[npt.NDArray[np.float64]] = deque(maxlen=PUSHED_STEPS)
        self._escape: deque[npt.NDArray[np.float64]] = deque()
        self._side, self._times = 0.0, 0

    def instead(self, felt: Floats, action: Floats, ahead: Floats) -> npt.NDArray[np.float32]:
        """What to do instead of an action; mostly that itself.

        Args:
            felt: (16,) proprioception.
            action: (12,) official action.
            ahead: (3,) where the way goes on, in the frame of the base [m]; NaN if unknown.

        Returns:
            (12,) float32.
        """
        action = np.array(action, np.float32)
        speed = np.asarray(action[BASE][:2], np.float64)
        if action[MODE] >= SWITCH or self._escape:
            action[GRIPPER] = felt[0] < HELD_M
        if not self._escape:
            if action[MODE] < SWITCH or np.linalg.norm(speed) < HARD:
                self._places.clear()
                return action
            self._places.append(np.asarray(felt[2:4], np.float64))
            if not self._held_up():
                return action
            self._plan(felt, speed, ahead)
        escape = np.zeros_like(action)
        escape[BASE][:2] = matrix(np.asarray(felt[5:9]))[:2, :2].T @ self._escape.popleft()
        escape[GRIPPER], escape[MODE] = action[GRIPPER], 1.0
        return escape

    def _held_up(self) -> bool:
        places = np.array(self._places)
        return len(places) == PUSHED_STEPS and bool(
            np.linalg.norm(places - places[0], axis=1).max() < PUSHED_M
        )

    def _plan(self, felt: Floats, speed: Floats, ahead: Floats) -> None:
        """Speeds of the steps to come, in the world's frame: what turns on the way stays."""
        self._places.clear()
        self._times += 1
        way = speed / np.linalg.norm(speed)
        left = np.array([-way[1], way[0]])
        if self._side:
            self._side = -self._side
        else:  # rather to the side to which the way goes on
            self._side = -1.0 if np.isfinite(ahead).all() and left @ ahead[:2] < 0 else 1.0
        turn = matrix(np.asarray(felt[5:9]))[:2, :2]
        back, aside = -BACK_SPEED * turn @ way, self._side * ASIDE_SPEED * turn @ left
        self._escape += [back] * BACK_STEPS + [aside] * (ASIDE_STEPS * self._times)
