"""A base that is held up gets round what holds it up; one that is not is left alone."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from leapcasa.envs.actions import GRIPPER, MODE
from leapcasa.policies.embedded.recovery import PRESSED_STEPS, PUSHED_STEPS, UP_STEPS, Recovery

BASE = slice(7, 9)
NOWHERE = np.full((3, 3), np.nan)
STEP_M = 0.037
"""Of the base at full speed, as RoboCasa's goes."""


def felt(x: float, y: float, yaw: float, opened: float = 0.003) -> np.ndarray:
    found = np.zeros(16)
    found[0], found[1], found[2:4] = opened, -opened, (x, y)
    found[5:9] = Rotation.from_euler("z", yaw).as_quat()
    found[12:16] = (0, 0, 0, 1)
    return found


def driving(forward: float, side: float = 0.0, closed: float = 1.0) -> np.ndarray:
    action = np.zeros(12, np.float32)
    action[BASE], action[GRIPPER], action[MODE] = (forward, side), closed, 1.0
    return action


def reaching(down: float) -> np.ndarray:
    action = np.zeros(12, np.float32)
    action[2] = -down
    return action


class Floor:
    """A floor with a square post on it, and a base that slides on neither of its sides."""

    def __init__(self, yaw: float, half: float) -> None:
        self.at, self._half = np.zeros(2), half
        self._yaw = yaw
        self._turn = Rotation.from_euler("z", yaw).as_matrix()[:2, :2]
        self._post = self._turn @ np.array([1.0, 0.0])

    def felt(self, opened: float = 0.003) -> np.ndarray:
        return felt(*self.at, self._yaw, opened)

    def move(self, action: np.ndarray) -> None:
        to = self.at + STEP_M * self._turn @ action[BASE]
        if np.abs(self._turn.T @ (to - self._post)).max() > self._half:
            self.at = to

    def ahead(self) -> float:
        return float((self._turn.T @ self.at)[0])


@pytest.mark.parametrize("yaw", [0.0, 2.1, -1.3])
@pytest.mark.parametrize("half", [0.2, 0.5])
def test_it_gets_round_a_post(yaw: float, half: float):
    floor, recovery = Floor(yaw, half), Recovery()
    plain = Floor(yaw, half)
    for _ in range(220):
        plain.move(driving(1.0))
        floor.move(recovery.instead(floor.felt(), driving(1.0), NOWHERE))
    assert plain.ahead() < 1.0 - half + STEP_M
    assert floor.ahead() > 1.0 + half


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_it_passes_first_where_the_way_goes_on(side: float):
    recovery, seen = Recovery(), []
    points = np.array([[0.3, -side, 0.7], [0.3, -side, 0.0], [0.3, side, -0.7]])
    for _ in range(PUSHED_STEPS + 20):
        seen.append(recovery.instead(felt(0, 0, 0.7), driving(1.0), points))
    ways = np.array(seen)[:, BASE]
    assert (ways[: PUSHED_STEPS - 1] == [1, 0]).all()
    back, aside = ways[PUSHED_STEPS], ways[-1]
    assert back[0] < -0.5
    assert abs(back[1]) < 1e-6
    assert np.sign(aside[1]) == side
    assert abs(aside[0]) < 1e-6


def test_what_gets_on_or_stands_or_moves_its_arm_is_left_alone():
    recovery = Recovery()
    for step in range(60):
        action = driving(0.9, 0.1)
        assert (recovery.instead(felt(0.01 * step, 0, 0), action, NOWHERE) == action).all()
    for action in (driving(0.2), reaching(0.2)):
        for _ in range(60):
            assert (recovery.instead(felt(0, 0, 0), action, NOWHERE) == action).all()
    for step in range(60):
        one = felt(0, 0, 0)
        one[11] = 0.5 - 0.001 * step
        assert (recovery.instead(one, reaching(1.0), NOWHERE) == reaching(1.0)).all()
    assert not recovery.anew


@pytest.mark.parametrize(("opened", "closed"), [(0.003, 1.0), (0.039, 0.0)])
def test_a_hand_that_presses_on_something_goes_up_and_holds_what_it_holds(
    opened: float, closed: float
):
    recovery, seen, up = Recovery(), [], []
    for _ in range(PRESSED_STEPS + UP_STEPS + 1):
        seen.append(recovery.instead(felt(0, 0, 0, opened), reaching(0.6), NOWHERE))
        up.append(recovery.anew)
    for step, made in enumerate(seen):
        rises = PRESSED_STEPS - 1 <= step < PRESSED_STEPS - 1 + UP_STEPS
        assert made[2] == pytest.approx(1.0 if rises else -0.6)
        assert made[GRIPPER] == (closed if rises else 0.0)
        assert not made[BASE].any()
        assert made[MODE] == 0
    assert np.flatnonzero(up).tolist() == list(
        range(PRESSED_STEPS - 1, PRESSED_STEPS + UP_STEPS - 2)
    )


def test_pauses_of_pushing_do_not_add_up():
    recovery = Recovery()
    for step in range(100):
        action = driving(1.0 if step % PUSHED_STEPS else 0.0)
        assert (recovery.instead(felt(0, 0, 0), action, NOWHERE) == action).all()


@pytest.mark.parametrize(("opened", "closed"), [(0.003, 1.0), (0.039, 0.0)])
def test_who_drives_holds_what_he_holds(opened: float, closed: float):
    recovery = Recovery()
    for said in (0.0, 1.0):
        for step in range(70):
            made = recovery.instead(felt(0, 0, 0, opened), driving(1.0, closed=said), NOWHERE)
            assert made[GRIPPER] == closed, step
    released = np.zeros(12, np.float32)  # the arm may let go
    assert Recovery().instead(felt(0, 0, 0, 0.003), released, NOWHERE)[GRIPPER] == 0.0


def test_the_other_side_comes_next_and_farther():
    recovery, sides = Recovery(), []
    for _ in range(200):
        made = recovery.instead(felt(0, 0, 0), driving(1.0), NOWHERE)
        sides.append(float(made[BASE][1]))
    runs = [len(list(g)) * np.sign(side) for side, g in itertools.groupby(sides) if side]
    assert runs[0] > 0 > runs[1]
    assert abs(runs[1]) == 2 * abs(runs[0])
