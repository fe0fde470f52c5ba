"""A hand that is stuck at a knob lets go and backs off; one that works is left alone."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from leapcasa.envs.actions import GRIPPER
from leapcasa.policies.embedded.recovery import PRESSED_STEPS
from leapcasa.policies.embedded.regrip import BACK_STEPS, HELD_STEPS, OPEN_STEPS, Regrip

NOWHERE = np.full((3, 3), np.nan)
LEAN = Rotation.from_euler("y", 2.2)
"""Of fingers that point ahead and down."""


def felt(place: tuple[float, float, float] = (0.4, 0.0, 0.3)) -> np.ndarray:
    found = np.zeros(16)
    found[5:9] = (0, 0, 0, 1)
    found[9:12], found[12:16] = place, LEAN.as_quat()
    return found


def action(closed: bool, ahead: float = 0.0) -> np.ndarray:
    made = np.zeros(12, np.float32)
    made[0], made[GRIPPER] = ahead, float(closed)
    return made


def backs(regrip: Regrip) -> list[np.ndarray]:
    """What is done until the hand is left alone again."""
    done = []
    while regrip.anew:
        done.append(regrip.instead(felt(), action(closed=True), NOWHERE))
    return done


def test_who_holds_for_longer_than_any_turn_lets_go_and_backs_off():
    regrip = Regrip()
    for _ in range(HELD_STEPS):
        assert regrip.instead(felt(), action(closed=True), NOWHERE)[GRIPPER] == 1.0
        assert not regrip.anew
    first = regrip.instead(felt(), action(closed=True), NOWHERE)
    done = [first, *backs(regrip)]
    assert len(done) == OPEN_STEPS + BACK_STEPS
    assert all(one[GRIPPER] == 0.0 for one in done)
    assert all(not one[:3].any() for one in done[:OPEN_STEPS])
    pointing = LEAN.apply([0.0, 0.0, 1.0])
    for one in done[OPEN_STEPS:]:
        assert one[:3] @ pointing == pytest.approx(-np.linalg.norm(one[:3]))
        assert np.linalg.norm(one[:3]) > 0.2
    again = regrip.instead(felt(), action(closed=True), NOWHERE)  # then it is left alone as before
    assert again[GRIPPER] == 1.0
    assert not regrip.anew


def test_open_fingers_that_press_and_come_nowhere_back_off():
    regrip = Regrip()
    for _ in range(PRESSED_STEPS - 1):
        regrip.instead(felt(), action(closed=False, ahead=0.8), NOWHERE)
        assert not regrip.anew
    regrip.instead(felt(), action(closed=False, ahead=0.8), NOWHERE)
    assert regrip.anew


@pytest.mark.parametrize("kind", ["moves", "waits", "turns"])
def test_a_hand_that_works_is_left_alone(kind: str):
    regrip = Regrip()
    for step in range(3 * HELD_STEPS):
        place = (0.4 - 0.002 * step, 0.0, 0.3) if kind == "moves" else (0.4, 0.0, 0.3)
        closed = kind == "turns" and step % HELD_STEPS > 0  # it opens between two turns
        wanted = action(closed=closed, ahead=0.8 if kind == "moves" else 0.0)
        assert regrip.instead(felt(place), wanted, NOWHERE) == pytest.approx(wanted)
        assert not regrip.anew
