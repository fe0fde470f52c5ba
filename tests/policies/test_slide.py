"""A hand on its way to a rack stays before the base, and a rack is pushed on for a moment."""

import numpy as np
import pytest

from leapcasa.envs.actions import GRIPPER, MODE
from leapcasa.policies.embedded.slide import (
    ABOVE_M,
    AHEAD_M,
    DOWN,
    HELD_STEPS,
    OUTWARD,
    THROUGH_STEPS,
    Slide,
)

WIRE = np.array([0.52, 0.0, -0.15])
INTO = np.array([0.0, 0.45, -0.1])
LEFT = np.stack([WIRE, WIRE + INTO / 2, WIRE + INTO])
RIGHT = np.stack([WIRE, WIRE - INTO / 2, WIRE - INTO])
HIGH = WIRE[2] + ABOVE_M + 0.2
OPEN, SHUT = 0.04, 0.001


def felt(ahead: float, height: float, fingers: float = OPEN) -> np.ndarray:
    found = np.zeros(16)
    found[0], found[5:9], found[12:16] = fingers, (0, 0, 0, 1), (0, 0, 0, 1)
    found[9:12] = ahead, 0.0, height
    return found


def action(way: tuple[float, float, float], closed: bool = False) -> np.ndarray:
    made = np.zeros(12, np.float32)
    made[:3], made[GRIPPER] = way, float(closed)
    return made


DOWNWARD = action((0.2, -0.1, -0.9))


def test_a_hand_near_the_base_goes_ahead_before_it_goes_down():
    made = Slide().instead(felt(AHEAD_M - 0.05, HIGH), DOWNWARD, LEFT)
    assert made[:3] == pytest.approx([OUTWARD, -0.1, -DOWN])
    assert (made[3:] == DOWNWARD[3:]).all()
    faster = action((0.9, 0.0, 0.3))
    assert (Slide().instead(felt(AHEAD_M - 0.05, HIGH), faster, LEFT) == faster).all()


@pytest.mark.parametrize(
    ("ahead", "height", "fingers", "points"),
    [
        (AHEAD_M + 0.01, HIGH, OPEN, LEFT),  # far enough
        (AHEAD_M - 0.05, WIRE[2] + ABOVE_M - 0.01, OPEN, LEFT),  # down already
        (AHEAD_M - 0.05, HIGH, SHUT, LEFT),  # begins
        (AHEAD_M - 0.05, HIGH, OPEN, RIGHT),  # from there the arm is not folded
        (AHEAD_M - 0.05, HIGH, OPEN, np.full((3, 3), np.nan)),
    ],
)
def test_others_are_left_alone(ahead: float, height: float, fingers: float, points: np.ndarray):
    made = Slide().instead(felt(ahead, height, fingers), DOWNWARD, points)
    assert (made == DOWNWARD).all()


def test_who_drives_is_left_alone():
    drives = action((0.0, 0.0, 0.0))
    drives[MODE] = 1.0
    assert (Slide().instead(felt(0.1, HIGH), drives, LEFT) == drives).all()


def test_who_lets_go_of_what_was_moved_goes_on_for_a_moment():
    slide, push, still = Slide(), action((0.2, 0.97, 0.0), True), action((0.0, 0.1, 0.0), True)
    opens, low = action((0.0, -0.3, 0.2)), felt(0.5, WIRE[2], SHUT)
    for one in [push] * HELD_STEPS + [still] * 3:
        assert (slide.instead(low, one, LEFT) == one).all()
    for _ in range(THROUGH_STEPS):
        assert (slide.instead(low, opens, LEFT) == push).all()
    for _ in range(30):
        assert (slide.instead(low, opens, LEFT) == opens).all()


@pytest.mark.parametrize(
    "before",
    [
        [action((0.2, 0.97, 0.0), True)] * (HELD_STEPS - 1),  # for a moment only
        [action((0.1, 0.2, 0.0), True)] * 40,  # and did not push
    ],
)
def test_who_held_without_moving_anything_may_let_go(before: list[np.ndarray]):
    slide, opens = Slide(), action((0.0, -0.3, 0.2))
    for one in before:
        slide.instead(felt(0.5, WIRE[2], SHUT), one, LEFT)
    assert (slide.instead(felt(0.5, WIRE[2]), opens, LEFT) == opens).all()
