"""What a hand does that comes to a spout again and again and does not take it: it closes.

The network learned from corrections to back off and come anew from wherever a learner stood. A hand
that a spout a little higher than it seems keeps from the last centimetre backs off as well, mostly
once, but sometimes for as long as the subtask lasts, the spout between its open fingers each time.
"""

import numpy as np
import numpy.typing as npt

from .geometry import GRIPPER, HELD_M, SWITCH, Floats, still
from .recovery import FIRM

NEAR_M, AWAY_M = 0.03, 0.06
"""A visit begins within the one of where the spout's end is believed to be, about as much as there
is between open fingers, and has ended beyond the other."""
VISITS = 3
"""At its end the hand closes. Who is left alone often takes the spout at the second one, and holds
it better (docs/embedded_policy.md)."""
WAIT_STEPS = 12
"""Who stays for so long has come to the end of a visit as well; closing takes less."""
CLOSE_STEPS = 8


class Clasp:
    """Watches one subtask that takes a spout and leads it about."""

    def __init__(self) -> None:
        self._visits = self._near = self._closing = 0
        self._ended = False

    @property
    def anew(self) -> bool:
        """Never: nothing that was seen misled it by much."""
        return False

    def instead(self, felt: Floats, action: Floats, points: Floats) -> npt.NDArray[np.float32]:
        """As `Watcher`; the first of the points is the spout's end."""
        if not self._closing and self._leaves(felt, action, points[0]) and self._visits >= VISITS:
            self._closing = CLOSE_STEPS
        if not self._closing:
            return np.asarray(action, np.float32)
        self._closing -= 1
        made = still(felt)
        made[GRIPPER] = 1.0
        return made

    def _leaves(self, felt: Floats, action: Floats, spot: Floats) -> bool:
        """True at the end of a visit with open fingers, once for each."""
        if action[GRIPPER] >= SWITCH:
            self._visits = self._near = 0
            return False
        away = np.asarray(spot, np.float64) - felt[9:12]
        far = float(np.linalg.norm(away))
        if far > AWAY_M:
            self._near, self._ended = 0, False
        if not far < NEAR_M or felt[0] < HELD_M or self._ended:
            return False
        self._near += 1
        turns = float(np.linalg.norm(action[:3])) >= FIRM and float(action[:3] @ away) < 0
        self._ended = turns or self._near >= WAIT_STEPS
        self._visits += self._ended
        return self._ended
