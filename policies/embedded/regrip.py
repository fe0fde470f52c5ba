"""What a hand does that is stuck at a knob: it lets go, backs off and looks anew.

With closed fingers beside a knob nothing moves any more, and with open ones against the stove the
hand presses on: nothing that is felt tells the network that it missed. After a way back it begins
the next turn, as after any.
"""

import numpy as np
import numpy.typing as npt

from .geometry import GRIPPER, SWITCH, Floats, matrix, still
from .recovery import FIRM, PRESSED_M, PRESSED_STEPS, Watch

HELD_STEPS = 90
"""Closing included; the longest that the experts' demonstrations show is 87."""
OPEN_STEPS, BACK_STEPS, BACK_SPEED = 4, 14, 0.5
"""How long the fingers open, then the hand goes back from where they point, and how fast."""


class Regrip:
    """Watches one subtask that turns something."""

    def __init__(self) -> None:
        self._held = self._left = 0
        self._hand = Watch(PRESSED_STEPS, PRESSED_M)

    @property
    def anew(self) -> bool:
        """True while the hand goes back; what was seen before misled it."""
        return self._left > 0

    def instead(self, felt: Floats, action: Floats, points: Floats) -> npt.NDArray[np.float32]:
        """As `Watcher`; it goes by what is felt alone."""
        del points
        if not self._left and self._stuck(felt, action):
            self._left = OPEN_STEPS + BACK_STEPS
        if not self._left:
            return np.asarray(action, np.float32)
        made = still(felt)
        made[GRIPPER] = 0.0
        if self._left <= BACK_STEPS:
            made[:3] = -BACK_SPEED * matrix(np.asarray(felt[12:16], np.float64))[:, 2]
        self._left -= 1
        return made

    def _stuck(self, felt: Floats, action: Floats) -> bool:
        """True if it has held for too long, or presses with open fingers and comes nowhere."""
        holds = bool(action[GRIPPER] >= SWITCH)
        self._held = self._held + 1 if holds else 0
        presses = not holds and float(np.linalg.norm(action[:3])) >= FIRM
        pressed = self._hand.held_up(felt[9:12], tries=presses)
        if self._held > HELD_STEPS:
            self._held = 0
            return True
        return pressed
