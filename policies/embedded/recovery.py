"""What a robot does that gets nowhere: it backs off and tries another way.

Near a counter or an island the eyes do not see how the way goes on, and the base would push
against it for as long as the subtask lasts; a hand that came down beside a rim would press on what
is there. What is felt tells that: a base or a hand that is told to move, and stays where it is.
Backing off and trying another side is the usual recovery behaviour of a navigation stack; a hand
goes up, so that the eyes see again what it hid. And who drives does not let go of what he holds.
"""

from collections import deque

import numpy as np
import numpy.typing as npt

from .geometry import BASE, GRIPPER, MODE, SWITCH, Floats, matrix, still

HARD = 0.5
"""A speed from which driving ought to move the base, as a share of full speed."""
PUSHED_STEPS, PUSHED_M = 16, 0.03
"""So long the base drives hard and comes no farther than this before it counts as held up."""
BACK_STEPS, BACK_SPEED = 12, 0.7
ASIDE_STEPS, ASIDE_SPEED = 18, 0.9
"""To the other side every time, and farther by as much again."""
FIRM = 0.3
"""The same of the hand: a share of the longest step that an action asks for."""
PRESSED_STEPS, PRESSED_M = 32, 0.01
UP_STEPS = 10


class Recovery:
    """Watches one subtask in which something is driven to or carried."""

    def __init__(self) -> None:
        self._base, self._hand = Watch(PUSHED_STEPS, PUSHED_M), Watch(PRESSED_STEPS, PRESSED_M)
        self._escape: deque[npt.NDArray[np.float64]] = deque()
        self._up = 0
        self._side, self._times = 0.0, 0

    @property
    def anew(self) -> bool:
        """True while the hand goes up; what was seen before misled it."""
        return self._up > 0

    def instead(self, felt: Floats, action: Floats, points: Floats) -> npt.NDArray[np.float32]:
        """As `Watcher`; the last of the points tells to which side the way goes on."""
        felt, made = np.asarray(felt, np.float64), still(felt)
        if not self._escape and not self._up:
            self._watch(felt, action, points[-1])
        if self._escape:
            made[BASE], made[MODE] = matrix(felt[5:9])[:2, :2].T @ self._escape.popleft(), 1.0
        elif self._up:
            self._up -= 1
            made[2] = 1.0
        else:
            holds, made = made[GRIPPER], np.array(action, np.float32)
            if made[MODE] >= SWITCH:
                made[GRIPPER] = holds
        return made

    def _watch(self, felt: Floats, action: Floats, ahead: Floats) -> None:
        """Begin to back off from what holds the base or the hand up."""
        drives, speed = action[MODE] >= SWITCH, np.asarray(action[BASE], np.float64)
        pushes = drives and float(np.linalg.norm(speed)) >= HARD
        presses = not drives and float(np.linalg.norm(action[:3])) >= FIRM
        if self._base.held_up(felt[2:4], tries=pushes):
            self._plan(felt, speed, ahead)
        if self._hand.held_up(felt[9:12], tries=presses):
            self._up = UP_STEPS

    def _plan(self, felt: Floats, speed: Floats, ahead: Floats) -> None:
        """Speeds of the steps to come, in the world's frame: what turns on the way stays."""
        self._times += 1
        way = speed / np.linalg.norm(speed)
        left = np.array([-way[1], way[0]])
        if self._side:
            self._side = -self._side
        else:  # rather to the side to which the way goes on
            self._side = -1.0 if np.isfinite(ahead).all() and left @ ahead[:2] < 0 else 1.0
        turn = matrix(felt[5:9])[:2, :2]
        back, aside = -BACK_SPEED * turn @ way, self._side * ASIDE_SPEED * turn @ left
        self._escape += [back] * BACK_STEPS + [aside] * (ASIDE_STEPS * self._times)


class Watch:
    """Where something was in the last steps, all of which it tried to move in.

    Args:
        steps: so many.
        within: how far it has to come [m].
    """

    def __init__(self, steps: int, within: float) -> None:
        self._places: deque[npt.NDArray[np.float64]] = deque(maxlen=steps)
        self._within = within

    def held_up(self, place: Floats, *, tries: bool) -> bool:
        """True if it has come nowhere; then the watch begins anew."""
        if not tries:
            self._places.clear()
            return False
        self._places.append(np.array(place, np.float64))
        if len(self._places) < (self._places.maxlen or 0):
            return False
        away = np.linalg.norm(np.array(self._places) - self._places[0], axis=1)
        held = bool(away.max() < self._within)
        if held:
            self._places.clear()
        return held
