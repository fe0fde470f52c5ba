"""What keeps a hand from folding its arm on its way to a rack, and lets go of a rack not too soon.

Beside an open dishwasher the hand comes down near the base. Where the fixture is on the left the
arm is folded to the limit of its elbow then, and a few centimetres nearer to the base the elbow
falls to the side, from where the hand does not get down any more. The demonstrations pass close by.

And as a rack nears its end the mean of pushing on and having done opens the fingers a step early.
"""

import numpy as np
import numpy.typing as npt

from .geometry import GRIPPER, HELD_M, MODE, SWITCH, Floats

AHEAD_M, ABOVE_M = 0.34, 0.12
"""So far before the base a hand stays that is higher than this above the wire that it will take."""
OUTWARD, DOWN = 0.8, 0.1
"""How fast a hand that is nearer goes ahead, and at most down meanwhile, as shares of the longest
step that an action asks for."""
HELD_STEPS = 10
"""Who held for so long has moved a rack."""
HARD, THROUGH_STEPS = 0.5, 8
"""How it pushes or draws while it does, and for how much longer than it is told."""


class Slide:
    """Watches one subtask that slides a rack in or out."""

    def __init__(self) -> None:
        self._held = self._left = 0
        self._last: npt.NDArray[np.float32] | None = None

    @property
    def anew(self) -> bool:
        """Never: it was not misled by what it saw."""
        return False

    def instead(self, felt: Floats, action: Floats, points: Floats) -> npt.NDArray[np.float32]:
        """As `Watcher`; the first of the points is the wire, the last the fixture."""
        made = np.array(action, np.float32)
        if self._left or self._lets_go(made):
            self._left -= 1
            assert self._last is not None
            return self._last.copy()
        if self._folds(felt, made, points):
            made[0] = max(made[0], OUTWARD)
            made[2] = max(made[2], -DOWN)
        return made

    def _lets_go(self, action: npt.NDArray[np.float32]) -> bool:
        """True as the fingers open that have moved the rack; then it goes on for a moment."""
        if action[GRIPPER] >= SWITCH:
            self._held += 1
            if action[MODE] < SWITCH and np.linalg.norm(action[:3]) >= HARD:
                self._last = action.copy()
            return False
        moved = self._held >= HELD_STEPS and self._last is not None
        self._held = 0
        if moved and action[MODE] < SWITCH:
            self._left = THROUGH_STEPS
            return True
        self._last = None
        return False

    @staticmethod
    def _folds(felt: Floats, action: Floats, points: Floats) -> bool:
        """True if open fingers are about to come down too near to the base."""
        reaches = action[MODE] < SWITCH and action[GRIPPER] < SWITCH and felt[0] >= HELD_M
        if not reaches or not np.isfinite(points).all():
            return False
        wire, fixture = points[0], points[-1]
        near, high = felt[9] < AHEAD_M, felt[11] > wire[2] + ABOVE_M
        return bool(fixture[1] > wire[1] and near and high)
